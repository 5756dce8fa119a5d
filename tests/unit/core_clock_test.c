/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A wall clock that is set, told as stories. Each line is
 *
 *     seconds  step | tick  :  is it trusted, and how far behind is it in seconds
 *
 * A step is in seconds as well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/core.h"
#include "tests/support/cmocka.h"
#include "tests/support/trial.h"

struct stage {
    struct trial trial;
    struct core *core;
    void *block;
    struct core_event *events;
};

static struct stage stage;

static int stage_begin(void **state) {
    (void)state;
    struct trial *trial = &stage.trial;
    trial_init(trial, 0, 1);
    (void)trial_place(trial, RULESET_NONE, PLACE_SITE);
    assert_true(trial_bind(trial));
    size_t size = core_size(&trial->ruleset);
    stage.block = aligned_alloc(64, (size + 63) / 64 * 64);
    stage.events = malloc(core_events_max(&trial->ruleset) * sizeof *stage.events);
    assert_true(stage.block != NULL && stage.events != NULL);
    memset(stage.block, 0xAA, size);
    stage.core = core_init(stage.block, &trial->ruleset, (struct instant){0});
    return 0;
}

static int stage_end(void **state) {
    (void)state;
    free(stage.block);
    free(stage.events);
    trial_deinit(&stage.trial);
    return 0;
}

static const struct alarm *clock_alarm(void) {
    return core_alarm(stage.core, trial_builtin(&stage.trial, BUILTIN_CLOCK, 0));
}

static uint32_t take(double at_s, enum input_kind kind, double step_s) {
    struct step step = {.events = stage.events};
    const struct input input = {.at = {(uint64_t)(at_s * 1000 + 0.5) * NS_PER_MS},
                                .kind = kind,
                                .state = TRUTH_TRUE,
                                .step_ns = (int64_t)(step_s * 1000) * (int64_t)NS_PER_MS};
    core_step(stage.core, &input, &step);
    core_check(stage.core);
    return step.event_count;
}

static void story(const char *lines) {
    for (const char *line = lines; *line != '\0'; line = strchr(line, '\n') + 1) {
        double at_s, behind_s;
        char what[16], trusted[16];
        assert_int_equal(sscanf(line, "%lf %15s : %15s %lf", &at_s, what, trusted, &behind_s), 4);
        bool tick = strcmp(what, "tick") == 0;
        (void)take(at_s, tick ? INPUT_TICK : INPUT_CLOCK_STEP, tick ? 0 : strtod(what, NULL));
        struct instant now = {(uint64_t)(at_s * 1000 + 0.5) * NS_PER_MS};
        uint64_t behind_ms = core_clock_behind_ns(stage.core, now) / NS_PER_MS;
        bool is_trusted = !clock_alarm()->axes.active;
        if (is_trusted != (strcmp(trusted, "yes") == 0) ||
            behind_ms != (uint64_t)(behind_s * 1000 + 0.5)) {
            fail_msg("at %g s, %s: trusted %d, behind %g s", at_s, what, is_trusted,
                     (double)behind_ms / 1000);
        }
    }
}

static void a_clock_set_back_is_not_trusted_until_it_is_past_what_it_had_shown(void **state) {
    (void)state;
    assert_int_equal(take(0, INPUT_START, 0), 1);
    story("10 -3600 : no 3600\n"
          "3609.999 tick : no 0.001\n"
          "3610 tick : yes 0\n"
          "9999 tick : yes 0\n");
    assert_int_equal(clock_alarm()->occurrence, 1);
}

static void up_to_a_minute_is_how_a_clock_is_kept_right(void **state) {
    (void)state;
    (void)take(0, INPUT_START, 0);
    story("10 -60 : yes 0\n"
          "70 -60 : yes 0\n" /* past the newest time just now */
          "100 -30 : yes 0\n"
          "101 -1.5 : no 60.5\n" /* half a minute of that minute was left, and now it is more */
          "161 tick : no 0.5\n"  /* not trusted again before it is past all of it */
          "161.5 tick : yes 0\n");
}

static void a_step_forward_brings_it_nearer_or_mends_it(void **state) {
    (void)state;
    (void)take(0, INPUT_START, 0);
    story("10 -3600 : no 3600\n"
          "20 1000 : no 2590\n"
          "30 2570 : no 10\n"
          "31 9 : yes 0\n"
          "40 -61 : no 61\n"
          "41 90 : yes 0\n");
}

static void a_step_back_that_mends_a_step_forward_is_trusted_for_a_day(void **state) {
    (void)state;
    (void)take(0, INPUT_START, 0);
    story("10 864000 : yes 0\n"
          "20 -864000 : yes 0\n"
          "30 -61 : no 61\n" /* nothing is left that it could mend */
          "91 tick : yes 0\n"
          "100 864000 : yes 0\n"
          "86499.999 -1000 : yes 0\n"
          "86500 -1000 : no 1000\n"); /* a day later it is believed */
}

