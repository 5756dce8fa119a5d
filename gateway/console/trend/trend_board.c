/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/trend/trend_board.h"

#include <assert.h>
#include <stdlib.h>

/* A whole span that is this close to its length on the wall is as long as that: the clock was slewed. */
enum { SLEW_PART = 200 };

static void meter_touch(struct trend_meter *meter) {
    if (!meter->touched) {
        meter->touched = true;
        meter->min = meter->value;
        meter->max = meter->value;
        meter->mean = meter->value;
    }
    meter->min = meter->value < meter->min ? meter->value : meter->min;
    meter->max = meter->value > meter->max ? meter->value : meter->max;
}

/* Count what stands up to `now`. */
static void meter_advance(struct trend_meter *meter, struct instant now) {
    uint64_t span_ns = instant_span_ns(meter->counted, now);
    if (span_ns == 0) {
        return;
    }
    meter->counted = now;
    meter->watched_ns += span_ns;
    if (meter->usable) {
        meter_touch(meter);
        meter->good_ns += span_ns;
        double share = (double)span_ns / (double)meter->good_ns;
        meter->mean =
            trend_within(meter->mean * (1 - share) + meter->value * share, meter->min, meter->max);
    }
}

static uint32_t ms_of(uint64_t span_ns) {
    uint64_t ms = (span_ns + NS_PER_MS / 2) / NS_PER_MS;
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

static struct trend_bucket meter_bucket(const struct trend_meter *meter, uint32_t whole_ms) {
    struct trend_bucket bucket = {
        .changes = meter->changes,
        .good_ms = ms_of(meter->good_ns),
        .watched_ms = ms_of(meter->watched_ns),
    };
    bool all_good = meter->good_ns == meter->watched_ns;
    uint32_t slew_ms = whole_ms / SLEW_PART;
    if (bucket.watched_ms + slew_ms >= whole_ms && bucket.watched_ms <= whole_ms + slew_ms) {
        bucket.watched_ms = whole_ms > 0 ? whole_ms : bucket.watched_ms;
        bucket.good_ms =
            all_good || bucket.good_ms > bucket.watched_ms ? bucket.watched_ms : bucket.good_ms;
    }
    if (meter->touched) {
        bucket.min = meter->min;
        bucket.max = meter->max;
        bucket.mean = meter->mean;
        bucket.last = meter->value;
        bucket.good_ms = bucket.good_ms > 0 ? bucket.good_ms : 1;
    } else {
        bucket.good_ms = 0;
    }
    bucket.watched_ms = bucket.watched_ms > bucket.good_ms ? bucket.watched_ms : bucket.good_ms;
    return bucket;
}

int trend_board_init(struct trend_board *board, uint32_t count) {
    *board = (struct trend_board){.count = count, .paused = true};
    board->meters = calloc((size_t)count + 1, sizeof *board->meters);
    return board->meters == NULL ? err_origin(-ENOMEM) : 0;
}

void trend_board_deinit(struct trend_board *board) {
    free(board->meters);
    *board = (struct trend_board){.paused = true};
}

void trend_board_hear(struct trend_board *board, uint32_t column, double value, bool usable,
                      struct instant now) {
    assert(column < board->count);
    struct trend_meter *meter = &board->meters[column];
    if (board->paused) {
        return;
    } else if (meter->known) {
        meter_advance(meter, now);
    } else {
        meter->counted = now;
    }
    /* The first value after unknown is not a change. */
    if (usable && meter->known && meter->usable && value != meter->value) {
        meter->changes += meter->changes < UINT32_MAX;
    }
    meter->known = true;
    meter->usable = usable;
    if (usable) {
        meter->value = value;
        meter_touch(meter);
    }
}

void trend_board_pause(struct trend_board *board, struct instant at) {
    for (uint32_t i = 0; !board->paused && i < board->count; i++) {
        if (board->meters[i].known) {
            meter_advance(&board->meters[i], at);
        }
    }
    board->paused = true;
}

void trend_board_resume(struct trend_board *board, struct instant now) {
    for (uint32_t i = 0; board->paused && i < board->count; i++) {
        struct trend_meter *meter = &board->meters[i];
        meter->counted = now.ns > meter->counted.ns ? now : meter->counted;
    }
    board->paused = false;
}

void trend_board_forget(struct trend_board *board) {
    for (uint32_t i = 0; i < board->count; i++) {
        board->meters[i].known = false;
        board->meters[i].usable = false;
    }
}

bool trend_board_cut(struct trend_board *board, struct instant now, uint32_t whole_ms,
                     struct trend_bucket *ret_buckets) {
    bool any = false;
    for (uint32_t i = 0; i < board->count; i++) {
        struct trend_meter *meter = &board->meters[i];
        if (!board->paused && meter->known) {
            meter_advance(meter, now);
        }
        ret_buckets[i] = meter_bucket(meter, whole_ms);
        any = any || !trend_bucket_is_empty(&ret_buckets[i]);
        meter->changes = 0;
        meter->good_ns = 0;
        meter->watched_ns = 0;
        meter->touched = false;
    }
    return any;
}

struct trend_bucket trend_board_bucket(const struct trend_board *board, uint32_t column,
                                       struct instant now) {
    assert(column < board->count);
    struct trend_meter meter = board->meters[column];
    if (!board->paused && meter.known) {
        meter_advance(&meter, now);
    }
    return meter_bucket(&meter, 0);
}
