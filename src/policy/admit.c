/* May a report be looked at, and as what (domain.md A1, F9, F17, I.4 to I.9).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

enum { SCORE_MAX = 1000 };

enum ledger ledger_of(const struct policy *policy, enum subject_kind kind, enum area area)
{
    ASSERT(area < AREA_COUNT);
    if (kind == SUBJECT_KIND_REPORTER) {
        return LEDGER_REPORTER;
    }
    const enum ledger ledger = policy->areas[area].ledger;
    return kind == SUBJECT_KIND_USER || ledger == LEDGER_NONE ? ledger : LEDGER_ROOM;
}

bool engine_only(enum category category)
{
    return category == CATEGORY_NONE || category == CATEGORY_REPORT_ACCUMULATION ||
           category == CATEGORY_ABNORMAL_ENVIRONMENT || category == CATEGORY_REPORT_ABUSE ||
           category == CATEGORY_ROOM_MULTI_REQUEST;
}

static bool source_is_report(enum source_kind source)
{
    switch (source) {
    case SOURCE_KIND_USER_REPORT_ILLEGAL:
    case SOURCE_KIND_USER_REPORT_POLICY:
    case SOURCE_KIND_TRUSTED_FLAGGER:
    case SOURCE_KIND_BLOCK_REPORT:
    case SOURCE_KIND_INSTITUTION_REPORT:
    case SOURCE_KIND_INTERNAL_DETECTION:
        return true;
    case SOURCE_KIND_RIGHTS_CLAIM:
    case SOURCE_KIND_IDENTITY_PROOF:
    case SOURCE_KIND_AUTHORITY_ORDER:
    case SOURCE_KIND_BEHAVIOUR_SIGNAL:
    case SOURCE_KIND_NONE:
        break;
    }
    return false;
}

bool report_is_sound(const struct judgement *judgement, const struct report *report)
{
    const struct trigger *trigger = judgement->court->trigger;
    const int64_t record_ms =
        trigger->timestamp_ms != 0 ? trigger->timestamp_ms : judgement->court->now_ms;
    if (report->act_at > record_ms || report->subject_kind == SUBJECT_KIND_REPORTER ||
        engine_only(report->category) || !source_is_report(report->source_kind)) {
        return false;
    }
    if (report->reporter_id.data == NULL && report->source_kind != SOURCE_KIND_INTERNAL_DETECTION &&
        report->source_kind != SOURCE_KIND_INSTITUTION_REPORT) {
        return false;
    }
    for (uint32_t i = 0; i < report->labels_count; i++) {
        const struct label *label = &report->labels[i];
        if (label->score < 0 || label->score > SCORE_MAX || label->category == CATEGORY_NONE) {
            return false;
        }
    }
    return true;
}

/* Advertising for an illegal purpose is its own category before anything else looks at it (I.5). */
static enum category purpose_category(const struct policy *policy, const struct report *report,
                                      enum category category)
{
    return report->illegal_purpose == TRI_YES && policy->categories[category].spam
               ? CATEGORY_SPAM_ILLEGAL_PURPOSE
               : category;
}

/* The best label at or above the "ask a person" score names the category, else the claim does. */
static void classify(const struct report *report, struct admission *admission)
{
    const struct policy *policy = admission->policy;
    const int32_t ask = evidence_of(policy, admission->class)->ask_score;
    const bool scored = report->source_kind != SOURCE_KIND_BLOCK_REPORT;
    int32_t best = -1;
    admission->category = purpose_category(policy, report, report->category);
    for (uint32_t i = 0; scored && i < report->labels_count; i++) {
        const struct label *label = &report->labels[i];
        if (label->score >= ask && label->score > best && !engine_only(label->category)) {
            best = label->score;
            admission->category = purpose_category(policy, report, label->category);
        }
    }
    admission->score = 0;
    for (uint32_t i = 0; scored && i < report->labels_count; i++) {
        const struct label *label = &report->labels[i];
        if (purpose_category(policy, report, label->category) == admission->category &&
            label->score > admission->score) {
            admission->score = label->score;
        }
    }
}

static void refuse(struct admission *admission, const char *rule)
{
    admission->route = ROUTE_INADMISSIBLE;
    admission->rule = rule;
}

/* A friend's report in a private chat: inadmissible, but for a proof to join and for children. */
static void admit_friend(const struct report *report, struct admission *admission)
{
    const struct policy_category *category = &admission->policy->categories[admission->category];
    if (category->child) {
        admission->silent = true;
        admission->asks = true;
    } else if (category->lane == LANE_PROOF && report->impersonated_id.data != NULL) {
        admission->silent = true;
    } else {
        refuse(admission, "s0.15");
    }
}

/* What one report does to its whole case. */
static void admit_flags(const struct report *report, struct admission *admission)
{
    const struct policy_category *category = &admission->policy->categories[admission->category];
    const bool unknown =
        report->relation == RELATION_UNKNOWN && admission->class == AREA_CLASS_PRIVATE;
    /* A friend's report only joins a proof: it leaves nothing to a person, whoever published (I.19). */
    const bool joins = admission->silent && !admission->asks;
    admission->no_hold = (report->publisher_is_press && !joins) || unknown;
    const bool human = category->child || category->human_only || admission->no_hold;
    admission->human = human;
    admission->asks = human || admission->asks;
    /* E7: a message after the withdrawal; where its time is not told, consent is gone at the act. */
    const bool withdrawn = report->consent_state == CONSENT_STATE_WITHDRAWN &&
                           (!report->consent_withdrawn_at.set ||
                            report->act_at >= report->consent_withdrawn_at.value);
    admission->raises = report->target_age_band == AGE_BAND_U14 ||
                        report->target_age_band == AGE_BAND_A14_18;
    admission->consent_withdrawn = withdrawn;
}

void report_admit(const struct judgement *judgement, const struct report *report,
                  struct admission *admission_out)
{
    const struct policy *policy = policies_at(judgement->court->policies, report->act_at);
    const struct policy_area *area = &policy->areas[report->area];
    *admission_out = (struct admission){
        .policy = policy,
        .class = area->class,
        .ledger = ledger_of(policy, report->subject_kind, report->area),
    };
    classify(report, admission_out);
    const struct policy_category *category = &policy->categories[admission_out->category];
    if (!report->good_faith) {
        refuse(admission_out, "i.9");
    } else if (report->source_kind == SOURCE_KIND_INTERNAL_DETECTION &&
               admission_out->category != CATEGORY_FRAUDULENT_ACCOUNT) {
        refuse(admission_out, "f2");
    } else if (report->reporter_class == REPORTER_CLASS_SUSPENDED && !category->child) {
        refuse(admission_out, "f17");
    } else if (report->sender_kind == SENDER_KIND_CHANNEL ||
               report->sender_kind == SENDER_KIND_BIZ) {
        admission_out->route = ROUTE_FORWARD;
    } else if (report->area == AREA_OTHER_AREA || report->area == AREA_ALL) {
        admission_out->route = ROUTE_UNKNOWN_AREA;
    } else if (!area->in_scope) {
        admission_out->route = ROUTE_FORWARD;
    } else if (admission_out->class == AREA_CLASS_PRIVATE && report->relation == RELATION_FRIEND) {
        admit_friend(report, admission_out);
    } else if (admission_out->ledger == LEDGER_NONE) {
        admission_out->route = ROUTE_UNKNOWN_AREA;
    }
    if (report->reporter_class == REPORTER_CLASS_SUSPENDED) {
        admission_out->silent = true;
        admission_out->asks = true;
    }
    admit_flags(report, admission_out);
}
