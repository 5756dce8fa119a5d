/* SPDX-License-Identifier: Apache-2.0 */
/* Life is seeded, stays in bounds, and never presses a button. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sensors/sim/sim_life.h"

enum {
    DINING,
    BATH,
    HALL,
    PLACES,
};

enum {
    MOTION,
    OTHER_MOTION,
    PRESENCE,
    EMPTY_PRESENCE,
    IN,
    OUT,
    COUNT,
    TEMPERATURE,
    STEADY,
    BUTTON,
    MAINS,
    POINTS,
};

static const struct sim_place_conf places[PLACES] = {{"dining"}, {"bath"}, {"hall"}};

static const struct sim_point_conf points[POINTS] = {
    [MOTION] = {.id = "dining/motion", .place = DINING, .kind = POINT_MOTION},
    [OTHER_MOTION] = {.id = "bath/motion", .place = BATH, .kind = POINT_MOTION},
    [PRESENCE] = {.id = "dining/presence", .place = DINING, .kind = POINT_PRESENCE},
    [EMPTY_PRESENCE] = {.id = "bath/presence", .place = BATH, .kind = POINT_PRESENCE},
    [IN] = {.id = "hall/in", .place = HALL, .kind = POINT_PEOPLE_IN},
    [OUT] = {.id = "hall/out", .place = HALL, .kind = POINT_PEOPLE_OUT},
    [COUNT] = {.id = "hall/count", .place = HALL, .kind = POINT_OCCUPANCY_COUNT},
    [TEMPERATURE] = {.id = "dining/temperature", .place = DINING, .kind = POINT_TEMPERATURE},
    [STEADY] = {.id = "bath/temperature", .place = BATH, .kind = POINT_TEMPERATURE},
    [BUTTON] = {.id = "dining/button", .place = DINING, .kind = POINT_EMERGENCY_BUTTON},
    [MAINS] = {.id = "hall/mains", .place = HALL, .kind = POINT_MAINS_POWER},
};

static const struct sim_people_conf people[] = {{DINING, 6}, {HALL, 20}};
static const struct sim_climate_conf climate[] = {{DINING, POINT_TEMPERATURE, 22.5}};

static struct sim_conf conf_of(uint64_t seed) {
    return (struct sim_conf){
        .places = places,
        .place_count = PLACES,
        .points = points,
        .point_count = POINTS,
        .story = {.speed = 1,
                  .seed = seed,
                  .people = people,
                  .people_count = 2,
                  .climate = climate,
                  .climate_count = 1},
    };
}

static void the_same_seed_gives_the_same_evening_and_another_does_not(void **state) {
    (void)state;
    struct sim_conf conf = conf_of(7), other_conf = conf_of(8);
    struct sim_life *life, *twin, *other;
    assert_int_equal(sim_life_new(&conf, &life), 0);
    assert_int_equal(sim_life_new(&conf, &twin), 0);
    assert_int_equal(sim_life_new(&other_conf, &other), 0);
    int different = 0;
    for (int step = 0; step < 600; step++) {
        sim_life_step(life);
        sim_life_step(twin);
        sim_life_step(other);
        for (uint32_t p = 0; p < POINTS; p++) {
            assert_true(sim_life_value(life, p) == sim_life_value(twin, p));
            different += sim_life_value(life, p) != sim_life_value(other, p);
        }
    }
    assert_true(different > 0);
    sim_life_free(life);
    sim_life_free(twin);
    sim_life_free(other);
}

static void an_hour_of_life_stays_plausible(void **state) {
    (void)state;
    struct sim_conf conf = conf_of(7);
    struct sim_life *life;
    assert_int_equal(sim_life_new(&conf, &life), 0);
    assert_true(sim_life_value(life, TEMPERATURE) == 22.5);
    assert_true(sim_life_value(life, COUNT) == 20);
    int moved = 0, rested = 0, came = 0;
    double in = sim_life_value(life, IN), out = sim_life_value(life, OUT);
    for (int step = 0; step < 3600; step++) {
        sim_life_step(life);
        /* Counters only count up, and agree with the people who are there. */
        assert_true(sim_life_value(life, IN) >= in && sim_life_value(life, OUT) >= out);
        came += sim_life_value(life, IN) > in;
        in = sim_life_value(life, IN);
        out = sim_life_value(life, OUT);
        assert_true(in - out == sim_life_value(life, COUNT));
        assert_in_range((uint64_t)sim_life_value(life, COUNT), 0, 30);
        moved += sim_life_value(life, MOTION) == 1;
        rested += sim_life_value(life, MOTION) == 0;
        assert_true(fabs(sim_life_value(life, TEMPERATURE) - 22.5) < 1.5);
        /* Nobody was put into the bath, and nothing that calls for help happens by itself. */
        assert_true(sim_life_value(life, OTHER_MOTION) == 0);
        assert_true(sim_life_value(life, EMPTY_PRESENCE) == 0);
        assert_true(sim_life_value(life, BUTTON) == 0);
        assert_true(sim_life_value(life, MAINS) == 1);
        assert_true(sim_life_value(life, STEADY) == 21.5);
    }
    assert_true(moved > 100 && rested > 100 && came > 10); /* the walk was not vacuous */
    assert_true(sim_life_value(life, TEMPERATURE) != 22.5);
    sim_life_free(life);
}

static void presence_holds_while_somebody_is_there(void **state) {
    (void)state;
    struct sim_conf conf = conf_of(7);
    struct sim_life *life;
    assert_int_equal(sim_life_new(&conf, &life), 0);
    assert_true(sim_life_value(life, PRESENCE) == 1);
    sim_life_free(life);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_evening_and_another_does_not),
        cmocka_unit_test(an_hour_of_life_stays_plausible),
        cmocka_unit_test(presence_holds_while_somebody_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
