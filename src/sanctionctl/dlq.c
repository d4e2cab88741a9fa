/* `sanctionctl dlq list`: the records that were set aside, and why. `dlq redrive`: puts them back
 * to the end of the topic they came from, once what was wrong is mended: a schema that was unknown,
 * a limit, a crash.
 *
 * A dead letter holds the place and the hash of a record; what is put back is the record itself,
 * read again from there with its key and timestamp, and only if it still has that hash. Its
 * partition is chosen anew by its key. Put back twice within the policy's duplicate horizon it
 * counts once; nothing remembers for longer that it was put back.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/scan.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/digest.h"
#include "base/table.h"
#include "topology/topics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    APPEND_MAX = 1000, /* records of one transaction */
    SKIP_MAX = 10000,  /* a place further away is looked up by itself */
    READ_MS = 1000,
    BOUNDS_MS = 30000,
};
/* Of records that wait for their transaction. */
#define APPEND_BYTES_MAX ((size_t)8 << 20)

struct letter {
    const struct topic *topic;
    int32_t partition;
    int64_t offset;
    uint8_t hash[DIGEST_SIZE];
};

struct dlq {
    struct program *program;
    void *scratch; /* a decoded record */
    bool redrive;
    /* What to look at: all if none of both is given. */
    bool reasons[32]; /* by enum dead_reason */
    bool any_reason;
    struct table ids; /* text of the command line -> bool: found */
    bool *found;
    int64_t counts[32]; /* by reason */
    /* list */
    struct lines_writer writer;
    struct buffer line;
    /* redrive */
    struct arena arena;
    struct letter *letters;
    size_t letter_count;
    size_t letter_capacity;
    int64_t sent;
    int64_t gone;
};

static struct bytes copy(struct dlq *dlq, struct bytes value)
{
    return value.data != NULL ? arena_copy(&dlq->arena, value) : value;
}

static bool reason_take(struct dlq *dlq, const char *word)
{
    ASSERT(enum_dead_reason.count <= COUNT_OF(dlq->reasons));
    for (uint32_t i = 0; i < enum_dead_reason.count; i++) {
        if (strcmp(word, enum_dead_reason.symbols[i]) == 0) {
            dlq->reasons[i] = true;
            dlq->any_reason = true;
            return true;
        }
    }
    return false;
}

static enum status parse(struct dlq *dlq, struct command_call *call)
{
    dlq->found = memory_get(call->word_count + 1);
    for (size_t i = 0; i < call->word_count; i++) {
        const char *word = call->words[i];
        if (strcmp(word, "--reason") == 0) {
            const char *reason = i + 1 < call->word_count ? call->words[++i] : "";
            if (!reason_take(dlq, reason)) {
                problems_add(
                    &call->program->problems, "command line", 0,
                    "--reason needs a reason of dead letters, such as UNKNOWN_SCHEMA: '%s'",
                    reason);
            }
        } else if (strchr(word, ':') == NULL) {
            problems_add(&call->program->problems, "command line", 0,
                         "'%s' is no dead letter: they are called TOPIC:PARTITION:OFFSET", word);
        } else if (table_find(&dlq->ids, bytes_text(word)) == NULL) {
            dlq->found[i] = false;
            table_add(&dlq->ids, bytes_text(word), &dlq->found[i]);
        }
    }
    if (dlq->redrive && !dlq->any_reason && dlq->ids.count == 0) {
        return command_usage(call, "redrive needs dead letters by name, or --reason");
    }
    return call->program->problems.count > 0 ? STATUS_FATAL : STATUS_OK;
}

/* Named, or of a reason asked for; with neither, all. */
static bool is_wanted(struct dlq *dlq, const struct dead_letter *letter, struct bytes key)
{
    bool *named = table_find(&dlq->ids, key);
    if (named != NULL) {
        *named = true;
        return true;
    }
    return dlq->any_reason ? dlq->reasons[letter->reason] : dlq->ids.count == 0;
}

static enum status keep(struct dlq *dlq, const struct dead_letter *letter, struct error *error)
{
    if (dlq->letter_count == dlq->letter_capacity) {
        dlq->letter_capacity = dlq->letter_capacity == 0 ? 64 : 2 * dlq->letter_capacity;
        dlq->letters = memory_resize(dlq->letters, dlq->letter_capacity * sizeof(*dlq->letters));
    }
    struct letter *kept = &dlq->letters[dlq->letter_count++];
    *kept = (struct letter){.topic = topic_find(letter->topic),
                            .partition = letter->partition,
                            .offset = letter->offset};
    memcpy(kept->hash, letter->bytes_hash.data, DIGEST_SIZE);
    return kept->topic != NULL ? STATUS_OK
                               : error_set(error, STATUS_FATAL,
                                           "a dead letter is of topic '%.*s', which there is not",
                                           BYTES_PRINT(letter->topic));
}

