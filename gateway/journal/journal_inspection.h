/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_INSPECTION_H
#define GATEWAY_JOURNAL_JOURNAL_INSPECTION_H

/*
 * Inspection: is all of the journal still what was recorded?
 *
 * The start looks at the newest events only, for a million take seconds to read. An inspection reads
 * all of it, in steps with a connection of its own: the small tables by SQLite's quick_check, then
 * every event, held against the digest chain, its columns against its body, and its entry in the
 * index. A step is one transaction of a bounded time, so that the log is not held back by it; between
 * steps the journal goes on, and what is let go of meanwhile leaves the digest behind that the next
 * step needs.
 *
 * One thread uses it, any one.
 */

#include <stdint.h>

#include "gateway/journal/journal_schema.h"

struct journal_inspection;

enum journal_inspection_state {
    INSPECTION_GOES_ON,
    INSPECTION_SOUND,
    INSPECTION_DAMAGED, /* journal_inspection_reason() says where */
    INSPECTION_FAILED,  /* the disk did not serve, or it is another file by now: begin anew */
};

/* Begin an inspection of the file at `path`, which is copied. */
NODISCARD int journal_inspection_new(const char *path, struct journal_inspection **ret_inspection);
struct journal_inspection *journal_inspection_free(struct journal_inspection *inspection);

/* Inspect for about `span_ns`, real. */
enum journal_inspection_state journal_inspection_step(struct journal_inspection *inspection,
                                                      uint64_t span_ns);

/* Events that were found to be as they were recorded. */
uint64_t journal_inspection_events(const struct journal_inspection *inspection);

const char *journal_inspection_reason(const struct journal_inspection *inspection);

#endif
