/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_AUDIT_H
#define GATEWAY_JOURNAL_JOURNAL_AUDIT_H

/*
 * Auditing a journal: is everything in it still what was recorded?
 *
 * Walks the whole digest chain (journal_chain.h) and looks for what a chain alone cannot show: that
 * the newest rows were taken away, which a sink has confirmed nevertheless. Reads in short
 * transactions, so that a journal may be audited while its gateway records.
 */

#include <stdint.h>

#include "gateway/journal/journal_digest.h"
#include "gateway/journal/journal_schema.h"

struct journal_audit {
    uint64_t first_seq, newest_seq, events;
    uint64_t let_go; /* numbers between the first and the newest that were let go of, and proven */
    uint64_t unproven;   /* rows whose predecessor was lost with a damaged file */
    uint64_t broken_seq; /* the first row that does not follow from what was before; 0: none */
    uint64_t confirmed;  /* the highest seq that a sink has taken */
    unsigned char digest[JOURNAL_DIGEST_SIZE]; /* of the newest row */
};

/*
 * Audit the file at `path`. Returns 0 and what was found, JOURNAL_E_DAMAGED or JOURNAL_E_FAILED with
 * the reason when it cannot be read to its end, or <0.
 */
NODISCARD int journal_audit(const char *path, struct journal_audit *ret_audit,
                            char reason[JOURNAL_REASON_SIZE]);

/* Is nothing wrong? Neither is a row that is unproven: that was told when it happened. */
bool journal_audit_is_good(const struct journal_audit *audit);

#endif
