/* Partitions and the coordinator of transactions.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "broker.h"

#include "base/assert.h"
#include "base/time.h"
#include "client.h"
#include "topology/topics.h"

#include <stdio.h>

#define TRANSACTION_TIMEOUT_MS (30 * SECOND_MS)

static struct broker *broker(void)
{
    return world->broker;
}

static void entry_add(struct log_partition *partition, const struct entry *entry);

static void policy_publish(struct broker *made)
{
    const struct stream_output *policy = &world->environment->policy;
    const struct entry entry = {.kind = ENTRY_RECORD,
                                .state = ENTRY_VISIBLE,
                                .timestamp_ms = policy->timestamp_ms,
                                .key = policy->key,
                                .value = policy->value};
    for (uint32_t i = 0; i < made->topic_count; i++) {
        if (strcmp(made->topics[i].name, policy->topic) == 0) {
            entry_add(&made->topics[i].partitions[0], &entry);
        }
    }
}

struct broker *broker_new(void)
{
    struct broker *made = memory_get(sizeof(*made));
    memset(made, 0, sizeof(*made));
    const struct config *config = world->environment->config;
    for (size_t i = 0; i < topic_count; i++) {
        struct log_topic *topic = &made->topics[made->topic_count++];
        snprintf(topic->name, sizeof(topic->name), "%s%s", config->topics_prefix, topics[i].name);
        topic->partition_count = topics[i].one_partition ? 1 : world->partitions;
    }
    policy_publish(made);
    for (unsigned i = 0; i < TOPOLOGIES; i++) {
        made->groups[i].topology = &world->environment->topologies[i];
        made->groups[i].rebalance_at_ms = INT64_MAX;
    }
    return made;
}

uint32_t broker_topic(const char *name)
{
    for (uint32_t i = 0; i < broker()->topic_count; i++) {
        if (strcmp(broker()->topics[i].name, name) == 0) {
            return i;
        }
    }
    ASSERT(false);
    return 0;
}

struct log_partition *broker_partition(struct place place)
{
    struct log_topic *topic = &broker()->topics[place.topic];
    ASSERT(place.partition >= 0 && place.partition < topic->partition_count);
    return &topic->partitions[place.partition];
}

int64_t partition_stable(const struct log_partition *partition)
{
    int64_t stable = partition->count;
    for (unsigned i = 0; i < partition->open_count; i++) {
        stable = partition->open[i].first < stable ? partition->open[i].first : stable;
    }
    return stable;
}

static void entry_add(struct log_partition *partition, const struct entry *entry)
{
    if (partition->count == partition->capacity) {
        partition->capacity = partition->capacity == 0 ? 64 : 2 * partition->capacity;
        partition->entries = memory_resize(
            partition->entries, (size_t)partition->capacity * sizeof(*partition->entries));
    }
    partition->entries[partition->count++] = *entry;
}

void broker_append(struct place place, const struct entry *entry)
{
    entry_add(broker_partition(place), entry);
}

struct transaction *broker_transaction(const char *id)
{
    struct broker *self = broker();
    for (unsigned i = 0; i < self->transaction_count; i++) {
        if (strcmp(self->transactions[i].id, id) == 0) {
            return &self->transactions[i];
        }
    }
    ASSERT(self->transaction_count < TRANSACTION_IDS_MAX);
    struct transaction *made = &self->transactions[self->transaction_count++];
    snprintf(made->id, sizeof(made->id), "%s", id);
    made->producer = 1000 + self->transaction_count;
    made->epoch = -1;
    return made;
}

void broker_send_later(struct request request, int64_t delay_ms)
{
    struct broker *self = broker();
    if (self->request_count == self->request_capacity) {
        self->request_capacity = self->request_capacity == 0 ? 64 : 2 * self->request_capacity;
        self->requests =
            memory_resize(self->requests, self->request_capacity * sizeof(*self->requests));
    }
    request.due_ms = world->now_ms + delay_ms;
    request.number = self->request_number++;
    self->requests[self->request_count++] = request;
}

static int64_t marker_delay(void)
{
    return fault_strikes(FAULT_MARKER_SLOW) ? (int64_t)random_below(&world->faults, 800)
                                            : (int64_t)random_below(&world->faults, 4);
}

/* The outcome is decided; markers go to every partition and to the group's offsets. */
static void transaction_decide(struct transaction *transaction, bool commits)
{
    trace(commits ? "decided_commit" : "decided_abort", transaction->producer, transaction->epoch,
          transaction->touched_count);
    transaction->state = TRANSACTION_ENDING;
    transaction->commits = commits;
    transaction->markers_left = transaction->touched_count + 1;
    for (unsigned i = 0; i < transaction->touched_count; i++) {
        broker_send_later((struct request){.kind = REQUEST_MARKER,
                                           .transaction = transaction,
                                           .commits = commits,
                                           .place = transaction->touched[i]},
                          marker_delay());
    }
    broker_send_later((struct request){.kind = REQUEST_OFFSETS_MARKER,
                                       .transaction = transaction,
                                       .commits = commits},
                      marker_delay());
}

