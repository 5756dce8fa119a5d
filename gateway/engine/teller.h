/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_TELLER_H
#define GATEWAY_ENGINE_TELLER_H

/*
 * The teller: what the uplink and the console hear
 *
 * Both watch the same things: events, the state of alarms, the values of points. The teller keeps
 * for each of them what it has yet to hear, so that a socket that is full costs nothing but time:
 *
 *     events    one by one; if one did not fit, the newest seq later (WIRE_JOURNAL), with the urgent
 *               alarms among them, and it reads those that it missed in the journal; early events are taken from the recorder's
 * list alarms    after a hello all that are not normal, a mark that these were all, then each that
 *               changed, in the state that has been recorded
 *     points    all after a hello, then those that changed, several changes of one as one
 *
 * What a watcher has missed stays marked until it has been sent; marks never grow beyond the site.
 */

#include "gateway/engine/engine_peer.h"
#include "gateway/engine/recorder.h"

struct teller;

/* Keeps all of them. Every alarm is normal and every point unheard at first. */
NODISCARD int teller_new(const struct site *site, const struct core *core,
                         struct recorder *recorder, struct teller **ret_teller);
struct teller *teller_free(struct teller *teller);

/* An uplink or console was welcomed, is gone, or can take messages again. */
void teller_join(struct teller *teller, struct engine_peer *peer);
void teller_leave(struct teller *teller, const struct engine_peer *peer);
void teller_writable(struct teller *teller, struct engine_peer *peer);

/* Send an event to both, the uplink first. */
void teller_event(struct teller *teller, const struct wire_event *message);

/* The state of an alarm may be told; an older one than was told already is ignored. */
void teller_alarm(struct teller *teller, const struct journal_alarm *alarm);

/* A reading of `point` came. */
void teller_reading(struct teller *teller, uint32_t point, struct wall measured);

/* Once a second: find points whose quality changed by themselves, and refresh ages for the console.
 */
void teller_scan(struct teller *teller);

/* Are there points to be told of? */
bool teller_has_points(const struct teller *teller);

/* Send what is marked, as far as the sockets take it. */
void teller_flush(struct teller *teller);

#endif
