/* Rights claims: content is hidden while it is unclear who is right, and no strike follows (Network
 * Act 44-2; domain.md F13, I.20). Also the protection of a minor that a guardian asks for (I.24).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

#define CLAIMS_MAX COUNT_OF(((struct subject_state *)NULL)->claims)

bool claim_is_sound(const struct judgement *judgement, const struct rights_claim *claim)
{
    const struct trigger *trigger = judgement->court->trigger;
    const int64_t record_ms =
        trigger->timestamp_ms != 0 ? trigger->timestamp_ms : judgement->court->now_ms;
    return claim->act_at <= record_ms &&
           (claim->category == CATEGORY_DEFAMATION ||
            claim->category == CATEGORY_PRIVACY_INVASION || claim->category == CATEGORY_COPYRIGHT ||
            claim->category == CATEGORY_PERSONAL_DATA_ABUSE);
}

static struct ground claim_ground(const struct rights_claim *claim)
{
    return (struct ground){
        .category = claim->category,
        .severity = SEVERITY_NONE,
        .lane = LANE_CONTENT_FIRST,
        .area = claim->area,
        .ledger = LEDGER_NONE,
        .source_kind = SOURCE_KIND_RIGHTS_CLAIM,
        .automation = AUTOMATION_PARTIAL, /* customer service accepted it */
        .act_at = claim->act_at,
    };
}

/* Only a question: the id that the trigger makes stands for its case (I.27). */
static void ask_claim(struct judgement *judgement, const struct rights_claim *claim,
                      enum review_kind kind)
{
    const struct ground ground = claim_ground(claim);
    struct decision decision;
    decision_open(judgement, &decision, policies_at(judgement->court->policies, claim->act_at),
                  AUDIT_ACTION_OUTCOME, &ground, NULL);
    emit_decision_review(judgement, &decision, kind, REVIEW_ACTION_OPEN, NO_CASE, (struct bytes){0},
                         (struct bytes){0});
}

static void claim_decision(struct judgement *judgement, struct decision *decision,
                           const struct rights_claim *claim, enum audit_action action)
{
    const struct ground ground = claim_ground(claim);
    decision_open(judgement, decision, policies_at(judgement->court->policies, claim->act_at),
                  action, &ground, "s0.49");
    decision->payload.request_id = claim->claim_id;
}

static struct restriction_fact claim_measure(struct judgement *judgement,
                                             const struct rights_claim *claim, enum measure measure)
{
    return (struct restriction_fact){
        .measure = measure,
        .target_kind = TARGET_KIND_CONTENT,
        .target_id = text_keep(judgement, claim->content_ref),
        .area = claim->area,
        .ledger = LEDGER_NONE,
        .category = claim->category,
        .end_disclosed = true,
        .request_id = text_keep(judgement, claim->claim_id),
        .claimant_id = text_keep(judgement, claim->claimant_id),
    };
}

/* What happens to the content that he named (44-2), and nothing of its poster. */
static void tell_claimant(struct judgement *judgement, struct decision *decision,
                          const struct rights_claim *claim, const struct restriction_fact *row)
{
    const struct param params[] = {
        {PARAM_NAME_CASE, decision->id_hex},
        {PARAM_NAME_CONTENT, row->target_id},
        {PARAM_NAME_MEASURE, bytes_text(enum_symbol(&enum_measure, (int32_t)row->measure))},
        {PARAM_NAME_CATEGORY, bytes_text(enum_symbol(&enum_category, (int32_t)claim->category))},
        {PARAM_NAME_STARTS_AT, text_number(judgement, row->starts_at)},
        {PARAM_NAME_EXPIRES_AT,
         row->expires_at.set ? text_number(judgement, row->expires_at.value) : (struct bytes){0}},
    };
    if (claim->claimant_id.data != NULL) {
        emit_person_notice(judgement, decision, NOTICE_KIND_TEMPORARY_MEASURE_CLAIMANT, NULL,
                           claim->claimant_id, params, COUNT_OF(params));
    }
}

static struct claim_fact *claim_find(struct subject_state *facts, struct bytes claim_id)
{
    for (uint32_t i = 0; i < facts->claims_count; i++) {
        if (bytes_equal(facts->claims[i].claim_id, claim_id)) {
            return &facts->claims[i];
        }
    }
    return NULL;
}

static void claim_drop(struct subject_state *facts, size_t place)
{
    facts->claims_count--;
    memmove(&facts->claims[place], &facts->claims[place + 1],
            (facts->claims_count - place) * sizeof(facts->claims[0]));
}

