/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CHILDREN_H
#define GATEWAY_CHILDREN_H

/*
 * The children of `tocsin run`
 *
 * Starts engine, field, uplink and console in this order, each once the one before does its work or
 * has failed to; starts again what dies or hangs; stops them in reverse. Each child is this same binary, executed
 * anew, with the sealed site, a line to us and, in a field process, the list of retired outputs as its only
 * descriptors.
 *
 *     WAITING ──start──▶ STARTING ──ready──▶ RUNNING ──dies, hangs──▶ WAITING (at once the first
 * time; └──dies──────────────────────────────▶          100 ms … 5 s when it lived less than 5 s)
 *
 * A child says each second, from its own loop, that it is alive. One that is silent for
 * CHILDREN_SILENCE_MS is killed: a loop that hangs watches nothing. One that the kernel does not let go of
 * is told of (stuck.h), and none is started beside it. What is lost is handed to the engine, the one that
 * runs or the next, until one has recorded it (losses.h).
 */

#include "gateway/account.h"
#include "gateway/process.h"

enum {
    CHILDREN_SILENCE_MS = 8000,
    /* A child that has been silent so long makes no progress: three of its heartbeats are missing. */
    CHILDREN_PROGRESS_MS = 3000,
    CHILDREN_SHORT_LIFE_MS = 5000,
    CHILDREN_RETRY_MS_FIRST = 100,
    CHILDREN_RETRY_MS_MAX = 5000,
    /* How long the next one waits for the one before to be ready; then it starts all the same. */
    CHILDREN_READY_MS = 10000,
    /* How long a child may take to stop cleanly before it is killed. */
    CHILDREN_STOP_MS = 5000,
};

/* How often it is looked who is silent. */
enum { CHILDREN_WATCH_MS = 1000 };

/* Noticed, told and started again within ten seconds (faults.md 1): the last heartbeat, the look, and the
 * time that a process takes to be there again are in it. */
_Static_assert(CHILDREN_SILENCE_MS + CHILDREN_WATCH_MS < 10000,
               "a child that hangs is replaced in time");

struct children;

struct children_conf {
    int site_fd;         /* the sealed image */
    uint64_t generation; /* of that */
    int retired_fd;      /* the list of retired.h, for the field processes */
    uint32_t field_count;
    struct account account; /* whom the children become */
    const char *state_directory;
    struct process_setup setup; /* role and instance are filled in for each */
};

/*
 * Keeps `conf` until children_free(). Starts nothing yet. The field processes that `from` has kept, if
 * it is not NULL, live on as the new ones' and are told the new generation; the engine is told that it
 * takes the place of another.
 */
NODISCARD int children_new(struct event_base *base, const struct children_conf *conf,
                           struct children *from, struct children **ret_children);

/* Start them all, in order. `ready` is called once when every one does its work. */
void children_start(struct children *children, void (*ready)(void *context), void *context);

/*
 * Let field process `instance` live on when the others are stopped, if it is at work. Returns whether
 * it is.
 */
bool children_keep(struct children *children, uint32_t instance);

/*
 * Stop them in reverse order, but for those that are kept; `stopped` is called when the last is gone.
 * Called again, it stops also those that were kept, and `stopped` of the first call is forgotten. One that
 * the kernel does not let go of is waited for: whoever follows would meet it.
 */
void children_stop(struct children *children, void (*stopped)(void *context), void *context);

/*
 * The same for good: one that was killed and is not gone STUCK_MS later is left behind, so that the end of
 * each takes CHILDREN_STOP_MS + STUCK_MS at most. children_left() says how many were.
 */
void children_end(struct children *children, void (*stopped)(void *context), void *context);
uint32_t children_left(const struct children *children);

/* Let the field processes know that outputs have been added to the retired ones. */
void children_say_retired(struct children *children);

/*
 * Let the engine know whether the site file was refused, or is right again as it was; an engine that is not
 * there now is told when it starts.
 */
void children_say_refused(struct children *children, bool is_refused);

/*
 * Have the engine try the disk, and say whether that has answered since `since_ns`, real. To be called
 * until it has. Also when there is no engine: then none watches that could be kept.
 */
bool children_disk_answers(struct children *children, uint64_t since_ns);

/*
 * The first child that makes no progress: it is not there, or has not said within
 * CHILDREN_PROGRESS_MS that it is alive. NULL when all do. The name lives as long as `children`.
 */
const char *children_laggard(const struct children *children);

/* Is this one, which children_laggard() returned, held by the kernel, so that none can take its place? */
bool children_is_stuck(const struct children *children, const char *laggard);

/*
 * Is all well as far as we can see to it: does every child make progress, but for those whose next
 * life is put off because the last ones were short? Those are no reason to stop the others too, which
 * is what follows when the watchdog is not fed.
 */
bool children_thrive(const struct children *children);

struct children *children_free(struct children *children);

#endif
