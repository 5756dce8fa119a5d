/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fault_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/fault_disk.h"

enum { PATH_SIZE = 512, FDS_MAX = 1024 };

/* What stands behind a descriptor, as far as the disk watches it. */
static struct {
    struct fault_file *file;
    bool is_directory;
} fds[FDS_MAX];

/* The whole path of a name in a directory. */
static void path_of(int directory, const char *name, char ret[PATH_SIZE]) {
    char link[64];
    ret[0] = '\0';
    if (name[0] != '/' && directory != AT_FDCWD) {
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
        ssize_t size = readlink(link, ret, PATH_SIZE - 1);
        ret[size > 0 ? size : 0] = '\0';
        size_t used = strlen(ret);
        (void)snprintf(ret + used, PATH_SIZE - used, "/%s", name);
    } else {
        (void)snprintf(ret, PATH_SIZE, "%s", name);
    }
}

static int failed(int error) {
    errno = error;
    return -1;
}

static int open_noted(int directory, const char *name, int flags, mode_t mode) {
    char path[PATH_SIZE];
    struct fault_file *file = NULL;
    struct stat found;
    path_of(directory, name, path);
    if ((flags & O_ACCMODE) != O_RDONLY) {
        int error = fault_disk_open(path, (flags & O_CREAT) != 0, (flags & O_TRUNC) != 0, &file);
        if (error != 0) {
            return failed(error);
        }
    }
    int fd = __real_openat(directory, name, flags, mode);
    if (fd >= 0 && fd < FDS_MAX && fault_disk_is_mounted()) {
        fds[fd].file = file;
        fds[fd].is_directory = fstat(fd, &found) == 0 && S_ISDIR(found.st_mode);
    }
    return fd;
}

int __wrap_open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_noted(AT_FDCWD, path, flags, mode);
}

int __wrap_openat(int directory, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_noted(directory, path, flags, mode);
}

/* The file of a descriptor; NULL where it is none of the disk's. */
static struct fault_file *file_of(int fd) {
    return fd >= 0 && fd < FDS_MAX && fault_disk_is_mounted() ? fds[fd].file : NULL;
}

int __wrap_close(int fd) {
    if (fd >= 0 && fd < FDS_MAX) {
        fds[fd].file = NULL;
        fds[fd].is_directory = false;
    }
    return __real_close(fd);
}

static ssize_t write_noted(int fd, const void *bytes, size_t size, off_t offset) {
    size_t done;
    int error = fault_disk_write(fds[fd].file, bytes, size, (uint64_t)offset, &done);
    ssize_t written = done > 0 ? __real_pwrite(fd, bytes, done, offset) : 0;
    /* As the kernel does it, the part that was done is told first. */
    return error == 0 || written > 0 ? written : failed(error);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size) {
    if (file_of(fd) == NULL) {
        return __real_write(fd, bytes, size);
    }
    bool appends = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
    off_t offset = lseek(fd, 0, appends ? SEEK_END : SEEK_CUR);
    ssize_t written = write_noted(fd, bytes, size, offset);
    if (written > 0) {
        (void)lseek(fd, offset + written, SEEK_SET);
    }
    return written;
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t size, off_t offset) {
    return file_of(fd) == NULL ? __real_pwrite(fd, bytes, size, offset)
                               : write_noted(fd, bytes, size, offset);
}

int __wrap_ftruncate(int fd, off_t size) {
    int error = file_of(fd) != NULL ? fault_disk_truncate(fds[fd].file, (uint64_t)size) : 0;
    return error == 0 ? __real_ftruncate(fd, size) : failed(error);
}

static int sync_noted(int fd) {
    int error = 0;
    if (file_of(fd) != NULL) {
        error = fault_disk_sync(fds[fd].file);
    } else if (fd >= 0 && fd < FDS_MAX && fault_disk_is_mounted() && fds[fd].is_directory) {
        error = fault_disk_sync_names();
    }
    return error == 0 ? 0 : failed(error);
}

int __wrap_fsync(int fd) {
    return sync_noted(fd);
}

int __wrap_fdatasync(int fd) {
    return sync_noted(fd);
}

int __wrap_renameat(int from_directory, const char *from, int to_directory, const char *to) {
    char from_path[PATH_SIZE];
    char to_path[PATH_SIZE];
    path_of(from_directory, from, from_path);
    path_of(to_directory, to, to_path);
    int error = fault_disk_file(from_path) != NULL ? fault_disk_rename(from_path, to_path) : 0;
    return error == 0 ? __real_renameat(from_directory, from, to_directory, to) : failed(error);
}

int __wrap_rename(const char *from, const char *to) {
    return __wrap_renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int __wrap_unlinkat(int directory, const char *name, int flags) {
    char path[PATH_SIZE];
    path_of(directory, name, path);
    int error = fault_disk_file(path) != NULL ? fault_disk_remove(path) : 0;
    return error == 0 ? __real_unlinkat(directory, name, flags) : failed(error);
}

int __wrap_unlink(const char *path) {
    return __wrap_unlinkat(AT_FDCWD, path, 0);
}
