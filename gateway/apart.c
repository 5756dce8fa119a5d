/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/apart.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "gateway/kept.h"
#include "gateway/state_file.h"

/* Wait for those before us. Returns a descriptor, which is closed by our end, or a negative errno. */
static int apart_lock(const char *directory) {
    int place = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = place < 0 ? -1 : state_file_open(place, APART_LOCK_NAME, O_RDWR | O_CREAT);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        return err_origin(-errno);
    }
    return fd;
}

/* Does whoever wants to know what came of it still live? */
static bool apart_is_wanted(int result) {
    struct pollfd end = {.fd = result};
    return poll(&end, 1, 0) == 0;
}

static int apart_do(int result, const char *directory, const char *bytes, size_t size) {
    int r = apart_lock(directory);
    if (r < 0) {
        return err_trace(r);
    }
    return apart_is_wanted(result) ? err_trace(kept_write(directory, bytes, size))
                                   : err_origin(-ECANCELED);
}

/* The descriptors are closed: the lines to the components and the locks are to end with the supervisor. */
static _Noreturn void apart_child(int result, const char *directory, const char *bytes,
                                  size_t size) {
    (void)prctl(PR_SET_NAME, "keeper");
    if (dup2(result, STDIN_FILENO) < 0 || close_range(STDIN_FILENO + 1, UINT_MAX, 0) != 0) {
        _exit(127);
    }
    int r = apart_do(STDIN_FILENO, directory, bytes, size);
    _exit(write(STDIN_FILENO, &r, sizeof r) == (ssize_t)sizeof r ? 0 : 1);
}

/* Wait for what it says; when it says nothing it has died. */
static int apart_result(int from) {
    int result = 0;
    ssize_t got;
    do {
        got = read(from, &result, sizeof result);
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof result ? result : err_origin(-EIO);
}

int apart_write(const char *directory, const char *bytes, size_t size) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return err_origin(-errno);
    }
    pid_t pid = fork();
    if (pid == 0) {
        apart_child(ends[1], directory, bytes, size);
    }
    int r = pid < 0 ? err_origin(-errno) : 0;
    (void)close(ends[1]);
    if (r == 0) {
        r = apart_result(ends[0]);
    }
    (void)close(ends[0]);
    return r;
}
