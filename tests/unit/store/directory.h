/* Directories of their own for tests, made and removed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_STORE_DIRECTORY_H
#define TEST_STORE_DIRECTORY_H

#include "base/buffer.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A new directory below /tmp, owned by the caller. */
static inline char *directory_new(void)
{
    char *directory = memory_text("/tmp/sanctiond-store-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        perror("mkdtemp");
        abort();
    }
    return directory;
}

/* Calls `visit` with the path of each file below, depth first; directories too if `also`. */
static inline void directory_each(const char *directory, bool also,
                                  void (*visit)(const char *path, void *context), void *context)
{
    DIR *opened = opendir(directory);
    const struct dirent *entry = NULL;
    while (opened != NULL && (entry = readdir(opened)) != NULL) {
        struct buffer path = {0};
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        buffer_printf(&path, "%s/%s", directory, entry->d_name);
        buffer_append(&path, bytes_of("", 1));
        const bool is_directory =
            lstat((const char *)path.data, &status) == 0 && S_ISDIR(status.st_mode);
        if (is_directory) {
            directory_each((const char *)path.data, also, visit, context);
        }
        if (also || !is_directory) {
            visit((const char *)path.data, context);
        }
        buffer_release(&path);
    }
    if (opened != NULL) {
        closedir(opened);
    }
}

static inline void directory_remove_one(const char *path, void *context)
{
    (void)context;
    remove(path);
}

static inline void directory_empty(const char *directory)
{
    directory_each(directory, true, directory_remove_one, NULL);
}

/* Frees the name too. */
static inline void directory_remove(char *directory)
{
    directory_empty(directory);
    rmdir(directory);
    free(directory);
}

/* The whole content, released by the caller; empty if there is no such file. */
static inline struct buffer file_read(const char *path)
{
    struct buffer content = {0};
    FILE *file = fopen(path, "rb");
    size_t size = 1;
    while (file != NULL && size > 0) {
        size = fread(buffer_reserve(&content, 65536), 1, 65536, file);
        content.size += size;
    }
    if (file != NULL) {
        fclose(file);
    }
    return content;
}

static inline void file_write(const char *path, struct bytes content)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(content.data, 1, content.size, file) != content.size) {
        perror(path);
        abort();
    }
    fclose(file);
}

#endif
