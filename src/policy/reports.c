/* Reports: answered at once, or joined to a case; duplicates of a message and of a decided act.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

/* A report that was answered without being kept, or refused: its receipt, decision and notice. */
static void answer(struct judgement *judgement, const struct report *report,
                   const struct admission *admission, enum outcome outcome, const char *rule)
{
    const struct ground ground = {
        .category = admission->category,
        .severity = SEVERITY_NONE,
        .lane = admission->policy->categories[admission->category].lane,
        .area = report->area,
        .ledger = admission->ledger,
        .source_kind = report->source_kind,
        .automation = AUTOMATION_FULL,
        .act_at = report->act_at,
    };
    struct decision decision;
    decision_open(judgement, &decision, admission->policy, AUDIT_ACTION_OUTCOME, &ground, rule);
    decision.audit.outcome = (struct optional_int){(int32_t)outcome, true};
    decision.payload.report_ids[decision.payload.report_ids_count++] = report->event_id;
    decision.payload.content_form = report->content_form;
    decision.payload.language = report->language;
    decision_commerce(&decision, report->act_kind, report->ad_label_present);
    decision_close(judgement, &decision);
    emit_receipt(judgement, decision.id_hex, decision.records++, report->reporter_id);
    emit_outcome_signal(judgement, id_numbered(judgement, decision.id_hex, decision.records++),
                        report, admission->category, outcome);
    emit_reporter_notice(judgement, &decision,
                         outcome == OUTCOME_INADMISSIBLE ? NOTICE_KIND_REPORT_INADMISSIBLE
                                                         : NOTICE_KIND_REPORT_OUTCOME,
                         report->reporter_id, outcome);
}

static bool same_act(const struct report_fact *item, const struct report *report)
{
    if (!bytes_equal(item->content_ref, report->content_ref) ||
        !bytes_equal(item->author_id, report->author_id)) {
        return false;
    }
    return report->content_ref.data != NULL ||
           (item->area == report->area && item->act_at == report->act_at &&
            bytes_equal(item->room_id, report->room_id));
}

/* One reporter, one message, one report inside the horizon. */
static bool is_repeat(const struct judgement *judgement, const struct report_fact *item,
                      const struct report *report, const struct policy *policy)
{
    return report->content_ref.data != NULL && report->reporter_id.data != NULL &&
           bytes_equal(item->reporter_id, report->reporter_id) &&
           within(item->at, judgement->court->decided_ms, policy->duplicate_horizon_ms);
}

static bool is_grave(const struct policy *policy, enum category category)
{
    const enum lane lane = policy->categories[category].lane;
    return lane == LANE_ONE_STRIKE || lane == LANE_PROOF;
}

/* Whether it is a report of an act that was decided on this ledger a short while ago (domain.md
 * I.4). */
static bool is_decided(const struct judgement *judgement, const struct report_fact *item,
                       const struct admission *admission)
{
    const struct policy *policy = admission->policy;
    if (!item->outcome.set ||
        (item->outcome.value != OUTCOME_CONFIRMED && item->outcome.value != OUTCOME_NO_VIOLATION &&
         item->outcome.value != OUTCOME_GROUNDLESS)) {
        return false;
    }
    /* The act was decided with its case; a report answered later does not make that more recent. */
    const struct case_fact *decided = case_find(judgement->facts, item->case_number);
    const bool grave = decided != NULL && (is_grave(policy, decided->category) ||
                                           (policy->categories[decided->category].severity_by_verdict &&
                                            decided->severity == SEVERITY_CRITICAL));
    return decided != NULL && decided->outcome.set && decided->ledger == admission->ledger &&
           within(decided->decided_at.value, judgement->court->decided_ms,
                  policy->duplicate_horizon_ms) &&
           (!is_grave(policy, admission->category) || grave);
}

/* Of two decisions on one act the later one answers. */
static bool is_later(struct subject_state *facts, const struct report_fact *item,
                     const struct report_fact *than)
{
    return than == NULL || case_find(facts, item->case_number)->decided_at.value >=
                               case_find(facts, than->case_number)->decided_at.value;
}

/* What is known of the message already: a report of the same reporter, and a decided one. */
struct known {
    const struct report_fact *repeat;
    const struct report_fact *decided;
};

static struct known find_known(const struct judgement *judgement, const struct report *report,
                               const struct admission *admission)
{
    const struct subject_state *facts = judgement->facts;
    const struct report_fact *const end = facts->reports + facts->reports_count;
    const size_t size = report->content_ref.size;
    struct known known = {0};
    for (const struct report_fact *item = facts->reports; item < end; item++) {
        if (item->content_ref.size != size || !same_act(item, report)) {
            continue;
        }
        if (is_repeat(judgement, item, report, admission->policy)) {
            known.repeat = item;
            break;
        }
        if (is_decided(judgement, item, admission) &&
            is_later(judgement->facts, item, known.decided)) {
            known.decided = item;
        }
    }
    return known;
}

