/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_TREND_TREND_BUCKET_H
#define GATEWAY_CONSOLE_TREND_TREND_BUCKET_H

/*
 * A bucket: what a point did in a minute, or in a quarter of an hour
 *
 *     watched_ms   of how long the gateway knew anything of the point: less than the span is a gap
 *     good_ms      of how long, within that, the value could be trusted
 *     min … max    the band of trusted values, `mean` weighted by the time each value stood
 *     last         the value with which it ended
 *     changes      how often a trusted value became another one
 *
 * A value that came and went within a millisecond is in the band too: good_ms is 0 only in a bucket
 * without any value. Two buckets of one span, or of neighbouring ones, add up to one. Pure.
 */

#include <stdbool.h>
#include <stdint.h>

struct trend_bucket {
    double min, max, mean, last; /* finite; 0 while good_ms is 0 */
    uint32_t changes;
    uint32_t good_ms;
    uint32_t watched_ms; /* at least good_ms */
};

/* Was nothing known of the point all the time? */
static inline bool trend_bucket_is_empty(const struct trend_bucket *bucket) {
    return bucket->watched_ms == 0;
}

/* Add what happened later, or at another time that had the same name. Counts end at their largest. */
void trend_bucket_add(struct trend_bucket *bucket, const struct trend_bucket *later);

/* `value`, or the end of min … max that it lies beyond, or has lost its way to: also what is no number. */
double trend_within(double value, double min, double max);

/* Of whole spans of `count` slots, the one that `slot` lies in; also before 1970. */
static inline int64_t trend_span(int64_t slot, int64_t count) {
    return slot / count - (slot % count < 0 ? 1 : 0);
}

/* The first of the slots of `span`. */
static inline int64_t trend_span_first(int64_t span, int64_t count) {
    return span * count;
}

#endif
