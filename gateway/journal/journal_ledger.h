/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_LEDGER_H
#define GATEWAY_JOURNAL_JOURNAL_LEDGER_H

/*
 * The ledger: what a seal says of each event
 *
 * The digest chain knows the bodies alone, and it is cut in two wherever retention has let go of
 * something: who can write the file could make up what stands between two such places. A seal
 * therefore has a ledger of the events since the seal before it. The leaf of an event is a digest of
 * all columns of its row; the head of the ledger goes over the leaves in their order:
 *
 *     leaf(n) = SHA-256( each column: its type, its size, its bytes )
 *     head(n) = SHA-256( head(n − 1) || seq || lane || leaf(n) )       before the first: 32 zero bytes
 *
 * What retention lets go of leaves its lane and its leaf behind in the table `gone`, so that the head
 * is found again, and so that it is proven of which lane it was: the oldest of its lane go first, and
 * nothing out of the middle. Once no event of a seal's stretch is here any more, its leaves go too.
 *
 *     seal 1 ┆ row row gone row ┆ seal 2 ┆ gone gone row row row ┆ seal 3 ┆ row row   not yet signed
 *
 * Numbers are of 8 bytes, little-endian, the lane and a column's type (as SQLite's API numbers them) of
 * one. What was gone already when the seal was made is not in its ledger: that it was gone then is
 * what the seal says.
 */

#include <stdint.h>

#include <sqlite3.h>

#include "gateway/journal/journal_seal.h"

/* The columns of `event` that a leaf is made of. What stands here once is never changed. */
#define LEDGER_COLUMNS "seq, boot, at_wall, lane, type, alarm, place, point, body, digest"

enum { LEDGER_COLUMN_COUNT = 10 };

struct journal_ledger {
    struct journal_hasher *hasher; /* borrowed */
    unsigned char head[JOURNAL_DIGEST_SIZE];
    uint64_t events, alarms; /* that went in, and those of the alarm lane among them */
};

/* Keeps `hasher`. */
void journal_ledger_init(struct journal_ledger *ledger, struct journal_hasher *hasher);

/* The leaf of the row that a statement stands on, whose columns from `column` on are LEDGER_COLUMNS. */
void journal_ledger_leaf(struct journal_hasher *hasher, sqlite3_stmt *statement, int column,
                         unsigned char ret[JOURNAL_DIGEST_SIZE]);

/* The next event in the order of seq. */
void journal_ledger_add(struct journal_ledger *ledger, uint64_t seq, int64_t lane,
                        const unsigned char leaf[JOURNAL_DIGEST_SIZE]);

/*
 * Fill in the ledger of `seal` from the journal at `path`: the events after `seal->after` up to
 * `seal->seq`, and what is left of those that are gone, are read in short transactions while the
 * gateway records. Before each `go_on` is asked. Returns 0, JOURNAL_E_DAMAGED or JOURNAL_E_FAILED with
 * the reason, -ECANCELED when it was told not to go on, or <0.
 */
NODISCARD int journal_ledger_fill(struct journal_seal *seal, const char *path,
                                  bool (*go_on)(void *context), void *context,
                                  char reason[JOURNAL_REASON_SIZE]);

#endif
