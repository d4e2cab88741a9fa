/* Account changes: withdrawal, and the memorial (domain.md F14, I.23). Running restrictions keep
 * their end and lift silently, open cases close, nothing new is struck.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

static struct ground account_ground(const struct judgement *judgement)
{
    return (struct ground){
        .category = CATEGORY_NONE,
        .severity = SEVERITY_NONE,
        .lane = LANE_NONE,
        .area = AREA_ALL,
        .ledger = LEDGER_NONE,
        .source_kind = SOURCE_KIND_NONE,
        .automation = AUTOMATION_NONE,
        .act_at = judgement->court->decided_ms,
    };
}

/* The new state in the standing, as a decision of its own. */
static void publish_state(struct judgement *judgement, enum account_state state)
{
    const struct ground ground = account_ground(judgement);
    struct decision decision;
    decision_open(judgement, &decision, judgement->policy, AUDIT_ACTION_DECIDE, &ground, "s3.48");
    decision_close(judgement, &decision);
    judgement->facts->account_state = state;
    emit_standing(judgement, &decision);
}

void account_refuse(struct judgement *judgement, const char *rule)
{
    const struct ground ground = account_ground(judgement);
    judgement->actor = ACTOR_KIND_CUSTOMER_SERVICE;
    decision_refuse(judgement, judgement->policy, &ground, rule);
}

void cases_close(struct judgement *judgement, const char *rule)
{
    struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        if (!facts->cases[i].outcome.set) {
            case_dismiss(judgement, &facts->cases[i], OUTCOME_CLOSED, rule);
        }
    }
    while (facts->reviews_count > 0) {
        review_close(judgement, &facts->reviews[facts->reviews_count - 1]);
    }
}

static void memorial(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const struct ground ground = account_ground(judgement);
    if (facts->account_state == ACCOUNT_STATE_MEMORIAL_DENIED) {
        account_refuse(judgement, "s3.48.denied");
        return;
    }
    if (facts->account_state == ACCOUNT_STATE_MEMORIAL) {
        account_refuse(judgement, "account.repeated");
        return;
    }
    facts->account_state = ACCOUNT_STATE_MEMORIAL; /* from here on nobody is told */
    cases_close(judgement, "s3.48");
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        struct restriction_fact *row = &facts->restrictions[i];
        struct decision decision;
        measure_change(judgement, &decision, row, &ground, "s3.48", row->expires_at, row->scopes,
                       DECISION_STATE_FROZEN_MEMORIAL);
    }
    if (facts->restrictions_count == 0) {
        publish_state(judgement, ACCOUNT_STATE_MEMORIAL);
    }
}

/* The wish of the living binds the family (A4 96); once there is a memorial it is too late. */
static void deny_memorial(struct judgement *judgement)
{
    const enum account_state state = judgement->facts->account_state;
    if (state == ACCOUNT_STATE_MEMORIAL) {
        account_refuse(judgement, "s3.48");
    } else if (state == ACCOUNT_STATE_MEMORIAL_DENIED) {
        account_refuse(judgement, "account.repeated");
    } else {
        publish_state(judgement, ACCOUNT_STATE_MEMORIAL_DENIED);
    }
}

void account_judge(struct judgement *judgement, const struct account_change *change)
{
    judgement->actor = ACTOR_KIND_CUSTOMER_SERVICE;
    switch (change->kind) {
    case ACCOUNT_CHANGE_KIND_MEMORIAL:
        memorial(judgement);
        return;
    case ACCOUNT_CHANGE_KIND_MEMORIAL_DENIED:
        deny_memorial(judgement);
        return;
    case ACCOUNT_CHANGE_KIND_LINKED:
    case ACCOUNT_CHANGE_KIND_UNLINKED:
    case ACCOUNT_CHANGE_KIND_DEVICE:
    case ACCOUNT_CHANGE_KIND_AGE_BAND:
        return; /* no measure depends on them */
    case ACCOUNT_CHANGE_KIND_REGISTERED:
        if (change->rejoin_tag.data != NULL) {
            rejoin_check(judgement, change->rejoin_tag);
        }
        return;
    case ACCOUNT_CHANGE_KIND_WITHDRAWN:
        withdraw(judgement, change->rejoin_tag);
        return;
    }
}

bool account_is_sound(const struct account_change *change)
{
    return change->kind != ACCOUNT_CHANGE_KIND_WITHDRAWN || change->erase_consent;
}
