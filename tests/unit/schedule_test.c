/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Schedules, on a clock of the test's own. A small loop plays a bus: each device answers after a
 * millisecond or is silent until its time-out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "sensors/schedule.h"

enum { DEVICES_MAX = 32 };

struct bus {
    struct schedule schedule;
    struct schedule_entry entries[DEVICES_MAX];
    uint64_t now_ns;
    bool dead[DEVICES_MAX];
    uint64_t timeout_ns;
    uint64_t answers[DEVICES_MAX];
    uint64_t polls[DEVICES_MAX];
    uint64_t dead_ns; /* spent waiting for dead devices that are lost already */
};

static void bus_init(struct bus *bus, uint32_t count, uint64_t period_ns, uint64_t timeout_ns) {
    *bus = (struct bus){.timeout_ns = timeout_ns};
    for (uint32_t i = 0; i < count; i++) {
        bus->entries[i].period_ns = period_ns;
    }
    schedule_init(&bus->schedule, bus->entries, count, 0);
}

static void bus_run(struct bus *bus, uint64_t until_ns) {
    for (;;) {
        uint64_t due_ns;
        uint32_t next = schedule_next(&bus->schedule, &due_ns);
        if (due_ns > until_ns || bus->now_ns > until_ns) {
            return;
        }
        uint64_t began_ns = bus->now_ns > due_ns ? bus->now_ns : due_ns;
        bus->polls[next]++;
        if (bus->dead[next]) {
            bus->now_ns = began_ns + bus->timeout_ns;
            bus->dead_ns += bus->entries[next].lost ? bus->timeout_ns : 0;
            (void)schedule_missed(&bus->schedule, next, began_ns, bus->now_ns);
        } else {
            bus->now_ns = began_ns + NS_PER_MS;
            bus->answers[next]++;
            schedule_answered(&bus->schedule, next, bus->now_ns);
        }
    }
}

static void polls_lie_on_an_absolute_timeline(void **state) {
    (void)state;
    struct bus bus;
    bus_init(&bus, 1, 100 * NS_PER_MS, NS_PER_S);
    bus_run(&bus, 1000 * 100 * NS_PER_MS - 1);
    assert_int_equal(bus.answers[0], 1000); /* each took a millisecond, and none moved the next */
    assert_int_equal(bus.entries[0].due_ns, 1000 * 100 * NS_PER_MS);
    assert_int_equal(bus.entries[0].skipped, 0);
}

static void slots_that_passed_are_skipped_and_counted_not_caught_up(void **state) {
    (void)state;
    struct schedule_entry entry = {.period_ns = 100};
    struct schedule schedule;
    schedule_init(&schedule, &entry, 1, 0);
    schedule_answered(&schedule, 0, 350);
    assert_int_equal(entry.due_ns, 400);
    assert_int_equal(entry.skipped, 3);
    schedule_answered(&schedule, 0, 500); /* exactly at the next slot: that one is past too */
    assert_int_equal(entry.due_ns, 600);
    assert_int_equal(entry.skipped, 4);
}

static void devices_of_one_period_share_their_slots_whenever_they_began(void **state) {
    (void)state;
    struct schedule_entry early = {.period_ns = 100}, late = {.period_ns = 100};
    struct schedule schedules[2];
    schedule_init(&schedules[0], &early, 1, 1230);
    schedule_init(&schedules[1], &late, 1, 1271);
    assert_int_equal(early.due_ns, 1230); /* the first poll is at once */
    schedule_answered(&schedules[0], 0, 1231);
    schedule_answered(&schedules[1], 0, 1272);
    assert_int_equal(early.due_ns, 1300);
    assert_int_equal(late.due_ns, 1300);
    assert_int_equal(early.skipped + late.skipped, 0);
}

static void the_earliest_is_served_first_and_equals_by_index(void **state) {
    (void)state;
    struct schedule_entry entries[3] = {{.period_ns = 50}, {.period_ns = 20}, {.period_ns = 20}};
    struct schedule schedule;
    schedule_init(&schedule, entries, 3, 0);
    uint64_t due_ns;
    const uint32_t want[] = {0, 1, 2, 1, 2, 1, 2, 0};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        uint32_t next = schedule_next(&schedule, &due_ns);
        assert_int_equal(next, want[i]);
        schedule_answered(&schedule, next, due_ns);
    }
}

static void a_device_is_lost_after_three_misses_and_a_second(void **state) {
    (void)state;
    struct schedule_entry entry = {.period_ns = 100 * NS_PER_MS};
    struct schedule schedule;
    schedule_init(&schedule, &entry, 1, 0);
    for (uint64_t ms = 100; ms < 1000; ms += 100) { /* refused at once: ten in a second */
        assert_false(schedule_missed(&schedule, 0, ms * NS_PER_MS, ms * NS_PER_MS));
    }
    assert_true(schedule_missed(&schedule, 0, NS_PER_S, NS_PER_S));
    assert_false(schedule_missed(&schedule, 0, 2 * NS_PER_S, 2 * NS_PER_S)); /* told once */

    entry = (struct schedule_entry){.period_ns = 2 * NS_PER_S};
    schedule_init(&schedule, &entry, 1, 0);
    assert_false(schedule_missed(&schedule, 0, 0, 5 * NS_PER_S));
    assert_false(schedule_missed(&schedule, 0, 6 * NS_PER_S, 7 * NS_PER_S));
    assert_true(schedule_missed(&schedule, 0, 8 * NS_PER_S, 9 * NS_PER_S));
}

