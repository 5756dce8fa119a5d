/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_EVENT_H
#define GATEWAY_JOURNAL_JOURNAL_EVENT_H

/*
 * An event and an alarm's state on their way into the journal
 *
 * The loop makes them, the writer thread records them and gives them back, the loop tells everybody
 * and frees them. What both threads look at is fixed at birth; what one of them writes, only that
 * one reads until the other has it by way of the journal's lock.
 *
 * The body is kept in two parts, because the two facts that are only known later stand in front of
 * them:
 *
 *     {"specversion":"1.0","id":"<site>.<gateway>.<boot>.   <seq> or u<n>   HEAD
 * [,"sequence":<seq>]  DATA └── text[0…split) ┘   └ …size) ┘
 *
 * so that an event that goes out before its commit (`u<n>`, no sequence) and the recorded one are
 * made from the same bytes.
 */

#include <stdatomic.h>

#include "gateway/wire.h"

/* Room for an id without its number: two ids of 32, a boot of 20, three dots, the NUL. */
enum { JOURNAL_ID_PREFIX_SIZE = 96 };

/* Most bytes of HEAD and DATA together: what remains of a body beside the opening, id and sequence.
 */
enum { JOURNAL_TEXT_MAX = WIRE_BODY_MAX - 256 };

/* Bytes of a role's name, with the final NUL. */
enum { JOURNAL_ROLE_SIZE = 16 };

struct journal_event {
    /* fixed at birth */
    struct wall wall;
    uint64_t born_real_ns; /* for the 250 ms limit */
    uint32_t alarm;        /* index, or RULESET_NONE */
    uint16_t type;         /* as event_type.h has it */
    uint8_t lane;          /* enum core_lane */
    uint8_t class;         /* enum alarm_class, or ALARM_CLASS_COUNT */
    uint32_t step, run;    /* of the alarm's chain, when it is a step of one */
    const char *place;     /* id, in the site's strings; NULL where it has none */
    const char *point;
    /* name of an alarm that the site no longer has (`alarm` is RULESET_NONE then): the event tells
     * its end, and its state goes with it; NULL for all others */
    char *ended;
    uint32_t split;
    uint32_t size;
    /* the loop sets it once when the event goes out before its commit; the writer looks at it */
    atomic_uint_fast64_t early;
    /* the writer's, until it gives the event back */
    uint64_t seq;          /* tried, or recorded */
    uint64_t early_linked; /* the `early` that was recorded with it; 0: none */
    struct journal_event *next;
    /* the loop's: all that wait for their commit, oldest first */
    struct journal_event *older, *newer;
    char text[];
};

/* Make an event with a copy of `text`; all other fields are the caller's to set. */
NODISCARD int journal_event_new(const char *text, size_t split, size_t size,
                                struct journal_event **ret_event);
struct journal_event *journal_event_free(struct journal_event *event);

/* Make it the end of the alarm `name`, which it copies. */
NODISCARD int journal_event_end_alarm(struct journal_event *event, const char *name);

/*
 * Write the body with its id: as recorded for `seq` > 0, else as sent early under `early`. Returns
 * its size. `prefix` is "<site>.<gateway>.<boot>." as journal_id_prefix() gives it.
 */
size_t journal_event_body(const struct journal_event *event, const char *prefix, uint64_t seq,
                          uint64_t early, char ret[WIRE_BODY_MAX]);

/*
 * What `at` says of something that was recorded on another timeline: another boot of the machine, whose
 * instants cannot be compared. It is later than every instant, so that whoever asks for the time since
 * finds none.
 */
#define JOURNAL_INSTANT_FOREIGN ((struct instant){INT64_MAX})

