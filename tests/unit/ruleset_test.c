/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Binding: which alarms a site's rules make, which points each of them reads, and what is odd.
 *
 *     0 site
 *     1   care (home_care_centre)
 *     2     ward A (day_care_room)     button, smoke, door
 *     3     ward B (day_care_room)     button, smoke, heat, door, access_reader
 *     4   hall (service_hall)          door, sounder, two temperatures
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/ruleset.h"
#include "tests/support/cmocka.h"
#include "tests/support/trial.h"

enum { SITE, CARE, WARD_A, WARD_B, HALL };
enum {
    A_BUTTON,
    A_SMOKE,
    A_DOOR,
    B_BUTTON,
    B_SMOKE,
    B_HEAT,
    B_DOOR,
    B_READER,
    HALL_DOOR,
    HALL_SOUNDER,
    HALL_TEMPERATURE_1,
    HALL_TEMPERATURE_2,
    POINTS,
};
enum { CARE_IO, HALL_IO, UNUSED, DEVICES };

static struct trial trial;

static int build(void **state) {
    (void)state;
    trial_init(&trial, 3, 1);
    (void)trial_place(&trial, RULESET_NONE, PLACE_SITE);
    (void)trial_place(&trial, SITE, PLACE_HOME_CARE_CENTRE);
    (void)trial_place(&trial, CARE, PLACE_DAY_CARE_ROOM);
    (void)trial_place(&trial, CARE, PLACE_DAY_CARE_ROOM);
    (void)trial_place(&trial, SITE, PLACE_SERVICE_HALL);
    for (unsigned d = 0; d < DEVICES; d++) {
        (void)trial_device(&trial, NS_PER_S);
    }
    static const struct {
        uint32_t place, device;
        enum point_kind kind;
    } points[POINTS] = {
        [A_BUTTON] = {WARD_A, CARE_IO, POINT_EMERGENCY_BUTTON},
        [A_SMOKE] = {WARD_A, CARE_IO, POINT_SMOKE},
        [A_DOOR] = {WARD_A, CARE_IO, POINT_DOOR_CONTACT},
        [B_BUTTON] = {WARD_B, CARE_IO, POINT_EMERGENCY_BUTTON},
        [B_SMOKE] = {WARD_B, CARE_IO, POINT_SMOKE},
        [B_HEAT] = {WARD_B, CARE_IO, POINT_HEAT},
        [B_DOOR] = {WARD_B, CARE_IO, POINT_DOOR_CONTACT},
        [B_READER] = {WARD_B, CARE_IO, POINT_ACCESS_READER},
        [HALL_DOOR] = {HALL, HALL_IO, POINT_DOOR_CONTACT},
        [HALL_SOUNDER] = {HALL, HALL_IO, POINT_SOUNDER},
        [HALL_TEMPERATURE_1] = {HALL, HALL_IO, POINT_TEMPERATURE},
        [HALL_TEMPERATURE_2] = {HALL, HALL_IO, POINT_TEMPERATURE},
    };
    for (unsigned p = 0; p < POINTS; p++) {
        (void)trial_point(&trial, points[p].place, points[p].device, points[p].kind);
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    trial_deinit(&trial);
    return 0;
}

/* The points that set `set` of an alarm means are exactly these. */
static void assert_members(uint32_t alarm, uint32_t set, uint32_t count, const uint32_t *points) {
    assert_int_not_equal(alarm, RULESET_NONE);
    const struct expr_bound *bound =
        &trial.ruleset.bounds[trial.ruleset.alarms[alarm].bound_first + set];
    assert_int_equal(bound->count, count);
    assert_memory_equal(&trial.ruleset.members[bound->first], points, count * sizeof *points);
}

/* A reading of `point` touches exactly these alarms and its own fault. */
static void assert_dependents(uint32_t point, uint32_t count, const uint32_t *alarms) {
    uint32_t first = trial.ruleset.dependent_first[point];
    assert_int_equal(trial.ruleset.dependent_first[point + 1] - first, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(trial.ruleset.dependents[first + i], alarms[i]);
    }
    assert_int_equal(trial.ruleset.dependents[first + count],
                     trial_builtin(&trial, BUILTIN_SENSOR_FAULT, point));
}

static void assert_finding(uint32_t i, enum ruleset_finding_kind kind, uint32_t rule, uint32_t set,
                           uint32_t entity) {
    assert_true(i < trial.finding_count);
    assert_int_equal(trial.findings[i].kind, kind);
    assert_int_equal(trial.findings[i].rule, rule);
    assert_int_equal(trial.findings[i].set, set);
    assert_int_equal(trial.findings[i].entity, entity);
}

static void a_point_rule_makes_one_alarm_for_each_point_of_its_kinds(void **state) {
    (void)state;
    trial_point_rule(&trial, TRIAL_KIND(POINT_SMOKE) | TRIAL_KIND(POINT_HEAT), "value",
                     CLASS_FIRE_ALARM);
    assert_true(trial_bind(&trial));
    assert_int_equal(trial.finding_count, 0);
    assert_int_equal(trial.ruleset.rules[0].alarm_count, 3);
    static const uint32_t wanted[] = {A_SMOKE, B_SMOKE, B_HEAT};
    for (uint32_t i = 0; i < 3; i++) {
        const struct ruleset_alarm *alarm = &trial.ruleset.alarms[i];
        assert_int_equal(alarm->entity, wanted[i]);
        assert_int_equal(alarm->entity_kind, ENTITY_POINT);
        assert_int_equal(alarm->place, trial.points[wanted[i]].place);
        assert_int_equal(alarm->rule, 0);
        assert_int_equal(alarm->priority, PRIORITY_EMERGENCY);
        assert_members(i, 0, 1, &wanted[i]);
    }
}

static void a_rule_can_be_narrowed_to_a_place_and_all_below_it(void **state) {
    (void)state;
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value", CLASS_DOOR_HELD)->in_place =
        CARE;
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value", CLASS_DOOR_HELD)->in_place =
        WARD_B;
    trial_place_rule(&trial, TRIAL_KIND(PLACE_DAY_CARE_ROOM), "any(door_contact)", CLASS_DOOR_HELD)
        ->in_place = WARD_B;
    assert_true(trial_bind(&trial));
    assert_int_equal(trial.ruleset.rules[0].alarm_count, 2);
    assert_int_equal(trial.ruleset.rules[1].alarm_count, 1);
    assert_int_equal(trial.ruleset.rules[2].alarm_count, 1);
    assert_int_not_equal(trial_alarm(&trial, 0, A_DOOR), RULESET_NONE);
    assert_int_equal(trial_alarm(&trial, 0, HALL_DOOR), RULESET_NONE);
    assert_int_not_equal(trial_alarm(&trial, 1, B_DOOR), RULESET_NONE);
    assert_int_not_equal(trial_alarm(&trial, 2, WARD_B), RULESET_NONE);
}

static void a_place_rule_looks_at_the_place_and_all_below_it(void **state) {
    (void)state;
    trial_place_rule(&trial, TRIAL_KIND(PLACE_HOME_CARE_CENTRE) | TRIAL_KIND(PLACE_DAY_CARE_ROOM),
                     "count(within(smoke, 60 s), within(heat, 60 s)) >= 2", CLASS_FIRE_CONFIRMED);
    assert_true(trial_bind(&trial));
    uint32_t care = trial_alarm(&trial, 0, CARE);
    uint32_t ward_b = trial_alarm(&trial, 0, WARD_B);
    assert_members(care, 0, 2, (const uint32_t[]){A_SMOKE, B_SMOKE});
    assert_members(care, 1, 1, (const uint32_t[]){B_HEAT});
    assert_members(ward_b, 0, 1, (const uint32_t[]){B_SMOKE});
    assert_int_equal(trial.ruleset.alarms[care].memory_count, 3);
    assert_int_equal(trial.ruleset.alarms[ward_b].memory_count, 2);
    assert_int_equal(trial.ruleset.memory_count, 3 + 1 + 2);
}

static void a_kind_that_one_place_lacks_is_a_note_and_that_all_lack_an_error(void **state) {
    (void)state;
    trial_place_rule(&trial, TRIAL_KIND(PLACE_DAY_CARE_ROOM), "any(smoke) or any(heat)",
                     CLASS_FIRE_CONFIRMED);
    assert_true(trial_bind(&trial));
    assert_int_equal(trial.finding_count, 1);
    assert_finding(0, RULESET_SET_EMPTY_HERE, 0, 1, WARD_A);

    (void)tear_down(NULL);
    (void)build(NULL);
    trial_place_rule(&trial, TRIAL_KIND(PLACE_DAY_CARE_ROOM), "any(smoke) or any(gas)",
                     CLASS_FIRE_CONFIRMED);
    assert_false(trial_bind(&trial));
    assert_int_equal(trial.finding_count, 1);
    assert_finding(0, RULESET_SET_EMPTY, 0, 1, RULESET_NONE);
}

static void a_sibling_is_the_one_point_of_its_kind_in_the_same_place(void **state) {
    (void)state;
    trial_point_rule(&trial, TRIAL_KIND(POINT_EMERGENCY_BUTTON), "value and door_contact",
                     CLASS_CALL_EMERGENCY);
    assert_true(trial_bind(&trial));
    assert_members(trial_alarm(&trial, 0, A_BUTTON), 1, 1, (const uint32_t[]){A_DOOR});
    assert_members(trial_alarm(&trial, 0, B_BUTTON), 1, 1, (const uint32_t[]){B_DOOR});
}

static void a_missing_or_doubtful_sibling_is_an_error_for_each_point(void **state) {
    (void)state;
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value and heat", CLASS_DOOR_HELD);
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value and temperature > 20 °C",
                     CLASS_DOOR_HELD)
        ->in_place = HALL;
    assert_false(trial_bind(&trial));
    assert_int_equal(trial.finding_count, 3);
    assert_finding(0, RULESET_SIBLING_NONE, 0, 1, A_DOOR);
    assert_finding(1, RULESET_SIBLING_NONE, 0, 1, HALL_DOOR);
    assert_finding(2, RULESET_SIBLING_MANY, 1, 1, HALL_DOOR);
}