/* Room for one more row: the oldest decided one gives way. False: all are still needed. */
static bool reports_make_room(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const int32_t wanted = judgement->policy->reports_max;
    const uint32_t most =
        wanted > 0 && (uint32_t)wanted < REPORTS_MAX ? (uint32_t)wanted : (uint32_t)REPORTS_MAX;
    if (facts->reports_count < most) {
        return true;
    }
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        if (facts->reports[i].outcome.set) {
            facts->reports_count--;
            memmove(&facts->reports[i], &facts->reports[i + 1],
                    (facts->reports_count - i) * sizeof(facts->reports[0]));
            return true;
        }
    }
    return false;
}

/* Every field but the two of its place: a row that is not cleared before costs half. */
static void report_fill(struct report_fact *item, const struct report *report,
                        const struct admission *admission)
{
    item->counted = false;
    item->answered = false;
    item->protected = false;
    item->outcome = (struct optional_int){0};
    item->decided_at = (struct optional_long){0};
    item->event_id = report->event_id;
    item->reporter_id = report->reporter_id;
    item->content_ref = report->content_ref;
    item->evidence_ref = report->evidence_ref;
    item->room_id = report->room_id;
    item->author_id = report->author_id;
    item->area = report->area;
    item->category = admission->category;
    item->score = admission->score;
    item->act_at = report->act_at;
    item->source_kind = report->source_kind;
    item->reporter_class = report->reporter_class;
    item->actor_role = report->actor_role;
    item->content_form = report->content_form;
    item->language = report->language;
    item->act_kind = report->act_kind;
    item->ad_label_present = report->ad_label_present;
    item->raises = admission->raises;
    item->consent_withdrawn = admission->consent_withdrawn;
    item->request = admission->request;
    item->silent = admission->silent;
    item->sketch = report->sketch;
    item->sketch_key = report->sketch_key;
}

static struct report_fact *report_keep(struct judgement *judgement, const struct report *report,
                                       const struct admission *admission, int32_t case_number)
{
    struct subject_state *facts = judgement->facts;
    ASSERT(facts->reports_count < REPORTS_MAX);
    struct report_fact *item = &facts->reports[facts->reports_count++];
    report_fill(item, report, admission);
    item->case_number = case_number;
    item->at = judgement->court->decided_ms;
    struct bytes *const texts[] = {&item->event_id,     &item->reporter_id, &item->content_ref,
                                   &item->evidence_ref, &item->room_id,     &item->author_id,
                                   &item->sketch,       &item->sketch_key};
    texts_keep(judgement, texts, COUNT_OF(texts));
    return item;
}

/* A report of a decided act joins it, so that a reversal reaches it, and counts nowhere. */
static void answer_decided(struct judgement *judgement, const struct report *report,
                           const struct admission *admission, const struct report_fact *decided)
{
    const enum outcome outcome =
        decided->outcome.value == OUTCOME_CONFIRMED ? OUTCOME_CONFIRMED : OUTCOME_NO_VIOLATION;
    const int32_t case_number = decided->case_number;
    answer(judgement, report, admission, outcome, "i.4");
    if (reports_make_room(judgement)) {
        struct report_fact *item = report_keep(judgement, report, admission, case_number);
        item->answered = true;
        item->outcome = (struct optional_int){(int32_t)outcome, true};
        item->decided_at = (struct optional_long){judgement->court->decided_ms, true};
    }
}

bool reporter_counts(const struct judgement *judgement, const struct policy *policy,
                     const struct report_fact *report)
{
    const struct subject_state *facts = judgement->facts;
    if (report->silent || report->reporter_id.data == NULL ||
        report->source_kind == SOURCE_KIND_INSTITUTION_REPORT ||
        (report->reporter_class != REPORTER_CLASS_NORMAL &&
         report->reporter_class != REPORTER_CLASS_TRUSTED)) {
        return false;
    }
    int32_t burst = 0;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *item = &facts->reports[i];
        if (item->case_number != report->case_number || !item->counted) {
            continue;
        }
        if (bytes_equal(item->reporter_id, report->reporter_id)) {
            return false;
        }
        burst += within(item->at, report->at, policy->counted_window_ms) ? 1 : 0;
    }
    return burst < policy->counted_per_window;
}

