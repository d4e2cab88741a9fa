/* Settings: defaults, files, --set, problems all at once, secrets, and the shipped reference file.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "config/config.h"
#include "config/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Needs those above. */
#include <cmocka.h>

#define FILE_NAME "settings.test.yaml"

struct fixture {
    struct config *config;
    struct problems problems;
};

static int set_up(void **state)
{
    struct fixture *fixture = memory_get(sizeof(*fixture));
    *fixture = (struct fixture){.config = config_new()};
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    config_free(fixture->config);
    problems_release(&fixture->problems);
    unlink(FILE_NAME);
    unlink("secret.test");
    free(fixture);
    return 0;
}

static void file_write(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void read_text(struct fixture *fixture, const char *text)
{
    file_write(FILE_NAME, text, 0600);
    config_read_file(fixture->config, FILE_NAME, &fixture->problems);
}

static void assert_problems(struct fixture *fixture, const char *expected)
{
    struct buffer *text = &fixture->problems.text;
    buffer_append(text, bytes_of("", 1));
    assert_string_equal((const char *)text->data, expected);
    buffer_clear(text);
    fixture->problems.count = 0;
}

static void the_defaults_are_those_of_the_contract(void **state)
{
    const struct config *config = ((struct fixture *)*state)->config;
    assert_string_equal(config->application, "sanctiond");
    assert_string_equal(config->worker_slot, "0");
    assert_int_equal(config->threads, 2);
    assert_string_equal(config->share_dir, SOURCE_DIR);
    assert_int_equal(config->topologies.count, 2);
    assert_string_equal(config->topologies.items[1], "topologies/notices.yaml");
    assert_string_equal(config->state_dir, "/var/lib/sanctiond");
    assert_string_equal(config->topics_prefix, "sanctions.");
    assert_int_equal(config->topics_partitions, 4);
    assert_int_equal(config->topics_replication, 0);
    assert_int_equal(config->input_timestamps, INPUT_TIMESTAMPS_CREATE);
    assert_int_equal(config->policy_files.count, 1);
    assert_string_equal(config->policy_files.items[0], "config/policies/default.yaml");
    assert_string_equal(config->policy_id, "default");
    assert_string_equal(config->notices_dir, "config/notices");
    assert_int_equal(config->writer_schemas.count, 0);
    assert_int_equal(config->commit_interval_ms, 100);
    assert_int_equal(config->commit_records_max, 10000);
    assert_int_equal(config->commit_bytes_max, 16 * 1024 * 1024);
    assert_int_equal(config->memory_bytes, 256 * 1024 * 1024);
    assert_int_equal(config->checkpoint_interval_ms, 10000);
    assert_int_equal(config->time_max_ahead_ms, 3600000);
    assert_int_equal(config->tick_interval_ms, 1000);
    assert_int_equal(config->record_bytes_max, 1024 * 1024);
    assert_false(config->dead_letter_payload);
    assert_false(config->log_sync);
    assert_false(config->audit_seed_set);
    assert_string_equal(config->audit_key_file, "");
    assert_int_equal(config->kafka_count, 0);
}

static void the_defaults_fit_together(void **state)
{
    struct fixture *fixture = *state;
    config_check(fixture->config, &fixture->problems);
    assert_int_equal(fixture->problems.count, 0);
}

static void the_shipped_file_is_the_printed_defaults(void **state)
{
    struct fixture *fixture = *state;
    struct buffer printed = {0};
    struct buffer shipped = {0};
    config_print(fixture->config, true, &printed);
    assert_true(
        file_read(SOURCE_DIR "/config/sanctiond.yaml", 1 << 20, &shipped, &fixture->problems));
    buffer_append(&printed, bytes_of("", 1));
    buffer_append(&shipped, bytes_of("", 1));
    assert_string_equal((const char *)shipped.data, (const char *)printed.data);
    config_read_file(fixture->config, SOURCE_DIR "/config/sanctiond.yaml", &fixture->problems);
    assert_int_equal(fixture->problems.count, 0);
    buffer_release(&printed);
    buffer_release(&shipped);
}

static void nested_and_dotted_names_mean_the_same(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture, "topics: {prefix: a., partitions: 8}\ncommit.interval: 50ms\n"
                       "commit:\n  records_max: 7\npolicy.files: [a.yaml, b.yaml]\n"
                       "topologies: x.yaml,y.yaml\nembedded.sync: true\n"
                       "topics.input_timestamps: append\n");
    assert_problems(fixture, "");
    assert_string_equal(fixture->config->topics_prefix, "a.");
    assert_int_equal(fixture->config->topics_partitions, 8);
    assert_int_equal(fixture->config->commit_interval_ms, 50);
    assert_int_equal(fixture->config->commit_records_max, 7);
    assert_int_equal(fixture->config->policy_files.count, 2);
    assert_string_equal(fixture->config->policy_files.items[1], "b.yaml");
    assert_string_equal(fixture->config->topologies.items[0], "x.yaml");
    assert_true(fixture->config->log_sync);
    assert_int_equal(fixture->config->input_timestamps, INPUT_TIMESTAMPS_APPEND);
}

