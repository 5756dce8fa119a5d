/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/disk.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

bool disk_write(int fd, const void *bytes, size_t size) {
    const char *at = bytes;
    while (size > 0) {
        ssize_t written = write(fd, at, size);
        if (written < 0 && errno == EINTR) {
            continue;
        } else if (written <= 0) {
            errno = written < 0 ? errno : EIO;
            return false;
        }
        at += written;
        size -= (size_t)written;
    }
    return true;
}

bool disk_read_at(int fd, void *ret, size_t size, uint64_t offset) {
    char *at = ret;
    while (size > 0) {
        ssize_t got = pread(fd, at, size, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        } else if (got <= 0) {
            return false;
        }
        at += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}

int disk_replace(int directory, const char *name, const void *bytes, size_t size) {
    char temporary[DISK_NAME_SIZE + sizeof ".tmp"];
    int len = snprintf(temporary, sizeof temporary, "%s.tmp", name);
    assert(len > 0 && (size_t)len < sizeof temporary);
    /* A new file: root may write here what others own, and one that is there may be a link of theirs. */
    (void)unlinkat(directory, temporary, 0);
    int fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_origin(-errno);
    }
    int r = disk_write(fd, bytes, size) && fsync(fd) == 0 ? 0 : err_origin(-errno);
    if (close(fd) != 0 && r == 0) {
        r = err_origin(-errno);
    }
    if (r == 0 && renameat(directory, temporary, directory, name) != 0) {
        r = err_origin(-errno);
    }
    /* The rename itself is only durable once its directory is. */
    if (r == 0 && fsync(directory) != 0) {
        return err_origin(-errno);
    }
    if (r != 0) {
        (void)unlinkat(directory, temporary, 0); /* best effort: the next one does it again */
    }
    return r;
}
