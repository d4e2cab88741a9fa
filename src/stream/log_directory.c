/* The directory of a log: one process at a time, and never somebody else's files.
 *
 * DIR/lock is held with flock(2), which a killed process gives back; it names the holder.
 * DIR/format is the marker, written last when a log is made: without it only what an interrupted
 * start leaves behind may be in DIR. DIR/log/ holds the segments; the rest of DIR is the engine's.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"
#include "stream/log_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARKER_TEXT "sanctiond log, format "

static enum status folders_make(const char *path, struct error *error);
static enum status foreign_refuse(const char *path, struct error *error);
static enum status lock_take(struct directory *directory, struct error *error);
static enum status marker_read(struct directory *directory, struct error *error);

const char *failure_text(int number)
{
    return strerror(number);
}

bool folder_sync(const char *path)
{
    const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return false;
    }
    const bool done = fsync(folder) == 0;
    close(folder);
    return done;
}

static char *path_join(const char *folder, const char *name)
{
    struct buffer path = {0};
    buffer_printf(&path, "%s/%s", folder, name);
    return (char *)path.data;
}

static bool exists(const char *folder, const char *name)
{
    char *path = path_join(folder, name);
    struct stat facts;
    const bool found = lstat(path, &facts) == 0;
    free(path);
    return found;
}

enum status directory_open(struct directory *directory, const char *path, struct error *error)
{
    directory->path = memory_text(path);
    directory->lock = -1;
    TRY(folders_make(path, error));
    if (!exists(path, "format")) {
        TRY(foreign_refuse(path, error));
    }
    TRY(lock_take(directory, error));
    /* Another process may have made the log before we had the lock: look again. */
    directory->created = !exists(path, "format");
    if (!directory->created) {
        return marker_read(directory, error);
    }
    uint8_t id[(LOG_ID_SIZE - 1) / 2];
    if (getrandom(id, sizeof(id), 0) != (ssize_t)sizeof(id)) {
        return error_set(error, STATUS_FATAL, "cannot make an id for log '%s': %s", path,
                         failure_text(errno));
    }
    hex_format(bytes_of(id, sizeof(id)), directory->id);
    char *log = path_join(path, "log");
    const bool made = mkdir(log, 0755) == 0 || errno == EEXIST;
    free(log);
    return made ? STATUS_OK
                : error_set(error, STATUS_FATAL, "cannot make '%s/log': %s", path,
                            failure_text(errno));
}

static bool marker_write(int file, const char *id)
{
    char text[128];
    const int size = snprintf(text, sizeof(text), MARKER_TEXT "%d, cluster %s\n", LOG_FORMAT, id);
    return write(file, text, (size_t)size) == size && fsync(file) == 0;
}

enum status directory_mark(struct directory *directory, struct error *error)
{
    char *fresh = path_join(directory->path, "format.new");
    char *marker = path_join(directory->path, "format");
    const int file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool done = file >= 0 && marker_write(file, directory->id);
    if (file >= 0) {
        done = close(file) == 0 && done;
    }
    done = done && rename(fresh, marker) == 0 && folder_sync(directory->path);
    const int number = errno;
    free(fresh);
    free(marker);
    return done ? STATUS_OK
                : error_set(error, STATUS_FATAL, "cannot write '%s/format': %s", directory->path,
                            failure_text(number));
}

void directory_release(struct directory *directory)
{
    if (directory->path != NULL && directory->lock >= 0) {
        close(directory->lock);
    }
    free(directory->path);
    *directory = (struct directory){.lock = -1};
}

