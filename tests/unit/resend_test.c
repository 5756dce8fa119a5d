/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What somebody wants sent again: which events belong to it, in which order, and when it is over.
 */

#include <stdlib.h>
#include <string.h>

#include "gateway/uplink/resend.h"
#include "tests/support/cmocka.h"

enum { ROWS_MAX = 2000 };

/* A journal: the wall time of each number. */
struct scene {
    struct resend resend;
    int64_t walls[ROWS_MAX + 1]; /* 0: not kept any more */
    uint64_t newest;
    uint32_t reads;
};

static struct scene *scene_new(uint64_t newest) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    assert_int_equal(resend_init(&scene->resend), 0);
    scene->newest = newest;
    for (uint64_t seq = 1; seq <= newest; seq++) {
        scene->walls[seq] = 1000 + (int64_t)seq;
    }
    return scene;
}

static void scene_free(struct scene *scene) {
    resend_deinit(&scene->resend);
    free(scene);
}

static void ask(struct scene *scene, uint64_t first, uint64_t last, int64_t since, int64_t until) {
    static uint64_t number = 0;
    const struct resend_range range = {
        .first_seq = first, .last_seq = last, .since = {since}, .until = {until}};
    resend_ask(&scene->resend, ++number, &range);
}

/* Read as often as it wants to. */
static void read_on(struct scene *scene) {
    struct journal_query query;
    while (resend_wants(&scene->resend, &query)) {
        bool any = false;
        uint32_t left = query.limit;
        assert_int_equal(query.lane, -1);
        scene->reads++;
        for (uint64_t seq = query.after_seq + 1;
             seq <= scene->newest && seq <= query.until_seq && left > 0; seq++) {
            const struct journal_row row = {
                .seq = seq, .wall = {scene->walls[seq]}, .type = "t", .body = "{}", .body_size = 2};
            if (scene->walls[seq] == 0) {
                continue;
            }
            any = true;
            left--;
            if (!resend_row(&scene->resend, &row)) {
                break;
            }
        }
        resend_read_done(&scene->resend, any);
    }
}

/* Send the next; 0 when none waits. */
static uint64_t send_next(struct scene *scene) {
    read_on(scene);
    const struct journal_row *row = resend_next(&scene->resend);
    if (row == NULL) {
        return 0;
    }
    uint64_t seq = row->seq;
    resend_sent(&scene->resend);
    resend_drop(&scene->resend);
    return seq;
}

/* Send and answer everything; the numbers must be first … last without a gap. */
static void all_are(struct scene *scene, uint64_t first, uint64_t last) {
    for (uint64_t seq = first; seq <= last; seq++) {
        assert_int_equal(send_next(scene), seq);
        resend_answered(&scene->resend, seq);
    }
    assert_int_equal(send_next(scene), 0);
}

static bool over(struct scene *scene) {
    uint64_t number = 0;
    return resend_is_over(&scene->resend, &number) && number != 0;
}

static void a_range_of_numbers_is_sent_with_both_its_ends(void **state) {
    (void)state;
    struct scene *scene = scene_new(1000);
    assert_int_equal(send_next(scene), 0);
    assert_false(over(scene));
    ask(scene, 300, 900, INT64_MIN, INT64_MAX);
    assert_int_equal(resend_left(&scene->resend), 601);
    all_are(scene, 300, 900);
    assert_int_equal(resend_left(&scene->resend), 0);
    assert_true(over(scene));
    assert_false(over(scene)); /* once */
    assert_true(scene->reads < 10);
    scene_free(scene);
}

static void a_range_of_times_begins_with_its_first_event_and_ends_with_its_last(void **state) {
    (void)state;
    struct scene *scene = scene_new(1000);
    ask(scene, 1, 1000, 1600, 1700);
    all_are(scene, 600, 700);
    assert_true(over(scene));
    ask(scene, 1, 1000, 2001, INT64_MAX); /* after all of them */
    all_are(scene, 1, 0);
    assert_true(over(scene));
    scene_free(scene);
}

