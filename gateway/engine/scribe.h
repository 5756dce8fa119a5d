/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_SCRIBE_H
#define GATEWAY_ENGINE_SCRIBE_H

/*
 * Writing JSON into a bounded buffer
 *
 * Appends pieces and never overflows: once something does not fit, nothing more is added and `full`
 * is set, which is a bug of whoever sized the buffer. Strings are escaped as RFC 8259 asks, cut at
 * whole characters where a bound is given, and always valid UTF-8: a byte that is none becomes
 * U+FFFD.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scribe {
    char *at; /* the caller's buffer */
    size_t size;
    size_t used;
    bool full;
};

/* Add bytes as they are. */
void scribe_raw(struct scribe *scribe, const char *text);

/* Add a quoted string; at most `most` bytes between the quotes. */
void scribe_string(struct scribe *scribe, const char *text, size_t most);

/* Add the shortest decimal that reads back as the same number; `value` is finite. */
void scribe_number(struct scribe *scribe, double value);

void scribe_count(struct scribe *scribe, uint64_t value);

#endif
