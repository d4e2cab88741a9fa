/* One judgement from inside: what its parts share. Private to policy.
 *
 * A judgement changes facts (cases, reports, violations), derives what should be in force, and
 * publishes the difference. A decision is one Audit record and at most one Restriction; ids come
 * from the trigger and a counter, so the same input makes the same bytes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef POLICY_JUDGE_INTERNAL_H
#define POLICY_JUDGE_INTERNAL_H

#include "base/assert.h"
#include "base/time.h"
#include "policy/judge.h"

#define ID_SIZE 16
#define ID_TEXT_SIZE 32
#define REFS_MAX 32   /* report ids and evidence references of one record */
#define CHECKS_MAX 12 /* thresholds of one judgement kept for its decisions */
#define PARAMS_MAX 16
#define NO_CASE (-1) /* case_number of a report whose wait is over, of a decision without a case */

/* Removes [place] from an inline list. */
#define LIST_REMOVE(list, count, place)                                                            \
    do {                                                                                           \
        (count)--;                                                                                 \
        memmove(&(list)[place], &(list)[(place) + 1], ((count) - (place)) * sizeof((list)[0]));    \
    } while (0)

/* Bounds of the lists in SubjectState.avsc. */
#define EVENT_IDS_MAX COUNT_OF(((struct subject_state *)NULL)->event_ids)
#define CASES_MAX COUNT_OF(((struct subject_state *)NULL)->cases)
#define REPORTS_MAX COUNT_OF(((struct subject_state *)NULL)->reports)
#define VIOLATIONS_MAX COUNT_OF(((struct subject_state *)NULL)->violations)
#define RESTRICTIONS_MAX COUNT_OF(((struct subject_state *)NULL)->restrictions)
#define REVIEWS_MAX COUNT_OF(((struct subject_state *)NULL)->reviews)
#define OUTCOMES_MAX COUNT_OF(((struct subject_state *)NULL)->outcomes)

struct decision;
struct ground;
struct restriction_change;

#define BIT(value) (UINT64_C(1) << (uint32_t)(value))

/* A large record that the lines below fill field by field: lists are as long as their count says,
 * so the build's clearing of every variable would cost more than the record. */
#define FILLED_BELOW __attribute__((uninitialized))

/* (now - window, now] (domain.md I.1). */
static inline bool within(int64_t at_ms, int64_t now_ms, int64_t window_ms)
{
    return at_ms > now_ms - window_ms && at_ms <= now_ms;
}

/* A comparison as it was made; most are never told, so it becomes a record only with its decision.
 */
struct threshold {
    const char *name;
    int64_t value;
    int64_t limit;
    bool passed;
};

struct judgement {
    struct court *court;
    struct subject_state *facts;
    const struct policy *policy; /* in force at court->decided_ms: clocks and caps */
    int64_t horizon_ms;          /* policies_horizon() */
    int32_t sequence;            /* ids made so far */
    enum actor_kind actor;
    bool timer;
    struct bytes reviewer_ref; /* of a verdict */
    struct bytes request_id;
    struct bytes proof_id; /* the subject's own, or another's that decides a case here */
    uint32_t checks_count; /* thresholds compared since the last decision */
    struct threshold checks[CHECKS_MAX];
};

/* identity.c: ids, and the lists a subject's row is made of. */

/* The next id of this judgement, 16 bytes in the arena. */
struct bytes id_next(struct judgement *judgement, const struct policy *policy);
/* 32 hex digits in the arena. */
struct bytes id_text(struct judgement *judgement, struct bytes id);
/* `text`, a dot and a number, in the arena. */
struct bytes id_numbered(struct judgement *judgement, struct bytes text, int64_t number);
/* An id as 16 bytes in `out`; false if the text is no such id. */
bool id_parse(struct bytes text, uint8_t out[ID_SIZE]);
/* A number as text in the arena. */
struct bytes text_number(struct judgement *judgement, int64_t value);
/* Nullable strings, copied into one piece of the arena. */
void texts_keep(struct judgement *judgement, struct bytes *const *texts, size_t count);
struct bytes text_keep(struct judgement *judgement, struct bytes value);
/* True the second time a record of this id comes inside the horizon; else remembers it. */
bool event_seen(struct judgement *judgement, struct bytes event_id);
void check_add(struct judgement *judgement, const char *name, int64_t value, int64_t limit,
               bool passed);
