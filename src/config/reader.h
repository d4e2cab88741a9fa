/* Typed reading of the nodes of a policy file into structs: each problem names its line.
 *
 * A policy file has no defaults: every entry that is not marked optional must stand in the file, so
 * that the policy owner sees each number that decides.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "config/tree.h"
#include "record/type.h"

struct reader {
    const char *name; /* of the file */
    struct problems *problems;
};

enum entry_type {
    ENTRY_NUMBER,      /* int32_t */
    ENTRY_DURATION,    /* int64_t, ms */
    ENTRY_TIME,        /* int64_t, ms since the epoch */
    ENTRY_TIME_OF_DAY, /* int64_t, ms of the UTC day */
    ENTRY_FLAG,        /* bool */
    ENTRY_ID,          /* char[65]: 1 to 64 bytes [A-Za-z0-9._-] */
    ENTRY_SYMBOL,      /* an enum of 32 bits */
    ENTRY_OTHER,       /* the caller reads it */
};

struct entry {
    const char *key;
    enum entry_type type;
    bool optional;                   /* absent: the target is left as it is */
    size_t offset;                   /* of the target in the struct */
    int64_t min;                     /* NUMBER, DURATION; SYMBOL: first value allowed */
    int64_t max;                     /* SYMBOL: last value allowed */
    const struct enum_type *symbols; /* SYMBOL */
};

/* Reads the entries of `map` into the struct at `target`. False if something is missing, unknown or
 * wrong, which is then among the problems. */
bool read_entries(const struct reader *reader, const struct node *map, const struct entry *entries,
                  size_t count, void *target);

bool read_is_map(const struct reader *reader, const struct node *node, const char *what);
bool read_is_list(const struct reader *reader, const struct node *node, const char *what);

/* NULL after a problem if the node is no text or an empty one. */
const char *read_text(const struct reader *reader, const struct node *node, const char *what);

/* `text`, which stands at `node`, as a symbol between `first` and `last`. */
bool read_symbol(const struct reader *reader, const struct node *node, const char *text,
                 const struct enum_type *symbols, int64_t first, int64_t last, int32_t *value_out);

/* A text or a list of texts as a set, bit = value. */
bool read_symbols(const struct reader *reader, const struct node *node,
                  const struct enum_type *symbols, uint64_t *set_out);

/* `target_out` has room for 65 bytes. */
bool read_id(const struct reader *reader, const struct node *node, const char *what,
             char *target_out);

/* "is not known" with the nearest name, at `node`. */
void read_unknown(const struct reader *reader, const struct node *node, const char *what,
                  const char *text, const char *best);

/* False once there are so many problems that guessing at names is not worth its time. */
bool read_may_guess(const struct reader *reader);

#endif
