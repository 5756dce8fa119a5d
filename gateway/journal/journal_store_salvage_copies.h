/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_STORE_SALVAGE_COPIES_H
#define GATEWAY_JOURNAL_JOURNAL_STORE_SALVAGE_COPIES_H

/*
 * Copies of one event that differ
 *
 * The pages of a damaged file and of its log may hold an event more than once, and one of the copies
 * may be what the damage made of it. The first that is found goes into the journal; others wait in a
 * table in memory until the events are held against each other, and the one whose digest continues the
 * chain is the event.
 */

#include "gateway/journal/journal_store_parts.h"

/* Copies that are kept at most; further ones are not looked at. */
enum { SALVAGE_COPIES_MAX = 4096 };

struct salvage_copies {
    struct journal_store *store;
    sqlite3_stmt *add, *find, *next;
    uint64_t count;
};

/* Returns 0, JOURNAL_E_DAMAGED or JOURNAL_E_FAILED; likewise to be ended. */
NODISCARD int salvage_copies_begin(struct salvage_copies *copies, struct journal_store *store);
void salvage_copies_end(struct salvage_copies *copies);

/* Keep the row whose columns are bound to `copies->add` if the journal's own is another. */
NODISCARD int salvage_copies_add(struct salvage_copies *copies, uint64_t seq);

/* Does the event after `seq` continue from `digest`? */
bool salvage_copies_lead(struct salvage_copies *copies, uint64_t seq,
                         const unsigned char digest[JOURNAL_DIGEST_SIZE]);

/*
 * Is there a copy of the event `seq` that continues `chain` while `row` does not; or, where there is
 * none, one that the event after it continues while it does not continue `row`? Then `row` becomes that
 * copy, valid until salvage_copies_done(), and the number of the copy is returned; else 0.
 */
uint64_t salvage_copies_better(struct salvage_copies *copies, const struct journal_chain *chain,
                               uint64_t seq, struct journal_chain_row *row);
void salvage_copies_done(struct salvage_copies *copies);

/* The statement that puts the copy of that number, ?1, into the journal. */
extern const char salvage_copies_take[];

#endif
