/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_RECORDER_H
#define GATEWAY_ENGINE_RECORDER_H

/*
 * The recorder: from what the core says to what everybody may hear
 *
 * Formats each event, hands it to the journal together with the alarm states that follow from it,
 * and says when it may be told:
 *
 *     recorder_add ──▶ journal ──▶ committed within 250 ms ─────────────────▶ told with its seq
 *                              └─▶ not committed in time, or the disk failed ─▶ told early as u<n>,
 * seq 0, and again with its seq once it is recorded
 *
 * Once an event was told early, or a commit of anything hangs, the storage is unwell until all that is owed
 * has really been recorded and RECORDER_WELL_MS have passed: a disk that says nothing is not well.
 *
 * Events that wait are kept in order; those that went out early stay among them, so that a peer
 * that connects meanwhile can be given them too. Without a journal that list is the bounded journal
 * in memory.
 */

#include "gateway/engine/deed_json.h"
#include "gateway/engine/event_json.h"
#include "gateway/engine/takeover_json.h"
#include "gateway/journal/journal.h"
#include "gateway/site.h"
#include "gateway/wire.h"

struct event_base;

enum {
    /* Real time until an event is told although it is not recorded. */
    RECORDER_LIMIT_MS = 250,
    /* Real time without a failure or delay until the storage counts as well again. */
    RECORDER_WELL_MS = 3000,
    /* A disk that has owed a commit for so long hangs, and is said to. */
    RECORDER_HANG_MS = 3000,
};

struct recorder;

struct recorder_callbacks {
    /* An event may be told: recorded (seq > 0) or early (seq 0). Both valid during the call. */
    void (*event)(void *context, const struct wire_event *message,
                  const struct journal_event *event);
    /* The state of an alarm is recorded. */
    void (*alarm)(void *context, const struct journal_alarm *alarm);
    /* Events went out early: what is known of alarms may be told as it is. */
    void (*early)(void *context);
    /* Everything up to `ticket` is recorded. */
    void (*settled)(void *context, uint64_t ticket);
    /* The storage has become well or unwell: events are not recorded in time, or there is no room for
     * all that is to be kept, or it cannot be signed. May add and submit. */
    void (*storage)(void *context, bool well);
    /* A new journal file began: add the state of every alarm and submit. */
    void (*renewed)(void *context);
};

/* Open the journal in `directory`, the state directory. Keeps `site` and `directory`. */
NODISCARD int recorder_new(const struct site *site, const char *directory, struct event_base *base,
                           const struct recorder_callbacks *callbacks, void *context,
                           struct recorder **ret_recorder);

/* Start recording, once what the journal knows has been loaded. */
NODISCARD int recorder_start(struct recorder *recorder);

/* Record what waits, if that works at once, and close. */
struct recorder *recorder_free(struct recorder *recorder);

/* For loading before recorder_start(), for what peers have confirmed, and for figures. */
struct journal *recorder_journal(struct recorder *recorder);

/* Is everything recorded in time? Are the checkpoints signed that have to be? */
bool recorder_is_well(const struct recorder *recorder);
bool recorder_is_sealing(const struct recorder *recorder);

/* Did the disk take what it was given last? False: it has answered with an error. */
bool recorder_is_recording(const struct recorder *recorder);

/* Format and add an event; `ret_event`, which may be NULL, is valid until it has been recorded. */
NODISCARD int recorder_add(struct recorder *recorder, const struct core_event *event,
                           const struct event_context *context,
                           const struct journal_event **ret_event);

/*
 * Add the event that closes `name`, an alarm that the site no longer has, as `recorded` was when it
 * was last known; its state leaves the journal together with it. Before recorder_start().
 */
NODISCARD int recorder_end_alarm(struct recorder *recorder, const char *name,
                                 const struct alarm_record *recorded,
                                 const struct event_moment *moment);

/* Add the event that ends the test of `place`, an id that the site no longer has; likewise. */
NODISCARD int recorder_end_test(struct recorder *recorder, const char *place,
                                const struct event_moment *moment);

/* Add the event of a deed, which is sound. */
NODISCARD int recorder_add_deed(struct recorder *recorder, const struct deed *deed,
                                const struct event_moment *moment);

/* Add the event of a shift that is taken over, which is sound; `ret_event` as in recorder_add_event(). */
NODISCARD int recorder_add_takeover(struct recorder *recorder, const struct takeover *takeover,
                                    const struct event_moment *moment,
                                    const struct journal_event **ret_event);

/* Add an alarm's state, or what stands beside the alarms; takes it. */
void recorder_add_alarm(struct recorder *recorder, struct journal_alarm *alarm);
void recorder_add_standing(struct recorder *recorder, struct journal_standing *standing);

/* Add what all points said last, which the next life begins with; takes it. */
void recorder_add_present(struct recorder *recorder, struct journal_present *present);

/* Hand over what was added. Returns the ticket that covers it. */
uint64_t recorder_submit(struct recorder *recorder);

/* Once a second: a disk that hangs is told of, and the storage may count as well again. */
void recorder_tick(struct recorder *recorder);

/* Events that wait for their commit, oldest first; go on with `newer`. */
const struct journal_event *recorder_waiting(const struct recorder *recorder);

/* Write the message of an event that waits and went out early. */
void recorder_early_message(const struct recorder *recorder, const struct journal_event *event,
                            struct wire_event *ret);

#endif
