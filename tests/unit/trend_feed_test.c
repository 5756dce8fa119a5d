/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From the wire to the minutes on the disk: which minute a value belongs to when clocks jump, engines fall
 * silent and processes sleep; and what never gets there.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "gateway/console/trend_feed.h"
#include "tests/support/cmocka.h"
#include "tests/support/console_site.h"
#include "tests/support/scratch.h"

enum { PATH_SIZE = 128, POINT = CONSOLE_SITE_TEMPERATURE };

/* Some minute of 2026. */
#define BEGIN INT64_C(29400000)

struct scene {
    char directory[PATH_SIZE];
    struct site_header header;
    struct site site;
    struct event_base *base;
    struct trend_feed feed;
    struct trend_moment now;
    struct trends_question answered;
    bool answered_any, answered_none;
    struct trend_bucket answer[8];
};

static void scene_answered(void *context, const struct trends_question *question,
                           struct trend_bucket *buckets) {
    struct scene *scene = context;
    scene->answered = *question;
    scene->answered_any = buckets != NULL;
    scene->answered_none = buckets == NULL;
    if (buckets != NULL) {
        memcpy(scene->answer, buckets,
               question->slots * question->id_count * sizeof *scene->answer);
    }
}

static void scene_start(struct scene *scene) {
    assert_int_equal(
        trend_feed_init(&scene->feed, &scene->site, scene->base, scene_answered, scene), 0);
}

static int scene_begin(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    char inside[2 * PATH_SIZE];
    (void)snprintf(scene->directory, sizeof scene->directory, "/tmp/feed.XXXXXX");
    assert_non_null(mkdtemp(scene->directory));
    (void)snprintf(inside, sizeof inside, "%s/console", scene->directory);
    assert_int_equal(mkdir(inside, 0700), 0);
    scene->site = console_site(scene->directory);
    scene->header = *scene->site.header;
    scene->header.history_size = 1 << 30;
    scene->site.header = &scene->header;
    scene->base = event_base_new();
    scene->now = (struct trend_moment){.instant = {5000 * NS_PER_S},
                                       .wall = {BEGIN * 60 * 1000000000},
                                       .real_ns = 7000 * NS_PER_S};
    scene_start(scene);
    *state = scene;
    return 0;
}

static int scene_end(void **state) {
    struct scene *scene = *state;
    trend_feed_deinit(&scene->feed, &scene->now);
    event_base_free(scene->base);
    assert_int_equal(scratch_remove(scene->directory), 0);
    free(scene);
    return 0;
}

/* The thread answers when it has written all that it was given. */
static void ask(struct scene *scene, uint32_t slots) {
    struct trends_question question = {
        .number = 5, .step_s = 60, .first = BEGIN, .slots = slots, .id_count = 1};
    assert_true(trend_feed_point(&scene->feed, POINT, &question.ids[0]));
    scene->answered_any = false;
    scene->answered_none = false;
    assert_int_equal(trends_ask(scene->feed.trends, &question), 0);
    while (!scene->answered_any && !scene->answered_none) {
        assert_int_equal(event_base_loop(scene->base, EVLOOP_ONCE), 0);
    }
    assert_int_equal(scene->answered.number, 5);
}

/* Time passes on all clocks; the engine says something each second, or is silent. */
static void pass(struct scene *scene, unsigned seconds, bool silent) {
    const struct wire_journal message = {.header = wire_header_of(WIRE_JOURNAL, sizeof message)};
    for (unsigned i = 0; i < seconds; i++) {
        scene->now.instant.ns += NS_PER_S;
        scene->now.wall.ns += (int64_t)NS_PER_S;
        scene->now.real_ns += NS_PER_S;
        trend_feed_tick(&scene->feed, &scene->now);
        if (i % 60 == 59) {
            ask(scene, 1);
        }
        if (!silent) {
            trend_feed_receive(&scene->feed, &message.header, &scene->now);
        }
    }
}

