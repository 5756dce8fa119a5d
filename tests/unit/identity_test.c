/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a memory is of, and who may go on with it when rules or points are others than before. Each
 * test runs a core under one rule, and gives what it remembers to a core under another.
 */
#include <stdlib.h>
#include <string.h>

#include "rules/core.h"
#include "rules/identity.h"
#include "tests/support/cmocka.h"
#include "tests/support/trial.h"

#define S(seconds) ((uint64_t)((seconds)*1e9))

enum { MEMORIES_MAX = 64, POINTS_MAX = 16 };

/* A hall with points of some kinds, in this order; each is itself by its name. */
struct hall {
    const char *points; /* "smoke a, smoke b, button": kind and name */
    const char *raise, *clear;
    double capacity;
    uint64_t raise_after_ns, clear_after_ns;
    enum place_kind each; /* PLACE_KIND_COUNT: for each door contact, instead */
    double area_m2;
    const char *beside; /* points of a second hall, to which the rule applies as well; NULL: none */
};

static struct hall hall_of(const char *points, const char *raise) {
    return (struct hall){.points = points,
                         .raise = raise,
                         .capacity = 30,
                         .each = PLACE_SERVICE_HALL,
                         .area_m2 = 50};
}

static struct hall hall_with_clear(const char *points, const char *raise, const char *clear) {
    struct hall hall = hall_of(points, raise);
    hall.clear = clear;
    return hall;
}

/* The rule is for the door. */
static struct hall door_of(const char *points, const char *raise) {
    struct hall hall = hall_of(points, raise);
    hall.each = PLACE_KIND_COUNT;
    return hall;
}

struct past {
    struct alarm_record record;
    struct memory_record memories[MEMORIES_MAX];
    uint32_t count;
};

static struct trial trial;
static void *block;
static struct core *core;
static struct step step;

static const struct {
    char letter;
    enum point_kind kind;
} kinds[] = {{'s', POINT_SMOKE},        {'h', POINT_HEAT},       {'d', POINT_DOOR_CONTACT},
             {'i', POINT_PEOPLE_IN},    {'o', POINT_PEOPLE_OUT}, {'t', POINT_TEMPERATURE},
             {'r', POINT_ACCESS_READER}};

static enum point_kind kind_of(char letter) {
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].letter == letter) {
            return kinds[i].kind;
        }
    }
    fail_msg("no kind %c", letter);
    return POINT_KIND_COUNT;
}

/* "s1 s2 d7": points by the letter of their kind and a digit that is their name. */
static void hall_points(uint32_t hall, const char *points) {
    for (const char *at = points; *at != '\0'; at += at[2] == ' ' ? 3 : 2) {
        uint32_t point = trial_point(&trial, hall, 0, kind_of(at[0]));
        trial.points[point].identity = (uint64_t)(unsigned char)at[0] << 8 | (unsigned char)at[1];
    }
}

static uint32_t point_named(const char *name) {
    uint64_t identity = (uint64_t)(unsigned char)name[0] << 8 | (unsigned char)name[1];
    for (uint32_t i = 0; i < trial.ruleset.point_count; i++) {
        if (trial.points[i].identity == identity) {
            return i;
        }
    }
    fail_msg("no point %s", name);
    return 0;
}

static void take(struct input input) {
    core_step(core, &input, &step);
    core_check(core);
}

