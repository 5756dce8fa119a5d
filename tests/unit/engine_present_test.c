/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the points said last outlives the engine: edges and silences go on, and what is of another
 * source, too old or of an unknown age is not believed.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway/config/config.h"
#include "gateway/engine/present.h"
#include "tests/support/cmocka.h"

#define H            (3600 * NS_PER_S)
#define DOOR         "hall/gate/door"
#define PEOPLE       "hall/desk/people"
#define DOOR_SILENCE (25 * H)
#define SMOKE        "care/dining/smoke-1"

/* One engine: a core, and the present that it begins with. */
struct life {
    void *block;
    struct core *core;
    struct core_event *events;
    struct present *present;
};

static struct config_result config;
static struct site site;
/* The site's, to be edited. */
static struct site_point *rows;
static struct ruleset_device *devices;
static const struct wall origin = {1700000000000000000};

static struct wall wall_at(uint64_t ns) {
    return (struct wall){origin.ns + (int64_t)ns};
}

static uint32_t point_of(const char *id) {
    uint32_t point = site_point_find(&site, id);
    assert_int_not_equal(point, RULESET_NONE);
    return point;
}

static int set_up(void **state) {
    (void)state;
    const struct config_options options = {.setting_count = 0};
    assert_int_equal(config_load(TEST_SOURCE_DIR "/deploy/example/site.yaml", &options, &config),
                     0);
    assert_int_equal(site_view(config.image, config.image_size, &site), 0);
    rows = calloc(site.ruleset.point_count, sizeof *rows);
    assert_non_null(rows);
    memcpy(rows, site.points, site.ruleset.point_count * sizeof *rows);
    site.points = rows;
    devices = calloc(site.ruleset.device_count, sizeof *devices);
    assert_non_null(devices);
    memcpy(devices, site.ruleset.devices, site.ruleset.device_count * sizeof *devices);
    site.ruleset.devices = devices;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    free(rows);
    free(devices);
    config_result_deinit(&config);
    return 0;
}

static void life_step(struct life *life, struct input input, uint64_t at_ns) {
    struct step step = {.events = life->events};
    input.at.ns = at_ns;
    input.wall = wall_at(at_ns);
    core_step(life->core, &input, &step);
}

/* Only silences that are over at `at_ns` act before what comes then. */
static void life_tick(struct life *life, uint64_t at_ns) {
    life_step(life, (struct input){.kind = INPUT_TICK}, at_ns);
}

static struct life life_begin(uint64_t at_ns) {
    struct life life = {
        .block = calloc(1, core_size(&site.ruleset)),
        .events = calloc(core_events_max(&site.ruleset), sizeof *life.events),
    };
    assert_non_null(life.block);
    assert_non_null(life.events);
    life.core = core_init(life.block, &site.ruleset, (struct instant){at_ns});
    assert_int_equal(present_new(&site, &site.ruleset, life.core, &life.present), 0);
    return life;
}

static void life_free(struct life *life) {
    (void)present_free(life->present);
    free(life->events);
    free(life->block);
}

static struct journal_present *life_leave(const struct life *life, uint64_t at_ns) {
    struct journal_present *left =
        present_state_new(life->present, (struct instant){at_ns}, wall_at(at_ns));
    assert_non_null(left);
    return left;
}

/* What the engine does at its start. */
static void life_recall(struct life *life, const struct journal_present *left, uint64_t at_ns,
                        struct wall wall) {
    struct input input;
    for (uint32_t i = 0; i < left->count; i++) {
        present_recall(life->present, left, &left->points[i], (struct instant){at_ns}, wall);
    }
    life_step(life, (struct input){.kind = INPUT_START, .state = TRUTH_TRUE}, at_ns);
    for (uint32_t point = 0; present_next(life->present, &point, &input);) {
        life_step(life, input, at_ns);
    }
}

static void life_hear(struct life *life, const char *id, double value, uint64_t at_ns) {
    life_step(life,
              (struct input){
                  .kind = INPUT_READING,
                  .reading = {.point = point_of(id), .value = value, .measured = wall_at(at_ns)}},
              at_ns);
}

static const struct point_state *state_of(const struct life *life, const char *id) {
    return core_point(life->core, point_of(id));
}

/*
 * The door said 1 a second after the start; the engine ended at 2 s, of which the journal says that it was
 * `left_at`, and the next begins at `at_ns`.
 */
static struct life next_life_of(struct instant left_at, uint64_t at_ns, struct wall wall) {
    struct life first = life_begin(0);
    life_step(&first, (struct input){.kind = INPUT_START, .state = TRUTH_TRUE}, 0);
    life_hear(&first, DOOR, 1, NS_PER_S);
    life_hear(&first, SMOKE, 1, NS_PER_S);
    struct journal_present *left = life_leave(&first, 2 * NS_PER_S);
    left->at = left_at;
    struct life second = life_begin(at_ns);
    life_recall(&second, left, at_ns, wall);
    free(left);
    life_free(&first);
    return second;
}

