/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a fire means for the doors of its zone and a lost device for its points' faults, in which order,
 * and for no others; and that each zone has its own confirmed fire.
 */

#include <stdlib.h>

#include "rules/core.h"
#include "tests/support/cmocka.h"
#include "tests/support/trial.h"

enum { CENTRES = 2, ROOMS = 2, DOORS = CENTRES * ROOMS };
enum { FORCED, HELD, FIRE };

/* Each room has a door and then a detector. */
static struct trial trial;
static struct core *core;
static struct step step;

static void core_new(void) {
    assert_true(trial_bind(&trial));
    size_t size = (core_size(&trial.ruleset) + 63) / 64 * 64;
    core = core_init(aligned_alloc(64, size), &trial.ruleset, (struct instant){0});
    step.events = calloc(core_events_max(&trial.ruleset), sizeof *step.events);
    assert_non_null(step.events);
    core_step(core, &(struct input){.kind = INPUT_START, .state = TRUTH_TRUE}, &step);
}

static int build(void **state) {
    (void)state;
    trial_init(&trial, 0, 1);
    uint32_t device = trial_device(&trial, 0);
    for (uint32_t c = 0; c < CENTRES; c++) {
        uint32_t centre = trial_place(&trial, RULESET_NONE, PLACE_SERVICE_CENTRE);
        for (uint32_t r = 0; r < ROOMS; r++) {
            uint32_t room = trial_place(&trial, centre, PLACE_ENTRANCE);
            (void)trial_point(&trial, room, device, POINT_DOOR_CONTACT);
            (void)trial_point(&trial, room, device, POINT_SMOKE);
        }
    }
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value", CLASS_DOOR_FORCED);
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value", CLASS_DOOR_HELD);
    trial_point_rule(&trial, TRIAL_KIND(POINT_SMOKE), "value", CLASS_FIRE_ALARM);
    core_new();
    return 0;
}

/* Two devices, each with a sensor; that of the second stands first. */
static int build_sensors(void **state) {
    (void)state;
    trial_init(&trial, 0, 1);
    uint32_t place = trial_place(&trial, RULESET_NONE, PLACE_SERVICE_CENTRE);
    uint32_t first = trial_device(&trial, 3 * NS_PER_S);
    uint32_t second = trial_device(&trial, 3 * NS_PER_S);
    (void)trial_point(&trial, place, second, POINT_TEMPERATURE);
    (void)trial_point(&trial, place, first, POINT_TEMPERATURE);
    core_new();
    return 0;
}

enum { FLOORS = 2 };

/* A centre with floors of a door and a detector each; each floor confirms its own fires. */
static int build_floors(void **state) {
    (void)state;
    trial_init(&trial, 0, 1);
    uint32_t device = trial_device(&trial, 0);
    uint32_t centre = trial_place(&trial, RULESET_NONE, PLACE_SERVICE_CENTRE);
    for (uint32_t f = 0; f < FLOORS; f++) {
        uint32_t floor = trial_place(&trial, centre, PLACE_FLOOR);
        (void)trial_point(&trial, floor, device, POINT_DOOR_CONTACT);
        (void)trial_point(&trial, floor, device, POINT_SMOKE);
    }
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value", CLASS_DOOR_FORCED);
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value", CLASS_DOOR_HELD);
    trial_point_rule(&trial, TRIAL_KIND(POINT_SMOKE), "value", CLASS_FIRE_ALARM);
    trial_place_rule(&trial, TRIAL_KIND(PLACE_FLOOR), "count(smoke) >= 2", CLASS_FIRE_CONFIRMED);
    core_new();
    return 0;
}

/* The same, with detectors that are over ten seconds after they came to rest. */
static int build_slow_floors(void **state) {
    (void)build_floors(state);
    free(core);
    free(step.events);
    trial.expressions[FIRE] = "within(value, 10 s)";
    core_new();
    return 0;
}

