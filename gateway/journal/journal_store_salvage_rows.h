/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_STORE_SALVAGE_ROWS_H
#define GATEWAY_JOURNAL_JOURNAL_STORE_SALVAGE_ROWS_H

/*
 * What of a damaged file is taken for an event
 *
 * A row of the right form whose body says of itself that it is this event of this gateway. The body is
 * what the digest covers, so it has the last word on the columns beside it: one that is not what it
 * says is taken anew from it (journal_columns.h), and whatever changes the body is for the chain to find.
 */

#include "gateway/journal/journal_columns.h"
#include "gateway/journal/journal_pages.h"
#include "gateway/journal/journal_store.h"

/*
 * Is it an event of `identity`? Its columns are then what its body says, and `ret_mended` tells whether
 * one of them was not; they may point into `said`, which the caller keeps as long as the row.
 */
bool salvage_row_take(const struct journal_identity *identity, struct journal_pages_row *row,
                      struct journal_columns *said, bool *ret_mended);

/*
 * Is the body at least of the form that it was written in? All that can be asked of one that nothing
 * proves any more.
 */
bool salvage_body_is_whole(const char *body, size_t size);

#endif
