/* What must hold when all is through: every input has one effect, and everything that was written agrees.
 *
 * The effects are compared with a replay without faults of the inputs in the order in which they were committed;
 * receipts, chains and folds are checked by themselves.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/digest.h"
#include "base/time.h"
#include "broker.h"
#include "client.h"
#include "engine/member.h"
#include "record/record.h"
#include "replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t topic_number(const char *name)
{
    char full[160];
    snprintf(full, sizeof(full), "%s%s", world->environment->config->topics_prefix, name);
    return broker_topic(full);
}

static const struct log_partition *source_partition(const struct group *group, uint32_t source,
                                                    int32_t partition)
{
    const uint32_t topic = topic_number(group->topology->sources[source].topic->name);
    return broker_partition((struct place){.topic = topic, .partition = partition});
}

static bool visible_from(const struct log_partition *partition, int64_t from)
{
    for (int64_t i = from; i < partition->count; i++) {
        if (partition->entries[i].state != ENTRY_HIDDEN) {
            return true;
        }
    }
    return false;
}

/* The task of a partition; NULL: it has no owner now, or also one that does not yet know that it lost it. */
static struct task *task_of(const struct group *group, int32_t partition)
{
    struct task *found = NULL;
    for (unsigned i = 0; i < world->worker_count; i++) {
        const struct member *member =
            world->workers[i].members[group - world->broker->groups];
        for (size_t j = 0; member != NULL && j < member->task_count; j++) {
            if (member->tasks[j]->partition == partition) {
                if (found != NULL) {
                    return NULL;
                }
                found = member->tasks[j];
            }
        }
    }
    return found;
}

static bool task_quiet(const struct group *group, int32_t partition)
{
    const struct group_offsets *committed = &group->committed[partition];
    if (!committed->set) {
        return false;
    }
    for (uint32_t i = 0; i < group->topology->source_count; i++) {
        if (visible_from(source_partition(group, i, partition), committed->offset[i])) {
            return false;
        }
    }
    struct task *task = task_of(group, partition);
    if (task == NULL || task->works[0].dirty || task->works[1].dirty) {
        return false;
    }
    struct timer timer = {0};
    bool found = false;
    struct error error = {0};
    if (group->topology->step->timer != NULL &&
        timers_first(task->timers, &timer, &found, &error) != STATUS_OK) {
        return false;
    }
    return !found || timer.due_ms > wall_ms() - HOUR_MS;
}

bool oracle_quiet(void)
{
    if (!broker_idle()) {
        return false;
    }
    for (unsigned i = 0; i < TOPOLOGIES; i++) {
        for (int32_t p = 0; p < world->partitions; p++) {
            if (!task_quiet(&world->broker->groups[i], p)) {
                return false;
            }
        }
    }
    return true;
}

/* Every visible record of every source was judged once, in the order of its partition. */
static void check_judged(const struct group *group, int32_t partition)
{
    for (uint32_t source = 0; source < group->topology->source_count; source++) {
        const struct log_partition *log = source_partition(group, source, partition);
        const struct judged_list *list = &group->judged[partition];
        int64_t next = 0;
        for (size_t i = 0; i < list->count; i++) {
            if (list->items[i].source != source) {
                continue;
            }
            while (next < log->count && log->entries[next].state != ENTRY_VISIBLE) {
                next++;
            }
            if (list->items[i].offset != next) {
                violate("'%s' partition %d source %u: offset %" PRId64 " committed, %" PRId64
                        " was next",
                        group->topology->name, (int)partition, source, list->items[i].offset, next);
                return;
            }
            next++;
        }
        if (visible_from(log, next)) {
            violate("'%s' partition %d source %u: no effect of offset %" PRId64 " or later",
                    group->topology->name, (int)partition, source, next);
        }
    }
}

/* receipts: one chain a task, whose runs tile the inputs. */
struct chain {
    const struct group *group;
    int32_t partition;
    int64_t commit_seq;
    int64_t next[STREAM_SOURCES_MAX];
    uint8_t hash[DIGEST_SIZE];
};

