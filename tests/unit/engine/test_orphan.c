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

/* The offset was committed by the slot, and has not been stable for six seconds. */
static void unstable(struct member *member, const char *rest)
{
    brokers.before = (struct stream_committed){.set = true, .offset = 5};
    snprintf(brokers.before.metadata, sizeof(brokers.before.metadata),
             "v1 seq=4 next=9 id=%s.%s src=1,2", member->config->application, rest);
    orphan_end(member, 3);
    member->orphans.since_ms -= 6000;
    member->orphans.peek_ms = 0;
    orphan_end(member, 3);
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
    unstable(member, "sanctions.mine.0");
    unstable(member, "notices.gone.0");
    unstable(member, "sanctions.");
    assert_int_equal(brokers.fences, 0);
    for (int i = 0; i < 5; i++) {
        unstable(member, "sanctions.gone.1");
    }
    assert_int_equal(brokers.fences, 1);
    assert_string_equal(brokers.instance, "gone-1");
    assert_string_equal(brokers.id + strlen(member->config->application), ".sanctions.gone.1");
    member_free(member);
}

/* A slot that lived, or of which nothing was heard, is looked for again; one that was fenced is not. */
static void what_was_not_fenced_is_asked_for_again_later(void **state)
{
    (void)state;
    struct member *member = member_new();
    brokers.present = true;
    unstable(member, "sanctions.gone.1");
    member->orphans.known[0].again_ms -= 2001;
    brokers.present = false;
    brokers.status = STATUS_RETRY;
    unstable(member, "sanctions.gone.1");
    member->orphans.known[0].again_ms -= 2001;
    brokers.status = STATUS_OK;
    unstable(member, "sanctions.gone.1");
    member->orphans.known[0].again_ms -= 2001;
    assert_int_equal(brokers.fences, 3);
    unstable(member, "sanctions.gone.1");
    assert_int_equal(brokers.fences, 3);
    member_free(member);
}

/* A worker that is just starting again ends its own transaction. */
static void offsets_must_have_been_unstable_for_a_while(void **state)
{
    (void)state;
    struct member *member = member_new();
    for (int i = 0; i < 3; i++) {
        orphan_end(member, 3);
    }
    assert_int_equal(brokers.peeks, 0);
    member->orphans.since_ms -= 6000;
    member->orphans.seen_ms -= 6000; /* stable in between */
    orphan_end(member, 3);
    assert_int_equal(brokers.peeks, 0);
    member->orphans.since_ms -= 6000;
    orphan_end(member, 3); /* there was none before: nobody is known */
    assert_int_equal(brokers.peeks, 1);
    assert_int_equal(brokers.fences, 0);
    brokers.before = (struct stream_committed){.set = true, .metadata = "of another program"};
    orphan_end(member, 3); /* too soon */
    assert_int_equal(brokers.peeks, 1);
    member->orphans.peek_ms = 0;
    orphan_end(member, 3);
    assert_int_equal(brokers.peeks, 2);
    assert_int_equal(brokers.fences, 0);
    member_free(member);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_instance_of_an_id_is_its_slot_and_thread),
        cmocka_unit_test(another_slot_is_asked_for_once),
        cmocka_unit_test(what_was_not_fenced_is_asked_for_again_later),
        cmocka_unit_test(offsets_must_have_been_unstable_for_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