static void the_first_point_of_a_site_may_lack_a_sibling_as_any_other(void **state) {
    (void)state;
    trial_point_rule(&trial, TRIAL_KIND(POINT_EMERGENCY_BUTTON), "value and heat",
                     CLASS_CALL_EMERGENCY);
    assert_int_equal(A_BUTTON, 0);
    assert_false(trial_bind(&trial));
    assert_int_equal(trial.finding_count, 1);
    assert_finding(0, RULESET_SIBLING_NONE, 0, 1, A_BUTTON);
}

static void a_rule_for_nothing_in_the_site_is_an_error(void **state) {
    (void)state;
    trial_point_rule(&trial, TRIAL_KIND(POINT_GAS), "value", CLASS_GAS_ALARM);
    trial_place_rule(&trial, TRIAL_KIND(PLACE_MARKET), "any(smoke)", CLASS_FIRE_ALARM);
    trial_point_rule(&trial, TRIAL_KIND(POINT_SMOKE), "value", CLASS_FIRE_ALARM)->in_place = HALL;
    assert_false(trial_bind(&trial));
    assert_int_equal(trial.finding_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_finding(i, RULESET_NO_ENTITY, i, RULESET_NONE, RULESET_NONE);
    }
}

static void all_findings_are_counted_when_only_some_have_room(void **state) {
    (void)state;
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value and heat", CLASS_DOOR_HELD);
    assert_false(trial_bind(&trial));
    struct ruleset_sizes sizes;
    struct ruleset_finding one;
    assert_int_equal(ruleset_measure(&trial.draft, &sizes, &one, 1), trial.finding_count);
    assert_int_equal(ruleset_measure(&trial.draft, &sizes, NULL, 0), trial.finding_count);
    assert_true(trial.finding_count > 1);
}

