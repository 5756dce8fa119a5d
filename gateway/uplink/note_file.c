/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/note_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/disk.h"
#include "gateway/state_file.h"

int note_file_path(const char *state_directory, const char *name, char ret[NOTE_FILE_PATH_SIZE]) {
    int len = snprintf(ret, NOTE_FILE_PATH_SIZE, "%s/uplink/%s", state_directory, name);
    return len > 0 && len < NOTE_FILE_PATH_SIZE ? 0 : err_origin(-ENAMETOOLONG);
}

void note_file_read(const char *path, char *ret, size_t size) {
    ssize_t len = -1;
    int fd = state_file_open(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW);
    if (fd >= 0) {
        len = read(fd, ret, size - 1);
        (void)close(fd);
    }
    ret[len < 0 ? 0 : len] = '\0';
}

int note_file_write(const char *path, const char *text) {
    char temporary[NOTE_FILE_PATH_SIZE];
    int len = snprintf(temporary, sizeof temporary, "%s.new", path);
    if (len < 0 || (size_t)len >= sizeof temporary) {
        return err_origin(-ENAMETOOLONG);
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return err_origin(-errno);
    }
    int r = disk_write(fd, text, strlen(text)) && fsync(fd) == 0 ? 0 : err_origin(-errno);
    (void)close(fd);
    if (r == 0 && rename(temporary, path) != 0) {
        r = err_origin(-errno);
    }
    return r;
}
