/* One row a kind of notice.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "notice/kind.h"

#include "base/assert.h"

#define BIT(name) (UINT32_C(1) << PARAM_NAME_##name)
#define ANY ((UINT32_C(1) << PARAM_NAME_COUNT) - 1)
/* A reporter, peer or inquirer is told that a thing was handled, never who was measured, how or for
 * how long (domain.md G2); the same holds for notices about a reporter's own reports. */
#define BYSTANDER                                                                                  \
    (BIT(CASE) | BIT(OUTCOME) | BIT(ITEM_PAGE) | BIT(APPEAL_DEADLINE) | BIT(APPEAL_PAGE) |         \
     BIT(CS_CATEGORY))
/* The end of a protection measure is known to enforcement only (domain.md F7). */
#define UNDATED (ANY & ~BIT(EXPIRES_AT))

_Static_assert(PARAM_NAME_COUNT < 32, "a set of parameters fits 32 bits");

struct kind_rule {
    bool mandatory;
    uint32_t may_hold;
};

static const struct kind_rule rules[] = {
    [NOTICE_KIND_REPORT_RECEIPT] = {true, BYSTANDER},
    [NOTICE_KIND_REPORT_OUTCOME] = {true, BYSTANDER},
    [NOTICE_KIND_REPORT_INADMISSIBLE] = {true, BYSTANDER},
    [NOTICE_KIND_RESTRICTION_APPLIED] = {true, ANY},
    [NOTICE_KIND_RESTRICTION_CHANGED] = {true, ANY},
    [NOTICE_KIND_RESTRICTION_LIFTED] = {true, ANY},
    [NOTICE_KIND_RESTRICTION_REVERSED] = {true, ANY},
    [NOTICE_KIND_PROTECTION_APPLIED] = {true, UNDATED},
    [NOTICE_KIND_PROTECTION_EXTENDED] = {true, UNDATED},
    [NOTICE_KIND_PROTECTION_RELAXED] = {true, UNDATED},
    [NOTICE_KIND_PROTECTION_LIFTED] = {true, UNDATED},
    [NOTICE_KIND_TEMPORARY_MEASURE_POSTER] = {true, ANY},
    [NOTICE_KIND_TEMPORARY_MEASURE_CLAIMANT] = {true, ANY},
    [NOTICE_KIND_PUBLIC_MARK] = {true, ANY},
    [NOTICE_KIND_OWNER_LIABILITY] = {true, ANY},
    [NOTICE_KIND_PEER_DISPLAY] = {true, BYSTANDER},
    [NOTICE_KIND_PROOF_REQUEST] = {true, ANY},
    [NOTICE_KIND_PROOF_REJECTED_UNMASKED] = {true, ANY},
    [NOTICE_KIND_APPEAL_RECEIPT] = {true, ANY},
    [NOTICE_KIND_APPEAL_RESULT] = {true, ANY},
    [NOTICE_KIND_DISPUTE_STATUS] = {true, ANY},
    [NOTICE_KIND_THIRD_PARTY_REFUSED] = {true, BYSTANDER},
    [NOTICE_KIND_REPORTER_WARNING] = {true, BYSTANDER},
    [NOTICE_KIND_REPORTER_SUSPENDED] = {true, BYSTANDER},
    [NOTICE_KIND_AUTHORITY_ACTION_POSTER] = {true, ANY},
    [NOTICE_KIND_POLICY_CHANGE] = {true, ANY},
    [NOTICE_KIND_SERVICE_INCIDENT] = {true, ANY},
    [NOTICE_KIND_COMPENSATION_INFO] = {true, ANY},
    [NOTICE_KIND_NOTICE_DISCLOSURE] = {true, 0},
    [NOTICE_KIND_EDUCATION_TIP] = {false, ANY},
};
_Static_assert(COUNT_OF(rules) == NOTICE_KIND_COUNT, "every kind of notice is declared");

bool kind_is_mandatory(enum notice_kind kind)
{
    ASSERT((uint32_t)kind < NOTICE_KIND_COUNT);
    return rules[kind].mandatory;
}

bool kind_may_hold(enum notice_kind kind, enum param_name name)
{
    ASSERT((uint32_t)kind < NOTICE_KIND_COUNT);
    ASSERT((uint32_t)name < PARAM_NAME_COUNT);
    return (rules[kind].may_hold >> name & 1) != 0;
}
