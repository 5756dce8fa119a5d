/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which outputs a step means. The site:
 *
 *     home      lamp 0             a care centre that confirms fires
 *       floor   lamp 1 sounder 2
 *         room  button 3
 *       bath    lamp 4
 *     yard                         nothing confirms a fire here
 *       shed    smoke 5
 */
#include "rules/reach.h"
#include "tests/support/cmocka.h"
#include "tests/support/trial.h"

#define OUTPUT(point) (UINT32_C(1) << (point))

enum { HOME, FLOOR, ROOM, BATH, YARD, SHED };

static void site_init(struct trial *trial) {
    trial_init(trial, 0, 1);
    trial_place(trial, RULESET_NONE, PLACE_HOME_CARE_CENTRE);
    trial_place(trial, HOME, PLACE_FLOOR);
    trial_place(trial, FLOOR, PLACE_BEDROOM);
    trial_place(trial, HOME, PLACE_BATHROOM);
    trial_place(trial, RULESET_NONE, PLACE_OUTDOOR);
    trial_place(trial, YARD, PLACE_PLANT_ROOM);
    uint32_t device = trial_device(trial, 0);
    trial_point(trial, HOME, device, POINT_CALL_LAMP);
    trial_point(trial, FLOOR, device, POINT_CALL_LAMP);
    trial_point(trial, FLOOR, device, POINT_SOUNDER);
    trial_point(trial, ROOM, device, POINT_EMERGENCY_BUTTON);
    trial_point(trial, BATH, device, POINT_CALL_LAMP);
    trial_point(trial, SHED, device, POINT_SMOKE);
}

static void the_nearest_output_going_up_is_meant_and_all_of_its_place(void **state) {
    (void)state;
    struct trial trial;
    site_init(&trial);
    assert_true(trial_bind(&trial));
    static const struct {
        uint32_t place;
        enum point_kind kind;
        enum chain_reach reach;
        uint32_t outputs; /* a set of points */
    } rows[] = {
        {ROOM, POINT_CALL_LAMP, CHAIN_REACH_OWN, OUTPUT(1)},
        {FLOOR, POINT_CALL_LAMP, CHAIN_REACH_OWN, OUTPUT(1)},
        {BATH, POINT_CALL_LAMP, CHAIN_REACH_OWN, OUTPUT(4)},
        {BATH, POINT_SOUNDER, CHAIN_REACH_OWN, OUTPUT(2)},
        {HOME, POINT_CALL_LAMP, CHAIN_REACH_OWN, OUTPUT(0) | OUTPUT(1) | OUTPUT(4)},
        {SHED, POINT_CALL_LAMP, CHAIN_REACH_OWN, 0},
        {ROOM, POINT_CALL_LAMP, CHAIN_REACH_ZONE, OUTPUT(0) | OUTPUT(1) | OUTPUT(4)},
        {SHED, POINT_CALL_LAMP, CHAIN_REACH_ZONE, 0},
        {SHED, POINT_CALL_LAMP, CHAIN_REACH_SITE, OUTPUT(0) | OUTPUT(1) | OUTPUT(4)},
        {ROOM, POINT_BEACON, CHAIN_REACH_SITE, 0},
        {RULESET_NONE, POINT_CALL_LAMP, CHAIN_REACH_OWN, 0},
        {RULESET_NONE, POINT_CALL_LAMP, CHAIN_REACH_ZONE, 0},
        {RULESET_NONE, POINT_SOUNDER, CHAIN_REACH_SITE, OUTPUT(2)},
    };
    uint32_t room[6];
    struct reach_list list;
    assert_int_equal(reach_count(trial.bound.points, trial.draft.point_count), 4);
    reach_list_init(&list, trial.bound.points, trial.draft.point_count, room);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reach_range range =
            reach_outputs(trial.bound.places, &list, rows[i].place, rows[i].kind, rows[i].reach);
        uint32_t outputs = 0;
        for (uint32_t k = range.first; k < range.end; k++) {
            outputs |= OUTPUT(list.points[k]);
        }
        if (outputs != rows[i].outputs) {
            fail_msg("row %zu: found %x", i, outputs);
        }
    }
    trial_deinit(&trial);
}

static void zones_are(struct trial *trial, const uint32_t wanted[6]) {
    for (uint32_t i = 0; i < 6; i++) {
        trial->places[i].zone = RULESET_NONE;
    }
    reach_zones(&trial->draft, trial->places);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(trial->places[i].zone, wanted[i]);
    }
}

static void a_zone_is_the_smallest_place_that_confirms_a_fire(void **state) {
    (void)state;
    struct trial trial;
    site_init(&trial);
    trial_place_rule(&trial, TRIAL_KIND(PLACE_HOME_CARE_CENTRE), "any(call_lamp)",
                     CLASS_FIRE_CONFIRMED);
    for (uint32_t i = HOME; i <= SHED; i++) {
        trial.places[i].end = (const uint32_t[]){4, 3, 3, 4, 6, 6}[i];
    }
    struct ruleset_draft_rule *rule = &trial.rules[0];
    zones_are(&trial, (const uint32_t[]){HOME, HOME, HOME, HOME, YARD, YARD});
    rule->place_kinds = TRIAL_KIND(PLACE_FLOOR) | TRIAL_KIND(PLACE_PLANT_ROOM);
    zones_are(&trial, (const uint32_t[]){HOME, FLOOR, FLOOR, HOME, YARD, SHED});
    rule->in_place = HOME;
    zones_are(&trial, (const uint32_t[]){HOME, FLOOR, FLOOR, HOME, YARD, YARD});
    rule->in_place = RULESET_NONE;
    rule->each = EXPR_EACH_POINT; /* such as each call point: it makes no zone of its room */
    zones_are(&trial, (const uint32_t[]){HOME, HOME, HOME, HOME, YARD, YARD});
    rule->each = EXPR_EACH_PLACE;
    rule->class = CLASS_FIRE_ALARM;
    zones_are(&trial, (const uint32_t[]){HOME, HOME, HOME, HOME, YARD, YARD});
    trial_deinit(&trial);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_output_going_up_is_meant_and_all_of_its_place),
        cmocka_unit_test(a_zone_is_the_smallest_place_that_confirms_a_fire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
