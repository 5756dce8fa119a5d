/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/trend_feed.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/console/view.h"
#include "gateway/digest.h"
#include "gateway/log.h"

enum {
    MINUTE_MS = TREND_MINUTE_S * 1000,
    /* A clock that is this many minutes further has not passed them: it has jumped, or we have slept. */
    MINUTES_PASSED_MAX = 5,
    PATH_SIZE = 4096,
};

static const int64_t minute_ns = TREND_MINUTE_S * (int64_t)NS_PER_S;

/* ---- points ---- */

/* What a point is known by: one with another name, kind or unit is another one. */
static uint64_t feed_id(const struct site *site, uint32_t point) {
    const char *const words[] = {
        site_text(site, site->points[point].id),
        point_kind_facts((enum point_kind)site->ruleset.points[point].kind)->name,
        unit_facts((enum unit)site->points[point].unit)->name,
    };
    unsigned char bytes[DIGEST_SIZE];
    struct digest digest;
    uint64_t id;
    digest_begin(&digest);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        digest_add(&digest, words[i], strlen(words[i]) + 1);
    }
    digest_end(&digest, bytes);
    memcpy(&id, bytes, sizeof id);
    return id;
}

static bool point_has_history(const struct site *site, uint32_t point) {
    enum point_kind kind = (enum point_kind)site->ruleset.points[point].kind;
    return point_kind_facts(kind)->form != POINT_FORM_EVENT;
}

/* Give columns, in the order of the points. Returns how many points were left out for want of one. */
static uint32_t feed_choose(struct trend_feed *feed, uint32_t *ret_count) {
    uint32_t left_out = 0;
    *ret_count = 0;
    for (uint32_t p = 0; p < feed->site->ruleset.point_count; p++) {
        feed->columns[p] = RULESET_NONE;
        if (!point_has_history(feed->site, p)) {
            continue;
        } else if (*ret_count == TREND_POINTS_MAX) {
            left_out++;
        } else {
            feed->ids[*ret_count] = feed_id(feed->site, p);
            feed->columns[p] = (*ret_count)++;
        }
    }
    return left_out;
}

static int feed_prepare(struct trend_feed *feed, uint32_t *ret_count) {
    size_t points = (size_t)feed->site->ruleset.point_count + 1;
    feed->columns = calloc(points, sizeof *feed->columns);
    feed->ids = calloc(points, sizeof *feed->ids);
    if (feed->columns == NULL || feed->ids == NULL) {
        return err_origin(-ENOMEM);
    }
    uint32_t left_out = feed_choose(feed, ret_count);
    if (left_out > 0) {
        log_line(
            LOG_WARNING, "history_left_out",
            "points=%" PRIu32
            " effect=\"the site has more than %d points: there are no charts of the last ones\"",
            left_out, TREND_POINTS_MAX);
    }
    feed->buckets = calloc((size_t)*ret_count + 1, sizeof *feed->buckets);
    return feed->buckets == NULL ? err_origin(-ENOMEM) : trend_board_init(&feed->board, *ret_count);
}

static int feed_start(struct trend_feed *feed, uint32_t count, struct event_base *base,
                      trends_answered *answered, void *context) {
    const struct site *site = feed->site;
    char directory[PATH_SIZE];
    int len = snprintf(directory, sizeof directory, "%s/console/history",
                       site_text(site, site->header->state_directory));
    if (len < 0 || (size_t)len >= sizeof directory) {
        return err_origin(-ENAMETOOLONG);
    }
    const struct trends_conf conf = {
        .directory = directory,
        .columns = {.ids = feed->ids, .count = count},
        .size_max = site->header->history_size,
    };
    return trends_new(&conf, base, answered, context, &feed->trends);
}

int trend_feed_init(struct trend_feed *feed, const struct site *site, struct event_base *base,
                    trends_answered *answered, void *context) {
    *feed = TREND_FEED_NULL;
    feed->site = site;
    if (site->header->history_size == 0) {
        return 0;
    }
    uint32_t count = 0;
    int r = feed_prepare(feed, &count);
    return err_trace(r == 0 ? feed_start(feed, count, base, answered, context) : r);
}

/* ---- minutes ---- */

static int64_t minute_of(struct wall wall) {
    return trend_span(wall.ns, minute_ns);
}

/* End the minute that is being measured; it ends on its border, if `whole`. */
static void feed_cut(struct trend_feed *feed, struct instant at, bool whole) {
    uint32_t whole_ms = whole && feed->whole ? MINUTE_MS : 0;
    if (trend_board_cut(&feed->board, at, whole_ms, feed->buckets)) {
        trends_give(feed->trends, feed->minute, feed->buckets);
    }
}

