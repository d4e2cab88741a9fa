/* Whose transaction it is, and when to ask.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/orphan.h"

#include "base/assert.h"
#include "base/time.h"
#include "engine/log.h"
#include "engine/member.h"

#include <stdio.h>
#include <string.h>

/* A worker that starts again has ended its own transaction by then. */
#define PATIENCE_MS (5 * SECOND_MS)
/* Offsets that nobody asked for in so long may have been stable. */
#define GAP_MS (5 * SECOND_MS)
/* A slot that is in the group is looked for again after this, one that was fenced only much later. */
#define AGAIN_MS (2 * SECOND_MS)
#define FENCED_MS (60 * SECOND_MS)

bool orphan_instance(const char *prefix, const char *transactional_id, char *instance_out,
                     unsigned instance_size)
{
    const size_t size = strlen(prefix);
    if (strncmp(transactional_id, prefix, size) != 0) {
        return false;
    }
    const char *slot = transactional_id + size;
    const char *thread = strrchr(slot, '.');
    if (thread == NULL || thread == slot || thread[1] == '\0') {
        return false;
    }
    const int written = snprintf(instance_out, instance_size, "%.*s-%s", (int)(thread - slot), slot,
                                 thread + 1);
    return written > 0 && (unsigned)written < instance_size;
}

/* "v1 seq=<n> next=<n> id=<text> ..." */
static bool id_of(const char *metadata, char *id_out, size_t id_size)
{
    const char *found = strstr(metadata, " id=");
    if (found == NULL) {
        return false;
    }
    const size_t size = strcspn(found + 4, " ");
    if (size == 0 || size >= id_size) {
        return false;
    }
    memcpy(id_out, found + 4, size);
    id_out[size] = '\0';
    return true;
}

/* Whether the id need not be looked for now; it is remembered. */
static bool was_asked(struct orphans *orphans, const char *id, int64_t now, int64_t **again_out)
{
    for (size_t i = 0; i < COUNT_OF(orphans->known); i++) {
        if (strcmp(orphans->known[i].id, id) == 0) {
            *again_out = &orphans->known[i].again_ms;
            return now < orphans->known[i].again_ms;
        }
    }
    const unsigned slot = orphans->next++ % COUNT_OF(orphans->known);
    snprintf(orphans->known[slot].id, sizeof(orphans->known[slot].id), "%s", id);
    *again_out = &orphans->known[slot].again_ms;
    return false;
}

static void end(struct member *member, const char *id, int64_t now)
{
    char prefix[256];
    char instance[200];
    int64_t *again_ms = NULL;
    snprintf(prefix, sizeof(prefix), "%s.%s.", member->config->application, member->topology->name);
    if (strcmp(id, member->transactional_id) == 0 || /* ended when our own producer was made */
        !orphan_instance(prefix, id, instance, sizeof(instance)) ||
        was_asked(&member->orphans, id, now, &again_ms)) {
        return;
    }
    bool fenced = false;
    struct error error = {0};
    *again_ms = now + AGAIN_MS;
    if (member->stream->ops->fence(member->stream, id, instance, &fenced, &error) != STATUS_OK) {
        log_line(LOG_WARNING, "fence_failed", "topology=%s id=%s reason=\"%s\"",
                 member->topology->name, id, error.text);
    } else if (fenced) {
        *again_ms = now + FENCED_MS;
        log_line(LOG_WARNING, "gone_slot_fenced", "topology=%s id=%s instance=%s",
                 member->topology->name, id, instance);
    }
}

/* Whether the offsets have been unstable for long enough, and the brokers were not asked just now. */
static bool is_due(struct orphans *orphans, int64_t now)
{
    if (now - orphans->seen_ms > GAP_MS) {
        orphans->since_ms = now;
    }
    orphans->seen_ms = now;
    if (now - orphans->since_ms < PATIENCE_MS || now < orphans->peek_ms) {
        return false;
    }
    orphans->peek_ms = now + AGAIN_MS;
    return true;
}

void orphan_end(struct member *member, int32_t partition)
{
    const struct stream_ops *ops = member->stream->ops;
    const int64_t now = clock_monotonic_ms();
    if (ops->fence == NULL || !is_due(&member->orphans, now)) {
        return;
    }
    char id[256];
    struct error error = {0};
    struct stream_committed before = {.set = false};
    if (ops->peek(member->stream, partition, &before, &error) == STATUS_OK && before.set &&
        id_of(before.metadata, id, sizeof(id))) {
        end(member, id, now);
    }
}
