/* Which act a confirmed case stands for, how grave it is and whether it is a strike.
 *
 * The act of a case is its earliest one that is not stale and was not struck before on the ledger;
 * an act older than the window of its strike is stale (domain.md E7). Version and severity are
 * those of the act.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/confirm_internal.h"

static enum severity severity_of(const struct policy *policy, const struct case_fact *item,
                                 const struct verdict *verdict)
{
    const struct policy_category *category = &policy->categories[item->category];
    enum severity severity = category->severity;
    const enum severity found = item->severity;
    if (category->severity_by_verdict) {
        /* A reviewer who names none has not found the worst. */
        severity = found != SEVERITY_NONE                 ? found
                   : category->severity == SEVERITY_LIGHT ? SEVERITY_LIGHT
                                                          : SEVERITY_SEVERE;
    } else if (severity == SEVERITY_LIGHT &&
               (found == SEVERITY_SEVERE || found == SEVERITY_CRITICAL)) {
        severity = SEVERITY_SEVERE;
    }
    /* What the case is found to be counts: consent matters to spam alone (I.5). */
    const bool withdrawn =
        category->spam &&
        (item->consent_withdrawn ||
         (verdict != NULL && verdict->consent_state == CONSENT_STATE_WITHDRAWN));
    return severity == SEVERITY_LIGHT && (item->raised || withdrawn) ? SEVERITY_SEVERE : severity;
}

/* ONE_STRIKE: a ban; LADDER: a strike; NONE: confirmed without a strike. */
static enum lane lane_of(const struct judgement *judgement, const struct policy *policy,
                         const struct case_fact *item, enum severity severity)
{
    const struct policy_category *category = &policy->categories[item->category];
    const bool user = judgement->facts->subject_kind == SUBJECT_KIND_USER;
    enum lane lane = category->lane;
    if (category->severity_by_verdict || lane == LANE_HUMAN) {
        lane = severity == SEVERITY_CRITICAL ? LANE_ONE_STRIKE : LANE_LADDER;
    } else if (lane == LANE_PROOF) {
        lane = severity == SEVERITY_CRITICAL ? LANE_ONE_STRIKE : LANE_NONE;
    }
    if (item->forwarded || (lane != LANE_LADDER && lane != LANE_ONE_STRIKE)) {
        return LANE_NONE;
    }
    if (!user) {
        lane = LANE_LADDER; /* a room is blocked, a reporter has no other */
    }
    return lane == LANE_LADDER &&
                   (item->ledger == LEDGER_NONE || policy->ladders[item->ledger].step_count == 0)
               ? LANE_NONE
               : lane;
}

static bool struck_before(const struct subject_state *facts, const struct act *act,
                          enum ledger ledger)
{
    for (uint32_t i = 0; i < facts->violations_count; i++) {
        const struct violation_fact *item = &facts->violations[i];
        if (item->ledger != ledger || item->lane != LANE_LADDER || item->weight == 0 ||
            !bytes_equal(item->author_id, act->author_id)) {
            continue;
        }
        const bool same = item->content_ref.data != NULL || act->content_ref.data != NULL
                              ? bytes_equal(item->content_ref, act->content_ref)
                              : item->area == act->area && item->act_at == act->at_ms &&
                                    bytes_equal(item->room_id, act->room_id);
        if (same) {
            return true;
        }
    }
    return false;
}

/* Fills what follows from the time of the act: version, severity, lane, weight, strike or why not.
 */
