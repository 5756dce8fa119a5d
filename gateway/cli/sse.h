/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_SSE_H
#define GATEWAY_CLI_SSE_H

/*
 * Reading server-sent events
 *
 * Takes the bytes of a stream in pieces of any size and hands out each message when its empty line
 * has come (WHATWG HTML, 9.2.6). A message is bounded; one that is longer is dropped whole and
 * counted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SSE_LINE_MAX = 16 * 1024, SSE_NAME_MAX = 32 };

struct sse_message {
    const char *name; /* of the event, "" for a plain one */
    const char *data;
    uint64_t id; /* of this message, 0 when it has none */
};

struct sse {
    char line[SSE_LINE_MAX + 1];
    char data[SSE_LINE_MAX + 1];
    char name[SSE_NAME_MAX + 1];
    size_t line_len;
    size_t data_len;
    uint64_t id;
    bool has_data;
    bool too_long; /* the message that is being read */
    uint64_t dropped;
};

/* Begin a stream. */
void sse_init(struct sse *sse);

/*
 * Read `size` bytes and call `message` for each message that they complete. Stops early and returns
 * false when `message` does.
 */
bool sse_feed(struct sse *sse, const char *bytes, size_t size,
              bool (*message)(void *context, const struct sse_message *message), void *context);

#endif
