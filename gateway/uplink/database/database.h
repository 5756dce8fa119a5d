/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_DATABASE_DATABASE_H
#define GATEWAY_UPLINK_DATABASE_DATABASE_H

/*
 * The database: what of the site is written as history
 *
 * Each value that has moved by its point's deadband or changed its quality becomes a line when it
 * comes, with the time it was measured, or the next time after its last line where the clock has gone back by
 * less than a minute, as at a leap second; a value that stays gets one every ten minutes with the time
 * it is still so, one point after the other. A value that cannot be trusted has no field `value`, only
 * its `quality`, and the time at which that became known: the value it had stays as it was. Event points are never written, for a reading of theirs may carry a card's number.
 * What happened is written from the journal (event_line.h).
 *
 * While the wall clock shows less than it had shown before, nothing is written but counted: a gateway
 * that starts in 1970 for want of a clock must not write a history of 1970 over that of others.
 *
 * Lines gather for a second, or until there are DATABASE_LINES_MAX, and go to the shipper.
 */

#include "gateway/site.h"
#include "gateway/uplink/database/shipper.h"
#include "gateway/wire.h"

enum { DATABASE_LINES_MAX = 5000 };

struct database;

/*
 * Make one for the database of the site, which is kept; `*ret_database` is NULL when it has none.
 * The program has called curl_global_init(). All functions take NULL and do nothing.
 */
NODISCARD int database_new(const struct site *site, uint64_t seed, struct database **ret_database);
struct database *database_free(struct database *database);

/* From the engine. */
void database_welcome(struct database *database, const struct wire_welcome *welcome);
void database_point_values(struct database *database, const struct wire_point_values *values,
                           struct wall wall);
void database_journal(struct database *database, uint64_t newest);

/* Write events once more; see shipper_again(). */
void database_again(struct database *database, uint64_t after_seq, struct wall since);

/* Once a second. */
void database_tick(struct database *database, struct instant now, struct wall wall);

/* All zero, and unknown, without a database. `ret_untimed` counts the lines not written for want of a
 * clock. */
void database_stats(struct database *database, struct shipper_stats *ret_stats,
                    uint64_t *ret_untimed);

#endif