static void what_a_step_forward_made_up_for_was_no_mistake(void **state) {
    (void)state;
    (void)take(0, INPUT_START, 0);
    story("10 -600 : no 600\n"
          "20 690 : yes 0\n" /* 590 s made up for, 100 s ahead */
          "30 -161 : no 61\n"
          "91 tick : yes 0\n"
          "100 100 : yes 0\n"
          "110 50 : yes 0\n"
          "120 -210 : yes 0\n" /* both: 150 s, and a minute */
          "121 -2 : no 61\n");
}

static void steps_back_add_up(void **state) {
    (void)state;
    (void)take(0, INPUT_START, 0);
    story("10 -100 : no 100\n"
          "20 -100 : no 190\n"
          "210 tick : yes 0\n");
}

/* A step of so many nanoseconds. */
static void step(uint64_t at_ns, int64_t step_ns) {
    struct step told = {.events = stage.events};
    const struct input input = {.at = {at_ns}, .kind = INPUT_CLOCK_STEP, .step_ns = step_ns};
    core_step(stage.core, &input, &told);
    core_check(stage.core);
}

static void a_nanosecond_behind_is_behind(void **state) {
    (void)state;
    (void)take(0, INPUT_START, 0);
    step(NS_PER_S, -61 * (int64_t)NS_PER_S);
    step(NS_PER_S, 61 * (int64_t)NS_PER_S - 1);
    assert_int_equal(core_clock_behind_ns(stage.core, (struct instant){NS_PER_S}), 1);
    assert_true(clock_alarm()->axes.active);
    assert_int_equal(core_deadline(stage.core).ns, NS_PER_S + 1);
}

static void a_nanosecond_ahead_is_ahead_for_a_day_to_the_nanosecond(void **state) {
    (void)state;
    const uint64_t day_ns = 86400 * NS_PER_S;
    const int64_t minute_ns = 60 * (int64_t)NS_PER_S;
    (void)take(0, INPUT_START, 0);
    step(NS_PER_S, 1);
    step(NS_PER_S + day_ns - 1, -minute_ns - 1);
    assert_false(clock_alarm()->axes.active);
}

/* A step that sets nothing ahead makes no mistake last longer. */
static void only_a_step_ahead_begins_the_day_anew(void **state) {
    (void)state;
    (void)take(0, INPUT_START, 0);
    story("10 100 : yes 0\n"
          "40000 0 : yes 0\n"
          "86410 -100 : no 100\n");
}

static void a_restart_with_a_nanosecond_left_waits_for_it(void **state) {
    (void)state;
    core_restore_clock(stage.core, 1, (struct instant){NS_PER_S});
    assert_int_equal(core_clock_behind_ns(stage.core, (struct instant){NS_PER_S}), 1);
}

static void a_restart_goes_on_with_what_is_left(void **state) {
    (void)state;
    core_restore_clock(stage.core, 30 * NS_PER_S, (struct instant){NS_PER_S});
    assert_int_equal(core_clock_behind_ns(stage.core, (struct instant){NS_PER_S}), 30 * NS_PER_S);
    (void)take(1, INPUT_START, 0);
    story("30.999 tick : no 0.001\n"
          "31 tick : yes 0\n");
}

static void a_restart_with_a_clock_that_is_right_trusts_it(void **state) {
    (void)state;
    core_restore_clock(stage.core, 0, (struct instant){NS_PER_S});
    (void)take(1, INPUT_START, 0);
    story("2 tick : yes 0\n"
          "3 -60 : yes 0\n");
}

/* 100 s may be a mistake for a day; what is behind even the newest time known from before is behind. */
static void a_clock_that_was_wrong_at_the_start_may_be_set_right(void **state) {
    (void)state;
    core_restore_clock_ahead(stage.core, 100 * NS_PER_S, (struct instant){NS_PER_S});
    (void)take(1, INPUT_START, 0);
    story("2 -100 : yes 0\n"
          "3 -61 : no 61\n");
}

static void a_clock_is_set_right_within_a_day_of_the_start(void **state) {
    (void)state;
    core_restore_clock_ahead(stage.core, 100 * NS_PER_S, (struct instant){NS_PER_S});
    (void)take(1, INPUT_START, 0);
    story("86401 -100 : no 100\n");
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_begin, stage_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        STAGED(a_clock_set_back_is_not_trusted_until_it_is_past_what_it_had_shown),
        STAGED(up_to_a_minute_is_how_a_clock_is_kept_right),
        STAGED(a_step_forward_brings_it_nearer_or_mends_it),
        STAGED(a_step_back_that_mends_a_step_forward_is_trusted_for_a_day),
        STAGED(what_a_step_forward_made_up_for_was_no_mistake),
        STAGED(steps_back_add_up),
        STAGED(a_nanosecond_behind_is_behind),
        STAGED(a_nanosecond_ahead_is_ahead_for_a_day_to_the_nanosecond),
        STAGED(only_a_step_ahead_begins_the_day_anew),
        STAGED(a_restart_with_a_nanosecond_left_waits_for_it),
        STAGED(a_restart_goes_on_with_what_is_left),
        STAGED(a_restart_with_a_clock_that_is_right_trusts_it),
        STAGED(a_clock_that_was_wrong_at_the_start_may_be_set_right),
        STAGED(a_clock_is_set_right_within_a_day_of_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