static void check_run(struct chain *chain, const struct input_range *run)
{
    const struct topology *topology = chain->group->topology;
    uint32_t source = 0;
    while (source < topology->source_count &&
           !bytes_is(run->topic, topology->sources[source].topic->name)) {
        source++;
    }
    if (source == topology->source_count) {
        violate("a receipt of '%s' names a topic it does not read", topology->name);
        return;
    }
    const struct log_partition *log = source_partition(chain->group, source, chain->partition);
    struct digest_stream *stream = digest_stream_new();
    int64_t count = 0;
    for (int64_t i = chain->next[source]; i <= run->last_offset && i < log->count; i++) {
        const struct entry *entry = &log->entries[i];
        if (entry->state != ENTRY_VISIBLE) {
            continue;
        }
        digest_stream_add(stream, entry->key);
        digest_stream_add(stream, entry->value);
        count++;
        if (count == 1 && i != run->first_offset) {
            violate("receipt %" PRId64 " of '%s' partition %d begins at %" PRId64 " of source %u, %" PRId64
                    " was next",
                    chain->commit_seq, topology->name, (int)chain->partition, run->first_offset,
                    source, i);
        }
    }
    uint8_t hash[DIGEST_SIZE];
    digest_stream_get(stream, hash);
    digest_stream_free(stream);
    if (count != run->count || memcmp(hash, run->bytes_hash.data, DIGEST_SIZE) != 0) {
        violate("receipt %" PRId64 " of '%s' partition %d: other inputs than it says",
                chain->commit_seq, topology->name, (int)chain->partition);
    }
    chain->next[source] = run->last_offset + 1;
}

static void check_receipt(struct chain *chain, struct bytes value, const struct receipt *receipt)
{
    if (receipt->commit_seq != chain->commit_seq + 1) {
        violate("receipt %" PRId64 " of '%s' partition %d follows %" PRId64, receipt->commit_seq,
                chain->group->topology->name, (int)chain->partition, chain->commit_seq);
    }
    chain->commit_seq = receipt->commit_seq;
    if (memcmp(receipt->prev_hash.data, chain->hash, DIGEST_SIZE) != 0) {
        violate("receipt %" PRId64 " of '%s' partition %d does not name the one before",
                receipt->commit_seq, chain->group->topology->name, (int)chain->partition);
    }
    digest_sha256(&value, 1, chain->hash);
    for (uint32_t i = 0; i < receipt->inputs_count; i++) {
        check_run(chain, &receipt->inputs[i]);
    }
}

static void check_receipts(const struct group *group, int32_t partition)
{
    const struct codec *codec = world->environment->codec;
    const struct log_partition *log = broker_partition(
        (struct place){.topic = topic_number("receipts"), .partition = partition});
    struct receipt *receipt = memory_get(codec_record_size(codec));
    struct chain chain = {.group = group, .partition = partition};
    const size_t size = strlen(group->topology->name);
    for (int64_t i = 0; i < log->count; i++) {
        const struct entry *entry = &log->entries[i];
        const struct record_type *type = NULL;
        if (entry->state == ENTRY_VISIBLE && entry->key.size > size &&
            memcmp(entry->key.data, group->topology->name, size) == 0 &&
            entry->key.data[size] == ':') {
            const enum decode_result result = codec_decode(codec, entry->value, &type, receipt);
            ASSERT(result == DECODE_OK);
            check_receipt(&chain, entry->value, receipt);
        }
    }
    for (uint32_t i = 0; i < group->topology->source_count; i++) {
        if (visible_from(source_partition(group, i, partition), chain.next[i])) {
            violate("no receipt of '%s' partition %d source %u from offset %" PRId64 " on",
                    group->topology->name, (int)partition, i, chain.next[i]);
        }
    }
    free(receipt);
}

/* Rows of a state, in key order. */
struct rows {
    struct row *items;
    size_t count;
    size_t capacity;
};

static struct bytes keep(struct bytes value)
{
    uint8_t *kept = memory_get(value.size + 1);
    memcpy(kept, value.data, value.size);
    return bytes_of(kept, value.size);
}

static void row_set(struct rows *rows, struct bytes key, struct bytes value)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (bytes_equal(rows->items[i].key, key)) {
            rows->items[i].value = value;
            return;
        }
    }
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity == 0 ? 64 : 2 * rows->capacity;
        rows->items = memory_resize(rows->items, rows->capacity * sizeof(*rows->items));
    }
    rows->items[rows->count++] = (struct row){.key = key, .value = value};
}

static bool on_row(void *context, struct bytes key, struct bytes value)
{
    row_set(context, keep(key), keep(value));
    return true;
}

static int compare_rows(const void *left, const void *right)
{
    return bytes_compare(((const struct row *)left)->key, ((const struct row *)right)->key);
}

