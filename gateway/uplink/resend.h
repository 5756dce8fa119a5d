/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_RESEND_H
#define GATEWAY_UPLINK_RESEND_H

/*
 * Resend: what the broker had taken once and is to be given again
 *
 * A PUBACK is no durability: a broker that loses its store has forgotten what it confirmed, and only
 * people know. Somebody asks for a part of the journal; it is gone through once, in order of seq,
 *
 *     journal:   … first │ ── not yet `since` ── │ ── begun ──────────── │ last …
 *                                                     ▲          ▲
 *                                                  in flight   read ahead
 *
 * and each event of it goes out once more, under its own id. What a time names is taken generously,
 * because wall clocks are set: from the first event of `since` or later on, all events that are not
 * later than `until`.
 *
 * What is in flight when the line breaks is sent again. What the broker refuses is not: it can be asked
 * for once more.
 *
 * Pure but for its memory: the feeder reads the journal and publishes.
 */

#include "gateway/uplink/read_ahead.h"

/* In flight: more than any window. */
enum { RESEND_SENT_MAX = 128 };

/* What was asked for. Both ends belong to it. */
struct resend_range {
    uint64_t first_seq, last_seq;
    struct wall since, until;
};

struct resend_sent {
    uint64_t seq;
    bool taken;
};

struct resend {
    uint64_t number; /* of what is asked for; 0: nothing is */
    struct resend_range range;
    bool begun;                               /* an event of `since` or later has been found */
    uint64_t read;                            /* the journal has been gone through up to here */
    uint32_t first, count;                    /* of the ring */
    struct resend_sent sent[RESEND_SENT_MAX]; /* in order of seq */
    struct read_ahead ahead;
};

/* Nothing is asked for. Returns 0 or <0; resend_deinit() is allowed then too. */
NODISCARD int resend_init(struct resend *resend);
void resend_deinit(struct resend *resend);

/*
 * Somebody asks; it takes the place of what was asked before. The same `number`, which is not 0, is the
 * same question, and changes nothing while it is under way.
 */
void resend_ask(struct resend *resend, uint64_t number, const struct resend_range *range);

/* Is the journal to be read on now? Then how, and resend_row() for each row. */
bool resend_wants(const struct resend *resend, struct journal_query *ret_query);
bool resend_row(void *context, const struct journal_row *row);

/* A read without an error has ended; `any`: it found rows. */
void resend_read_done(struct resend *resend, bool any);

/* The event whose turn it is, until it is dropped; NULL when none waits or too many are in flight. */
const struct journal_row *resend_next(const struct resend *resend);

/* It is being sent, so that it may be answered. */
void resend_sent(struct resend *resend);

/* Its turn is over. */
void resend_drop(struct resend *resend);

/* The broker has answered. One that is not in flight changes nothing. */
void resend_answered(struct resend *resend, uint64_t seq);

/* The line is lost. */
void resend_session_end(struct resend *resend);

/* How many numbers of the journal are before its end still; 0: nothing is asked for. */
uint64_t resend_left(const struct resend *resend);

/* Has all that was asked for been answered? Then it is forgotten: true once, with its number. */
bool resend_is_over(struct resend *resend, uint64_t *ret_number);

#endif