/* The same with a call point on each floor, which by itself confirms a fire of the house. */
static int build_call_points(void **state) {
    (void)state;
    trial_init(&trial, 0, 1);
    uint32_t device = trial_device(&trial, 0);
    uint32_t house = trial_place(&trial, RULESET_NONE, PLACE_BUILDING);
    for (uint32_t f = 0; f < FLOORS; f++) {
        uint32_t floor = trial_place(&trial, house, PLACE_FLOOR);
        (void)trial_point(&trial, floor, device, POINT_DOOR_CONTACT);
        (void)trial_point(&trial, floor, device, POINT_MANUAL_CALL_POINT);
    }
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value", CLASS_DOOR_FORCED);
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value", CLASS_DOOR_HELD);
    trial_point_rule(&trial, TRIAL_KIND(POINT_MANUAL_CALL_POINT), "value", CLASS_FIRE_CONFIRMED);
    core_new();
    return 0;
}

enum { ZONE_FIRE, ZONE_CONFIRMED };

/* Centres of a detector and a call point each, and first one that has a call point alone. */
static int build_zones(void **state) {
    (void)state;
    trial_init(&trial, 0, 1);
    uint32_t device = trial_device(&trial, 0);
    for (uint32_t c = 0; c <= CENTRES; c++) {
        uint32_t centre = trial_place(&trial, RULESET_NONE, PLACE_SERVICE_CENTRE);
        (void)trial_point(&trial, centre, device, POINT_MANUAL_CALL_POINT);
        if (c > 0) {
            (void)trial_point(&trial, centre, device, POINT_SMOKE);
        }
    }
    trial_point_rule(&trial, TRIAL_KIND(POINT_SMOKE), "value", CLASS_FIRE_ALARM);
    trial_place_rule(&trial, TRIAL_KIND(PLACE_SERVICE_CENTRE), "any(manual_call_point)",
                     CLASS_FIRE_CONFIRMED);
    core_new();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    free(core);
    free(step.events);
    trial_deinit(&trial);
    return 0;
}

static void read_point(uint32_t point, double value) {
    struct input input = {.kind = INPUT_READING, .reading = {.point = point, .value = value}};
    core_step(core, &input, &step);
    core_check(core);
}

static uint32_t door(uint32_t room) {
    return 2 * room;
}

static uint32_t smoke(uint32_t room) {
    return 2 * room + 1;
}

static void next_is(uint32_t at, enum core_event_type type, uint32_t rule, uint32_t point) {
    assert_true(at < step.event_count);
    assert_int_equal(step.events[at].type, type);
    assert_int_equal(step.events[at].alarm, trial_alarm(&trial, rule, point));
}

static void a_fire_suppresses_the_doors_of_its_zone_in_the_order_of_the_alarms(void **state) {
    (void)state;
    for (uint32_t room = 0; room < DOORS; room++) {
        read_point(door(room), 1);
        assert_int_equal(step.event_count, 2);
    }
    read_point(smoke(3), 1);
    assert_int_equal(step.event_count, 5);
    next_is(0, EVENT_ALARM_RAISED, FIRE, smoke(3));
    next_is(1, EVENT_ALARM_SUPPRESSED, FORCED, door(2));
    next_is(2, EVENT_ALARM_SUPPRESSED, FORCED, door(3));
    next_is(3, EVENT_ALARM_SUPPRESSED, HELD, door(2));
    next_is(4, EVENT_ALARM_SUPPRESSED, HELD, door(3));

    read_point(smoke(3), 0);
    assert_int_equal(step.event_count, 5);
    next_is(0, EVENT_ALARM_CLEARED, FIRE, smoke(3));
    next_is(1, EVENT_ALARM_UNSUPPRESSED, FORCED, door(2));
    next_is(4, EVENT_ALARM_UNSUPPRESSED, HELD, door(3));
}

