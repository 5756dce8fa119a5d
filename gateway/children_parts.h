/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CHILDREN_PARTS_H
#define GATEWAY_CHILDREN_PARTS_H

/*
 * The parts of the children, for their own files only
 *
 *     children.c        all of them: in which order they are started and stopped, and what is said to them
 *     child.c           one of them: its process, from the start to its end and to the next one
 *     children_watch.c  once a second: who makes no progress
 */

#include <event2/event.h>

#include "gateway/children.h"
#include "gateway/descriptors.h"
#include "gateway/stuck.h"

enum child_state { CHILD_WAITING, CHILD_STARTING, CHILD_RUNNING, CHILD_STOPPING, CHILD_GONE };

struct child {
    struct children *all;
    enum process_role role;
    uint32_t instance;
    char name[PROCESS_NAME_SIZE];
    enum child_state state;
    pid_t pid;
    uint64_t number; /* of the process; see losses.h */
    int line;        /* our end; -1 while there is no process */
    struct event *readable;
    struct event *timer; /* by state: start again, ready too late, stop too late */
    uint64_t started_ns;
    uint64_t heard_ns;
    uint32_t retry_ms;  /* the next back-off; 0: start at once */
    uint64_t renewals;  /* times that it made room for another */
    bool kept;          /* it lives on when the others are stopped */
    uint64_t hung_ns;   /* it was killed because it had been silent since then; 0: it was not */
    struct stuck stuck; /* whether it was killed, for whatever reason */
};

struct children {
    struct event_base *base;
    struct children_conf conf;
    struct child *list; /* in the order of starting */
    uint32_t count;
    uint32_t starting; /* the one that is started next; count: all have been */
    uint32_t stopping; /* how many still run while stopping */
    bool is_stopping;
    bool is_ending; /* … for good: nobody is waited for that cannot be killed */
    uint32_t left;  /* of those, how many were left behind */
    bool ready_told;
    uint64_t watched_ns; /* when it was last looked who is silent */
    struct descriptors_watch descriptors;
    uint64_t numbered;    /* of the newest process */
    struct losses losses; /* what no engine has recorded */
    uint64_t disk_ns;     /* when the engine said last that the disk has answered */
    struct event *reaper;
    struct event *watch;
    void (*ready)(void *context);
    void (*stopped)(void *context);
    void *context;
};

/* ---- children.c ---- */

/* Start the next one in order; behind the last, say that all do their work as soon as they do. */
void children_start_next(struct children *all);

/* Stop the next one in reverse order; behind the first, say that all are gone. */
void children_stop_next(struct children *all);

/* The engine has said this, `size` bytes of it: what is not about itself alone is followed. */
void children_hear_engine(struct children *all, const struct process_told *said, size_t size);

/* Hand the losses that are kept to the engine, if there is one. */
void children_say_losses(const struct children *all);

/* ---- child.c ---- */

/* It waits for its start, and has no process yet. Returns 0 or <0; child_deinit() follows in any case. */
NODISCARD int child_init(struct child *child, struct children *all);
void child_deinit(struct child *child);

/* Start its process. One that cannot be started is tried again. */
void child_start(struct child *child);

/* Tell its process to stop, and wait for that. */
void child_stop(struct child *child);

/* Its process was reaped with `status`. */
void child_reaped(struct child *child, int status);

/* Take a process over from the child that has kept it, unless it has died meanwhile. Returns 0 or <0. */
NODISCARD int child_adopt(struct child *child, struct child *kept);

/* Say a word to its process, if there is one. */
void child_say(const struct child *child, enum process_word word);

/* Say which site is in force to one that was kept; one that cannot be told must not live on. */
void child_say_generation(struct child *child);

/* For stuck.h: who its process is, and whether the kernel holds that. */
struct stuck_process child_stuck_process(const struct child *child);
bool child_is_stuck(const struct child *child, uint64_t now_ns);

/* ---- children_watch.c ---- */

/* The timer of CHILDREN_WATCH_MS. */
void children_watch(evutil_socket_t fd, short what, void *context);

#endif
