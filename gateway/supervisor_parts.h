/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SUPERVISOR_PARTS_H
#define GATEWAY_SUPERVISOR_PARTS_H

/*
 * The parts of the supervisor, for its own files only
 *
 *     supervisor.c         the command: the start, the end, and what systemd is told meanwhile
 *     supervisor_reload.c  from a site file that was edited to components that watch it
 */

#include <event2/event.h>

#include "gateway/children.h"
#include "gateway/keeper.h"
#include "gateway/loading.h"
#include "gateway/retired.h"
#include "gateway/run_options.h"

struct supervisor {
    struct event_base *base;
    const struct run_options *options;
    struct site site; /* the one that is watched */
    struct children_conf conf;
    struct children *children;
    struct keeper *keeper;   /* of the site that was accepted; NULL: it could not be made */
    struct loaded next;      /* while reloading: what is watched afterwards */
    struct retired *retired; /* outputs that reloads took out of the site */
    struct event *resting;   /* while the field processes switch them off */
    uint64_t resting_since_ns;
    struct event *trying; /* while the engine tries the disk, before it is ended */
    uint64_t trying_since_ns;
    /* When it was last said that a reload waits for the disk; 0: it was not. */
    uint64_t trying_told_ns;
    bool ready;         /* every child has done its work since the start or the last reload */
    bool reloading;     /* the children end, to begin anew with `next` */
    bool reload_wanted; /* asked for again meanwhile */
    bool refused;       /* the site file is wrong: what is watched is the site before it */
    bool stopping;
    struct event *terminate, *interrupt, *hangup, *watchdog, *exchange;
    bool is_watched;     /* systemd wants WATCHDOG=1 */
    const char *laggard; /* the child that makes no progress, as last told; NULL: all do */
    bool laggard_stuck;  /* … and the kernel holds it, as last told */
    int failure;
};

/* ---- supervisor.c ---- */

/* Say in the log which site it is that is watched from now on. */
void supervisor_announce(const struct site *site);

/* Have a site that was accepted kept for a start at which the site file is wrong. */
void supervisor_keep(struct supervisor *supervisor, struct loaded *loaded);

/*
 * This is the site that is watched from now on, by children that are yet to be made. Takes what `loaded`
 * has; `is_refused` says that the site file is wrong, and this is the site before it.
 */
void supervisor_watch(struct supervisor *supervisor, struct loaded *loaded, bool is_refused);

/* Tell systemd what there is to say of a gateway whose components all work. */
void supervisor_tell_ready(const struct supervisor *supervisor);

/* Every child does its work; they are all gone. For children_start(), and for children_end(). */
void supervisor_ready(void *context);
void supervisor_stopped(void *context);

/* ---- supervisor_reload.c ---- */

/* SIGHUP: the site file has changed. */
void supervisor_hangup(evutil_socket_t signal, short what, void *context);

/* The timers of a reload: of `trying`, of `resting`, and of `exchange`. */
void supervisor_look_at_disk(evutil_socket_t fd, short what, void *context);
void supervisor_look_at_rest(evutil_socket_t fd, short what, void *context);
void supervisor_exchange(evutil_socket_t fd, short what, void *context);

#endif
