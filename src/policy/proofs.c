/* Proofs of identity (domain.md A4 78 to 82, F9, F11, F25, I.19). An impersonated person's own, masked
 * and accepted proof joins a report on the impersonator, in either order, inside the time that both
 * wait. That of a stolen account's owner holds the account until his identity is confirmed again.
 *
 * The proof is kept with the person, the case with the suspect; signals carry what the other needs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

#define PROOFS_MAX COUNT_OF(((struct subject_state *)NULL)->proofs)
#define WANTED_MAX COUNT_OF(((struct subject_state *)NULL)->wanted_proofs)

static struct ground proof_ground(const struct judgement *judgement, enum category category)
{
    return (struct ground){
        .category = category,
        .severity = SEVERITY_NONE,
        .lane = judgement->policy->categories[category].lane,
        .area = AREA_OTHER_AREA,
        .ledger = LEDGER_NONE,
        .source_kind = SOURCE_KIND_IDENTITY_PROOF,
        .automation = AUTOMATION_PARTIAL,
        .act_at = judgement->court->decided_ms,
    };
}

void proofs_prune(struct judgement *judgement, int64_t wait_ms)
{
    struct subject_state *facts = judgement->facts;
    const int64_t now_ms = judgement->court->decided_ms;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < facts->proofs_count; i++) {
        if (within(facts->proofs[i].at, now_ms, wait_ms)) {
            facts->proofs[kept++] = facts->proofs[i];
        }
    }
    facts->proofs_count = kept;
    kept = 0;
    for (uint32_t i = 0; i < facts->wanted_proofs_count; i++) {
        if (within(facts->wanted_proofs[i].at, now_ms, wait_ms)) {
            facts->wanted_proofs[kept++] = facts->wanted_proofs[i];
        }
    }
    facts->wanted_proofs_count = kept;
}

static bool joins(enum category category, struct bytes named, const struct wanted_proof_fact *wanted)
{
    return category == wanted->category &&
           (named.data == NULL || bytes_equal(named, wanted->suspect_id));
}

/* Tells the suspect's record that his case is proved; without a case: that the account was stolen. */
static void send_accepted(struct judgement *judgement, const struct wanted_proof_fact *wanted,
                          struct bytes proof_id)
{
    const struct bytes id = id_text(judgement, id_next(judgement, judgement->policy));
    const struct signal signal = {
        .event_id = id_numbered(judgement, id, 0),
        .occurred_at = judgement->court->now_ms,
        .subject_kind = wanted->suspect_kind,
        .subject_id = wanted->suspect_id,
        .kind = SIGNAL_KIND_PROOF_ACCEPTED,
        .from_kind = SUBJECT_KIND_USER,
        .from_id = judgement->facts->subject_id,
        .case_id = id_text(judgement, wanted->case_id),
        .report_id = proof_id,
        .category = wanted->category,
        .area = AREA_OTHER_AREA,
        .severity = SEVERITY_NONE,
        .decided_at = {judgement->court->decided_ms, true},
        .source_kind = SOURCE_KIND_IDENTITY_PROOF,
    };
    judgement->court->outbox->emit(judgement->court->outbox, &record_signal, &signal);
}

/* A case elsewhere waits for this person's proof; one that is here already decides it. */
void proof_needed(struct judgement *judgement, const struct signal *signal)
{
    struct subject_state *facts = judgement->facts;
    uint8_t id[ID_SIZE];
    proofs_prune(judgement, judgement->policy->proof_wait_ms);
    if (!id_parse(signal->case_id, id)) {
        return;
    }
    const struct wanted_proof_fact wanted = {
        .suspect_kind = signal->from_kind,
        .suspect_id = text_keep(judgement, signal->from_id),
        .category = signal->category,
        .case_id = arena_copy(judgement->court->arena, bytes_of(id, ID_SIZE)),
        .at = judgement->court->decided_ms,
    };
    for (uint32_t i = 0; i < facts->proofs_count; i++) {
        if (joins(facts->proofs[i].category, facts->proofs[i].suspect_id, &wanted)) {
            send_accepted(judgement, &wanted, facts->proofs[i].proof_id);
            return;
        }
    }
    for (uint32_t i = 0; i < facts->wanted_proofs_count; i++) {
        if (bytes_equal(facts->wanted_proofs[i].case_id, wanted.case_id)) {
            facts->wanted_proofs[i].at = wanted.at;
            return;
        }
    }
    if (facts->wanted_proofs_count == WANTED_MAX) {
        facts->wanted_proofs_count--;
        memmove(&facts->wanted_proofs[0], &facts->wanted_proofs[1],
                facts->wanted_proofs_count * sizeof(facts->wanted_proofs[0]));
    }
    facts->wanted_proofs[facts->wanted_proofs_count++] = wanted;
}

