/* Decisions and the records that belong to them.
 *
 * Event id of a record: decision id, a dot, a number; the Audit is number 0. Where a case precedes
 * every decision its id stands for the decision and the case counts the records.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

#include "base/digest.h"

static struct bytes symbol(const struct enum_type *type, int32_t value)
{
    return bytes_text(enum_symbol(type, value));
}

/* What a decision rests on, told by the record that led to it. */
static const char *facts_template(const struct judgement *judgement, const struct ground *ground)
{
    static const struct {
        const char *topic;
        const char *name;
    } templates[] = {
        {"reports", "facts.reported"},  {"chat-events", "facts.behaviour"},
        {"verdicts", "facts.reviewed"}, {"authority-requests", "facts.ordered"},
        {"appeals", "facts.appealed"},  {"accounts", "facts.account"},
        {"signals", "facts.caused"},
    };
    if (judgement->timer) {
        return "facts.timer";
    }
    if (judgement->proof_id.data != NULL || ground->source_kind == SOURCE_KIND_IDENTITY_PROOF) {
        return "facts.proved";
    }
    for (size_t i = 0; i < COUNT_OF(templates); i++) {
        if (bytes_is(judgement->court->trigger->topic, templates[i].topic)) {
            return templates[i].name;
        }
    }
    return ground->source_kind == SOURCE_KIND_RIGHTS_CLAIM ? "facts.claimed" : "facts.requested";
}

static void fact_add(struct audit_payload *payload, enum param_name name, struct bytes value)
{
    if (value.data != NULL) {
        ASSERT(payload->facts_params_count < COUNT_OF(payload->facts_params));
        payload->facts_params[payload->facts_params_count++] = (struct param){name, value};
    }
}

static void payload_open(struct judgement *judgement, struct decision *decision,
                         const struct ground *ground)
{
    const struct court *court = judgement->court;
    const struct policy_category *category = &decision->policy->categories[ground->category];
    struct audit_payload *payload = &decision->payload;
    payload->subject_kind = judgement->facts->subject_kind;
    payload->subject_id = judgement->facts->subject_id;
    payload->trigger_topic = court->trigger->topic;
    payload->trigger_partition = court->trigger->partition;
    payload->trigger_offset = court->trigger->offset;
    payload->act_at = ground->act_at;
    payload->decided_at = court->decided_ms;
    payload->request_id = judgement->request_id;
    payload->proof_id = judgement->proof_id;
    payload->reviewer_ref = judgement->reviewer_ref;
    payload->content_form = CONTENT_FORM_UNKNOWN;
    payload->language = LANGUAGE_UNKNOWN;
    payload->smaller_scope = bytes_text("none");
    payload->facts_template = bytes_text(facts_template(judgement, ground));
    fact_add(payload, PARAM_NAME_CATEGORY, symbol(&enum_category, (int32_t)ground->category));
    fact_add(payload, PARAM_NAME_AREA, symbol(&enum_area, (int32_t)ground->area));
    for (uint32_t i = 0; i < category->legal_ref_count; i++) {
        payload->legal_refs[payload->legal_refs_count++] = bytes_text(category->legal_refs[i]);
    }
}

void decision_open(struct judgement *judgement, struct decision *decision,
                   const struct policy *policy, enum audit_action action,
                   const struct ground *ground, const char *rule)
{
    const struct court *court = judgement->court;
    ASSERT(ground->category < CATEGORY_COUNT && policy != NULL);
    *decision = (struct decision){.policy = policy};
    decision->payload.sequence = judgement->sequence;
    decision->id = id_next(judgement, policy);
    decision->id_hex = id_text(judgement, decision->id);
    const char *category_rule = policy->categories[ground->category].rule;
    decision->audit = (struct audit){
        .event_id = id_numbered(judgement, decision->id_hex, decision->records++),
        .occurred_at = court->now_ms,
        .decision_id = decision->id_hex,
        .actor_kind = judgement->timer ? ACTOR_KIND_TIMER : judgement->actor,
        .action = action,
        .lane = ground->lane,
        .category = ground->category,
        .severity = ground->severity,
        .area = ground->area,
        .ledger = ground->ledger,
        .state = DECISION_STATE_IN_FORCE,
        .source_kind = ground->source_kind,
        .automation = ground->automation,
        .automated_detection = ground->source_kind == SOURCE_KIND_INTERNAL_DETECTION,
        .policy_id = bytes_text(policy->id),
        .policy_version = policy->version,
        .policy_hash = bytes_of(policy->hash, sizeof(policy->hash)),
        .rule = bytes_text(rule != NULL               ? rule
                           : category_rule[0] != '\0' ? category_rule
                                                      : "e7"),
        .due_at = {.value = judgement->timer ? court->decided_ms : 0, .set = judgement->timer},
    };
    payload_open(judgement, decision, ground);
}

