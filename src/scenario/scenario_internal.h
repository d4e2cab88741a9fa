/* scenario, inside: what a file says, and what a run has seen.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SCENARIO_SCENARIO_INTERNAL_H
#define SCENARIO_SCENARIO_INTERNAL_H

#include "engine/audit_payload.h"
#include "base/arena.h"
#include "lines/lines.h"
#include "record/record.h"
#include "scenario/scenario.h"
#include "topology/topics.h"

#include <jansson.h>

/* A growing array; zero-initialise. */
struct list {
    void *items;
    size_t count;
    size_t capacity;
};

/* A zeroed new item; earlier ones may move. */
void *list_push(struct list *list, size_t item_size);
void list_release(struct list *list);

/* Where something stands. */
struct place {
    const char *file;
    size_t line;
};

/* A line in words: macros and repetition are replaced, comments are gone. */
struct statement {
    struct place place;
    const char **words;
    size_t count;
    const char *rest;  /* the raw line after its first word */
    int64_t offset_ms; /* later than its step */
};

enum comparison {
    COMPARE_EQUAL,
    COMPARE_NOT_EQUAL,
    COMPARE_AT_MOST,
    COMPARE_AT_LEAST,
};

/* FIELD=VALUE */
struct pair {
    const char *field;
    enum comparison comparison;
    const char *value;
};

enum { POLICY_EDITS_MAX = 32, POLICY_PATH_MAX = 64 };

/* A policy file, maybe with some of its values replaced. */
struct policy_source {
    const char *file; /* NULL: the configuration's */
    struct pair *edits;
    size_t edit_count;
};

struct event {
    struct place place;
    int64_t time_ms;
    const char *name; /* its event_id */
    bool publish;     /* a policy version: */
    struct policy_source policy;
    const struct record_type *type;
    const struct topic *topic;
    json_t *value; /* owned; strings that start with @ are references */
};

enum expectation_kind {
    EXPECT_ONE,
    EXPECT_NONE,
    EXPECT_ONLY,
    EXPECT_NOW,
};

struct expectation {
    struct place place;
    enum expectation_kind kind;
    const struct record_type *type;
    const char *subject; /* NULL: any */
    const char *name;    /* NULL: none */
    bool tombstone;
    struct pair *pairs;
    size_t pair_count;
};

struct moment {
    struct place place;
    int64_t time_ms;
    bool given;
    bool looks; /* has an `expect` */
    struct place look_place;
    struct list events;       /* struct event */
    struct list expectations; /* struct expectation */
};

/* What may stand before the first scenario of a file. */
struct heading {
    int64_t start_ms;
    struct policy_source policy;
    int64_t partitions; /* 0: the configuration's */
    bool complete[64];  /* by index in record_types */
};

struct scenario {
    struct place place;
    const char *title;
    struct heading heading;
    struct list steps; /* struct moment */
};

struct scenario_set {
    const struct codec *codec;
    struct arena arena;
    struct list scenarios; /* struct scenario */
    struct heading heading;
};

/* text.c: bytes of a file -> statements; includes, macros and repetition are done. */
bool statements_read(struct arena *arena, const char *path, struct list *statements,
                     struct problems *problems);
const char *text_copy(struct arena *arena, const char *text, size_t size);
/* `path` relative to the folder of `file`. */
const char *path_beside(struct arena *arena, const char *file, const char *path);

/* time.c */
/* "+5d3h" counts from `start_ms`, else ISO 8601 in UTC. False: neither. */
bool moment_parse(const char *text, int64_t start_ms, int64_t *time_out);
/* "5d3h" or "+5d3h", also negative. */
bool delay_parse(const char *text, int64_t *duration_out);
/* "+5d3h"; `text` has room for 64 bytes. */
const char *moment_format(int64_t time_ms, int64_t start_ms, char *text);

/* fields.c: words of a line and fields of records. */
const struct field_type *field_find(const struct record_type *type, const char *name, size_t size);
/* The record of "review-request"; NULL: none. */
const struct record_type *type_of_word(const char *word);
void type_word(const struct record_type *type, char word_out[64]);
size_t type_index(const struct record_type *type);
bool pair_parse(struct arena *arena, const char *word, struct pair *pair_out);
/* The field that a symbol alone fills: the first not `taken` that knows it. NULL: none. */
typedef bool field_taken(const void *context, const char *field);
const struct field_type *field_of_symbol(const struct record_type *type, const char *symbol,
                                         field_taken *taken, const void *context);
/* Whether an expectation may name `path`, and the value if it is a symbol. NULL: well, else a
 * reason. */
const char *path_problem(const struct record_type *type, const struct pair *pair);

/* policy_edit.c */
/* "FILE FIELD=VALUE..." or "default ..." from words[1] on. False: a problem was added. */
bool policy_source_parse(struct arena *arena, const struct statement *statement,
                         struct policy_source *source_out, struct problems *problems);
/* Writes the file at `path` with the edits of `source` to a temporary file, which the caller
 * removes. */
bool policy_edit(const char *path, const struct policy_source *source, int64_t start_ms,
                 char path_out[POLICY_PATH_MAX], struct problems *problems);

/* event.c: one line -> one event. */
bool event_parse(struct scenario_set *set, const struct scenario *scenario,
                 const struct statement *statement, int64_t time_ms, struct event *event_out,
                 struct problems *problems);

/* reference.c: @NAME.FIELD */
struct run;
/* A new reference to the value, or NULL: it is not known (yet). `text` starts with @. */
json_t *reference_find(const struct run *run, const char *text);
/* The value with all references replaced; NULL: `*missing_out` is one that is not known. */
json_t *references_replace(const struct run *run, const json_t *value, struct buffer *missing_out);
/* The value at "restrictions[0].stage", ".count" and ".NAME" of parameters included; NULL: none. */
json_t *json_at(const json_t *value, const char *path);
const struct event *event_find(const struct scenario *scenario, const char *name, size_t size);

/* A record that came out. */
struct output {
    const struct record_type *type;
    const char *subject;
    json_t *value; /* owned; NULL: a tombstone */
    bool matched;
};

struct named {
    const char *name;
    size_t output; /* index */
};

/* A run of one scenario. */
struct run {
    const struct scenario *scenario;
    const struct scenario_environment *environment;
    struct problems *failures;
    struct config config; /* the environment's with the scenario's partitions and a seed */
    struct cluster *cluster;
    struct key_ring *keys;
    struct audit_opener opener;
    struct lines lines;
    struct lines_writer writer;
    struct arena arena;
    struct list outputs; /* struct output */
    struct list names;   /* struct named */
    struct list sent;    /* const struct event *: appended in this order */
    size_t through;      /* of these the engine has drained so many */
    size_t looked;       /* outputs before this one were looked at */
    struct error error;
};

/* outputs.c: a log_tap */
void outputs_collect(void *context, const char *topic, int32_t partition, int64_t offset,
                     const struct stream_output *record);
/* "restriction USER:u1 op=APPLY ..." */
void output_print(const struct run *run, const struct output *output, struct buffer *out);

/* match.c: expectations of a step against what came since the last look. */
void moment_match(struct run *run, const struct moment *step);
bool value_fits(const struct run *run, const json_t *actual, const struct pair *pair);

/* check.c: what holds in every scenario. */
void moment_check(struct run *run, const struct moment *step);

#endif
