/* Requests of authorities: binding orders act at once and without strike, all others only ask a
 * person (domain.md F12, I.21).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

#define ORDERS_MAX COUNT_OF(((struct subject_state *)NULL)->orders)

static const struct policy_authority_basis *find_basis(const struct policy *policy,
                                                       struct bytes legal_basis)
{
    for (uint32_t i = 0; i < policy->basis_count; i++) {
        if (bytes_is(legal_basis, policy->bases[i].legal_basis)) {
            return &policy->bases[i];
        }
    }
    return NULL;
}

bool authority_is_sound(const struct judgement *judgement, const struct authority_request *request)
{
    const struct trigger *trigger = judgement->court->trigger;
    const int64_t record_ms =
        trigger->timestamp_ms != 0 ? trigger->timestamp_ms : judgement->court->now_ms;
    const bool to_come = request->act_at.set && request->act_at.value > record_ms;
    const bool report = request->action == AUTHORITY_ACTION_KIND_REPORT;
    return request->category != CATEGORY_NONE && !to_come &&
           !(report && engine_only(request->category)) &&
           find_basis(judgement->policy, request->legal_basis) != NULL;
}

static struct ground request_ground(const struct judgement *judgement,
                                    const struct authority_request *request)
{
    return (struct ground){
        .category = request->category,
        .severity = SEVERITY_NONE,
        .lane = LANE_AUTHORITY,
        .area = request->area,
        .ledger = LEDGER_NONE,
        .source_kind = SOURCE_KIND_AUTHORITY_ORDER,
        .automation = AUTOMATION_NONE,
        .act_at = request->act_at.set ? request->act_at.value : judgement->court->decided_ms,
    };
}

/* The basis that the authority names, beside those of the category. */
static void legal_ref_add(struct audit_payload *payload, struct bytes basis)
{
    for (uint32_t i = 0; i < payload->legal_refs_count; i++) {
        if (bytes_equal(payload->legal_refs[i], basis)) {
            return;
        }
    }
    if (payload->legal_refs_count < COUNT_OF(payload->legal_refs)) {
        payload->legal_refs[payload->legal_refs_count++] = basis;
    }
}

static void request_decision(struct judgement *judgement, struct decision *decision,
                             const struct authority_request *request, enum audit_action action)
{
    const struct ground ground = request_ground(judgement, request);
    decision_open(judgement, decision, policies_at(judgement->court->policies, ground.act_at),
                  action, &ground, NULL);
    decision->audit.authority = (struct optional_int){(int32_t)request->authority, true};
    decision->payload.request_id = request->request_id;
    decision->payload.document_ref = request->document_ref;
    legal_ref_add(&decision->payload, request->legal_basis);
}

static void tell_authority(struct judgement *judgement, struct decision *decision,
                           const struct restriction_fact *row, enum authority_report_kind kind,
                           struct optional_long execute_by)
{
    const bool executed = kind != AUTHORITY_REPORT_KIND_NOT_EXECUTED;
    const struct authority_report record = {
        .event_id = id_numbered(judgement, decision->id_hex, decision->records++),
        .occurred_at = judgement->court->now_ms,
        .subject_kind = judgement->facts->subject_kind,
        .subject_id = judgement->facts->subject_id,
        .decision_id = decision->id_hex,
        .kind = kind,
        .authority = (enum authority)row->authority.value,
        .request_id = row->request_id,
        .category = row->category,
        .measure = {executed ? (int32_t)row->measure : 0, executed},
        .execute_by = execute_by,
        .executed_at = {.value = row->decided_at, .set = executed},
    };
    judgement->court->outbox->emit(judgement->court->outbox, &record_authority_report, &record);
}

/* Who answers for the subject: a room's present owner (I.28); data NULL: nobody is known. */
static struct bytes poster_of(const struct subject_state *facts, int64_t now_ms)
{
    switch (facts->subject_kind) {
    case SUBJECT_KIND_USER:
        return facts->subject_id;
    case SUBJECT_KIND_ROOM:
        return owner_at(facts, now_ms);
    case SUBJECT_KIND_OPEN_PROFILE:
    case SUBJECT_KIND_REPORTER:
        break;
    }
    return (struct bytes){0};
}

static void execute(struct judgement *judgement, const struct authority_request *request)
{
    struct decision decision;
    request_decision(judgement, &decision, request, AUDIT_ACTION_DECIDE);
    struct restriction_fact made = {
        .measure = MEASURE_AUTHORITY_ACTION,
        .target_kind = request->target_kind,
        .target_id = text_keep(judgement, request->content_ref),
        .area = request->area,
        .ledger = LEDGER_NONE,
        .scopes = request->scopes,
        .category = request->category,
        .expires_at = request->ends_at,
        .end_disclosed = true,
        .request_id = text_keep(judgement, request->request_id),
        .authority = {(int32_t)request->authority, true},
    };
    measure_apply(judgement, &decision, &made, NULL);
    tell_authority(judgement, &decision, &made, AUTHORITY_REPORT_KIND_EXECUTED,
                   request->execute_by);
    measure_tell(judgement, &decision, NOTICE_KIND_AUTHORITY_ACTION_POSTER,
                 poster_of(judgement->facts, judgement->court->decided_ms), &made);
}