/* Drops what nothing can need any more; see facts.c for what that is. */
void facts_prune(struct judgement *judgement);
/* When all that goes by time alone may go; TIME_NEVER_MS: nothing does. */
int64_t facts_purge_at(const struct policies *policies, const struct subject_state *facts);
struct case_fact *case_find(struct subject_state *facts, int32_t number);
void case_remove(struct subject_state *facts, struct case_fact *item);
struct violation_fact *violation_find(struct subject_state *facts, int32_t number);
/* Puts it behind all decided at or before its time; the place it got. */
struct violation_fact *violation_insert(struct subject_state *facts,
                                        const struct violation_fact *violation);
void violation_drop(struct subject_state *facts, struct violation_fact *violation);
struct restriction_fact *restriction_of(struct subject_state *facts, int32_t case_number,
                                        enum measure measure);
void restriction_drop(struct subject_state *facts, struct restriction_fact *restriction);
/* A restriction has ended: one that rests on no case is kept apart while it may be appealed. */
void ended_keep(struct subject_state *facts, const struct restriction_fact *restriction);
/* Whether somebody appeals against the case, violation or measure of this number. */
bool is_appealed(const struct subject_state *facts, int32_t number);

/* admit.c: may a report be looked at, and as what. */

enum admission_route {
    ROUTE_CASE,         /* joins a case */
    ROUTE_FORWARD,      /* another policy's */
    ROUTE_UNKNOWN_AREA, /* a person says which area */
    ROUTE_INADMISSIBLE,
};

struct admission {
    const struct policy *policy; /* in force at the act */
    enum admission_route route;
    const char *rule; /* why it is inadmissible */
    enum category category;
    int32_t score;
    enum area_class class;
    enum ledger ledger;
    bool asks;    /* asks a person whatever the thresholds say */
    bool human;   /* leaves the whole case to a person */
    bool no_hold; /* the case is never held */
    bool silent;  /* no threshold counts it */
    bool raises;  /* LIGHT becomes SEVERE */
    bool consent_withdrawn; /* so it does in a case of SPAM_* */
    bool request; /* counts, but names no act */
};

/* Categories that only the engine finds: nobody can report one. */
bool engine_only(enum category category);
/* False: a field that no report may have (BAD_FIELD). */
bool report_is_sound(const struct judgement *judgement, const struct report *report);
void report_admit(const struct judgement *judgement, const struct report *report,
                  struct admission *admission_out);
enum ledger ledger_of(const struct policy *policy, enum subject_kind kind, enum area area);
static inline const struct policy_evidence *evidence_of(const struct policy *policy,
                                                        enum area_class class)
{
    ASSERT(class < AREA_CLASS_COUNT);
    /* Without a class the stricter one is looked at; nothing is decided by it. */
    return &policy->evidence[class == AREA_CLASS_NONE ? AREA_CLASS_PUBLIC : class];
}

/* reports.c */

/* A REPORT of an authority joins a case as an institution's. */
void report_of_authority(struct judgement *judgement, const struct authority_request *request);
/* Whether the reporter of a report counts toward its case from here on (domain.md I.9). */
bool reporter_counts(const struct judgement *judgement, const struct policy *policy,
                     const struct report_fact *report);

enum judge_result report_judge(struct judgement *judgement, const struct report *report,
                               enum dead_reason *reason_out);

/* thresholds.c */

/* Confirms, holds or asks as its newest report makes it. */
void case_evaluate(struct judgement *judgement, struct case_fact *item,
                   const struct admission *admission);

/* accumulate.c */

/* REPORT_ACCUMULATION, if the newest report completes it. */
void accumulation_evaluate(struct judgement *judgement, const struct admission *admission,
                           enum area area);

/* cases.c */

/* The open case that a report joins; NULL: none. */
struct case_fact *case_find_open(struct subject_state *facts, const struct admission *admission);
/* Opens a case with a new number; NULL if the row holds too many. */
struct case_fact *case_open(struct judgement *judgement, const struct policy *policy,
                            enum category category, enum area area, enum ledger ledger);
