/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/charts.h"

#include <assert.h>
#include <inttypes.h>

#include <event2/buffer.h>

#include "gateway/clock.h"
#include "gateway/console/reply.h"
#include "gateway/number.h"

void charts_init(struct charts *charts, const struct view *view, const struct trend_feed *feed) {
    *charts = (struct charts){.view = view, .feed = feed};
}

static struct charts_row *charts_free_row(struct charts *charts) {
    for (int i = 0; i < CHARTS_MAX; i++) {
        if (charts->rows[i].request == NULL) {
            return &charts->rows[i];
        }
    }
    return NULL;
}

static struct evhttp_request *row_take(struct charts_row *row) {
    struct evhttp_request *request = row->request;
    row->request = NULL;
    return request;
}

static void charts_refuse(struct charts *charts, struct evhttp_request *request,
                          enum site_language language) {
    charts->refused_full++;
    reply_problem(request, PROBLEM_BUSY, language, NULL);
}

void charts_ask(struct charts *charts, const struct chart *chart, struct evhttp_request *request,
                enum site_language language, uint64_t real_ns) {
    struct charts_row *row = charts_free_row(charts);
    uint32_t page = TRENDS_BUCKETS_MAX / chart->point_count;
    page = page < TRENDS_SLOTS_MAX ? page : TRENDS_SLOTS_MAX;
    assert(chart->first < chart->end);
    if (row == NULL) {
        charts_refuse(charts, request, language);
        return;
    }
    struct trends_question question = {
        .number = ++charts->next_number,
        .step_s = chart->step_s,
        .first = chart->first,
        .slots = chart->end - chart->first < page ? (uint32_t)(chart->end - chart->first) : page,
        .id_count = chart->point_count,
    };
    for (uint32_t i = 0; i < chart->point_count; i++) {
        bool known = trend_feed_point(charts->feed, chart->points[i], &question.ids[i]);
        assert(known);
    }
    if (trends_ask(charts->feed->trends, &question) != 0) {
        charts_refuse(charts, request, language);
        return;
    }
    *row = (struct charts_row){
        .request = request,
        .chart = *chart,
        .question = question,
        .deadline_real_ns = real_ns + CHARTS_WAIT_MS * NS_PER_MS,
        .language = language,
    };
}

/* ---- the answer ---- */

static void add_number(struct evbuffer *out, double value) {
    char text[NUMBER_SIZE];
    (void)evbuffer_add(out, text, number_write(value, text));
}

/* One of the columns. */
enum column {
    COLUMN_MIN,
    COLUMN_MAX,
    COLUMN_MEAN,
    COLUMN_LAST,
    COLUMN_CHANGES,
    COLUMN_GOOD,
    COLUMN_WATCHED,
    COLUMN_COUNT,
};

/* Times of one name that was passed twice add up to more than it has. */
static double seconds_of(uint32_t ms, uint32_t step_s) {
    return ms < step_s * 1000 ? ms / 1000.0 : step_s;
}

static double column_value(enum column column, const struct trend_bucket *bucket, uint32_t step_s) {
    switch (column) {
    case COLUMN_MIN:
        return bucket->min;
    case COLUMN_MAX:
        return bucket->max;
    case COLUMN_MEAN:
        return bucket->mean;
    case COLUMN_LAST:
        return bucket->last;
    case COLUMN_CHANGES:
        return bucket->changes;
    case COLUMN_GOOD:
        return seconds_of(bucket->good_ms, step_s);
    case COLUMN_WATCHED:
        return seconds_of(bucket->watched_ms, step_s);
    case COLUMN_COUNT:
        break;
    }
    return 0;
}

static void add_column(struct evbuffer *out, enum column column, const struct trend_bucket *buckets,
                       const struct trends_question *question) {
    static const char *const names[COLUMN_COUNT] = {
        "min", "max", "mean", "last", "changes", "good_s", "watched_s",
    };
    (void)evbuffer_add_printf(out, ",\"%s\":[", names[column]);
    for (uint32_t i = 0; i < question->slots; i++) {
        (void)evbuffer_add(out, ",", i > 0 ? 1 : 0);
        if (column <= COLUMN_LAST && buckets[i].good_ms == 0) {
            (void)evbuffer_add(out, "null", 4);
        } else {
            add_number(out, column_value(column, &buckets[i], question->step_s));
        }
    }
    (void)evbuffer_add(out, "]", 1);
}