void decision_commerce(struct decision *decision, enum act_kind act_kind, enum tri ad_label)
{
    if (act_kind != ACT_KIND_UNKNOWN) {
        fact_add(&decision->payload, PARAM_NAME_ACT_KIND,
                 symbol(&enum_act_kind, (int32_t)act_kind));
    }
    if (ad_label != TRI_UNKNOWN) {
        fact_add(&decision->payload, PARAM_NAME_AD_LABEL, symbol(&enum_tri, (int32_t)ad_label));
    }
}

void decision_reports(struct judgement *judgement, struct decision *decision, int32_t case_number)
{
    const struct subject_state *facts = judgement->facts;
    struct audit_payload *payload = &decision->payload;
    enum act_kind act_kind = ACT_KIND_UNKNOWN;
    enum tri ad_label = TRI_UNKNOWN;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *report = &facts->reports[i];
        if (report->case_number != case_number) {
            continue;
        }
        if (payload->report_ids_count == 0) {
            payload->content_form = report->content_form;
            payload->language = report->language;
            decision->content_ref = report->content_ref;
        }
        act_kind = act_kind == ACT_KIND_UNKNOWN ? report->act_kind : act_kind;
        ad_label = ad_label == TRI_UNKNOWN ? report->ad_label_present : ad_label;
        if (payload->report_ids_count < REFS_MAX) {
            payload->report_ids[payload->report_ids_count++] = report->event_id;
        }
        if (report->evidence_ref.data != NULL && payload->evidence_refs_count < REFS_MAX) {
            payload->evidence_refs[payload->evidence_refs_count++] = report->evidence_ref;
        }
    }
    decision_commerce(decision, act_kind, ad_label);
}

void decision_strikes(struct judgement *judgement, struct decision *decision, enum ledger ledger)
{
    const struct subject_state *facts = judgement->facts;
    const int64_t at = judgement->court->decided_ms;
    struct audit_payload *payload = &decision->payload;
    for (uint32_t i = 0; i < facts->violations_count; i++) {
        const struct violation_fact *item = &facts->violations[i];
        if (item->ledger != ledger || item->lane != LANE_LADDER ||
            payload->strikes_count == COUNT_OF(payload->strikes)) {
            continue;
        }
        payload->strikes[payload->strikes_count++] = (struct strike_fact){
            .decision_id = id_text(judgement, item->decision_id),
            .category = item->category,
            .weight = item->weight,
            .act_at = item->act_at,
            .decided_at = item->decided_at,
            .expires_at = item->expires_at,
            .counted = item->weight > 0 && item->decided_at <= at && at < item->expires_at,
        };
    }
}

void decision_close(struct judgement *judgement, struct decision *decision)
{
    struct audit_payload *payload = &decision->payload;
    ASSERT(decision->records == 1);
    for (uint32_t i = 0; i < judgement->checks_count; i++) {
        const struct threshold *item = &judgement->checks[i];
        payload->checks[payload->checks_count++] = (struct check){.name = bytes_text(item->name),
                                                                  .value = item->value,
                                                                  .limit = item->limit,
                                                                  .passed = item->passed};
    }
    judgement->checks_count = 0;
    fact_add(payload, PARAM_NAME_CASE, decision->case_hex);
    fact_add(payload, PARAM_NAME_DECISION, id_text(judgement, decision->prior_id));
    fact_add(payload, PARAM_NAME_CONTENT, decision->content_ref);
    judgement->court->outbox->decide(judgement->court->outbox, &decision->audit, payload);
}

void decision_refuse(struct judgement *judgement, const struct policy *policy,
                     const struct ground *ground, const char *rule)
{
    struct decision decision;
    decision_open(judgement, &decision, policy, AUDIT_ACTION_REFUSE, ground, rule);
    decision_close(judgement, &decision);
}

