/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_GATHER_H
#define GATEWAY_JOURNAL_JOURNAL_GATHER_H

/*
 * A gather: everything that goes into one transaction
 *
 * Events in their order; of each alarm only the newest state, and of what stands beside them; of
 * each sink and lane only the highest confirmed seq, and of each field process the newest token. Two gathers that follow each other make one by appending, which is what
 * happens to a transaction that failed: it stays in front of what has come since. Events and the
 * states that followed from them were handed over together and therefore never part.
 *
 * Appending moves nodes and allocates nothing, so that the writer can always keep what it failed to
 * record. How many events a gather may hold is for journal.c to see to; states are bounded by the
 * number of alarms.
 */

#include "gateway/journal/journal_event.h"

/* Who has to confirm events. The name is the one in the table `sink`. */
enum journal_sink { JOURNAL_SINK_MQTT, JOURNAL_SINK_DATABASE, JOURNAL_SINK_COUNT };

enum { JOURNAL_LANE_COUNT = LANE_ACTIVITY + 1 };

/* Field processes whose event readings have tokens (gateway/field/holding.h). */
enum { JOURNAL_FIELD_MAX = LIMIT_COMPONENTS };

/* An event that went out early and was recorded without saying so. */
struct journal_link {
    struct journal_link *next;
    uint64_t seq;
    uint64_t early;
};

/* A row of what points said last that is true no longer. */
struct journal_spent {
    struct journal_spent *next;
    uint64_t row;
};

struct journal_gather {
    struct journal_event *first, *last;
    uint32_t lane_counts[JOURNAL_LANE_COUNT];
    struct journal_alarm *alarms;
    struct journal_alarm **by_alarm;   /* alarm_count entries */
    struct journal_standing *standing; /* NULL: nothing new */
    struct journal_present *present;   /* likewise */
    struct journal_spent *spent;
    struct journal_link *links;
    uint64_t confirmed[JOURNAL_SINK_COUNT][JOURNAL_LANE_COUNT]; /* 0: nothing new */
    /* Of each, the newest event reading taken; 0: nothing new. */
    uint64_t tokens[JOURNAL_FIELD_MAX];
    uint64_t ticket;
    bool confirmations; /* or tokens */
};

NODISCARD int journal_gather_init(struct journal_gather *gather, uint32_t alarm_count);

/* Free everything inside; twice is harmless. */
void journal_gather_deinit(struct journal_gather *gather);

/* Each takes what it is given. */
void journal_gather_add_event(struct journal_gather *gather, struct journal_event *event);
void journal_gather_add_alarm(struct journal_gather *gather, struct journal_alarm *alarm);
void journal_gather_add_standing(struct journal_gather *gather, struct journal_standing *standing);
void journal_gather_add_present(struct journal_gather *gather, struct journal_present *present);
void journal_gather_add_spent(struct journal_gather *gather, struct journal_spent *spent);
void journal_gather_add_link(struct journal_gather *gather, struct journal_link *link);
void journal_gather_confirm(struct journal_gather *gather, enum journal_sink sink,
                            enum core_lane lane, uint64_t seq);

void journal_gather_add_token(struct journal_gather *gather, uint32_t field, uint64_t token);

/* Move everything of `newer` behind what `gather` holds; `newer` is empty afterwards. */
void journal_gather_append(struct journal_gather *gather, struct journal_gather *newer);

/* Take the oldest event of a lane out; NULL when there is none. */
struct journal_event *journal_gather_oldest(struct journal_gather *gather, enum core_lane lane);

/* Forget states, links and confirmations, which are recorded; events stay. */
void journal_gather_settle(struct journal_gather *gather);

/* Nothing at all inside? */
bool journal_gather_is_empty(const struct journal_gather *gather);

/* Is there anything that somebody waits for? Confirmations and links can wait for company. */
bool journal_gather_is_urgent(const struct journal_gather *gather);

#endif
