/* Runs a fuzz target over files: what libFuzzer does with -runs=0, for compilers without it.
 *
 * Usage: fuzz_<name> FILE|FOLDER...
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_path(const char *path);

static int run_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return -1;
    }
    int count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char inner[4096];
        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        const int ran = run_path(inner);
        if (ran < 0) {
            count = -1;
            break;
        }
        count += ran;
    }
    closedir(folder);
    return count;
}

static int run_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    /* The exact size, so that a sanitizer sees a read behind the end. */
    uint8_t *data = malloc(size > 0 ? size : 1);
    if (file == NULL || data == NULL || fread(data, 1, size, file) != size) {
        free(data);
        return -1;
    }
    fclose(file);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

/* The number of inputs run, -1 if the path cannot be read. */
static int run_path(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return -1;
    }
    return S_ISDIR(status.st_mode) ? run_folder(path) : run_file(path, (size_t)status.st_size);
}

int main(int count, char **arguments)
{
    int total = 0;
    for (int i = 1; i < count; i++) {
        const int ran = run_path(arguments[i]);
        if (ran < 0) {
            fprintf(stderr, "cannot read '%s'\n", arguments[i]);
            return 1;
        }
        total += ran;
    }
    printf("%d inputs\n", total);
    /* A corpus that is not found must not pass as one that is well. */
    return total > 0 ? 0 : 1;
}
