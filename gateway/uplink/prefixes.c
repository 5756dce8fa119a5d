/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/prefixes.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/disk.h"

/* All of them, each with its newline. */
enum { FILE_SIZE_MAX = PREFIXES_MAX * (SITE_PREFIX_LEN_MAX + 1), PATH_SIZE = 4096 };

static void prefixes_add(struct prefixes *prefixes, const char *text) {
    for (uint32_t i = 0; i < prefixes->count; i++) {
        if (strcmp(prefixes->texts[i], text) == 0) {
            return;
        }
    }
    if (prefixes->count < PREFIXES_MAX && site_prefix_is_good(text)) {
        memcpy(prefixes->texts[prefixes->count++], text, strlen(text) + 1);
    }
}

/* Add the lines of a file's text, which is changed. */
static void prefixes_parse(struct prefixes *prefixes, char *text) {
    char *rest = text;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        prefixes_add(prefixes, line);
    }
}

static size_t prefixes_format(const struct prefixes *prefixes, char ret[FILE_SIZE_MAX + 1]) {
    size_t len = 0;
    for (uint32_t i = 0; i < prefixes->count; i++) {
        len += (size_t)snprintf(ret + len, FILE_SIZE_MAX + 1 - len, "%s\n", prefixes->texts[i]);
    }
    return len;
}

/* The file's text, as much as could be of ours; "" when there is none. */
static void file_read(const char *path, char ret[FILE_SIZE_MAX + 1]) {
    ssize_t size = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0) {
        size = read(fd, ret, FILE_SIZE_MAX);
        (void)close(fd);
    }
    ret[size < 0 ? 0 : size] = '\0';
}

/* Whole or not at all, also after a power cut. */
static int file_write(const char *path, const char *text, size_t size) {
    char temporary[PATH_SIZE];
    int len = snprintf(temporary, sizeof temporary, "%s.new", path);
    if (len < 0 || (size_t)len >= sizeof temporary) {
        return err_origin(-ENAMETOOLONG);
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return err_origin(-errno);
    }
    int r = disk_write(fd, text, size) && fsync(fd) == 0 ? 0 : err_origin(-errno);
    (void)close(fd);
    if (r == 0 && rename(temporary, path) != 0) {
        r = err_origin(-errno);
    }
    return r;
}

int prefixes_take(const char *state_directory, const char *used, struct prefixes *ret) {
    char path[PATH_SIZE];
    char before[FILE_SIZE_MAX + 1];
    char text[FILE_SIZE_MAX + 1];
    char lines[FILE_SIZE_MAX + 1];
    *ret = (struct prefixes){0};
    int len = snprintf(path, sizeof path, "%s/uplink/home_assistant", state_directory);
    if (len < 0 || (size_t)len >= sizeof path) {
        return err_origin(-ENAMETOOLONG);
    }
    file_read(path, before);
    if (used != NULL) {
        assert(site_prefix_is_good(used));
        prefixes_add(ret, used);
    }
    memcpy(lines, before, sizeof lines);
    prefixes_parse(ret, lines);
    size_t size = prefixes_format(ret, text);
    return ret->count == 0 || strcmp(text, before) == 0 ? 0
                                                        : err_trace(file_write(path, text, size));
}