/* Opens or updates the review of a case. */
void case_ask(struct judgement *judgement, struct case_fact *item, enum review_kind kind);
/* Closes its review, if one is open. */
void case_close_review(struct judgement *judgement, struct case_fact *item);
/* The wait of some of its reports, or of all, is over: NOT_ESTABLISHED. */
void case_lapse(struct judgement *judgement, struct case_fact *item);
/* When a case that nobody looks at lapses; TIME_NEVER_MS: it does not. */
int64_t case_lapses_at(const struct policies *policies, const struct subject_state *facts,
                       const struct case_fact *item);

/* Counts reporters and the best score anew, after reports came or went. */
void case_recount(struct judgement *judgement, struct case_fact *item);
/* A case again as if it had not been decided, for a new verdict. */
void case_reopen(struct case_fact *item);

/* confirm.c: from a case to a violation. */

struct finding {
    const struct verdict *verdict; /* NULL: the thresholds were met */
    enum automation automation;
    bool released; /* the breaker held it and a person lets it go */
};

/* What a case that waited in vain did not reach, as thresholds compared. */
void lapse_checks(struct judgement *judgement, const struct case_fact *item,
                  const struct policy *policy);
void case_confirm(struct judgement *judgement, struct case_fact *item,
                  const struct finding *finding);
/* Ends a case without a violation. */
void case_dismiss(struct judgement *judgement, struct case_fact *item, enum outcome outcome,
                  const char *rule);
void case_hold(struct judgement *judgement, struct case_fact *item, bool released);
/* Takes a fact away and everything that rests on it. `reason` is that of the REVERSE record. */
void violation_reverse(struct judgement *judgement, struct violation_fact *violation,
                       enum end_reason reason, const char *rule);

/* A measure in force that rests on no violation. */
void restriction_reverse(struct judgement *judgement, struct restriction_fact *restriction,
                         enum end_reason reason, const char *rule);
/* The same of one that has ended, and of the hold of a case that has. */
void ended_reverse(struct judgement *judgement, struct restriction_fact *ended,
                   enum end_reason reason, const char *rule);
void hold_reverse(struct judgement *judgement, const struct case_fact *item,
                  enum end_reason reason, const char *rule);

/* verdict.c */

enum judge_result verdict_judge(struct judgement *judgement, const struct verdict *verdict,
                                enum dead_reason *reason_out);

struct ground verdict_ground(const struct judgement *judgement, const struct verdict *verdict);
/* Category, area, severity and time as the reviewer found them replace those of the case. */
void case_adopt(const struct judgement *judgement, struct case_fact *item,
                const struct verdict *verdict);

/* liability.c */

struct bytes owner_at(const struct subject_state *facts, int64_t at_ms);
/* The user of a profile: the author whom the earliest report of the case names; data NULL: none does. */
struct bytes profile_user(const struct subject_state *facts, int32_t case_number);
/* Whether the reports of the case name two users of the profile: then a person decides (domain.md I.14). */
bool profile_user_disputed(const struct subject_state *facts, int32_t case_number);
void role_add(struct judgement *judgement, const struct chat_event *event);
/* Signals to whom a new violation also concerns, and to whom it no longer does. */
void liability_spread(struct judgement *judgement, struct decision *decision,
                      struct violation_fact *violation);
void liability_remove(struct judgement *judgement, struct decision *decision,
                      const struct violation_fact *violation);
/* ROOM_VIOLATION, OWNER_LIABILITY; and both _REMOVED. */
void liability_arrive(struct judgement *judgement, const struct signal *signal);
void liability_leave(struct judgement *judgement, const struct signal *signal);

/* behaviour.c */

/* An event of an acting USER. */
void behaviour_judge(struct judgement *judgement, const struct chat_event *event);
/* Events that may start or extend a protection: FRIEND_ADD, JOIN, ROOM_CREATED. */
void trip_count(struct judgement *judgement, enum chat_event_kind kind, int32_t count,
                enum area area);
