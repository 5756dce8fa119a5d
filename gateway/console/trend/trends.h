/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_TREND_TRENDS_H
#define GATEWAY_CONSOLE_TREND_TRENDS_H

/*
 * The thread that keeps the history
 *
 * The loop of the console hands over a minute of all points and asks questions; the thread alone waits for the
 * disk. Both queues are bounded: while the disk hangs, minutes beyond TRENDS_MINUTES_MAX are dropped,
 * counted and told, and whoever asks is told that it is busy. A directory that cannot be used is tried
 * again with each minute.
 *
 *     loop ── trends_give() ──▶ minutes ──▶ thread ──▶ store
 *          ── trends_ask() ───▶ questions ──▶  │
 *          ◀───── answered(context, …) ── eventfd
 *
 * Why in the console: it hears of every change as the pages do, and nothing waits for it. A disk that hangs or
 * fills can reach neither a decision nor an alarm nor the commit of one.
 */

#include "gateway/console/trend/trend_store.h"

struct event_base;
struct trends;

enum {
    TRENDS_MINUTES_MAX = 8,
    TRENDS_QUESTIONS_MAX = 32, /* some pages of charts that open at once */
    TRENDS_POINTS_MAX = 8,
    TRENDS_SLOTS_MAX = 3000, /* a month of quarters, two days of minutes */
    TRENDS_BUCKETS_MAX = 12000,
};

struct trends_conf {
    const char *directory;
    struct trend_columns columns;
    uint64_t size_max;
};

struct trends_question {
    uint64_t number; /* the asker's own */
    uint32_t step_s;
    uint32_t slots; /* 1…TRENDS_SLOTS_MAX; times id_count at most TRENDS_BUCKETS_MAX */
    int64_t first;
    uint32_t id_count; /* 1…TRENDS_POINTS_MAX */
    uint64_t ids[TRENDS_POINTS_MAX];
};

/*
 * `buckets` are as trend_store_read() writes them, valid during the call and to be changed at will; NULL
 * when the history cannot be read at present.
 */
typedef void trends_answered(void *context, const struct trends_question *question,
                             struct trend_bucket *buckets);

struct trends_stats {
    struct trend_store_stats store; /* all zero until the directory can be used */
    /* Minutes that found no room or no directory, or that the disk did not take. */
    uint64_t dropped;
};

/* Start the thread. Copies what `conf` points to. Returns 0 or <0. */
NODISCARD int trends_new(const struct trends_conf *conf, struct event_base *base,
                         trends_answered *answered, void *context, struct trends **ret_trends);

/*
 * Write what was handed over, as far as the disk does that within a second or two, and end. What was asked is not
 * answered. Returns NULL.
 */
struct trends *trends_free(struct trends *trends);

/* Hand over a minute of all points; copies it. */
void trends_give(struct trends *trends, int64_t slot, const struct trend_bucket *buckets);

#define TRENDS_E_FULL 1

/* Ask. Returns 0, and the answer comes from the loop; or TRENDS_E_FULL. */
NODISCARD int trends_ask(struct trends *trends, const struct trends_question *question);

void trends_stats(struct trends *trends, struct trends_stats *ret_stats);

#endif
