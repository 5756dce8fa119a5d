/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_FILTER_H
#define GATEWAY_JOURNAL_JOURNAL_FILTER_H

/*
 * Which recorded events are wanted
 *
 * There is no index for it: each index is one page more that the writer writes for every event. A
 * reader looks at the rows in order and passes over those that do not fit, so whoever asks bounds how
 * many it looks at, and says where to go on.
 */

#include <stdbool.h>

#include "rules/instant.h"

struct journal_row;

/* All that is given has to fit; NULL is not given. The texts are borrowed. */
struct journal_filter {
    const char *place;    /* this one and all below it */
    const char *point;    /* the event is about it, or about an alarm of it */
    const char *type;     /* "alarm.raised", or "alarm" for all that begin so */
    const char *class;    /* as the event says it: "fire.alarm", or "fire" likewise */
    const char *priority; /* likewise: "urgent" */
    struct wall since,
        until; /* both are in, to the millisecond; INT64_MIN, INT64_MAX: of all times */
    int lane;  /* enum core_lane, or -1 for both */
};

bool journal_filter_fits(const struct journal_filter *filter, const struct journal_row *row);

#endif