static void a_reading_touches_each_alarm_that_reads_it_once_and_in_order(void **state) {
    (void)state;
    /* Rule 1 names smoke in two sets. */
    trial_point_rule(&trial, TRIAL_KIND(POINT_SMOKE), "value", CLASS_FIRE_ALARM);
    trial_place_rule(&trial, TRIAL_KIND(PLACE_HOME_CARE_CENTRE),
                     "any(smoke) and count(smoke, heat) >= 2", CLASS_FIRE_CONFIRMED);
    assert_true(trial_bind(&trial));
    uint32_t own = trial_alarm(&trial, 0, B_SMOKE);
    uint32_t care = trial_alarm(&trial, 1, CARE);
    assert_dependents(B_SMOKE, 2, (const uint32_t[]){own, care});
    assert_dependents(B_HEAT, 1, (const uint32_t[]){care});
    assert_dependents(HALL_DOOR, 0, NULL);
    assert_dependents(HALL_SOUNDER, 0, NULL);
    assert_dependents(B_READER, 0, NULL);
    assert_int_equal(trial.ruleset.dependent_first[POINTS], trial.ruleset.dependent_count);
}

static void equal_between_clauses_of_different_rules_become_one(void **state) {
    (void)state;
    static const struct expr_between night = {22 * 60 + 30, 5 * 60};
    static const struct expr_between noon = {12 * 60, 13 * 60};
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value and between 22:30 and 05:00",
                     CLASS_DOOR_HELD);
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT),
                     "value and (between 12:00 and 13:00 or between 22:30 and 05:00)",
                     CLASS_DOOR_HELD);
    assert_true(trial_bind(&trial));
    assert_int_equal(trial.ruleset.between_count, 2);
    assert_memory_equal(&trial.ruleset.betweens[0], &night, sizeof night);
    assert_memory_equal(&trial.ruleset.betweens[1], &noon, sizeof noon);
    uint32_t slots[3];
    uint32_t found = 0;
    for (uint32_t i = 0; i < trial.ruleset.op_count; i++) {
        if (trial.ruleset.ops[i].code == EXPR_BETWEEN) {
            slots[found++] = trial.ruleset.ops[i].slot;
        }
    }
    assert_int_equal(found, 3);
    assert_memory_equal(slots, ((const uint32_t[]){0, 1, 0}), sizeof slots);
}

static void the_products_own_rules_stand_last_and_cover_the_site(void **state) {
    (void)state;
    trial_point_rule(&trial, TRIAL_KIND(POINT_SMOKE), "value", CLASS_FIRE_ALARM);
    trial.draft.listener_count = 2;
    trial.draft.certificate_count = CERTIFICATE_COUNT;
    assert_true(trial_bind(&trial));
    assert_int_equal(trial.ruleset.rule_count, 1 + BUILTIN_COUNT - 1);
    static const uint32_t counts[BUILTIN_COUNT] = {
        [BUILTIN_DEVICE_LOST] = DEVICES,
        [BUILTIN_SENSOR_FAULT] = POINTS,
        [BUILTIN_COMPONENT_LOST] = 3,
        [BUILTIN_UPLINK_LOST] = 1,
        [BUILTIN_STORAGE] = 1,
        [BUILTIN_NOBODY_LISTENING] = 2,
        [BUILTIN_STUCK] = 2, /* the two thermometers; it has neither battery nor tamper contact */
        [BUILTIN_FIRE_PROMOTED] = 1,
        [BUILTIN_CLOCK] = 1,
        [BUILTIN_SITE_REFUSED] = 1,
        [BUILTIN_CERTIFICATE] = CERTIFICATE_COUNT,
    };
    uint32_t alarm = trial.ruleset.rules[0].alarm_count;
    for (unsigned builtin = 1; builtin < BUILTIN_COUNT; builtin++) {
        const struct ruleset_rule *rule = &trial.ruleset.rules[builtin];
        assert_int_equal(rule->builtin, builtin);
        assert_int_equal(rule->alarm_first, alarm);
        assert_int_equal(rule->alarm_count, counts[builtin]);
        assert_int_equal(strncmp(ruleset_builtin_name((enum ruleset_builtin)builtin), "system_", 7),
                         0);
        alarm += rule->alarm_count;
    }
    assert_int_equal(trial.ruleset.alarm_count, alarm);
    assert_null(ruleset_builtin_name(BUILTIN_NONE));
    /* A broker may be away for half a minute before it is anybody's business. */
    assert_int_equal(trial.ruleset.rules[BUILTIN_UPLINK_LOST].raise_after_ns, 30 * NS_PER_S);
    assert_int_equal(trial.ruleset.rules[BUILTIN_NOBODY_LISTENING].raise_after_ns, 600 * NS_PER_S);
}

static void a_fault_of_an_output_that_an_emergency_switches_is_high(void **state) {
    (void)state;
    trial_emergency(&trial, HALL_SOUNDER);
    assert_true(trial_bind(&trial));
    uint32_t fault = trial_builtin(&trial, BUILTIN_SENSOR_FAULT, HALL_SOUNDER);
    assert_int_equal(trial.ruleset.alarms[fault].priority, PRIORITY_HIGH);
    uint32_t lost = trial_builtin(&trial, BUILTIN_DEVICE_LOST, HALL_IO);
    assert_int_equal(trial.ruleset.alarms[lost].priority, PRIORITY_HIGH);
}

static uint8_t builtin_priority(enum ruleset_builtin builtin, uint32_t entity) {
    return trial.ruleset.alarms[trial_builtin(&trial, builtin, entity)].priority;
}

