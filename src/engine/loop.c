/* Order and pace: which record or timer is next, when to commit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/loop.h"

#include "base/assert.h"
#include "base/time.h"
#include "engine/log.h"

#include <time.h>

enum { POLL_MAX = 4096, IDLE_MS = 50 };

/* While a batch is full and the one before it still on its way, one record is polled so often: the group
 * wants to hear of us (max.poll.interval.ms), and the queues hardly grow. */
enum { STALL_MS = 1000 };
/* How soon a commit that is over is noticed when the next batch waits for it. */
enum { LANDING_MS = 2 };

void loop_sleep(const atomic_bool *stop, int64_t ms)
{
    const int64_t until = clock_monotonic_ms() + ms;
    while (!atomic_load(stop) && clock_monotonic_ms() < until) {
        nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    }
}

/* What the causal loop does next. */
struct choice {
    struct task *task; /* NULL: nothing */
    uint32_t source;
    uint32_t barrier;
    int64_t time_ms;
};

static bool goes_first(const struct choice *left, const struct choice *right)
{
    if (right->task == NULL) {
        return true;
    }
    if (left->barrier != right->barrier) {
        return left->barrier < right->barrier;
    }
    if (left->time_ms != right->time_ms) {
        return left->time_ms < right->time_ms;
    }
    if (left->task->member != right->task->member) {
        return false; /* members are visited in the order of the topologies */
    }
    return left->source != right->source ? left->source < right->source
                                         : left->task->partition < right->task->partition;
}

static struct choice next_record(struct member **members, size_t count)
{
    struct choice best = {0};
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < members[i]->task_count; j++) {
            struct choice choice = {.task = members[i]->tasks[j]};
            if (!task_head_source(choice.task, &choice.source)) {
                continue;
            }
            const struct stream_record *record =
                queue_first(&choice.task->queues[choice.source]);
            choice.barrier = record->barrier;
            choice.time_ms = record_time(record);
            if (goes_first(&choice, &best)) {
                best = choice;
            }
        }
    }
    return best;
}

/* The earliest timer of all tasks that is due by `time_ms`; ties: by key. */
static enum status next_timer(struct member **members, size_t count, int64_t time_ms,
                              struct task **task_out, struct timer *timer_out, struct error *error)
{
    *task_out = NULL;
    for (size_t i = 0; i < count; i++) {
        if (members[i]->topology->step->timer == NULL) {
            continue;
        }
        for (size_t j = 0; j < members[i]->task_count; j++) {
            struct timer timer = {0};
            bool found = false;
            TRY(timers_first(members[i]->tasks[j]->timers, &timer, &found, error));
            if (found && timer.due_ms <= time_ms &&
                (*task_out == NULL || timer.due_ms < timer_out->due_ms ||
                 (timer.due_ms == timer_out->due_ms &&
                  bytes_compare(timer.key, timer_out->key) < 0))) {
                *task_out = members[i]->tasks[j];
                *timer_out = timer;
            }
        }
    }
    return STATUS_OK;
}

static enum status poll_all(struct member **members, size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        size_t polled = 0;
        do {
            TRY(member_poll(members[i], 0, POLL_MAX, &polled, error));
        } while (polled == POLL_MAX);
    }
    return STATUS_OK;
}

/* Judges the next record or fires the timer before it. *done_out false: nothing is there. */
static enum status causal_step(struct member **members, size_t count, bool *done_out,
                               struct error *error)
{
    const struct choice choice = next_record(members, count);
    *done_out = choice.task != NULL;
    if (choice.task == NULL) {
        return STATUS_OK;
    }
    struct task *timed = NULL;
    struct timer timer = {0};
    TRY(next_timer(members, count, choice.time_ms, &timed, &timer, error));
    struct member *member = timed != NULL ? timed->member : choice.task->member;
    if (timed != NULL) {
        timed->barrier = queue_first(&choice.task->queues[choice.source])->barrier;
        TRY(task_fire(timed, &timer, error));
    } else {
        TRY(task_judge(choice.task, choice.source, error));
    }
    return member_commit(member, error);
}

