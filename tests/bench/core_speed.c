/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How fast the core decides, and how much it keeps
 *
 *     core_speed [SECONDS]
 *
 * The site is buildings of ten rooms of sixteen points, one of each kind that the example site's
 * rules look at and a lamp or a siren for their chains, a hundred points a device. Every device and
 * point has a longest silence. The rules are those of deploy/example/rules.yaml, word by word
 * (tests/bench/run compares them), with their chains; what differs is where they are:
 *
 *     dealt     each rule is for one room (a fire is confirmed for one building), dealt out in turn
 *     all       the thirteen rules are for every room and every building
 *
 * Readings go round all points but the outputs, 100 us apart (each is polled
 * once a second), and the core gets the ticks that it
 * asks for within the time that is measured. How often a value is another than the one before:
 *
 *     changing      every time: no site is like that, it is the worst that can be
 *     one in ten    every tenth time
 *     by kind       motion, presence, counters and doors one in 20 to 50, measured values one in 4,
 *                   what calls and detects fire one in 10,000
 *
 * A card reader says something only when there is something to say, granted and denied by turns.
 *
 * Beside each speed stands that of a loop in the same run that does nothing but make the same
 * readings, keep them and compare them with those before: what is left is the core's.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rules/core.h"

enum {
    ROOM_KINDS = 16,
    SENSED_KINDS = 15, /* of them: the last is an output */
    BUILDING_ROOMS = 10,
    DEVICE_POINTS = 100,
    EXAMPLES = 13,
    CHAINS = 3,
    STEPS = 6,
    GROWTHS = 4, /* 10, 100, 1,000 and 10,000 rules */
    GROWTH_TURNS = 20,
    REACHED_ROOMS = 10,
};

#define READING_NS        100000ull
#define DEVICE_SILENCE_NS (60 * NS_PER_S)
#define POINT_SILENCE_NS  (600 * NS_PER_S)

#define KIND(kind)        ((point_kind_set)1 << POINT_##kind)

/* What stands in a room, and in how many readings `by kind` a value is another. */
static const struct room_kind {
    enum point_kind kind;
    uint32_t one_in;
} room_kinds[SENSED_KINDS] = {
    {POINT_EMERGENCY_BUTTON, 10000},
    {POINT_PULL_CORD, 10000},
    {POINT_SMOKE, 10000},
    {POINT_HEAT, 10000},
    {POINT_MANUAL_CALL_POINT, 10000},
    {POINT_FIRE_PANEL_FAULT, 10000},
    {POINT_PRESENCE, 20},
    {POINT_MOTION, 20},
    {POINT_DOOR_CONTACT, 50},
    {POINT_ACCESS_READER, 50},
    {POINT_REQUEST_TO_EXIT, 50},
    {POINT_PEOPLE_IN, 20},
    {POINT_PEOPLE_OUT, 20},
    {POINT_CO2, 4},
    {POINT_TEMPERATURE, 4},
};

enum chain_name { CARE_CALL, FIRE, FIRE_CONFIRMED };

static const struct ruleset_chain chains[CHAINS] = {
    [CARE_CALL] = {0, 3},
    [FIRE] = {3, 2},
    [FIRE_CONFIRMED] = {5, 1},
};

static const struct chain_step steps[STEPS] = {
    {.to = CHAIN_TO_ROLE,
     .receiver = ROLE_CAREGIVER,
     .reach = CHAIN_REACH_OWN,
     .outputs = KIND(CALL_LAMP),
     .webhook = CHAIN_NO_WEBHOOK},
    {.after_ns = 60 * NS_PER_S, .to = CHAIN_TO_SHIFT, .webhook = CHAIN_NO_WEBHOOK},
    {.after_ns = 180 * NS_PER_S, .to = CHAIN_TO_ROLE, .receiver = ROLE_MANAGER},
    {.to = CHAIN_TO_EVERYONE,
     .reach = CHAIN_REACH_ZONE,
     .outputs = KIND(SOUNDER),
     .webhook = CHAIN_NO_WEBHOOK},
    {.after_ns = 15 * NS_PER_S,
     .to = CHAIN_TO_ROLE,
     .receiver = ROLE_SECURITY,
     .webhook = CHAIN_NO_WEBHOOK},
    {.to = CHAIN_TO_EVERYONE,
     .reach = CHAIN_REACH_SITE,
     .outputs = KIND(SOUNDER) | KIND(DOOR_RELEASE),
     .webhook = CHAIN_NO_WEBHOOK},
};