#define IN_PLACES(kind) .place_kinds = TRIAL_KIND(PLACE_##kind)
#define OF_POINTS(kind) .point_kinds = TRIAL_KIND(POINT_##kind)
#define POINT_BIT(p)    (UINT32_C(1) << (p))

/* What its kind does not make grave, a rule of an emergency does, wherever it looks. */
static const struct {
    const char *raise, *clear;
    uint64_t place_kinds, point_kinds;
    uint32_t in_place;
    enum alarm_class class;
    enum priority priority;
    uint32_t points; /* that have a high fault besides those of calls and fire */
} grave[] = {
    {"any(door_contact)", NULL, IN_PLACES(DAY_CARE_ROOM), .in_place = RULESET_NONE,
     .class = CLASS_CARE_FALL, .points = POINT_BIT(A_DOOR) | POINT_BIT(B_DOOR)},
    {"any(door_contact)", NULL, IN_PLACES(HOME_CARE_CENTRE), .in_place = RULESET_NONE,
     .class = CLASS_CARE_FALL, .points = POINT_BIT(A_DOOR) | POINT_BIT(B_DOOR)},
    {"any(door_contact)", NULL, IN_PLACES(DAY_CARE_ROOM), .in_place = WARD_B,
     .class = CLASS_CARE_FALL, .points = POINT_BIT(B_DOOR)},
    {"max(temperature) > 60 °C", NULL, IN_PLACES(SITE), .in_place = RULESET_NONE,
     .class = CLASS_CARE_FALL,
     .points = POINT_BIT(HALL_TEMPERATURE_1) | POINT_BIT(HALL_TEMPERATURE_2)},
    {"value", NULL, OF_POINTS(DOOR_CONTACT), .in_place = HALL, .class = CLASS_CARE_FALL,
     .points = POINT_BIT(HALL_DOOR)},
    {"value and not door_contact", NULL, OF_POINTS(SMOKE), .in_place = CARE,
     .class = CLASS_GAS_ALARM, .points = POINT_BIT(A_DOOR) | POINT_BIT(B_DOOR)},
    {"any(smoke)", "not any(door_contact)", IN_PLACES(DAY_CARE_ROOM), .in_place = WARD_A,
     .class = CLASS_GAS_ALARM, .points = POINT_BIT(A_DOOR)},
    /* Urgent is not enough; a class that the site makes an emergency is. */
    {"any(door_contact)", NULL, IN_PLACES(SITE), .in_place = RULESET_NONE, .class = CLASS_INTRUSION,
     .priority = PRIORITY_URGENT, .points = 0},
    {"any(door_contact)", NULL, IN_PLACES(SERVICE_HALL), .in_place = RULESET_NONE,
     .class = CLASS_INTRUSION, .points = POINT_BIT(HALL_DOOR)},
};

static void a_fault_of_what_a_rule_of_an_emergency_reads_is_high(void **state) {
    static const uint32_t by_kind = POINT_BIT(A_BUTTON) | POINT_BIT(A_SMOKE) | POINT_BIT(B_BUTTON) |
                                    POINT_BIT(B_SMOKE) | POINT_BIT(B_HEAT);
    for (size_t row = 0; row < sizeof grave / sizeof *grave; row++) {
        struct ruleset_draft_rule *rule =
            grave[row].place_kinds != 0 ? trial_place_rule(&trial, grave[row].place_kinds,
                                                           grave[row].raise, grave[row].class)
                                        : trial_point_rule(&trial, grave[row].point_kinds,
                                                           grave[row].raise, grave[row].class);
        rule->in_place = grave[row].in_place;
        rule->priority = grave[row].priority;
        if (grave[row].clear != NULL) {
            trial_clear(&trial, grave[row].clear);
        }
        assert_true(trial_bind(&trial));
        bool hall = false;
        for (uint32_t p = 0; p < POINTS; p++) {
            bool high = ((by_kind | grave[row].points) & POINT_BIT(p)) != 0;
            hall = hall || (high && p >= HALL_DOOR);
            assert_int_equal(trial.ruleset.points[p].serves_emergency, high);
            if (p != B_READER) { /* moments have no fault of their own */
                assert_int_equal(builtin_priority(BUILTIN_SENSOR_FAULT, p),
                                 high ? PRIORITY_HIGH : PRIORITY_LOW);
            }
        }
        assert_int_equal(builtin_priority(BUILTIN_DEVICE_LOST, CARE_IO), PRIORITY_HIGH);
        assert_int_equal(builtin_priority(BUILTIN_DEVICE_LOST, HALL_IO),
                         hall ? PRIORITY_HIGH : PRIORITY_LOW);
        assert_int_equal(builtin_priority(BUILTIN_DEVICE_LOST, UNUSED), PRIORITY_LOW);
        (void)tear_down(state);
        (void)build(state);
    }
}

static void the_first_point_of_a_site_serves_the_emergency_that_reads_it(void **state) {
    trial.points[0].kind = POINT_DOOR_CONTACT; /* which by itself serves none */
    assert_true(trial_bind(&trial));
    assert_int_equal(trial.ruleset.points[0].serves_emergency, 0);
    (void)tear_down(state);
    (void)build(state);
    trial.points[0].kind = POINT_DOOR_CONTACT;
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value", CLASS_CALL_DURESS)->in_place =
        WARD_A;
    assert_true(trial_bind(&trial));
    assert_int_equal(trial.ruleset.points[0].serves_emergency, 1);
    assert_int_equal(builtin_priority(BUILTIN_SENSOR_FAULT, 0), PRIORITY_HIGH);
}

