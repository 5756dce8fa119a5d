/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/modbus_poller.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Events taken at once. */
enum { EVENTS_MAX = 64 };

/* The keys of the descriptors that are no connection; a connection's is its number. */
enum { TIMER_KEY = -1, WAKE_KEY = -2 };

struct mbpoller_link {
    struct mbbus *bus;
    struct mbtcp tcp;
    bool asking; /* a transaction is under way */
};

struct mbpoller {
    uint64_t (*real_ns)(void *context);
    void *context;
    int epoll_fd, timer_fd, wake_fd;
    struct mbpoller_link *links;
    uint64_t *due_ns; /* by link; an array of its own, because all are looked at each time */
    uint32_t count;
    uint64_t armed_ns; /* when the timer fires; UINT64_MAX: it does not run */
};

static int mbpoller_watch(const struct mbpoller *poller, int fd, int key) {
    /* Edge-triggered: an expiry or a wake-up is one event, and need not be read away. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = (uint64_t)key};
    return epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

int mbpoller_new(uint64_t (*real_ns)(void *context), void *context, struct mbpoller **ret_poller) {
    struct mbpoller *poller = calloc(1, sizeof *poller);
    if (poller == NULL) {
        return -ENOMEM;
    }
    poller->real_ns = real_ns;
    poller->context = context;
    poller->armed_ns = UINT64_MAX;
    poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    poller->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    poller->wake_fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC); /* rung: the first run is wanted */
    int r = 0;
    if (poller->epoll_fd < 0 || poller->timer_fd < 0 || poller->wake_fd < 0) {
        r = -errno;
    }
    if (r == 0) {
        r = mbpoller_watch(poller, poller->timer_fd, TIMER_KEY);
    }
    if (r == 0) {
        r = mbpoller_watch(poller, poller->wake_fd, WAKE_KEY);
    }
    if (r != 0) {
        (void)mbpoller_free(poller);
        return r;
    }
    *ret_poller = poller;
    return 0;
}

static void mbpoller_close(int fd) {
    if (fd >= 0) {
        (void)close(fd);
    }
}

struct mbpoller *mbpoller_free(struct mbpoller *poller) {
    if (poller == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < poller->count; i++) {
        mbtcp_deinit(&poller->links[i].tcp);
    }
    mbpoller_close(poller->epoll_fd);
    mbpoller_close(poller->timer_fd);
    mbpoller_close(poller->wake_fd);
    free(poller->links);
    free(poller->due_ns);
    free(poller);
    return NULL;
}

/* Any thread. */
static void mbpoller_ring(void *context) {
    const struct mbpoller *poller = context;
    (void)eventfd_write(poller->wake_fd, 1);
}

int mbpoller_add(struct mbpoller *poller, struct mbbus *bus, const char *address, uint16_t port,
                 uint32_t *ret_link) {
    size_t count = (size_t)poller->count + 1;
    struct mbpoller_link *links = realloc(poller->links, count * sizeof *links);
    if (links == NULL) {
        return -ENOMEM;
    }
    poller->links = links;
    uint64_t *due_ns = realloc(poller->due_ns, count * sizeof *due_ns);
    if (due_ns == NULL) {
        return -ENOMEM;
    }
    poller->due_ns = due_ns;
    links[poller->count] = (struct mbpoller_link){.bus = bus};
    mbtcp_init(&links[poller->count].tcp, poller->epoll_fd, poller->count, address, port);
    mbbus_host(bus, (struct mbbus_bell){.ring = mbpoller_ring, .context = poller});
    due_ns[poller->count] = 0;
    *ret_link = poller->count++;
    return 0;
}

void mbpoller_address(struct mbpoller *poller, uint32_t link, const char *address) {
    mbtcp_address(&poller->links[link].tcp, address);
}

int mbpoller_fd(const struct mbpoller *poller) {
    return poller->epoll_fd;
}

/*
 * Go on with a link: hand over what came of its transaction if that is `over`, and begin the next
 * one unless one is under way. Notes when the link is due again.
 */
