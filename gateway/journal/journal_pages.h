/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_PAGES_H
#define GATEWAY_JOURNAL_JOURNAL_PAGES_H

/*
 * Events out of a file that SQLite cannot read any more
 *
 * Events are never changed and lie on leaf pages, whole: page by page they can be found without the
 * header, the schema and the tree above them, in the file and in its write-ahead log. Each page is
 * read as if it were one of the table `event`; what is not of the right form is not handed out.
 *
 *     leaf    0x0d ┊ ┊ ┊ cells ┊ … pointers … │ free │ cell: payload size, seq, header, columns
 *     cell    longer than 4061 bytes: goes on, by its last four bytes, on pages of its own
 *
 * Source: "Database File Format", https://www.sqlite.org/fileformat2.html, 1.6, 2.1 and 4.
 *
 * A row's form proves nothing about its content: whoever takes it holds it against the digest chain.
 */

#include <stddef.h>
#include <stdint.h>

#include "gateway/err.h"

/* As SQLite makes them; the schema never asks for others. */
enum { JOURNAL_PAGE_BYTES = 4096 };

struct journal_pages;

struct journal_pages_text {
    const char *at; /* not terminated; NULL: the column is NULL */
    size_t size;
};

/* A row of `event` as it was found; valid during the call that hands it out. */
struct journal_pages_row {
    uint64_t seq;
    int64_t at_wall, lane;
    struct journal_pages_text boot, type, alarm, place, point, body;
    const unsigned char *digest; /* JOURNAL_DIGEST_SIZE bytes */
};

/* Open the file and the log beside it, as far as they are there. Returns 0 or <0. */
NODISCARD int journal_pages_open(const char *path, struct journal_pages **ret_pages);
struct journal_pages *journal_pages_free(struct journal_pages *pages);

/* Pages of the file and frames of the log, counted together. */
uint32_t journal_pages_count(const struct journal_pages *pages);

/*
 * Hand out the rows on page `index` < count until `row` returns non-zero, which is then returned. A
 * page that cannot be read has none.
 */
int journal_pages_rows(struct journal_pages *pages, uint32_t index,
                       int (*row)(void *context, const struct journal_pages_row *row),
                       void *context);

#endif
