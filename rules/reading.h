/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_READING_H
#define RULES_READING_H

/*
 * Readings
 *
 * What a sensor said about one point, and how far it can be trusted. A value that is not a finite
 * number, or lies outside its point's range, never gets past a driver: it becomes a quality, so
 * that no comparison ever meets a NaN. The numbers of the qualities are the same on every wire and
 * disk.
 */

#include "rules/instant.h"

enum quality {
    QUALITY_GOOD,
    QUALITY_UNCERTAIN, /* usable with care; conditions treat it as good */
    QUALITY_STALE,     /* the last value is too old to act on */
    QUALITY_FAULT,     /* the sensor, its value or the line to it is wrong */
    QUALITY_OUT_OF_SERVICE,
    QUALITY_COUNT,
};

/* Three-valued logic after Kleene. */
enum truth {
    TRUTH_FALSE,
    TRUTH_TRUE,
    TRUTH_UNKNOWN,
    TRUTH_COUNT,
};

struct reading {
    uint32_t point;       /* index in the ruleset */
    uint8_t quality;      /* enum quality */
    double value;         /* in the point's unit; finite, 0 unless the quality is usable */
    uint64_t code;        /* an event point's card number; 0 elsewhere */
    struct wall measured; /* when the device saw it, or when its answer arrived */
};

/* May a condition look at the value? */
static inline bool quality_usable(enum quality quality) {
    return quality == QUALITY_GOOD || quality == QUALITY_UNCERTAIN;
}

/* Return "good", "uncertain", "stale", "fault" or "out_of_service". Static storage. */
const char *quality_name(enum quality quality);

#endif
