/* Directory names and files by plain POSIX calls.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "store/store_directory.h"

#include "base/assert.h"
#include "base/buffer.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECKPOINT_DIRECTORY "checkpoint"
#define CHECKPOINT_FILE "rows.sst"

static char *path_join(const char *directory, const char *name)
{
    struct buffer path = {0};
    buffer_printf(&path, "%s/%s", directory, name);
    buffer_append(&path, bytes_of("", 1));
    return (char *)path.data;
}

static enum status fail(struct error *error, const char *what, const char *path, int code)
{
    return error_set(error, STATUS_FATAL, "cannot %s '%s': %s", what, path, strerror(code));
}

/* Rows are about persons: nobody else reads them. */
static enum status make_directory(const char *path, struct error *error)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST ? STATUS_OK
                                                     : fail(error, "make directory", path, errno);
}

static enum status make_directories(char *path, struct error *error)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        TRY(make_directory(path, error));
        *slash = '/';
    }
    return make_directory(path, error);
}

/* What the creation of a store, cut short, can leave before there is a file CURRENT. */
static bool is_beginning(const char *name)
{
    static const char *const starts[] = {"LOCK", "LOG", "IDENTITY", "MANIFEST-000001", "OPTIONS-"};
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        if (strncmp(name, starts[i], strlen(starts[i])) == 0) {
            return true;
        }
    }
    const char *suffix = strrchr(name, '.');
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
           (suffix != NULL && strcmp(suffix, ".dbtmp") == 0);
}

static enum status check_names(const char *path, DIR *directory, struct error *error)
{
    enum status status = STATUS_OK;
    errno = 0;
    for (const struct dirent *entry = NULL;
         status == STATUS_OK && (entry = readdir(directory)) != NULL;) {
        if (strcmp(entry->d_name, "CURRENT") == 0) {
            return STATUS_OK;
        }
    }
    rewinddir(directory);
    for (const struct dirent *entry = NULL;
         status == STATUS_OK && (entry = readdir(directory)) != NULL;) {
        if (!is_beginning(entry->d_name)) {
            status = error_set(error, STATUS_FATAL,
                               "cannot open store '%s': it holds '%s' but no file CURRENT, so it "
                               "is no store or has lost a part; name another directory or move "
                               "this one away, the store is rebuilt from the changelog",
                               path, entry->d_name);
        }
    }
    return status == STATUS_OK && errno != 0 ? fail(error, "read directory", path, errno) : status;
}

enum status store_directory_check(const char *directory, struct error *error)
{
    ASSERT(directory[0] != '\0');
    char *path = memory_text(directory);
    const enum status status = make_directories(path, error);
    free(path);
    TRY(status);
    DIR *opened = opendir(directory);
    if (opened == NULL) {
        return fail(error, "open directory", directory, errno);
    }
    const enum status checked = check_names(directory, opened, error);
    closedir(opened);
    return checked;
}

bool store_directory_is_new(const char *directory)
{
    char *path = path_join(directory, "CURRENT");
    const bool is_new = access(path, F_OK) != 0;
    free(path);
    return is_new;
}

enum status store_directory_clean(const char *directory, struct error *error)
{
    char *path = path_join(directory, CHECKPOINT_DIRECTORY);
    enum status status = make_directory(path, error);
    free(path);
    if (status == STATUS_OK) {
        path = store_directory_checkpoint(directory);
        status = store_directory_remove(path, error);
        free(path);
    }
    return status;
}

char *store_directory_checkpoint(const char *directory)
{
    return path_join(directory, CHECKPOINT_DIRECTORY "/" CHECKPOINT_FILE);
}

enum status store_directory_remove(const char *path, struct error *error)
{
    return unlink(path) == 0 || errno == ENOENT ? STATUS_OK : fail(error, "remove", path, errno);
}