static void rows_sort(struct rows *rows)
{
    if (rows->count > 0) {
        qsort(rows->items, rows->count, sizeof(*rows->items), compare_rows);
    }
}

static struct rows rows_of_state(struct task *task, bool timers)
{
    struct rows rows = {.items = NULL};
    for (char first = 'a'; first <= 'z'; first++) {
        if (first == 'm' || (first == 't' && !timers)) {
            continue;
        }
        struct error error = {0};
        const struct bytes prefix = bytes_of(&first, 1);
        const enum status status =
            state_scan(task->state, prefix, prefix, SIZE_MAX, on_row, &rows, &error);
        ASSERT(status == STATUS_OK);
    }
    rows_sort(&rows);
    return rows;
}

/* Visible records of the changelog, folded. */
static struct rows rows_of_changelog(const struct group *group, int32_t partition)
{
    const struct log_partition *log = broker_partition((struct place){
        .topic = topic_number(group->topology->changelog->name), .partition = partition});
    struct rows all = {.items = NULL};
    for (int64_t i = 0; i < log->count; i++) {
        const struct entry *entry = &log->entries[i];
        if (entry->state == ENTRY_VISIBLE && !bytes_is(entry->key, STATE_META_KEY)) {
            row_set(&all, entry->key, entry->value);
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < all.count; i++) {
        if (all.items[i].value.data != NULL) {
            all.items[kept++] = all.items[i];
        }
    }
    all.count = kept;
    rows_sort(&all);
    return all;
}

static void rows_compare(const struct rows *left, const struct rows *right, const char *what,
                         const struct group *group, int32_t partition)
{
    bool same = left->count == right->count;
    for (size_t i = 0; same && i < left->count; i++) {
        same = bytes_equal(left->items[i].key, right->items[i].key) &&
               bytes_equal(left->items[i].value, right->items[i].value);
    }
    if (!same) {
        violate("'%s' partition %d: %s (%zu and %zu rows)", group->topology->name, (int)partition,
                what, left->count, right->count);
    }
}

static void check_state(const struct group *group, int32_t partition, const struct member *replayed)
{
    struct task *task = task_of(group, partition);
    struct task *reference = NULL;
    for (size_t i = 0; i < replayed->task_count; i++) {
        reference = replayed->tasks[i]->partition == partition ? replayed->tasks[i] : reference;
    }
    ASSERT(task != NULL && reference != NULL);
    const struct rows logged = rows_of_changelog(group, partition);
    const struct rows kept = rows_of_state(task, false);
    rows_compare(&kept, &logged, "the state is not the fold of its changelog", group, partition);
    const struct rows all = rows_of_state(task, true);
    const struct rows wanted = rows_of_state(reference, true);
    rows_compare(&all, &wanted, "the state is not that of a run without faults", group, partition);
    const struct task_head *head = &task->committed;
    const struct task_head *other = &reference->committed;
    if (head->clock_ms != other->clock_ms ||
        memcmp(&head->breaker, &other->breaker, sizeof(head->breaker)) != 0 ||
        memcmp(head->audit_hash, other->audit_hash, DIGEST_SIZE) != 0) {
        violate("'%s' partition %d: clock, breaker or audit head is not that of a run without faults",
                group->topology->name, (int)partition);
    }
}

static int compare_outputs(const void *left, const void *right)
{
    const struct output *a = left;
    const struct output *b = right;
    if (a->place.topic != b->place.topic) {
        return a->place.topic < b->place.topic ? -1 : 1;
    }
    if (a->place.partition != b->place.partition) {
        return a->place.partition < b->place.partition ? -1 : 1;
    }
    const int keys = bytes_compare(a->key, b->key);
    const int values = keys != 0 ? keys : bytes_compare(a->value, b->value);
    return values != 0                          ? values
           : a->timestamp_ms == b->timestamp_ms ? 0
           : a->timestamp_ms < b->timestamp_ms  ? -1
                                                : 1;
}

/* Receipts and changelogs depend on how transactions fell, ticks on the wall clock. */
static bool is_compared(const struct output *output)
{
    static const char tick[] = "USER:tick.";
    const uint32_t topic = output->place.topic;
    return topic != topic_number("receipts") && topic != topic_number("sanctions-changelog") &&
           topic != topic_number("notices-changelog") &&
           !(output->key.size > sizeof(tick) - 1 &&
             memcmp(output->key.data, tick, sizeof(tick) - 1) == 0);
}

static void keep_compared(struct output_list *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (is_compared(&list->items[i])) {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
    if (kept > 0) {
        qsort(list->items, kept, sizeof(*list->items), compare_outputs);
    }
}

static bool is_input(const char *name)
{
    const struct topic *topic =
        topic_find(bytes_text(name + strlen(world->environment->config->topics_prefix)));
    return topic != NULL && topic->role == TOPIC_INPUT;
}

static struct output_list outputs_of_run(void)
{
    struct output_list list = {.items = NULL};
    for (uint32_t t = 0; t < world->broker->topic_count; t++) {
        const struct log_topic *topic = &world->broker->topics[t];
        for (int32_t p = 0; p < topic->partition_count && !is_input(topic->name); p++) {
            const struct log_partition *log = &topic->partitions[p];
            for (int64_t i = 0; i < log->count; i++) {
                const struct entry *entry = &log->entries[i];
                if (entry->kind == ENTRY_RECORD && entry->state == ENTRY_VISIBLE) {
                    const struct output output = {.place = {.topic = t, .partition = p},
                                                  .timestamp_ms = entry->timestamp_ms,
                                                  .key = entry->key,
                                                  .value = entry->value};
                    output_add(&list, &output);
                }
            }
        }
    }
    return list;
}

static void tell_output(const char *what, const struct output *output)
{
    violate("%s: a record of '%s' partition %d with key '%.*s'", what,
            world->broker->topics[output->place.topic].name, (int)output->place.partition,
            BYTES_PRINT(output->key));
}

static void check_outputs(struct output_list *given, struct output_list *wanted)
{
    keep_compared(given);
    keep_compared(wanted);
    size_t g = 0;
    size_t w = 0;
    while (g < given->count || w < wanted->count) {
        const int order = g == given->count    ? 1
                          : w == wanted->count ? -1
                                               : compare_outputs(&given->items[g], &wanted->items[w]);
        if (order < 0) {
            tell_output("not in a run without faults", &given->items[g]);
            return;
        }
        if (order > 0) {
            tell_output("missing", &wanted->items[w]);
            return;
        }
        g++;
        w++;
    }
}

/* audit: no decision id comes twice. `outputs` is in order of topic, partition, key, value. */
static int compare_ids(const void *left, const void *right)
{
    return bytes_compare(*(const struct bytes *)left, *(const struct bytes *)right);
}

static void check_decisions(const struct output_list *outputs)
{
    const struct codec *codec = world->environment->codec;
    struct audit *audit = memory_get(codec_record_size(codec));
    struct bytes *ids = memory_get((outputs->count + 1) * sizeof(*ids));
    size_t count = 0;
    const uint32_t topic = topic_number("audit");
    for (size_t i = 0; i < outputs->count; i++) {
        const struct record_type *type = NULL;
        if (outputs->items[i].place.topic == topic) {
            const enum decode_result result =
                codec_decode(codec, outputs->items[i].value, &type, audit);
            ASSERT(result == DECODE_OK);
            ids[count++] = audit->decision_id;
        }
    }
    if (count > 0) {
        qsort(ids, count, sizeof(*ids), compare_ids);
    }
    for (size_t i = 1; i < count; i++) {
        if (bytes_equal(ids[i - 1], ids[i])) {
            violate("decision '%.*s' was taken twice", BYTES_PRINT(ids[i]));
        }
    }
    trace("decisions", (int64_t)count, (int64_t)outputs->count, 0);
    free(ids);
    free(audit);
}

void oracle_check(void)
{
#ifdef SANCTIOND_PLANTED
    planted_bug = PLANTED_NONE; /* for the replay */
#endif
    for (unsigned i = 0; i < TOPOLOGIES; i++) {
        for (int32_t p = 0; p < world->partitions; p++) {
            check_judged(&world->broker->groups[i], p);
            check_receipts(&world->broker->groups[i], p);
        }
    }
    struct output_list wanted = {.items = NULL};
    struct output_list given = outputs_of_run();
    for (unsigned i = 0; i < TOPOLOGIES && world->violation[0] == '\0'; i++) {
        const struct group *group = &world->broker->groups[i];
        const struct member *replayed = replay(group, &wanted);
        for (int32_t p = 0; replayed != NULL && p < world->partitions; p++) {
            check_state(group, p, replayed);
        }
    }
    if (world->violation[0] == '\0') {
        check_outputs(&given, &wanted);
        check_decisions(&given);
    }
}
