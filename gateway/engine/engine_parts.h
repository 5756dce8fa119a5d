/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_ENGINE_PARTS_H
#define GATEWAY_ENGINE_ENGINE_PARTS_H

/*
 * The engine's parts, for its own files only
 *
 *     engine.c           the engine is put together and taken apart; what the supervisor tells it
 *     engine_start.c     what the journal remembers is given back before anything else is heard
 *     engine_intake.c    what field, uplink and console say, their coming and going, and their answers
 *     engine_step.c      every input through the core, and what comes of it into the journal
 *     engine_recorded.c  what the recorder says of that: told, recorded, or the disk does not answer
 *     engine_clock.c     the calendar and the wall clock, as the core is told of them
 *     engine_losses.c    processes that were lost, with an engine there or without
 *     engine_pulse.c     what is looked at and told once a second
 */

#include <event2/event.h>

#include "gateway/engine/alarm_state.h"
#include "gateway/engine/calendar_told.h"
#include "gateway/engine/engine_peer.h"
#include "gateway/engine/marks.h"
#include "gateway/engine/notices.h"
#include "gateway/engine/present.h"
#include "gateway/engine/receipts.h"
#include "gateway/engine/recorder.h"
#include "gateway/engine/recording_ring.h"
#include "gateway/engine/resends.h"
#include "gateway/engine/roster.h"
#include "gateway/engine/second_person.h"
#include "gateway/engine/silences.h"
#include "gateway/engine/standing.h"
#include "gateway/engine/switchboard.h"
#include "gateway/engine/teller.h"
#include "gateway/engine/truths.h"
#include "gateway/log.h"
#include "gateway/process.h"

/* What the engine knows of lost processes; see engine_losses.c. */
struct engine_losses {
    bool is_begun;                   /* those that were there at the start are told */
    bool is_owed;                    /* the supervisor is to hear that they are recorded */
    uint64_t newest;                 /* serial of the newest that is told */
    uint64_t ticket;                 /* of the hand-over that covers it; UINT64_MAX before */
    uint64_t told[LIMIT_COMPONENTS]; /* number of the newest process whose loss is told */
    uint64_t dead[LIMIT_COMPONENTS]; /* … of which the supervisor has said that it has ended */
    struct engine_known_loss {
        struct instant at; /* when its alarm's state was recorded; 0: not on this timeline */
        bool is_lost;
    } known[LIMIT_COMPONENTS];
};

struct engine {
    struct process *process;
    const struct site *site;
    struct silences silences; /* with the ruleset that the core has */
    struct core *core;
    struct recording_ring *recording;
    uint64_t event_count_recorded; /* of those whose inputs the recording has been given */
    struct core_event *events;
    struct alarm_decision *alarms;
    struct standing standing;
    struct index_set unrecorded; /* alarms whose newest state the journal has not confirmed */
    struct recorder *recorder;
    struct teller *teller;
    struct truths truths;
    struct engine_peers *peers;
    struct event *tick, *second, *boundary, *points, *written;
    bool points_wait;
    struct instant newest;  /* of the inputs; they never go back */
    struct instant stepped; /* the core's own newest */
    struct instant awake;   /* when the engine was last seen to run */
    struct {
        uint64_t ns;           /* real: when it last said anything, also that it is there */
        bool silent;           /* it is connected and says nothing, which was told */
    } heard[LIMIT_COMPONENTS]; /* of the field processes */
    uint64_t ticket;           /* of the newest hand-over */
    uint64_t settled;          /* everything up to here is recorded */
    struct engine_losses losses;
    uint64_t disk_ticket; /* of what is written to try the disk; 0: nothing is */

    struct calendar calendar;
    struct calendar_told calendar_told;
    int64_t drift_ns; /* wall minus instant, a second ago */

    struct switchboard switchboard;
    struct notices notices;
    struct resends resends;
    struct present *present;
    struct roster roster;
    enum truth uplink_connected, uplink_delivers;
    /* Why the broker is away; "" while it is not, or nobody knows. */
    char uplink_reason[WIRE_REASON_SIZE];
    bool site_refused; /* the site file is wrong: this is the site before it */
    struct receipts_tokens tokens[LIMIT_COMPONENTS]; /* by component; of fields and the console */
    struct receipts_results results;
    uint64_t readings, readings_dropped, event_count, events_lost, standstills;
    struct log_limiter drop_limiter, memory_limiter;
};

/* --- engine_step.c --- */

/* Call `timer` after so much real time. */
void engine_arm(struct event *timer, uint64_t real_ns);

/* The instant of what happens now; it never goes back. */
struct instant engine_now(struct engine *engine);

/* The wall time of the newest instant: both are of the same moment. */
struct wall engine_wall(const struct engine *engine);

