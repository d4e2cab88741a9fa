/* Timers made in one pass over a store: all that belong to its rows, none besides, however often it is cut.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"
#include "engine/member.h"
#include "engine/restore_timers.h"
#include "engine/task_open.h"
#include "reports.h"

#include <unistd.h>

enum { SUBJECTS = 60, PIECE = 7 };

static void must(enum status status, const struct error *error)
{
    if (status != STATUS_OK) {
        print_message("%s\n", error->text);
    }
    assert_int_equal(status, STATUS_OK);
}

static struct engine_options options_of(struct bench *bench)
{
    return (struct engine_options){.config = bench->config,
                                   .cluster = bench->cluster,
                                   .codec = bench->codec,
                                   .catalogue = bench->catalogue,
                                   .topologies = bench->topologies,
                                   .topology_count = 1,
                                   .keys = bench->keys,
                                   .causal = true,
                                   .drain = true,
                                   .stop = &bench->stop};
}

static struct task *restored(struct member *member)
{
    struct task *task = NULL;
    restores_limit(member->restores, 1 << 20);
    restores_add(member->restores, 0);
    for (int i = 0; i < 100 && task == NULL; i++) {
        struct error error = {0};
        must(restores_step(member->restores, 10, 0, &task, &error), &error);
    }
    assert_non_null(task);
    return task;
}

static bool on_row(void *context, struct bytes key, struct bytes value)
{
    struct buffer *text = context;
    buffer_printf(text, "%zu:", key.size);
    buffer_append(text, key);
    buffer_printf(text, "%zu:", value.size);
    buffer_append(text, value);
    return true;
}

/* What the store has, once all is written. */
static struct buffer rows_of(struct task *task, const char *prefix)
{
    struct buffer rows = {0};
    struct error error = {0};
    must(state_checkpoint(task->state, &error), &error);
    must(state_stored_rows(task->state, bytes_text(prefix), (struct bytes){0}, on_row, &rows, &error),
         &error);
    return rows;
}

/* A timer that belongs to no row, and one that is missing. */
static void spoil(struct task *task, struct bytes timer)
{
    struct error error = {0};
    struct buffer stale = {0};
    buffer_append(&stale, timer);
    stale.data[5] ^= 1; /* another time */
    state_put(task->state, buffer_bytes(&stale), bytes_of("", 0));
    state_remove(task->state, timer);
    task_passed_bare(task, 5);
    must(state_checkpoint(task->state, &error), &error);
    buffer_release(&stale);
}

/* `calls` pieces, or until the end; whether that was reached. */
static bool pass(struct task *task, unsigned calls)
{
    struct timers_pass pass = {0};
    struct error error = {0};
    bool end = false;
    for (unsigned i = 0; i < calls && !end; i++) {
        must(timers_of_store(task, &pass, PIECE, &end, &error), &error);
        task_passed_bare(task, 5);
        must(state_checkpoint(task->state, &error), &error);
    }
    timers_pass_release(&pass);
    return end;
}

static bool first_key(void *context, struct bytes key, struct bytes value)
{
    (void)value;
    buffer_append(context, key);
    return false;
}

static void a_pass_makes_the_timers_of_all_rows_and_no_other(void **state)
{
    (void)state;
    char input[] = "/tmp/sanctiond-pass-XXXXXX";
    close(mkstemp(input));
    reports_write(input, SUBJECTS);
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, input);
    const struct engine_options options = options_of(&bench);
    must(engine_run(&options, &error), &error);
    struct member *member = NULL;
    must(member_open(&options, &bench.topologies[0], 0, &member, &error), &error);
    struct task *task = restored(member);
    struct buffer expected = rows_of(task, "t");
    struct buffer subjects = rows_of(task, "s");
    struct buffer timer = {0};
    must(state_stored_rows(task->state, bytes_text("t"), (struct bytes){0}, first_key, &timer, &error),
         &error);
    assert_true(expected.size > 200 && subjects.size > 1000);

    for (unsigned cut = 0; cut < 6; cut++) {
        spoil(task, buffer_bytes(&timer));
        struct buffer spoilt = rows_of(task, "t");
        assert_false(bytes_equal(buffer_bytes(&spoilt), buffer_bytes(&expected)));
        assert_false(pass(task, cut));
        assert_true(pass(task, 1000));
        struct buffer timers = rows_of(task, "t");
        struct buffer rows = rows_of(task, "s");
        assert_true(bytes_equal(buffer_bytes(&timers), buffer_bytes(&expected)));
        assert_true(bytes_equal(buffer_bytes(&rows), buffer_bytes(&subjects)));
        buffer_release(&spoilt);
        buffer_release(&timers);
        buffer_release(&rows);
    }
    buffer_release(&timer);
    buffer_release(&expected);
    buffer_release(&subjects);
    must(task_close(task, false, &error), &error);
    member_close(member);
    bench_close(&bench);
    unlink(input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pass_makes_the_timers_of_all_rows_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