/* A report was admitted: enough of them extend a running protection. */
void protection_reported(struct judgement *judgement);
/* His identity is proved: the protection ends soon. False: none runs, or it ends sooner. */
bool protection_relax(struct judgement *judgement);
/* Distinct targets in the window that a burst category counts. */
int32_t burst_targets(const struct judgement *judgement, const struct policy *policy,
                      enum category category, enum area_class class);
/* Whether an event completes a reported burst (thresholds.c). */
void burst_evaluate(struct judgement *judgement, enum category category);

/* measures.c */

/* A measure in force by target or request (data NULL: any); NULL: none. */
struct restriction_fact *measure_find(struct subject_state *facts, enum measure measure,
                                      struct bytes target_id, struct bytes request_id);
/* Fills ids and times of `made`, puts it in force and closes the decision; no notice. */
void measure_apply(struct judgement *judgement, struct decision *decision,
                   struct restriction_fact *made, struct restriction_fact *superseded);
/* A notice of the measure's own kind; to nobody if the addressee is not known or dead. */
void measure_tell(struct judgement *judgement, struct decision *decision, enum notice_kind kind,
                  struct bytes addressee, const struct restriction_fact *measure);
void measure_change(struct judgement *judgement, struct decision *decision,
                    struct restriction_fact *row, const struct ground *ground, const char *rule,
                    struct optional_long end, scope_set scopes, enum decision_state state);
void content_measure(struct judgement *judgement, const struct verdict *verdict);

/* claims.c */

/* False: a time or category that no claim may have (BAD_FIELD). */
bool claim_is_sound(const struct judgement *judgement, const struct rights_claim *claim);
void claim_judge(struct judgement *judgement, const struct rights_claim *claim);
bool claim_end(struct judgement *judgement, struct restriction_fact *row);
void minor_judge(struct judgement *judgement, const struct minor_protection_request *request);

/* authority.c */

/* False: a legal basis that the policy does not know, an act to come, or a report of what nobody can
 * report (BAD_FIELD). */
bool authority_is_sound(const struct judgement *judgement, const struct authority_request *request);
void authority_judge(struct judgement *judgement, const struct authority_request *request);
/* The same about a subject that is gone. */
void authority_judge_withdrawn(struct judgement *judgement,
                               const struct authority_request *request);
/* Tells the authorities of orders that were not executed in time, and when the next one is due. */
void orders_fire(struct judgement *judgement);
int64_t orders_next_timer(const struct subject_state *facts);
/* Closes `decision` and forwards an objection that is in time; false: it is late, nothing done. */
bool objection_forward(struct judgement *judgement, struct decision *decision,
                       const struct restriction_fact *row);

/* accounts.c */

/* False: a withdrawal without consent to the erasure (BAD_FIELD). */
bool account_is_sound(const struct account_change *change);
void account_judge(struct judgement *judgement, const struct account_change *change);
/* A change that changes nothing: Audit REFUSE. */
void account_refuse(struct judgement *judgement, const char *rule);

/* Ends every open case as CLOSED and every review. */
void cases_close(struct judgement *judgement, const char *rule);

/* withdrawal.c */

void withdraw(struct judgement *judgement, struct bytes tag);
/* Nothing of the subject stays but that he withdrew; his audit key is destroyed. */
void erase(struct judgement *judgement);
void reporter_erase(struct judgement *judgement);
void rejoin_check(struct judgement *judgement, struct bytes tag);
/* The decision was reversed after the withdrawal: what of it was stored for a return is taken back.
 */
void tombstones_forget(struct judgement *judgement, struct bytes id);
/* The subject USER:rj.<tag>. */
void tombstone_store(struct judgement *judgement, const struct signal *signal);
void tombstones_answer(struct judgement *judgement, const struct signal *check);
void tombstones_prune(struct judgement *judgement);
void rejoin_apply(struct judgement *judgement, const struct signal *signal);

/* gather.c */

/* SPAM_REPEAT_MULTIROOM, if the newest report completes a cluster. */
void cluster_evaluate(struct judgement *judgement, const struct admission *admission,
                      enum area area);
