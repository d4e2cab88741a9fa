/* Seeded random records, data and schema pairs for the differential tests of the codec.
 *
 * The same seed gives the same cases on every machine.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CODEC_RANDOM_H
#define CODEC_RANDOM_H

#include "base/arena.h"
#include "base/buffer.h"
#include "record/type.h"
#include "schema/avro.h"

struct random {
    uint64_t state;
};

uint64_t random_next(struct random *random);
/* 0 to below - 1. */
uint32_t random_below(struct random *random, uint32_t below);
/* True `percent` times of 100. */
bool random_chance(struct random *random, uint32_t percent);
/* Any number, small ones and the ends more often. */
int64_t random_long(struct random *random);
int32_t random_int(struct random *random);
/* Text of up to `size_max` bytes in UTF-8, now and then not ASCII. */
struct bytes random_text(struct random *random, struct arena *arena, uint32_t size_max);
struct bytes random_bytes(struct random *random, struct arena *arena, uint32_t size);

/* A record of the type, valid for encoding: lists up to min(max, list_max) items. */
void random_record(struct random *random, const struct record_type *type, uint32_t list_max,
                   struct arena *arena, void *record_out);

/* Appends a valid datum of the schema, arrays in blocks of all kinds. */
void random_datum(struct random *random, const struct avro_type *type, struct buffer *out);

/* What a writer may do differently from the reader. */
enum change {
    CHANGE_ADD = 1,      /* fields that the reader lacks */
    CHANGE_REMOVE = 2,   /* fields that have a default in the reader */
    CHANGE_RENAME = 4,   /* fields and records under an alias of evolve_reader() */
    CHANGE_ORDER = 8,    /* fields in another order */
    CHANGE_NUMBER = 16,  /* int where the reader has long */
    CHANGE_TEXT = 32,    /* bytes for string, string for bytes */
    CHANGE_NULL = 64,    /* a value where the reader has a union */
    CHANGE_UNION = 128,  /* unions of other order, more branches, or where the reader has none */
    CHANGE_SYMBOLS = 256 /* symbols moved, lost and added */
};
#define CHANGE_ALL 511

/* The schema text of the reader with aliases "old_<name>" for every field and "Old<Name>" for every
 * record; a string in the arena. */
const char *evolve_reader(const struct record_type *reader, struct arena *arena);

/* A writer schema (Avro JSON, with its end) that resolves to the reader's. */
void evolve_writer(struct random *random, const struct avro_schema *reader, unsigned changes,
                   struct buffer *out);

#endif