static struct bytes next_event(struct judgement *judgement, struct decision *decision)
{
    ASSERT(decision->records > 0);
    return id_numbered(judgement, decision->id_hex, decision->records++);
}

void emit_restriction(struct judgement *judgement, struct decision *decision,
                      const struct restriction_fact *restriction,
                      const struct restriction_change *change)
{
    const struct policy_category *category = &decision->policy->categories[restriction->category];
    const struct restriction record = {
        .event_id = next_event(judgement, decision),
        .occurred_at = judgement->court->now_ms,
        .subject_kind = judgement->facts->subject_kind,
        .subject_id = judgement->facts->subject_id,
        .decision_id = decision->id_hex,
        .op = change->op,
        .restriction_id = id_text(judgement, restriction->restriction_id),
        .prior_decision_id = id_text(judgement, change->prior_decision_id),
        .supersedes = id_text(judgement, change->supersedes),
        .state = restriction->state,
        .end_reason = {.value = (int32_t)change->end_reason, .set = change->ends},
        .measure = restriction->measure,
        .target_kind = restriction->target_kind,
        .target_id = restriction->target_id,
        .area = restriction->area,
        .ledger = restriction->ledger,
        .scopes = restriction->scopes,
        .stage = restriction->stage,
        .purpose = category->family == CATEGORY_FAMILY_STABILITY ? PURPOSE_PROTECT_SERVICE
                                                                 : PURPOSE_PROTECT_USER,
        .policy_version = restriction->policy_version,
        .decided_at = restriction->decided_at,
        .starts_at = restriction->starts_at,
        .expires_at = restriction->expires_at,
        .end_disclosed = restriction->end_disclosed,
    };
    judgement->court->outbox->emit(judgement->court->outbox, &record_restriction, &record);
}

static void emit_peer_display(struct judgement *judgement, struct decision *decision)
{
    struct subject_state *facts = judgement->facts;
    if (facts->subject_kind != SUBJECT_KIND_USER || peer_shown(facts) == facts->peer_shown) {
        return;
    }
    facts->peer_shown = !facts->peer_shown;
    const struct peer_display record = {
        .event_id = next_event(judgement, decision),
        .occurred_at = judgement->court->now_ms,
        .subject_kind = facts->subject_kind,
        .subject_id = facts->subject_id,
        .decision_id = decision->id_hex,
        .shown = facts->peer_shown,
    };
    judgement->court->outbox->emit(judgement->court->outbox, &record_peer_display, &record);
}

void emit_peer_tombstone(struct judgement *judgement, struct decision *decision)
{
    const struct peer_display record = {
        .event_id = next_event(judgement, decision),
        .occurred_at = judgement->court->now_ms,
        .subject_kind = judgement->facts->subject_kind,
        .subject_id = judgement->facts->subject_id,
    };
    judgement->court->outbox->emit(judgement->court->outbox, &record_peer_display, &record);
}

static void standing_items(struct judgement *judgement, struct standing *standing)
{
    const struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        const struct restriction_fact *item = &facts->restrictions[i];
        if (item->measure == MEASURE_CONTENT_REMOVE) {
            continue; /* an event, not a state (domain.md G2) */
        }
        standing->restrictions[standing->restrictions_count++] = (struct standing_item){
            .restriction_id = id_text(judgement, item->restriction_id),
            .decision_id = id_text(judgement, item->decision_id),
            .measure = item->measure,
            .target_kind = item->target_kind,
            .target_id = item->target_id,
            .area = item->area,
            .ledger = item->ledger,
            .scopes = item->scopes,
            .stage = item->stage,
            .starts_at = item->starts_at,
            .expires_at = item->expires_at,
            .end_disclosed = item->end_disclosed,
            .state = item->state,
        };
    }
}

/* The first half of SHA-256 of `kind:id`: what a Standing's event id begins with. */
static struct bytes subject_hash(struct judgement *judgement)
{
    const struct subject_state *facts = judgement->facts;
    const struct bytes parts[] = {symbol(&enum_subject_kind, (int32_t)facts->subject_kind),
                                  bytes_of(":", 1), facts->subject_id};
    uint8_t digest[DIGEST_SIZE];
    digest_sha256(parts, COUNT_OF(parts), digest);
    return id_text(judgement, bytes_of(digest, ID_SIZE));
}

