/* Policy files: YAML -> struct policy, with every check that the principles demand (design.md 5).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_POLICY_FILE_H
#define CONFIG_POLICY_FILE_H

#include "base/buffer.h"
#include "base/problems.h"
#include "policy/policy.h"

/* Parses and checks the document `text` of `name` (shown in problems). False if there are problems;
 * each names file, line and the sentence that is broken. `policy_out` is then undefined. The hash
 * is that of the canonical form (policy_canonical()). */
bool policy_parse(const char *name, struct bytes text, struct policy *policy_out,
                  struct problems *problems);

/* The same for a file. */
bool policy_read(const char *path, struct policy *policy_out, struct buffer *canonical_out,
                 struct problems *problems);

/* The canonical form that is published and hashed: the document without comments, keys in file
 * order, fixed layout; parsing it gives the same policy and the same hash. */
bool policy_canonical(struct bytes text, struct buffer *out);

#endif
