/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_DATABASE_LINE_PROTOCOL_H
#define GATEWAY_UPLINK_DATABASE_LINE_PROTOCOL_H

/*
 * Writing InfluxDB line protocol
 *
 *     temperature,gateway=main,place=care/club,point=care/club/temperature value=23.1,quality=0i 1763770000000000000
 *     └measurement┘└ tags, by key ────────────────────────────────────────┘ └ fields ──────────┘ └ time
 *
 * One line is begun, gets its tags, its fields and its time, and ends in a line feed:
 *
 *     line_begin(&line, buffer, sizeof buffer, "temperature");
 *     line_tag(&line, "place", place);
 *     line_number(&line, "value", 23.1);
 *     size_t size = line_end(&line, wall, LINE_NS);
 *
 * Escaped as the protocol's reference (InfluxDB 1.8, "Line protocol reference", special characters)
 * says: comma and space in a measurement, comma, equals sign and space in tags and field keys, quote
 * and backslash in a text. What the protocol has no form for is refused rather than written so that
 * databases read different things: a control character anywhere, a backslash outside a text (it
 * would swallow what follows), an empty word, a `#` that begins a measurement (a comment). A tag
 * without a value is left out, as the protocol wants it.
 *
 * A line that is refused, does not fit or has no field ends with size 0 and is no line; nothing
 * before the end needs checking. Pure, no memory but the caller's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/instant.h"

/* What the times of a batch count. A batch says it once, to the database, with line_precision(). */
enum line_unit {
    LINE_NS,
    LINE_MS,
};

struct line {
    char *at; /* the caller's buffer */
    size_t size, len;
    const char *last_tag; /* tags come by key, which spares the database the sorting */
    uint32_t fields;
    bool refused;
};

/* Begin a line in `buffer`, which is borrowed until its end, and so is the key of each tag. */
void line_begin(struct line *line, char *buffer, size_t size, const char *measurement);

/*
 * Begin with a measurement and tags that were written once, of line_head() bytes: a point's do not
 * change. It holds no field yet.
 */
void line_begin_head(struct line *line, char *buffer, size_t size, const char *head,
                     size_t head_size);

/* The bytes so far, as long as there is no field; 0 when something was refused or does not fit. */
size_t line_head(const struct line *line);

/* Add a tag; each key comes after the one before it, byte by byte, and before the first field. */
void line_tag(struct line *line, const char *key, const char *value);

/* Add a field: a finite number, an integer, a truth, a text. */
void line_number(struct line *line, const char *key, double value);
void line_integer(struct line *line, const char *key, int64_t value);
void line_truth(struct line *line, const char *key, bool value);
void line_text(struct line *line, const char *key, const char *value);

/* Add the time and end the line. Returns its size with the line feed, or 0: there is no line. */
size_t line_end(struct line *line, struct wall time, enum line_unit unit);

/* The word for `unit` in the address of a write: `precision=ns`, `precision=ms`. */
const char *line_precision(enum line_unit unit);

#endif