static void begin(struct hall hall, double at_s) {
    trial_init(&trial, 0, 1);
    (void)trial_place(&trial, RULESET_NONE, PLACE_SERVICE_HALL);
    trial.places[0].capacity = hall.capacity;
    trial.places[0].area_m2 = hall.area_m2;
    (void)trial_device(&trial, 0);
    hall_points(0, hall.points);
    if (hall.beside != NULL) {
        hall_points(trial_place(&trial, RULESET_NONE, PLACE_SERVICE_HALL), hall.beside);
    }
    bool doors = hall.each == PLACE_KIND_COUNT;
    struct ruleset_draft_rule *rule =
        doors
            ? trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), hall.raise, CLASS_DOOR_HELD)
            : trial_place_rule(&trial, TRIAL_KIND(PLACE_SERVICE_HALL), hall.raise, CLASS_DOOR_HELD);
    rule->raise_after_ns = hall.raise_after_ns;
    rule->clear_after_ns = hall.clear_after_ns;
    if (hall.clear != NULL) {
        trial_clear(&trial, hall.clear);
    }
    assert_true(trial_bind(&trial));
    size_t size = core_size(&trial.ruleset);
    block = aligned_alloc(64, (size + 63) / 64 * 64);
    step.events = malloc(core_events_max(&trial.ruleset) * sizeof *step.events);
    assert_non_null(block);
    assert_non_null(step.events);
    core = core_init(block, &trial.ruleset, (struct instant){S(at_s)});
}

static int leave(void **state) {
    (void)state;
    free(block);
    free(step.events);
    block = NULL;
    step.events = NULL;
    trial_deinit(&trial);
    return 0;
}

static void start(double at_s) {
    take((struct input){.at = {S(at_s)}, .kind = INPUT_START, .state = TRUTH_TRUE});
}

static void read_point(double at_s, const char *name, double value) {
    take((struct input){.at = {S(at_s)},
                        .kind = INPUT_READING,
                        .reading = {.point = point_named(name), .value = value}});
}

static void tick(double at_s) {
    take((struct input){.at = {S(at_s)}, .kind = INPUT_TICK});
}

static bool raised(void) {
    return core_alarm(core, 0)->axes.active;
}

static struct past remember(double at_s) {
    struct past past = {.count = trial.ruleset.alarms[0].memory_count};
    assert_true(past.count <= MEMORIES_MAX);
    core_record(core, 0, (struct instant){S(at_s)}, &past.record);
    core_record_memories(core, 0, (struct instant){S(at_s)}, past.memories);
    return past;
}

/* The site is reloaded at `at_s`: the hall, as it is now, gets the past that the former one had. */
static struct core_kept reload(struct hall hall, double at_s) {
    struct past past = remember(at_s);
    (void)leave(NULL);
    begin(hall, at_s);
    struct core_kept kept =
        core_restore(core, 0, &past.record, past.memories, past.count, (struct instant){S(at_s)});
    start(at_s);
    return kept;
}

static void assert_kept(struct core_kept is, uint32_t kept, uint32_t anew, uint32_t dropped) {
    assert_int_equal(is.kept, kept);
    assert_int_equal(is.anew, anew);
    assert_int_equal(is.dropped, dropped);
}

/* The identities of the hall's only alarm, in the order in which its memories stand. */
static uint32_t identities(struct hall hall, struct identity ret[MEMORIES_MAX]) {
    struct identity_walk walk;
    uint32_t count = 0;
    begin(hall, 0);
    identity_begin(&walk, &trial.ruleset, 0);
    while (identity_next(&walk, &ret[count])) {
        count++;
        assert_true(count < MEMORIES_MAX);
    }
    assert_int_equal(count, trial.ruleset.alarms[0].memory_count);
    (void)leave(NULL);
    return count;
}

static uint64_t condition_of(struct hall hall) {
    begin(hall, 0);
    uint64_t identity = identity_of_condition(&trial.ruleset, 0);
    (void)leave(NULL);
    return identity;
}

/* --- what is the same, and what is not --- */

/* Both halls with one memory each, of the last operation that has one. */
static bool same(struct hall one, struct hall other) {
    struct identity is[MEMORIES_MAX], was[MEMORIES_MAX];
    uint32_t count = identities(one, is);
    uint32_t others = identities(other, was);
    assert_true(count > 0 && others > 0);
    return is[count - 1].digest == was[others - 1].digest;
}