static void all_problems_of_a_file_are_listed_with_their_lines(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture, "threads: 0\n"
                       "comit.interval: 1s\n"
                       "commit:\n"
                       "  interval: 100\n"
                       "  bytes_max: 1MB\n"
                       "  records_max: [1s]\n"
                       "memory.max: 8MiB\n"
                       "embedded.sync: yes\n"
                       "topics.input_timestamps: now\n"
                       "state.dir:\n"
                       "application: a b\n"
                       "topics:\n"
                       "  colour: red\n"
                       "audit.seed: abc\n"
                       "time.tick_interval: 2h\n"
                       "topologies: []\n"
                       "policy.files: a,,b\n"
                       "commit.interval: 1s\n"
                       "threads.extra: 1\n"
                       "records: 1\n");
    assert_problems(
        fixture, FILE_NAME
        ":1: 'threads' is 0, it must be from 1 to 256\n" FILE_NAME
        ":2: setting 'comit.interval' is not known, did you mean 'commit.interval'\n" FILE_NAME
        ":4: 'commit.interval' wants a duration with its unit (ms, s, m, h, d) such as "
        "100ms, found '100'\n" FILE_NAME
        ":5: 'commit.bytes_max' wants a size such as 16MiB (KiB, MiB, GiB or plain "
        "bytes), found '1MB'\n" FILE_NAME
        ":6: 'commit.records_max' wants one value, found a list\n" FILE_NAME
        ":7: 'memory.max' is 8MiB, it must be from 16MiB to 1024GiB\n" FILE_NAME
        ":8: 'embedded.sync' wants true or false, found 'yes'\n" FILE_NAME
        ":9: 'topics.input_timestamps' wants create or append, found 'now'\n" FILE_NAME
        ":10: 'state.dir' has no value, write \"\" for an empty one\n" FILE_NAME
        ":11: 'application' wants letters, digits, '.', '_' and '-' only, found 'a b'\n" FILE_NAME
        ":13: setting 'topics.colour' is not known\n" FILE_NAME
        ":14: 'audit.seed' wants 64 hex digits\n" FILE_NAME
        ":15: 'time.tick_interval' is 2h, it must be from 0s to 1h\n" FILE_NAME
        ":16: 'topologies' has 0 items, it must have from 1 to 16\n" FILE_NAME
        ":17: 'policy.files' wants paths with a comma between, found 'a,,b'\n" FILE_NAME
        ":18: 'commit.interval' is set a second time, the first is in line 4\n" FILE_NAME
        ":19: setting 'threads.extra' is not known\n" FILE_NAME
        ":20: setting 'records' is not known\n");
}

static void a_bad_file_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture, "threads: 8\nkafka: {client.id: x}\npolicy.files: []\nthread: 1\n");
    assert_int_equal(fixture->problems.count, 1);
    assert_int_equal(fixture->config->threads, 2);
    assert_int_equal(fixture->config->kafka_count, 0);
    assert_int_equal(fixture->config->policy_files.count, 1);
}

static void a_duplicate_key_is_listed_with_other_problems(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture, "threads: 1\nthreads: 2\n");
    assert_problems(fixture, FILE_NAME
                    ":2: key 'threads' stands a second time, the first is in line 1\n" FILE_NAME
                    ":2: 'threads' is set a second time, the first is in line 1\n");
}

static void a_missing_file_is_one_problem(void **state)
{
    struct fixture *fixture = *state;
    config_read_file(fixture->config, "/nowhere/x.yaml", &fixture->problems);
    assert_problems(fixture, "/nowhere/x.yaml: cannot be opened: No such file or directory\n");
}

static void assignments_override_one_setting(void **state)
{
    struct fixture *fixture = *state;
    static const char *const assignments[] = {
        "threads=3",
        "policy.files=/a.yaml,/b.yaml",
        "topics.prefix=",
        "commit.interval=1s",
        "kafka.bootstrap.servers=127.0.0.1:19092",
        "kafka.bootstrap.servers=127.0.0.1:19093",
        "audit.seed=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "schemas.writers=",
        "time.tick_interval=0",
        "state.dir=/a=b",
    };
    for (size_t i = 0; i < COUNT_OF(assignments); i++) {
        config_set(fixture->config, assignments[i], &fixture->problems);
    }
    assert_problems(fixture, "");
    assert_int_equal(fixture->config->threads, 3);
    assert_int_equal(fixture->config->policy_files.count, 2);
    assert_string_equal(fixture->config->policy_files.items[0], "/a.yaml");
    assert_string_equal(fixture->config->topics_prefix, "");
    assert_string_equal(config_kafka(fixture->config, "bootstrap.servers"), "127.0.0.1:19093");
    assert_int_equal(fixture->config->kafka_count, 1);
    assert_true(fixture->config->audit_seed_set);
    assert_int_equal(fixture->config->audit_seed[31], 0x1f);
    assert_int_equal(fixture->config->tick_interval_ms, 0);
    assert_string_equal(fixture->config->state_dir, "/a=b");
}