static void one_miss_is_forgiven_at_the_next_slot(void **state) {
    (void)state;
    struct schedule_entry entry = {.period_ns = 100};
    struct schedule schedule;
    schedule_init(&schedule, &entry, 1, 0);
    assert_false(schedule_missed(&schedule, 0, 0, 50));
    assert_int_equal(entry.due_ns, 100);
    schedule_answered(&schedule, 0, 101);
    assert_int_equal(entry.misses, 0);
}

static void a_lone_devices_back_off_doubles_to_five_seconds(void **state) {
    (void)state;
    struct schedule_entry entry = {.period_ns = 100 * NS_PER_MS};
    struct schedule schedule;
    schedule_init(&schedule, &entry, 1, 0);
    uint64_t now_ns = 2 * NS_PER_S;
    for (int i = 0; i < SCHEDULE_MISSES; i++) {
        (void)schedule_missed(&schedule, 0, now_ns, now_ns);
    }
    const uint64_t want_ms[] = {500, 1000, 2000, 4000, 5000, 5000};
    for (size_t i = 0; i < sizeof want_ms / sizeof *want_ms; i++) {
        uint64_t due_ns;
        (void)schedule_next(&schedule, &due_ns);
        assert_int_equal(due_ns - now_ns, want_ms[i] * NS_PER_MS);
        now_ns = due_ns;
        (void)schedule_missed(&schedule, 0, now_ns, now_ns);
    }
    schedule_answered(&schedule, 0, now_ns);
    assert_true(entry.due_ns > now_ns && entry.due_ns <= now_ns + 100 * NS_PER_MS);
    assert_false(entry.lost);
}

/* Once they are given up, dead devices take at most a tenth of the line, however many they are. */
static void dead_devices_cost_the_living_at_most_a_tenth(void **state) {
    (void)state;
    for (uint32_t dead = 1; dead <= 31; dead += 10) {
        struct bus bus;
        bus_init(&bus, 32, 500 * NS_PER_MS, NS_PER_S);
        for (uint32_t i = 0; i < dead; i++) {
            bus.dead[i] = true;
        }
        bus_run(&bus, 200 * NS_PER_S); /* all of them are given up */
        uint64_t lost_from_ns = bus.now_ns;
        bus.dead_ns = 0;
        bus_run(&bus, lost_from_ns + 1000 * NS_PER_S);
        assert_true(bus.dead_ns * 10 <= 1010 * NS_PER_S);
        assert_true(bus.dead_ns > 0); /* and they are still tried */
        for (uint32_t i = 0; i < dead; i++) {
            assert_true(bus.entries[i].lost);
        }
    }
}

static void a_device_that_is_back_is_found_within_the_back_off(void **state) {
    (void)state;
    struct bus bus;
    bus_init(&bus, 8, 500 * NS_PER_MS, NS_PER_S);
    bus.dead[3] = true;
    bus_run(&bus, 300 * NS_PER_S);
    assert_true(bus.entries[3].lost);
    bus.dead[3] = false;
    bus_run(&bus, 331 * NS_PER_S);
    assert_false(bus.entries[3].lost);
    uint64_t answers = bus.answers[3];
    bus_run(&bus, 341 * NS_PER_S);
    assert_int_equal(bus.answers[3] - answers, 20); /* and has its own pace again */
}

static void a_prompted_device_is_due_at_once(void **state) {
    (void)state;
    struct bus bus;
    bus_init(&bus, 2, 500 * NS_PER_MS, NS_PER_S);
    bus.dead[0] = bus.dead[1] = true;
    bus_run(&bus, 300 * NS_PER_S);
    schedule_prompt(&bus.schedule, 1, bus.now_ns);
    uint64_t due_ns;
    assert_int_equal(schedule_next(&bus.schedule, &due_ns), 1);
    assert_true(due_ns <= bus.now_ns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(polls_lie_on_an_absolute_timeline),
        cmocka_unit_test(slots_that_passed_are_skipped_and_counted_not_caught_up),
        cmocka_unit_test(devices_of_one_period_share_their_slots_whenever_they_began),
        cmocka_unit_test(the_earliest_is_served_first_and_equals_by_index),
        cmocka_unit_test(a_device_is_lost_after_three_misses_and_a_second),
        cmocka_unit_test(one_miss_is_forgiven_at_the_next_slot),
        cmocka_unit_test(a_lone_devices_back_off_doubles_to_five_seconds),
        cmocka_unit_test(dead_devices_cost_the_living_at_most_a_tenth),
        cmocka_unit_test(a_device_that_is_back_is_found_within_the_back_off),
        cmocka_unit_test(a_prompted_device_is_due_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
