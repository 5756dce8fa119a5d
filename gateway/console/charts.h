/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_CHARTS_H
#define GATEWAY_CONSOLE_CHARTS_H

/*
 * Questions about the history, on their way
 *
 * The thread that keeps the history reads it, and the HTTP request waits here until it has, or until
 * CHARTS_WAIT_MS are over, as when the disk hangs. Every waiting request is answered exactly once. One that finds
 * the table full is told so at once.
 *
 * An answer holds columns, as a chart draws them: the bucket `i` begins at `from` + i × `step`, in
 * seconds since 1970.
 *
 *     {"engine": "present", "step": 60, "from": 1763770020, "since": "…Z", "until": "…Z", "next": null,
 *      "points": [{"point": "care/club/temperature", "kind": "temperature", "unit": "°C",
 *        "min": [21.4, null …], "max": […], "mean": […], "last": […],      null: no trusted value
 *        "changes": [0, 0 …], "good_s": [60, 0 …], "watched_s": [60, 0 …]}]}
 *
 * `next` is where the next page begins, in `since`'s form, when there is more than one page takes.
 */

#include "gateway/console/trend_feed.h"
#include "gateway/console/view.h"

struct evhttp_request;

enum {
    CHARTS_MAX = TRENDS_QUESTIONS_MAX,
    CHARTS_POINTS_MAX = TRENDS_POINTS_MAX,
    CHARTS_WAIT_MS = 5000, /* real time */
};

/* What is asked: of which points, and of which slots. */
struct chart {
    uint32_t points[CHARTS_POINTS_MAX];
    uint32_t point_count; /* 1… */
    uint32_t step_s;
    int64_t first, end; /* all that is wanted; the answer may end before */
};

struct charts_row {
    struct evhttp_request *request; /* NULL: free */
    struct chart chart;
    struct trends_question question;
    uint64_t deadline_real_ns;
    enum site_language language;
};

struct charts {
    const struct view *view;
    const struct trend_feed *feed;
    struct charts_row rows[CHARTS_MAX];
    uint64_t next_number;
    uint64_t refused_full;
};

/* Keeps both. */
void charts_init(struct charts *charts, const struct view *view, const struct trend_feed *feed);

/*
 * Ask, and keep `request` until its answer; takes the request in every case. All points have a history
 * (trend_feed_point()).
 */
void charts_ask(struct charts *charts, const struct chart *chart, struct evhttp_request *request,
                enum site_language language, uint64_t real_ns);

/* The thread has answered; see trends_answered. A request that is not there any more is passed over. */
void charts_answered(struct charts *charts, const struct trends_question *question,
                     struct trend_bucket *buckets, struct instant now, uint64_t real_ns);

/* Answer those whose time is over, or all of them. */
void charts_expire(struct charts *charts, uint64_t real_ns);
void charts_fail(struct charts *charts);

#endif
