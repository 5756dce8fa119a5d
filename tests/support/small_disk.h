/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SMALL_DISK_H
#define TESTS_SUPPORT_SMALL_DISK_H

/*
 * A disk that can be filled to the last byte
 *
 * A small file system in memory, mounted in a name space of the test program's own, which nobody else
 * sees. Where no such mount is permitted, `mounted` is false: the tests that need it are skipped, and say so.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/support/cmocka.h"

struct small_disk {
    char path[64];
    char filler[96]; /* the file that fills it */
    char options[32];
    bool mounted;
};

/* The group's setup: no mount of ours is seen by others. */
static inline int small_disk_group_setup(void **state) {
    (void)state;
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        return 0; /* the mounts fail, too */
    }
    (void)mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    return 0;
}

/* Mount one of so many MiB under /tmp. */
static inline void small_disk_make(struct small_disk *disk, const char *name, unsigned mib) {
    (void)snprintf(disk->path, sizeof disk->path, "/tmp/tocsin-%.20s-XXXXXX", name);
    assert_non_null(mkdtemp(disk->path));
    (void)snprintf(disk->filler, sizeof disk->filler, "%s/filler", disk->path);
    (void)snprintf(disk->options, sizeof disk->options, "size=%um,mode=0700", mib);
    disk->mounted = mount("tocsin", disk->path, "tmpfs", 0, disk->options) == 0;
}

/* Returns 0, or not 0 where something of it is still in use. */
static inline int small_disk_remove(const struct small_disk *disk) {
    int r = disk->mounted ? umount(disk->path) : 0;
    return r == 0 ? rmdir(disk->path) : r;
}

/* Somebody else takes what is left of it. */
static inline void small_disk_fill(const struct small_disk *disk) {
    static const char zeros[4096];
    int fd = open(disk->filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, zeros, sizeof zeros) == (ssize_t)sizeof zeros) {
    }
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(close(fd), 0);
}

/* From now on it can only be read, or be written again. */
static inline void small_disk_close(const struct small_disk *disk, bool read_only) {
    unsigned long flags = MS_REMOUNT | (read_only ? (unsigned long)MS_RDONLY : 0);
    assert_int_equal(mount(NULL, disk->path, NULL, flags, disk->options), 0);
}

#endif