/*
 * Step the core with an input of now, after what was due before it. `ret_first`, unless NULL, becomes the
 * first event of it, which the recorder keeps.
 */
enum command_refusal engine_apply(struct engine *engine, struct input *input,
                                  const struct journal_event **ret_first);

/*
 * Step the core with what was due until `at`, each at its own instant, and then with `input` at `at`; returns
 * and sets the same.
 */
enum command_refusal engine_apply_at(struct engine *engine, struct instant at, struct input *input,
                                     const struct journal_event **ret_first);

/* Apply that something is so. */
void engine_apply_state(struct engine *engine, enum input_kind kind, uint32_t subject,
                        enum truth state);

/* Give events and states that have gathered to the journal, and arm the timer of what is due next. */
void engine_hand_over(struct engine *engine);

/* The present state of one alarm, as the journal keeps it, to be freed. NULL without memory. */
struct journal_alarm *engine_alarm_state(struct engine *engine, uint32_t alarm);
void engine_record_alarm(struct engine *engine, uint32_t alarm);

/* Give the states of all alarms that the core reports as changed to the recorder. */
void engine_record_changed(struct engine *engine);

/* Begin a new segment of the recording. The core has nothing left to report. */
void engine_begin_recording(struct engine *engine);

/* The timer of what the core wants to be woken for. */
void engine_ticked(evutil_socket_t fd, short what, void *context);

/* --- engine_recorded.c --- */

/* For struct recorder_callbacks. */
void engine_event_told(void *context, const struct wire_event *message,
                       const struct journal_event *event);
void engine_alarm_recorded(void *context, const struct journal_alarm *alarm);
void engine_told_early(void *context);
void engine_settled(void *context, uint64_t ticket);
void engine_storage(void *context, bool well);
void engine_renewed(void *context);

/* --- engine_clock.c --- */

/* Tell the core what the calendar says now, and wait for when it says something else. */
void engine_follow_calendar(struct engine *engine);

/* The timer of when it does. */
void engine_boundary(evutil_socket_t fd, short what, void *context);

/* A wall clock that moves this much against the instants has been set by somebody. */
#define ENGINE_STEP_NS ((int64_t)NS_PER_S)

/* Has somebody set the wall clock? */
void engine_watch_clock(struct engine *engine);

/* Tell the core that somebody has set the wall clock, by so much. */
void engine_tell_step(struct engine *engine, int64_t step_ns);

/* --- engine_start.c --- */

/* Give the core its recorded life back, then its first inputs. Returns 0 or <0. */
NODISCARD int engine_begin(struct engine *engine);

/* --- engine_losses.c --- */

/* Keep what the journal says of an alarm that is of a lost component; before it is restored. */
void engine_note_recorded_loss(struct engine *engine, uint32_t alarm,
                               const struct journal_alarm *recorded);

/* Tell what was lost while no engine was there, and that this one is. At the start. */
void engine_begin_losses(struct engine *engine);

/* The supervisor hands over what was lost since, or once more what it does not know to be recorded. */
void engine_hear_losses(void *context);

/* A process said hello: it is there, but for one whose end is known already. */
void engine_gain(struct engine *engine, const struct engine_peer *peer);

/* The connection of a process broke; `clean` if it was told to stop. Unless its end is told, tell it. */
void engine_lose(struct engine *engine, const struct engine_peer *peer, bool clean);

/* What was told is handed over now. */
void engine_hand_over_losses(struct engine *engine);

/* Everything up to `ticket` is recorded: does the supervisor have to know? */
void engine_settle_losses(struct engine *engine, uint64_t ticket);

/* --- engine_intake.c --- */

/* For struct engine_peer_callbacks. */
void engine_joined(void *context, struct engine_peer *peer);
bool engine_receive(void *context, struct engine_peer *peer, const struct wire_header *message);
void engine_writable(void *context, struct engine_peer *peer);
void engine_left(void *context, struct engine_peer *peer, bool clean);

/* The console, or NULL while it is away. */
struct engine_peer *engine_console(struct engine *engine);

/* Send what is owed, as far as a socket takes it: answers to commands, recorded tokens, notices. */
void engine_send_results(struct engine *engine);
void engine_send_recorded(struct engine *engine, struct engine_peer *peer);
void engine_send_notices(struct engine *engine);

/* The timer of live values. */
void engine_points_due(evutil_socket_t fd, short what, void *context);

/* --- engine_pulse.c --- */

/* Tell the console of the tests that run and of the gateway's parts: each second, and when a test does. */
void engine_send_components(struct engine *engine);

/* The timer of each second. */
void engine_second(evutil_socket_t fd, short what, void *context);

/*
 * Did the engine itself stand still until now, as when its machine was stopped for a while? Then no device is
 * to be told as lost because nobody listened.
 */
void engine_bridge_standstill(struct engine *engine);

#endif
