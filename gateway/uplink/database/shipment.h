/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_DATABASE_SHIPMENT_H
#define GATEWAY_UPLINK_DATABASE_SHIPMENT_H

/*
 * A shipment: lines on their way into the database, until each of them is taken or refused
 *
 * It goes out whole. What the database finds wrong, or too large, is halved and goes out in halves,
 * until single lines are left, so that one bad line takes no other with it:
 *
 *     400 for 5,000 lines ─▶ 204 for 2,500, 400 for 2,500 ─▶ … ─▶ 400 for one: refused
 *
 * A single line is only believed to be bad when this database is known to take others (`proven`): a
 * proxy that answers 400 to everything must not empty the history into the list of refused lines.
 * Until then such lines are set apart, and when nothing else of the shipment was taken either, or
 * SHIPMENT_SUSPECTS_MAX are set apart, the shipment as a whole waits for better times.
 *
 * Pure; sends nothing itself.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/uplink/database/answer.h"

enum {
    SHIPMENT_SUSPECTS_MAX = 16,
    /* A range is split at the line that is nearest to its middle; see shipment.c. */
    SHIPMENT_RANGES_MAX = 64,
};

/* Whole lines of a text, each with its line feed. */
struct line_range {
    size_t begin, end;
};

struct shipment {
    const char *text; /* the caller's */
    size_t size;
    struct line_range ranges[SHIPMENT_RANGES_MAX]; /* that are to go out, the next one last */
    uint32_t count;
    struct line_range suspects[SHIPMENT_SUSPECTS_MAX];
    uint32_t suspect_count;
    bool taken; /* something of it was */
};

/* Begin with `size` bytes of whole lines, at least one, which are borrowed. */
void shipment_begin(struct shipment *shipment, const char *text, size_t size);

/* What goes out next, at most `bytes_max` of it unless a single line is longer. */
struct line_range shipment_next(struct shipment *shipment, size_t bytes_max);

enum shipment_step {
    SHIPMENT_ON,     /* another part is to go out */
    SHIPMENT_OVER,   /* every line was taken or refused */
    SHIPMENT_FAILED, /* all that is left waits; shipment_next() begins with it again */
};

/*
 * The part that went out last was answered. `refused` is called for each line that is given up, with
 * its line feed, during the call.
 */
enum shipment_step shipment_answered(struct shipment *shipment, enum answer answer, bool proven,
                                     void (*refused)(void *context, const char *line, size_t size),
                                     void *context);

#endif
