/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const char reserve_name[] = "reserve";

uint64_t journal_reserve_wanted(uint64_t disk_bytes) {
    uint64_t share = disk_bytes / JOURNAL_RESERVE_SHARE;
    uint64_t wanted = share < JOURNAL_RESERVE_BYTES ? share : JOURNAL_RESERVE_BYTES;
    return wanted - wanted % JOURNAL_RESERVE_PIECE;
}

enum journal_reserve_state journal_reserve_grow(int directory, uint64_t *ret_bytes) {
    struct statvfs disk;
    struct stat file;
    *ret_bytes = 0;
    if (fstatvfs(directory, &disk) != 0) {
        return RESERVE_NO_ROOM;
    }
    if (fstatat(directory, reserve_name, &file, AT_SYMLINK_NOFOLLOW) == 0) {
        *ret_bytes = (uint64_t)file.st_size;
    }
    uint64_t wanted = journal_reserve_wanted((uint64_t)disk.f_blocks * disk.f_frsize);
    if (*ret_bytes >= wanted) {
        return RESERVE_WHOLE;
    }
    if ((uint64_t)disk.f_bavail * disk.f_frsize < 2 * (wanted - *ret_bytes)) {
        return RESERVE_NO_ROOM;
    }
    int fd = openat(directory, reserve_name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    /* Blocks of its own, not a hole: that is what it is for. */
    bool grown =
        fd >= 0 && posix_fallocate(fd, (off_t)*ret_bytes, (off_t)JOURNAL_RESERVE_PIECE) == 0;
    if (fd >= 0) {
        (void)close(fd); /* nothing was written */
    }
    if (!grown) {
        return RESERVE_NO_ROOM;
    }
    *ret_bytes += JOURNAL_RESERVE_PIECE;
    return *ret_bytes >= wanted ? RESERVE_WHOLE : RESERVE_GROWING;
}

bool journal_reserve_spend(int directory) {
    struct stat file;
    return fstatat(directory, reserve_name, &file, AT_SYMLINK_NOFOLLOW) == 0 &&
           unlinkat(directory, reserve_name, 0) == 0 && file.st_size > 0;
}
