/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_COLUMNS_H
#define GATEWAY_JOURNAL_JOURNAL_COLUMNS_H

/*
 * What a body says of the other columns of its row
 *
 * The digest chain covers the body alone. The columns beside it repeat what stands in it, for whoever
 * looks for events without reading them; where the two differ the body is right. An inspection and an
 * audit hold the columns against it, and a salvage takes them anew from it.
 *
 *     boot, seq   the end of `id`: <site>.<gateway>.<boot>.<seq>
 *     at_wall     `time`, which has milliseconds: what is finer stands in the row alone
 *     type, lane  `type`, "tocsin.<type>"
 *     alarm       `data.rule` and `subject` of an event of the alarm lane: <rule>/<subject>; else NULL
 *     place       `data.place`; NULL where it is one that the site no longer has
 *     point       `data.point` of activity; of an alarm that is about a point, the point: `subject`.
 *                 Which point decided of an alarm that is about a place stands in the row alone
 *
 * A body that says nothing of a column is no witness. Only what our own bodies are made of is read, in
 * one pass and without memory of its own: ids and names, which have no escapes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "gateway/site.h"
#include "rules/core.h"

struct journal_column {
    bool said;
    const char *at; /* in the body, not terminated; NULL: the column is NULL */
    size_t size;
};

struct journal_columns {
    struct journal_column boot, seq, time, type, alarm, place, point; /* as texts */
    bool lane_said; /* the type is one that there is */
    enum core_lane lane;
    char alarm_name[SITE_ALARM_NAME_SIZE]; /* what `alarm` is in */
};

/*
 * Read what `body` says. False when it is no object of the form above, and nothing of it can be said
 * then. `ret` points into the body and into itself.
 */
bool journal_columns_read(const char *body, size_t size, struct journal_columns *ret);

/* Is the wall time, in nanoseconds, the one that was said? */
bool journal_columns_is_time(const struct journal_columns *columns, int64_t wall_ns);

/*
 * The column of the row that a statement stands on, whose columns from `column` on are LEDGER_COLUMNS
 * (journal_ledger.h), that is not what its body says; NULL: none.
 */
const char *journal_columns_wrong(sqlite3_stmt *row, int column);

#endif