static void a_memory_is_of_its_operand_whatever_its_own_duration(void **state) {
    static const struct {
        const char *one, *other;
        bool same;
    } rows[] = {
        {"held(any(smoke), 10 s)", "held(any(smoke), 20 min)", true},
        {"within(any(smoke), 10 s)", "within(any(smoke), 1 s)", true},
        {"within(any(smoke), 10 s)", "any(heat) or within(any(smoke), 10 s)", true},
        {"since(any(smoke)) > 10 s", "since(any(smoke)) > 5 min", true},
        {"held(any(smoke, heat), 10 s)", "held(any(heat, smoke), 10 s)", true},
        {"held(max(temperature) > 30 °C, 10 s)", "held(max(temperature) > 31 °C, 10 s)", false},
        {"held(max(temperature) > 30 °C, 10 s)", "held(max(temperature) >= 30 °C, 10 s)", false},
        {"held(max(temperature) > 30 °C, 10 s)", "held(min(temperature) > 30 °C, 10 s)", false},
        {"held(max(temperature) > 30 °C, 10 s)", "held(max(temperature) > -30 °C, 10 s)", false},
        {"held(sum(people_in) - count(smoke) > 3, 10 s)",
         "held(count(smoke) - sum(people_in) > 3, 10 s)", false},
        {"held(any(smoke), 10 s)", "within(any(smoke), 10 s)", false},
        {"held(any(smoke), 10 s)", "held(all(smoke), 10 s)", false},
        {"held(any(smoke), 10 s)", "held(any(heat), 10 s)", false},
        {"held(any(smoke), 10 s)", "held(not any(smoke), 10 s)", false},
        {"held(any(smoke) and open, 10 s)", "held(any(smoke) and closed, 10 s)", false},
        {"held(any(smoke) and open, 10 s)", "held(any(smoke) or open, 10 s)", false},
        {"held(any(smoke) and open, 10 s)", "held(any(smoke) and weekday, 10 s)", false},
        {"held(between 22:00 and 06:00, 10 s)", "held(between 22:00 and 06:30, 10 s)", false},
        {"held(between 22:00 and 06:00, 10 s)", "held(between 21:00 and 06:00, 10 s)", false},
        {"held(within(any(smoke), 5 s), 10 s)", "held(within(any(smoke), 6 s), 10 s)", false},
        {"held(held(any(smoke), 5 s), 10 s)", "held(held(any(smoke), 6 s), 10 s)", false},
        {"held(any(held(smoke, 5 s)), 10 s)", "held(any(held(smoke, 6 s)), 10 s)", false},
        {"held(avg(max(temperature), 1 h) > 3 °C, 10 s)",
         "held(avg(max(temperature), 2 h) > 3 °C, 10 s)", false},
        {"held(avg(max(temperature), 1 h) > 3 °C, 10 s)",
         "held(max(max(temperature), 1 h) > 3 °C, 10 s)", false},
        {"held(sum(people_in) > capacity, 10 s)", "held(sum(people_in) > 30, 10 s)", false},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct hall one = hall_of("s1 s2 h1 i1 t1", rows[i].one);
        const struct hall other = hall_of("s1 s2 h1 i1 t1", rows[i].other);
        if (same(one, other) != rows[i].same) {
            fail_msg("%s / %s", rows[i].one, rows[i].other);
        }
    }
}

static void a_memory_of_one_point_is_of_that_point_and_of_how_it_is_asked(void **state) {
    static const struct {
        const char *one, *other;
        bool same;
    } rows[] = {
        {"held(value, 10 s)", "held(value, 1 s)", true},
        {"held(value, 10 s)", "held(smoke, 10 s)", false},
        {"held(age > 30 s, 10 s)", "held(age > 31 s, 10 s)", false},
        {"held(quality == good, 10 s)", "held(quality == good, 1 min)", true},
        {"held(quality == good, 10 s)", "held(quality == stale, 10 s)", false},
        {"held(quality == good, 10 s)", "held(quality != good, 10 s)", false},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct hall one = door_of("s1 d1", rows[i].one);
        const struct hall other = door_of("s1 d1", rows[i].other);
        if (same(one, other) != rows[i].same) {
            fail_msg("%s / %s", rows[i].one, rows[i].other);
        }
    }
}