/* ROOM_MULTI_REQUEST, if the newest report completes it, or a person is asked. */
void room_requests_evaluate(struct judgement *judgement);
/* The reports that a person's CONFIRM of ROOM_MULTI_REQUEST decides. */
void room_requests_take(struct judgement *judgement, int32_t case_number);

/* marks.c */

void mark_arrive(struct judgement *judgement, const struct signal *signal);
void mark_leave(struct judgement *judgement, const struct signal *signal);
void marks_prune(struct judgement *judgement);

/* proofs.c */

/* Drops proofs and reports that have waited `wait_ms`. */
void proofs_prune(struct judgement *judgement, int64_t wait_ms);
void proof_judge(struct judgement *judgement, const struct identity_proof *proof);
void proof_needed(struct judgement *judgement, const struct signal *signal);
void proof_accepted(struct judgement *judgement, const struct signal *signal);

/* appeals.c */

void appeal_judge(struct judgement *judgement, const struct appeal *appeal);
void appeal_decide(struct judgement *judgement, const struct verdict *verdict);
/* The subject goes: open appeals end undecided. */
void appeals_close(struct judgement *judgement);

/* disputes.c, inquiries.c */

void dispute_judge(struct judgement *judgement, const struct dispute *dispute);
void inquiry_judge(struct judgement *judgement, const struct inquiry *inquiry);
/* THIRD_PARTY_REFUSED and nothing else. */
void third_party_refuse(struct judgement *judgement, struct bytes inquirer_id);
void harm_judge(struct judgement *judgement, const struct harm_report *harm);

/* targets.c: what a decision id of this subject stands for. */

struct target {
    int32_t number; /* of its case or violation */
    int64_t decided_ms;
    bool violation;  /* a violation of this number is kept */
    bool hold; /* a measure that rests on no violation, in force or not: then `id` is its first */
    bool outcome;    /* the outcome of a decided case */
    struct bytes id; /* 16 bytes in the arena */
};

/* False: no decision that is kept has this id. */
bool target_find(struct judgement *judgement, struct bytes decision_id, struct bytes case_id,
                 struct target *target_out);
/* The measure of this number, in force or ended; NULL: none is kept. */
const struct restriction_fact *measure_numbered(const struct subject_state *facts, int32_t number);
/* Opens the decision of an appeal or dispute about it. */
void target_decision(struct judgement *judgement, struct decision *decision,
                     const struct target *target, const char *rule);
/* What was decided is no fact any more (I.16). */
void target_reverse(struct judgement *judgement, const struct target *target,
                    enum end_reason reason, const char *rule);

/* derive.c: facts -> what should be in force. */

struct step {
    const struct policy_step *row; /* NULL: an accumulation */
    enum measure measure;
    scope_set scopes;
    int32_t stage;
    int64_t end_ms; /* TIME_NEVER_MS: no end */
    bool restricts; /* false: WARNING */
};

struct ladder_state {
    int32_t current; /* place of the violation whose step is in force now, -1: none */
    struct step steps[VIOLATIONS_MAX]; /* [place of a violation], of this ledger only */
};

void ladder_derive(const struct policies *policies, const struct subject_state *facts,
                   enum ledger ledger, int64_t now_ms, struct ladder_state *ladder_out);
/* Sum of the weights that count at `now_ms`. */
int32_t ladder_weight(const struct subject_state *facts, enum ledger ledger, int64_t now_ms);
const struct policy *policy_version(const struct policies *policies, int32_t version,
                                    int64_t act_at_ms);
/* How long any version may look back at events and reports: what is older may go. */
int64_t policies_horizon(const struct policies *policies);
/* The same for an institution's report about a room (I.14). */
int64_t policies_request_window(const struct policies *policies);
/* The same for proofs and reports that wait for one. */
int64_t policies_proof_wait(const struct policies *policies);
bool peer_shown(const struct subject_state *facts);

/* diff.c: what should be in force against what was published. */

/* Publishes the differences on every ledger, each as its own decision. `comeback`: a running step
 * was just reversed, so the one it superseded may come back on that ledger (LEDGER_NONE: on none).
 */
void ladders_settle(struct judgement *judgement, enum ledger comeback);
/* Puts the step of a violation in force (`step` NULL: its ban): closes `decision` and emits all of
 * it. */