/* A house whose front door is in no room of it, and a detector in the hall. */
static int build_house(void **state) {
    (void)state;
    trial_init(&trial, 0, 1);
    uint32_t device = trial_device(&trial, 0);
    uint32_t house = trial_place(&trial, RULESET_NONE, PLACE_BUILDING);
    uint32_t hall = trial_place(&trial, house, PLACE_SERVICE_HALL);
    (void)trial_point(&trial, house, device, POINT_DOOR_CONTACT);
    (void)trial_point(&trial, hall, device, POINT_SMOKE);
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value", CLASS_DOOR_FORCED);
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value", CLASS_DOOR_HELD);
    trial_point_rule(&trial, TRIAL_KIND(POINT_SMOKE), "value", CLASS_FIRE_ALARM);
    core_new();
    return 0;
}

static void a_fire_suppresses_the_front_door_of_the_house(void **state) {
    (void)state;
    read_point(door(0), 1);
    read_point(smoke(0), 1);
    assert_int_equal(step.event_count, 3);
    next_is(1, EVENT_ALARM_SUPPRESSED, FORCED, door(0));
    next_is(2, EVENT_ALARM_SUPPRESSED, HELD, door(0));
}

static void a_door_that_is_closed_has_nothing_to_suppress(void **state) {
    (void)state;
    read_point(door(0), 1);
    read_point(smoke(1), 1);
    assert_int_equal(step.event_count, 3);
    next_is(1, EVENT_ALARM_SUPPRESSED, FORCED, door(0));
    next_is(2, EVENT_ALARM_SUPPRESSED, HELD, door(0));

    /* It is opened while the fire burns: raised and suppressed at once. */
    read_point(door(1), 1);
    assert_int_equal(step.event_count, 4);
    next_is(0, EVENT_ALARM_RAISED, FORCED, door(1));
    next_is(1, EVENT_ALARM_SUPPRESSED, FORCED, door(1));
    read_point(door(2), 1);
    assert_int_equal(step.event_count, 2);
}

static void a_fire_leaves_the_doors_of_the_floor_that_is_its_own_zone_watched(void **state) {
    (void)state;
    for (uint32_t floor = 0; floor < FLOORS; floor++) {
        read_point(door(floor), 1);
        assert_int_equal(step.event_count, 2);
    }
    for (uint32_t floor = FLOORS; floor-- > 0;) {
        read_point(smoke(floor), 1);
        assert_int_equal(step.event_count, 3);
        next_is(0, EVENT_ALARM_RAISED, FIRE, smoke(floor));
        next_is(1, EVENT_ALARM_SUPPRESSED, FORCED, door(floor));
        next_is(2, EVENT_ALARM_SUPPRESSED, HELD, door(floor));
    }
}

static void tick(uint64_t at_s) {
    core_step(core, &(struct input){.kind = INPUT_TICK, .at = {at_s * NS_PER_S}}, &step);
    core_check(core);
}

static void fires_that_end_at_once_each_set_their_own_doors_free(void **state) {
    (void)state;
    for (uint32_t floor = 0; floor < FLOORS; floor++) {
        read_point(smoke(floor), 1);
        read_point(smoke(floor), 0);
        read_point(door(floor), 1);
        assert_int_equal(step.event_count, 4); /* raised and suppressed, twice */
    }
    tick(10);
    assert_int_equal(step.event_count, 6);
    for (uint32_t floor = 0; floor < FLOORS; floor++) {
        next_is(floor, EVENT_ALARM_CLEARED, FIRE, smoke(floor));
        next_is(2 + 2 * floor, EVENT_ALARM_UNSUPPRESSED, FORCED, door(floor));
        next_is(3 + 2 * floor, EVENT_ALARM_UNSUPPRESSED, HELD, door(floor));
    }
}

/* Outputs of `place: zone` go by the same zone: reach_test.c. */
static void a_call_point_confirms_the_fire_of_its_zone_and_not_of_its_room(void **state) {
    (void)state;
    read_point(door(0), 1);
    read_point(smoke(1), 1); /* which is the call point of the other floor */
    assert_int_equal(step.event_count, 3);
    next_is(0, EVENT_ALARM_RAISED, FIRE, smoke(1));
    next_is(1, EVENT_ALARM_SUPPRESSED, FORCED, door(0));
    next_is(2, EVENT_ALARM_SUPPRESSED, HELD, door(0));
}