/* A door that may have been opened with a card, or in spite of one. */
static void a_memory_of_a_card_is_of_its_reader_and_of_what_was_said_to_it(void **state) {
    (void)state;
    const struct hall granted =
        door_of("d1 r1", "value and not within(access_reader == granted, 6 s)");
    struct hall other = granted;
    other.raise = "value and not within(access_reader == granted, 9 s)";
    assert_true(same(granted, other));
    assert_int_not_equal(condition_of(granted), condition_of(other));
    other.raise = "value and not within(access_reader == denied, 6 s)";
    assert_false(same(granted, other));
    other = granted;
    other.points = "d1 r2";
    assert_false(same(granted, other));
}

static void a_place_with_another_capacity_or_area_is_asked_something_else(void **state) {
    (void)state;
    struct hall hall = hall_of("i1", "held(sum(people_in) > capacity, 10 s)");
    struct hall fuller = hall, wider = hall;
    fuller.capacity = 40;
    wider.area_m2 = 60;
    assert_false(same(hall, fuller));
    assert_true(same(hall, wider));
    hall.raise = fuller.raise = wider.raise = "held(sum(people_in) > 3 and area > 55 m2, 10 s)";
    assert_true(same(hall, fuller));
    assert_false(same(hall, wider));
}

static void an_aggregate_is_of_just_its_points_in_any_order(void **state) {
    (void)state;
    const struct hall hall = hall_of("s1 s2", "held(any(smoke), 10 s)");
    struct hall other = hall;
    other.points = "s2 s1";
    assert_true(same(hall, other));
    other.points = "h7 s2 s1"; /* one more of another kind moves all indexes and is no part of it */
    assert_true(same(hall, other));
    other.points = "s1 s3";
    assert_false(same(hall, other));
    other.points = "s1";
    assert_false(same(hall, other));
    other.points = "s1 s2 s3";
    assert_false(same(hall, other));
}

/* A rule for every hall looks for smoke in one that has no detector of it: nothing is true there. */
static void a_hall_without_any_such_point_has_a_past_as_well(void **state) {
    (void)state;
    struct hall hall = hall_of("h1", "held(any(smoke) or any(heat), 10 s)");
    hall.beside = "s1";
    struct hall other = hall;
    other.beside = "s2";
    assert_true(same(hall, other));
    other = hall;
    other.points = "h1 s3";
    assert_false(same(hall, other));
    other.points = "h2";
    assert_false(same(hall, other));
}

/* Whoever changes what comes out makes every gateway forget once, and has to want it. */
static void the_identity_of_an_expression_is_the_same_in_every_build(void **state) {
    const struct hall hall = hall_of(
        "s1 s2 i1", "count(within(smoke, 60 s)) >= 2 or held(sum(people_in) > capacity, 5 min) or "
                    "since(any(smoke) and between 22:00 and 06:00) < 1 h");
    static const struct identity pinned[] = {
        {0xaa8bb7611033fc2a, EXPR_MEMORY_WITHIN},  {0xd8d7f23fa4647a63, EXPR_MEMORY_WITHIN},
        {0xdc997f3ed1087db4, EXPR_MEMORY_COUNTED}, {0x11819e06bcba731b, EXPR_MEMORY_HELD},
        {0x91192978b3297440, EXPR_MEMORY_SINCE},
    };
    struct identity is[MEMORIES_MAX];
    (void)state;
    assert_int_equal(identities(hall, is), sizeof pinned / sizeof pinned[0]);
    for (unsigned i = 0; i < sizeof pinned / sizeof pinned[0]; i++) {
        assert_int_equal(is[i].kind, pinned[i].kind);
        assert_int_equal(is[i].digest, pinned[i].digest);
    }
    assert_int_equal(condition_of(hall), 0xcecfef0f2bf04ce4);
}

