/* The plan of memory.max: its parts never come to more than the whole.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/memory.h"

#define MIB INT64_C(1048576)

static int64_t sum(const struct memory_plan *plan, int64_t members)
{
    return plan->block_cache +
           members * (plan->rows + MEMORY_BATCH_FACTOR * plan->batch +
                      2 * MEMORY_QUEUE_FACTOR * plan->queue);
}

static void the_parts_fit_into_the_whole(void **state)
{
    (void)state;
    struct config *config = config_new();
    for (int64_t mib = 64; mib <= 4096; mib *= 2) {
        for (size_t members = 1; members <= 8; members *= 2) {
            config->memory_bytes = mib * MIB;
            const struct memory_plan plan = memory_plan(config, members);
            if (plan.queue > MIB) { /* a smaller queue would not hold what a broker sends at once */
                assert_true(sum(&plan, (int64_t)members) <= config->memory_bytes);
                assert_true(plan.rows * (int64_t)members >= config->memory_bytes / 3);
            }
            assert_true(plan.batch > 0 && plan.batch <= config->commit_bytes_max);
            assert_true(plan.queue >= MIB && plan.queue <= 16 * MIB);
        }
    }
    config_free(config);
}

static void a_batch_obeys_its_own_setting_and_a_record_always_fits(void **state)
{
    (void)state;
    struct config *config = config_new();
    config->memory_bytes = 4096 * MIB;
    config->commit_bytes_max = MIB;
    config->record_bytes_max = 8 * MIB;
    const struct memory_plan plan = memory_plan(config, 1);
    assert_int_equal(plan.batch, MIB);
    assert_true(plan.send > 2 * config->record_bytes_max);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_fit_into_the_whole),
        cmocka_unit_test(a_batch_obeys_its_own_setting_and_a_record_always_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