void violation_apply(struct judgement *judgement, struct decision *decision,
                     struct violation_fact *violation, const struct step *step);
/* A strike that restricts nothing now: closes `decision`, tells of a WARNING. */
void violation_quiet(struct judgement *judgement, struct decision *decision,
                     struct violation_fact *violation, const struct step *step);
/* The published stage of a ledger: that of its newest strike but `except` (NULL: of all). */
int32_t ledger_stage(const struct subject_state *facts, enum ledger ledger,
                     const struct violation_fact *except);
struct ground violation_ground(const struct violation_fact *violation);
/* What a restriction in force is about. */
struct ground restriction_ground(const struct judgement *judgement,
                                 const struct restriction_fact *row);
enum target_kind subject_target(const struct subject_state *facts);
/* The area that a restriction of the violation names. */
enum area violation_area(const struct subject_state *facts, const struct violation_fact *violation);
/* Appends a row to the restrictions in force; NULL at the cap. */
struct restriction_fact *restriction_add(struct judgement *judgement,
                                         const struct restriction_fact *restriction);
/* Closes the decision and emits restriction, standing and notice. */
void restriction_publish(struct judgement *judgement, struct decision *decision,
                         const struct restriction_fact *restriction,
                         const struct restriction_change *change, enum notice_kind notice,
                         bool noticed);
/* Ends a restriction in force by its own decision. */
void restriction_end(struct judgement *judgement, struct restriction_fact *restriction,
                     enum end_reason reason, const char *rule);

/* emit.c: records. */

struct decision {
    const struct policy *policy;
    struct bytes id;       /* 16 bytes */
    struct bytes id_hex;   /* 32 digits */
    struct bytes case_hex; /* of the case it is about; data NULL: its own id */
    struct bytes prior_id; /* 16 bytes: the decision it changes or answers; data NULL: none */
    struct bytes content_ref; /* what it is about; data NULL: no single message or post */
    int64_t records;       /* event ids handed out */
    struct audit audit;
    struct audit_payload payload;
};

/* What a decision is about. */
struct ground {
    enum category category;
    enum severity severity;
    enum lane lane;
    enum area area;
    enum ledger ledger;
    enum source_kind source_kind;
    enum automation automation;
    int64_t act_at;
};

void decision_open(struct judgement *judgement, struct decision *decision,
                   const struct policy *policy, enum audit_action action,
                   const struct ground *ground, const char *rule);
/* What a report says of an act of commerce (rules 33, 44): facts that raise nothing. */
void decision_commerce(struct decision *decision, enum act_kind act_kind, enum tri ad_label);
/* Report ids and evidence of a case into the payload, and what its first report that knows says. */
void decision_reports(struct judgement *judgement, struct decision *decision, int32_t case_number);
/* The strikes of a ledger as facts, counted or not at the decision. */
void decision_strikes(struct judgement *judgement, struct decision *decision, enum ledger ledger);
/* Hands audit and payload out; records of the decision come after it. */
void decision_close(struct judgement *judgement, struct decision *decision);
/* A decision that changes nothing: Audit REFUSE. */
void decision_refuse(struct judgement *judgement, const struct policy *policy,
                     const struct ground *ground, const char *rule);

struct restriction_change {
    enum restriction_op op;
    struct bytes prior_decision_id; /* 16 bytes, data NULL: none */
    struct bytes supersedes;
    bool ends; /* end_reason is filled */
    enum end_reason end_reason;
};

void emit_restriction(struct judgement *judgement, struct decision *decision,
                      const struct restriction_fact *restriction,
                      const struct restriction_change *change);
/* Standing and, for a USER, PeerDisplay if it changes. */
void emit_standing(struct judgement *judgement, struct decision *decision);
/* The end of a USER's PeerDisplay for good: a record without decision_id stands for a null value.
 */
void emit_peer_tombstone(struct judgement *judgement, struct decision *decision);
/* Id of the page where appeals are made; the notification service makes a link of it. */
#define APPEAL_PAGE "appeal"

/* A RESTRICTION_* notice about a restriction (or a WARNING) to whom it concerns. */
void emit_restriction_notice(struct judgement *judgement, struct decision *decision,
                             enum notice_kind kind, const struct restriction_fact *restriction);
