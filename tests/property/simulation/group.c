/* A group: static members, cooperative rebalances of the driver's partitions, generations.
 *
 * A rebalance makes a new generation and deals out the partitions. A member learns of it when it polls: it gives
 * up what it must, and the rebalance after that gives it to the other one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/time.h"
#include "client.h"

#include <stdio.h>

#define SESSION_MS (10 * SECOND_MS)

static void rebalance_soon(struct group *group)
{
    const int64_t at_ms = world->now_ms + (int64_t)random_below(&world->faults, 300);
    group->rebalance_at_ms = at_ms < group->rebalance_at_ms ? at_ms : group->rebalance_at_ms;
}

static void client_drop(struct group *group, const struct client *client)
{
    for (unsigned i = 0; i < group->client_count; i++) {
        if (group->clients[i] == client) {
            group->clients[i] = group->clients[--group->client_count];
        }
    }
    for (int32_t i = 0; i < world->partitions; i++) {
        group->target[i] = group->target[i] == client ? NULL : group->target[i];
        group->holder[i] = group->holder[i] == client ? NULL : group->holder[i];
    }
}

/* A static member that comes back within the session takes its own place: no rebalance. */
static bool take_place(struct group *group, struct client *client)
{
    for (unsigned i = 0; i < group->client_count; i++) {
        struct client *old = group->clients[i];
        if (strcmp(old->instance, client->instance) != 0) {
            continue;
        }
        old->fenced = true;
        for (int32_t p = 0; p < world->partitions; p++) {
            group->target[p] = group->target[p] == old ? client : group->target[p];
            group->holder[p] = group->holder[p] == old ? NULL : group->holder[p];
        }
        group->clients[i] = client;
        return true;
    }
    return false;
}

void group_join(struct client *client)
{
    struct group *group = client->group;
    client->generation = -1;
    client->expelled = false;
    client->silent_since_ms = INT64_MAX;
    if (!take_place(group, client)) {
        ASSERT(group->client_count < CLIENTS_MAX);
        group->clients[group->client_count++] = client;
        rebalance_soon(group);
    }
    trace("joins", client->group - world->broker->groups, group->client_count, 0);
}

static unsigned load_of(const struct group *group, const struct client *client)
{
    unsigned load = 0;
    for (int32_t i = 0; i < world->partitions; i++) {
        load += group->target[i] == client;
    }
    return load;
}

static struct client *least_loaded(const struct group *group)
{
    struct client *least = group->clients[0];
    for (unsigned i = 1; i < group->client_count; i++) {
        if (load_of(group, group->clients[i]) < load_of(group, least)) {
            least = group->clients[i];
        }
    }
    return least;
}

/* Keeps what it can, as cooperative-sticky does, unless it is shuffled. */
static void deal_out(struct group *group)
{
    const unsigned fair =
        ((unsigned)world->partitions + group->client_count - 1) / group->client_count;
    for (int32_t i = 0; i < world->partitions; i++) {
        if (group->shuffled) {
            group->target[i] = group->clients[random_below(&world->faults, group->client_count)];
        } else if (group->target[i] != NULL && load_of(group, group->target[i]) > fair) {
            group->target[i] = NULL;
        }
    }
    for (int32_t i = 0; i < world->partitions; i++) {
        if (group->target[i] == NULL) {
            group->target[i] = least_loaded(group);
        }
    }
    group->shuffled = false;
}

static void rebalance(struct group *group)
{
    group->rebalance_at_ms = INT64_MAX;
    if (group->client_count == 0) {
        return;
    }
    group->generation++;
    deal_out(group);
    trace("rebalance", group - world->broker->groups, group->generation, group->client_count);
}

void group_shuffle(struct group *group)
{
    group->shuffled = true;
    rebalance_soon(group);
}

void group_expel(struct client *client)
{
    trace("expelled", client->group - world->broker->groups, client->generation, 0);
    client_drop(client->group, client);
    client->expelled = true;
    rebalance_soon(client->group);
}

/* The member's heartbeats come from a thread of its own: only a dead or paused process misses them. */
static bool session_over(struct client *client)
{
    if (client_alive(client)) {
        client->silent_since_ms = INT64_MAX;
        return fault_strikes(FAULT_EXPEL);
    }
    if (client->silent_since_ms == INT64_MAX) {
        client->silent_since_ms = world->now_ms;
    }
    return world->now_ms - client->silent_since_ms > SESSION_MS;
}

void group_turn(void)
{
    for (unsigned i = 0; i < TOPOLOGIES; i++) {
        struct group *group = &world->broker->groups[i];
        for (unsigned j = 0; j < group->client_count; j++) {
            if (session_over(group->clients[j])) {
                group_expel(group->clients[j]);
                break;
            }
        }
        if (group->rebalance_at_ms <= world->now_ms) {
            rebalance(group);
        }
    }
}

static void sync_partition(struct client *client, int32_t partition)
{
    struct group *group = client->group;
    enum hold *hold = &client->holds[partition];
    const bool ours = group->target[partition] == client;
    if ((*hold == HOLD_READING || *hold == HOLD_OFFERED) && !ours) {
        *hold = HOLD_LEAVING;
        client_event(client, STREAM_REVOKE, partition);
    } else if (*hold == HOLD_NONE && ours && group->holder[partition] == NULL) {
        group->holder[partition] = client;
        *hold = HOLD_OFFERED;
        client_event(client, STREAM_ASSIGN, partition);
    }
}

static void sync_lost(struct client *client)
{
    bool any = false;
    for (int32_t i = 0; i < world->partitions; i++) {
        if (client->holds[i] == HOLD_READING || client->holds[i] == HOLD_OFFERED) {
            client->holds[i] = HOLD_LEAVING;
            client_event(client, STREAM_LOST, i);
        }
        any = any || client->holds[i] != HOLD_NONE;
    }
    if (!any) {
        group_join(client);
    }
}

void group_sync(struct client *client)
{
    if (client->expelled) {
        sync_lost(client);
        return;
    }
    struct group *group = client->group;
    if (client->generation != group->generation) {
        if (group->generation == 0 || fault_strikes(FAULT_POLL_NOTHING)) {
            return;
        }
        client->generation = group->generation;
    }
    for (int32_t i = 0; i < world->partitions; i++) {
        sync_partition(client, i);
    }
}

void group_released(struct client *client, int32_t partition)
{
    struct group *group = client->group;
    client->holds[partition] = HOLD_NONE;
    if (!client->expelled && group->holder[partition] == client) {
        group->holder[partition] = NULL;
        rebalance_soon(group);
    }
}