/* Motion is the first of the kinds, and none of a rule that does not name it. */
static void motion_serves_no_emergency_that_does_not_look_at_it(void **state) {
    (void)state;
    trial.points[A_DOOR].kind = POINT_MOTION;
    trial_place_rule(&trial, TRIAL_KIND(PLACE_SITE), "any(door_contact)", CLASS_CARE_FALL);
    assert_true(trial_bind(&trial));
    assert_int_equal(trial.ruleset.points[A_DOOR].serves_emergency, 0);
    assert_int_equal(trial.ruleset.points[B_DOOR].serves_emergency, 1);
}

static void a_fault_of_what_serves_an_emergency_is_high(void **state) {
    (void)state;
    trial.draft.listener_count = 1;
    assert_true(trial_bind(&trial));
    assert_int_equal(builtin_priority(BUILTIN_NOBODY_LISTENING, 0), PRIORITY_HIGH);
    assert_int_equal(builtin_priority(BUILTIN_SENSOR_FAULT, HALL_SOUNDER), PRIORITY_LOW);
    assert_int_equal(builtin_priority(BUILTIN_DEVICE_LOST, CARE_IO), PRIORITY_HIGH);
    assert_int_equal(builtin_priority(BUILTIN_DEVICE_LOST, HALL_IO), PRIORITY_LOW);
    assert_int_equal(builtin_priority(BUILTIN_SENSOR_FAULT, A_SMOKE), PRIORITY_HIGH);
    assert_int_equal(builtin_priority(BUILTIN_SENSOR_FAULT, A_DOOR), PRIORITY_LOW);
    assert_int_equal(builtin_priority(BUILTIN_COMPONENT_LOST, 0), PRIORITY_HIGH);
    assert_int_equal(builtin_priority(BUILTIN_UPLINK_LOST, 0), PRIORITY_HIGH);
    assert_int_equal(builtin_priority(BUILTIN_STORAGE, 0), PRIORITY_HIGH);
}

static void a_lost_device_is_told_at_the_smallest_place_with_all_its_points(void **state) {
    (void)state;
    assert_true(trial_bind(&trial));
    static const uint32_t places[DEVICES] = {
        [CARE_IO] = CARE, [HALL_IO] = HALL, [UNUSED] = RULESET_NONE};
    for (uint32_t d = 0; d < DEVICES; d++) {
        uint32_t alarm = trial_builtin(&trial, BUILTIN_DEVICE_LOST, d);
        assert_int_equal(trial.ruleset.alarms[alarm].place, places[d]);
        assert_int_equal(trial.ruleset.alarms[alarm].entity_kind, ENTITY_DEVICE);
    }
}

static void a_first_device_without_points_is_lost_nowhere(void **state) {
    (void)state;
    trial_deinit(&trial);
    trial_init(&trial, 0, 1);
    uint32_t house = trial_place(&trial, RULESET_NONE, PLACE_BUILDING);
    uint32_t unused = trial_device(&trial, 0);
    (void)trial_point(&trial, house, trial_device(&trial, 0), POINT_SMOKE);
    assert_true(trial_bind(&trial));
    uint32_t alarm = trial_builtin(&trial, BUILTIN_DEVICE_LOST, unused);
    assert_int_equal(trial.ruleset.alarms[alarm].place, RULESET_NONE);
    assert_int_equal(trial.ruleset.alarms[alarm + 1].place, house);
}

/* Ten floors, each with a detector and a rule that confirms a fire of the floor alone. */
static void a_fire_is_promoted_in_the_smallest_place_that_confirms_it(void **state) {
    (void)state;
    enum { FLOORS = 10 };
    trial_deinit(&trial);
    trial_init(&trial, 0, 1);
    uint32_t house = trial_place(&trial, RULESET_NONE, PLACE_BUILDING);
    for (uint32_t i = 0; i < FLOORS; i++) {
        (void)trial_place(&trial, house, PLACE_FLOOR);
    }
    (void)trial_device(&trial, 0);
    for (uint32_t i = 0; i < FLOORS; i++) {
        (void)trial_point(&trial, house + 1 + i, 0, POINT_SMOKE);
    }
    trial_point_rule(&trial, TRIAL_KIND(POINT_SMOKE), "value", CLASS_FIRE_ALARM);
    trial_place_rule(&trial, TRIAL_KIND(PLACE_FLOOR), "count(smoke) >= 2", CLASS_FIRE_CONFIRMED);
    assert_true(trial_bind(&trial));
    assert_int_equal(trial_builtin(&trial, BUILTIN_FIRE_PROMOTED, house), RULESET_NONE);
    for (uint32_t i = 0; i < FLOORS; i++) {
        assert_int_not_equal(trial_builtin(&trial, BUILTIN_FIRE_PROMOTED, house + 1 + i),
                             RULESET_NONE);
    }
}

/* The chains of a call, of a first detector and of a confirmed fire; RULESET_NONE for one without. */
static void promoted_fire_calls(uint32_t first, uint32_t confirmed, uint32_t wanted) {
    static const struct chain_step step = {.to = CHAIN_TO_EVERYONE, .webhook = CHAIN_NO_WEBHOOK};
    trial_deinit(&trial);
    trial_init(&trial, 0, 1);
    uint32_t house = trial_place(&trial, RULESET_NONE, PLACE_BUILDING);
    (void)trial_device(&trial, 0);
    (void)trial_point(&trial, house, 0, POINT_EMERGENCY_BUTTON);
    (void)trial_point(&trial, house, 0, POINT_SMOKE);
    (void)trial_point(&trial, house, 0, POINT_HEAT);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(trial_chain(&trial, &step, 1), i);
    }
    trial_place_rule(&trial, TRIAL_KIND(PLACE_BUILDING), "count(smoke, heat) >= 2",
                     CLASS_FIRE_CONFIRMED)
        ->chain = confirmed;
    trial_point_rule(&trial, TRIAL_KIND(POINT_EMERGENCY_BUTTON), "value", CLASS_CALL_EMERGENCY)
        ->chain = 0;
    trial_point_rule(&trial, TRIAL_KIND(POINT_HEAT), "value", CLASS_FIRE_ALARM);
    trial_point_rule(&trial, TRIAL_KIND(POINT_SMOKE), "value", CLASS_FIRE_ALARM)->chain = first;
    assert_true(trial_bind(&trial));
    uint32_t promoted = trial_builtin(&trial, BUILTIN_FIRE_PROMOTED, house);
    assert_int_equal(trial.ruleset.rules[trial.ruleset.alarms[promoted].rule].chain, wanted);
}

