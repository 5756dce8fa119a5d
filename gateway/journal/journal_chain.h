/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_CHAIN_H
#define GATEWAY_JOURNAL_JOURNAL_CHAIN_H

/*
 * Walking along the digest chain
 *
 * Rows are given in the order of seq, and each must follow from the one before it. A row whose
 * predecessor is no longer in the file begins a run: the table `run` keeps the digest that stood
 * before it, which proves it as its predecessor would. Where that digest was lost with a damaged
 * file the table has the row without a digest; it then cannot be proven, and its successors can. Where
 * the newest rows were lost the chain goes on from the newest that was kept, and the table has the next
 * one without a digest, too: it follows, and what stood between is lost.
 *
 *     row 1 ─▶ row 2 ─▶ ┆ removed ┆  row 7 ─▶ row 8          run: (7, digest of row 6)
 *     row 1 ─▶ row 2 ─▶ ┆  lost   ┆ ─▶ row 7 ─▶ row 8        run: (7, NULL)
 *
 * Whoever opens, checks, salvages or audits a journal walks it by this module.
 */

#include <stdbool.h>

#include <sqlite3.h>

#include "gateway/journal/journal_digest.h"

/* How a row stands to what was before it. */
enum journal_chain_step {
    CHAIN_FOLLOWS,  /* from the row before, or from nothing as the very first row does */
    CHAIN_RESUMES,  /* … and `run` says that newer ones had been recorded, which are lost */
    CHAIN_BEGINS,   /* from the digest that `run` has for it */
    CHAIN_UNPROVEN, /* `run` says that what stood before it is lost */
    CHAIN_BROKEN,
};

struct journal_chain {
    struct journal_hasher *hasher;             /* borrowed */
    unsigned char digest[JOURNAL_DIGEST_SIZE]; /* of the newest row that was given */
    bool midway; /* nothing is known of what stands before the first row */
};

/* A row as it stands in the file; the pointers are read during the call only. */
struct journal_chain_row {
    const void *body;
    size_t body_size;
    const unsigned char *digest; /* of the right size, or NULL */
    bool begins;                 /* `run` has it, … */
    const unsigned char *before; /* … with this digest; NULL: without */
};

/*
 * The row that a statement stands on, whose columns from `column` on are body, digest, and of the
 * table `run`: first, before. False when the digest of a run is none.
 */
bool journal_chain_row_of(sqlite3_stmt *statement, int column, struct journal_chain_row *ret_row);

/*
 * Begin before the very first row, or midway: then the first row that is given counts as following.
 * Keeps `hasher`.
 */
void journal_chain_init(struct journal_chain *chain, struct journal_hasher *hasher, bool midway);

/*
 * Take the next row. Its digest, as it stands in the file, becomes that of the chain unless it is
 * missing.
 */
enum journal_chain_step journal_chain_next(struct journal_chain *chain,
                                           const struct journal_chain_row *row);

#endif
