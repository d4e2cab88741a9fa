/* A hand-made record with a field of every kind, so that these tests do not change with schemas/.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_SAMPLE_H
#define TEST_SAMPLE_H

#include "base/assert.h"
#include "record/type.h"

#include <stddef.h>

enum color { COLOR_RED, COLOR_GREEN, COLOR_OTHER };

struct point {
    int32_t x;
    int64_t y;
};

struct item {
    struct bytes name;
    int32_t score;
    uint32_t tags_count;
    struct bytes tags[3];
};

struct sample {
    bool flag;
    int32_t number;
    int64_t moment;
    struct bytes text;
    struct bytes blob;
    struct bytes digest;
    enum color color;
    uint64_t colors;
    struct optional_boolean maybe_flag;
    struct optional_int maybe_number;
    struct optional_long maybe_moment;
    struct optional_int maybe_color;
    struct bytes maybe_text;
    struct bytes maybe_blob;
    struct bytes maybe_digest;
    struct point point;
    uint32_t names_count;
    struct bytes names[4];
    uint32_t items_count;
    struct item items[3];
};

static const char *const color_symbols[] = {"RED", "GREEN", "OTHER"};
static const struct enum_type color_type = {"Color", color_symbols, 3, COLOR_OTHER};

static const struct field_type point_fields[] = {
    {.name = "x", .kind = FIELD_INT, .offset = offsetof(struct point, x)},
    {.name = "y", .kind = FIELD_LONG, .offset = offsetof(struct point, y)},
};
static const struct record_type point_type = {"Point", sizeof(struct point), 2, point_fields, NULL};

static const struct field_type item_fields[] = {
    {.name = "name",
     .kind = FIELD_STRING,
     .format = FORMAT_ID,
     .offset = offsetof(struct item, name)},
    {.name = "score", .kind = FIELD_INT, .offset = offsetof(struct item, score)},
    {.name = "tags",
     .kind = FIELD_LIST,
     .item = FIELD_STRING,
     .max = 3,
     .size = sizeof(struct bytes),
     .offset = offsetof(struct item, tags),
     .count_offset = offsetof(struct item, tags_count)},
};
static const struct record_type item_type = {"Item", sizeof(struct item), 3, item_fields, NULL};

static const struct field_type sample_fields[] = {
    {.name = "flag", .kind = FIELD_BOOLEAN, .offset = offsetof(struct sample, flag)},
    {.name = "number", .kind = FIELD_INT, .offset = offsetof(struct sample, number)},
    {.name = "moment", .kind = FIELD_LONG, .offset = offsetof(struct sample, moment)},
    {.name = "text", .kind = FIELD_STRING, .max = 100, .offset = offsetof(struct sample, text)},
    {.name = "blob", .kind = FIELD_BYTES, .max = 100, .offset = offsetof(struct sample, blob)},
    {.name = "digest", .kind = FIELD_FIXED, .size = 4, .offset = offsetof(struct sample, digest)},
    {.name = "color",
     .kind = FIELD_ENUM,
     .enumeration = &color_type,
     .offset = offsetof(struct sample, color)},
    {.name = "colors",
     .kind = FIELD_SET,
     .enumeration = &color_type,
     .offset = offsetof(struct sample, colors)},
    {.name = "maybe_flag",
     .kind = FIELD_BOOLEAN,
     .nullable = true,
     .offset = offsetof(struct sample, maybe_flag)},
    {.name = "maybe_number",
     .kind = FIELD_INT,
     .nullable = true,
     .offset = offsetof(struct sample, maybe_number)},
    {.name = "maybe_moment",
     .kind = FIELD_LONG,
     .nullable = true,
     .offset = offsetof(struct sample, maybe_moment)},
    {.name = "maybe_color",
     .kind = FIELD_ENUM,
     .nullable = true,
     .enumeration = &color_type,
     .offset = offsetof(struct sample, maybe_color)},
    {.name = "maybe_text",
     .kind = FIELD_STRING,
     .nullable = true,
     .format = FORMAT_ID,
     .offset = offsetof(struct sample, maybe_text)},
    {.name = "maybe_blob",
     .kind = FIELD_BYTES,
     .nullable = true,
     .offset = offsetof(struct sample, maybe_blob)},
    {.name = "maybe_digest",
     .kind = FIELD_FIXED,
     .nullable = true,
     .size = 4,
     .offset = offsetof(struct sample, maybe_digest)},
    {.name = "point",
     .kind = FIELD_RECORD,
     .record = &point_type,
     .offset = offsetof(struct sample, point)},
    {.name = "names",
     .kind = FIELD_LIST,
     .item = FIELD_STRING,
     .format = FORMAT_ID,
     .max = 4,
     .size = sizeof(struct bytes),
     .offset = offsetof(struct sample, names),
     .count_offset = offsetof(struct sample, names_count)},
    {.name = "items",
     .kind = FIELD_LIST,
     .item = FIELD_RECORD,
     .max = 3,
     .size = sizeof(struct item),
     .record = &item_type,
     .offset = offsetof(struct sample, items),
     .count_offset = offsetof(struct sample, items_count)},
};

#define SAMPLE_COLOR                                                                               \
    "{\"type\":\"enum\",\"name\":\"Color\",\"symbols\":[\"RED\",\"GREEN\",\"OTHER\"],"             \
    "\"default\":\"OTHER\"}"

/* The maybe_ unions have null first but for maybe_number, whose default is a number. */
static const struct record_type sample_type = {
    .name = "Sample",
    .size = sizeof(struct sample),
    .field_count = COUNT_OF(sample_fields),
    .fields = sample_fields,
    .schema =
        "{\"type\":\"record\",\"name\":\"Sample\",\"namespace\":\"test\",\"aliases\":[\"Example\"],"
        "\"fields\":["
        "{\"name\":\"flag\",\"type\":\"boolean\",\"default\":true},"
        "{\"name\":\"number\",\"type\":\"int\",\"default\":-7},"
        "{\"name\":\"moment\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},"
        "\"aliases\":[\"when\",\"at\"]},"
        "{\"name\":\"text\",\"type\":\"string\",\"default\":\"d\xc3\xa9j\xc3\xa0\",\"max\":100},"
        "{\"name\":\"blob\",\"type\":\"bytes\",\"default\":\"\\u0000a\\u00ff\",\"max\":100},"
        "{\"name\":\"digest\",\"type\":{\"type\":\"fixed\",\"name\":\"h4\",\"size\":4},"
        "\"default\":\"\\u0001\\u0002\\u0003\\u0080\"},"
        "{\"name\":\"color\",\"type\":" SAMPLE_COLOR ",\"default\":\"GREEN\"},"
        "{\"name\":\"colors\",\"type\":{\"type\":\"array\",\"items\":\"Color\"},\"set\":true,"
        "\"default\":[\"OTHER\",\"RED\"]},"
        "{\"name\":\"maybe_flag\",\"type\":[\"null\",\"boolean\"],\"default\":null},"
        "{\"name\":\"maybe_number\",\"type\":[\"int\",\"null\"],\"default\":12},"
        "{\"name\":\"maybe_moment\",\"type\":[\"null\",\"long\"],\"default\":null},"
        "{\"name\":\"maybe_color\",\"type\":[\"null\",\"Color\"],\"default\":null},"
        "{\"name\":\"maybe_text\",\"type\":[\"null\",\"string\"],\"default\":null},"
        "{\"name\":\"maybe_blob\",\"type\":[\"null\",\"bytes\"],\"default\":null},"
        "{\"name\":\"maybe_digest\",\"type\":[\"null\",\"h4\"],\"default\":null},"
        "{\"name\":\"point\",\"type\":{\"type\":\"record\",\"name\":\"Point\",\"fields\":["
        "{\"name\":\"x\",\"type\":\"int\",\"default\":3},{\"name\":\"y\",\"type\":\"long\"}]},"
        "\"default\":{\"y\":4}},"
        "{\"name\":\"names\",\"type\":{\"type\":\"array\",\"items\":\"string\"},\"default\":["
        "\"n1\"]},"
        "{\"name\":\"items\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\","
        "\"name\":\"Item\",\"fields\":[{\"name\":\"name\",\"type\":\"string\"},"
        "{\"name\":\"score\",\"type\":\"int\",\"default\":9},"
        "{\"name\":\"tags\",\"type\":{\"type\":\"array\",\"items\":\"string\"},\"default\":[]}]}},"
        "\"default\":[{\"name\":\"i1\"},{\"name\":\"i2\",\"tags\":[\"t\"]}]}"
        "]}",
};

