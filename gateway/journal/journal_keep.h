/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_KEEP_H
#define GATEWAY_JOURNAL_JOURNAL_KEEP_H

/*
 * Keeping: what the journal lets go of, and when
 *
 * An event is kept until every sink of the site has confirmed it, and then for `keep_ns`. A receipt
 * is no promise of the other side's to keep it, so that nothing goes within a week of it. When that
 * was is known from marks: four times a day the journal notes how far all sinks had confirmed each
 * lane, and what the newest mark of a week ago covers has been confirmed for a week.
 *
 *     file within `size`:   what was confirmed `keep_ns` ago goes
 *     file over `size`:     … what was confirmed a week ago goes
 *                           … then activity goes, the oldest first, whoever has it or not: its hard
 *                             limit. What nobody has any more is counted and told.
 *                           … alarms stay, and the file grows: told, until somebody makes room
 *
 * Of each lane the oldest go first. An event that a seal speaks of leaves its leaf behind until nothing
 * of that seal's stretch is here any more (journal_ledger.h).
 *
 * The space of what is gone is used for what comes: the file is not made shorter, and does not grow
 * past the size that it has been given. A turn is one small transaction between two commits.
 */

#include "gateway/journal/journal_gather.h"

#define JOURNAL_WEEK_NS (UINT64_C(7) * 24 * 3600 * NS_PER_S)

enum {
    /* Rows that a turn looks at, and lets go of, at most: a few milliseconds. */
    JOURNAL_KEEP_ROWS = 128,
    /* Hours between marks. */
    JOURNAL_MARK_HOURS = 6,
};

struct journal_keep {
    uint64_t keep_ns;               /* at least a week */
    uint64_t size;                  /* bytes of the file that may be in use; 0: nothing ever goes */
    bool sinks[JOURNAL_SINK_COUNT]; /* those that the site has */
    /* What goes leaves its leaf for a seal that is still to come; see journal_ledger.h. */
    bool leaves;
};

struct journal_keep_turn {
    uint64_t bytes;   /* in use before the turn */
    uint32_t expired; /* events gone in their time */
    /* Activity gone for want of room that everybody had, though not for a week. */
    uint32_t shortened;
    uint32_t lost; /* … that somebody did not have */
    bool more;     /* there is more to be let go of */
    bool crowded;  /* over its size, and nothing more may go */
};

#endif
