/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

void notify_systemd(const char *state) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || path[0] == '\0' || strlen(path) >= sizeof address.sun_path) {
        return;
    }
    size_t len = strlen(path);
    memcpy(address.sun_path, path, len);
    if (address.sun_path[0] == '@') {
        address.sun_path[0] = '\0'; /* an abstract socket */
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return;
    }
    /* systemd that does not hear us acts as it sees fit; there is nobody else to tell. */
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    (void)close(fd);
}

void notify_systemd_reloading(void) {
    char state[64];
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* systemd compares it with the moment it asked */
    (void)snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%llu",
                   (unsigned long long)now.tv_sec * 1000000 +
                       (unsigned long long)now.tv_nsec / 1000);
    notify_systemd(state);
}

uint64_t notify_watchdog_ns(void) {
    const char *limit_us = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    if (limit_us == NULL || (pid != NULL && strtol(pid, NULL, 10) != (long)getpid())) {
        return 0;
    }
    return strtoull(limit_us, NULL, 10) * 1000 / 2;
}
