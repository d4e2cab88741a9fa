/* Whose producer is fenced at a takeover, and how often the brokers are asked.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/member.h"
#include "engine/orphan.h"

#include <stdio.h>
#include <stdlib.h>

static struct brokers {
    unsigned peeks;
    unsigned fences; /* that were asked for */
    char id[256];
    char instance[256];
    bool present;       /* the slot is in the group */
    enum status status; /* of the answer */
    struct stream_committed before;
} brokers;

static enum status on_peek(struct stream *stream, int32_t partition,
                           struct stream_committed *driver_out, struct error *error)
{
    (void)stream;
    (void)error;
    assert_int_equal(partition, 3);
    brokers.peeks++;
    *driver_out = brokers.before;
    return STATUS_OK;
}

static enum status on_fence(struct stream *stream, const char *transactional_id,
                            const char *instance_id, bool *fenced_out, struct error *error)
{
    (void)stream;
    brokers.fences++;
    snprintf(brokers.id, sizeof(brokers.id), "%s", transactional_id);
    snprintf(brokers.instance, sizeof(brokers.instance), "%s", instance_id);
    *fenced_out = !brokers.present;
    return brokers.status == STATUS_OK ? STATUS_OK
                                       : error_set(error, brokers.status, "no answer");
}

static const struct stream_ops ops = {.peek = on_peek, .fence = on_fence};
static struct stream stream = {.ops = &ops};
static struct topology topology;

static struct member *member_new(void)
{
    struct member *member = memory_get(sizeof(*member));
    struct config *config = config_new();
    brokers = (struct brokers){.status = STATUS_OK};
    snprintf(topology.name, sizeof(topology.name), "sanctions");
    *member = (struct member){.config = config, .topology = &topology, .stream = &stream};
    snprintf(member->transactional_id, sizeof(member->transactional_id), "%s.sanctions.mine.0",
             config->application);
    return member;
}

static void member_free(struct member *member)
{
    config_free((struct config *)(uintptr_t)member->config);
    free(member);
}

/* Metadata whose transaction was the slot's. */
static const char *by(const struct member *member, const char *rest)
{
    static char text[512];
    snprintf(text, sizeof(text), "v1 seq=4 next=9 id=%s.%s src=1,2", member->config->application,
             rest);
    return text;
}

static void the_instance_of_an_id_is_its_slot_and_thread(void **state)
{
    (void)state;
    char text[32];
    assert_true(orphan_instance("app.sanctions.", "app.sanctions.w-1.0", text, sizeof(text)));
    assert_string_equal(text, "w-1-0");
    assert_true(orphan_instance("app.sanctions.", "app.sanctions.rack.7.12", text, sizeof(text)));
    assert_string_equal(text, "rack.7-12");
    assert_false(orphan_instance("app.sanctions.", "app.notices.w.0", text, sizeof(text)));
    assert_false(orphan_instance("app.sanctions.", "app.sanctions.", text, sizeof(text)));
    assert_false(orphan_instance("app.sanctions.", "app.sanctions..0", text, sizeof(text)));
    assert_false(orphan_instance("app.sanctions.", "app.sanctions.w", text, sizeof(text)));
    assert_false(orphan_instance("app.sanctions.", "app.sanctions.w.", text, sizeof(text)));
    assert_false(orphan_instance("app.sanctions.", "app.sanctions.w-1.0", text, 5));
}

static void another_slot_is_asked_for_once(void **state)
{
    (void)state;
    struct member *member = member_new();
    orphan_end(member, 1, by(member, "sanctions.mine.0"));
    orphan_end(member, 1, by(member, "notices.gone.0"));
    orphan_end(member, 1, "v1 seq=1 next=2");
    orphan_end(member, 1, "of another program");
    orphan_end(member, 1, "");
    assert_int_equal(brokers.fences, 0);
    for (int32_t partition = 0; partition < 5; partition++) {
        orphan_end(member, partition, by(member, "sanctions.gone.1"));
    }
    assert_int_equal(brokers.fences, 1);
    assert_string_equal(brokers.instance, "gone-1");
    assert_string_equal(brokers.id + strlen(member->config->application), ".sanctions.gone.1");
    assert_int_equal(brokers.peeks, 0);
    member_free(member);
}

/* A slot that lived, or of which nothing was heard, is looked for again; one that was fenced is not. */
static void what_was_not_fenced_is_asked_for_again_later(void **state)
{
    (void)state;
    struct member *member = member_new();
    brokers.present = true;
    orphan_end(member, 1, by(member, "sanctions.gone.1"));
    member->orphans.known[0].again_ms -= 2001;
    brokers.present = false;
    brokers.status = STATUS_RETRY;
    orphan_end(member, 1, by(member, "sanctions.gone.1"));
    member->orphans.known[0].again_ms -= 2001;
    brokers.status = STATUS_OK;
    orphan_end(member, 1, by(member, "sanctions.gone.1"));
    member->orphans.known[0].again_ms -= 2001;
    assert_int_equal(brokers.fences, 3);
    orphan_end(member, 1, by(member, "sanctions.gone.1"));
    assert_int_equal(brokers.fences, 3);
    member_free(member);
}

static void of_an_offset_that_is_not_stable_the_one_before_tells_it(void **state)
{
    (void)state;
    struct member *member = member_new();
    orphan_end(member, 3, NULL); /* there was none before: nobody is known */
    assert_int_equal(brokers.peeks, 1);
    assert_int_equal(brokers.fences, 0);
    brokers.before = (struct stream_committed){.set = true, .offset = 5};
    snprintf(brokers.before.metadata, sizeof(brokers.before.metadata), "%s",
             by(member, "sanctions.gone.1"));
    orphan_end(member, 3, NULL); /* too soon */
    assert_int_equal(brokers.peeks, 1);
    member->orphans.peek_ms = 0;
    orphan_end(member, 3, NULL);
    assert_int_equal(brokers.peeks, 2);
    assert_int_equal(brokers.fences, 1);
    assert_string_equal(brokers.instance, "gone-1");
    member_free(member);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_instance_of_an_id_is_its_slot_and_thread),
        cmocka_unit_test(another_slot_is_asked_for_once),
        cmocka_unit_test(what_was_not_fenced_is_asked_for_again_later),
        cmocka_unit_test(of_an_offset_that_is_not_stable_the_one_before_tells_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