/* Security is to be reached always. */
static const uint64_t listener_shifts[] = {0};

/* The rules of the example site. One `each: place` is for rooms, and with `building` for those. */
static const struct example {
    const char *raise, *clear;
    point_kind_set points; /* each point; 0: each place */
    uint64_t raise_after_s;
    enum alarm_class class;
    uint32_t chain;
    bool building;
} examples[EXAMPLES] = {
    {"value", NULL, KIND(EMERGENCY_BUTTON), 0, CLASS_CALL_EMERGENCY, CARE_CALL, false},
    {"value", NULL, KIND(PULL_CORD), 0, CLASS_CALL_BATHROOM, CARE_CALL, false},
    {"value", NULL, KIND(SMOKE) | KIND(HEAT) | KIND(MANUAL_CALL_POINT), 0, CLASS_FIRE_ALARM, FIRE,
     false},
    {"count(within(smoke, 60 s), within(heat, 60 s)) >= 2 or any(manual_call_point)", NULL, 0, 0,
     CLASS_FIRE_CONFIRMED, FIRE_CONFIRMED, true},
    {"value", NULL, KIND(FIRE_PANEL_FAULT), 0, CLASS_FIRE_FAULT, RULESET_NONE, false},
    {"held(any(presence), 30 min)", NULL, 0, 0, CLASS_CARE_OVERSTAY, CARE_CALL, false},
    {"held(open and not any(motion), 2 h)", "any(motion) or closed", 0, 0, CLASS_CARE_INACTIVITY,
     RULESET_NONE, false},
    {"value and held(closed, 1 s) and changes(value, 1 s) >= 1 and "
     "not within(access_reader == granted, 6 s) and not within(request_to_exit, 6 s)",
     "not value", KIND(DOOR_CONTACT), 0, CLASS_DOOR_FORCED, RULESET_NONE, false},
    {"value and closed", NULL, KIND(DOOR_CONTACT), 30, CLASS_DOOR_HELD, RULESET_NONE, false},
    {"between 22:30 and 05:30 and changes(any(motion), 1 min) >= 2", NULL, 0, 0, CLASS_INTRUSION,
     RULESET_NONE, false},
    {"sum(people_in) - sum(people_out) > capacity * 1.1",
     "sum(people_in) - sum(people_out) <= capacity", 0, 30, CLASS_SPACE_OVER_CAPACITY, RULESET_NONE,
     false},
    {"avg(value, 10 min) > 1200 ppm", "avg(value, 10 min) < 1000 ppm", KIND(CO2), 0,
     CLASS_SPACE_CLIMATE, RULESET_NONE, false},
    {"open and value < 18 °C", "value > 19 °C", KIND(TEMPERATURE), 600, CLASS_SPACE_CLIMATE,
     RULESET_NONE, false},
};

/* What the next readings of a point are. */
struct source {
    enum point_kind kind;
    uint32_t period; /* every so many readings its value is another */
    uint32_t left;   /* readings up to the next one that is */
    uint32_t turn;   /* how many there were */
    double value;
};

/* What the bare loop keeps of a point. */
struct kept {
    double value;
    struct instant heard;
    uint8_t quality;
};

/* Where the rules of the example stand. */
enum spread { DEALT, ALL };

/* How often values are others. */
enum pace { CHANGING, ONE_IN_TEN, BY_KIND, PACE_COUNT };

static const char *const pace_names[PACE_COUNT] = {"changing", "one_in_ten", "by_kind"};

struct bench {
    uint32_t rooms, room_points, rules;
    enum spread spread;
    struct ruleset_draft draft;
    struct ruleset ruleset;
    struct ruleset_sizes sizes;
    void *block;
    struct core *core;
    struct step step;
    struct instant now;
    struct source *sources; /* by point */
    struct kept *kept;      /* by point */
    uint64_t events, changes, kept_changes, readings;
};