/* … on the same machine, which has run on. */
static struct life next_life(uint64_t at_ns, struct wall wall) {
    return next_life_of((struct instant){2 * NS_PER_S}, at_ns, wall);
}

static void what_was_said_last_goes_on_with_its_age(void **state) {
    (void)state;
    struct life life = next_life(12 * NS_PER_S, wall_at(12 * NS_PER_S));
    const struct point_state *door = state_of(&life, DOOR);
    assert_int_equal(door->known, POINT_READ);
    assert_int_equal(door->quality, QUALITY_GOOD);
    assert_true(door->value == 1);
    assert_int_equal(door->heard.ns, NS_PER_S);
    assert_int_equal(state_of(&life, PEOPLE)->known, POINT_UNHEARD);
    life_free(&life);
}

/* Both sides of a silence that began in one engine and ends in another. */
static void a_silence_goes_on_over_a_start(void **state) {
    (void)state;
    devices[site.ruleset.points[point_of(DOOR)].device].silence_ns = 0; /* its broker is well */
    struct life life = next_life(12 * NS_PER_S, wall_at(12 * NS_PER_S));
    life_tick(&life, NS_PER_S + DOOR_SILENCE - 1);
    assert_int_equal(state_of(&life, DOOR)->quality, QUALITY_GOOD);
    life_tick(&life, NS_PER_S + DOOR_SILENCE);
    assert_int_equal(state_of(&life, DOOR)->quality, QUALITY_STALE);
    life_free(&life);
}

static void a_value_as_old_as_its_silence_is_shown_and_not_believed(void **state) {
    (void)state;
    uint64_t over_ns = NS_PER_S + DOOR_SILENCE;
    struct life young = next_life(over_ns - 1, wall_at(over_ns - 1));
    assert_int_equal(state_of(&young, DOOR)->quality, QUALITY_GOOD);
    struct life old = next_life(over_ns, wall_at(over_ns));
    assert_int_equal(state_of(&old, DOOR)->quality, QUALITY_STALE);
    assert_int_equal(state_of(&old, DOOR)->fault, TRUTH_TRUE);
    assert_true(state_of(&old, DOOR)->value == 1);
    life_free(&young);
    life_free(&old);
}

static void a_polled_value_is_believed_for_the_silence_of_its_device(void **state) {
    (void)state;
    uint64_t silence_ns =
        site.ruleset.devices[site.ruleset.points[point_of(SMOKE)].device].silence_ns;
    assert_true(silence_ns > NS_PER_S);
    struct life young = next_life(NS_PER_S + silence_ns - 1, wall_at(NS_PER_S + silence_ns - 1));
    assert_int_equal(state_of(&young, SMOKE)->quality, QUALITY_GOOD);
    struct life old = next_life(NS_PER_S + silence_ns, wall_at(NS_PER_S + silence_ns));
    assert_int_equal(state_of(&old, SMOKE)->known, POINT_UNHEARD);
    life_free(&young);
    life_free(&old);
}

static void a_machine_that_was_off_is_counted_by_its_wall_clock(void **state) {
    (void)state;
    struct life young = next_life(3, wall_at(NS_PER_S + DOOR_SILENCE - 1));
    assert_int_equal(state_of(&young, DOOR)->quality, QUALITY_GOOD);
    struct life old = next_life(3, wall_at(NS_PER_S + DOOR_SILENCE));
    assert_int_equal(state_of(&old, DOOR)->quality, QUALITY_STALE);
    life_free(&young);
    life_free(&old);
}

/* So far behind the wall time at which the engine before ended. */
static struct wall behind(int64_t span_ns) {
    return (struct wall){wall_at(2 * NS_PER_S).ns - span_ns};
}

static uint64_t age_of(const struct life *life, uint64_t now_ns) {
    return point_age_ns(state_of(life, DOOR), (struct instant){now_ns});
}

