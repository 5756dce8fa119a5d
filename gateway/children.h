/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CHILDREN_H
#define GATEWAY_CHILDREN_H

/*
 * The children of `tocsin run`
 *
 * Starts engine, field, uplink and console in this order, each once the one before does its work or
 * has failed to; starts again what dies or hangs; stops them in reverse. Each child is this same binary, executed
 * anew, with the sealed site and a line to us as its only descriptors.
 *
 *     WAITING ──start──▶ STARTING ──ready──▶ RUNNING ──dies, hangs──▶ WAITING (at once the first
 * time; └──dies──────────────────────────────▶          100 ms … 5 s when it lived less than 5 s)
 *
 * A child says each second, from its own loop, that it is alive. One that is silent for
 * CHILDREN_SILENCE_MS is killed: a loop that hangs watches nothing.
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
    int site_fd; /* the sealed image */
    uint32_t field_count;
    struct account account;     /* whom the children become */
    struct process_setup setup; /* role and instance are filled in for each */
};

/* Keeps `conf` until children_free(). Starts nothing yet. */
NODISCARD int children_new(struct event_base *base, const struct children_conf *conf,
                           struct children **ret_children);

/* Start them all, in order. `ready` is called once when every one does its work. */
void children_start(struct children *children, void (*ready)(void *context), void *context);

/* Stop them in reverse order; `stopped` is called when the last is gone. */
void children_stop(struct children *children, void (*stopped)(void *context), void *context);

/* Let the engine know that a changed site was refused, if it is there; else nobody watches anyway. */
void children_say_refused(struct children *children);

/*
 * The first child that makes no progress: it is not there, or has not said within
 * CHILDREN_PROGRESS_MS that it is alive. NULL when all do. The name lives as long as `children`.
 */
const char *children_laggard(const struct children *children);

/*
 * Is all well as far as we can see to it: does every child make progress, but for those whose next
 * life is put off because the last ones were short? Those are no reason to stop the others too, which
 * is what follows when the watchdog is not fed.
 */
bool children_thrive(const struct children *children);

struct children *children_free(struct children *children);

#endif
