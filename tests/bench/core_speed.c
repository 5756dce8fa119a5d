/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How fast the core decides, and how much it keeps
 *
 *     core_speed [SECONDS]
 *
 * The site is rooms of ten points of ten kinds, a hundred points a device. The rules are those of
 * the example site, each for one room, dealt out over the rooms. Readings go round all points:
 *
 *     changing   every reading has another value than the one before
 *     mostly     one in ten has; the others are what was read already
 *
 * Each line is one site. A reading is 20 µs after the one before, and the core gets the ticks that
 * it asks for within the time that is measured. For `reached` all readings are of the same ten
 * rooms, each with one rule, however many rules the other rooms have.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rules/core.h"

enum { KINDS = 10, DEVICE_POINTS = 100, EXAMPLES = 13, REACHED_ROOMS = 10 };

#define READING_NS 20000ull

static const enum point_kind kinds[KINDS] = {
    POINT_EMERGENCY_BUTTON,
    POINT_SMOKE,
    POINT_HEAT,
    POINT_DOOR_CONTACT,
    POINT_ACCESS_READER,
    POINT_REQUEST_TO_EXIT,
    POINT_PRESENCE,
    POINT_PEOPLE_IN,
    POINT_TEMPERATURE,
    POINT_CO2,
};

static const struct example {
    enum expr_each each;
    enum point_kind kind;
    enum alarm_class class;
    uint64_t raise_after_s;
    const char *raise, *clear;
} examples[EXAMPLES] = {
    {EXPR_EACH_POINT, POINT_EMERGENCY_BUTTON, CLASS_CALL_EMERGENCY, 0, "value", NULL},
    {EXPR_EACH_POINT, POINT_SMOKE, CLASS_FIRE_ALARM, 0, "value", NULL},
    {EXPR_EACH_POINT, POINT_HEAT, CLASS_FIRE_ALARM, 0, "value", NULL},
    {EXPR_EACH_PLACE, POINT_SMOKE, CLASS_FIRE_CONFIRMED, 0,
     "count(within(smoke, 60 s), within(heat, 60 s)) >= 2", NULL},
    {EXPR_EACH_PLACE, POINT_PRESENCE, CLASS_CARE_OVERSTAY, 0, "held(any(presence), 30 min)", NULL},
    {EXPR_EACH_PLACE, POINT_PRESENCE, CLASS_CARE_INACTIVITY, 0,
     "held(open and not any(presence), 2 h)", "any(presence) or closed"},
    {EXPR_EACH_POINT, POINT_DOOR_CONTACT, CLASS_DOOR_FORCED, 0,
     "value and closed and changes(value, 1 s) >= 1 and not within(access_reader == granted, 6 s) and "
     "not within(request_to_exit, 6 s)",
     "not value"},
    {EXPR_EACH_POINT, POINT_DOOR_CONTACT, CLASS_DOOR_HELD, 30, "value and closed", NULL},
    {EXPR_EACH_PLACE, POINT_PRESENCE, CLASS_INTRUSION, 0,
     "between 22:30 and 05:30 and changes(any(presence), 1 min) >= 2", NULL},
    {EXPR_EACH_PLACE, POINT_PEOPLE_IN, CLASS_SPACE_OVER_CAPACITY, 30,
     "sum(people_in) > capacity * 1.1", "sum(people_in) <= capacity"},
    {EXPR_EACH_POINT, POINT_CO2, CLASS_SPACE_CLIMATE, 0, "avg(value, 10 min) > 1200 ppm",
     "avg(value, 10 min) < 1000 ppm"},
    {EXPR_EACH_POINT, POINT_TEMPERATURE, CLASS_SPACE_CLIMATE, 600, "open and value < 18 °C",
     "value > 19 °C"},
    {EXPR_EACH_POINT, POINT_ACCESS_READER, CLASS_ACCESS_DENIED_BURST, 0,
     "changes(value == denied, 1 min) >= 3", NULL},
};