static void faults_are_suppressed_in_their_order_whichever_device_is_lost_first(void **state) {
    (void)state;
    for (uint32_t point = 0; point < 2; point++) {
        read_point(point, 20);
        struct input fault = {.kind = INPUT_READING,
                              .reading = {.point = point, .quality = QUALITY_FAULT}};
        core_step(core, &fault, &step);
        assert_int_equal(step.event_count, 1);
        fault.reading.quality = QUALITY_OUT_OF_SERVICE; /* nobody knows, lost or not */
        core_step(core, &fault, &step);
        assert_int_equal(step.event_count, 0);
    }
    core_step(core, &(struct input){.kind = INPUT_TICK, .at = {3 * NS_PER_S}}, &step);
    core_check(core);
    assert_int_equal(step.event_count, 4);
    static const struct {
        enum core_event_type type;
        enum ruleset_builtin builtin;
        uint32_t entity;
    } wanted[] = {{EVENT_ALARM_RAISED, BUILTIN_DEVICE_LOST, 0},
                  {EVENT_ALARM_RAISED, BUILTIN_DEVICE_LOST, 1},
                  {EVENT_ALARM_SUPPRESSED, BUILTIN_SENSOR_FAULT, 0},
                  {EVENT_ALARM_SUPPRESSED, BUILTIN_SENSOR_FAULT, 1}};
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(step.events[i].type, wanted[i].type);
        assert_int_equal(step.events[i].alarm,
                         trial_builtin(&trial, wanted[i].builtin, wanted[i].entity));
    }
}

static void read_at(uint64_t at_s, uint32_t point, double value) {
    struct input input = {.kind = INPUT_READING,
                          .at = {at_s * NS_PER_S},
                          .reading = {.point = point, .value = value}};
    core_step(core, &input, &step);
    core_check(core);
}

static void each_zone_waits_for_the_end_of_its_own_confirmed_fire(void **state) {
    (void)state;
    enum { ALONE, CALL_1, SMOKE_1, CALL_2, SMOKE_2 };
    for (uint32_t point = 0; point <= SMOKE_2; point++) {
        read_at(0, point, 1);
        assert_int_equal(step.event_count, 1);
    }
    tick(15);
    assert_int_equal(step.event_count, 0);
    read_at(20, ALONE, 0); /* which has nobody to promote */
    assert_int_equal(step.event_count, 1);
    next_is(0, EVENT_ALARM_CLEARED, ZONE_CONFIRMED, 0);
    for (uint32_t zone = CENTRES; zone > 0; zone--) {
        read_at(20, zone == 1 ? CALL_1 : CALL_2, 0);
        assert_int_equal(step.event_count, 2);
        next_is(0, EVENT_ALARM_CLEARED, ZONE_CONFIRMED, zone);
        assert_int_equal(step.events[1].type, EVENT_ALARM_RAISED);
        assert_int_equal(step.events[1].alarm, trial_builtin(&trial, BUILTIN_FIRE_PROMOTED, zone));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_fire_suppresses_the_doors_of_its_zone_in_the_order_of_the_alarms, build, tear_down),
        cmocka_unit_test_setup_teardown(a_fire_suppresses_the_front_door_of_the_house, build_house,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_door_that_is_closed_has_nothing_to_suppress, build,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_fire_leaves_the_doors_of_the_floor_that_is_its_own_zone_watched, build_floors,
            tear_down),
        cmocka_unit_test_setup_teardown(fires_that_end_at_once_each_set_their_own_doors_free,
                                        build_slow_floors, tear_down),
        cmocka_unit_test_setup_teardown(
            a_call_point_confirms_the_fire_of_its_zone_and_not_of_its_room, build_call_points,
            tear_down),
        cmocka_unit_test_setup_teardown(
            faults_are_suppressed_in_their_order_whichever_device_is_lost_first, build_sensors,
            tear_down),
        cmocka_unit_test_setup_teardown(each_zone_waits_for_the_end_of_its_own_confirmed_fire,
                                        build_zones, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
