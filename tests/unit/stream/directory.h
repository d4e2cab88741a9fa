/* A directory of a test, made and removed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef DIRECTORY_H
#define DIRECTORY_H

#include "base/buffer.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A new directory under /tmp; free with directory_remove(). */
static inline char *directory_new(void)
{
    char *path = strdup("/tmp/sanctiond-test-XXXXXX");
    if (path == NULL || mkdtemp(path) == NULL) {
        abort();
    }
    return path;
}

static inline void directory_empty(const char *path)
{
    DIR *folder = opendir(path);
    for (const struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL;
         entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            struct buffer name = {0};
            buffer_printf(&name, "%s/%s", path, entry->d_name);
            if (unlink((const char *)name.data) != 0) {
                directory_empty((const char *)name.data);
                rmdir((const char *)name.data);
            }
            buffer_release(&name);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
}

/* Removes it with all that is in it. */
static inline void directory_remove(char *path)
{
    directory_empty(path);
    rmdir(path);
    free(path);
}

#endif