/* By a second, as a clock is kept right, or by half a century: instants tell. */
static void a_clock_that_went_back_changes_no_age_while_the_machine_runs(void **state) {
    static const int64_t spans_ns[] = {1, PRESENT_BACK_NS, PRESENT_BACK_NS + 1,
                                       25ll * 365 * 86400 * (int64_t)NS_PER_S};
    (void)state;
    for (unsigned i = 0; i < sizeof spans_ns / sizeof spans_ns[0]; i++) {
        struct life life = next_life(12 * NS_PER_S, behind(spans_ns[i]));
        assert_int_equal(state_of(&life, DOOR)->known, POINT_READ);
        assert_int_equal(state_of(&life, DOOR)->quality, QUALITY_GOOD);
        assert_int_equal(age_of(&life, 12 * NS_PER_S), 11 * NS_PER_S);
        life_free(&life);
        struct life old = next_life(NS_PER_S + DOOR_SILENCE, behind(spans_ns[i]));
        assert_int_equal(state_of(&old, DOOR)->quality, QUALITY_STALE);
        life_free(&old);
    }
}

/* What nobody knows the age of is usable with care, and never younger than it was. */
static void a_clock_that_went_back_over_a_boot_makes_no_value_fresh(void **state) {
    static const struct {
        int64_t span_ns;
        enum quality quality;
    } back[] = {{1, QUALITY_GOOD},
                {PRESENT_BACK_NS, QUALITY_GOOD},
                {PRESENT_BACK_NS + 1, QUALITY_UNCERTAIN},
                {25ll * 365 * 86400 * (int64_t)NS_PER_S, QUALITY_UNCERTAIN}};
    (void)state;
    devices[site.ruleset.points[point_of(DOOR)].device].silence_ns = 0; /* its broker is well */
    for (unsigned i = 0; i < sizeof back / sizeof back[0]; i++) {
        struct life life = next_life_of(JOURNAL_INSTANT_FOREIGN, 3, behind(back[i].span_ns));
        const struct point_state *door = state_of(&life, DOOR);
        assert_int_equal(door->known, POINT_READ);
        assert_true(door->value == 1);
        assert_int_equal(door->quality, back[i].quality);
        assert_int_equal(age_of(&life, 3), NS_PER_S);
        life_tick(&life, DOOR_SILENCE - NS_PER_S + 3 - 1);
        assert_int_equal(door->quality, back[i].quality);
        life_tick(&life, DOOR_SILENCE - NS_PER_S + 3);
        assert_int_equal(door->quality, QUALITY_STALE);
        life_free(&life);
    }
}

/* A device that has run for longer than the one before had says nothing of the time between. */
static void instants_of_another_boot_are_not_compared(void **state) {
    (void)state;
    struct life life =
        next_life_of(JOURNAL_INSTANT_FOREIGN, 3 * DOOR_SILENCE, wall_at(12 * NS_PER_S));
    assert_int_equal(state_of(&life, DOOR)->quality, QUALITY_GOOD);
    assert_int_equal(age_of(&life, 3 * DOOR_SILENCE), 11 * NS_PER_S);
    life_free(&life);
}

/* Each of what says where and how a point is read, edited between the two engines. */
static void a_point_of_another_source_begins_unknown(void **state) {
    (void)state;
    enum { TOPIC, VALUE, TIME, LEAST, MOST, EDITS };
    for (int edit = 0; edit < EDITS; edit++) {
        struct life first = life_begin(0);
        struct site_point *row = &rows[point_of(DOOR)];
        const struct site_point before = *row;
        life_hear(&first, DOOR, 1, NS_PER_S);
        life_hear(&first, PEOPLE, 7, NS_PER_S);
        struct journal_present *left = life_leave(&first, 2 * NS_PER_S);
        row->mqtt_topic = edit == TOPIC ? row->id : row->mqtt_topic;
        row->mqtt_value = edit == VALUE ? row->id : row->mqtt_value;
        row->mqtt_time = edit == TIME ? row->id : row->mqtt_time;
        row->min = edit == LEAST ? -1 : row->min;
        row->max = edit == MOST ? 1 : row->max;
        struct life second = life_begin(3 * NS_PER_S);
        life_recall(&second, left, 3 * NS_PER_S, wall_at(3 * NS_PER_S));
        assert_int_equal(state_of(&second, DOOR)->known, POINT_UNHEARD);
        assert_int_equal(state_of(&second, PEOPLE)->known, POINT_READ);
        *row = before;
        free(left);
        life_free(&first);
        life_free(&second);
    }
}

static void a_value_that_was_stale_with_its_device_is_not_left(void **state) {
    (void)state;
    struct life first = life_begin(0);
    life_hear(&first, DOOR, 1, NS_PER_S);
    life_step(&first,
              (struct input){.kind = INPUT_DEVICE,
                             .subject = site.ruleset.points[point_of(DOOR)].device,
                             .state = TRUTH_FALSE},
              2 * NS_PER_S);
    struct journal_present *left = life_leave(&first, 3 * NS_PER_S);
    for (uint32_t i = 0; i < left->count; i++) {
        assert_string_not_equal(left->points[i].point, DOOR);
    }
    free(left);
    life_free(&first);
}

