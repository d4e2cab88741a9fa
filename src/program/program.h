/* program: what sanctiond and sanctionctl share: options, clusters, the embedded directory, exit codes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PROGRAM_PROGRAM_H
#define PROGRAM_PROGRAM_H

#include "base/problems.h"
#include "config/config.h"
#include "engine/audit_payload.h"
#include "lines/lines.h"
#include "notice/catalogue.h"
#include "stream/log.h"
#include "topology/topology.h"

#include <stdatomic.h>

/* contract.md 2 */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1, /* refused or failed at run time */
    EXIT_BAD_INPUT = 2,
};

/* Options that every subcommand takes. Zero-initialise. */
struct program {
    struct config *config; /* owned */
    const char *config_file;
    const char *embedded; /* DIR, ":memory:" or NULL: Kafka */
    bool json;
    struct codec *codec;     /* owned */
    struct cluster *cluster; /* owned */
    struct problems problems;
    struct error error;
};

/* Takes --config, --set, --embedded and --json out of argv (from index `first` on; their order among others
 * does not matter); what is left is in argv_out, NULL-terminated. Problems are kept. */
void program_options(struct program *program, int argc, char **argv, int first,
                     const char **rest_out, size_t rest_max, size_t *rest_count_out);

/* Reads and checks the configuration and makes the codec. False: problems or error are filled. */
bool program_configure(struct program *program);

/* Opens the cluster; with `tap` on an embedded one. False: error is filled. */
bool program_connect(struct program *program, log_tap *tap, void *tap_context);

/* Reads the notice templates and the topologies (config->topologies.count of them) that the configuration names.
 * Both are the caller's, to be freed also after a failure. False: problems are filled. */
bool program_read_settings(struct program *program, struct catalogue **catalogue_out,
                           struct topology **topologies_out);

/* Creates the topics that are missing. */
MUST_CHECK enum status program_create_topics(struct program *program, struct error *error);

/* Partitions of the keyed topics as they are. */
MUST_CHECK enum status program_partitions(struct program *program, int32_t *partitions_out,
                                          struct error *error);

/* The deployment's audit keys: seeded, the configured file, or one beside the state. */
MUST_CHECK enum status program_keys(struct program *program, struct key_ring **ring_out,
                                    struct error *error);

/* Opens audit payloads with the keys of the topic audit-keys. */
struct program_payloads;
MUST_CHECK enum status program_payloads_open(struct program *program,
                                             struct program_payloads **payloads_out,
                                             struct error *error);
void program_payloads_close(struct program_payloads *payloads);
/* Why a payload opens or does not. */
enum payload_key {
    PAYLOAD_KEY_AT_HAND,
    PAYLOAD_KEY_ERASED, /* destroyed with the subject's data */
    PAYLOAD_KEY_LOCKED, /* wrapped by another key file than the one given */
};
enum payload_key program_payload_key(const struct program_payloads *payloads,
                                     const struct audit *audit);
/* A lines_open_payload: `context` is the payloads; the payload borrows from them until the next call. */
bool program_payload_open(void *context, const struct audit *audit, struct audit_payload *payload);
/* The same bytes unread, for an audit_verifier; borrowed until the next call. */
enum audit_opened program_payload_plain(struct program_payloads *payloads, const struct audit *audit,
                                        struct bytes *plain_out);

/* Prints what is wrong, ends everything, returns the exit code. */
int program_end(struct program *program, enum status status);

/* A folder below the embedded directory, to be freed; NULL for ":memory:" and Kafka. */
char *program_embedded_path(const struct program *program, const char *name);

#endif
