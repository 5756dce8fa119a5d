/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_NOTICES_H
#define GATEWAY_ENGINE_NOTICES_H

/*
 * Notices: the steps of chains that a webhook is called for, until it has taken them
 *
 *     told ──▶ due ──▶ sent to the uplink ──▶ received
 *                  ▲          │
 *                  └ uplink ──┘ is new, or the engine
 *
 * A step whose role is called by webhook becomes a notice when its event may be told, and carries
 * that event. The uplink calls; it remembers nothing across its own restart, so that the engine
 * gives it all that is still due when it comes back. When the chain no longer runs, because
 * somebody has acknowledged, what is still due is withdrawn: nobody is woken for what is over.
 *
 * After a restart of the engine the journal tells which steps of a run that goes on were told; what
 * of them was received is known of the newest only, and the others are given again. Whoever is
 * called knows an event by its id.
 *
 * When too many are due, an emergency goes last: the oldest that is none makes room.
 */

#include "gateway/journal/journal_reader.h"
#include "gateway/site.h"
#include "gateway/wire.h"

enum {
    /* Notices at once; more calls than anybody could answer. */
    NOTICES_MAX = 64,
    /* Events of an alarm that are looked through for the steps of its run. */
    NOTICES_EVENTS_MAX = 200,
};

struct notice {
    uint32_t alarm, step, run;
    bool sent;
    bool withdrawn;
    struct wire_notice *message;
};

struct notices {
    const struct site *site;
    struct notice list[NOTICES_MAX]; /* oldest first */
    uint32_t count;
    uint64_t displaced; /* went for a new one, or were not taken, because NOTICES_MAX were due */
};

/* Keeps `site`. */
void notices_init(struct notices *notices, const struct site *site);
void notices_deinit(struct notices *notices);

/*
 * An event may be told: if it is a step that calls a webhook, it is due. One that was told before
 * its commit is the same when it is told again. Without memory it is lost, like any event.
 */
void notices_add(struct notices *notices, const struct wire_event *event, uint32_t step,
                 uint32_t run);

/* The chain of an alarm has changed: what does not belong to a run that goes on is withdrawn. */
void notices_follow(struct notices *notices, uint32_t alarm, const struct chain_record *chain);

/* A notice was received, or never will be: it is due no longer. */
void notices_settle(struct notices *notices, uint32_t alarm, uint32_t step, uint32_t run);

/* The uplink is new and knows nothing. */
void notices_renew(struct notices *notices);

/* Send what has not been sent, until `send` returns anything but 0. */
void notices_flush(struct notices *notices, int (*send)(void *context, const void *message),
                   void *context);

/* Find in the journal what is due of an alarm whose chain goes on after a restart. */
void notices_recover(struct notices *notices, struct journal_reader *reader, uint32_t alarm,
                     const struct chain_record *chain);

#endif
