/* Reports and the cases they join: duplicates, thresholds, asking a person, lapse.
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
    decision_close(judgement, &decision);
    emit_receipt(judgement, decision.id_hex, decision.records++, report->reporter_id);
    emit_outcome_signal(judgement,
                        id_numbered(judgement, decision.id_hex, decision.records++), report,
                        admission->category, outcome);
    emit_reporter_notice(judgement, &decision,
                         outcome == OUTCOME_INADMISSIBLE ? NOTICE_KIND_REPORT_INADMISSIBLE
                                                         : NOTICE_KIND_REPORT_OUTCOME,
                         report->reporter_id, outcome);
}

static bool within(int64_t at_ms, int64_t now_ms, int64_t window_ms)
{
    return at_ms > now_ms - window_ms && at_ms <= now_ms;
}

static bool same_act(const struct report_fact *item, const struct report *report)
{
    if (!bytes_equal(item->content_ref, report->content_ref)
        || !bytes_equal(item->author_id, report->author_id)) {
        return false;
    }
    return report->content_ref.data != NULL
           || (item->area == report->area && item->act_at == report->act_at
               && bytes_equal(item->room_id, report->room_id));
}

/* One reporter, one message, one report inside the horizon. */
static bool is_repeat(const struct judgement *judgement, const struct report_fact *item,
                      const struct report *report, const struct policy *policy)
{
    return report->content_ref.data != NULL && report->reporter_id.data != NULL
           && bytes_equal(item->reporter_id, report->reporter_id)
           && within(item->at, judgement->court->decided_ms, policy->duplicate_horizon_ms);
}

static bool is_grave(const struct policy *policy, enum category category)
{
    const enum lane lane = policy->categories[category].lane;
    return lane == LANE_ONE_STRIKE || lane == LANE_PROOF;
}

/* Whether it is a report of an act that was decided on this ledger a short while ago (domain.md I.4). */
static bool is_decided(const struct judgement *judgement, const struct report_fact *item,
                       const struct admission *admission)
{
    const struct policy *policy = admission->policy;
    if (!item->outcome.set
        || !within(item->decided_at.value, judgement->court->decided_ms,
                   policy->duplicate_horizon_ms)
        || (item->outcome.value != OUTCOME_CONFIRMED
            && item->outcome.value != OUTCOME_NO_VIOLATION
            && item->outcome.value != OUTCOME_GROUNDLESS)) {
        return false;
    }
    const struct case_fact *decided = case_find(judgement->facts, item->case_number);
    return decided != NULL && decided->outcome.set && decided->ledger == admission->ledger
           && (!is_grave(policy, admission->category) || is_grave(policy, decided->category));
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
    struct known known = {0};
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *item = &facts->reports[i];
        if (item->content_ref.size != report->content_ref.size || !same_act(item, report)) {
            continue;
        }
        if (is_repeat(judgement, item, report, admission->policy)) {
            known.repeat = item;
            break;
        }
        if (known.decided == NULL && is_decided(judgement, item, admission)) {
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
    const uint32_t most = wanted > 0 && (uint32_t)wanted < REPORTS_MAX ? (uint32_t)wanted
                                                                       : (uint32_t)REPORTS_MAX;
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

static struct report_fact *report_keep(struct judgement *judgement, const struct report *report,
                                       const struct admission *admission, int32_t case_number)
{
    struct subject_state *facts = judgement->facts;
    ASSERT(facts->reports_count < REPORTS_MAX);
    struct report_fact *item = &facts->reports[facts->reports_count++];
    *item = (struct report_fact){
        .case_number = case_number,
        .event_id = report->event_id,
        .reporter_id = report->reporter_id,
        .content_ref = report->content_ref,
        .evidence_ref = report->evidence_ref,
        .room_id = report->room_id,
        .author_id = report->author_id,
        .area = report->area,
        .category = admission->category,
        .score = admission->score,
        .at = judgement->court->decided_ms,
        .act_at = report->act_at,
        .source_kind = report->source_kind,
        .reporter_class = report->reporter_class,
        .actor_role = report->actor_role,
        .content_form = report->content_form,
        .language = report->language,
        .raises = admission->raises,
        .silent = admission->silent,
        .sketch = report->sketch,
        .sketch_key = report->sketch_key,
    };
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
    const enum outcome outcome = decided->outcome.value == OUTCOME_CONFIRMED
                                     ? OUTCOME_CONFIRMED
                                     : OUTCOME_NO_VIOLATION;
    const int32_t case_number = decided->case_number;
    answer(judgement, report, admission, outcome, "i.4");
    if (reports_make_room(judgement)) {
        struct report_fact *item = report_keep(judgement, report, admission, case_number);
        item->answered = true;
        item->outcome = (struct optional_int){(int32_t)outcome, true};
        item->decided_at = (struct optional_long){judgement->court->decided_ms, true};
    }
}

static struct case_fact *find_open(struct subject_state *facts, const struct admission *admission)
{
    const bool forwarded = admission->route == ROUTE_FORWARD;
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        struct case_fact *item = &facts->cases[i];
        if (!item->outcome.set && item->category == admission->category
            && item->ledger == admission->ledger && item->forwarded == forwarded) {
            return item;
        }
    }
    return NULL;
}

/* Room for one more case: a decided one without a violation gives way. */
static bool cases_make_room(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const int32_t wanted = judgement->policy->cases_max;
    const uint32_t most =
        wanted > 0 && (uint32_t)wanted < CASES_MAX ? (uint32_t)wanted : (uint32_t)CASES_MAX;
    if (facts->cases_count < most) {
        return true;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < facts->cases_count; i++) {
            struct case_fact *item = &facts->cases[i];
            if (item->outcome.set && (pass == 1 || violation_find(facts, item->number) == NULL)) {
                case_remove(facts, item);
                return true;
            }
        }
    }
    return false;
}

