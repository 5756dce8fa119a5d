/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/log.h"

static const char *state_file_kind(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a directory";
    case S_IFIFO:
        return "a pipe";
    case S_IFSOCK:
        return "a socket";
    default:
        return "a device";
    }
}

static void state_file_tell(const char *name, mode_t mode) {
    log_line(
        LOG_WARNING, "state_file_strange",
        "file=%s reason=\"it is %s and not a file\" effect=\"it is not read, as if it were not "
        "there; all rooms are watched\" advice=\"see who put it into the state directory, and "
        "remove it\"",
        name, state_file_kind(mode));
}

int state_file_open(int directory, const char *name, int flags) {
    struct stat found;
    int fd = openat(directory, name, flags | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd >= 0) {
        int r = fstat(fd, &found);
        if (r == 0 && S_ISREG(found.st_mode)) {
            return fd;
        }
        (void)close(fd); /* nothing was read or written */
        state_file_tell(name, r == 0 ? found.st_mode : 0);
        errno = EINVAL;
        return -1;
    }
    /* A directory and a socket are refused while being opened. A link is what O_NOFOLLOW is for. */
    if (errno == EISDIR || errno == ENXIO) {
        if (fstatat(directory, name, &found, 0) == 0 && !S_ISREG(found.st_mode)) {
            state_file_tell(name, found.st_mode);
        }
        errno = EINVAL;
    }
    return -1;
}