/* Another policy's report: a person is told, the reporter too. */
static void forward(struct judgement *judgement, struct case_fact *item,
                    const struct admission *admission, struct report_fact *report)
{
    const struct ground ground = {
        .category = item->category,
        .severity = SEVERITY_NONE,
        .lane = admission->policy->categories[item->category].lane,
        .area = report->area,
        .ledger = item->ledger,
        .source_kind = report->source_kind,
        .automation = AUTOMATION_FULL,
        .act_at = report->act_at,
    };
    struct decision decision;
    decision_open(judgement, &decision, admission->policy, AUDIT_ACTION_OUTCOME, &ground, "s0.9");
    decision.case_hex = id_text(judgement, item->case_id);
    decision.audit.outcome = (struct optional_int){OUTCOME_FORWARDED, true};
    decision.payload.report_ids[decision.payload.report_ids_count++] = report->event_id;
    decision_close(judgement, &decision);
    emit_outcome(judgement, &decision, report, OUTCOME_FORWARDED, true);
    case_ask(judgement, item, REVIEW_KIND_OTHER_POLICY);
}

/* Whether the person is asked for the first time in this case; of too many the oldest is forgotten. */
static bool asks_first(struct judgement *judgement, int32_t number, struct bytes person_id)
{
    struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->asked_count; i++) {
        if (facts->asked[i].number == number &&
            bytes_equal(facts->asked[i].person_id, person_id)) {
            return false;
        }
    }
    if (facts->asked_count == COUNT_OF(facts->asked)) {
        facts->asked_count--;
        memmove(&facts->asked[0], &facts->asked[1], facts->asked_count * sizeof(facts->asked[0]));
    }
    facts->asked[facts->asked_count++] =
        (struct asked_fact){.number = number, .person_id = text_keep(judgement, person_id)};
    return true;
}

/* Whom the sender pretends to be is asked for proof; each such report goes to his record. */
static void ask_proof(struct judgement *judgement, struct case_fact *item,
                      const struct report *report)
{
    const struct bytes case_hex = id_text(judgement, item->case_id);
    const struct signal record = {
        .event_id = id_numbered(judgement, case_hex, item->records++),
        .occurred_at = judgement->court->now_ms,
        .subject_kind = SUBJECT_KIND_USER,
        .subject_id = report->impersonated_id,
        .kind = SIGNAL_KIND_PROOF_NEEDED,
        .from_kind = judgement->facts->subject_kind,
        .from_id = judgement->facts->subject_id,
        .case_id = case_hex,
        .report_id = report->event_id,
        .category = item->category,
        .area = report->area,
        .severity = SEVERITY_NONE,
        .act_at = {.value = report->act_at, .set = true},
        .decided_at = {.value = judgement->court->decided_ms, .set = true},
        .reporter_class = report->reporter_class,
        .source_kind = report->source_kind,
    };
    judgement->court->outbox->emit(judgement->court->outbox, &record_signal, &record);
    if (asks_first(judgement, item->number, report->impersonated_id)) {
        emit_proof_request(judgement, case_hex, item->records++, report->impersonated_id);
    }
}

static void report_join(struct judgement *judgement, const struct report *report,
                        const struct admission *admission)
{
    struct case_fact *item = case_find_open(judgement->facts, admission);
    if (!reports_make_room(judgement)) {
        if (item != NULL) {
            item->dropped++;
        }
        answer(judgement, report, admission, OUTCOME_CLOSED, "limit.reports");
        return;
    }
    if (item == NULL) {
        item = case_open(judgement, admission->policy, admission->category, report->area,
                         admission->ledger);
    }
    if (item == NULL) {
        answer(judgement, report, admission, OUTCOME_CLOSED, "limit.cases");
        return;
    }
    struct report_fact *kept = report_keep(judgement, report, admission, item->number);
    kept->counted = reporter_counts(judgement, admission->policy, kept);
    item->reporters += kept->counted ? 1 : 0;
    item->forwarded = admission->route == ROUTE_FORWARD;
    item->human = item->human || admission->human ||
                  (judgement->facts->subject_kind == SUBJECT_KIND_OPEN_PROFILE &&
                   profile_user_disputed(judgement->facts, item->number));
    item->no_hold = item->no_hold || admission->no_hold;
    item->raised = item->raised || admission->raises;
    item->consent_withdrawn = item->consent_withdrawn || admission->consent_withdrawn;
    if (!admission->silent && admission->score > item->best_score) {
        item->best_score = admission->score;
    }
    if (report->reporter_id.data != NULL) {
        emit_receipt(judgement, id_text(judgement, item->case_id), item->records++,
                     report->reporter_id);
    }
    if (item->forwarded) {
        forward(judgement, item, admission, kept);
        return;
    }
    if (report->impersonated_id.data != NULL &&
        admission->policy->categories[admission->category].lane == LANE_PROOF) {
        ask_proof(judgement, item, report);
    }
    case_evaluate(judgement, item, admission);
    if (admission->route == ROUTE_CASE) {
        cluster_evaluate(judgement, admission, report->area);
        room_requests_evaluate(judgement);
    }
    accumulation_evaluate(judgement, admission, report->area);
    protection_reported(judgement);
}

