/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_HISTORY_LINE_H
#define GATEWAY_REPLAY_HISTORY_LINE_H

/*
 * One line of a database's export
 *
 * InfluxDB line protocol as the uplink writes it, and as `influx_inspect export` gives it back:
 *
 *     temperature,gateway=main,place=care/club,point=care/club/temperature,site=s value=23.1,quality=0i 1763770000000000000
 *
 * The measurement is the kind of the point, the tag `point` says which, `value` is a number, an
 * integer or a truth; `quality`, if it is there, an integer from 0 to 4; the time is in nanoseconds.
 * Escapes are those of the protocol (a backslash before comma, space, equals sign). The tags `site`
 * and `gateway` say whose it is; other tags and fields are read over, as are comments, the lines of an
 * export that are none of data, and the measurement `event`. Any bytes may come.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/reading.h"

/* What an export says of one point at one time: its value, its quality or both. */
struct history_line {
    char measurement[64];
    char point[256];
    char site[256], gateway[256]; /* empty: it does not say */
    double value;
    uint32_t quality;
    bool has_value, has_quality; /* at least one of them */
    struct wall wall;
};

/* A time before this in nanoseconds is one in another unit: 2001-09-09. */
#define HISTORY_WALL_NS_MIN ((int64_t)1000000000 * (int64_t)NS_PER_S)

enum history_sort {
    HISTORY_DATA,
    HISTORY_NONE,  /* blank, a comment, an event, a command of an export */
    HISTORY_WRONG, /* with what and where */
};

struct history_error {
    uint32_t column; /* from 1 */
    const char *what;
};

/* Is there nothing but white space in it? */
bool history_is_blank(const char *line, size_t size);

/* Read one line of `size` bytes without its end. */
enum history_sort history_line_parse(const char *line, size_t size, struct history_line *ret_line,
                                     struct history_error *ret_error);

#endif
