/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_EVENT_JSON_H
#define GATEWAY_ENGINE_EVENT_JSON_H

/*
 * An event as it is recorded and published: one CloudEvents 1.0 object
 *
 *     {"specversion":"1.0","id":"gulou-demo.main.17.4201",      journal_event.h adds this line
 *      "source":"/tocsin/gulou-demo/main","type":"tocsin.alarm.raised",
 *      "subject":"care/day-care/button-1","time":"2026-11-22T07:17:00.123Z",
 *      "monotonicms":86412345,"clock":"good","sequence":4201,     and the last of these
 *      "data":{"rule":…,"class":…,"priority":…,"place":…,"state":{…},"occurrence":1,"value":1,
 *       "unit":null,"quality":"good","measured":…,"text":{"zh":…,"en":…},"response":{…},"actor":null}}
 *
 * `monotonicms` counts from the start of the machine and never steps; `clock` is "behind" while the
 * wall clock shows less than it had shown before, so that `time` is not to be trusted.
 *
 * Only where it says something, after the occurrence: `raises` of one raised again, `investigated`,
 * `chattering`, `incident`, `disposition`, `until`. Beside an actor: `role`, and who was the second.
 *
 * A step of an escalation chain has, in the same place, `step` of `steps` in the chain's `run`, whom
 * it tells (`to`, in the words of the site file, `to_name` in people's, and `on_duty` for a shift), how (`by`: "webhook", "push" or
 * null, and the kinds of `outputs` that it switches on), and the `reason` why it comes now: its time
 * is "due", or "no_receiver" received the step before it. `receipt_s` is how long its own receivers have to confirm:
 * a step that nobody has received by then is followed by one whose reason is "no_receiver".
 *
 * An acknowledgement and a step have there `calling`, the roles of which one must acknowledge for the calls to
 * end; none when nobody is called any more.
 *
 * A process that was lost while no engine was there to see it, the engine itself above all, has in
 * the same place `lost`: how it ended, since when it was gone, and for how many milliseconds until
 * it was told. While the engine was gone nothing was decided.
 *
 * The keys stand in this order always. A value that cannot be trusted is null beside its quality.
 * What happened in the activity lane has place, point and text; a card's number never leaves the
 * gateway, and therefore never enters a body.
 *
 * A certificate that ends soon has there `ends`, the moment of it; null while that is not known.
 *
 * Every text has a bound of its own, and all bounds together fit JOURNAL_TEXT_MAX.
 */

#include "gateway/engine/event_text.h"
#include "gateway/journal/journal_event.h"
#include "gateway/site.h"

struct event_json {
    size_t split; /* where the sequence goes */
    size_t size;
    char text[JOURNAL_TEXT_MAX];
};

/* What the core that told an event knows beside it. */
struct event_context {
    struct event_loss loss; /* that the input told; the event need not be of it */
    struct wall raised;     /* when the alarm's occurrence was, for {since} */
    uint32_t calling;       /* who is called for the alarm still, as calling.h has it */
    bool clock_behind;
};

/* Of an event that `input` has brought about; `core` has taken it, and nothing after it. */
struct event_context event_context_of(const struct site *site, const struct core *core,
                                      const struct input *input, const struct core_event *event);

/* Whom a step of a chain tells may have so many bytes, with its NUL. */
#define EVENT_JSON_TO_SIZE 80

/*
 * Whom a step tells, in the words of the site file: "role caregiver", "shift day", "everyone". Who a
 * person is does not leave the gateway. Returns false if it tells nobody.
 */
bool event_json_to(const struct site *site, const struct chain_step *step,
                   char ret[EVENT_JSON_TO_SIZE]);

void event_json_format(const struct site *site, const struct core_event *event,
                       const struct event_context *context, struct event_json *ret);

/* When the engine itself tells an event, at its start. */
struct event_moment {
    struct instant at;
    struct wall wall;
    bool clock_behind;
};

/* An alarm whose rule the site no longer has: what is still known of it. */
struct event_json_ended {
    const char *name;           /* <rule>/<entity> */
    struct event_moment moment; /* when it is closed */
    bool acked, attended;
    uint32_t occurrence;
    /* as its newest event told them; "" where that is not known */
    char class_name[64], priority[32], place[128];
};

/* Learn class, priority and place from the body of its newest event; size 0 teaches nothing. */
void event_json_ended_learn(struct event_json_ended *ended, const char *body, size_t size);

/* Write the event that ends the test of `place`, an id that the site no longer has. */
void event_json_format_test_ended(const struct site *site, const char *place,
                                  const struct event_moment *moment, struct event_json *ret);

/*
 * Write the event that closes it, with the reason "rule removed"; or "entity removed" where the site still
 * has its rule.
 */
void event_json_format_ended(const struct site *site, const struct event_json_ended *ended,
                             struct event_json *ret);

#endif