static void the_condition_is_all_that_raises_and_clears_with_every_duration(void **state) {
    const struct hall hall = hall_with_clear("s1 h1", "any(smoke)", "not any(smoke)");
    const char *const raises[] = {"any(heat)", "within(any(smoke), 5 s)",
                                  "within(any(smoke), 6 s)"};
    const char *const clears[] = {"not any(heat)", "held(not any(smoke), 5 s)", NULL};
    uint64_t seen[8] = {condition_of(hall)};
    unsigned count = 1;
    (void)state;
    assert_int_equal(condition_of(hall), seen[0]);
    for (unsigned i = 0; i < 3; i++) {
        struct hall other = hall;
        other.raise = raises[i];
        seen[count++] = condition_of(other);
        other = hall;
        other.clear = clears[i];
        seen[count++] = condition_of(other);
    }
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < i; j++) {
            assert_int_not_equal(seen[i], seen[j]);
        }
    }
    begin(hall, 0);
    assert_int_equal(
        identity_of_condition(&trial.ruleset, trial_builtin(&trial, BUILTIN_STORAGE, 0)), 0);
    (void)leave(NULL);
}

/* The shortest condition is a single operation, and is one as well, wherever it stands. */
static void conditions_of_one_word_are_told_apart(void **state) {
    const char *const words[] = {"open", "closed", "weekday"};
    enum { WORDS = sizeof words / sizeof words[0] };
    uint64_t seen[2 * WORDS];
    (void)state;
    for (unsigned i = 0; i < WORDS; i++) {
        struct hall hall = hall_of("s1", words[i]);
        seen[i] = condition_of(hall);
        hall.raise = "any(smoke)";
        hall.clear = words[i];
        seen[WORDS + i] = condition_of(hall);
    }
    for (unsigned i = 0; i < 2 * WORDS; i++) {
        assert_int_not_equal(seen[i], 0);
        for (unsigned j = 0; j < i; j++) {
            assert_int_not_equal(seen[i], seen[j]);
        }
    }
}

/* --- who goes on with what --- */

static void a_changed_operand_begins_anew(void **state) {
    (void)state;
    begin(hall_of("s1 h1 t1", "held(max(temperature) > 20 °C, 10 s)"), 0);
    start(0);
    read_point(1, "t1", 25);
    struct core_kept kept = reload(hall_of("s1 h1 t1", "held(max(temperature) > 24 °C, 10 s)"), 9);
    assert_kept(kept, 0, 1, 1);
    assert_int_equal(kept.anew_kinds, 1u << EXPR_MEMORY_HELD);
    read_point(9, "t1", 25);
    tick(18.999999999);
    assert_false(raised());
    tick(19);
    assert_true(raised());
}

static void a_changed_duration_keeps_the_past(void **state) {
    (void)state;
    begin(hall_of("s1", "held(any(smoke), 10 s)"), 0);
    start(0);
    read_point(1, "s1", 1);
    assert_kept(reload(hall_of("s1", "held(any(smoke), 12 s)"), 9), 1, 0, 0);
    read_point(9, "s1", 1);
    tick(12.999999999);
    assert_false(raised());
    tick(13);
    assert_true(raised());
}

static void what_moved_in_the_expression_is_found_again(void **state) {
    (void)state;
    begin(hall_of("s1 s2 h1", "count(within(smoke, 60 s), within(heat, 60 s)) >= 2"), 0);
    start(0);
    read_point(0, "s1", 0);
    read_point(0, "s2", 0);
    read_point(0, "h1", 0);
    read_point(1, "s2", 1);
    read_point(2, "s2", 0);
    assert_kept(
        reload(hall_of("h1 s2 s1", "count(within(heat, 60 s), within(smoke, 60 s)) >= 2"), 9), 3, 0,
        0);
    read_point(9, "s1", 0);
    read_point(9, "s2", 0);
    read_point(9, "h1", 0);
    assert_false(raised());
    read_point(61.999999999, "h1", 1);
    assert_true(raised()); /* s2 at 2 s, and heat now */
}