static void cards_are_moments_and_are_not_left(void **state) {
    (void)state;
    struct life first = life_begin(0);
    life_hear(&first, "hall/gate/reader", 1, NS_PER_S);
    struct journal_present *left = life_leave(&first, 2 * NS_PER_S);
    for (uint32_t i = 0; i < left->count; i++) {
        assert_string_not_equal(left->points[i].point, "hall/gate/reader");
    }
    free(left);
    life_free(&first);
}

/* Three engines wait a third of the silence each; the last is told by a reading that says so. */
static void a_point_that_never_came_is_missed_when_all_have_waited_for_it(void **state) {
    (void)state;
    uint32_t people = point_of(PEOPLE);
    uint64_t silence_ns = site.ruleset.points[people].silence_ns;
    struct input input;
    assert_int_equal(silence_ns, 300 * NS_PER_S);
    struct life life = life_begin(0);
    for (uint64_t at_ns = silence_ns / 3; at_ns < silence_ns; at_ns += silence_ns / 3) {
        struct journal_present *left = life_leave(&life, at_ns);
        life_free(&life);
        life = life_begin(at_ns);
        life_recall(&life, left, at_ns, wall_at(at_ns));
        free(left);
    }
    const struct input well = {
        .kind = INPUT_DEVICE, .subject = site.ruleset.points[people].device, .state = TRUTH_TRUE};
    assert_false(present_missed(life.present, (struct instant){silence_ns}, &input));
    life_step(&life, well, silence_ns - 1); /* before, its device may be the one that is lost */
    assert_false(present_missed(life.present, (struct instant){silence_ns - 1}, &input));
    bool missed = false;
    while (present_missed(life.present, (struct instant){silence_ns}, &input)) {
        life_step(&life, input, silence_ns);
        assert_false(missed && input.reading.point == people); /* once */
        missed = missed || input.reading.point == people;
    }
    assert_true(missed);
    assert_int_equal(state_of(&life, PEOPLE)->fault, TRUTH_TRUE);
    assert_int_equal(state_of(&life, PEOPLE)->quality, QUALITY_STALE);
    life_free(&life);
}

static void a_point_that_came_after_all_is_not_missed(void **state) {
    (void)state;
    struct life first = life_begin(0);
    struct journal_present *left = life_leave(&first, 299 * NS_PER_S);
    struct life second = life_begin(299 * NS_PER_S);
    struct input input;
    life_recall(&second, left, 299 * NS_PER_S, wall_at(299 * NS_PER_S));
    life_hear(&second, PEOPLE, 3, 299 * NS_PER_S);
    assert_false(present_missed(second.present, (struct instant){300 * NS_PER_S}, &input));
    free(left);
    life_free(&first);
    life_free(&second);
}

static void a_point_that_is_told_of_twice_is_taken_once(void **state) {
    (void)state;
    struct life life = life_begin(0);
    const struct journal_present taken = {.at_wall = wall_at(0)};
    const struct journal_point row = {.point = PEOPLE,
                                      .source = present_source(&site, point_of(PEOPLE)),
                                      .quality = QUALITY_STALE};
    for (uint32_t i = 0; i < 2 * site.ruleset.point_count; i++) {
        present_recall(life.present, &taken, &row, (struct instant){0}, wall_at(0));
    }
    life_step(&life,
              (struct input){.kind = INPUT_DEVICE,
                             .subject = site.ruleset.points[point_of(PEOPLE)].device,
                             .state = TRUTH_TRUE},
              1);
    struct input input;
    assert_true(present_missed(life.present, (struct instant){300 * NS_PER_S}, &input));
    assert_false(present_missed(life.present, (struct instant){300 * NS_PER_S}, &input));
    life_free(&life);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        CASE(what_was_said_last_goes_on_with_its_age),
        CASE(a_silence_goes_on_over_a_start),
        CASE(a_value_as_old_as_its_silence_is_shown_and_not_believed),
        CASE(a_polled_value_is_believed_for_the_silence_of_its_device),
        CASE(a_machine_that_was_off_is_counted_by_its_wall_clock),
        CASE(a_clock_that_went_back_changes_no_age_while_the_machine_runs),
        CASE(a_clock_that_went_back_over_a_boot_makes_no_value_fresh),
        CASE(instants_of_another_boot_are_not_compared),
        CASE(a_point_of_another_source_begins_unknown),
        CASE(a_value_that_was_stale_with_its_device_is_not_left),
        CASE(cards_are_moments_and_are_not_left),
        CASE(a_point_that_never_came_is_missed_when_all_have_waited_for_it),
        CASE(a_point_that_came_after_all_is_not_missed),
        CASE(a_point_that_is_told_of_twice_is_taken_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