struct bench {
    uint32_t rooms, room_points, rules;
    struct ruleset_draft draft;
    struct ruleset ruleset;
    struct ruleset_sizes sizes;
    void *block;
    struct core *core;
    struct step step;
    struct instant now;
    uint64_t events;
};

/* Past the first ten a room has lights: no rule looks at them. */
static enum point_kind kind_of(uint32_t in_room) {
    return in_room < KINDS ? kinds[in_room] : POINT_ILLUMINANCE;
}

static struct expr_program programs[EXAMPLES], clears[EXAMPLES];

static void *array(size_t count, size_t size) {
    void *made = calloc(count + 1, size);
    if (made == NULL) {
        abort();
    }
    return made;
}

static void compile(const char *text, const struct example *example, struct expr_program *ret) {
    const struct expr_scope scope = {
        example->each, example->each == EXPR_EACH_POINT ? UINT64_C(1) << example->kind : 0};
    struct expr_error error;
    if (!expr_compile(text, strlen(text), &scope, ret, &error)) {
        fprintf(stderr, "%s: %s\n", text, error.message);
        exit(1);
    }
}

static void bench_site(struct bench *bench) {
    uint32_t points = bench->rooms * bench->room_points;
    uint32_t devices = (points + DEVICE_POINTS - 1) / DEVICE_POINTS;
    struct ruleset_place *place = array(bench->rooms, sizeof *place);
    struct ruleset_point *point = array(points, sizeof *point);
    for (uint32_t i = 0; i < bench->rooms; i++) {
        place[i] = (struct ruleset_place){.parent = RULESET_NONE,
                                          .end = i + 1,
                                          .point_first = i * bench->room_points,
                                          .point_end = (i + 1) * bench->room_points,
                                          .kind = PLACE_DAY_CARE_ROOM,
                                          .zone = i,
                                          .capacity = 40,
                                          .area_m2 = 30};
    }
    for (uint32_t i = 0; i < points; i++) {
        point[i] = (struct ruleset_point){.place = i / bench->room_points,
                                          .device = i / DEVICE_POINTS,
                                          .kind = (uint16_t)kind_of(i % bench->room_points)};
    }
    struct ruleset_draft_rule *rule = array(bench->rules, sizeof *rule);
    for (uint32_t i = 0; i < bench->rules; i++) {
        const struct example *example = &examples[i % EXAMPLES];
        rule[i] = (struct ruleset_draft_rule){
            .each = example->each,
            .point_kinds = UINT64_C(1) << example->kind,
            .place_kinds = UINT64_C(1) << PLACE_DAY_CARE_ROOM,
            /* The rooms that are reached have a rule each, whatever the others have. */
            .in_place = i < REACHED_ROOMS
                            ? i
                            : REACHED_ROOMS + (i - REACHED_ROOMS) % (bench->rooms - REACHED_ROOMS),
            .program = &programs[i % EXAMPLES],
            .clear = example->clear == NULL ? NULL : &clears[i % EXAMPLES],
            .class = example->class,
            .priority = alarm_class_facts(example->class)->priority,
            .latched = alarm_class_facts(example->class)->latched,
            .raise_after_ns = example->raise_after_s * NS_PER_S,
            .chain = RULESET_NONE,
        };
    }
    bench->draft = (struct ruleset_draft){.places = place,
                                          .points = point,
                                          .devices = array(devices, sizeof(struct ruleset_device)),
                                          .rules = rule,
                                          .place_count = bench->rooms,
                                          .point_count = points,
                                          .device_count = devices,
                                          .calendar_count = 1,
                                          .rule_count = bench->rules,
                                          .times = &alarm_times_default};
}

