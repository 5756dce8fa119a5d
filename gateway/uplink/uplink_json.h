/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_UPLINK_JSON_H
#define GATEWAY_UPLINK_UPLINK_JSON_H

/*
 * What is published, as JSON
 *
 * An event's body is made once, by the engine, and journalled; here only the facts that belong to
 * one sending are added at its end, as attributes beside the others:
 *
 *     {"specversion":"1.0", … }   becomes   {"specversion":"1.0", …
 * ,"durable":true,"replayed":false}
 *
 * Because the body is text of our own making, two of its values are found by searching for their
 * key: inside a JSON string each quote is escaped, so the bytes `"class":"` can only be that key.
 *
 * The other payloads (the states of alarms, the values of points, the status) are written whole.
 * All functions are pure and need no memory but the caller's.
 */

#include <stddef.h>

#include "rules/core.h"

/* Room for any payload: the largest body and what is appended to it. At most 8 KiB by contract. */
enum { UPLINK_JSON_SIZE = 8192 };

/* The facts of one sending of an event. */
struct uplink_json_marks {
    bool durable;
    bool replayed;
    /* The n of the id u<n> under which it went out before its commit; 0: it did not. */
    uint64_t first_sent_as;
};

/*
 * Write the body of `size` bytes with its marks into `ret`. Returns the length, or 0 when the body
 * is no JSON object or too long: a damaged journal row.
 */
size_t uplink_json_event(const char *body, size_t size, const struct uplink_json_marks *marks,
                         char ret[UPLINK_JSON_SIZE]);

/* How an event is written for a broker that takes no more, longest first. */
enum uplink_json_form {
    UPLINK_JSON_BRIEF, /* without what people read: texts, response, and whatever else is long */
    UPLINK_JSON_BARE,  /* what CloudEvents requires, its subject and its sequence: no data at all */
    UPLINK_JSON_FORM_COUNT,
};

/*
 * Write an event again in a shorter form, and with `"shortened":true`. Returns the length. Without
 * memory nothing but the id is left, by which the journal can be asked; what is no event of ours
 * becomes an empty object.
 */
size_t uplink_json_shorten(const char *event, size_t size, enum uplink_json_form form,
                           char ret[UPLINK_JSON_SIZE]);

/* The class an event's body names; ALARM_CLASS_COUNT when it names none that is known. */
enum alarm_class uplink_json_class(const char *body, size_t size);

/* Copy the id of an event's body, as a string; false when it has none that fits `size`. */
bool uplink_json_id(const char *body, size_t body_size, char *ret, size_t size);

/* One alarm that is not idle. Texts are ids; `place` is NULL where it has none. */
struct uplink_json_alarm {
    const char *rule, *entity, *place;
    enum alarm_class class;
    enum priority priority;
    struct alarm_record record;
    struct wall taken; /* when the record was */
    struct wall changed;
    double value;
    enum quality quality;
};

size_t uplink_json_alarm(const struct uplink_json_alarm *alarm, char ret[UPLINK_JSON_SIZE]);

/* One value. `unit` is its written form, "" for a plain number. */
size_t uplink_json_point(double value, enum quality quality, const char *unit, struct wall measured,
                         char ret[UPLINK_JSON_SIZE]);

/* The gateway's status; `state` is "online" or "offline". */
size_t uplink_json_status(const char *state, const char *build, const char *boot,
                          char ret[UPLINK_JSON_SIZE]);

#endif