static void refuse_proof(struct judgement *judgement, enum category category, const char *rule)
{
    const struct ground ground = proof_ground(judgement, category);
    decision_refuse(judgement, judgement->policy, &ground, rule);
}

static struct restriction_fact *theft_hold(struct subject_state *facts)
{
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        struct restriction_fact *item = &facts->restrictions[i];
        if (item->measure == MEASURE_PROVISIONAL_HOLD && item->category == CATEGORY_ACCOUNT_THEFT) {
            return item;
        }
    }
    return NULL;
}

/* An account whose theft is proved is held; a second proof confirms whose it is and lifts the hold (F25). */
static void theft_proved(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const struct policy *policy = judgement->policy;
    struct restriction_fact *running = theft_hold(facts);
    if (running != NULL) {
        restriction_end(judgement, running, END_REASON_IDENTITY_CONFIRMED, "f25.identity");
        return;
    }
    if (facts->account_state == ACCOUNT_STATE_MEMORIAL) {
        refuse_proof(judgement, CATEGORY_ACCOUNT_THEFT, "s3.48");
        return;
    }
    const struct ground ground = proof_ground(judgement, CATEGORY_ACCOUNT_THEFT);
    struct decision decision;
    decision_open(judgement, &decision, policy, AUDIT_ACTION_DECIDE, &ground, "f25");
    struct restriction_fact made = {
        .measure = MEASURE_PROVISIONAL_HOLD,
        .target_kind = TARGET_KIND_USER,
        .area = AREA_ALL,
        .ledger = LEDGER_NONE,
        .scopes = policy->hold_scopes,
        .category = CATEGORY_ACCOUNT_THEFT,
        .expires_at = {judgement->court->decided_ms + policy->hold_ms, true},
        .end_disclosed = true,
    };
    measure_apply(judgement, &decision, &made, NULL);
    emit_restriction_notice(judgement, &decision, NOTICE_KIND_RESTRICTION_APPLIED, &made);
}

/* The person's proof decides the case: it counts as the person who confirms (F11). */
void proof_accepted(struct judgement *judgement, const struct signal *signal)
{
    struct subject_state *facts = judgement->facts;
    uint8_t id[ID_SIZE];
    /* Proofs pass the breaker (I.25). */
    const struct finding finding = {.automation = AUTOMATION_PARTIAL, .released = true};
    judgement->proof_id = signal->report_id;
    if (signal->case_id.data == NULL && signal->category == CATEGORY_ACCOUNT_THEFT) {
        theft_proved(judgement);
        return;
    }
    if (!id_parse(signal->case_id, id)) {
        return;
    }
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        struct case_fact *item = &facts->cases[i];
        if (!item->outcome.set && bytes_equal(item->case_id, bytes_of(id, ID_SIZE))) {
            case_confirm(judgement, item, &finding);
            return;
        }
    }
    /* Decided in between, so the proof finds nothing to decide. */
    refuse_proof(judgement, signal->category, "proof.no-case");
}

/* What a proof of this purpose is about. */
static enum category purpose_category(enum proof_purpose purpose)
{
    switch (purpose) {
    case PROOF_PURPOSE_IMPERSONATION:
        return CATEGORY_IMPERSONATION_PHISHING;
    case PROOF_PURPOSE_ACCOUNT_THEFT:
        return CATEGORY_ACCOUNT_THEFT;
    case PROOF_PURPOSE_RELAX_PROTECTION:
        return CATEGORY_ABNORMAL_ENVIRONMENT;
    case PROOF_PURPOSE_LIFT_FRAUDULENT_ACCOUNT:
        break;
    }
    return CATEGORY_FRAUDULENT_ACCOUNT;
}

/* What the person is told, and who must purge an unmasked document. */
static void answer_proof(struct judgement *judgement, const struct identity_proof *proof,
                         enum audit_action action, const char *rule, enum notice_kind kind,
                         const char *template, bool told)
{
    const struct ground ground = proof_ground(judgement, purpose_category(proof->purpose));
    struct decision decision;
    decision_open(judgement, &decision, judgement->policy, action, &ground, rule);
    decision_close(judgement, &decision);
    if (told) {
        emit_proof_notice(judgement, &decision, kind, template);
    }
    if (kind == NOTICE_KIND_PROOF_REJECTED_UNMASKED) {
        emit_decision_review(judgement, &decision, REVIEW_KIND_PURGE_EVIDENCE, REVIEW_ACTION_OPEN,
                             NO_CASE, decision.id, (struct bytes){0});
    }
}

