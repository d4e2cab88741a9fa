/* A directory of a test, made and removed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef DIRECTORY_H
#define DIRECTORY_H

#include "base/buffer.h"

#include <dirent.h>
#include <stdio.h>
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

static inline void directory_must(bool done)
{
    if (!done) {
        abort();
    }
}

static inline char *path_in(const char *directory, const char *name)
{
    struct buffer path = {0};
    buffer_printf(&path, "%s/%s", directory, name);
    return (char *)path.data;
}

static inline struct buffer file_read(const char *directory, const char *name)
{
    char *path = path_in(directory, name);
    FILE *file = fopen(path, "rb");
    directory_must(file != NULL);
    struct buffer content = {0};
    size_t size = 0;
    while ((size = fread(buffer_reserve(&content, 65536), 1, 65536, file)) > 0) {
        content.size += size;
    }
    fclose(file);
    free(path);
    return content;
}

static inline void file_write(const char *directory, const char *name, const void *data,
                              size_t size)
{
    char *path = path_in(directory, name);
    FILE *file = fopen(path, "wb");
    directory_must(file != NULL);
    directory_must(fwrite(data, 1, size, file) == size);
    directory_must(fclose(file) == 0);
    free(path);
}

static inline bool file_there(const char *directory, const char *name)
{
    char *path = path_in(directory, name);
    const bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

#endif
