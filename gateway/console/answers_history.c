/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/console/answers.h"

enum {
    /* What is answered when nothing says from when: a day of minutes, a week of quarters. */
    DEFAULT_MINUTES = 24 * 60,
    DEFAULT_QUARTERS = 7 * 96,
};

/* The year 2262, where nanoseconds end; and what an answer asks beyond `until` stays within. */
static const int64_t history_end_s = INT64_C(9000000000);

/* A time of the query, in seconds since 1970 or as RFC 3339. False when it is none. */
static bool history_time(const struct call *call, const char *name, int64_t fallback_s,
                         int64_t *ret_s) {
    const char *text = call_parameter(call, name);
    struct wall wall;
    uint64_t seconds = 0;
    if (text == NULL) {
        *ret_s = fallback_s;
        return true;
    } else if (call_number(call, name, 0, (uint64_t)history_end_s, &seconds)) {
        *ret_s = (int64_t)seconds;
        return true;
    } else if (clock_parse_wall(text, &wall) != 0 || wall.ns < 0) {
        return false;
    }
    *ret_s = wall.ns / (int64_t)NS_PER_S;
    return *ret_s <= history_end_s;
}

/* Read step, since and until. Answers itself and returns false when one of them will not do. */
static bool history_range(struct call *call, struct chart *chart) {
    const char *step = call_parameter(call, "step");
    chart->step_s = step != NULL && strcmp(step, "900") == 0 ? TREND_QUARTER_S : TREND_MINUTE_S;
    if (step != NULL && chart->step_s == TREND_MINUTE_S && strcmp(step, "60") != 0) {
        call_problem(call, PROBLEM_PARAMETER, "step");
        return false;
    }
    const int64_t step_s = chart->step_s;
    int64_t until_s = 0, since_s = 0;
    /* By default with the bucket that is being measured. */
    if (!history_time(call, "until", clock_wall().ns / (int64_t)NS_PER_S + 1, &until_s)) {
        call_problem(call, PROBLEM_PARAMETER, "history_until");
        return false;
    }
    chart->end = (until_s + step_s - 1) / step_s;
    int64_t slots = step_s == TREND_MINUTE_S ? DEFAULT_MINUTES : DEFAULT_QUARTERS;
    int64_t fallback_s = chart->end > slots ? (chart->end - slots) * step_s : 0;
    if (!history_time(call, "since", fallback_s, &since_s) || since_s >= until_s) {
        call_problem(call, PROBLEM_PARAMETER, "history_since");
        return false;
    }
    chart->first = since_s / step_s;
    return true;
}

/* Add a point by its id. Answers itself and returns false when it has no history. */
static bool history_point(struct call *call, const char *id, struct chart *chart) {
    const struct console *console = call->console;
    uint32_t point = site_point_find(console->view.site, id);
    uint64_t known_by = 0;
    if (point == RULESET_NONE) {
        call_problem(call, PROBLEM_NOT_FOUND, id);
        return false;
    } else if (!trend_feed_point(&console->feed, point, &known_by)) {
        call_problem(call, PROBLEM_NO_HISTORY, NULL);
        return false;
    }
    chart->points[chart->point_count++] = point;
    return true;
}

static void history_ask(struct call *call, struct chart *chart) {
    if (history_range(call, chart)) {
        charts_ask(&call->console->charts, chart, call->request, call->language, call->real_ns);
    }
}

void answer_history_point(struct call *call) {
    struct chart chart = {.point_count = 0};
    if (history_point(call, call->path, &chart)) {
        history_ask(call, &chart);
    }
}

void answer_history(struct call *call) {
    struct chart chart = {.point_count = 0};
    const struct evkeyval *pair;
    TAILQ_FOREACH(pair, &call->query, next) {
        if (strcmp(pair->key, "point") != 0) {
            continue;
        } else if (chart.point_count == CHARTS_POINTS_MAX) {
            call_problem(call, PROBLEM_PARAMETER, "point");
            return;
        } else if (!history_point(call, pair->value, &chart)) {
            return;
        }
    }
    if (chart.point_count == 0) {
        call_problem(call, PROBLEM_PARAMETER, "point");
        return;
    }
    history_ask(call, &chart);
}