static struct expr_program programs[EXAMPLES], clears[EXAMPLES];

static void *array(size_t count, size_t size) {
    void *made = calloc(count + 1, size);
    if (made == NULL) {
        abort();
    }
    return made;
}

/* The last of a room's sixteen is its output. Past them a room has lights: no rule looks at them. */
static enum point_kind kind_of(uint32_t room, uint32_t in_room) {
    if (in_room < SENSED_KINDS) {
        return room_kinds[in_room].kind;
    } else if (in_room >= ROOM_KINDS) {
        return POINT_ILLUMINANCE;
    }
    return room % BUILDING_ROOMS == 0   ? POINT_SOUNDER
           : room % BUILDING_ROOMS == 1 ? POINT_DOOR_RELEASE
                                        : POINT_CALL_LAMP;
}

static void compile(const char *text, const struct example *example, struct expr_program *ret) {
    const struct expr_scope scope = {example->points == 0 ? EXPR_EACH_PLACE : EXPR_EACH_POINT,
                                     example->points};
    struct expr_error error;
    if (!expr_compile(text, strlen(text), &scope, ret, &error)) {
        fprintf(stderr, "%s: %s\n", text, error.message);
        exit(1);
    }
}

/* A building stands before its rooms. */
static uint32_t building_place(uint32_t room) {
    return room / BUILDING_ROOMS * (BUILDING_ROOMS + 1);
}

static uint32_t room_place(uint32_t room) {
    return building_place(room) + 1 + room % BUILDING_ROOMS;
}

static void bench_places(const struct bench *bench, struct ruleset_place *places) {
    for (uint32_t room = 0; room < bench->rooms; room++) {
        uint32_t building = building_place(room);
        uint32_t first = room * bench->room_points;
        if (room % BUILDING_ROOMS == 0) {
            uint32_t end =
                room + BUILDING_ROOMS < bench->rooms ? room + BUILDING_ROOMS : bench->rooms;
            places[building] = (struct ruleset_place){.parent = RULESET_NONE,
                                                      .end = building + 1 + (end - room),
                                                      .point_first = first,
                                                      .point_end = end * bench->room_points,
                                                      .kind = PLACE_SERVICE_CENTRE,
                                                      .calendar = 1,
                                                      .zone = building,
                                                      .capacity = -1,
                                                      .area_m2 = -1};
        }
        places[room_place(room)] = (struct ruleset_place){.parent = building,
                                                          .end = room_place(room) + 1,
                                                          .point_first = first,
                                                          .point_end = first + bench->room_points,
                                                          .kind = PLACE_DAY_CARE_ROOM,
                                                          .calendar = 1,
                                                          .zone = building,
                                                          .capacity = 40,
                                                          .area_m2 = 30};
    }
}

static void bench_points(const struct bench *bench, struct ruleset_point *points) {
    for (uint32_t i = 0; i < bench->rooms * bench->room_points; i++) {
        uint32_t room = i / bench->room_points;
        enum point_kind kind = kind_of(room, i % bench->room_points);
        points[i] =
            (struct ruleset_point){.place = room_place(room),
                                   .device = i / DEVICE_POINTS,
                                   .kind = (uint16_t)kind,
                                   .serves_emergency = point_kind_facts(kind)->serves_emergency,
                                   .silence_ns = POINT_SILENCE_NS,
                                   .identity = i + 1};
    }
}

static struct ruleset_draft_rule bench_rule(const struct bench *bench, uint32_t i) {
    const struct example *example = &examples[i % EXAMPLES];
    /* The rooms that are reached have a rule each, whatever the others have. */
    uint32_t room = i < REACHED_ROOMS
                        ? i
                        : REACHED_ROOMS + (i - REACHED_ROOMS) % (bench->rooms - REACHED_ROOMS);
    uint32_t place = example->building ? building_place(room) : room_place(room);
    return (struct ruleset_draft_rule){
        .each = example->points == 0 ? EXPR_EACH_PLACE : EXPR_EACH_POINT,
        .point_kinds = example->points,
        .place_kinds = UINT64_C(1)
                       << (example->building ? PLACE_SERVICE_CENTRE : PLACE_DAY_CARE_ROOM),
        .in_place = bench->spread == ALL ? RULESET_NONE : place,
        .program = &programs[i % EXAMPLES],
        .clear = example->clear == NULL ? NULL : &clears[i % EXAMPLES],
        .class = example->class,
        .priority = alarm_class_facts(example->class)->priority,
        .latched = alarm_class_facts(example->class)->latched,
        .raise_after_ns = example->raise_after_s * NS_PER_S,
        .chain = example->chain,
    };
}