/* Every field with a value, lists at their max. */
static inline void sample_fill(struct sample *sample)
{
    *sample = (struct sample){
        .flag = true,
        .number = -123456,
        .moment = 1764000000123,
        .text = bytes_text("caf\xc3\xa9"),
        .blob = bytes_of("\x00\xff\x80", 3),
        .digest = bytes_of("\x01\x02\x03\x04", 4),
        .color = COLOR_GREEN,
        .colors = 1 << COLOR_RED | 1 << COLOR_OTHER,
        .maybe_flag = {true, true},
        .maybe_number = {INT32_MIN, true},
        .maybe_moment = {INT64_MIN, true},
        .maybe_color = {COLOR_RED, true},
        .maybe_text = bytes_text("a.b-c_9"),
        .maybe_blob = bytes_text(""),
        .maybe_digest = bytes_of("\xaa\xbb\xcc\xdd", 4),
        .point = {INT32_MAX, INT64_MAX},
        .names_count = 4,
        .names = {bytes_text("a"), bytes_text("b"), bytes_text("c"), bytes_text("d")},
        .items_count = 3,
        .items = {{bytes_text("i1"), 1, 2, {bytes_text("t1"), bytes_text("t2")}},
                  {bytes_text("i2"), 2, 0, {{0}}},
                  {bytes_text("i3"), 3, 1, {bytes_text("t3")}}},
    };
}

#define SAMPLE_JSON                                                                                \
    "{\"flag\":true,\"number\":-123456,\"moment\":1764000000123,\"text\":\"caf\xc3\xa9\","         \
    "\"blob\":\"00ff80\",\"digest\":\"01020304\",\"color\":\"GREEN\",\"colors\":[\"RED\","         \
    "\"OTHER\"],"                                                                                  \
    "\"maybe_flag\":true,\"maybe_number\":-2147483648,\"maybe_moment\":-9223372036854775808,"      \
    "\"maybe_color\":\"RED\",\"maybe_text\":\"a.b-c_9\",\"maybe_blob\":\"\","                      \
    "\"maybe_digest\":\"aabbccdd\",\"point\":{\"x\":2147483647,\"y\":9223372036854775807},"        \
    "\"names\":[\"a\",\"b\",\"c\",\"d\"],"                                                         \
    "\"items\":[{\"name\":\"i1\",\"score\":1,\"tags\":[\"t1\",\"t2\"]},"                           \
    "{\"name\":\"i2\",\"score\":2,\"tags\":[]},{\"name\":\"i3\",\"score\":3,\"tags\":[\"t3\"]}]}"

#endif
