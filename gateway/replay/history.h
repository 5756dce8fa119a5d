/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_HISTORY_H
#define GATEWAY_REPLAY_HISTORY_H

/*
 * Histories: readings from a database's export
 *
 * InfluxDB's line protocol (history_line.h) and VictoriaMetrics' JSON lines (history_series.h), told
 * apart by how the file begins. Both have the fields of a point apart, those of one after those of the
 * other: what is said of one point at one time is one reading, wherever it stands, and of two that say
 * the same field the later one counts, as in the database. A reading whose quality is not usable needs
 * no value: the gateway writes none. A value outside the point's range is a fault, as it is live.
 *
 * An export has no heartbeats, so nothing in it is missed for being silent: a point falls silent where
 * a line says so (quality 2), as the gateway did that wrote it, until its next good one.
 * What the export says is of another site or gateway is left out and counted. Any bytes may come: a
 * wrong line is told with its number and left out.
 */

#include <stdio.h>

#include "gateway/replay/history_format.h"
#include "gateway/replay/history_line.h"
#include "gateway/site.h"

struct history_row {
    struct wall wall;
    double value;
    uint32_t point;
    uint32_t line;  /* the first that says it */
    uint32_t order; /* among those of equal time */
    uint8_t quality;
    bool has_value, has_quality; /* while it is gathered */
};

struct history {
    enum history_format format;
    struct history_row *rows; /* by time */
    size_t count, room;
    uint64_t lines, wrong;
    uint64_t strange; /* lines of points that the site does not have, or has as another kind */
    uint64_t foreign; /* lines of another site or gateway */
    char foreign_site[256], foreign_gateway[256]; /* of the first of them; "": it does not say */
    uint64_t impossible;                          /* readings that became faults */
};

#define HISTORY_NULL ((struct history){.format = HISTORY_FORMAT_EMPTY})

enum {
    /*
     * The core keeps the clocks of alarms in tenths of a second of 32 bits, 13.6 years, and the longest of
     * them runs for a year more: see struct moment.
     */
    HISTORY_YEARS_MAX = 12,
    /* Bytes of a line: a year of readings once a minute in one line of a series is 10 MB. */
    HISTORY_LINE_MAX = 16 * 1024 * 1024,
    /* Fields of readings, 40 bytes each: 1.25 GiB, for which somebody waits at a desk. */
    HISTORY_ROWS_MAX = 32 * 1024 * 1024,
};

/* Is more than HISTORY_YEARS_MAX times 366 days between its first reading and its last? */
bool history_is_too_long(const struct history *history);

/* How much room comes after `room` rows: 0 when HISTORY_ROWS_MAX is reached. */
size_t history_room_after(size_t room);

/* What is wrong with a line: number and column from 1; a column of 0 is about the whole line. */
typedef void history_complain(void *context, uint64_t line, uint32_t column, const char *what,
                              const char *about);

#define HISTORY_E_FORMAT 1 /* the file is none that can be read: history->format says what it is */
#define HISTORY_E_MANY   2 /* it has more than HISTORY_ROWS_MAX */

/*
 * Read a whole file; how much time it spans is the caller's to ask. Returns 0, a code above, or <0 (no
 * memory, a file that cannot be read).
 */
NODISCARD int history_read(struct history *history, FILE *file, const struct site *site,
                           history_complain *complain, void *context);
void history_deinit(struct history *history);

#endif