static void bad_assignments_are_all_listed(void **state)
{
    struct fixture *fixture = *state;
    config_set(fixture->config, "threads", &fixture->problems);
    config_set(fixture->config, "=1", &fixture->problems);
    config_set(fixture->config, "thread=1", &fixture->problems);
    config_set(fixture->config, "threads=1.5", &fixture->problems);
    config_set(fixture->config, "kafka.sasl.password=x", &fixture->problems);
    config_set(fixture->config, "kafka.group.id=x", &fixture->problems);
    config_set(fixture->config, "kafka.=x", &fixture->problems);
    assert_problems(fixture,
                    "--set: 'threads' is no KEY=VALUE\n"
                    "--set: '=1' is no KEY=VALUE\n"
                    "--set: setting 'thread' is not known, did you mean 'threads'\n"
                    "--set: 'threads' wants a whole number, found '1.5'\n"
                    "--set: 'kafka.sasl.password' is a secret and may not stand here, give "
                    "'kafka.sasl.password.file' with the path of a file that holds it\n"
                    "--set: 'kafka.group.id' is set by sanctiond itself, remove it\n"
                    "--set: 'kafka.' is no name of a librdkafka property\n");
}

/* A relative path on the command line means the working directory if such a file is there. */
static void a_path_on_the_command_line_is_found_where_it_was_typed(void **state)
{
    struct fixture *fixture = *state;
    file_write(FILE_NAME, "x", 0600);
    config_set(fixture->config, "policy.files=" FILE_NAME ",config/policies/default.yaml",
               &fixture->problems);
    assert_problems(fixture, "");
    const char *path = fixture->config->policy_files.items[0];
    assert_int_equal(path[0], '/');
    assert_int_equal(access(path, R_OK), 0);
    char *shared = config_path(fixture->config, "config/policies/default.yaml");
    assert_string_equal(shared, SOURCE_DIR "/config/policies/default.yaml");
    char *same = config_path(fixture->config, path);
    assert_string_equal(same, path);
    free(shared);
    free(same);
}

static void kafka_properties_are_passed_through(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture, "kafka:\n  bootstrap: {servers: [a:1, b:2]}\n  security.protocol: SASL_SSL\n"
                       "kafka.ssl.ca.location: /etc/ca.pem\n");
    assert_problems(fixture, "");
    assert_string_equal(config_kafka(fixture->config, "bootstrap.servers"), "a:1,b:2");
    assert_string_equal(config_kafka(fixture->config, "security.protocol"), "SASL_SSL");
    assert_string_equal(config_kafka(fixture->config, "ssl.ca.location"), "/etc/ca.pem");
    assert_null(config_kafka(fixture->config, "acks"));
}

static void a_secret_is_read_from_a_private_file_and_never_printed(void **state)
{
    struct fixture *fixture = *state;
    struct buffer printed = {0};
    file_write("secret.test", "pa ss: phrase\r\n", 0640);
    read_text(fixture,
              "kafka:\n  sasl.password.file: secret.test\n"
              "audit.seed: 1111111111111111111111111111111111111111111111111111111111111111\n");
    assert_problems(fixture, "");
    assert_string_equal(config_kafka(fixture->config, "sasl.password"), "pa ss: phrase");
    assert_null(config_kafka(fixture->config, "sasl.password.file"));
    config_print(fixture->config, false, &printed);
    buffer_append(&printed, bytes_of("", 1));
    assert_null(strstr((const char *)printed.data, "phrase"));
    assert_null(strstr((const char *)printed.data, "1111"));
    assert_non_null(strstr((const char *)printed.data, "  # sasl.password: ***"));
    assert_non_null(strstr((const char *)printed.data, "  seed: \"***\"\n"));
    buffer_release(&printed);
}