struct case_fact *case_open(struct judgement *judgement, const struct policy *policy,
                            enum category category, enum area area, enum ledger ledger)
{
    struct subject_state *facts = judgement->facts;
    if (!cases_make_room(judgement)) {
        return NULL;
    }
    struct case_fact *item = &facts->cases[facts->cases_count++];
    *item = (struct case_fact){
        .number = facts->next_case++,
        .case_id = id_next(judgement, policy),
        .category = category,
        .area = area,
        .ledger = ledger,
        .opened_at = judgement->court->decided_ms,
        .severity = SEVERITY_NONE,
    };
    return item;
}

/* Whether the reporter of the newest report counts toward its case from here on (domain.md I.9). */
static bool reporter_counts(const struct judgement *judgement, const struct policy *policy,
                            const struct report_fact *report)
{
    const struct subject_state *facts = judgement->facts;
    if (report->silent || report->reporter_id.data == NULL
        || report->source_kind == SOURCE_KIND_INSTITUTION_REPORT
        || (report->reporter_class != REPORTER_CLASS_NORMAL
            && report->reporter_class != REPORTER_CLASS_TRUSTED)) {
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

void case_ask(struct judgement *judgement, struct case_fact *item, enum review_kind kind)
{
    const bool open = item->review.set;
    const enum review_kind asked = open ? (enum review_kind)item->review.value : kind;
    item->review = (struct optional_int){(int32_t)asked, true};
    emit_case_review(judgement, item, open ? REVIEW_ACTION_UPDATE : REVIEW_ACTION_OPEN, asked);
}

void case_close_review(struct judgement *judgement, struct case_fact *item)
{
    if (item->review.set) {
        const enum review_kind kind = (enum review_kind)item->review.value;
        emit_case_review(judgement, item, REVIEW_ACTION_CLOSE, kind);
        item->review = (struct optional_int){0};
    }
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
    if (!bytes_equal(item->impersonated_id, report->impersonated_id)) {
        item->impersonated_id = text_keep(judgement, report->impersonated_id);
        emit_proof_request(judgement, case_hex, item->records++, report->impersonated_id);
    }
}

static enum review_kind review_kind_of(const struct admission *admission)
{
    const struct policy_category *category = &admission->policy->categories[admission->category];
    if (admission->route == ROUTE_UNKNOWN_AREA) {
        return REVIEW_KIND_UNKNOWN_AREA;
    }
    if (category->lane == LANE_HUMAN || category->severity_by_verdict) {
        return REVIEW_KIND_HUMAN_ONLY;
    }
    return category->lane == LANE_ONE_STRIKE || category->lane == LANE_PROOF
               ? REVIEW_KIND_ONE_STRIKE_CONFIRM
               : REVIEW_KIND_CONTENT;
}

static bool meets(struct judgement *judgement, const char *score_name, int32_t score,
                  int32_t score_min, const char *reporters_name, int32_t reporters,
                  int32_t reporters_min, bool both)
{
    const bool scored = score >= score_min;
    const bool reported = reporters >= reporters_min;
    check_add(judgement, score_name, score, score_min, scored);
    check_add(judgement, reporters_name, reporters, reporters_min, reported);
    return both ? scored && reported : scored || reported;
}

/* Confirmed without a person: lane L by score and reporters, lane O only where no person is needed. */
static bool confirms(struct judgement *judgement, const struct case_fact *item,
                     const struct admission *admission, int32_t reporters)
{
    const struct policy_category *category = &admission->policy->categories[admission->category];
    const struct policy_evidence *evidence = evidence_of(admission->policy, admission->class);
    if (item->human || admission->route != ROUTE_CASE || category->human_only
        || category->severity_by_verdict || category->child) {
        return false;
    }
    if (category->lane == LANE_LADDER) {
        return meets(judgement, "confirm.score", item->best_score, evidence->confirm_score,
                     "confirm.reporters", reporters, evidence->confirm_reporters, true);
    }
    if (category->lane == LANE_ONE_STRIKE && !category->human_confirm) {
        return meets(judgement, "confirm.score", item->best_score, evidence->hold_score,
                     "confirm.reporters", reporters, 1, true);
    }
    return false;
}

/* Lanes O and P hold a user for a person, once. */
static bool holds(struct judgement *judgement, const struct case_fact *item,
                  const struct admission *admission, int32_t reporters)
{
    const struct policy_category *category = &admission->policy->categories[admission->category];
    const struct policy_evidence *evidence = evidence_of(admission->policy, admission->class);
    if (judgement->facts->subject_kind != SUBJECT_KIND_USER || admission->route != ROUTE_CASE
        || item->no_hold || item->hold_at.set || category->severity != SEVERITY_CRITICAL
        || category->severity_by_verdict
        || (category->lane != LANE_ONE_STRIKE && category->lane != LANE_PROOF)) {
        return false;
    }
    return meets(judgement, "hold.score", item->best_score, evidence->hold_score,
                 "hold.reporters", reporters, 1, true);
}

static bool asks(struct judgement *judgement, const struct case_fact *item,
                 const struct admission *admission, int32_t reporters)
{
    const struct policy_category *category = &admission->policy->categories[admission->category];
    const struct policy_evidence *evidence = evidence_of(admission->policy, admission->class);
    if (item->review.set || admission->asks || admission->route == ROUTE_UNKNOWN_AREA) {
        return true;
    }
    if (category->lane == LANE_PROOF && category->severity == SEVERITY_NONE) {
        return false; /* ACCOUNT_THEFT: a report only asks for proof */
    }
    return meets(judgement, "ask.score", item->best_score, evidence->ask_score, "ask.reporters",
                 reporters, evidence->ask_reporters, false);
}

static bool is_burst(enum category category)
{
    return category == CATEGORY_SPAM_INVITE || category == CATEGORY_SPAM_BOARD_LIKE_FRIEND;
}

/* Many targets in a day and somebody who reports it: no score is needed (domain.md I.13). */
static bool bursts(struct judgement *judgement, const struct case_fact *item,
                   const struct policy *policy, enum area_class class)
{
    const struct policy_evidence *evidence = evidence_of(policy, class);
    if (!is_burst(item->category) || item->human || item->forwarded
        || item->ledger == LEDGER_NONE || judgement->facts->subject_kind != SUBJECT_KIND_USER) {
        return false;
    }
    return meets(judgement, "burst.targets",
                 burst_targets(judgement, policy, item->category, class),
                 evidence->burst_targets, "burst.reporters", item->reporters,
                 evidence->burst_reporters, true);
}

void burst_evaluate(struct judgement *judgement, enum category category)
{
    struct subject_state *facts = judgement->facts;
    const struct finding finding = {.automation = AUTOMATION_FULL};
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        struct case_fact *item = &facts->cases[i];
        const enum area_class class = judgement->policy->areas[item->area].class;
        if (item->category == category && !item->outcome.set
            && item->held_decision_id.data == NULL
            && bursts(judgement, item, judgement->policy, class)) {
            case_confirm(judgement, item, &finding);
        }
    }
}

static void case_evaluate(struct judgement *judgement, struct case_fact *item,
                          const struct admission *admission)
{
    const int32_t reporters = item->reporters;
    if (item->held_decision_id.data != NULL && !item->held_hold) {
        return; /* confirmed, but the breaker waits for a person */
    }
    if (confirms(judgement, item, admission, reporters)
        || (admission->route == ROUTE_CASE
            && bursts(judgement, item, admission->policy, admission->class))) {
        const struct finding finding = {.automation = AUTOMATION_FULL};
        case_confirm(judgement, item, &finding);
        return;
    }
    if (holds(judgement, item, admission, reporters)) {
        case_hold(judgement, item, false);
    }
    if (asks(judgement, item, admission, reporters)) {
        case_ask(judgement, item, review_kind_of(admission));
    }
}

/* Whether a report may count toward REPORT_ACCUMULATION (domain.md I.12). */
static bool accumulates(const struct report_fact *item)
{
    return (item->reporter_class == REPORTER_CLASS_NORMAL
            || item->reporter_class == REPORTER_CLASS_TRUSTED)
           && !item->silent && !item->answered && item->reporter_id.data != NULL
           && item->source_kind != SOURCE_KIND_INSTITUTION_REPORT
           && !(item->outcome.set && item->outcome.value == OUTCOME_FORWARDED);
}

/* Distinct reporters of a ledger inside the window, as far as `enough`. */
static int32_t count_accumulated(const struct judgement *judgement, const struct policy *policy,
                                 enum ledger ledger, int32_t enough)
{
    const struct subject_state *facts = judgement->facts;
    uint8_t counted[REPORTS_MAX];
    int32_t count = 0;
    for (uint32_t i = 0; i < facts->reports_count && count < enough; i++) {
        const struct report_fact *item = &facts->reports[i];
        if (!accumulates(item) || policy->areas[item->area].ledger != ledger
            || !within(item->at, judgement->court->decided_ms, policy->accumulation_window_ms)) {
            continue;
        }
        int32_t burst = 0;
        bool known = false;
        for (int32_t j = 0; j < count && !known; j++) {
            const struct report_fact *other = &facts->reports[counted[j]];
            known = bytes_equal(other->reporter_id, item->reporter_id);
            burst += within(other->at, item->at, policy->counted_window_ms) ? 1 : 0;
        }
        if (!known && burst < policy->counted_per_window) {
            counted[count++] = (uint8_t)i;
        }
    }
    return count;
}

/* A step runs there, or something was decided there inside the window. */
static bool ledger_is_busy(struct subject_state *facts, enum ledger ledger, int64_t now_ms,
                           int64_t window_ms)
{
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        const struct restriction_fact *item = &facts->restrictions[i];
        if (item->ledger == ledger && violation_find(facts, item->case_number) != NULL) {
            return true;
        }
    }
    for (uint32_t i = 0; i < facts->violations_count; i++) {
        const struct violation_fact *item = &facts->violations[i];
        if (item->ledger == ledger && within(item->decided_at, now_ms, window_ms)) {
            return true;
        }
    }
    return false;
}