/* REPORT_RECEIPT under the id of a case or decision. */
void emit_receipt(struct judgement *judgement, struct bytes id_hex, int64_t number,
                  struct bytes reporter_id);
/* The outcome of a report: Signal to its reporter's record, and once a notice to him. */
void emit_outcome(struct judgement *judgement, struct decision *decision,
                  struct report_fact *report, enum outcome outcome, bool notice);
/* The same for a report that is not kept. */
void emit_outcome_signal(struct judgement *judgement, struct bytes event_id,
                         const struct report *report, enum category category, enum outcome outcome);
void emit_reporter_notice(struct judgement *judgement, struct decision *decision,
                          enum notice_kind kind, struct bytes reporter_id, enum outcome outcome);
/* PUBLIC_MARK: anybody may know that content is hidden for now. */
void emit_public_mark(struct judgement *judgement, struct decision *decision,
                      const struct restriction_fact *measure);
/* A notice of the kinds about content, appeals, disputes, inquiries and incidents; `template` NULL:
 * that of the kind. */
void emit_person_notice(struct judgement *judgement, struct decision *decision,
                        enum notice_kind kind, const char *template, struct bytes addressee,
                        const struct param *params, uint32_t param_count);
/* The standing restriction told again: RESTRICTION_APPLIED with template `statement`; NULL: none.
 */
void emit_statement(struct judgement *judgement, struct decision *decision,
                    const struct restriction_fact *restriction);
void emit_authority_report(struct judgement *judgement, struct decision *decision);
void emit_proof_request(struct judgement *judgement, struct bytes id_hex, int64_t number,
                        struct bytes person);
/* To the person who proves; `template` NULL: that of the kind. */
void emit_proof_notice(struct judgement *judgement, struct decision *decision,
                       enum notice_kind kind, const char *template);
void emit_tip(struct judgement *judgement, struct decision *decision);

/* review.c */

void emit_case_review(struct judgement *judgement, struct case_fact *item,
                      enum review_action action, enum review_kind kind);
/* A review of one decision, named by a decision of its own: APPEAL, INQUIRY. */
void emit_decision_review(struct judgement *judgement, struct decision *decision,
                          enum review_kind kind, enum review_action action, int32_t case_number,
                          struct bytes target_id, struct bytes excluded_reviewer_ref);
/* A review that belongs to a ladder or a held decision: OPEN, or UPDATE if it is open. */
void review_open(struct judgement *judgement, struct decision *decision, enum review_kind kind,
                 const struct violation_fact *violation);
void review_open_held(struct judgement *judgement, struct decision *decision,
                      struct case_fact *item);
void review_close(struct judgement *judgement, struct review_fact *review);
struct review_fact *review_find(struct subject_state *facts, enum review_kind kind,
                                int32_t case_number);

/* shadow.c */

/* Tells what `shadow` would decide about the record; `facts` stay as they are. */
void shadow_judge(const struct court *court, const struct subject_state *facts,
                  const struct policy *shadow, const struct record_type *type, const void *record);

/* timers.c */

void timers_fire(struct judgement *judgement);

/* breaker.c */

/* Whether one more APPLY of the category is over the cap in this hour. */
bool breaker_is_open(const struct judgement *judgement, enum category category,
                     enum measure measure, scope_set scopes);
void breaker_count(struct judgement *judgement, enum category category, enum measure measure,
                   scope_set scopes);

/* reporter.c */

/* GROUNDLESS and decided reports that count now. */
/* What both limits of an abusive reporter were compared with. */
void abuse_checks(struct judgement *judgement);
void reporter_count(const struct judgement *judgement, int32_t *groundless_out,
                    int32_t *decided_out);
enum reporter_class reporter_class_now(const struct judgement *judgement);
void reporter_outcome(struct judgement *judgement, const struct signal *signal);
/* Publishes a class that time has changed. */
void reporter_refresh(struct judgement *judgement);
/* Drops outcomes that have left the window. */
void reporter_prune(struct judgement *judgement);
int64_t reporter_next_timer(const struct policies *policies, const struct subject_state *facts);

#endif
