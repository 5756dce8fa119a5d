/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What becomes of the values of a minute: band, weighted mean, gaps and quality.
 */

#include <math.h>

#include "gateway/console/trend/trend_board.h"
#include "tests/support/cmocka.h"

enum { POINTS = 2, MINUTE_MS = 60000 };

struct scene {
    struct trend_board board;
    struct trend_bucket buckets[POINTS];
};

static struct instant at(double seconds) {
    return (struct instant){(uint64_t)(1e12 + seconds * 1e9)};
}

static void assert_near(double a, double b) {
    assert_true(fabs(a - b) < 1e-9);
}

static void begin(struct scene *scene) {
    *scene = (struct scene){0};
    assert_int_equal(trend_board_init(&scene->board, POINTS), 0);
    trend_board_resume(&scene->board, at(0));
}

static void hear(struct scene *scene, double value, double seconds) {
    trend_board_hear(&scene->board, 0, value, true, at(seconds));
}

static const struct trend_bucket *cut(struct scene *scene, double seconds, uint32_t whole_ms) {
    (void)trend_board_cut(&scene->board, at(seconds), whole_ms, scene->buckets);
    return &scene->buckets[0];
}

static void the_mean_is_weighted_by_how_long_each_value_stood(void **state) {
    (void)state;
    struct scene scene;
    begin(&scene);
    hear(&scene, 10, 0);
    hear(&scene, 40, 45);
    hear(&scene, 20, 55);
    const struct trend_bucket *bucket = cut(&scene, 60, MINUTE_MS);
    assert_near(bucket->mean, (10 * 45 + 40 * 10 + 20 * 5) / 60.0);
    assert_true(bucket->min == 10 && bucket->max == 40 && bucket->last == 20);
    assert_int_equal(bucket->changes, 2);
    assert_int_equal(bucket->good_ms, MINUTE_MS);
    trend_board_deinit(&scene.board);
}

static void a_value_that_stands_is_carried_into_the_next_minute(void **state) {
    (void)state;
    struct scene scene;
    begin(&scene);
    hear(&scene, 21.5, 10);
    assert_int_equal(cut(&scene, 60, MINUTE_MS)->watched_ms, 50000);
    const struct trend_bucket *bucket = cut(&scene, 120, MINUTE_MS);
    assert_true(bucket->min == 21.5 && bucket->max == 21.5 && bucket->mean == 21.5);
    assert_int_equal(bucket->changes, 0);
    assert_int_equal(bucket->good_ms, MINUTE_MS);
    trend_board_deinit(&scene.board);
}

static void a_pulse_shorter_than_a_millisecond_is_in_the_band(void **state) {
    (void)state;
    struct scene scene;
    begin(&scene);
    hear(&scene, 0, 0);
    hear(&scene, 1, 30);
    hear(&scene, 0, 30.0000001);
    const struct trend_bucket *bucket = cut(&scene, 60, MINUTE_MS);
    assert_true(bucket->max == 1 && bucket->last == 0);
    assert_int_equal(bucket->changes, 2);
    /* And where it is all there was. */
    trend_board_hear(&scene.board, 1, 7, true, at(60));
    trend_board_hear(&scene.board, 1, 9, false, at(60));
    (void)cut(&scene, 60, 0);
    assert_int_equal(scene.buckets[1].good_ms, 1);
    assert_true(scene.buckets[1].max == 7);
    trend_board_deinit(&scene.board);
}

static void time_without_a_trusted_value_is_watched_but_not_good(void **state) {
    (void)state;
    struct scene scene;
    begin(&scene);
    hear(&scene, 10, 0);
    trend_board_hear(&scene.board, 0, 9999, false, at(20));
    const struct trend_bucket *bucket = cut(&scene, 60, MINUTE_MS);
    assert_int_equal(bucket->good_ms, 20000);
    assert_int_equal(bucket->watched_ms, MINUTE_MS);
    assert_true(bucket->max == 10 && bucket->mean == 10);
    bucket = cut(&scene, 120, MINUTE_MS);
    assert_int_equal(bucket->good_ms, 0);
    assert_int_equal(bucket->watched_ms, MINUTE_MS);
    assert_true(bucket->max == 0 && bucket->mean == 0);
    /* The first value after unknown is not a change. */
    hear(&scene, 12, 130);
    assert_int_equal(cut(&scene, 180, MINUTE_MS)->changes, 0);
    trend_board_deinit(&scene.board);
}

static void while_nobody_speaks_nothing_is_watched_and_no_value_is_carried_on(void **state) {
    (void)state;
    struct scene scene;
    begin(&scene);
    hear(&scene, 10, 0);
    trend_board_pause(&scene.board, at(15));
    assert_int_equal(cut(&scene, 60, MINUTE_MS)->watched_ms, 15000);
    assert_true(trend_bucket_is_empty(cut(&scene, 120, MINUTE_MS)));
    assert_false(trend_board_cut(&scene.board, at(180), MINUTE_MS, scene.buckets));
    trend_board_resume(&scene.board, at(200));
    const struct trend_bucket *bucket = cut(&scene, 240, MINUTE_MS);
    assert_int_equal(bucket->watched_ms, 40000);
    assert_true(bucket->last == 10);
    trend_board_deinit(&scene.board);
}

