/* The table of settings: one row each; from it come defaults, ranges, parser and printed form.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include "config/config.h"
#include "config/tree.h"

enum setting_type {
    SETTING_TEXT,     /* char *; min and max: bytes */
    SETTING_ID,       /* char *; letters, digits, '.', '_', '-'; min and max: bytes */
    SETTING_NUMBER,   /* int64_t */
    SETTING_DURATION, /* int64_t, ms */
    SETTING_SIZE,     /* int64_t, bytes */
    SETTING_FLAG,     /* bool */
    SETTING_FILES,    /* struct config_list of paths */
    SETTING_STAMPS,   /* enum input_timestamps */
    SETTING_SEED,     /* audit_seed, audit_seed_set: 64 hex digits or nothing */
};

struct setting {
    const char *name; /* dotted */
    enum setting_type type;
    size_t offset;       /* in struct config */
    const char *initial; /* the default as it would stand in a file; lists with commas */
    int64_t min;
    int64_t max;
    bool secret; /* prints as *** */
    const char *sentence;
};

extern const struct setting settings[];
extern const size_t setting_count;

/* Row of a dotted name, NULL if there is none. */
const struct setting *setting_find(const char *name);

/* Where a value comes from, for problems. */
struct setting_place {
    const char *file;
    size_t line;
    struct problems *problems;
};

/* Parses `text` into the field of `config`. False after a problem; the field is then unchanged. */
bool setting_apply(const struct setting *setting, struct config *config, const char *text,
                   const struct setting_place *place);

/* Adds one item to a list. */
void config_list_add(struct config_list *list, const char *item);
void config_list_clear(struct config_list *list);

/* kafka.c: `name` without "kafka.". A name that ends in ".file" of a secret reads that file. */
bool kafka_apply(struct config *config, const char *name, const char *value,
                 const struct setting_place *place);
bool kafka_is_secret(const char *name);

#endif
