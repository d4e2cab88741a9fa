/* Assertions that stay on in production: fail-stop beats a wrong sanction.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

/* Prints the condition, its place and assert_context, then aborts. */
_Noreturn void assert_failed(const char *condition, const char *file, int line);

/* What this thread is working on (topic, partition, offset), printed by a failed assertion. */
void assert_context_set(const char *topic, int partition, long long offset);

#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0)) {                                                   \
            assert_failed(#condition, __FILE__, __LINE__);                                         \
        }                                                                                          \
    } while (0)

#define IMPLIES(a, b) (!(a) || (b))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
