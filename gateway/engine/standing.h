/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_STANDING_H
#define GATEWAY_ENGINE_STANDING_H

/*
 * What stands beside the alarms: tests, rounds of walk tests, the flood and the wall clock
 *
 * A test is forgotten by nobody: what is raised under it must stay a test after a restart, or people
 * are called for nothing, and its end must be told, or they are not called when they should be. The
 * core knows which places are under test until when, and which trips were of a test that rules still
 * look back on when it has ended; who began it and why is kept here, for those who see that a place is
 * under test. A round of walk tests goes on as well, or whoever starts the
 * gateway each week is never reminded, and so does a clock that is behind what it had shown. All of it
 * goes into the journal in one piece, in the transaction of the events that changed it.
 */

#include "gateway/journal/journal_event.h"
#include "gateway/site.h"

/* Who began the test of a place, when and why. */
struct standing_note {
    struct wall begun;
    enum role role;
    char actor[LIMIT_ACTOR];
    char reason[LIMIT_REASON];
};

struct standing {
    const struct site *site;
    struct core *core;
    struct standing_note *notes; /* by place; of those under test */
    /* When the wall clock was set right, it showed this; 0: nothing of it. */
    struct wall clock_mended;
    bool changed; /* it is to be recorded */
};

/* Nothing runs. Keeps `site` and `core`. */
NODISCARD int standing_init(struct standing *standing, const struct site *site, struct core *core);
void standing_deinit(struct standing *standing);

/* An event of the core: does it change anything that is kept here? */
void standing_follow(struct standing *standing, const struct core_event *event);

/* The wall clock was set back from `shown`, and is right: what it showed before was wrong. */
void standing_mend_clock(struct standing *standing, struct wall shown);

/* All of it as the journal keeps it, taken now. NULL without memory. */
struct journal_standing *standing_state_new(const struct standing *standing, struct instant now,
                                            struct wall wall);

/*
 * What people are to see of the first test that runs at `*place` or a later place; moves `*place`
 * behind it. False when there is none.
 */
bool standing_next(const struct standing *standing, uint32_t *place, struct instant now,
                   struct wall wall, struct wire_test *ret);

/* Give `place` its test back. The time that it was away counts: see restore.h. */
void standing_restore_test(struct standing *standing, uint32_t place,
                           const struct journal_standing *recorded, const struct journal_test *test,
                           struct instant now, struct wall wall);

/* Likewise its round of walk tests. */
void standing_restore_walk(struct standing *standing, uint32_t place,
                           const struct journal_standing *recorded, const struct journal_walk *walk,
                           struct instant now, struct wall wall);

/* Likewise when a button or detector was last true in earnest, and in a test. */
void standing_restore_trip(struct standing *standing, const struct journal_standing *recorded,
                           const struct journal_trip *trip, struct instant now);

#endif
