/* Proofs of identity (domain.md A4 78 to 82, F9, F11, I.19). An impersonated person's own, masked
 * and accepted proof joins a report on the impersonator, in either order, inside the time that both
 * wait.
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

static bool joins(struct bytes named, struct bytes suspect_id)
{
    return named.data == NULL || bytes_equal(named, suspect_id);
}

/* Tells the suspect's record that his case is proved. */
static void send_accepted(struct judgement *judgement, const struct wanted_proof_fact *wanted)
{
    const struct bytes id = id_text(judgement, id_next(judgement, judgement->policy));
    const struct signal signal = {
        .event_id = id_numbered(judgement, id, 0),
        .occurred_at = judgement->court->now_ms,
        .subject_kind = SUBJECT_KIND_USER,
        .subject_id = wanted->suspect_id,
        .kind = SIGNAL_KIND_PROOF_ACCEPTED,
        .from_kind = SUBJECT_KIND_USER,
        .from_id = judgement->facts->subject_id,
        .case_id = id_text(judgement, wanted->case_id),
        .category = CATEGORY_IMPERSONATION_PHISHING,
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
        .suspect_id = text_keep(judgement, signal->from_id),
        .case_id = arena_copy(judgement->court->arena, bytes_of(id, ID_SIZE)),
        .at = judgement->court->decided_ms,
    };
    for (uint32_t i = 0; i < facts->proofs_count; i++) {
        if (joins(facts->proofs[i].suspect_id, wanted.suspect_id)) {
            send_accepted(judgement, &wanted);
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

/* The person's proof decides the case: it counts as the person who confirms (F11). */
void proof_accepted(struct judgement *judgement, const struct signal *signal)
{
    struct subject_state *facts = judgement->facts;
    uint8_t id[ID_SIZE];
    const struct finding finding = {.automation = AUTOMATION_PARTIAL};
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
    const struct ground ground = proof_ground(judgement, CATEGORY_IMPERSONATION_PHISHING);
    decision_refuse(judgement, judgement->policy, &ground, "proof.no-case");
}

/* What the person is told, and who must purge an unmasked document. */
static void answer_proof(struct judgement *judgement, const struct identity_proof *proof,
                         enum audit_action action, const char *rule, enum notice_kind kind,
                         const char *template, bool told)
{
    const struct ground ground = proof_ground(judgement, CATEGORY_IMPERSONATION_PHISHING);
    struct decision decision;
    decision_open(judgement, &decision, judgement->policy, action, &ground, rule);
    decision.payload.proof_id = proof->proof_id;
    decision_close(judgement, &decision);
    if (told) {
        emit_proof_notice(judgement, &decision, kind, template);
    }
    if (kind == NOTICE_KIND_PROOF_REJECTED_UNMASKED) {
        emit_decision_review(judgement, &decision, REVIEW_KIND_PURGE_EVIDENCE, REVIEW_ACTION_OPEN,
                             -1, decision.id, (struct bytes){0});
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
        .suspect_id = text_keep(judgement, proof->suspect_id),
        .at = judgement->court->decided_ms,
    };
}

static void impersonation(struct judgement *judgement, const struct identity_proof *proof)
{
    struct subject_state *facts = judgement->facts;
    bool joined = false;
    proofs_prune(judgement, judgement->policy->proof_wait_ms);
    keep_proof(judgement, proof);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < facts->wanted_proofs_count; i++) {
        if (joins(proof->suspect_id, facts->wanted_proofs[i].suspect_id)) {
            send_accepted(judgement, &facts->wanted_proofs[i]);
            joined = true;
        } else {
            facts->wanted_proofs[kept++] = facts->wanted_proofs[i];
        }
    }
    facts->wanted_proofs_count = kept;
    answer_proof(judgement, proof, AUDIT_ACTION_OUTCOME, "s3.18", NOTICE_KIND_PROOF_REQUEST,
                 "report_needed", !joined);
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
    const struct ground ground = proof_ground(judgement, CATEGORY_FRAUDULENT_ACCOUNT);
    decision_refuse(judgement, judgement->policy, &ground, "proof.no-measure");
}

void proof_judge(struct judgement *judgement, const struct identity_proof *proof)
{
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
    case PROOF_PURPOSE_RELAX_PROTECTION:
        protection_relax(judgement);
        break;
    case PROOF_PURPOSE_LIFT_FRAUDULENT_ACCOUNT:
        clear_fraud(judgement);
        break;
    case PROOF_PURPOSE_ACCOUNT_THEFT: {
        const struct ground ground = proof_ground(judgement, CATEGORY_ACCOUNT_THEFT);
        decision_refuse(judgement, judgement->policy, &ground, "not-implemented");
        break;
    }
    }
}