static void marker_written(struct transaction *transaction)
{
    ASSERT(transaction->state == TRANSACTION_ENDING && transaction->markers_left > 0);
    if (--transaction->markers_left == 0) {
        transaction->state = TRANSACTION_OVER;
        transaction->touched_count = 0;
    }
}

static void write_marker(const struct request *request)
{
    struct log_partition *partition = broker_partition(request->place);
    const int64_t producer = request->transaction->producer;
    unsigned at = 0;
    while (at < partition->open_count && partition->open[at].producer != producer) {
        at++;
    }
    if (at < partition->open_count) {
        for (int64_t i = partition->open[at].first; i < partition->count; i++) {
            struct entry *entry = &partition->entries[i];
            if (entry->producer == producer && entry->state == ENTRY_OPEN) {
                entry->state = request->commits ? ENTRY_VISIBLE : ENTRY_HIDDEN;
            }
        }
        partition->open[at] = partition->open[--partition->open_count];
    }
    entry_add(partition, &(struct entry){.kind = ENTRY_MARKER, .state = ENTRY_HIDDEN});
    marker_written(request->transaction);
}

static void write_offsets_marker(const struct request *request)
{
    struct transaction *transaction = request->transaction;
    for (int32_t i = 0; i < PARTITIONS_MAX; i++) {
        if (transaction->offsets[i].set && request->commits) {
            group_commit(&broker()->groups[transaction->group], i, &transaction->offsets[i]);
        }
        transaction->offsets[i] = (struct group_offsets){.set = false};
    }
    marker_written(transaction);
}

enum answer broker_initialise(struct transaction *transaction, int32_t *epoch_out)
{
    if (transaction->state == TRANSACTION_OPEN) {
        transaction->epoch++;
        transaction_decide(transaction, false);
    }
    if (transaction->state == TRANSACTION_ENDING) {
        return ANSWER_AGAIN;
    }
    transaction->epoch++;
    transaction->state = TRANSACTION_NONE;
    *epoch_out = transaction->epoch;
    trace("initialised", transaction->producer, transaction->epoch, 0);
    return ANSWER_OK;
}

static bool is_touched(const struct transaction *transaction, struct place place)
{
    for (unsigned i = 0; i < transaction->touched_count; i++) {
        if (transaction->touched[i].topic == place.topic &&
            transaction->touched[i].partition == place.partition) {
            return true;
        }
    }
    return false;
}

static void transaction_open(struct transaction *transaction)
{
    if (transaction->state != TRANSACTION_OPEN) {
        transaction->state = TRANSACTION_OPEN;
        transaction->began_ms = world->now_ms;
        transaction->touched_count = 0;
    }
}

static void entries_append(const struct transaction *transaction, struct place place,
                           const struct entry *entries, size_t count)
{
    struct log_partition *partition = broker_partition(place);
    bool known = false;
    for (unsigned i = 0; i < partition->open_count; i++) {
        known = known || partition->open[i].producer == transaction->producer;
    }
    if (!known) {
        ASSERT(partition->open_count < OPEN_MAX);
        partition->open[partition->open_count].producer = transaction->producer;
        partition->open[partition->open_count++].first = partition->count;
    }
    for (size_t i = 0; i < count; i++) {
        struct entry entry = entries[i];
        entry.kind = ENTRY_RECORD;
        entry.state = ENTRY_OPEN;
        entry.producer = transaction->producer;
        entry_add(partition, &entry);
    }
}

enum answer broker_produce(struct transaction *transaction, int32_t epoch, struct place place,
                           const struct entry *entries, size_t count, bool late, int64_t *first_out)
{
    if (transaction->epoch != epoch) {
        return ANSWER_FENCED;
    }
    if (late && (transaction->state != TRANSACTION_OPEN || !is_touched(transaction, place))) {
        return ANSWER_REFUSED; /* the partition's leader asks the coordinator */
    }
    if (transaction->state == TRANSACTION_ENDING) {
        return ANSWER_AGAIN;
    }
    transaction_open(transaction);
    if (!is_touched(transaction, place)) {
        ASSERT(transaction->touched_count < TOUCHED_MAX);
        transaction->touched[transaction->touched_count++] = place;
    }
    *first_out = broker_partition(place)->count;
    entries_append(transaction, place, entries, count);
    return ANSWER_OK;
}