static enum status causal_idle(const struct engine_options *options, struct member **members,
                               size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        TRY(member_tick(members[i], error));
        TRY(member_commit(members[i], error));
    }
    loop_sleep(options->stop, IDLE_MS);
    return STATUS_OK;
}

enum status loop_causal(const struct engine_options *options, struct member **members, size_t count,
                        struct error *error)
{
    int64_t shown_at = clock_monotonic_ms();
    int64_t maintained_at = shown_at;
    int64_t steps = 0;
    while (!atomic_load(options->stop)) {
        TRY(poll_all(members, count, error));
        bool done = false;
        TRY(causal_step(members, count, &done, error));
        if (!done && options->drain) {
            return STATUS_OK;
        }
        if (!done) {
            TRY(causal_idle(options, members, count, error));
        }
        const int64_t now = clock_monotonic_ms();
        if (now - maintained_at >= 100) {
            maintained_at = now;
            for (size_t i = 0; i < count; i++) {
                TRY(member_maintain(members[i], error));
                TRY(member_commit(members[i], error));
            }
        }
        steps += done;
        if (done && now - shown_at >= 5 * SECOND_MS) {
            shown_at = now;
            log_line(LOG_INFO, "progress", "records=%lld", (long long)steps);
        }
    }
    return STATUS_OK;
}

/* Whether the transaction should not grow further. The rows that wait in the task's overlay are produced
 * at the commit and count too (E1: the overlay keeps to its cap). */
static bool is_full(const struct member *member, const struct task *task)
{
    return member->batch.inputs >= member->config->commit_records_max ||
           member->batch.outputs.bytes + state_dirty_bytes(task->state) >=
               (size_t)member->memory.plan.batch;
}

static int64_t age_ms(const struct member *member)
{
    return clock_monotonic_ms() - member->batch.begun_at_ms;
}

/* While it is behind its input nobody waits for the batch in hand, and one large transaction is cheaper than many:
 * a row that changes twice in it is written once. */
enum { BEHIND_MS = 1000 };

static int64_t interval_ms(const struct member *member)
{
    return member->config->commit_interval_ms + (member->behind ? BEHIND_MS : 0);
}

static bool is_due(const struct member *member, const struct task *task)
{
    return member->batch.open &&
           (is_full(member, task) || age_ms(member) >= interval_ms(member));
}

/* Starts a commit if none is under way, else only takes note of one that is over: its end may have
 * dropped the batch. */
static enum status commit_or_look(struct member *member, struct error *error)
{
    TRY(member_commit_wait(member, 0, error));
    return member->batch.open && !member_committing(member) ? member_commit_start(member, error)
                                                            : STATUS_OK;
}

/* So many records are judged between looks at the clock, the commit under way and memory, which together cost
 * as much as a small record. */
enum { LOOK_RECORDS = 32 };

/* Whether judging may go on: the batch has room and memory too. */
static enum status look(struct member *member, const struct task *task, bool *room_out,
                        struct error *error)
{
    if (is_due(member, task)) {
        TRY(commit_or_look(member, error));
    }
    memory_look(member);
    *room_out = !member->memory.over && !is_full(member, task);
    return STATUS_OK;
}

/* What was polled, task by task, until all is judged, or the batch is full and cannot leave yet, or memory
 * is full. */
static enum status judge_polled(struct member *member, struct error *error)
{
    unsigned judged = 0;
    for (size_t i = 0; i < member->task_count; i++) {
        struct task *task = member->tasks[i];
        uint32_t source = 0;
        while (task_head_source(task, &source)) {
            if (is_full(member, task) || ++judged % LOOK_RECORDS == 0) {
                bool room = false;
                TRY(look(member, task, &room, error));
                if (!room) {
                    return STATUS_OK;
                }
                if (!task_head_source(task, &source)) {
                    break; /* an abort emptied the queues */
                }
            }
            TRY(task_judge(task, source, error));
        }
    }
    return STATUS_OK;
}

