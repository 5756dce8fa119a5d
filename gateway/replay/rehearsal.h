/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_REHEARSAL_H
#define GATEWAY_REPLAY_REHEARSAL_H

/*
 * A rehearsal: a site's core without its gateway
 *
 * Takes inputs from a recording, a history or a test instead of from sensors, and tells the events as
 * the engine would have recorded them. There are two ways:
 *
 *     exact      resume from a snapshot, then every recorded input: the same events to the byte
 *     by itself  begin fresh; ticks and calendar come from the core's own deadlines and the site's
 *                own hours, between inputs that carry only what was seen and done. So other rules can
 *                be tried, and two of them compared without the engine's delays between them.
 */

#include "gateway/engine/calendar_told.h"
#include "gateway/engine/event_json.h"
#include "gateway/engine/silences.h"

struct rehearsal;

/* An event was told; valid during the call. */
typedef void rehearsal_told(void *context, const struct rehearsal *rehearsal,
                            const struct core_event *event, const struct event_json *json);

/* The state of an alarm has changed, at `wall`. */
typedef void rehearsal_changed(void *context, const struct rehearsal *rehearsal, uint32_t alarm,
                               struct wall wall);

/* An input is about to be taken. */
typedef void rehearsal_heard(void *context, const struct input *input);

struct rehearsal {
    const struct site *site;
    struct silences silences;
    void *block;
    struct core *core;
    struct step step;
    const struct input *input; /* that brought it; valid while its events are told */
    rehearsal_told *told;
    rehearsal_changed *changed; /* NULL at first: nobody asks */
    rehearsal_heard *heard;     /* likewise */
    void *context;
    struct instant newest;
    enum command_refusal refusal; /* of the last command */

    struct calendar calendar;
    struct calendar_told calendar_told;
    struct wall boundary; /* when to look at the calendar again */
};

/* The silences of a history without heartbeats: nothing is ever missed. */
enum { REHEARSAL_NO_SILENCE = 0 };

/*
 * Begin with a fresh core at `now`. Keeps `site`. `rate` is of the clock that was recorded, or
 * REHEARSAL_NO_SILENCE. The process has the site's zone (zone_init). Returns 0 or <0.
 */
NODISCARD int rehearsal_init(struct rehearsal *rehearsal, const struct site *site, uint32_t rate,
                             struct instant now, rehearsal_told *told, void *context);
void rehearsal_deinit(struct rehearsal *rehearsal);

/*
 * Miss this device or point after all, as the site says, where it began without silences. Before the
 * first input.
 */
void rehearsal_watch_device(struct rehearsal *rehearsal, uint32_t device);
void rehearsal_watch_point(struct rehearsal *rehearsal, uint32_t point);

/* Go on from a snapshot of the same build and rules; false if it has another size. */
bool rehearsal_resume(struct rehearsal *rehearsal, const void *core, size_t size);

/* Is the core what the snapshot says? */
bool rehearsal_is_at(const struct rehearsal *rehearsal, const void *core, size_t size);

/* Step with one input, not earlier than the one before. */
void rehearsal_take(struct rehearsal *rehearsal, const struct input *input);

/*
 * By itself: the gateway starts, and all its parts and devices are there. Nothing is known yet of any
 * point, nor of the calendar, at which rehearsal_look() is to look next.
 */
void rehearsal_begin(struct rehearsal *rehearsal, struct instant at, struct wall wall);

/* By itself: tell the core what the calendar says at its beginning. */
void rehearsal_look(struct rehearsal *rehearsal, struct instant at, struct wall wall);

/* By itself: let time pass until `at`, which is `wall` by the clock on the wall. */
void rehearsal_follow(struct rehearsal *rehearsal, struct instant at, struct wall wall);

#endif
