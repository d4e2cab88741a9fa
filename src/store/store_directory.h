/* The directory of a RocksDB store: what is ours in it beside RocksDB's own files.
 *
 * Private to the module.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_STORE_DIRECTORY_H
#define STORE_STORE_DIRECTORY_H

#include "base/status.h"

#include <stdbool.h>

/* Makes the directory and those above it where they are missing; refuses one that holds files but
 * no store. Changes nothing in an existing one, for another process may be using it. */
MUST_CHECK enum status store_directory_check(const char *directory, struct error *error);

/* Whether no store was ever opened there; the directory exists. */
bool store_directory_is_new(const char *directory);

/* Makes the subdirectory for checkpoint files, or removes what an unfinished checkpoint left there.
 * The store's lock is held. */
MUST_CHECK enum status store_directory_clean(const char *directory, struct error *error);

/* Where the file of the next checkpoint goes; there is one at a time. Owned by the caller. */
char *store_directory_checkpoint(const char *directory);

/* Removes the file; none is fine. Must come before a writer opens the path: after a crash it can be
 * a second name of a file that the store reads. */
MUST_CHECK enum status store_directory_remove(const char *path, struct error *error);

#endif