static void a_past_is_not_another_members(void **state) {
    (void)state;
    begin(hall_of("s1 s2", "all(within(smoke, 60 s))"), 0);
    start(0);
    read_point(0, "s1", 1);
    read_point(0, "s2", 0);
    read_point(1, "s1", 0);
    /* s1 is gone, s2 stands where it stood: it was never on. */
    assert_kept(reload(hall_of("s2 s3", "all(within(smoke, 60 s))"), 2), 1, 1, 1);
    read_point(2, "s2", 0);
    read_point(2, "s3", 1);
    assert_false(raised());
    read_point(3, "s2", 1);
    assert_true(raised());
}

static const char over_capacity[] = "sum(people_in) - sum(people_out) > capacity";

/* In at 1 are 100 and out 60, of which 3 and 1 came before: the counters are what they are. */
static void people_come(void) {
    start(0);
    read_point(0, "i1", 100);
    read_point(0, "i2", 7);
    read_point(0, "o1", 60);
    read_point(1, "i1", 135);
    read_point(1, "i2", 10);
    read_point(1, "o1", 61);
    assert_true(raised()); /* 35 + 3 - 1 > 30 */
}

static void counters_keep_their_levels_when_one_is_added(void **state) {
    (void)state;
    begin(hall_of("i1 i2 o1", over_capacity), 0);
    people_come();
    struct core_kept kept = reload(hall_of("i0 i1 i2 o1 o2", over_capacity), 2);
    assert_kept(kept, 3, 2, 0);
    assert_int_equal(kept.anew_kinds, 1u << EXPR_MEMORY_COUNTED);
    assert_true(raised());
    read_point(2, "i1", 135);
    read_point(2, "i2", 10);
    read_point(2, "o1", 61);
    read_point(2, "i0", 4000);
    read_point(2, "o2", 3000);
    assert_true(raised());
    read_point(3, "o2", 3006);
    assert_true(raised()); /* 37 - 6 = 31 */
    read_point(4, "o2", 3007);
    assert_false(raised());
}

static void counters_keep_their_levels_when_one_is_taken_out(void **state) {
    (void)state;
    begin(hall_of("i1 i2 o1", over_capacity), 0);
    people_come();
    assert_kept(reload(hall_of("i1 o1", over_capacity), 2), 2, 0, 1);
    read_point(2, "i1", 135);
    read_point(2, "o1", 64);
    assert_true(raised()); /* 35 - 4 */
    read_point(3, "o1", 65);
    assert_false(raised());
}

/* Nothing that is left has moved: what nobody goes on with is told of all the same. */
static void the_last_of_the_counters_is_not_dropped_in_silence(void **state) {
    (void)state;
    begin(hall_of("i1 i2", "sum(people_in) > 30"), 0);
    start(0);
    read_point(0, "i1", 100);
    read_point(0, "i2", 7);
    assert_kept(reload(hall_of("i1", "sum(people_in) > 30"), 2), 1, 0, 1);
}

static void a_renamed_counter_is_another_one(void **state) {
    (void)state;
    begin(hall_of("i1 i2 o1", over_capacity), 0);
    people_come();
    assert_kept(reload(hall_of("i9 i2 o1", over_capacity), 2), 2, 1, 1);
    read_point(2, "i2", 10);
    read_point(2, "o1", 61);
    assert_true(raised()); /* nobody knows yet */
    read_point(2, "i9", 135);
    assert_false(raised());
}

static void a_clear_that_is_added_counts_as_what_raises_does(void **state) {
    (void)state;
    begin(hall_of("i1 i2 o1", over_capacity), 0);
    people_come();
    assert_kept(
        reload(hall_with_clear("i1 i2 o1", over_capacity, "sum(people_in) - sum(people_out) < 25"),
               2),
        6, 0, 0);
    read_point(2, "i1", 135);
    read_point(2, "i2", 10);
    read_point(2, "o1", 73);
    assert_true(raised()); /* 25 left, by both counts */
    read_point(3, "o1", 74);
    assert_false(raised());
    /* And it may go again: what it remembered, what raises still does. */
    assert_kept(reload(hall_of("i1 i2 o1", over_capacity), 4), 3, 0, 0);
}

