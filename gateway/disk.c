/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/disk.h"

#include <errno.h>
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
