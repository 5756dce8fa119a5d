/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/trend/trend_bucket.h"

static uint32_t sum_of(uint32_t a, uint32_t b) {
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

double trend_within(double value, double min, double max) {
    if (value > max) {
        return max;
    }
    return value >= min ? value : min;
}

void trend_bucket_add(struct trend_bucket *bucket, const struct trend_bucket *later) {
    if (bucket->good_ms == 0) {
        bucket->min = later->min;
        bucket->max = later->max;
        bucket->mean = later->mean;
        bucket->last = later->last;
    } else if (later->good_ms > 0) {
        double share = later->good_ms / ((double)bucket->good_ms + later->good_ms);
        bucket->min = later->min < bucket->min ? later->min : bucket->min;
        bucket->max = later->max > bucket->max ? later->max : bucket->max;
        bucket->mean = trend_within(bucket->mean * (1 - share) + later->mean * share, bucket->min,
                                    bucket->max);
        bucket->last = later->last;
    }
    bucket->changes = sum_of(bucket->changes, later->changes);
    bucket->good_ms = sum_of(bucket->good_ms, later->good_ms);
    bucket->watched_ms = sum_of(bucket->watched_ms, later->watched_ms);
}