/* What raises goes on from either of two equal counts, and only what neither is of is dropped. */
static void what_neither_raises_nor_clears_any_more_is_dropped(void **state) {
    (void)state;
    begin(hall_with_clear("i1 i2 o1", over_capacity, "sum(people_in) - sum(people_out) < 25"), 0);
    people_come();
    assert_kept(reload(hall_with_clear("i1 o1 o2", over_capacity, "sum(people_in) < 25"), 2), 3, 1,
                2);
}

static void records_without_an_identity_are_nobodys(void **state) {
    (void)state;
    const struct hall hall = hall_of("i1 i2 o1", over_capacity);
    begin(hall, 0);
    people_come();
    struct past past = remember(2);
    for (uint32_t i = 0; i < past.count; i++) {
        past.memories[i].identity = 0;
    }
    (void)leave(NULL);
    begin(hall, 2);
    assert_kept(
        core_restore(core, 0, &past.record, past.memories, past.count, (struct instant){S(2)}), 0,
        3, 3);
}

/* Both sides of "in order": none recorded, fewer, more, and every order of four. */
static void every_order_of_records_is_restored_alike(void **state) {
    const struct hall hall = hall_of("i1 i2 i3 i4", "sum(people_in) > 9");
    (void)state;
    begin(hall, 0);
    start(0);
    read_point(0, "i1", 10);
    read_point(0, "i2", 20);
    read_point(0, "i3", 30);
    read_point(0, "i4", 40);
    struct past past = remember(1);
    assert_int_equal(past.count, 4);
    for (unsigned order = 0; order < 256; order++) {
        unsigned at[] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3};
        struct memory_record records[4];
        struct memory_record is[4];
        for (unsigned i = 0; i < 4; i++) {
            records[i] = past.memories[at[i]];
        }
        for (uint32_t count = 0; count <= 4; count++) {
            struct memory_record given[4];
            uint32_t there = 0;
            memcpy(given, records, sizeof given);
            for (uint32_t i = 0; i < count; i++) {
                there |= 1u << at[i];
            }
            uint32_t kinds_there = (there & 1) + (there >> 1 & 1) + (there >> 2 & 1) + (there >> 3);
            core = core_init(block, &trial.ruleset, (struct instant){S(1)});
            assert_kept(core_restore(core, 0, &past.record, given, count, (struct instant){S(1)}),
                        kinds_there, 4 - kinds_there, 0);
            core_record_memories(core, 0, (struct instant){S(1)}, is);
            for (unsigned i = 0; i < 4; i++) {
                struct memory_record fresh = {.identity = past.memories[i].identity,
                                              .true_age_ns = UINT64_MAX,
                                              .unknown_age_ns = UINT64_MAX};
                const struct memory_record *want =
                    (there >> i & 1) != 0 ? &past.memories[i] : &fresh;
                assert_memory_equal(&is[i], want, sizeof is[i]);
            }
        }
    }
}

/* … nor does it matter how many there are: each reloading may have turned all of them round. */
static void many_records_are_found_in_whatever_order_they_come(void **state) {
    enum { COUNT = 13 };
    static const char points[] = "i1 i2 i3 i4 i5 i6 i7 i8 i9 ia ib ic id";
    (void)state;
    begin(hall_of(points, "sum(people_in) > 9"), 0);
    start(0);
    for (unsigned i = 0; i < COUNT; i++) {
        const char name[] = {points[3 * i], points[3 * i + 1], '\0'};
        read_point(0, name, 10 + i);
    }
    struct past past = remember(1);
    assert_int_equal(past.count, COUNT);
    for (unsigned stride = 1; stride < COUNT; stride++) {
        for (unsigned first = 0; first < COUNT; first++) {
            struct memory_record given[COUNT], is[COUNT];
            for (unsigned i = 0; i < COUNT; i++) {
                given[i] = past.memories[(first + i * stride) % COUNT];
            }
            core = core_init(block, &trial.ruleset, (struct instant){S(1)});
            assert_kept(core_restore(core, 0, &past.record, given, COUNT, (struct instant){S(1)}),
                        COUNT, 0, 0);
            core_record_memories(core, 0, (struct instant){S(1)}, is);
            assert_memory_equal(is, past.memories, sizeof is);
        }
    }
}