/* Only content may still be judged: a person is asked if the thresholds say so, else it closes
 * (I.23). */
static void report_join_memorial(struct judgement *judgement, const struct report *report,
                                 struct admission *admission)
{
    const struct policy_evidence *evidence = evidence_of(admission->policy, admission->class);
    const struct case_fact *item = case_find_open(judgement->facts, admission);
    if (item == NULL && !admission->asks && admission->route != ROUTE_UNKNOWN_AREA &&
        admission->score < evidence->ask_score) {
        answer(judgement, report, admission, OUTCOME_CLOSED, "s3.48");
        return;
    }
    admission->asks = true;
    admission->human = true;
    admission->no_hold = true;
    report_join(judgement, report, admission);
}

/* An admitted report: of a memorial, of an act that was decided, or of a case. */
static void report_place(struct judgement *judgement, const struct report *report,
                         struct admission *admission, const struct report_fact *decided)
{
    if (judgement->facts->account_state == ACCOUNT_STATE_MEMORIAL &&
        admission->route != ROUTE_FORWARD) {
        report_join_memorial(judgement, report, admission);
    } else if (decided != NULL) {
        answer_decided(judgement, report, admission, decided);
    } else {
        report_join(judgement, report, admission);
    }
}

enum judge_result report_judge(struct judgement *judgement, const struct report *report,
                               enum dead_reason *reason_out)
{
    if (!report_is_sound(judgement, report)) {
        *reason_out = DEAD_REASON_BAD_FIELD;
        return JUDGE_REFUSED;
    }
    if (event_seen(judgement, report->event_id)) {
        return JUDGE_DUPLICATE;
    }
    struct admission admission;
    report_admit(judgement, report, &admission);
    if (admission.route == ROUTE_INADMISSIBLE) {
        answer(judgement, report, &admission, OUTCOME_INADMISSIBLE, admission.rule);
        return JUDGE_DONE;
    }
    if (judgement->facts->account_state == ACCOUNT_STATE_WITHDRAWN) {
        answer(judgement, report, &admission, OUTCOME_CLOSED, "f3");
        return JUDGE_DONE;
    }
    const struct known known = find_known(judgement, report, &admission);
    if (known.repeat != NULL) {
        const struct bytes id = id_text(judgement, id_next(judgement, admission.policy));
        emit_outcome_signal(judgement, id_numbered(judgement, id, 0), report, admission.category,
                            OUTCOME_DUPLICATE);
        return JUDGE_DONE;
    }
    report_place(judgement, report, &admission, known.decided);
    return JUDGE_DONE;
}

/* An authority's REPORT counts as an institution's report does, and is no act. */
void report_of_authority(struct judgement *judgement, const struct authority_request *request)
{
    const int64_t now_ms = judgement->court->decided_ms;
    const struct report report = {
        .event_id = request->event_id,
        .occurred_at = request->occurred_at,
        .subject_kind = judgement->facts->subject_kind,
        .subject_id = judgement->facts->subject_id,
        .source_kind = SOURCE_KIND_INSTITUTION_REPORT,
        .report_kind = REPORT_KIND_UNKNOWN,
        .good_faith = true,
        .target_kind = request->target_kind,
        .content_ref = request->content_ref,
        .area = request->area,
        .act_at = request->act_at.set ? request->act_at.value : now_ms,
        .actor_role = ROLE_MEMBER,
        .relation = RELATION_NON_FRIEND,
        .sender_kind = SENDER_KIND_UNKNOWN,
        .content_form = CONTENT_FORM_UNKNOWN,
        .language = LANGUAGE_UNKNOWN,
        .act_kind = ACT_KIND_UNKNOWN,
        .ad_label_present = TRI_UNKNOWN,
        .category = request->category,
        .illegal_purpose = TRI_UNKNOWN,
        .consent_state = CONSENT_STATE_UNKNOWN,
        .target_age_band = AGE_BAND_UNKNOWN,
    };
    struct admission admission;
    judgement->request_id = request->request_id;
    report_admit(judgement, &report, &admission);
    admission.request = true;
    report_place(judgement, &report, &admission,
                 find_known(judgement, &report, &admission).decided);
}