static void keep_proof(struct judgement *judgement, const struct identity_proof *proof)
{
    struct subject_state *facts = judgement->facts;
    if (facts->proofs_count == PROOFS_MAX) {
        facts->proofs_count--;
        memmove(&facts->proofs[0], &facts->proofs[1],
                facts->proofs_count * sizeof(facts->proofs[0]));
    }
    facts->proofs[facts->proofs_count++] = (struct proof_fact){
        .proof_id = text_keep(judgement, proof->proof_id),
        .category = purpose_category(proof->purpose),
        .suspect_id = text_keep(judgement, proof->suspect_id),
        .at = judgement->court->decided_ms,
    };
}

/* Keeps the proof for reports to come and sends it to those that wait; false: none does. */
static bool join_reports(struct judgement *judgement, const struct identity_proof *proof)
{
    struct subject_state *facts = judgement->facts;
    bool joined = false;
    proofs_prune(judgement, judgement->policy->proof_wait_ms);
    keep_proof(judgement, proof);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < facts->wanted_proofs_count; i++) {
        if (joins(purpose_category(proof->purpose), proof->suspect_id, &facts->wanted_proofs[i])) {
            send_accepted(judgement, &facts->wanted_proofs[i], proof->proof_id);
            joined = true;
        } else {
            facts->wanted_proofs[kept++] = facts->wanted_proofs[i];
        }
    }
    facts->wanted_proofs_count = kept;
    return joined;
}

static void impersonation(struct judgement *judgement, const struct identity_proof *proof)
{
    const bool joined = join_reports(judgement, proof);
    answer_proof(judgement, proof, AUDIT_ACTION_OUTCOME, "s3.18", NOTICE_KIND_PROOF_REQUEST,
                 "report_needed", !joined);
}

static void theft(struct judgement *judgement, const struct identity_proof *proof)
{
    const bool elsewhere = proof->suspect_id.data != NULL &&
                           !bytes_equal(proof->suspect_id, judgement->facts->subject_id);
    join_reports(judgement, proof);
    if (!elsewhere) {
        theft_proved(judgement);
        return;
    }
    const struct wanted_proof_fact account = {.suspect_kind = SUBJECT_KIND_USER,
                                              .suspect_id = proof->suspect_id,
                                              .category = CATEGORY_ACCOUNT_THEFT};
    answer_proof(judgement, proof, AUDIT_ACTION_OUTCOME, "f25", NOTICE_KIND_PROOF_REQUEST, NULL,
                 false);
    send_accepted(judgement, &account, proof->proof_id);
}

/* A fraudulent account was none: its ban ends. */
static void clear_fraud(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        if (facts->restrictions[i].category == CATEGORY_FRAUDULENT_ACCOUNT) {
            restriction_end(judgement, &facts->restrictions[i], END_REASON_IDENTITY_CONFIRMED,
                            "k12.identity");
            return;
        }
    }
    refuse_proof(judgement, CATEGORY_FRAUDULENT_ACCOUNT, "proof.no-measure");
}

/* Identity confirmed: the protection ends soon, the hold of a stolen account at once. */
static void relax(struct judgement *judgement)
{
    struct restriction_fact *hold = theft_hold(judgement->facts);
    const bool relaxed = protection_relax(judgement);
    if (hold != NULL) {
        restriction_end(judgement, hold, END_REASON_IDENTITY_CONFIRMED, "f25.identity");
    } else if (!relaxed) {
        refuse_proof(judgement, CATEGORY_ABNORMAL_ENVIRONMENT, "proof.no-measure");
    }
}

void proof_judge(struct judgement *judgement, const struct identity_proof *proof)
{
    judgement->proof_id = proof->proof_id;
    judgement->actor = ACTOR_KIND_CUSTOMER_SERVICE;
    if (!proof->masking_ok) {
        answer_proof(judgement, proof, AUDIT_ACTION_REFUSE, "s3.18.unmasked",
                     NOTICE_KIND_PROOF_REJECTED_UNMASKED, NULL, true);
        return;
    }
    if (!proof->requested_by_self || !proof->accepted) {
        answer_proof(judgement, proof, AUDIT_ACTION_REFUSE,
                     proof->accepted ? "s3.18.not-own" : "s3.18.not-accepted",
                     NOTICE_KIND_PROOF_REQUEST, NULL, true);
        return;
    }
    switch (proof->purpose) {
    case PROOF_PURPOSE_IMPERSONATION:
        impersonation(judgement, proof);
        break;
    case PROOF_PURPOSE_ACCOUNT_THEFT:
        theft(judgement, proof);
        break;
    case PROOF_PURPOSE_RELAX_PROTECTION:
        relax(judgement);
        break;
    case PROOF_PURPOSE_LIFT_FRAUDULENT_ACCOUNT:
        clear_fraud(judgement);
        break;
    }
}