/* The claim keeps the measure with this number; of too many the oldest is forgotten. */
static void claim_keep(struct judgement *judgement, const struct rights_claim *claim,
                       int32_t number)
{
    struct subject_state *facts = judgement->facts;
    struct claim_fact *known = claim_find(facts, claim->claim_id);
    if (known != NULL) {
        known->number = number;
        return;
    }
    if (facts->claims_count == CLAIMS_MAX) {
        claim_drop(facts, 0);
    }
    facts->claims[facts->claims_count++] =
        (struct claim_fact){.claim_id = text_keep(judgement, claim->claim_id), .number = number};
}

static void hide_content(struct judgement *judgement, const struct rights_claim *claim)
{
    struct decision decision;
    claim_decision(judgement, &decision, claim, AUDIT_ACTION_DECIDE);
    struct restriction_fact made = claim_measure(judgement, claim, MEASURE_TEMPORARY_MEASURE);
    made.expires_at = (struct optional_long){
        judgement->court->decided_ms + decision.policy->temporary_measure_ms, true};
    measure_apply(judgement, &decision, &made, NULL);
    if (restriction_of(judgement->facts, made.case_number, made.measure) != NULL) {
        claim_keep(judgement, claim, made.case_number); /* not at the cap of restrictions */
    }
    measure_tell(judgement, &decision, NOTICE_KIND_TEMPORARY_MEASURE_POSTER,
                 judgement->facts->subject_id, &made);
    tell_claimant(judgement, &decision, claim, &made);
    emit_public_mark(judgement, &decision, &made);
}

/* A second claim on the same content joins the running measure. */
static void join_claim(struct judgement *judgement, const struct rights_claim *claim,
                       const struct restriction_fact *row)
{
    struct decision decision;
    claim_decision(judgement, &decision, claim, AUDIT_ACTION_OUTCOME);
    decision_close(judgement, &decision);
    claim_keep(judgement, claim, row->case_number);
    tell_claimant(judgement, &decision, claim, row);
}

static void remove_content(struct judgement *judgement, const struct rights_claim *claim,
                           struct restriction_fact *running)
{
    struct decision decision;
    claim_decision(judgement, &decision, claim, AUDIT_ACTION_DECIDE);
    struct restriction_fact made = claim_measure(judgement, claim, MEASURE_CONTENT_REMOVE);
    measure_apply(judgement, &decision, &made, running);
    measure_tell(judgement, &decision, NOTICE_KIND_TEMPORARY_MEASURE_POSTER,
                 judgement->facts->subject_id, &made);
}

static bool is_claimed(const struct subject_state *facts, int32_t number)
{
    for (uint32_t i = 0; i < facts->claims_count; i++) {
        if (facts->claims[i].number == number) {
            return true;
        }
    }
    return false;
}

/* Ends the measure with the last claim that keeps it; a claim that hid nothing takes nobody else's away. */
static void withdraw_claim(struct judgement *judgement, const struct rights_claim *claim)
{
    struct subject_state *facts = judgement->facts;
    struct claim_fact *known = claim_find(facts, claim->claim_id);
    if (known == NULL) {
        const struct ground ground = claim_ground(claim);
        decision_refuse(judgement, judgement->policy, &ground, "i.20");
        return;
    }
    const int32_t number = known->number;
    struct restriction_fact *row = restriction_of(facts, number, MEASURE_TEMPORARY_MEASURE);
    ASSERT(row != NULL);
    claim_drop(facts, (size_t)(known - facts->claims));
    if (!is_claimed(facts, number)) {
        restriction_end(judgement, row, END_REASON_CLAIM_WITHDRAWN, "claim-withdrawn");
    } else {
        struct decision decision;
        claim_decision(judgement, &decision, claim, AUDIT_ACTION_OUTCOME);
        decision_close(judgement, &decision);
    }
}

void claim_judge(struct judgement *judgement, const struct rights_claim *claim)
{
    struct restriction_fact *row = measure_find(judgement->facts, MEASURE_TEMPORARY_MEASURE,
                                                claim->content_ref, (struct bytes){0});
    judgement->actor = ACTOR_KIND_CUSTOMER_SERVICE;
    if (claim->action == CLAIM_ACTION_WITHDRAW) {
        withdraw_claim(judgement, claim);
    } else if (claim->action == CLAIM_ACTION_COURT_ORDER) {
        remove_content(judgement, claim, row);
    } else if (judgement->policy->areas[claim->area].class != AREA_CLASS_PUBLIC) {
        ask_claim(judgement, claim, REVIEW_KIND_PRIVATE_RIGHTS_CLAIM);
    } else if (!claim->prima_facie || claim->publisher_is_press) {
        ask_claim(judgement, claim, REVIEW_KIND_CONTENT);
    } else if (row != NULL) {
        join_claim(judgement, claim, row);
    } else {
        hide_content(judgement, claim);
    }
}

