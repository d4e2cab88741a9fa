/* Ids of cases and decisions, and the small texts that records are made of.
 *
 * An id is the first half of SHA-256 over (hash of the policy version that decides, subject key,
 * topic, place of the trigger, sequence), so a replay makes the same ids and no two triggers share
 * one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

#include "base/digest.h"

static void be32_put(uint8_t out[4], uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

struct bytes id_next(struct judgement *judgement, const struct policy *policy)
{
    static const uint8_t separator[1] = {0};
    const struct trigger *trigger = judgement->court->trigger;
    const struct subject_state *facts = judgement->facts;
    ASSERT(policy != NULL && trigger->topic.data != NULL);
    uint8_t place[12];
    be32_put(place, (uint32_t)trigger->partition);
    be64_put(place + 4, (uint64_t)trigger->offset);
    uint8_t sequence[4];
    be32_put(sequence, (uint32_t)judgement->sequence++);
    const struct bytes parts[] = {
        bytes_of(policy->hash, sizeof(policy->hash)),
        bytes_text(enum_symbol(&enum_subject_kind, (int32_t)facts->subject_kind)),
        bytes_of(":", 1),
        facts->subject_id,
        bytes_of(separator, 1),
        trigger->topic,
        bytes_of(separator, 1),
        trigger->cause.data != NULL ? trigger->cause : bytes_of(place, sizeof(place)),
        bytes_of(separator, 1),
        bytes_of(sequence, sizeof(sequence)),
    };
    uint8_t digest[DIGEST_SIZE];
    digest_sha256(parts, COUNT_OF(parts), digest);
    return arena_copy(judgement->court->arena, bytes_of(digest, ID_SIZE));
}

struct bytes id_text(struct judgement *judgement, struct bytes id)
{
    if (id.data == NULL) {
        return (struct bytes){0};
    }
    ASSERT(id.size == ID_SIZE);
    char *text = arena_get(judgement->court->arena, ID_TEXT_SIZE);
    hex_format(id, text);
    return bytes_of(text, ID_TEXT_SIZE);
}

/* Digits of `value` at the end of `out`; the first of them. */
static char *digits_put(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return end;
}

struct bytes id_numbered(struct judgement *judgement, struct bytes text, int64_t number)
{
    ASSERT(number >= 0);
    char digits[20];
    const char *first = digits_put(digits + sizeof(digits), (uint64_t)number);
    const size_t count = (size_t)(digits + sizeof(digits) - first);
    char *out = arena_get(judgement->court->arena, text.size + 1 + count);
    memcpy(out, text.data, text.size);
    out[text.size] = '.';
    memcpy(out + text.size + 1, first, count);
    return bytes_of(out, text.size + 1 + count);
}

struct bytes text_number(struct judgement *judgement, int64_t value)
{
    char digits[21];
    const bool negative = value < 0;
    const uint64_t absolute = negative ? 0 - (uint64_t)value : (uint64_t)value;
    char *first = digits_put(digits + sizeof(digits), absolute);
    if (negative) {
        *--first = '-';
    }
    return arena_copy(judgement->court->arena,
                      bytes_of(first, (size_t)(digits + sizeof(digits) - first)));
}

bool id_parse(struct bytes text, uint8_t out[ID_SIZE])
{
    return text.data != NULL && hex_parse(text, out, ID_SIZE);
}

struct bytes text_keep(struct judgement *judgement, struct bytes value)
{
    return value.data == NULL ? (struct bytes){0} : arena_copy(judgement->court->arena, value);
}

void texts_keep(struct judgement *judgement, struct bytes *const *texts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += texts[i]->size;
    }
    uint8_t *place = arena_get(judgement->court->arena, size);
    for (size_t i = 0; i < count; i++) {
        struct bytes *text = texts[i];
        if (text->data != NULL) {
            memcpy(place, text->data, text->size);
            text->data = place;
            place += text->size;
        }
    }
}

void check_add(struct judgement *judgement, const char *name, int64_t value, int64_t limit,
               bool passed)
{
    if (judgement->checks_count < CHECKS_MAX) {
        judgement->checks[judgement->checks_count++] =
            (struct threshold){.name = name, .value = value, .limit = limit, .passed = passed};
    }
}