static void bench_bind(struct bench *bench) {
    struct ruleset_sizes *sizes = &bench->sizes;
    struct ruleset_finding finding;
    if (ruleset_measure(&bench->draft, sizes, &finding, 1) > 0) {
        fprintf(stderr, "finding %d of rule %u\n", (int)finding.kind, (unsigned)finding.rule);
        exit(1);
    }
    const struct ruleset_arrays arrays = {
        .rules = array(sizes->rules, sizeof *arrays.rules),
        .alarms = array(sizes->alarms, sizeof *arrays.alarms),
        .ops = array(sizes->ops, sizeof *arrays.ops),
        .sets = array(sizes->sets, sizeof *arrays.sets),
        .bounds = array(sizes->bounds, sizeof *arrays.bounds),
        .members = array(sizes->members, sizeof *arrays.members),
        .dependent_first = array(bench->draft.point_count + 1, sizeof *arrays.dependent_first),
        .dependents = array(sizes->dependents, sizeof *arrays.dependents),
        .betweens = array(sizes->betweens, sizeof *arrays.betweens),
    };
    ruleset_bind(&bench->draft, sizes, &arrays);
    bench->ruleset = (struct ruleset){
        .places = bench->draft.places,
        .points = bench->draft.points,
        .devices = bench->draft.devices,
        .rules = arrays.rules,
        .alarms = arrays.alarms,
        .ops = arrays.ops,
        .sets = arrays.sets,
        .bounds = arrays.bounds,
        .members = arrays.members,
        .dependent_first = arrays.dependent_first,
        .dependents = arrays.dependents,
        .betweens = arrays.betweens,
        .times = bench->draft.times,
        .place_count = bench->draft.place_count,
        .point_count = bench->draft.point_count,
        .device_count = bench->draft.device_count,
        .rule_count = sizes->rules,
        .alarm_count = sizes->alarms,
        .op_count = sizes->ops,
        .set_count = sizes->sets,
        .bound_count = sizes->bounds,
        .member_count = sizes->members,
        .dependent_count = sizes->dependents,
        .between_count = sizes->betweens,
        .calendar_count = 1,
        .memory_count = sizes->memories,
        .window_count = sizes->windows,
    };
}

static void bench_step(struct bench *bench, const struct input *input) {
    core_step(bench->core, input, &bench->step);
    bench->events += bench->step.event_count;
}

static void bench_begin(struct bench *bench, uint32_t rooms, uint32_t room_points, uint32_t rules) {
    *bench = (struct bench){.rooms = rooms, .room_points = room_points, .rules = rules};
    bench_site(bench);
    bench_bind(bench);
    size_t size = core_size(&bench->ruleset);
    bench->block = aligned_alloc(64, (size + 63) / 64 * 64);
    bench->step.events = array(core_events_max(&bench->ruleset), sizeof *bench->step.events);
    if (bench->block == NULL) {
        abort();
    }
    bench->now = (struct instant){NS_PER_S};
    bench->core = core_init(bench->block, &bench->ruleset, bench->now);
    bench_step(bench, &(struct input){.at = bench->now, .kind = INPUT_START});
}

static void bench_end(struct bench *bench) {
    free(bench->step.events);
    free(bench->block);
    free((void *)bench->draft.places);
    free((void *)bench->draft.points);
    free((void *)bench->draft.devices);
    free((void *)bench->draft.rules);
    free((void *)bench->ruleset.rules);
    free((void *)bench->ruleset.alarms);
    free((void *)bench->ruleset.ops);
    free((void *)bench->ruleset.sets);
    free((void *)bench->ruleset.bounds);
    free((void *)bench->ruleset.members);
    free((void *)bench->ruleset.dependent_first);
    free((void *)bench->ruleset.dependents);
    free((void *)bench->ruleset.betweens);
}