static void what_was_forgotten_is_unknown_until_it_is_heard_again(void **state) {
    (void)state;
    struct scene scene;
    begin(&scene);
    hear(&scene, 10, 0);
    trend_board_pause(&scene.board, at(5));
    trend_board_forget(&scene.board);
    trend_board_resume(&scene.board, at(10));
    assert_int_equal(cut(&scene, 60, MINUTE_MS)->watched_ms, 5000);
    hear(&scene, 12, 90);
    const struct trend_bucket *bucket = cut(&scene, 120, MINUTE_MS);
    assert_int_equal(bucket->watched_ms, 30000);
    assert_int_equal(bucket->changes, 0);
    assert_true(bucket->min == 12);
    trend_board_deinit(&scene.board);
}

static void a_slewed_clock_makes_no_gap_and_no_minute_longer_than_a_minute(void **state) {
    (void)state;
    struct scene scene;
    begin(&scene);
    hear(&scene, 10, 0);
    assert_int_equal(cut(&scene, 59.97, MINUTE_MS)->good_ms, MINUTE_MS);
    assert_int_equal(cut(&scene, 120, MINUTE_MS)->good_ms, MINUTE_MS);
    /* A minute that did not begin on its border is as long as it was. */
    assert_int_equal(cut(&scene, 179.97, 0)->good_ms, 59970);
    trend_board_deinit(&scene.board);
}

static void an_instant_that_is_earlier_than_one_before_changes_nothing(void **state) {
    (void)state;
    struct scene scene;
    begin(&scene);
    hear(&scene, 10, 30);
    hear(&scene, 20, 10);
    const struct trend_bucket *bucket = cut(&scene, 60, MINUTE_MS);
    assert_int_equal(bucket->watched_ms, 30000);
    assert_true(bucket->mean == 20);
    trend_board_deinit(&scene.board);
}

static void the_largest_numbers_stay_finite_and_within_the_band(void **state) {
    (void)state;
    struct scene scene;
    begin(&scene);
    hear(&scene, 1.7e308, 0);
    hear(&scene, -1.7e308, 30);
    const struct trend_bucket *bucket = cut(&scene, 60, MINUTE_MS);
    assert_true(bucket->mean >= bucket->min && bucket->mean <= bucket->max);
    struct trend_bucket sum = *bucket;
    trend_bucket_add(&sum, bucket);
    assert_true(sum.mean >= sum.min && sum.mean <= sum.max);
    trend_board_deinit(&scene.board);
}

static void the_bucket_so_far_does_not_end_it(void **state) {
    (void)state;
    struct scene scene;
    begin(&scene);
    hear(&scene, 10, 0);
    struct trend_bucket so_far = trend_board_bucket(&scene.board, 0, at(20));
    assert_int_equal(so_far.good_ms, 20000);
    assert_true(so_far.last == 10);
    assert_int_equal(cut(&scene, 60, MINUTE_MS)->good_ms, MINUTE_MS);
    trend_board_deinit(&scene.board);
}

static void minutes_add_up_to_their_quarter(void **state) {
    (void)state;
    const struct trend_bucket quiet = {5, 5, 5, 5, 0, 60000, 60000};
    const struct trend_bucket busy = {1, 11, 8, 3, 4, 30000, 60000};
    const struct trend_bucket bad = {.watched_ms = 60000};
    struct trend_bucket sum = {0};
    trend_bucket_add(&sum, &bad);
    trend_bucket_add(&sum, &quiet);
    trend_bucket_add(&sum, &busy);
    trend_bucket_add(&sum, &bad);
    assert_true(sum.min == 1 && sum.max == 11 && sum.last == 3);
    assert_near(sum.mean, (5 * 60 + 8 * 30) / 90.0);
    assert_int_equal(sum.changes, 4);
    assert_int_equal(sum.good_ms, 90000);
    assert_int_equal(sum.watched_ms, 240000);
}

static void a_slot_before_1970_lies_in_the_span_before(void **state) {
    (void)state;
    assert_int_equal(trend_span(0, 60), 0);
    assert_int_equal(trend_span(59, 60), 0);
    assert_int_equal(trend_span(-1, 60), -1);
    assert_int_equal(trend_span(-60, 60), -1);
    assert_int_equal(trend_span(-61, 60), -2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_is_weighted_by_how_long_each_value_stood),
        cmocka_unit_test(a_value_that_stands_is_carried_into_the_next_minute),
        cmocka_unit_test(a_pulse_shorter_than_a_millisecond_is_in_the_band),
        cmocka_unit_test(time_without_a_trusted_value_is_watched_but_not_good),
        cmocka_unit_test(while_nobody_speaks_nothing_is_watched_and_no_value_is_carried_on),
        cmocka_unit_test(what_was_forgotten_is_unknown_until_it_is_heard_again),
        cmocka_unit_test(a_slewed_clock_makes_no_gap_and_no_minute_longer_than_a_minute),
        cmocka_unit_test(an_instant_that_is_earlier_than_one_before_changes_nothing),
        cmocka_unit_test(the_largest_numbers_stay_finite_and_within_the_band),
        cmocka_unit_test(the_bucket_so_far_does_not_end_it),
        cmocka_unit_test(minutes_add_up_to_their_quarter),
        cmocka_unit_test(a_slot_before_1970_lies_in_the_span_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