static bool is_binding(const struct judgement *judgement, const struct authority_request *request)
{
    const struct policy_authority_basis *basis =
        find_basis(judgement->policy, request->legal_basis);
    return request->rank == AUTHORITY_RANK_BINDING &&
           (basis->binding & BIT(request->authority)) != 0;
}

static void order_forget(struct subject_state *facts, struct bytes request_id)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < facts->orders_count; i++) {
        if (!bytes_equal(facts->orders[i].request_id, request_id)) {
            facts->orders[kept++] = facts->orders[i];
        }
    }
    facts->orders_count = kept;
}

/* Nobody is there to execute it on: refused now, and its authority is told at the deadline (I.21). */
static void order_await(struct judgement *judgement, const struct authority_request *request,
                        const char *rule)
{
    struct subject_state *facts = judgement->facts;
    const int64_t now_ms = judgement->court->decided_ms;
    const int64_t due_ms = request->execute_by.set
                               ? request->execute_by.value
                               : now_ms + judgement->policy->authority_execution_ms;
    struct decision decision;
    request_decision(judgement, &decision, request, AUDIT_ACTION_REFUSE);
    decision.audit.rule = bytes_text(rule);
    decision_close(judgement, &decision);
    order_forget(facts, request->request_id);
    if (facts->orders_count == ORDERS_MAX) {
        facts->orders_count--;
        memmove(&facts->orders[0], &facts->orders[1],
                facts->orders_count * sizeof(facts->orders[0]));
    }
    facts->orders[facts->orders_count++] = (struct order_fact){
        .request_id = text_keep(judgement, request->request_id),
        .authority = request->authority,
        .category = request->category,
        .area = request->area,
        .execute_by = request->execute_by,
        .due_at = due_ms > now_ms ? due_ms : now_ms,
    };
}

int64_t orders_next_timer(const struct subject_state *facts)
{
    int64_t next = TIME_NEVER_MS;
    for (uint32_t i = 0; i < facts->orders_count; i++) {
        next = facts->orders[i].due_at < next ? facts->orders[i].due_at : next;
    }
    return next;
}

static void tell_not_executed(struct judgement *judgement, const struct order_fact *item)
{
    const struct ground ground = {
        .category = item->category,
        .severity = SEVERITY_NONE,
        .lane = LANE_AUTHORITY,
        .area = item->area,
        .ledger = LEDGER_NONE,
        .source_kind = SOURCE_KIND_AUTHORITY_ORDER,
        .automation = AUTOMATION_FULL,
        .act_at = judgement->court->decided_ms,
    };
    const struct restriction_fact row = {.request_id = item->request_id,
                                         .category = item->category,
                                         .authority = {(int32_t)item->authority, true}};
    struct decision decision;
    decision_open(judgement, &decision, judgement->policy, AUDIT_ACTION_OUTCOME, &ground, "i.21");
    decision.audit.authority = row.authority;
    decision.audit.outcome = (struct optional_int){OUTCOME_CLOSED, true};
    decision.payload.request_id = item->request_id;
    decision_close(judgement, &decision);
    tell_authority(judgement, &decision, &row, AUTHORITY_REPORT_KIND_NOT_EXECUTED,
                   item->execute_by);
}

void orders_fire(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->orders_count;) {
        const struct order_fact item = facts->orders[i];
        if (item.due_at > judgement->court->decided_ms) {
            i++;
            continue;
        }
        tell_not_executed(judgement, &item);
        order_forget(facts, item.request_id);
    }
}

void authority_judge_withdrawn(struct judgement *judgement,
                               const struct authority_request *request)
{
    judgement->actor = ACTOR_KIND_AUTHORITY;
    judgement->request_id = request->request_id;
    if (request->action == AUTHORITY_ACTION_KIND_ORDER && is_binding(judgement, request)) {
        order_await(judgement, request, "f3");
        return;
    }
    const struct ground ground = request_ground(judgement, request);
    if (request->action == AUTHORITY_ACTION_KIND_WITHDRAW) {
        order_forget(judgement->facts, request->request_id);
    }
    decision_refuse(judgement, judgement->policy, &ground, "f3");
}

