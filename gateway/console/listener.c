/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/listener.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LISTENER_BACKLOG = 64 };

static int listener_socket(int *ret_fd) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return err_origin(-errno);
    }
    *ret_fd = fd;
    return 0;
}

/* Does anybody listen there? A full backlog is somebody too. */
static bool listener_answers(const struct sockaddr_un *address) {
    int probe = -1;
    if (listener_socket(&probe) != 0) {
        return false;
    }
    bool answers =
        connect(probe, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN;
    (void)close(probe);
    return answers;
}

static int listener_bind(int fd, const struct sockaddr_un *address) {
    mode_t mask = umask(0117);
    int bound = bind(fd, (const struct sockaddr *)address, sizeof *address);
    int bind_errno = errno;
    (void)umask(mask);
    return bound == 0 ? 0 : err_origin(-bind_errno);
}

int listener_open(const char *path, gid_t group, int *ret_fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path[0] == '\0' || strlen(path) > LISTENER_PATH_MAX) {
        return LISTENER_E_PATH;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) {
        if (listener_answers(&address)) {
            return LISTENER_E_IN_USE;
        }
        (void)unlink(path);
    }
    int fd = -1;
    int r = listener_socket(&fd);
    if (r != 0) {
        return err_trace(r);
    }
    r = listener_bind(fd, &address);
    if (r == 0 && listen(fd, LISTENER_BACKLOG) != 0) {
        r = err_origin(-errno);
    }
    if (r != 0) {
        (void)close(fd);
        return r;
    }
    if (group != (gid_t)-1) {
        /* Only root and the group's members may give it away; without it root and the own user
         * remain. */
        (void)!chown(path, (uid_t)-1, group);
    }
    *ret_fd = fd;
    return 0;
}
