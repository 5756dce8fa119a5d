/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gateway/log.h"

bool descriptors_are_left(void) {
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0) {
        (void)close(fd);
        return true;
    }
    return errno != EMFILE && errno != EINVAL; /* EINVAL: none at all is allowed */
}

void descriptors_look(struct descriptors_watch *watch, const char *effect) {
    bool used_up = !descriptors_are_left();
    struct rlimit limit = {0};
    if (used_up == watch->used_up) {
        return;
    }
    watch->used_up = used_up;
    if (used_up) {
        (void)getrlimit(RLIMIT_NOFILE, &limit);
        log_line(LOG_ERROR, "descriptors_used_up", "limit=%llu effect=\"%s\"",
                 (unsigned long long)limit.rlim_cur, effect);
    } else {
        log_line(LOG_NOTICE, "descriptors_left", "effect=\"what waited for one goes on\"");
    }
}