static void accumulation_evaluate(struct judgement *judgement, const struct admission *admission,
                                  enum area area)
{
    const struct policy *policy = admission->policy;
    const struct report_fact *newest =
        &judgement->facts->reports[judgement->facts->reports_count - 1];
    const int32_t enough = evidence_of(policy, admission->class)->accumulation_reporters;
    if (!accumulates(newest)) {
        return; /* the record that completes it gives the time */
    }
    if (judgement->facts->subject_kind != SUBJECT_KIND_USER || admission->route != ROUTE_CASE
        || policy->accumulation_scopes[admission->ledger] == 0 || enough < 1
        || judgement->facts->reports_count < (uint32_t)enough
        || ledger_is_busy(judgement->facts, admission->ledger, judgement->court->decided_ms,
                          policy->accumulation_window_ms)) {
        return;
    }
    const int32_t count = count_accumulated(judgement, policy, admission->ledger, enough);
    if (count >= enough) {
        check_add(judgement, "accumulation.reporters", count, enough, true);
        accumulate(judgement, policy, area, admission->ledger);
    }
}

static void report_join(struct judgement *judgement, const struct report *report,
                        const struct admission *admission)
{
    struct case_fact *item = find_open(judgement->facts, admission);
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
    item->human = item->human || admission->human;
    item->no_hold = item->no_hold || admission->no_hold;
    item->raised = item->raised || admission->raises;
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
    if (report->impersonated_id.data != NULL
        && admission->policy->categories[admission->category].lane == LANE_PROOF) {
        ask_proof(judgement, item, report);
    }
    case_evaluate(judgement, item, admission);
    accumulation_evaluate(judgement, admission, report->area);
    protection_reported(judgement);
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
    const struct known known = find_known(judgement, report, &admission);
    if (known.repeat != NULL) {
        const struct bytes id = id_text(judgement, id_next(judgement, admission.policy));
        emit_outcome_signal(judgement, id_numbered(judgement, id, 0), report, admission.category,
                            OUTCOME_DUPLICATE);
        return JUDGE_DONE;
    }
    if (known.decided != NULL) {
        answer_decided(judgement, report, &admission, known.decided);
    } else {
        report_join(judgement, report, &admission);
    }
    return JUDGE_DONE;
}

int64_t case_lapses_at(const struct policies *policies, const struct case_fact *item)
{
    if (item->outcome.set || item->review.set || item->held_decision_id.data != NULL) {
        return TIME_NEVER_MS;
    }
    const struct policy *policy = policies_at(policies, item->opened_at);
    return item->opened_at
           + (item->impersonated_id.data != NULL ? policy->proof_wait_ms : policy->case_wait_ms);
}

void case_lapse(struct judgement *judgement, struct case_fact *item)
{
    ASSERT(!item->outcome.set);
    case_dismiss(judgement, item, OUTCOME_NOT_ESTABLISHED, "e7.wait");
}

void case_reopen(struct case_fact *item)
{
    ASSERT(item->outcome.set);
    item->outcome = (struct optional_int){0};
    item->decided_at = (struct optional_long){0};
}
