/* Properties of `kafka:`: any librdkafka property is passed through; secrets come from files only.
 *
 * A secret in the configuration would end up in tickets and process lists, so it is refused there
 * and read from a file that others cannot read. Properties that exactly-once processing rests on
 * are not open.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/settings.h"

#include "base/assert.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define NAME_SIZE_MAX 128
#define VALUE_SIZE_MAX 65536

static const char *const owned[] = {
    "enable.auto.commit", "enable.auto.offset.store", "enable.idempotence", "group.id",
    "group.instance.id",  "isolation.level",          "partitioner",        "transactional.id",
};

static bool is_owned(const char *name);
static bool is_name(const char *name);
static bool ends_with(const char *text, const char *end);
static bool secret_apply(struct config *config, const char *name, const char *path,
                         const struct setting_place *place);
static bool secret_is_private(const char *name, const char *path,
                              const struct setting_place *place);
static void property_set(struct config *config, const char *name, const char *value,
                         const struct setting_place *place);

bool kafka_apply(struct config *config, const char *name, const char *value,
                 const struct setting_place *place)
{
    if (!is_name(name)) {
        problems_add(place->problems, place->file, place->line,
                     "'kafka.%.100s' is no name of a librdkafka property", name);
        return false;
    }
    if (is_owned(name)) {
        problems_add(place->problems, place->file, place->line,
                     "'kafka.%s' is set by sanctiond itself, remove it", name);
        return false;
    }
    if (kafka_is_secret(name)) {
        problems_add(place->problems, place->file, place->line,
                     "'kafka.%s' is a secret and may not stand here, give 'kafka.%s.file' with the "
                     "path of a file that holds it",
                     name, name);
        return false;
    }
    if (strlen(value) > VALUE_SIZE_MAX) {
        problems_add(place->problems, place->file, place->line, "'kafka.%s' is too long", name);
        return false;
    }
    if (ends_with(name, ".file")) {
        char secret[NAME_SIZE_MAX + 1];
        const size_t size = strlen(name) - strlen(".file");
        memcpy(secret, name, size);
        secret[size] = '\0';
        if (kafka_is_secret(secret)) {
            return secret_apply(config, secret, value, place);
        }
    }
    property_set(config, name, value, place);
    return true;
}

bool kafka_is_secret(const char *name)
{
    static const char *const ends[] = {"password",           "secret",     "passphrase", "key.pem",
                                       "oauthbearer.config", "jaas.config"};
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        if (ends_with(name, ends[i])) {
            return true;
        }
    }
    return false;
}

static bool is_owned(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(owned); i++) {
        if (strcmp(owned[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_name(const char *name)
{
    const size_t size = strlen(name);
    return size > 0 && size <= NAME_SIZE_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               size;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t size = strlen(text);
    return size >= strlen(end) && strcmp(text + size - strlen(end), end) == 0;
}

/* The value is the file's text without the newline at its end. */
static bool secret_apply(struct config *config, const char *name, const char *path,
                         const struct setting_place *place)
{
    if (!secret_is_private(name, path, place)) {
        return false;
    }
    struct buffer text = {0};
    struct problems problems = {0};
    const bool whole = file_read(path, VALUE_SIZE_MAX, &text, &problems);
    problems_release(&problems);
    while (text.size > 0 &&
           (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == '\r')) {
        text.size--;
    }
    const bool good = whole && text.size > 0 && memchr(text.data, 0, text.size) == NULL;
    if (good) {
        buffer_append(&text, bytes_of("", 1));
        property_set(config, name, (const char *)text.data, place);
        memset(text.data, 0, text.size);
    } else {
        problems_add(place->problems, place->file, place->line,
                     "'kafka.%s.file': '%.200s' cannot be read, is empty, too long or no text",
                     name, path);
    }
    buffer_release(&text);
    return good;
}

static bool secret_is_private(const char *name, const char *path, const struct setting_place *place)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        problems_add(place->problems, place->file, place->line, "'kafka.%s.file': '%.200s': %s",
                     name, path, strerror(errno));
        return false;
    }
    if (!S_ISREG(status.st_mode)) {
        problems_add(place->problems, place->file, place->line,
                     "'kafka.%s.file': '%.200s' is no regular file", name, path);
        return false;
    }
    if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        problems_add(place->problems, place->file, place->line,
                     "'kafka.%s.file': '%.200s' is open to everybody, do chmod o-rw", name, path);
        return false;
    }
    return true;
}

static void property_set(struct config *config, const char *name, const char *value,
                         const struct setting_place *place)
{
    struct config_property *property = NULL;
    for (size_t i = 0; i < config->kafka_count && property == NULL; i++) {
        property = strcmp(config->kafka[i].name, name) == 0 ? &config->kafka[i] : NULL;
    }
    if (property == NULL) {
        config->kafka =
            memory_resize(config->kafka, (config->kafka_count + 1) * sizeof(*config->kafka));
        property = &config->kafka[config->kafka_count++];
        *property = (struct config_property){.name = memory_text(name)};
    }
    free(property->value);
    free(property->file);
    property->value = memory_text(value);
    property->file = memory_text(place->file);
    property->line = place->line;
}