/* What is counted of the process's sleep: nothing came, nothing was looked at. */
static void sleep_for(struct scene *scene, unsigned seconds) {
    scene->now.instant.ns += seconds * NS_PER_S;
    scene->now.wall.ns += (int64_t)(seconds * NS_PER_S);
    scene->now.real_ns += seconds * NS_PER_S;
}

static void say(struct scene *scene, uint32_t point, double value, enum quality quality) {
    struct wire_point_values message = {
        .count = 1, .values = {{.point = point, .quality = quality, .value = value}}};
    message.header = wire_header_of(WIRE_POINT_VALUES, wire_size(WIRE_POINT_VALUES, 1));
    trend_feed_receive(&scene->feed, &message.header, &scene->now);
}

static void welcome(struct scene *scene) {
    trend_feed_welcome(&scene->feed, &scene->now);
}

/* Read `count` minutes of a point as a store finds them that is opened once all is written. */
static void read_minutes(struct scene *scene, uint32_t point, int64_t first, uint32_t count,
                         struct trend_bucket *ret_buckets) {
    struct trend_store *store = NULL;
    char inside[2 * PATH_SIZE];
    uint64_t id = 0;
    assert_true(trend_feed_point(&scene->feed, point, &id));
    trend_feed_deinit(&scene->feed, &scene->now);
    (void)snprintf(inside, sizeof inside, "%s/console/history", scene->directory);
    assert_int_equal(
        trend_store_new(inside, (struct trend_columns){.ids = &id, .count = 1}, 1 << 30, &store),
        0);
    memset(ret_buckets, 0, count * sizeof *ret_buckets);
    assert_int_equal(trend_store_read(store, 60, &id, 1, first, count, ret_buckets), 0);
    (void)trend_store_free(store);
}

static void a_value_stands_in_each_minute_until_the_next_one(void **state) {
    struct scene *scene = *state;
    struct trend_bucket found[4];
    welcome(scene);
    say(scene, POINT, 20, QUALITY_GOOD);
    pass(scene, 90, false);
    say(scene, POINT, 24, QUALITY_GOOD);
    pass(scene, 90, false);
    read_minutes(scene, POINT, BEGIN, 4, found);
    assert_true(found[0].mean == 20 && found[0].good_ms == 60000);
    assert_true(found[1].mean == 22 && found[1].good_ms == 60000 && found[1].changes == 1);
    assert_true(found[2].mean == 24 && found[2].good_ms == 60000 && found[2].changes == 0);
    assert_true(trend_bucket_is_empty(&found[3]));
}

static void what_stands_when_the_process_ends_is_written_too(void **state) {
    struct scene *scene = *state;
    struct trend_bucket found[1];
    welcome(scene);
    say(scene, POINT, 20, QUALITY_GOOD);
    pass(scene, 30, false);
    read_minutes(scene, POINT, BEGIN, 1, found);
    assert_int_equal(found[0].watched_ms, 30000);
}

static void a_silent_engine_leaves_a_gap_from_its_last_word_on(void **state) {
    struct scene *scene = *state;
    struct trend_bucket found[4];
    welcome(scene);
    say(scene, POINT, 20, QUALITY_GOOD);
    pass(scene, 10, false);
    pass(scene, 140, true);
    pass(scene, 30, false);
    read_minutes(scene, POINT, BEGIN, 4, found);
    assert_int_equal(found[0].watched_ms, 10000);
    assert_true(trend_bucket_is_empty(&found[1]));
    assert_int_equal(found[2].watched_ms, 29000);
}

static void a_lost_engine_leaves_a_gap_until_the_point_is_told_again(void **state) {
    struct scene *scene = *state;
    struct trend_bucket found[3];
    welcome(scene);
    say(scene, POINT, 20, QUALITY_GOOD);
    pass(scene, 10, false);
    trend_feed_lost(&scene->feed, &scene->now);
    pass(scene, 60, true);
    welcome(scene);
    pass(scene, 10, false);
    say(scene, POINT, 21, QUALITY_GOOD);
    pass(scene, 40, false);
    read_minutes(scene, POINT, BEGIN, 3, found);
    assert_int_equal(found[0].watched_ms, 10000);
    assert_int_equal(found[1].watched_ms, 40000);
    assert_int_equal(found[1].changes, 0);
    assert_true(found[1].min == 21);
}

