/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_DOCUMENT_H
#define GATEWAY_CONSOLE_DOCUMENT_H

/*
 * Events as they leave the console
 *
 * An event's body is written once, by the engine, and recorded as it is. A sink appends what only
 * it can know: whether the event is durable, whether it comes from the backlog, and under which id
 * it went out before its commit. The body itself is never taken apart.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;

struct document {
    const char *body; /* a JSON object on one line, not NUL-terminated */
    size_t size;
    uint64_t early; /* n of the id that it was sent under before its commit; 0: it was not */
    bool durable;   /* committed */
    bool replayed;  /* older than the reader's connection */
};

/* Is the body an object on one line? Another would break the framing of a stream or a list. */
bool document_is_sound(const struct document *document);

/* Append a sound document to `out`. */
void document_add(struct evbuffer *out, const struct document *document);

#endif