static void bench_site(struct bench *bench) {
    uint32_t points = bench->rooms * bench->room_points;
    uint32_t places = bench->rooms + (bench->rooms + BUILDING_ROOMS - 1) / BUILDING_ROOMS;
    uint32_t devices = (points + DEVICE_POINTS - 1) / DEVICE_POINTS;
    struct ruleset_place *place = array(places, sizeof *place);
    struct ruleset_point *point = array(points, sizeof *point);
    struct ruleset_device *device = array(devices, sizeof *device);
    struct ruleset_draft_rule *rule = array(bench->rules, sizeof *rule);
    bench_places(bench, place);
    bench_points(bench, point);
    for (uint32_t i = 0; i < devices; i++) {
        device[i] = (struct ruleset_device){.silence_ns = DEVICE_SILENCE_NS, .serves_emergency = 1};
    }
    for (uint32_t i = 0; i < bench->rules; i++) {
        rule[i] = bench_rule(bench, i);
    }
    bench->draft = (struct ruleset_draft){.places = place,
                                          .points = point,
                                          .devices = device,
                                          .rules = rule,
                                          .place_count = places,
                                          .point_count = points,
                                          .device_count = devices,
                                          .calendar_count = 2,
                                          .listener_count = 1,
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
        .chains = chains,
        .steps = steps,
        .times = bench->draft.times,
        .listener_shifts = listener_shifts,
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
        .calendar_count = 2,
        .chain_count = CHAINS,
        .step_count = STEPS,
        .shift_count = 1,
        .listener_count = 1,
        .memory_count = sizes->memories,
        .window_count = sizes->windows,
    };
}

static void bench_step(struct bench *bench, const struct input *input) {
    core_step(bench->core, input, &bench->step);
    bench->events += bench->step.event_count;
}

/* It is night: the rooms are closed, and what happens there is somebody's business. */
static void bench_begin(struct bench *bench, uint32_t rooms, uint32_t room_points, uint32_t rules,
                        enum spread spread) {
    *bench = (struct bench){
        .rooms = rooms, .room_points = room_points, .rules = rules, .spread = spread};
    bench_site(bench);
    bench_bind(bench);
    size_t size = core_size(&bench->ruleset);
    bench->block = aligned_alloc(64, (size + 63) / 64 * 64);
    bench->step.events = array(core_events_max(&bench->ruleset), sizeof *bench->step.events);
    bench->sources = array(bench->draft.point_count, sizeof *bench->sources);
    bench->kept = array(bench->draft.point_count, sizeof *bench->kept);
    if (bench->block == NULL) {
        abort();
    }
    bench->now = (struct instant){NS_PER_S};
    bench->core = core_init(bench->block, &bench->ruleset, bench->now);
    bench_step(bench, &(struct input){.at = bench->now, .kind = INPUT_START, .state = TRUTH_TRUE});
    bench_step(bench,
               &(struct input){
                   .at = bench->now, .kind = INPUT_CALENDAR, .subject = 1, .state = TRUTH_FALSE});
    bench_step(bench,
               &(struct input){.at = bench->now, .kind = INPUT_BETWEEN, .state = TRUTH_TRUE});
}

