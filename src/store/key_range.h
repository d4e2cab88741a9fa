/* The keys of a scan: those that start with `prefix` and are not below `from`.
 *
 * Private to the module.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_KEY_RANGE_H
#define STORE_KEY_RANGE_H

#include "base/bytes.h"

static inline bool key_has_prefix(struct bytes key, struct bytes prefix)
{
    return key.size >= prefix.size &&
           (prefix.size == 0 || memcmp(key.data, prefix.data, prefix.size) == 0);
}

/* Where to start: from here on, the first key without the prefix ends the scan. */
static inline struct bytes key_range_start(struct bytes prefix, struct bytes from)
{
    return bytes_compare(prefix, from) < 0 ? from : prefix;
}

#endif