/* The gateway was without a clock for a while: what it recorded then bears dates long past. */
static void what_was_recorded_without_a_clock_belongs_to_what_is_around_it(void **state) {
    (void)state;
    struct scene *scene = scene_new(20);
    for (uint64_t seq = 12; seq <= 15; seq++) {
        scene->walls[seq] = 5;
    }
    ask(scene, 1, 20, 1010, INT64_MAX);
    all_are(scene, 10, 20);
    ask(scene, 1, 20, 1013, INT64_MAX); /* nothing says that 12 to 15 were not before then */
    all_are(scene, 16, 20);
    scene_free(scene);
}

static void what_is_no_longer_kept_is_passed_over(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    for (uint64_t seq = 1; seq <= 90; seq++) {
        scene->walls[seq] = 0;
    }
    scene->walls[95] = 0;
    ask(scene, 1, 94, INT64_MIN, INT64_MAX);
    all_are(scene, 91, 94);
    assert_true(over(scene));
    ask(scene, 95, 95, INT64_MIN, INT64_MAX);
    all_are(scene, 1, 0);
    assert_true(over(scene));
    scene_free(scene);
}

static void what_was_in_flight_when_the_line_broke_is_sent_again(void **state) {
    (void)state;
    struct scene *scene = scene_new(400);
    ask(scene, 1, 400, INT64_MIN, INT64_MAX);
    for (uint64_t seq = 1; seq <= 10; seq++) {
        assert_int_equal(send_next(scene), seq);
    }
    resend_answered(&scene->resend, 1);
    resend_answered(&scene->resend, 2);
    resend_answered(&scene->resend, 5); /* an older one is not answered */
    assert_int_equal(resend_left(&scene->resend), 398);
    resend_session_end(&scene->resend);
    assert_int_equal(resend_left(&scene->resend), 398);
    all_are(scene, 3, 400);
    assert_true(over(scene));
    scene_free(scene);
}

static void it_is_not_over_before_the_last_is_answered(void **state) {
    (void)state;
    struct scene *scene = scene_new(2);
    ask(scene, 1, 2, INT64_MIN, INT64_MAX);
    assert_int_equal(send_next(scene), 1);
    assert_int_equal(send_next(scene), 2);
    assert_int_equal(send_next(scene), 0);
    resend_answered(&scene->resend, 1);
    resend_answered(&scene->resend, 7); /* not in flight */
    assert_false(over(scene));
    resend_answered(&scene->resend, 2);
    assert_true(over(scene));
    scene_free(scene);
}

static void no_more_are_in_flight_than_there_are_places_for(void **state) {
    (void)state;
    struct scene *scene = scene_new(RESEND_SENT_MAX + 1);
    ask(scene, 1, RESEND_SENT_MAX + 1, INT64_MIN, INT64_MAX);
    for (uint64_t seq = 1; seq <= RESEND_SENT_MAX; seq++) {
        assert_int_equal(send_next(scene), seq);
    }
    assert_int_equal(send_next(scene), 0);
    resend_answered(&scene->resend, 1);
    assert_int_equal(send_next(scene), RESEND_SENT_MAX + 1);
    scene_free(scene);
}

static void a_newer_question_takes_the_place_and_the_same_one_changes_nothing(void **state) {
    (void)state;
    struct scene *scene = scene_new(50);
    const struct resend_range range = {
        .first_seq = 1, .last_seq = 50, .since = {INT64_MIN}, .until = {INT64_MAX}};
    resend_ask(&scene->resend, 1000, &range);
    assert_int_equal(send_next(scene), 1);
    resend_ask(&scene->resend, 1000, &range);
    assert_int_equal(send_next(scene), 2);
    ask(scene, 40, 45, INT64_MIN, INT64_MAX);
    resend_answered(&scene->resend, 2); /* of before */
    all_are(scene, 40, 45);
    assert_true(over(scene));
    scene_free(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_of_numbers_is_sent_with_both_its_ends),
        cmocka_unit_test(a_range_of_times_begins_with_its_first_event_and_ends_with_its_last),
        cmocka_unit_test(what_was_recorded_without_a_clock_belongs_to_what_is_around_it),
        cmocka_unit_test(what_is_no_longer_kept_is_passed_over),
        cmocka_unit_test(what_was_in_flight_when_the_line_broke_is_sent_again),
        cmocka_unit_test(it_is_not_over_before_the_last_is_answered),
        cmocka_unit_test(no_more_are_in_flight_than_there_are_places_for),
        cmocka_unit_test(a_newer_question_takes_the_place_and_the_same_one_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
