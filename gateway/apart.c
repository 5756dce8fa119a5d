/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/apart.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "gateway/kept.h"

/* The descriptors are closed: the lines to the components and the locks are to end with the supervisor. */
static _Noreturn void apart_child(int result, const char *directory, const char *bytes,
                                  size_t size) {
    (void)prctl(PR_SET_NAME, "keeper");
    if (dup2(result, STDIN_FILENO) < 0 || close_range(STDIN_FILENO + 1, UINT_MAX, 0) != 0) {
        _exit(127);
    }
    int r = kept_write(directory, bytes, size);
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
