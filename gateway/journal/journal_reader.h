/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_READER_H
#define GATEWAY_JOURNAL_JOURNAL_READER_H

/*
 * Reading the journal
 *
 * The engine alone writes `journal.db`; the uplink and the console read it by this module, in
 * transactions of at most 100 ms, so that the writer's checkpoints are never held up. A reader
 * opens lazily and again after the engine replaced the file. On a disk that can only be read, which is
 * told once, it shows what was recorded before.
 */

#include <stddef.h>

#include "gateway/err.h"
#include "gateway/journal/journal_filter.h"
#include "rules/core.h"

struct journal_reader;

/* One recorded event; the pointers are valid during the call that hands it out. */
struct journal_row {
    uint64_t seq;
    uint64_t early; /* sent before its commit under `u<early>`; 0: was not */
    enum core_lane lane;
    struct wall wall;
    const char *type;  /* "tocsin.alarm.raised" without the prefix: "alarm.raised" */
    const char *alarm; /* "<rule>/<entity>" or NULL */
    const char *place; /* id, or NULL */
    const char *point; /* likewise */
    const char *body;  /* the JSON object without durable and replayed; ends in NUL */
    size_t body_size;
};

struct journal_query {
    uint64_t after_seq; /* rows with a greater seq */
    uint64_t until_seq; /* … and at most this one; UINT64_MAX: no bound */
    int lane;           /* enum core_lane, or -1 for both */
    const char *alarm;  /* only this alarm's; NULL: all */
    bool newest_first;
    uint32_t limit; /* rows at most, 1…1000 */
    /* Only what fits, of the next JOURNAL_SCAN_MAX rows that the other members let in; NULL: all. */
    const struct journal_filter *filter;
};

/* Rows that are looked at for a filter in one call: so many take a tenth of the 100 ms. */
enum { JOURNAL_SCAN_MAX = 10000 };

#define JOURNAL_E_ABSENT                                                                           \
    1 /* there is no journal (yet), or it cannot be read now; try again later */

/* Keeps `state_directory`. Opens nothing yet. */
NODISCARD int journal_reader_new(const char *state_directory, struct journal_reader **ret_reader);
struct journal_reader *journal_reader_free(struct journal_reader *reader);

/*
 * Hand each matching row to `row` in order of seq; it returns false to stop early. Ends by itself
 * after 100 ms, so that fewer rows than asked for do not mean that there are no more:
 * `ret_last_seq` is the last one that was looked at, whether or not it fitted the filter: where to go
 * on. It is 0 when there is nothing to look at any more. Returns 0 or JOURNAL_E_ABSENT.
 */
NODISCARD int journal_read(struct journal_reader *reader, const struct journal_query *query,
                           bool (*row)(void *context, const struct journal_row *row), void *context,
                           uint64_t *ret_last_seq);

#endif