/* An order repeated: what moved is published, and either way its authority hears that it is carried out. */
static void order_again(struct judgement *judgement, const struct authority_request *request,
                        struct restriction_fact *row)
{
    const struct ground ground = request_ground(judgement, request);
    const struct optional_long end = request->ends_at;
    const bool same_end = end.set == row->expires_at.set &&
                          (!end.set || end.value == row->expires_at.value);
    struct decision decision;
    if (same_end && request->scopes == row->scopes) {
        request_decision(judgement, &decision, request, AUDIT_ACTION_OUTCOME);
        decision_close(judgement, &decision);
    } else {
        measure_change(judgement, &decision, row, &ground, "i.21", end, request->scopes,
                       row->state);
    }
    tell_authority(judgement, &decision, row, AUTHORITY_REPORT_KIND_EXECUTED, request->execute_by);
}

static void order(struct judgement *judgement, const struct authority_request *request,
                  struct restriction_fact *row)
{
    const bool memorial = judgement->facts->account_state == ACCOUNT_STATE_MEMORIAL;
    if (!is_binding(judgement, request)) {
        struct decision decision;
        request_decision(judgement, &decision, request, AUDIT_ACTION_OUTCOME);
        decision_close(judgement, &decision);
        emit_decision_review(judgement, &decision, REVIEW_KIND_AUTHORITY_NOT_BINDING,
                             REVIEW_ACTION_OPEN, NO_CASE, (struct bytes){0}, (struct bytes){0});
    } else if (row != NULL) {
        order_again(judgement, request, row);
    } else if (memorial && request->target_kind != TARGET_KIND_CONTENT) {
        order_await(judgement, request, "s3.48"); /* only content measures are possible (F14) */
    } else {
        execute(judgement, request);
    }
}

static void end_order(struct judgement *judgement, const struct authority_request *request,
                      struct restriction_fact *row, enum end_reason reason, const char *rule)
{
    if (row != NULL) {
        restriction_end(judgement, row, reason, rule);
    } else {
        const struct ground ground = request_ground(judgement, request);
        decision_refuse(judgement, judgement->policy, &ground, "i.21");
    }
}

/* The poster hears of it if it was he who objected; a provider may, too. */
static void refuse_objection(struct judgement *judgement, const struct authority_request *request,
                             const struct restriction_fact *row)
{
    if (row == NULL) {
        const struct ground ground = request_ground(judgement, request);
        decision_refuse(judgement, judgement->policy, &ground, "i.21");
        return;
    }
    struct decision decision;
    request_decision(judgement, &decision, request, AUDIT_ACTION_APPEAL);
    decision.audit.outcome = (struct optional_int){OUTCOME_CONFIRMED, true};
    decision_close(judgement, &decision);
    const struct param params[] = {
        {PARAM_NAME_CASE, decision.id_hex},
        {PARAM_NAME_OUTCOME, bytes_text(enum_symbol(&enum_outcome, OUTCOME_CONFIRMED))},
    };
    if (row->objected && judgement->facts->subject_kind == SUBJECT_KIND_USER) {
        emit_person_notice(judgement, &decision, NOTICE_KIND_APPEAL_RESULT, NULL,
                           judgement->facts->subject_id, params, COUNT_OF(params));
    }
}

void authority_judge(struct judgement *judgement, const struct authority_request *request)
{
    struct restriction_fact *row = measure_find(judgement->facts, MEASURE_AUTHORITY_ACTION,
                                                (struct bytes){0}, request->request_id);
    judgement->actor = ACTOR_KIND_AUTHORITY;
    judgement->request_id = request->request_id;
    switch (request->action) {
    case AUTHORITY_ACTION_KIND_ORDER:
        order(judgement, request, row);
        break;
    case AUTHORITY_ACTION_KIND_REPORT:
        report_of_authority(judgement, request);
        break;
    case AUTHORITY_ACTION_KIND_WITHDRAW:
        order_forget(judgement->facts, request->request_id);
        end_order(judgement, request, row, END_REASON_AUTHORITY_WITHDRAWN, "authority-withdrawn");
        break;
    case AUTHORITY_ACTION_KIND_OBJECTION_ACCEPTED:
        end_order(judgement, request, row, END_REASON_OBJECTION, "objection-accepted");
        break;
    case AUTHORITY_ACTION_KIND_OBJECTION_REFUSED:
        refuse_objection(judgement, request, row);
        break;
    }
}

bool objection_forward(struct judgement *judgement, struct decision *decision,
                       const struct restriction_fact *row)
{
    if (judgement->court->decided_ms > row->starts_at + decision->policy->authority_objection_ms) {
        return false;
    }
    decision_close(judgement, decision);
    tell_authority(judgement, decision, row, AUTHORITY_REPORT_KIND_OBJECTION_FORWARDED,
                   (struct optional_long){0});
    return true;
}