static void a_promoted_fire_calls_those_of_a_confirmed_one_else_those_of_the_first(void **state) {
    (void)state;
    promoted_fire_calls(1, 2, 2);
    promoted_fire_calls(1, RULESET_NONE, 1);
    promoted_fire_calls(RULESET_NONE, 2, 2);
    promoted_fire_calls(RULESET_NONE, RULESET_NONE, RULESET_NONE);
}

/* As many places as there may be are looked through, and not one more. */
static void the_most_places_are_measured(void **state) {
    (void)state;
    struct ruleset_place *places = calloc(LIMIT_PLACES, sizeof *places);
    assert_non_null(places);
    for (uint32_t i = 0; i < LIMIT_PLACES; i++) {
        places[i] = (struct ruleset_place){
            .parent = RULESET_NONE, .kind = PLACE_FLOOR, .end = i + 1, .zone = i};
    }
    const struct ruleset_draft draft = {.places = places,
                                        .place_count = LIMIT_PLACES,
                                        .calendar_count = 1,
                                        .times = &alarm_times_default};
    struct ruleset_sizes sizes;
    assert_int_equal(ruleset_measure(&draft, &sizes, NULL, 0), 0);
    free(places);
}

static void a_device_with_nothing_but_the_first_point_is_lost_at_its_place(void **state) {
    (void)state;
    trial.points[A_BUTTON].device = UNUSED;
    assert_true(trial_bind(&trial));
    uint32_t alarm = trial_builtin(&trial, BUILTIN_DEVICE_LOST, UNUSED);
    assert_int_equal(trial.ruleset.alarms[alarm].place, WARD_A);
}

/* LIMIT_BETWEENS clauses load; one more does not. */
static void more_between_clauses_than_the_limit_are_an_error(void **state) {
    (void)state;
    enum { EACH = LIMIT_EXPR_SETS, FULL = LIMIT_BETWEENS / EACH };
    assert_int_equal(LIMIT_BETWEENS % EACH, 0);
    static char texts[FULL + 1][1024];
    for (unsigned extra = 0; extra < 2; extra++) {
        unsigned minute = 0;
        for (unsigned i = 0; i < FULL + extra; i++) {
            unsigned clauses = i < FULL ? EACH : 1;
            strcpy(texts[i], "value");
            for (unsigned c = 0; c < clauses; c++, minute++) {
                size_t len = strlen(texts[i]);
                snprintf(texts[i] + len, sizeof texts[i] - len, " and between %02u:%02u and 23:59",
                         minute / 60, minute % 60);
            }
            trial_point_rule(&trial, TRIAL_KIND(POINT_SMOKE), texts[i], CLASS_FIRE_ALARM);
        }
        assert_int_equal(trial_bind(&trial), extra == 0);
        assert_int_equal(trial.finding_count, extra);
        if (extra == 0) {
            assert_int_equal(trial.ruleset.between_count, LIMIT_BETWEENS);
        } else {
            assert_finding(0, RULESET_TOO_MANY_BETWEENS, FULL, RULESET_NONE, RULESET_NONE);
        }
        (void)tear_down(NULL);
        (void)build(NULL);
    }
}

/*
 * A large flat site of one place, whose draft is built directly: `rules` rules `each` of points,
 * with their point as only set, or of the place, with every point in each of LIMIT_EXPR_SETS sets,
 * but none in the last when its kind is another; each alarm has `windows`.
 */
static uint32_t large_site(enum expr_each each, uint32_t points, uint32_t rules, uint32_t windows,
                           enum point_kind last_kind, struct ruleset_sizes *ret_sizes,
                           struct ruleset_finding *ret_finding) {
    const struct ruleset_place place = {.parent = RULESET_NONE, .end = 1, .point_end = points};
    const struct ruleset_device device = {0};
    struct ruleset_point *flat = calloc(points, sizeof *flat);
    struct ruleset_draft_rule *drafts = calloc(rules, sizeof *drafts);
    struct expr_program *program = calloc(1, sizeof *program);
    assert_non_null(flat);
    assert_non_null(drafts);
    assert_non_null(program);
    program->own.windows = windows;
    program->set_count = each == EXPR_EACH_POINT ? 1 : LIMIT_EXPR_SETS;
    for (uint32_t s = 0; s < program->set_count; s++) {
        program->sets[s] = (struct expr_set){
            .binding = each == EXPR_EACH_POINT ? EXPR_BIND_SELF : EXPR_BIND_SUBTREE,
            .kind = POINT_CHECKPOINT,
        };
    }
    program->sets[program->set_count - 1].kind = (uint8_t)last_kind;
    for (uint32_t p = 0; p < points; p++) {
        flat[p].kind = POINT_CHECKPOINT; /* moments: no alarm of its own */
    }
    for (uint32_t r = 0; r < rules; r++) {
        drafts[r] = (struct ruleset_draft_rule){
            .each = each,
            .point_kinds = TRIAL_KIND(POINT_CHECKPOINT),
            .place_kinds = TRIAL_KIND(PLACE_SITE),
            .in_place = RULESET_NONE,
            .program = program,
            .class = CLASS_DOOR_HELD,
            .priority = PRIORITY_HIGH,
        };
    }
    const struct ruleset_draft draft = {
        .places = &place,
        .points = flat,
        .devices = &device,
        .rules = drafts,
        .place_count = 1,
        .point_count = points,
        .device_count = 1,
        .rule_count = rules,
        .component_count = 1,
        .times = &alarm_times_default,
    };
    uint32_t found = ruleset_measure(&draft, ret_sizes, ret_finding, 1);
    free(program);
    free(drafts);
    free(flat);
    return found;
}

