/* Records that the code fills field by field, without clearing them before (FILLED_BELOW): no field is forgotten.
 *
 * Memory is poisoned first; what was not written keeps the poison. The facts of a world are poisoned when it is
 * made (world.h), the stack is here.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

enum { POISON = 0x5a, STACK = 256 * 1024 };

__attribute__((noinline)) static void poison_stack(void)
{
    volatile uint8_t room[STACK];
    for (size_t i = 0; i < sizeof(room); i++) {
        room[i] = POISON;
    }
}

static size_t plain_size(const struct field_type *field)
{
    switch (field->kind) {
    case FIELD_BOOLEAN:
        return sizeof(bool);
    case FIELD_INT:
    case FIELD_ENUM:
        return sizeof(int32_t);
    case FIELD_LONG:
    case FIELD_SET:
        return sizeof(int64_t);
    case FIELD_STRING:
    case FIELD_BYTES:
    case FIELD_FIXED:
        return sizeof(const uint8_t *); /* where it lies */
    case FIELD_LIST:
        return sizeof(uint32_t); /* how many */
    case FIELD_RECORD:
        break;
    }
    return 0;
}

static void check_written(const struct record_type *type, const void *record)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct field_type *field = &type->fields[i];
        const uint8_t *value = (const uint8_t *)record +
                               (field->kind == FIELD_LIST ? field->count_offset : field->offset);
        const size_t size = plain_size(field);
        size_t poisoned = 0;
        while (poisoned < size && value[poisoned] == POISON) {
            poisoned++;
        }
        if (size > 0 && poisoned == size) {
            fail_msg("field '%s' of %s was not written", field->name, type->name);
        }
    }
}

static const struct record_type *item_type(const struct record_type *type, const char *list)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (strcmp(type->fields[i].name, list) == 0) {
            return type->fields[i].record;
        }
    }
    return NULL;
}

static void a_kept_report_has_every_field(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "U");
    const struct report report =
        world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_BOARD, 600, "r1");
    world_send(world, &report);
    assert_int_equal(world->facts->reports_count, 1);
    check_written(item_type(&record_subject_state, "reports"), &world->facts->reports[0]);
    world_free(world);
}

/* Right after the poison, so that nothing else has used the place: every notice begins as this one does. */
static void a_notice_has_every_field(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "U");
    const struct trigger trigger = {.topic = bytes_text("reports")};
    struct court court = world_court(world, &trigger);
    struct judgement judgement = {
        .court = &court,
        .facts = world->facts,
        .policy = policies_at(&world->policies, world->now_ms),
    };
    const struct bytes id = bytes_text("00112233445566778899aabbccddeeff");
    poison_stack();
    emit_receipt(&judgement, id, 1, bytes_text("r1"));
    assert_int_equal(world->count, 1);
    check_written(&record_notice_request, world->outputs[0].record);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kept_report_has_every_field),
        cmocka_unit_test(a_notice_has_every_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