static void bench_end(struct bench *bench) {
    free(bench->step.events);
    free(bench->block);
    free(bench->sources);
    free(bench->kept);
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

/* Let the values of every point be others as often as `pace` says; not all in the same round. */
static void bench_pace(struct bench *bench, enum pace pace) {
    for (uint32_t p = 0; p < bench->draft.point_count; p++) {
        uint32_t in_room = p % bench->room_points;
        uint32_t by_kind = in_room < SENSED_KINDS ? room_kinds[in_room].one_in : 4;
        struct source *source = &bench->sources[p];
        source->kind = (enum point_kind)bench->draft.points[p].kind;
        source->period = pace == CHANGING ? 1 : pace == ONE_IN_TEN ? 10 : by_kind;
        source->left = 1 + p * 7 % source->period;
    }
    bench->events = bench->changes = bench->readings = 0;
}

/* The `turn`th value of a point: truths turn, quantities wander, counters count. */
static double value_of(enum point_kind kind, uint32_t turn) {
    switch (point_kind_facts(kind)->form) {
    case POINT_FORM_COUNTER:
        return turn;
    case POINT_FORM_NUMBER:
        return kind == POINT_CO2 ? 600 + (double)(turn * 37 % 400) : 16 + (double)(turn % 7) / 2;
    case POINT_FORM_TRUTH:
    case POINT_FORM_EVENT:
    case POINT_FORM_OUTPUT:
        break;
    }
    return (double)(turn & 1);
}

/* Make the next reading of a point; false if it has none now. */
static bool bench_reading(struct bench *bench, uint32_t point, struct input *input) {
    struct source *source = &bench->sources[point];
    bool turns = --source->left == 0;
    if (turns) {
        source->left = source->period;
        source->value = value_of(source->kind, ++source->turn);
        bench->changes++;
    } else if (source->kind == POINT_ACCESS_READER) {
        return false;
    }
    bench->now.ns += READING_NS;
    bench->readings++;
    input->at = bench->now;
    input->reading.point = point;
    input->reading.value = source->value;
    return true;
}

static bool bench_is_read(const struct bench *bench, uint32_t point) {
    return point % bench->room_points != SENSED_KINDS;
}

/* One round over the first `points` points through the core. */
static void bench_round(struct bench *bench, uint32_t points) {
    struct input input = {.kind = INPUT_READING, .reading = {.quality = QUALITY_GOOD}};
    for (uint32_t p = 0; p < points; p++) {
        if (!bench_is_read(bench, p) || !bench_reading(bench, p, &input)) {
            continue;
        }
        while (core_deadline(bench->core).ns <= bench->now.ns) {
            bench_step(bench,
                       &(struct input){.at = core_deadline(bench->core), .kind = INPUT_TICK});
        }
        bench_step(bench, &input);
    }
}

/* As much of it as has nothing to do with rules. */
static void bench_bare_round(struct bench *bench, uint32_t points) {
    struct input input = {.kind = INPUT_READING, .reading = {.quality = QUALITY_GOOD}};
    for (uint32_t p = 0; p < points; p++) {
        if (!bench_is_read(bench, p) || !bench_reading(bench, p, &input)) {
            continue;
        }
        struct kept *kept = &bench->kept[p];
        if (kept->value != input.reading.value || kept->quality != input.reading.quality) {
            kept->value = input.reading.value;
            kept->quality = input.reading.quality;
            bench->kept_changes++;
        }
        kept->heard = input.at;
    }
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

typedef void (*round_function)(struct bench *bench, uint32_t points);

/* Nanoseconds of processor time for a reading, over rounds that take about `for_s` together. */
static double bench_run(struct bench *bench, round_function round, uint32_t points, double for_s) {
    uint64_t before = bench->readings;
    double begin = seconds();
    double spent = 0;
    while (spent < for_s) {
        for (uint32_t done = 0; done < 10000; done += points) {
            round(bench, points);
        }
        spent = seconds() - begin;
    }
    return spent * 1e9 / (double)(bench->readings - before);
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

static void bench_speed(const char *name, uint32_t rooms, uint32_t room_points, uint32_t rules,
                        enum spread spread, double for_s) {
    struct bench bench;
    bench_begin(&bench, rooms, room_points, rules, spread);
    uint32_t points = bench.draft.point_count;
    for (enum pace pace = CHANGING; pace < PACE_COUNT; pace++) {
        bench_pace(&bench, pace);
        (void)bench_run(&bench, bench_round, points, for_s / 2); /* windows fill */
        bench_pace(&bench, pace);
        double core_ns = bench_run(&bench, bench_round, points, for_s);
        double events = (double)bench.events / (double)bench.readings;
        double changed = (double)bench.changes / (double)bench.readings;
        double bare_ns = bench_run(&bench, bench_bare_round, points, for_s / 4);
        printf("core_speed rules=%s:%u alarms=%u points=%u readings=%s changed=%.1f%% per_s=%.2fM "
               "reading_ns=%.0f bare_ns=%.1f ratio=%.1f events_per_reading=%.4f\n",
               name, (unsigned)rules, (unsigned)bench.ruleset.alarm_count, (unsigned)points,
               pace_names[pace], 100 * changed, 1e3 / core_ns, core_ns, bare_ns, core_ns / bare_ns,
               events);
        (void)fflush(stdout);
    }
    (void)bench_tick_ns(&bench);
    printf("core_tick rules=%s:%u alarms=%u tick_ns=%.0f\n", name, (unsigned)rules,
           (unsigned)bench.ruleset.alarm_count, bench_tick_ns(&bench));
    bench_end(&bench);
}

static int compare_ns(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/*
 * The same ten rooms with a rule each are read, whatever the other rooms have: the four sites by turns,
 * so that a busy machine is busy for all, and the middle of the turns counts.
 */
static void bench_growth(double for_s) {
    static struct bench benches[GROWTHS];
    static double turns_ns[GROWTHS][GROWTH_TURNS];
    uint32_t rules = 10;
    for (unsigned i = 0; i < GROWTHS; i++, rules *= 10) {
        bench_begin(&benches[i], 625, ROOM_KINDS, rules, DEALT);
    }
    for (enum pace pace = CHANGING; pace < PACE_COUNT; pace++) {
        for (unsigned i = 0; i < GROWTHS; i++) {
            bench_pace(&benches[i], pace);
        }
        for (unsigned turn = 0; turn < GROWTH_TURNS; turn++) {
            for (unsigned i = 0; i < GROWTHS; i++) {
                turns_ns[i][turn] = bench_run(&benches[i], bench_round, REACHED_ROOMS * ROOM_KINDS,
                                              for_s / GROWTH_TURNS);
            }
        }
        printf("core_growth readings=%s reading_ns", pace_names[pace]);
        double first_ns = 0;
        for (unsigned i = 0; i < GROWTHS; i++) {
            qsort(turns_ns[i], GROWTH_TURNS, sizeof turns_ns[i][0], compare_ns);
            double middle_ns = turns_ns[i][GROWTH_TURNS / 2];
            first_ns = i == 0 ? middle_ns : first_ns;
            printf(" rules_%u=%.0f", (unsigned)benches[i].rules, middle_ns);
            if (i == GROWTHS - 1) {
                printf(" ratio=%.2f (aim 1)\n", middle_ns / first_ns);
            }
        }
        (void)fflush(stdout);
    }
    for (unsigned i = 0; i < GROWTHS; i++) {
        printf("core_tick rules=dealt:%u alarms=%u tick_ns=%.0f\n", (unsigned)benches[i].rules,
               (unsigned)benches[i].ruleset.alarm_count, bench_tick_ns(&benches[i]));
        bench_end(&benches[i]);
    }
}

static void bench_memory(uint32_t rules) {
    struct bench bench;
    bench_begin(&bench, 625, ROOM_KINDS, rules, DEALT);
    size_t size = core_size(&bench.ruleset) - bench.sizes.windows * sizeof(struct expr_window);
    uint32_t points = bench.draft.point_count;
    printf("core_memory points=%u rules=%u without_windows_bytes_per_point=%.1f (aim <= 200)\n",
           (unsigned)points, (unsigned)rules, (double)size / points);
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
    bench_memory(0);
    bench_memory(1000);
    bench_speed("dealt", 625, ROOM_KINDS, 1000, DEALT, for_s);
    bench_speed("all", 625, ROOM_KINDS, EXAMPLES, ALL, for_s);
    bench_speed("dealt", 3700, 27, 1000, DEALT, for_s);
    bench_growth(for_s);
    return 0;
}