static void print_letter(const struct dead_letter *letter, struct bytes key)
{
    char text[32];
    printf("%-32.*s %-24s %s %7d bytes\n", BYTES_PRINT(key),
           enum_symbol(&enum_dead_reason, (int32_t)letter->reason),
           command_time(letter->occurred_at, text), letter->bytes);
}

static enum status on_letter(void *context, int32_t partition, int64_t start,
                             const struct stream_record *record, bool *stop_out,
                             struct error *error)
{
    struct dlq *dlq = context;
    const struct record_type *type = NULL;
    (void)start;
    (void)stop_out;
    if (record->key.data == NULL || record->value.data == NULL ||
        codec_decode(dlq->program->codec, record->value, &type, dlq->scratch) != DECODE_OK ||
        type != &record_dead_letter) {
        return error_set(error, STATUS_FATAL,
                         "topic 'dead-letters' partition %d offset %" PRId64 " is no dead letter",
                         partition, record->offset);
    }
    const struct dead_letter *letter = dlq->scratch;
    if (!is_wanted(dlq, letter, record->key)) {
        return STATUS_OK;
    }
    dlq->counts[letter->reason]++;
    if (dlq->redrive) {
        return keep(dlq, letter, error);
    }
    if (dlq->program->json) {
        char name[512];
        buffer_clear(&dlq->line);
        lines_write(&dlq->writer, scan_topic_name(dlq->program, "dead-letters", name), partition,
                    record->offset, record->timestamp_ms, record->key, record->value, &dlq->line);
        fwrite(dlq->line.data, 1, dlq->line.size, stdout);
    } else {
        print_letter(letter, record->key);
    }
    return STATUS_OK;
}

/* Places in the order they are read. */
static int in_place_order(const void *left, const void *right)
{
    const struct letter *a = left;
    const struct letter *b = right;
    if (a->topic != b->topic) {
        return a->topic < b->topic ? -1 : 1;
    }
    if (a->partition != b->partition) {
        return a->partition < b->partition ? -1 : 1;
    }
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

struct places {
    struct dlq *dlq;
    struct reader *reader;   /* NULL: none */
    const struct letter *at; /* the last letter it was used for */
    char name[512];
    int64_t start; /* first offset that the partition still has */
    int64_t end;
};

static void places_close(struct places *places)
{
    if (places->reader != NULL) {
        places->reader->ops->close(places->reader);
        places->reader = NULL;
    }
}

/* A reader that stands at the letter's place or shortly before it; none if that is deleted. */
static enum status places_go(struct places *places, const struct letter *letter)
{
    struct program *program = places->dlq->program;
    struct cluster *cluster = program->cluster;
    const bool same = places->at != NULL && places->at->topic == letter->topic &&
                      places->at->partition == letter->partition;
    places->at = letter;
    if (!same) {
        scan_topic_name(program, letter->topic->name, places->name);
        TRY(cluster->ops->bounds(cluster, places->name, letter->partition, BOUNDS_MS,
                                 &places->start, &places->end, &program->error));
    } else if (places->reader != NULL &&
               letter->offset - places->reader->ops->position(places->reader) < SKIP_MAX) {
        return STATUS_OK;
    }
    places_close(places);
    return letter->offset < places->start || letter->offset >= places->end
               ? STATUS_OK
               : cluster->ops->reader_open(cluster, places->name, letter->partition, letter->offset,
                                           true, &places->reader, &program->error);
}

/* The record of a letter with its own bytes, as an output that borrows from the arena. *found_out
 * false: it is no longer there, or another one is. */
static enum status places_read(struct places *places, const struct letter *letter,
                               struct stream_output *output_out, bool *found_out)
{
    struct dlq *dlq = places->dlq;
    struct error *error = &dlq->program->error;
    struct reader *reader = places->reader;
    while (reader != NULL && reader->ops->position(reader) <= letter->offset) {
        struct stream_record record = {0};
        bool any = false;
        if (command_stopped()) {
            return error_set(error, STATUS_FATAL, "stopped before everything was put back");
        }
        TRY(reader->ops->read(reader, READ_MS, &record, &any, error));
        if (any && record.offset == letter->offset) {
            uint8_t hash[DIGEST_SIZE];
            digest_sha256(&record.value, 1, hash);
            *found_out = memcmp(hash, letter->hash, DIGEST_SIZE) == 0;
            *output_out = (struct stream_output){
                .topic = (const char *)arena_copy(&dlq->arena,
                                                  bytes_of(places->name, strlen(places->name) + 1))
                             .data,
                .partition = record.key.data != NULL ? -1 : letter->partition,
                .timestamp_ms = record.timestamp_ms,
                .key = copy(dlq, record.key),
                .value = copy(dlq, record.value)};
        }
        if (any) {
            reader->ops->release(reader, &record);
        }
    }
    return STATUS_OK;
}

static enum status append(struct dlq *dlq, const struct stream_output *outputs, size_t count)
{
    struct cluster *cluster = dlq->program->cluster;
    if (count > 0) {
        TRY(cluster->ops->append(cluster, outputs, count, &dlq->program->error));
        dlq->sent += (int64_t)count;
    }
    arena_clear(&dlq->arena);
    return STATUS_OK;
}

static enum status redrive_all(struct places *places)
{
    struct dlq *dlq = places->dlq;
    struct stream_output outputs[APPEND_MAX];
    size_t count = 0;
    if (dlq->letter_count > 0) { /* qsort() takes no NULL */
        qsort(dlq->letters, dlq->letter_count, sizeof(*dlq->letters), in_place_order);
    }
    for (size_t i = 0; i < dlq->letter_count; i++) {
        const struct letter *letter = &dlq->letters[i];
        bool found = false;
        TRY(places_go(places, letter));
        TRY(places_read(places, letter, &outputs[count], &found));
        if (!found) {
            printf(dlq->program->json ? "{\"topic\":\"%s\",\"partition\":%d,\"offset\":%" PRId64 ",\"gone\":true}\n"
                                      : "%s:%d:%" PRId64 ": no longer in its topic\n",
                   letter->topic->name, letter->partition, letter->offset);
            dlq->gone++;
        }
        count += found;
        if (count == APPEND_MAX || dlq->arena.used > APPEND_BYTES_MAX) {
            TRY(append(dlq, outputs, count));
            count = 0;
        }
    }
    return append(dlq, outputs, count);
}

static enum status redrive(struct dlq *dlq)
{
    struct places places = {.dlq = dlq};
    const enum status status = redrive_all(&places);
    places_close(&places);
    if (status == STATUS_OK) {
        printf(dlq->program->json ? "{\"put_back\":%" PRId64 ",\"gone\":%" PRId64 "}\n"
                                  : "%" PRId64 " put back, %" PRId64 " no longer in their topics\n",
               dlq->sent, dlq->gone);
    }
    return status;
}

static void print_counts(const struct dlq *dlq)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < enum_dead_reason.count; i++) {
        if (dlq->counts[i] > 0) {
            printf("%s %" PRId64 "\n", enum_dead_reason.symbols[i], dlq->counts[i]);
            sum += dlq->counts[i];
        }
    }
    printf("%" PRId64 " dead letters\n", sum);
}