/* Makes the directory and those above it. */
static enum status folders_make(const char *path, struct error *error)
{
    char *text = memory_text(path);
    char *from = text + (text[0] == '/' ? 1 : 0);
    for (char *slash = strchr(from, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(text, 0755); /* what goes wrong here shows in the last one */
        *slash = '/';
    }
    const bool made = mkdir(text, 0755) == 0 || errno == EEXIST;
    const int number = errno;
    free(text);
    if (!made) {
        return error_set(error, STATUS_FATAL, "cannot make directory '%s': %s", path,
                         failure_text(number));
    }
    return STATUS_OK;
}

/* What a start that was killed before it wrote the marker leaves: DIR/log with at most one segment
 * that holds nothing. */
static bool unfinished(const char *path, const char *name)
{
    if (strcmp(name, "lock") == 0 || strcmp(name, "format.new") == 0 ||
        strcmp(name, "lost+found") == 0) {
        return true;
    }
    if (strcmp(name, "log") != 0) {
        return false;
    }
    char *log = path_join(path, "log");
    DIR *folder = opendir(log);
    bool bare = folder != NULL;
    for (const struct dirent *entry = bare ? readdir(folder) : NULL; entry != NULL && bare;
         entry = readdir(folder)) {
        struct stat facts;
        bare = entry->d_name[0] == '.' || (strcmp(entry->d_name, "00000000000000000001.log") == 0 &&
                                           fstatat(dirfd(folder), entry->d_name, &facts, 0) == 0 &&
                                           facts.st_size <= SEGMENT_HEADER_SIZE);
    }
    if (folder != NULL) {
        closedir(folder);
    }
    free(log);
    return bare;
}

static enum status foreign_refuse(const char *path, struct error *error)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return error_set(error, STATUS_FATAL, "cannot open directory '%s': %s", path,
                         failure_text(errno));
    }
    enum status status = STATUS_OK;
    for (const struct dirent *entry = readdir(folder); entry != NULL && status == STATUS_OK;
         entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            !unfinished(path, entry->d_name)) {
            status = error_set(error, STATUS_FATAL,
                               "directory '%s' is not empty and holds no log (found '%s'): name "
                               "an empty or a new directory",
                               path, entry->d_name);
        }
    }
    closedir(folder);
    return status;
}

static enum status lock_refuse(const struct directory *directory, int number, struct error *error)
{
    if (number != EWOULDBLOCK) {
        return error_set(error, STATUS_FATAL, "cannot lock '%s/lock': %s", directory->path,
                         failure_text(number));
    }
    char holder[16] = {0};
    const ssize_t size = pread(directory->lock, holder, sizeof(holder) - 1, 0);
    const long process = size > 0 ? strtol(holder, NULL, 10) : 0;
    return error_set(error, STATUS_FATAL,
                     "directory '%s' is in use by another process (pid %ld): stop it or name "
                     "another directory",
                     directory->path, process);
}

static enum status lock_take(struct directory *directory, struct error *error)
{
    char *path = path_join(directory->path, "lock");
    directory->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    const int number = errno;
    free(path);
    if (directory->lock < 0) {
        return error_set(error, STATUS_FATAL, "cannot open '%s/lock': %s", directory->path,
                         failure_text(number));
    }
    if (flock(directory->lock, LOCK_EX | LOCK_NB) != 0) {
        return lock_refuse(directory, errno, error);
    }
    char text[32];
    const int size = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    if (ftruncate(directory->lock, 0) != 0 ||
        pwrite(directory->lock, text, (size_t)size, 0) != size) {
        return error_set(error, STATUS_FATAL, "cannot write '%s/lock': %s", directory->path,
                         failure_text(errno));
    }
    return STATUS_OK;
}

static enum status marker_read(struct directory *directory, struct error *error)
{
    char *path = path_join(directory->path, "format");
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    char text[128] = {0};
    const ssize_t size = file < 0 ? -1 : read(file, text, sizeof(text) - 1);
    if (file >= 0) {
        close(file);
    }
    int format = 0;
    char id[LOG_ID_SIZE] = {0};
    if (size < 0 || sscanf(text, MARKER_TEXT "%9d, cluster %32[0-9a-f]", &format, id) < 1) {
        return error_set(error, STATUS_FATAL,
                         "'%s/format' does not read as the marker of a log: name an empty or a new "
                         "directory, or restore this one from a copy",
                         directory->path);
    }
    if (format != LOG_FORMAT || strlen(id) != LOG_ID_SIZE - 1) {
        return error_set(error, STATUS_FATAL,
                         "log '%s' has format %d, this program knows %d: use the version that "
                         "wrote it, or name a new directory",
                         directory->path, format, LOG_FORMAT);
    }
    memcpy(directory->id, id, LOG_ID_SIZE);
    return STATUS_OK;
}
