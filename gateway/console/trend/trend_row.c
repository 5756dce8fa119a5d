/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/trend/trend_row.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* The FULL form. */
struct full {
    double last;
    float below, above, mean; /* last - min, max - last, mean - last */
    uint32_t changes, good_ms, watched_ms;
};
_Static_assert(sizeof(struct full) == TREND_ROW_SIZE_MAX, "no padding: it is a format");

size_t trend_row_size(enum trend_row form) {
    static const size_t sizes[] = {
        [TREND_ROW_ABSENT] = 0,
        [TREND_ROW_STEADY] = sizeof(double),
        [TREND_ROW_BAD] = sizeof(uint32_t),
        [TREND_ROW_FULL] = sizeof(struct full),
    };
    return sizes[form];
}

enum trend_row trend_row_form(const struct trend_bucket *bucket, uint32_t step_s) {
    uint32_t whole_ms = step_s * 1000;
    if (trend_bucket_is_empty(bucket)) {
        return TREND_ROW_ABSENT;
    } else if (bucket->good_ms == 0) {
        return TREND_ROW_BAD;
    }
    bool steady = bucket->min == bucket->max && bucket->changes == 0 &&
                  bucket->good_ms == whole_ms && bucket->watched_ms == whole_ms;
    return steady ? TREND_ROW_STEADY : TREND_ROW_FULL;
}

static float float_of(double difference) {
    return (float)trend_within(difference, -(double)FLT_MAX, FLT_MAX);
}

void trend_row_write(enum trend_row form, const struct trend_bucket *bucket, unsigned char *ret) {
    if (form == TREND_ROW_STEADY) {
        memcpy(ret, &bucket->last, sizeof bucket->last);
    } else if (form == TREND_ROW_BAD) {
        memcpy(ret, &bucket->watched_ms, sizeof bucket->watched_ms);
    } else if (form == TREND_ROW_FULL) {
        const struct full full = {
            .last = bucket->last,
            .below = float_of(bucket->last - bucket->min),
            .above = float_of(bucket->max - bucket->last),
            .mean = float_of(bucket->mean - bucket->last),
            .changes = bucket->changes,
            .good_ms = bucket->good_ms,
            .watched_ms = bucket->watched_ms,
        };
        memcpy(ret, &full, sizeof full);
    }
}

static bool row_read_full(const unsigned char *bytes, struct trend_bucket *ret_bucket) {
    struct full full;
    memcpy(&full, bytes, sizeof full);
    const struct trend_bucket bucket = {
        .min = full.last - (double)full.below,
        .max = full.last + (double)full.above,
        .mean = full.last + (double)full.mean,
        .last = full.last,
        .changes = full.changes,
        .good_ms = full.good_ms,
        .watched_ms = full.watched_ms,
    };
    bool sound = isfinite(bucket.min) && isfinite(bucket.max) && isfinite(bucket.mean) &&
                 full.below >= 0 && full.above >= 0 && full.good_ms > 0 &&
                 full.watched_ms >= full.good_ms;
    if (sound) {
        *ret_bucket = bucket;
        /* Rounded apart from each other. */
        ret_bucket->mean = trend_within(bucket.mean, bucket.min, bucket.max);
    }
    return sound;
}

bool trend_row_read(enum trend_row form, const unsigned char *bytes, uint32_t step_s,
                    struct trend_bucket *ret_bucket) {
    struct trend_bucket bucket = {0};
    bool sound = true;
    switch (form) {
    case TREND_ROW_ABSENT:
        break;
    case TREND_ROW_STEADY:
        memcpy(&bucket.last, bytes, sizeof bucket.last);
        bucket.min = bucket.last;
        bucket.max = bucket.last;
        bucket.mean = bucket.last;
        bucket.good_ms = step_s * 1000;
        bucket.watched_ms = step_s * 1000;
        sound = isfinite(bucket.last);
        break;
    case TREND_ROW_BAD:
        memcpy(&bucket.watched_ms, bytes, sizeof bucket.watched_ms);
        sound = bucket.watched_ms > 0;
        break;
    case TREND_ROW_FULL:
        return row_read_full(bytes, ret_bucket);
    }
    if (sound) {
        *ret_bucket = bucket;
    }
    return sound;
}