/* What a point of `kind` reads in round `round`: truths turn, quantities wander, counters count. */
static double value_of(enum point_kind kind, uint64_t round) {
    switch (point_kind_facts(kind)->form) {
    case POINT_FORM_COUNTER:
        return (double)round;
    case POINT_FORM_NUMBER:
        return kind == POINT_CO2 ? 600 + (double)(round * 37 % 400) : 20 + (double)(round % 7) / 4;
    case POINT_FORM_TRUTH:
    case POINT_FORM_EVENT:
    case POINT_FORM_OUTPUT:
        break;
    }
    return (double)(round & 1);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Readings per second of processor time; each value stands for `hold` rounds over the points. */
static double bench_run(struct bench *bench, uint32_t points, uint64_t hold, double for_s) {
    uint64_t readings = 0;
    uint64_t round = 0;
    double begin = seconds();
    double spent = 0;
    struct input input = {.kind = INPUT_READING, .reading = {.quality = QUALITY_GOOD}};
    for (; spent < for_s; round++) {
        for (uint32_t p = 0; p < points; p++) {
            bench->now.ns += READING_NS;
            while (core_deadline(bench->core).ns <= bench->now.ns) {
                bench_step(bench,
                           &(struct input){.at = core_deadline(bench->core), .kind = INPUT_TICK});
            }
            input.at = bench->now;
            input.reading.point = p;
            /* Not all points change in the same round. */
            input.reading.value =
                value_of(kind_of(p % bench->room_points), (round + p / bench->room_points) / hold);
            bench_step(bench, &input);
        }
        readings += points;
        spent = seconds() - begin;
    }
    return (double)readings / spent;
}

/* The time of a tick at which nothing is due. */
static double bench_tick_ns(struct bench *bench) {
    enum { TICKS = 200000 };
    double begin = seconds();
    for (uint32_t i = 0; i < TICKS; i++) {
        bench_step(bench, &(struct input){.at = bench->now, .kind = INPUT_TICK});
    }
    return (seconds() - begin) * 1e9 / TICKS;
}

static void bench_speed(uint32_t rooms, uint32_t room_points, uint32_t rules, double for_s) {
    struct bench bench;
    bench_begin(&bench, rooms, room_points, rules);
    uint32_t points = rooms * room_points;
    double changing = bench_run(&bench, points, 1, for_s);
    double mostly = bench_run(&bench, points, 10, for_s);
    printf(
        "core_speed points=%u rules=%u alarms=%u changing_per_s=%.2fM mostly_same_per_s=%.2fM tick_ns=%.0f "
        "events=%llu\n",
        (unsigned)points, (unsigned)rules, (unsigned)bench.ruleset.alarm_count, changing / 1e6,
        mostly / 1e6, bench_tick_ns(&bench), (unsigned long long)bench.events);
    bench_end(&bench);
}

static void bench_reached(uint32_t rules, double for_s) {
    struct bench bench;
    bench_begin(&bench, 1000, KINDS, rules);
    double rate = bench_run(&bench, REACHED_ROOMS * KINDS, 1, for_s);
    printf("core_reached rules=%u reading_ns=%.0f tick_ns=%.0f\n", (unsigned)rules, 1e9 / rate,
           bench_tick_ns(&bench));
    bench_end(&bench);
}

static void bench_memory(uint32_t rooms) {
    struct bench bench;
    bench_begin(&bench, rooms, KINDS, 0);
    size_t size = core_size(&bench.ruleset);
    printf("core_memory points=%u bytes_per_point=%.0f (aim <= 200)\n", (unsigned)(rooms * KINDS),
           (double)size / (rooms * KINDS));
    bench_end(&bench);
}

int main(int argc, char **argv) {
    double for_s = argc > 1 ? atof(argv[1]) : 1;
    for (unsigned i = 0; i < EXAMPLES; i++) {
        compile(examples[i].raise, &examples[i], &programs[i]);
        if (examples[i].clear != NULL) {
            compile(examples[i].clear, &examples[i], &clears[i]);
        }
    }
    bench_speed(1000, KINDS, 1000, for_s);
    bench_speed(4000, 25, 1000, for_s);
    for (uint32_t rules = 10; rules <= 10000; rules *= 10) {
        bench_reached(rules, for_s);
    }
    bench_memory(1000);
    return 0;
}
