/* Placement and review of standbys.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/standby.h"

#include "base/digest.h"
#include "engine/log.h"
#include "engine/member.h"

#include <stdio.h>

static uint64_t weight(const char *name, int32_t partition)
{
    char text[256];
    const int size = snprintf(text, sizeof(text), "%d.%s", partition, name);
    return hash64(bytes_of(text, (size_t)size < sizeof(text) ? (size_t)size : sizeof(text) - 1));
}

bool standby_is_ours(const struct stream_peers *peers, int32_t partition, size_t replicas)
{
    const size_t owner = peers->owners[partition];
    if (owner == peers->own || owner == SIZE_MAX) { /* without an owner it may be ours any moment */
        return false;
    }
    const uint64_t own = weight(peers->names[peers->own], partition);
    size_t before = 0;
    for (size_t i = 0; i < peers->count; i++) {
        const uint64_t other = weight(peers->names[i], partition);
        before += i != owner && i != peers->own &&
                  (other > own || (other == own && strcmp(peers->names[i],
                                                          peers->names[peers->own]) < 0));
    }
    return before < replicas;
}

static bool is_task(const struct member *member, int32_t partition)
{
    for (size_t i = 0; i < member->task_count; i++) {
        if (member->tasks[i]->partition == partition) {
            return true;
        }
    }
    return false;
}

enum status standby_review(struct member *member, struct error *error)
{
    struct stream_peers peers = {.count = 0};
    if (member->config->standby_replicas == 0 ||
        !member->stream->ops->peers(member->stream, &peers) ||
        peers.version == member->peers_version) {
        return STATUS_OK;
    }
    member->peers_version = peers.version;
    const int32_t partitions =
        peers.partitions < member->partition_count ? peers.partitions : member->partition_count;
    for (int32_t partition = 0; partition < partitions; partition++) {
        const bool follows = restores_follows(member->restores, partition);
        const bool wanted =
            standby_is_ours(&peers, partition, (size_t)member->config->standby_replicas);
        if (follows && !wanted) {
            if (member->checkpointer != NULL) { /* it may be writing this one */
                TRY(checkpointer_wait(member->checkpointer, error));
            }
            restores_drop(member->restores, partition);
            log_line(LOG_INFO, "standby_ends", "topology=%s partition=%d", member->topology->name,
                     partition);
        } else if (!follows && wanted && !is_task(member, partition) &&
                   !restores_has(member->restores, partition)) {
            restores_follow(member->restores, partition);
        }
    }
    memory_divide(member);
    return STATUS_OK;
}