/* At the end of a temporary measure the content goes if nobody objected (F13); false: it is lifted.
 */
bool claim_end(struct judgement *judgement, struct restriction_fact *row)
{
    const struct policy *policy =
        policy_version(judgement->court->policies, row->policy_version, row->decided_at);
    if (row->measure != MEASURE_TEMPORARY_MEASURE || row->objected ||
        !policy->temporary_measure_removes) {
        return false;
    }
    const struct rights_claim claim = {
        .claim_id = row->request_id,
        .category = row->category,
        .claimant_id = row->claimant_id,
        .content_ref = row->target_id,
        .area = row->area,
        .act_at = row->decided_at,
    };
    remove_content(judgement, &claim, row);
    return true;
}

static struct ground minor_ground(const struct judgement *judgement)
{
    return (struct ground){
        .category = CATEGORY_NONE,
        .severity = SEVERITY_NONE,
        .lane = LANE_NONE,
        .area = AREA_OPEN_CHAT_ROOM,
        .ledger = LEDGER_OPEN_CHAT,
        .source_kind = SOURCE_KIND_NONE,
        .automation = AUTOMATION_NONE,
        .act_at = judgement->court->decided_ms,
    };
}

static void minor_start(struct judgement *judgement)
{
    const struct ground ground = minor_ground(judgement);
    struct decision decision;
    decision_open(judgement, &decision, judgement->policy, AUDIT_ACTION_DECIDE, &ground, "k15");
    struct restriction_fact made = {
        .measure = MEASURE_MINOR_PROTECTION,
        .target_kind = TARGET_KIND_USER,
        .area = AREA_OPEN_CHAT_ROOM,
        .ledger = LEDGER_OPEN_CHAT,
        .scopes = judgement->policy->minor_scopes,
        .category = CATEGORY_NONE,
        .expires_at = {judgement->court->decided_ms + judgement->policy->minor_protection_ms, true},
        .end_disclosed = true,
    };
    measure_apply(judgement, &decision, &made, NULL);
    measure_tell(judgement, &decision, NOTICE_KIND_RESTRICTION_APPLIED,
                 judgement->facts->subject_id, &made);
}

/* Once per term, from 30 days before the old end. */
static void minor_renew(struct judgement *judgement, struct restriction_fact *row)
{
    const struct ground ground = minor_ground(judgement);
    const int64_t now_ms = judgement->court->decided_ms;
    if (row == NULL ||
        now_ms < row->expires_at.value - judgement->policy->minor_renewal_before_ms) {
        decision_refuse(judgement, judgement->policy, &ground, "i.24");
        return;
    }
    const struct optional_long end = {
        row->expires_at.value + judgement->policy->minor_protection_ms, true};
    struct decision decision;
    measure_change(judgement, &decision, row, &ground, "k15", end, row->scopes, row->state);
}

void minor_judge(struct judgement *judgement, const struct minor_protection_request *request)
{
    struct restriction_fact *row = measure_find(judgement->facts, MEASURE_MINOR_PROTECTION,
                                                (struct bytes){0}, (struct bytes){0});
    judgement->actor = ACTOR_KIND_CUSTOMER_SERVICE;
    if (judgement->facts->account_state == ACCOUNT_STATE_MEMORIAL &&
        request->action != MINOR_ACTION_END) {
        const struct ground ground = minor_ground(judgement);
        decision_refuse(judgement, judgement->policy, &ground, "s3.48"); /* F14: no new one, none longer */
        return;
    }
    switch (request->action) {
    case MINOR_ACTION_START:
        if (row == NULL) {
            minor_start(judgement);
        }
        break;
    case MINOR_ACTION_RENEW:
        minor_renew(judgement, row);
        break;
    case MINOR_ACTION_END:
        if (row != NULL) {
            restriction_end(judgement, row, END_REASON_REVIEWER, "k15.end");
        } else {
            const struct ground ground = minor_ground(judgement);
            decision_refuse(judgement, judgement->policy, &ground, "i.24");
        }
        break;
    }
}