static enum status commit_if_due(struct member *member, struct error *error)
{
    const bool early = member->memory.over;
    if (member->batch.open && (early || age_ms(member) >= interval_ms(member))) {
        return commit_or_look(member, error);
    }
    return member_commit_wait(member, 0, error);
}

enum { WAIT_RESTORING_MS = 2 };

static int wait_ms(const struct member *member)
{
    if (restores_awaited(member->restores) > 0 || restores_hungry(member->restores)) {
        return member->task_count == 0 || restores_hungry(member->restores) ? 0 : WAIT_RESTORING_MS;
    }
    if (!member->batch.open) {
        return IDLE_MS;
    }
    const int64_t left = interval_ms(member) - age_ms(member);
    if (left <= 0) {
        return member_committing(member) ? LANDING_MS : 0;
    }
    return left < IDLE_MS ? (int)left : IDLE_MS;
}

static bool has_queued(const struct member *member)
{
    uint32_t source = 0;
    for (size_t i = 0; i < member->task_count; i++) {
        if (task_head_source(member->tasks[i], &source)) {
            return true;
        }
    }
    return false;
}

/* Takes what came. Where the last turn could not judge it all, waits for the commit instead, with signs of
 * life. What is polled is merged by time, so after a rebalance that emptied batch and queues, and after memory
 * was full, nothing is judged before all that is there was taken. */
static enum status take_in(struct member *member, size_t *polled_out, struct error *error)
{
    const bool little = member->took_little;
    member->took_little = false;
    if (little || !has_queued(member)) {
        TRY(member_poll(member, little ? 0 : wait_ms(member), POLL_MAX, polled_out, error));
        member->behind = *polled_out == POLL_MAX;
        return STATUS_OK;
    }
    TRY(member_commit_wait(member, STALL_MS, error));
    if (!member_committing(member)) {
        return STATUS_OK;
    }
    TRY(member_poll(member, 0, 1, polled_out, error));
    return member->batch.open ? STATUS_OK : member_poll(member, 0, POLL_MAX, polled_out, error);
}

/* While memory is full a record is taken now and then, so that the group hears of us and we of it. */
enum { FULL_POLL_MS = 100, FULL_PAUSE_MS = 2 };

static enum status take_little(struct member *member, size_t *polled_out, struct error *error)
{
    const int64_t now = clock_monotonic_ms();
    if (now - member->full_polled_at_ms < FULL_POLL_MS) {
        *polled_out = 1; /* as good as: there is work */
        nanosleep(&(struct timespec){.tv_nsec = FULL_PAUSE_MS * 1000 * 1000}, NULL);
        return STATUS_OK;
    }
    member->full_polled_at_ms = now;
    member->took_little = true;
    return member_poll(member, 0, 1, polled_out, error);
}

/* One turn; STATUS_ABORT from anywhere inside takes the abort path. */
static enum status live_turn(struct member *member, struct error *error)
{
    if (!member_committing(member)) {
        engine_beat(member->options);
    }
    size_t polled = 0;
    memory_look(member);
    TRY(memory_check(member, error));
    TRY(member->memory.over ? take_little(member, &polled, error)
                            : take_in(member, &polled, error));
    if (!member->memory.over) {
        TRY(judge_polled(member, error));
    }
    TRY(member_restore(member, error));
    if (polled == 0) {
        TRY(member_tick(member, error));
    }
    TRY(member_maintain(member, error));
    return commit_if_due(member, error);
}

enum status loop_live(const struct engine_options *options, struct member *member,
                      struct error *error)
{
    while (!atomic_load(options->stop)) {
        const enum status status = live_turn(member, error);
        if (status == STATUS_FATAL) {
            return status;
        }
        if (status != STATUS_OK) {
            log_line(LOG_WARNING, "turn_failed", "topology=%s reason=\"%s\"",
                     member->topology->name, error->text);
            TRY(member_abort(member, error));
        }
    }
    return member_commit(member, error);
}