static void a_process_that_slept_knows_nothing_of_that_time(void **state) {
    struct scene *scene = *state;
    struct trend_bucket found[13];
    for (unsigned i = 0; i < 2; i++) {
        const unsigned seconds[] = {180, 600};
        welcome(scene);
        say(scene, POINT, 20, QUALITY_GOOD);
        pass(scene, 30, false);
        sleep_for(scene, seconds[i]);
        pass(scene, 30, false);
        int64_t first = BEGIN + (i == 0 ? 0 : 4);
        read_minutes(scene, POINT, first, 13, found);
        uint64_t watched_ms = 0;
        for (unsigned m = 0; m < 13; m++) {
            watched_ms += found[m].watched_ms;
        }
        assert_in_range(watched_ms, 59000, 60000);
        assert_true(trend_bucket_is_empty(&found[1]) && trend_bucket_is_empty(&found[2]));
        scene_start(scene);
    }
}

static void a_clock_set_back_or_ahead_moves_no_time_from_one_minute_to_another(void **state) {
    struct scene *scene = *state;
    const int64_t steps[] = {-3600, 7200, 3 * 60, -1};
    int64_t first = BEGIN;
    uint64_t watched_ms = 0;
    welcome(scene);
    say(scene, POINT, 20, QUALITY_GOOD);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        pass(scene, 100, false);
        scene->now.wall.ns += steps[i] * (int64_t)NS_PER_S;
    }
    pass(scene, 100, false);
    struct trend_bucket *found = calloc(400, sizeof *found);
    read_minutes(scene, POINT, first - 100, 400, found);
    for (unsigned m = 0; m < 400; m++) {
        watched_ms += found[m].watched_ms;
        assert_true(found[m].good_ms == found[m].watched_ms);
        assert_true(found[m].good_ms == 0 || (found[m].min == 20 && found[m].max == 20));
    }
    /* No more than has passed; and no minute was made up for those that were jumped over. */
    assert_in_range(watched_ms, 499000, 501000);
    assert_int_equal(found[100].watched_ms, 60000);
    assert_true(trend_bucket_is_empty(&found[100 + 10]));
    free(found);
}

static void years_that_were_jumped_over_are_passed_at_once(void **state) {
    struct scene *scene = *state;
    struct trend_bucket found[1];
    scene->now.wall.ns = 0;
    welcome(scene);
    say(scene, POINT, 20, QUALITY_GOOD);
    pass(scene, 100, false);
    scene->now.wall.ns = BEGIN * 60 * 1000000000;
    pass(scene, 1, false);
    assert_false(scene->feed.whole); /* not one after the other */
    pass(scene, 99, false);
    read_minutes(scene, POINT, BEGIN, 1, found);
    assert_in_range(found[0].watched_ms, 58000, 60000);
}

static void card_readers_never_get_there(void **state) {
    struct scene *scene = *state;
    uint64_t id = 0;
    assert_false(trend_feed_point(&scene->feed, CONSOLE_SITE_READER, &id));
    assert_true(trend_feed_point(&scene->feed, CONSOLE_SITE_BUTTON, &id));
    welcome(scene);
    say(scene, CONSOLE_SITE_READER, 123456, QUALITY_GOOD);
    say(scene, 100000, 1, QUALITY_GOOD); /* nor a point that is none */
    pass(scene, 61, false);
    assert_int_equal(scene->feed.board.count, CONSOLE_SITE_POINTS - 1);
}

