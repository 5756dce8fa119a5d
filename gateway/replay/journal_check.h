/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_JOURNAL_CHECK_H
#define GATEWAY_REPLAY_JOURNAL_CHECK_H

/*
 * Is the journal what a replay says?
 *
 * The events of a replay come in the order of their seq, and each is held against the body that was
 * recorded under it, byte by byte. What the journal has and the replay did not make lies between the
 * seq where one stretch of the replay ends and that where the next begins.
 */

#include "gateway/journal/journal_reader.h"

struct journal_check;

enum journal_finding_kind {
    JOURNAL_CHECK_EQUAL,
    JOURNAL_CHECK_DIFFERENT,
    JOURNAL_CHECK_ABSENT, /* the journal does not have that seq (any more, or yet) */
};

#define JOURNAL_CHECK_E_NONE 1 /* there is no journal at that path */

/* Open the journal: its directory, or the path of its journal.db. Returns 0, JOURNAL_CHECK_E_NONE or <0. */
NODISCARD int journal_check_new(const char *path, struct journal_check **ret_check);
struct journal_check *journal_check_free(struct journal_check *check);

/*
 * Compare the event of `seq`, which is greater than those before. `ret_recorded`, valid until the
 * next call, is the body that is there, and its length; "" if there is none.
 */
enum journal_finding_kind journal_check_next(struct journal_check *check, uint64_t seq,
                                             const char *body, size_t size,
                                             const char **ret_recorded, size_t *ret_size);

/* An event of the journal, valid during the call. */
struct journal_check_row {
    uint64_t seq;
    struct wall wall;
    const char *body;
    size_t size;
};

/* Hand every event of `seq` and later, but before `until`, to `row`. */
void journal_check_each(struct journal_check *check, uint64_t seq, uint64_t until,
                        void (*row)(void *context, const struct journal_check_row *row),
                        void *context);

#endif