/*
 * One device, one component, the uplink, the storage, the clock and the site file have an alarm each, and so
 * has each point; the rest is the site's.
 */
static void more_alarms_than_the_limit_are_an_error(void **state) {
    (void)state;
    enum { SITE_RULES = 45, SITE_POINTS = 21739 };
    assert_int_equal((SITE_RULES + 1) * SITE_POINTS + 6, LIMIT_ALARMS);
    struct ruleset_sizes sizes;
    struct ruleset_finding finding = {0};
    assert_int_equal(
        large_site(EXPR_EACH_POINT, SITE_POINTS, SITE_RULES, 0, POINT_CHECKPOINT, &sizes, &finding),
        0);
    assert_int_equal(sizes.alarms, LIMIT_ALARMS);
    assert_int_equal(large_site(EXPR_EACH_POINT, SITE_POINTS + 1, SITE_RULES, 0, POINT_CHECKPOINT,
                                &sizes, &finding),
                     1);
    assert_int_equal(finding.kind, RULESET_TOO_MANY_ALARMS);
    assert_int_equal(
        large_site(EXPR_EACH_POINT, LIMIT_POINTS, 12, 0, POINT_CHECKPOINT, &sizes, &finding), 1);
    assert_int_equal(finding.kind, RULESET_TOO_MANY_ALARMS);
    assert_int_equal(finding.rule, LIMIT_ALARMS / LIMIT_POINTS);
}

/* Whoever reads the finding looks up the rule in his draft, where the product's own are not. */
static void
alarms_of_the_product_itself_over_the_limit_are_the_last_rules_of_the_site(void **state) {
    (void)state;
    enum { SITE_RULES = 20, SITE_POINTS = LIMIT_ALARMS / SITE_RULES };
    struct ruleset_sizes sizes;
    struct ruleset_finding finding = {0};
    assert_int_equal(
        large_site(EXPR_EACH_POINT, SITE_POINTS, SITE_RULES, 0, POINT_CHECKPOINT, &sizes, &finding),
        1);
    assert_int_equal(finding.kind, RULESET_TOO_MANY_ALARMS);
    assert_int_equal(finding.rule, SITE_RULES - 1);
}

static void more_bindings_than_the_limit_are_an_error(void **state) {
    (void)state;
    enum { SITE_RULES = 4, SITE_POINTS = LIMIT_BINDINGS / SITE_RULES / LIMIT_EXPR_SETS };
    assert_int_equal(SITE_RULES * SITE_POINTS * LIMIT_EXPR_SETS, LIMIT_BINDINGS);
    struct ruleset_sizes sizes;
    struct ruleset_finding finding = {0};
    assert_int_equal(
        large_site(EXPR_EACH_PLACE, SITE_POINTS, SITE_RULES, 0, POINT_CHECKPOINT, &sizes, &finding),
        0);
    assert_int_equal(sizes.members, LIMIT_BINDINGS);
    assert_int_equal(sizes.dependents, (SITE_RULES + 1) * SITE_POINTS);
    assert_int_equal(large_site(EXPR_EACH_PLACE, SITE_POINTS + 1, SITE_RULES, 0, POINT_CHECKPOINT,
                                &sizes, &finding),
                     1);
    assert_int_equal(finding.kind, RULESET_TOO_MANY_BINDINGS);
    assert_int_equal(finding.rule, SITE_RULES - 1);
}

/* Its last set is empty, which would be an error of its own. */
static void nothing_more_is_found_of_a_rule_that_is_past_a_limit(void **state) {
    (void)state;
    enum { SITE_POINTS = LIMIT_BINDINGS / (LIMIT_EXPR_SETS - 1) };
    struct ruleset_sizes sizes;
    struct ruleset_finding finding = {0};
    assert_int_equal(large_site(EXPR_EACH_PLACE, SITE_POINTS, 1, 0, POINT_SMOKE, &sizes, &finding),
                     1);
    assert_int_equal(finding.kind, RULESET_SET_EMPTY);
    assert_int_equal(
        large_site(EXPR_EACH_PLACE, SITE_POINTS + 1, 1, 0, POINT_SMOKE, &sizes, &finding), 1);
    assert_int_equal(finding.kind, RULESET_TOO_MANY_BINDINGS);
}

static void more_windows_than_the_limit_are_an_error(void **state) {
    (void)state;
    enum { SITE_RULES = 8, EACH = 4, SITE_POINTS = LIMIT_WINDOWS / SITE_RULES / EACH };
    assert_int_equal(SITE_RULES * EACH * SITE_POINTS, LIMIT_WINDOWS);
    struct ruleset_sizes sizes;
    struct ruleset_finding finding = {0};
    assert_int_equal(large_site(EXPR_EACH_POINT, SITE_POINTS, SITE_RULES, EACH, POINT_CHECKPOINT,
                                &sizes, &finding),
                     0);
    assert_int_equal(sizes.windows, LIMIT_WINDOWS);
    assert_int_equal(large_site(EXPR_EACH_POINT, SITE_POINTS + 1, SITE_RULES, EACH,
                                POINT_CHECKPOINT, &sizes, &finding),
                     1);
    assert_int_equal(finding.kind, RULESET_TOO_MANY_WINDOWS);
    assert_int_equal(finding.rule, SITE_RULES - 1);
}