enum answer broker_end(struct transaction *transaction, int32_t epoch, bool commits)
{
    if (transaction->epoch != epoch) {
        return ANSWER_FENCED;
    }
    switch (transaction->state) {
    case TRANSACTION_NONE:
        return ANSWER_REFUSED;
    case TRANSACTION_OPEN:
        transaction_decide(transaction, commits);
        return ANSWER_OK;
    case TRANSACTION_ENDING:
        return transaction->commits == commits ? ANSWER_AGAIN : ANSWER_REFUSED;
    case TRANSACTION_OVER:
        return transaction->commits == commits ? ANSWER_OK : ANSWER_REFUSED;
    }
    ASSERT(false);
    return ANSWER_REFUSED;
}

enum answer broker_send_offsets(struct transaction *transaction, int32_t epoch, struct group *group,
                                int32_t partition, struct group_offsets *offsets)
{
    if (transaction->epoch != epoch) {
        return ANSWER_FENCED;
    }
    if (transaction->state == TRANSACTION_ENDING) {
        return ANSWER_AGAIN;
    }
    transaction_open(transaction);
    transaction->group = (uint32_t)(group - broker()->groups);
    transaction->offsets[partition] = *offsets;
    return ANSWER_OK;
}

bool broker_pending(const struct group *group, int32_t partition)
{
    for (unsigned i = 0; i < broker()->transaction_count; i++) {
        const struct transaction *transaction = &broker()->transactions[i];
        if (&broker()->groups[transaction->group] == group && transaction->offsets[partition].set) {
            return true;
        }
    }
    return false;
}

void group_commit(struct group *group, int32_t partition, struct group_offsets *offsets)
{
    struct group_offsets *committed = &group->committed[partition];
    for (uint32_t i = 0; i < group->topology->source_count; i++) {
        if (committed->set && offsets->offset[i] < committed->offset[i]) {
            violate("offset of '%s' partition %d goes back from %lld to %lld", group->name,
                    (int)partition, (long long)committed->offset[i], (long long)offsets->offset[i]);
        }
    }
    for (size_t i = 0; i < offsets->judged.count; i++) {
        judged_add(&group->judged[partition], offsets->judged.items[i]);
    }
    trace("offsets", partition, offsets->offset[0], (int64_t)offsets->judged.count);
    *committed = *offsets;
    committed->judged = (struct judged_list){.count = 0};
}

static void arrive(const struct request *request)
{
    int64_t first = 0;
    switch (request->kind) {
    case REQUEST_MARKER:
        write_marker(request);
        break;
    case REQUEST_OFFSETS_MARKER:
        write_offsets_marker(request);
        break;
    case REQUEST_END:
        trace("late_end", request->transaction->producer, request->epoch,
              broker_end(request->transaction, request->epoch, request->commits));
        break;
    case REQUEST_PRODUCE:
        trace("late_produce", request->transaction->producer, request->epoch,
              broker_produce(request->transaction, request->epoch, request->place,
                             request->entries, request->entry_count, true, &first));
        break;
    }
}

/* The request that is due first; requests to one broker keep their order. */
static struct request *request_first(void)
{
    struct request *first = NULL;
    for (size_t i = 0; i < broker()->request_count; i++) {
        struct request *request = &broker()->requests[i];
        if (first == NULL || request->due_ms < first->due_ms ||
            (request->due_ms == first->due_ms && request->number < first->number)) {
            first = request;
        }
    }
    return first;
}

/* A transaction that lasts too long is aborted and its producer fenced. */
static void timeouts(void)
{
    for (unsigned i = 0; i < broker()->transaction_count; i++) {
        struct transaction *transaction = &broker()->transactions[i];
        if (transaction->state == TRANSACTION_OPEN &&
            world->now_ms - transaction->began_ms > TRANSACTION_TIMEOUT_MS) {
            trace("transaction_timed_out", transaction->producer, transaction->epoch, 0);
            transaction->epoch++;
            transaction_decide(transaction, false);
        }
    }
}

void broker_turn(void)
{
    struct request *first = NULL;
    while ((first = request_first()) != NULL && first->due_ms <= world->now_ms) {
        const struct request request = *first;
        *first = broker()->requests[--broker()->request_count];
        arrive(&request);
    }
    timeouts();
}

bool broker_idle(void)
{
    for (unsigned i = 0; i < broker()->transaction_count; i++) {
        const enum transaction_state state = broker()->transactions[i].state;
        if (state == TRANSACTION_OPEN || state == TRANSACTION_ENDING) {
            return false;
        }
    }
    return broker()->request_count == 0;
}