static void a_secret_that_others_could_read_is_refused(void **state)
{
    struct fixture *fixture = *state;
    file_write("secret.test", "x", 0644);
    read_text(fixture, "kafka:\n  sasl.password.file: secret.test\n  ssl.key.password: hunter2\n"
                       "  ssl.keystore.password.file: /nowhere/x\n  ssl.key.pem.file: /tmp\n"
                       "  sasl.oauthbearer.client.secret: s\n");
    assert_problems(
        fixture, FILE_NAME
        ":2: 'kafka.sasl.password.file': 'secret.test' is open to everybody, do chmod "
        "o-rw\n" FILE_NAME ":3: 'kafka.ssl.key.password' is a secret and may not stand here, give "
        "'kafka.ssl.key.password.file' with the path of a file that holds it\n" FILE_NAME
        ":4: 'kafka.ssl.keystore.password.file': '/nowhere/x': No such file or "
        "directory\n" FILE_NAME
        ":5: 'kafka.ssl.key.pem.file': '/tmp' is no regular file\n" FILE_NAME
        ":6: 'kafka.sasl.oauthbearer.client.secret' is a secret and may not stand here, "
        "give 'kafka.sasl.oauthbearer.client.secret.file' with the path of a file that "
        "holds it\n");
    file_write("secret.test", "\n", 0600);
    read_text(fixture, "kafka.sasl.password.file: secret.test\n");
    assert_int_equal(fixture->problems.count, 1);
}

static void what_is_printed_is_read_back_the_same(void **state)
{
    struct fixture *fixture = *state;
    struct buffer first = {0};
    struct buffer second = {0};
    read_text(fixture,
              "application: x\nshare.dir: /usr/share/s d\nstate.dir: '/a: b'\n"
              "topologies: [a.yaml, '/b c.yaml']\naudit.key_file: /k\ncommit.interval: 1500ms\n"
              "commit.bytes_max: 70000\ntopics.input_timestamps: append\n"
              "kafka: {bootstrap.servers: 'a:1,b:2', client.id: \"q\\\"q\"}\n");
    assert_problems(fixture, "");
    config_print(fixture->config, true, &first);
    buffer_append(&first, bytes_of("", 1));
    config_free(fixture->config);
    fixture->config = config_new();
    read_text(fixture, (const char *)first.data);
    assert_problems(fixture, "");
    config_print(fixture->config, true, &second);
    buffer_append(&second, bytes_of("", 1));
    assert_string_equal((const char *)second.data, (const char *)first.data);
    assert_string_equal(fixture->config->state_dir, "/a: b");
    assert_int_equal(fixture->config->commit_bytes_max, 70000);
    assert_string_equal(config_kafka(fixture->config, "client.id"), "q\"q");
    buffer_release(&first);
    buffer_release(&second);
}

static void settings_that_do_not_fit_together_are_listed(void **state)
{
    struct fixture *fixture = *state;
    read_text(fixture,
              "commit: {interval: 10s, bytes_max: 32MiB}\nmemory.max: 16MiB\n"
              "records.bytes_max: 64MiB\ncheckpoint.interval: 1s\ntopologies: [a, b, a]\n");
    assert_problems(fixture, "");
    config_check(fixture->config, &fixture->problems);
    assert_problems(
        fixture, "configuration: 'commit.bytes_max' must not be above 'memory.max'\n"
                 "configuration: 'records.bytes_max' must not be above 'commit.bytes_max'\n"
                 "configuration: 'checkpoint.interval' must not be shorter than 'commit.interval'\n"
                 "configuration: 'topologies' names 'a' twice\n");
}

/* Printing opens a group once; a row out of place would open it twice. */
static void rows_of_a_group_stand_together_and_say_what_they_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < setting_count; i++) {
        const char *sentence = settings[i].sentence;
        assert_int_equal(sentence[strlen(sentence) - 1], '.');
        assert_ptr_equal(setting_find(settings[i].name), &settings[i]);
        const size_t size = strcspn(settings[i].name, ".");
        for (size_t j = i + 2; j < setting_count; j++) {
            const bool same = strcspn(settings[j].name, ".") == size &&
                              strncmp(settings[i].name, settings[j].name, size) == 0;
            const bool joined = strncmp(settings[i].name, settings[j - 1].name, size) == 0;
            assert_true(IMPLIES(same, joined));
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_defaults_are_those_of_the_contract),
        TEST(the_defaults_fit_together),
        TEST(the_shipped_file_is_the_printed_defaults),
        TEST(nested_and_dotted_names_mean_the_same),
        TEST(all_problems_of_a_file_are_listed_with_their_lines),
        TEST(a_bad_file_changes_nothing),
        TEST(a_duplicate_key_is_listed_with_other_problems),
        TEST(a_missing_file_is_one_problem),
        TEST(assignments_override_one_setting),
        TEST(bad_assignments_are_all_listed),
        TEST(a_path_on_the_command_line_is_found_where_it_was_typed),
        TEST(kafka_properties_are_passed_through),
        TEST(a_secret_is_read_from_a_private_file_and_never_printed),
        TEST(a_secret_that_others_could_read_is_refused),
        TEST(what_is_printed_is_read_back_the_same),
        TEST(settings_that_do_not_fit_together_are_listed),
        TEST(rows_of_a_group_stand_together_and_say_what_they_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