/* Ids, kinds and units are the site's, which has none with a quote or a backslash in it. */
static void add_point(struct evbuffer *out, const struct site *site, uint32_t point,
                      const struct trend_bucket *buckets, const struct trends_question *question) {
    enum point_kind kind = (enum point_kind)site->ruleset.points[point].kind;
    enum unit unit = (enum unit)site->points[point].unit;
    (void)evbuffer_add_printf(out, "{\"point\":\"%s\",\"kind\":\"%s\"",
                              site_text(site, site->points[point].id),
                              point_kind_facts(kind)->name);
    if (unit == UNIT_NONE) {
        (void)evbuffer_add_printf(out, ",\"unit\":null");
    } else {
        (void)evbuffer_add_printf(out, ",\"unit\":\"%s\"", unit_facts(unit)->name);
    }
    for (enum column column = 0; column < COLUMN_COUNT; column++) {
        add_column(out, column, buckets, question);
    }
    (void)evbuffer_add(out, "}", 1);
}

static void add_time(struct evbuffer *out, const char *name, int64_t slot, uint32_t step_s) {
    char text[CLOCK_TEXT_SIZE];
    clock_format((struct wall){slot * step_s * (int64_t)NS_PER_S}, text);
    (void)evbuffer_add_printf(out, ",\"%s\":\"%s\"", name, text);
}

static void charts_write(const struct charts *charts, const struct charts_row *row,
                         const struct trend_bucket *buckets, uint64_t real_ns,
                         struct evbuffer *out) {
    const struct trends_question *question = &row->question;
    int64_t end = question->first + question->slots;
    (void)evbuffer_add_printf(out, "{\"engine\":\"%s\",\"step\":%" PRIu32 ",\"from\":%" PRId64,
                              view_engine_name(view_engine(charts->view, real_ns)),
                              question->step_s, question->first * question->step_s);
    add_time(out, "since", question->first, question->step_s);
    add_time(out, "until", end, question->step_s);
    if (end < row->chart.end) {
        add_time(out, "next", end, question->step_s);
    } else {
        (void)evbuffer_add_printf(out, ",\"next\":null");
    }
    (void)evbuffer_add_printf(out, ",\"points\":[");
    for (uint32_t p = 0; p < question->id_count; p++) {
        (void)evbuffer_add(out, ",", p > 0 ? 1 : 0);
        add_point(out, charts->view->site, row->chart.points[p], buckets + p * question->slots,
                  question);
    }
    (void)evbuffer_add_printf(out, "]}");
}

static void charts_reply(struct charts *charts, struct charts_row *row,
                         struct trend_bucket *buckets, struct instant now, uint64_t real_ns) {
    const struct trends_question *question = &row->question;
    struct evhttp_request *request = row_take(row);
    if (buckets == NULL) {
        reply_problem(request, PROBLEM_HISTORY, row->language, NULL);
        return;
    }
    for (uint32_t p = 0; p < question->id_count; p++) {
        trend_feed_add_present(charts->feed, question->ids[p], question->step_s, question->first,
                               question->slots, buckets + p * question->slots, now);
    }
    struct evbuffer *out = evbuffer_new();
    assert(out != NULL);
    charts_write(charts, row, buckets, real_ns, out);
    reply_bytes(request, "application/json; charset=utf-8", out);
    evbuffer_free(out);
}

void charts_answered(struct charts *charts, const struct trends_question *question,
                     struct trend_bucket *buckets, struct instant now, uint64_t real_ns) {
    for (int i = 0; i < CHARTS_MAX; i++) {
        struct charts_row *row = &charts->rows[i];
        if (row->request != NULL && row->question.number == question->number) {
            charts_reply(charts, row, buckets, now, real_ns);
            return;
        }
    }
}

void charts_expire(struct charts *charts, uint64_t real_ns) {
    for (int i = 0; i < CHARTS_MAX; i++) {
        struct charts_row *row = &charts->rows[i];
        if (row->request != NULL && real_ns >= row->deadline_real_ns) {
            reply_problem(row_take(row), PROBLEM_HISTORY, row->language, NULL);
        }
    }
}

void charts_fail(struct charts *charts) {
    charts_expire(charts, UINT64_MAX);
}