static void a_value_that_is_no_number_is_not_good(void **state) {
    struct scene *scene = *state;
    struct trend_bucket found[1];
    const double zero = 0;
    welcome(scene);
    say(scene, POINT, 20, QUALITY_GOOD);
    pass(scene, 30, false);
    say(scene, POINT, 1 / zero, QUALITY_GOOD);
    pass(scene, 30, false);
    read_minutes(scene, POINT, BEGIN, 1, found);
    assert_int_equal(found[0].good_ms, 30000);
    assert_int_equal(found[0].watched_ms, 60000);
    assert_true(found[0].max == 20);
}

static void the_present_minute_is_part_of_an_answer(void **state) {
    struct scene *scene = *state;
    uint64_t id = 0;
    struct trend_bucket buckets[2] = {{0}};
    welcome(scene);
    say(scene, POINT, 20, QUALITY_GOOD);
    pass(scene, 20, false);
    assert_true(trend_feed_point(&scene->feed, POINT, &id));
    trend_feed_add_present(&scene->feed, id, 60, BEGIN - 1, 2, buckets, scene->now.instant);
    assert_int_equal(buckets[1].good_ms, 20000);
    assert_true(trend_bucket_is_empty(&buckets[0]));
    trend_feed_add_present(&scene->feed, id, 60, BEGIN + 1, 2, buckets, scene->now.instant);
    assert_true(trend_bucket_is_empty(&buckets[0]));
}

static void the_thread_answers_from_the_loop(void **state) {
    struct scene *scene = *state;
    welcome(scene);
    say(scene, POINT, 20, QUALITY_GOOD);
    pass(scene, 61, false);
    ask(scene, 2);
    assert_true(scene->answered_any);
    assert_int_equal(scene->answer[0].good_ms, 60000);
    assert_true(trend_bucket_is_empty(&scene->answer[1]));
}

static void a_directory_that_cannot_be_used_is_tried_again(void **state) {
    struct scene *scene = *state;
    char inside[2 * PATH_SIZE];
    (void)snprintf(inside, sizeof inside, "%s/console", scene->directory);
    trend_feed_deinit(&scene->feed, &scene->now);
    assert_int_equal(scratch_remove(inside), 0);
    scene_start(scene);
    welcome(scene);
    say(scene, POINT, 20, QUALITY_GOOD);
    pass(scene, 61, false);
    ask(scene, 1);
    assert_true(scene->answered_none);
    struct trends_stats stats;
    trends_stats(scene->feed.trends, &stats);
    assert_int_equal(stats.dropped, 1);
    assert_int_equal(mkdir(inside, 0700), 0);
    pass(scene, 60, false);
    ask(scene, 2);
    assert_true(scene->answered_any);
    assert_true(trend_bucket_is_empty(&scene->answer[0]));
    assert_int_equal(scene->answer[1].good_ms, 60000);
}

static void a_site_that_wants_none_has_none(void **state) {
    struct scene *scene = *state;
    uint64_t id = 0;
    trend_feed_deinit(&scene->feed, &scene->now);
    scene->header.history_size = 0;
    scene_start(scene);
    welcome(scene);
    say(scene, POINT, 20, QUALITY_GOOD);
    trend_feed_tick(&scene->feed, &scene->now);
    trend_feed_lost(&scene->feed, &scene->now);
    assert_false(trend_feed_point(&scene->feed, POINT, &id));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(a_value_stands_in_each_minute_until_the_next_one),
        STORY(what_stands_when_the_process_ends_is_written_too),
        STORY(a_silent_engine_leaves_a_gap_from_its_last_word_on),
        STORY(a_lost_engine_leaves_a_gap_until_the_point_is_told_again),
        STORY(a_process_that_slept_knows_nothing_of_that_time),
        STORY(a_clock_set_back_or_ahead_moves_no_time_from_one_minute_to_another),
        STORY(years_that_were_jumped_over_are_passed_at_once),
        STORY(card_readers_never_get_there),
        STORY(a_value_that_is_no_number_is_not_good),
        STORY(the_present_minute_is_part_of_an_answer),
        STORY(the_thread_answers_from_the_loop),
        STORY(a_directory_that_cannot_be_used_is_tried_again),
        STORY(a_site_that_wants_none_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