/* Names that are no dead letter: nothing is put back for a list that holds a wrong one. */
static enum status check_named(struct dlq *dlq, const struct command_call *call)
{
    for (size_t i = 0; i < dlq->ids.count; i++) {
        const struct table_entry *entry = &dlq->ids.entries[i];
        if (!*(const bool *)entry->value) {
            problems_add(&call->program->problems, "command line", 0,
                         "there is no dead letter '%.*s'", BYTES_PRINT(entry->key));
        }
    }
    return call->program->problems.count > 0 ? STATUS_FATAL : STATUS_OK;
}

static enum status run(struct dlq *dlq, struct command_call *call)
{
    struct program *program = call->program;
    TRY(parse(dlq, call));
    if (!program_connect(program, NULL, NULL)) {
        return STATUS_FATAL;
    }
    dlq->scratch = memory_get(codec_record_size(program->codec));
    dlq->writer = (struct lines_writer){.codec = program->codec,
                                        .prefix = program->config->topics_prefix,
                                        .record = memory_get(codec_record_size(program->codec))};
    TRY(scan_topic(program, "dead-letters", on_letter, dlq));
    TRY(check_named(dlq, call));
    if (dlq->redrive) {
        return redrive(dlq);
    }
    if (!program->json) {
        print_counts(dlq);
    }
    return STATUS_OK;
}

static enum status dlq_command(struct command_call *call, bool redrives, int *code_out)
{
    struct dlq dlq = {.program = call->program, .redrive = redrives};
    const enum status status = run(&dlq, call);
    /* What could not be put back is a difference the caller has to look at. */
    *code_out = dlq.gone > 0 ? EXIT_REFUSED : EXIT_DONE;
    table_release(&dlq.ids);
    arena_release(&dlq.arena);
    buffer_release(&dlq.writer.text);
    buffer_release(&dlq.line);
    free(dlq.writer.record);
    free(dlq.scratch);
    free(dlq.letters);
    free(dlq.found);
    return status;
}

enum status command_dlq_list(struct command_call *call, int *code_out)
{
    return dlq_command(call, false, code_out);
}

enum status command_dlq_redrive(struct command_call *call, int *code_out)
{
    return dlq_command(call, true, code_out);
}
