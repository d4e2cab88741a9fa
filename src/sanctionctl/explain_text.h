/* A decision told to a reviewer.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SANCTIONCTL_EXPLAIN_TEXT_H
#define SANCTIONCTL_EXPLAIN_TEXT_H

#include "notice/catalogue.h"
#include "program/program.h"

/* A decision and where its record lies. */
struct explanation {
    const struct audit *audit;
    const struct audit_payload *payload; /* NULL: could not be opened, see `key` */
    enum payload_key key;
    int32_t partition;
    int64_t offset;
};

/* Prints to standard output; `language` KO or EN. */
void explain_print(const struct explanation *explanation, const struct catalogue *catalogue,
                   enum language language);

#endif