/* What survives a restart of one alarm. */
struct journal_alarm {
    struct journal_alarm *next;
    uint32_t alarm;
    uint32_t memory_count;
    uint64_t ticket;   /* of the hand-over that brought it; see journal.h */
    struct instant at; /* when the record and the ages were taken, by both clocks */
    struct wall at_wall;
    struct wall changed; /* when something about it last happened */
    double value;        /* of the deciding reading */
    uint32_t quality;    /* enum quality */
    struct alarm_record record;
    struct chain_record chain; /* all zero without one */
    struct memory_record memories[];
};

/* A test that runs, and what it has ticked off. */
struct journal_test {
    struct journal_test *next;
    const char *place;   /* id; in the site's strings, or of the row that is being read */
    const char *tripped; /* ids of points, with a space after each; likewise, or its own */
    struct wall begun;
    uint32_t left_ds; /* when it was taken */
    char actor[LIMIT_ACTOR];
    char role[JOURNAL_ROLE_SIZE];
    char reason[LIMIT_REASON];
};

/* The round of walk tests of a place, and what was tripped in it. */
struct journal_walk {
    struct journal_walk *next;
    const char *place; /* as of a test, and the next as well */
    const char *tripped;
    uint32_t left_ds; /* when it was taken */
};

/* When a button or detector was last true, in earnest and in a test. */
struct journal_trip {
    struct journal_trip *next;
    const char *point; /* id, as of a test */
    struct core_trip_record record;
};

/*
 * What survives a restart beside the alarms: the tests that run, the rounds of walk tests, the trips that
 * alarms look back on, the flood and what is known of the wall clock. Always all of it.
 */
struct journal_standing {
    struct instant at; /* when it was taken, by both clocks */
    struct wall at_wall;
    struct flood_record flood;
    /* The wall clock is wrong until it is past this; 0: it is to be trusted; negative: so it is, but it was
       wrong for at most a day, before it was set back from this. */
    struct wall clock_good;
    struct journal_test *tests;
    struct journal_walk *walks;
    struct journal_trip *trips;
};

/* What a point said last. */
struct journal_point {
    const char *point; /* id; in the site's strings, or of the row that is being read */
    uint64_t source;   /* a digest of where and how it is read; see present.h */
    double value;      /* 0 unless the quality is usable */
    uint32_t quality;  /* enum quality; QUALITY_STALE: it has never said anything */
    struct wall measured;
    uint64_t age_ns; /* since it was heard; of one that never was, since it has been waited for */
    uint64_t row;    /* where it stands, for journal_forget_point(); 0 before it is recorded */
};

/* What all points said last, as the engine knew it when it ended. */
struct journal_present {
    struct instant at; /* when it was taken, by both clocks */
    struct wall at_wall;
    uint32_t count;
    struct journal_point points[];
};

/* Takes one row of it; `present` says when it was taken, its list means nothing here. */
typedef void journal_point_taker(void *context, const struct journal_present *present,
                                 const struct journal_point *point);

/* Make one with room for `room` points and none in it; to be freed with free(). */
NODISCARD int journal_present_new(uint32_t room, struct journal_present **ret_present);

/* Make one without tests. */
NODISCARD int journal_standing_new(struct journal_standing **ret_standing);
struct journal_standing *journal_standing_free(struct journal_standing *standing);

/* Add a test with room for `size` bytes of `tripped`, all zero, which `ret_tripped` is set to. */
NODISCARD int journal_standing_add(struct journal_standing *standing, size_t size,
                                   struct journal_test **ret_test, char **ret_tripped);

/* Likewise a round. */
NODISCARD int journal_standing_add_walk(struct journal_standing *standing, size_t size,
                                        struct journal_walk **ret_walk, char **ret_tripped);

/* Likewise a trip of the point of this id, which the site keeps. */
NODISCARD int journal_standing_add_trip(struct journal_standing *standing, const char *point,
                                        const struct core_trip_record *record);

/* Make one with zeroed memories. */
NODISCARD int journal_alarm_new(uint32_t alarm, uint32_t memory_count,
                                struct journal_alarm **ret_alarm);

#endif