static void act_weigh(const struct judgement *judgement, const struct case_fact *item,
                      const struct verdict *verdict, struct act *act)
{
    act->policy = policies_at(judgement->court->policies, act->at_ms);
    act->severity = severity_of(act->policy, item, verdict);
    act->lane = lane_of(judgement, act->policy, item, act->severity);
    act->why_not = NULL;
    if (judgement->facts->account_state == ACCOUNT_STATE_MEMORIAL) {
        act->lane = LANE_NONE;
        act->why_not = "memorial";
        return;
    }
    if (act->lane == LANE_NONE) {
        act->why_not = "no-ladder";
        return;
    }
    if (act->lane == LANE_ONE_STRIKE) {
        return;
    }
    const struct policy_ladder *ladder = &act->policy->ladders[item->ledger];
    const struct policy_severity *severity = &act->policy->severities[act->severity];
    act->weight = ladder->fixed_weight > 0 ? ladder->fixed_weight : severity->weight;
    act->window_ms = ladder->fixed_weight > 0 ? ladder->fixed_window_ms : severity->window_ms;
    if (act->weight < 1) {
        act->why_not = "no-weight";
    } else if (act->at_ms <= judgement->court->decided_ms - act->window_ms) {
        act->why_not = "stale";
    } else if (struck_before(judgement->facts, act, item->ledger)) {
        act->why_not = "struck-before";
    }
}

static void act_of_report(const struct report_fact *report, struct act *act)
{
    *act = (struct act){
        .at_ms = report->act_at,
        .area = report->area,
        .role = report->actor_role,
        .source_kind = report->source_kind,
        .content_ref = report->content_ref,
        .room_id = report->room_id,
        .author_id = report->author_id,
    };
}

/* The report that a reviewer's act belongs to: the message he names, else the time. */
static const struct report_fact *report_of_verdict(const struct judgement *judgement,
                                                   const struct case_fact *item,
                                                   const struct verdict *verdict)
{
    const struct subject_state *facts = judgement->facts;
    const struct report_fact *found = NULL;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *report = &facts->reports[i];
        if (report->case_number != item->number) {
            continue;
        }
        if (verdict->content_ref.data != NULL &&
            bytes_equal(report->content_ref, verdict->content_ref)) {
            return report;
        }
        if (found == NULL || (item->act_at.set && report->act_at == item->act_at.value &&
                              found->act_at != report->act_at)) {
            found = report;
        }
    }
    return found;
}

/* The act that a reviewer names himself, or of a case without reports. */
static void act_of_verdict(const struct judgement *judgement, const struct case_fact *item,
                           const struct verdict *verdict, struct act *act)
{
    const struct report_fact *report =
        verdict == NULL ? NULL : report_of_verdict(judgement, item, verdict);
    if (report != NULL) {
        act_of_report(report, act);
    } else {
        *act = (struct act){.source_kind = SOURCE_KIND_NONE, .role = ROLE_MEMBER};
    }
    act->at_ms = item->act_at.set ? item->act_at.value : judgement->court->decided_ms;
    act->area = item->area;
    if (verdict != NULL && verdict->content_ref.data != NULL) {
        act->content_ref = verdict->content_ref;
    }
}

bool act_choose(const struct judgement *judgement, const struct case_fact *item,
                const struct verdict *verdict, struct act *act_out)
{
    const struct subject_state *facts = judgement->facts;
    bool found = false;
    for (uint32_t i = 0; i < facts->reports_count && !item->act_at.set; i++) {
        const struct report_fact *report = &facts->reports[i];
        if (report->case_number != item->number || report->request) {
            continue;
        }
        struct act act;
        act_of_report(report, &act);
        act_weigh(judgement, item, verdict, &act);
        const bool better =
            !found || (act.why_not == NULL && act_out->why_not != NULL) ||
            ((act.why_not == NULL) == (act_out->why_not == NULL) && act.at_ms < act_out->at_ms);
        if (better) {
            *act_out = act;
            found = true;
        }
    }
    if (!found) {
        act_of_verdict(judgement, item, verdict, act_out);
        act_weigh(judgement, item, verdict, act_out);
    }
    if (verdict != NULL || facts->subject_kind == SUBJECT_KIND_REPORTER) {
        act_out->area = item->area; /* where a person confirmed, as he found it (I.5) */
    }
    return act_out->why_not == NULL;
}