static void a_delay_goes_on_only_with_its_own_condition(void **state) {
    (void)state;
    struct hall hall = hall_of("t1", "max(temperature) > 20 °C");
    hall.raise_after_ns = S(10);
    struct hall other = hall;
    begin(hall, 0);
    start(0);
    read_point(1, "t1", 25);
    assert_false(reload(hall, 9).delay_ended);
    read_point(9, "t1", 25);
    tick(10.999999999);
    assert_false(raised());
    tick(11);
    assert_true(raised());
    (void)leave(NULL);

    begin(hall, 0);
    start(0);
    read_point(1, "t1", 25);
    other.raise = "max(temperature) > 24 °C";
    assert_true(reload(other, 9).delay_ended);
    read_point(9, "t1", 25);
    tick(18.999999999);
    assert_false(raised());
    tick(19);
    assert_true(raised());
    assert_false(reload(hall, 20).delay_ended); /* none ran */
    assert_true(raised());                      /* and what was raised stays */
}

/* What was about to be over by another condition is not over sooner by this one. */
static void a_delay_of_clearing_goes_on_only_with_its_own_condition(void **state) {
    (void)state;
    struct hall hall = hall_of("t1", "max(temperature) > 20 °C");
    hall.clear_after_ns = S(10);
    struct hall other = hall;
    other.raise = "max(temperature) > 18 °C";
    begin(hall, 0);
    start(0);
    read_point(1, "t1", 25);
    read_point(2, "t1", 15);
    assert_true(reload(other, 9).delay_ended);
    read_point(9, "t1", 15);
    tick(18.999999999);
    assert_true(raised());
    tick(19);
    assert_false(raised());
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define IDENTITY_TEST(test) cmocka_unit_test_teardown(test, leave)
        cmocka_unit_test(a_memory_is_of_its_operand_whatever_its_own_duration),
        cmocka_unit_test(a_memory_of_one_point_is_of_that_point_and_of_how_it_is_asked),
        cmocka_unit_test(a_memory_of_a_card_is_of_its_reader_and_of_what_was_said_to_it),
        cmocka_unit_test(a_place_with_another_capacity_or_area_is_asked_something_else),
        cmocka_unit_test(an_aggregate_is_of_just_its_points_in_any_order),
        cmocka_unit_test(a_hall_without_any_such_point_has_a_past_as_well),
        cmocka_unit_test(the_identity_of_an_expression_is_the_same_in_every_build),
        cmocka_unit_test(the_condition_is_all_that_raises_and_clears_with_every_duration),
        cmocka_unit_test(conditions_of_one_word_are_told_apart),
        IDENTITY_TEST(a_changed_operand_begins_anew),
        IDENTITY_TEST(a_changed_duration_keeps_the_past),
        IDENTITY_TEST(what_moved_in_the_expression_is_found_again),
        IDENTITY_TEST(a_past_is_not_another_members),
        IDENTITY_TEST(counters_keep_their_levels_when_one_is_added),
        IDENTITY_TEST(counters_keep_their_levels_when_one_is_taken_out),
        IDENTITY_TEST(the_last_of_the_counters_is_not_dropped_in_silence),
        IDENTITY_TEST(a_renamed_counter_is_another_one),
        IDENTITY_TEST(a_clear_that_is_added_counts_as_what_raises_does),
        IDENTITY_TEST(what_neither_raises_nor_clears_any_more_is_dropped),
        IDENTITY_TEST(records_without_an_identity_are_nobodys),
        IDENTITY_TEST(every_order_of_records_is_restored_alike),
        IDENTITY_TEST(many_records_are_found_in_whatever_order_they_come),
        IDENTITY_TEST(a_delay_goes_on_only_with_its_own_condition),
        IDENTITY_TEST(a_delay_of_clearing_goes_on_only_with_its_own_condition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