static void mbpoller_advance(struct mbpoller *poller, uint32_t index, bool over, uint64_t now_ns) {
    struct mbpoller_link *link = &poller->links[index];
    struct mbbus_ask ask;
    uint64_t wake_ns = 0;
    for (;;) {
        if (over) {
            link->asking = false;
            mbbus_take(link->bus, &link->tcp.outcome, now_ns);
        }
        if (link->asking || !mbbus_next(link->bus, now_ns, &ask, &wake_ns)) {
            break;
        }
        link->asking = true;
        over = mbtcp_ask(&link->tcp, &ask.request, ask.timeout_ns, now_ns);
    }
    poller->due_ns[index] = link->asking ? link->tcp.deadline_ns : wake_ns;
}

static void mbpoller_take_event(struct mbpoller *poller, const struct epoll_event *event,
                                uint64_t now_ns, bool *rung) {
    uint64_t key = event->data.u64;
    if (key == (uint64_t)TIMER_KEY) {
        poller->armed_ns = UINT64_MAX;
    } else if (key == (uint64_t)WAKE_KEY) {
        *rung = true;
    } else {
        uint32_t index = (uint32_t)key;
        bool over = mbtcp_ready(&poller->links[index].tcp, event->events, now_ns);
        mbpoller_advance(poller, index, over, now_ns);
    }
}

/*
 * Take all that has come by now, also after a pause in which everybody answered: an answer that is
 * there must not be found too late because it was not looked at. Each link is taken once for every
 * EVENTS_MAX that are left, so that one which always has something cannot hold the loop. Returns
 * whether somebody rang.
 */
static bool mbpoller_take_events(struct mbpoller *poller) {
    struct epoll_event events[EVENTS_MAX];
    bool rung = false;
    int count = EVENTS_MAX;
    for (uint32_t taken = 0; count == EVENTS_MAX && taken <= poller->count; taken += EVENTS_MAX) {
        count = epoll_wait(poller->epoll_fd, events, EVENTS_MAX, 0);
        uint64_t now_ns = poller->real_ns(poller->context);
        for (int i = 0; i < count; i++) {
            mbpoller_take_event(poller, &events[i], now_ns, &rung);
        }
    }
    return rung;
}

/* Do what is due. Returns when the next is. */
static uint64_t mbpoller_do_due(struct mbpoller *poller, bool all) {
    uint64_t now_ns = poller->real_ns(poller->context);
    uint64_t next_ns = UINT64_MAX;
    for (uint32_t i = 0; i < poller->count; i++) {
        struct mbpoller_link *link = &poller->links[i];
        bool due = poller->due_ns[i] <= now_ns;
        if (due || (all && !link->asking)) {
            bool over = link->asking && mbtcp_expire(&link->tcp);
            mbpoller_advance(poller, i, over, now_ns);
        }
        next_ns = poller->due_ns[i] < next_ns ? poller->due_ns[i] : next_ns;
    }
    return next_ns;
}

/* Let the timer fire at `due_ns`; a system call only when it would fire too late. */
static void mbpoller_arm(struct mbpoller *poller, uint64_t due_ns) {
    if (due_ns >= poller->armed_ns) {
        return; /* it looks again then, and finds this */
    }
    uint64_t now_ns = poller->real_ns(poller->context);
    uint64_t span_ns = due_ns > now_ns ? due_ns - now_ns : 1; /* 0 would stop it */
    const struct itimerspec timer = {
        .it_value = {.tv_sec = (time_t)(span_ns / NS_PER_S), .tv_nsec = (long)(span_ns % NS_PER_S)},
    };
    (void)timerfd_settime(poller->timer_fd, 0, &timer, NULL);
    poller->armed_ns = due_ns;
}

void mbpoller_run(struct mbpoller *poller) {
    /* All events before anything else, so that none is about a connection that is closed by now. */
    bool rung = mbpoller_take_events(poller);
    mbpoller_arm(poller, mbpoller_do_due(poller, rung));
}
