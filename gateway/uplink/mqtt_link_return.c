/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Back to the first broker
 *
 * It is the one wanted. While another serves, it is looked now and then whether the first takes connections; when
 * it has for some time, the line goes over. A broker that takes connections and no session would be gone over
 * to again and again: so each time waits twice as long as the one before it.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/uplink/mqtt_link_parts.h"
#include "gateway/uplink/names.h"

enum {
    /* Looks in a row at which the first broker was there: from here on it is well. */
    RETURN_WELL_LOOKS = 3,
    /* Four hours by the defaults. */
    RETURN_DOUBLINGS_MAX = 8,
};

static uint32_t link_return_wait_ms(const struct mqtt_link *link) {
    return link->conf.return_ms << link->returning.returns;
}

static void link_return_close(struct mqtt_link *link) {
    if (link->returning.fd >= 0) {
        (void)close(link->returning.fd);
        link->returning.fd = -1;
    }
}

void link_return_end(struct mqtt_link *link) {
    link_return_close(link);
    link->returning.well = 0;
}

/* Begin to connect, without waiting for it. */
static bool link_return_look(struct mqtt_link *link) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const char *address = link->conf.brokers[0];
    const char *colon = strrchr(address, ':');
    char host[NAMES_HOST_SIZE];
    char unused[NAMES_REASON_SIZE];
    struct addrinfo *found = NULL;
    enum names_state name = names_look(address, unused);
    /* A name that is known is not asked for here (names.h), so that nothing waits. */
    if ((name != NAMES_FINE && name != NAMES_KEPT) || colon == NULL || !names_host(address, host) ||
        getaddrinfo(host, colon + 1, &hints, &found) != 0) {
        return false;
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool begun =
        fd >= 0 && (connect(fd, found->ai_addr, found->ai_addrlen) == 0 || errno == EINPROGRESS);
    freeaddrinfo(found);
    if (!begun && fd >= 0) {
        (void)close(fd);
    }
    link->returning.fd = begun ? fd : -1;
    return begun;
}

/* Has the connection come about? */
static bool link_return_is_well(const struct mqtt_link *link) {
    struct pollfd end = {.fd = link->returning.fd, .events = POLLOUT};
    int fault = 0;
    socklen_t len = sizeof fault;
    return poll(&end, 1, 0) == 1 && getsockopt(end.fd, SOL_SOCKET, SO_ERROR, &fault, &len) == 0 &&
           fault == 0;
}

void link_return_tick(struct mqtt_link *link, uint64_t now_ns) {
    struct link_return *returning = &link->returning;
    uint64_t held_ns = now_ns - link->since_ns;
    if (link->reconnect.broker == 0) {
        if (held_ns >= link_ns(link->conf.return_ms)) {
            returning->returns = 0; /* it has proven good */
        }
        return;
    }
    if (now_ns - returning->looked_ns < link_ns(link->conf.return_ms / RETURN_WELL_LOOKS)) {
        return;
    }
    /* The last look has had all the time until this one. */
    if (returning->fd >= 0) {
        returning->well = link_return_is_well(link) ? returning->well + 1 : 0;
        link_return_close(link);
    }
    bool lasts = held_ns >= link_ns(link_return_wait_ms(link));
    if (!lasts || returning->well < RETURN_WELL_LOOKS) {
        returning->looked_ns = now_ns;
        if (!link_return_look(link)) {
            returning->well = 0;
        }
        return;
    }
    if (link->flights.count >= link->window) {
        return; /* until this one can be told that it is left */
    }
    if (returning->returns < RETURN_DOUBLINGS_MAX) {
        returning->returns++;
    }
    link->counters.returns++;
    link_anew(link, "the first broker takes connections again: this gateway goes back to it");
}
