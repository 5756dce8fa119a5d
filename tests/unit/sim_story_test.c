/* SPDX-License-Identifier: Apache-2.0 */
/* The order and the time of a story's moments, told by a clock that only the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sensors/sim/sim_story.h"

#define S(seconds) ((uint64_t)(seconds)*NS_PER_S)

static void assert_next(struct sim_story *story, uint64_t elapsed_ns, uint32_t act, bool end) {
    struct sim_moment moment;
    assert_true(sim_story_next(story, elapsed_ns, &moment));
    assert_int_equal(moment.act, act);
    assert_int_equal(moment.end, end);
}

static void assert_nothing(struct sim_story *story, uint64_t elapsed_ns) {
    struct sim_moment moment;
    assert_false(sim_story_next(story, elapsed_ns, &moment));
}

static void moments_come_when_they_are_due_and_not_before(void **state) {
    (void)state;
    const struct sim_act acts[] = {
        {.at_ns = S(15), .kind = SIM_ACT_MQTT},
        {.at_ns = S(5), .for_ns = S(2), .kind = SIM_ACT_SET},
    };
    const struct sim_story_conf conf = {.speed = 1, .acts = acts, .act_count = 2};
    struct sim_story story;
    assert_int_equal(sim_story_init(&story, &conf), 0);
    assert_int_equal(sim_story_deadline(&story), S(5));
    assert_nothing(&story, S(5) - 1);
    assert_next(&story, S(5), 1, false);
    assert_nothing(&story, S(5));
    assert_int_equal(sim_story_deadline(&story), S(7));
    assert_nothing(&story, S(7) - 1);
    assert_next(&story, S(7), 1, true);
    assert_next(&story, S(15), 0, false);
    assert_true(sim_story_deadline(&story) == UINT64_MAX);
    assert_nothing(&story, UINT64_MAX);
    sim_story_deinit(&story);
}

static void a_late_caller_gets_everything_in_order(void **state) {
    (void)state;
    const struct sim_act acts[] = {
        {.at_ns = S(1), .for_ns = S(9), .kind = SIM_ACT_SET},
        {.at_ns = S(2), .for_ns = S(1), .kind = SIM_ACT_SET},
        {.at_ns = S(3), .kind = SIM_ACT_SET},
        {.at_ns = S(3), .kind = SIM_ACT_SET},
    };
    const struct sim_story_conf conf = {.speed = 1, .acts = acts, .act_count = 4};
    struct sim_story story;
    assert_int_equal(sim_story_init(&story, &conf), 0);
    assert_next(&story, S(60), 0, false);
    assert_next(&story, S(60), 1, false);
    assert_next(&story, S(60), 1, true); /* at 3 s as well, but ends come first */
    assert_next(&story, S(60), 2, false);
    assert_next(&story, S(60), 3, false); /* as written */
    assert_next(&story, S(60), 0, true);
    assert_nothing(&story, S(60));
    sim_story_deinit(&story);
}

static void speed_makes_times_and_durations_pass_faster(void **state) {
    (void)state;
    const struct sim_act acts[] = {{.at_ns = S(60), .for_ns = S(30), .kind = SIM_ACT_DOWN}};
    const struct sim_story_conf conf = {.speed = 10, .acts = acts, .act_count = 1};
    struct sim_story story;
    assert_int_equal(sim_story_init(&story, &conf), 0);
    assert_int_equal(sim_story_deadline(&story), S(6));
    assert_nothing(&story, S(6) - 1);
    assert_next(&story, S(6), 0, false);
    assert_int_equal(sim_story_deadline(&story), S(9));
    assert_next(&story, S(9), 0, true);
    sim_story_deinit(&story);
}

static void a_story_without_acts_is_over_at_once(void **state) {
    (void)state;
    const struct sim_story_conf conf = {.speed = 1};
    struct sim_story story;
    assert_int_equal(sim_story_init(&story, &conf), 0);
    assert_true(sim_story_deadline(&story) == UINT64_MAX);
    assert_nothing(&story, S(1));
    sim_story_deinit(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_come_when_they_are_due_and_not_before),
        cmocka_unit_test(a_late_caller_gets_everything_in_order),
        cmocka_unit_test(speed_makes_times_and_durations_pass_faster),
        cmocka_unit_test(a_story_without_acts_is_over_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