static void feed_begin(struct trend_feed *feed, int64_t minute, bool whole) {
    feed->minute = minute;
    feed->whole = whole;
    feed->begun = true;
}

/* The instant at which `minute` began, as the clocks stand now. */
static struct instant feed_border(int64_t minute, const struct trend_moment *now) {
    uint64_t ago_ns = (uint64_t)(now->wall.ns - minute * minute_ns);
    return (struct instant){now->instant.ns > ago_ns ? now->instant.ns - ago_ns : 0};
}

/* Cut what is over. */
static void feed_turn(struct trend_feed *feed, const struct trend_moment *now) {
    int64_t minute = minute_of(now->wall);
    if (!feed->begun) {
        feed_begin(feed, minute, false);
        return;
    }
    if (minute < feed->minute || minute > feed->minute + MINUTES_PASSED_MAX) {
        feed_cut(feed, now->instant, false);
        feed_begin(feed, minute, false);
        return;
    }
    while (feed->minute < minute) {
        feed_cut(feed, feed_border(feed->minute + 1, now), true);
        feed_begin(feed, feed->minute + 1, true);
    }
}

/* An engine that is silent says nothing of changes either: what stood is not known since it was heard. */
static void feed_listen(struct trend_feed *feed, const struct trend_moment *now) {
    if (feed->connected &&
        now->real_ns > feed->heard.real_ns + (uint64_t)VIEW_SILENT_MS * NS_PER_MS) {
        trend_board_pause(&feed->board, feed->heard.instant);
    }
    feed_turn(feed, now);
}

void trend_feed_welcome(struct trend_feed *feed, const struct trend_moment *now) {
    if (feed->trends == NULL) {
        return;
    }
    feed_turn(feed, now);
    trend_board_pause(&feed->board, now->instant);
    trend_board_forget(&feed->board);
    trend_board_resume(&feed->board, now->instant);
    feed->connected = true;
    feed->heard = *now;
}

static void feed_values(struct trend_feed *feed, const struct wire_point_values *message,
                        struct instant now) {
    for (uint32_t i = 0; i < message->count; i++) {
        const struct wire_point_value *value = &message->values[i];
        uint32_t column = value->point < feed->site->ruleset.point_count
                              ? feed->columns[value->point]
                              : RULESET_NONE;
        if (column != RULESET_NONE) {
            bool usable = value->quality < QUALITY_COUNT && isfinite(value->value) &&
                          quality_usable((enum quality)value->quality);
            trend_board_hear(&feed->board, column, value->value, usable, now);
        }
    }
}

void trend_feed_receive(struct trend_feed *feed, const struct wire_header *message,
                        const struct trend_moment *now) {
    if (feed->trends == NULL) {
        return;
    }
    feed_listen(feed, now);
    feed->heard = *now;
    trend_board_resume(&feed->board, now->instant);
    if (message->kind == WIRE_POINT_VALUES) {
        feed_values(feed, (const struct wire_point_values *)message, now->instant);
    }
}

void trend_feed_lost(struct trend_feed *feed, const struct trend_moment *now) {
    if (feed->trends == NULL) {
        return;
    }
    feed_listen(feed, now);
    trend_board_pause(&feed->board, feed->heard.instant);
    feed->connected = false;
}

void trend_feed_tick(struct trend_feed *feed, const struct trend_moment *now) {
    if (feed->trends != NULL) {
        feed_listen(feed, now);
    }
}

void trend_feed_deinit(struct trend_feed *feed, const struct trend_moment *now) {
    if (feed->trends != NULL) {
        feed_listen(feed, now);
        feed_cut(feed, now->instant, false);
    }
    feed->trends = trends_free(feed->trends);
    trend_board_deinit(&feed->board);
    free(feed->columns);
    free(feed->ids);
    free(feed->buckets);
    *feed = TREND_FEED_NULL;
}

/* ---- questions ---- */

bool trend_feed_point(const struct trend_feed *feed, uint32_t point, uint64_t *ret_id) {
    if (feed->trends == NULL || feed->columns[point] == RULESET_NONE) {
        return false;
    }
    *ret_id = feed->ids[feed->columns[point]];
    return true;
}

void trend_feed_add_present(const struct trend_feed *feed, uint64_t id, uint32_t step_s,
                            int64_t first, uint32_t slots, struct trend_bucket *buckets,
                            struct instant now) {
    int64_t slot = trend_span(feed->minute, step_s / TREND_MINUTE_S);
    if (!feed->begun || slot < first || slot >= first + slots) {
        return;
    }
    for (uint32_t column = 0; column < feed->board.count; column++) {
        if (feed->ids[column] == id) {
            struct trend_bucket present = trend_board_bucket(&feed->board, column, now);
            trend_bucket_add(&buckets[slot - first], &present);
            return;
        }
    }
}