void emit_standing(struct judgement *judgement, struct decision *decision)
{
    struct subject_state *facts = judgement->facts;
    if (facts->subject_kind == SUBJECT_KIND_REPORTER) {
        facts->reporter_class = reporter_class_now(judgement);
    }
    facts->revision++;
    struct standing record = {
        .event_id = id_numbered(judgement, subject_hash(judgement), facts->revision),
        .occurred_at = judgement->court->now_ms,
        .subject_kind = facts->subject_kind,
        .subject_id = facts->subject_id,
        .decision_id = decision->id_hex,
        .revision = facts->revision,
        .account_state = facts->account_state,
        .reporter_class = facts->reporter_class,
    };
    standing_items(judgement, &record);
    facts->standing_shown = record.restrictions_count > 0 ||
                            record.reporter_class != REPORTER_CLASS_NORMAL ||
                            record.account_state == ACCOUNT_STATE_MEMORIAL ||
                            record.account_state == ACCOUNT_STATE_MEMORIAL_DENIED;
    judgement->court->outbox->emit(judgement->court->outbox, &record_standing, &record);
    emit_peer_display(judgement, decision);
}

void emit_authority_report(struct judgement *judgement, struct decision *decision)
{
    const struct policy_category *category =
        &decision->policy->categories[decision->audit.category];
    struct authority_report record = {
        .event_id = next_event(judgement, decision),
        .occurred_at = judgement->court->now_ms,
        .subject_kind = judgement->facts->subject_kind,
        .subject_id = judgement->facts->subject_id,
        .decision_id = decision->id_hex,
        .kind = category->report_kind,
        .authority = category->report_authority,
        .category = decision->audit.category,
        .measure = decision->audit.measure,
        .executed_at = {.value = judgement->court->decided_ms, .set = true},
        .evidence_refs_count = decision->payload.evidence_refs_count,
    };
    for (uint32_t i = 0; i < record.evidence_refs_count; i++) {
        record.evidence_refs[i] = decision->payload.evidence_refs[i];
    }
    judgement->court->outbox->emit(judgement->court->outbox, &record_authority_report, &record);
}

void emit_outcome_signal(struct judgement *judgement, struct bytes event_id,
                         const struct report *report, enum category category, enum outcome outcome)
{
    if (report->reporter_id.data == NULL) {
        return;
    }
    const struct signal record = {
        .event_id = event_id,
        .occurred_at = judgement->court->now_ms,
        .subject_kind = SUBJECT_KIND_REPORTER,
        .subject_id = report->reporter_id,
        .kind = SIGNAL_KIND_REPORT_OUTCOME,
        .from_kind = judgement->facts->subject_kind,
        .from_id = judgement->facts->subject_id,
        .report_id = report->event_id,
        .category = category,
        .area = report->area,
        .severity = SEVERITY_NONE,
        .act_at = {.value = report->act_at, .set = true},
        .decided_at = {.value = judgement->court->decided_ms, .set = true},
        .reporter_class = report->reporter_class,
        .source_kind = report->source_kind,
        .outcome = {.value = (int32_t)outcome, .set = true},
    };
    judgement->court->outbox->emit(judgement->court->outbox, &record_signal, &record);
}

void emit_outcome(struct judgement *judgement, struct decision *decision,
                  struct report_fact *report, enum outcome outcome, bool notice)
{
    const struct report told = {
        .event_id = report->event_id,
        .reporter_id = report->reporter_id,
        .area = report->area,
        .act_at = report->act_at,
        .reporter_class = report->reporter_class,
        .source_kind = report->source_kind,
    };
    report->outcome = (struct optional_int){.value = (int32_t)outcome, .set = true};
    report->decided_at = (struct optional_long){.value = judgement->court->decided_ms, .set = true};
    if (report->reporter_id.data == NULL) {
        return;
    }
    emit_outcome_signal(judgement, next_event(judgement, decision), &told, report->category,
                        outcome);
    if (notice) {
        emit_reporter_notice(judgement, decision, NOTICE_KIND_REPORT_OUTCOME, report->reporter_id,
                             outcome);
    }
}
