/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_HISTORY_H
#define GATEWAY_REPLAY_HISTORY_H

/*
 * Histories: readings from a database's export
 *
 * InfluxDB line protocol as the uplink writes it, and as `influx_inspect export` gives it back:
 *
 *     temperature,gateway=main,place=care/club,point=care/club/temperature,site=s value=23.1,quality=0i 1763770000000000000
 *
 * The measurement is the kind of the point, the tag `point` says which, `value` is a number, an
 * integer or a truth; `quality`, if it is there, an integer from 0 to 4; the time is in nanoseconds.
 * An export has a line for each field, those of one field after those of another: what lines say of
 * one point at one time is one reading, wherever they stand, and of two that say the same field the
 * later one counts, as in the database.
 * An export has no heartbeats, so nothing in it is missed for being silent: a point falls silent where
 * a line says so (quality 2), as the gateway did that wrote it, until its next good one.
 * Escapes are those of the protocol (a backslash before comma, space, equals sign). Other tags and
 * fields are read over, as are comments, the lines of an export that are none of data, and the
 * measurement `event`. Any bytes may come: a wrong line is told with its number and left out.
 */

#include <stdio.h>

#include "gateway/site.h"

/* One line of data. */
struct history_line {
    char measurement[64];
    char point[256];
    double value;
    uint32_t quality;
    bool has_value, has_quality; /* at least one of them */
    struct wall wall;
};

enum history_sort {
    HISTORY_DATA,
    HISTORY_NONE,  /* blank, a comment, an event, a command of an export */
    HISTORY_WRONG, /* with what and where */
};

struct history_error {
    uint32_t column; /* from 1 */
    const char *what;
};

/* Read one line of `size` bytes without its end. */
enum history_sort history_line_parse(const char *line, size_t size, struct history_line *ret_line,
                                     struct history_error *ret_error);

struct history_row {
    struct wall wall;
    double value;
    uint32_t point;
    uint32_t number; /* of the first line that says it, for those of equal time */
    uint8_t quality;
    bool has_value, has_quality; /* while it is gathered */
};

struct history {
    struct history_row *rows; /* by time */
    size_t count, room;
    uint64_t lines, wrong;
    uint64_t strange; /* of points that the site does not have, or has as another kind */
};

#define HISTORY_NULL ((struct history){0})

/*
 * The core keeps the clocks of alarms in tenths of a second of 32 bits, 13.6 years, and the longest of
 * them runs for a year more: see struct moment.
 */
enum { HISTORY_YEARS_MAX = 12 };

/* Is more than HISTORY_YEARS_MAX times 366 days between its first reading and its last? */
bool history_is_too_long(const struct history *history);

/* What is wrong with a line: number and column from 1; a column of 0 is about the whole line. */
typedef void history_complain(void *context, uint64_t line, uint32_t column, const char *what,
                              const char *about);

/* Read a whole file; how much time it spans is the caller's to ask. Returns 0 or <0 (no memory, a file that cannot be read). */
NODISCARD int history_read(struct history *history, FILE *file, const struct site *site,
                           history_complain *complain, void *context);
void history_deinit(struct history *history);

#endif