/* What clears is bound like what raises: its sets, memories and windows stand behind. */
static void an_expression_that_clears_is_bound_behind_the_one_that_raises(void **state) {
    (void)state;
    trial_place_rule(&trial, TRIAL_KIND(PLACE_DAY_CARE_ROOM),
                     "any(within(smoke, 60 s)) and changes(any(smoke), 60 s) > 1", CLASS_INTRUSION);
    trial_clear(&trial, "all(held(not door_contact, 5 s)) and min(since(smoke)) > 5 min");
    assert_true(trial_bind(&trial));
    const struct ruleset_rule *rule = &trial.ruleset.rules[0];
    uint32_t ward = trial_alarm(&trial, 0, WARD_B);
    assert_int_equal(rule->set_count, 4);
    assert_members(ward, 0, 1, (const uint32_t[]){B_SMOKE});
    assert_members(ward, 2, 1, (const uint32_t[]){B_DOOR});
    assert_members(ward, 3, 1, (const uint32_t[]){B_SMOKE});
    assert_int_equal(trial.ruleset.alarms[ward].memory_count, 3);
    assert_int_equal(trial.ruleset.alarms[ward].window_count, 1);
    assert_int_equal(trial.ruleset.alarms[ward].window_first, 1);
    assert_int_equal(trial.ruleset.window_count, 2);
    bool behind = false;
    for (uint32_t i = rule->op_count; i < rule->op_count + rule->clear_op_count; i++) {
        const struct expr_op *op = &trial.ruleset.ops[rule->op_first + i];
        behind = behind || (op->code == EXPR_LOAD && op->set == 2);
    }
    assert_true(behind);
    assert_dependents(B_DOOR, 1, (const uint32_t[]){ward});
    assert_dependents(B_SMOKE, 1, (const uint32_t[]){ward});
}

/* Either expression may have LIMIT_EXPR_SETS sets, and a rule both. */
static void a_rule_has_the_most_sets_to_raise_and_as_many_to_clear(void **state) {
    (void)state;
    static const char most[] = "any(smoke, smoke, smoke, smoke, smoke, smoke, smoke, smoke, smoke,"
                               " smoke, smoke, smoke, smoke, smoke, smoke, door_contact)";
    trial_place_rule(&trial, TRIAL_KIND(PLACE_DAY_CARE_ROOM), most, CLASS_CARE_FALL);
    trial_clear(&trial, most);
    assert_true(trial_bind(&trial));
    assert_int_equal(trial.ruleset.rules[0].set_count, 2 * LIMIT_EXPR_SETS);
    assert_int_equal(trial.ruleset.points[B_DOOR].serves_emergency, 1); /* of the last set */
    uint32_t ward = trial_alarm(&trial, 0, WARD_B);
    for (uint32_t s = 0; s < 2 * LIMIT_EXPR_SETS; s++) {
        bool last = s % LIMIT_EXPR_SETS == LIMIT_EXPR_SETS - 1;
        assert_members(ward, s, 1, last ? (const uint32_t[]){B_DOOR} : (const uint32_t[]){B_SMOKE});
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define RULESET_TEST(test) cmocka_unit_test_setup_teardown(test, build, tear_down)
        RULESET_TEST(a_point_rule_makes_one_alarm_for_each_point_of_its_kinds),
        RULESET_TEST(a_rule_can_be_narrowed_to_a_place_and_all_below_it),
        RULESET_TEST(a_place_rule_looks_at_the_place_and_all_below_it),
        RULESET_TEST(a_kind_that_one_place_lacks_is_a_note_and_that_all_lack_an_error),
        RULESET_TEST(a_sibling_is_the_one_point_of_its_kind_in_the_same_place),
        RULESET_TEST(a_missing_or_doubtful_sibling_is_an_error_for_each_point),
        RULESET_TEST(the_first_point_of_a_site_may_lack_a_sibling_as_any_other),
        RULESET_TEST(a_rule_for_nothing_in_the_site_is_an_error),
        RULESET_TEST(all_findings_are_counted_when_only_some_have_room),
        RULESET_TEST(a_reading_touches_each_alarm_that_reads_it_once_and_in_order),
        RULESET_TEST(equal_between_clauses_of_different_rules_become_one),
        RULESET_TEST(the_products_own_rules_stand_last_and_cover_the_site),
        RULESET_TEST(a_fault_of_what_a_rule_of_an_emergency_reads_is_high),
        RULESET_TEST(the_first_point_of_a_site_serves_the_emergency_that_reads_it),
        RULESET_TEST(motion_serves_no_emergency_that_does_not_look_at_it),
        RULESET_TEST(a_fault_of_what_serves_an_emergency_is_high),
        RULESET_TEST(a_first_device_without_points_is_lost_nowhere),
        RULESET_TEST(a_fault_of_an_output_that_an_emergency_switches_is_high),
        RULESET_TEST(a_lost_device_is_told_at_the_smallest_place_with_all_its_points),
        RULESET_TEST(a_fire_is_promoted_in_the_smallest_place_that_confirms_it),
        RULESET_TEST(a_promoted_fire_calls_those_of_a_confirmed_one_else_those_of_the_first),
        RULESET_TEST(the_most_places_are_measured),
        RULESET_TEST(a_device_with_nothing_but_the_first_point_is_lost_at_its_place),
        RULESET_TEST(more_between_clauses_than_the_limit_are_an_error),
        RULESET_TEST(more_alarms_than_the_limit_are_an_error),
        RULESET_TEST(alarms_of_the_product_itself_over_the_limit_are_the_last_rules_of_the_site),
        RULESET_TEST(more_bindings_than_the_limit_are_an_error),
        RULESET_TEST(nothing_more_is_found_of_a_rule_that_is_past_a_limit),
        RULESET_TEST(more_windows_than_the_limit_are_an_error),
        RULESET_TEST(an_expression_that_clears_is_bound_behind_the_one_that_raises),
        RULESET_TEST(a_rule_has_the_most_sets_to_raise_and_as_many_to_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
