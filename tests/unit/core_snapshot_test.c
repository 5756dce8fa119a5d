/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A core that is begun in the middle: from a snapshot it goes on as if nothing had been, to the
 * byte; from records and the picture it knows what is so, and says nothing twice.
 *
 * Random inputs, the same on every machine.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "rules/core_state.h"
#include "tests/support/cmocka.h"
#include "tests/support/trial.h"

enum { POINTS = 6, DEVICES = 2, STEPS = 1500, SEEDS = 20 };

static struct trial trial;

static int build(void **state) {
    (void)state;
    trial_init(&trial, 2, 2);
    uint32_t care = trial_place(&trial, RULESET_NONE, PLACE_HOME_CARE_CENTRE);
    uint32_t room = trial_place(&trial, care, PLACE_DAY_CARE_ROOM);
    trial.places[room].calendar = 1;
    uint32_t io = trial_device(&trial, 3 * NS_PER_S);
    uint32_t air = trial_device(&trial, 0);
    (void)trial_point(&trial, room, io, POINT_EMERGENCY_BUTTON);
    (void)trial_point(&trial, room, io, POINT_SMOKE);
    (void)trial_point(&trial, room, io, POINT_HEAT);
    (void)trial_point(&trial, room, io, POINT_DOOR_CONTACT);
    (void)trial_point(&trial, room, io, POINT_ACCESS_READER);
    uint32_t radio = trial_point(&trial, room, air, POINT_TEMPERATURE);
    trial.points[radio].silence_ns = 20 * NS_PER_S;
    trial_point_rule(&trial, TRIAL_KIND(POINT_EMERGENCY_BUTTON), "value", CLASS_CALL_EMERGENCY);
    trial_place_rule(&trial, TRIAL_KIND(PLACE_HOME_CARE_CENTRE),
                     "count(within(smoke, 6 s), within(heat, 6 s)) >= 2", CLASS_FIRE_CONFIRMED);
    trial_point_rule(&trial, TRIAL_KIND(POINT_DOOR_CONTACT), "value and closed", CLASS_DOOR_HELD)
        ->raise_after_ns = 5 * NS_PER_S;
    trial_point_rule(&trial, TRIAL_KIND(POINT_TEMPERATURE),
                     "value > 3 °C and not weekday and between 22:00 and 06:00",
                     CLASS_SPACE_CLIMATE);
    assert_true(trial_bind(&trial));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    trial_deinit(&trial);
    return 0;
}

static void *block_new(int fill) {
    size_t size = core_size(&trial.ruleset);
    void *block = aligned_alloc(64, (size + 63) / 64 * 64);
    assert_non_null(block);
    memset(block, fill, size);
    return block;
}

/* xorshift64*, Vigna 2016: the same numbers everywhere. */
static uint64_t random_next(uint64_t *seed) {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * 2685821657736338717u;
}

static uint32_t random_below(uint64_t *seed, uint32_t bound) {
    return (uint32_t)(random_next(seed) >> 33) % bound;
}

/* Some input, up to two seconds after the one before. */
static void input_next(uint64_t *seed, struct input *input, struct command *command) {
    static const enum input_kind truths[] = {INPUT_DEVICE,    INPUT_CALENDAR,  INPUT_BETWEEN,
                                             INPUT_WEEKDAY,   INPUT_UPLINK,    INPUT_STORAGE,
                                             INPUT_COMPONENT, INPUT_HEARTBEAT, INPUT_CERTIFICATE};
    struct instant at = {input->at.ns + random_below(seed, 2000) * NS_PER_MS};
    memset(input, 0, sizeof *input);
    input->at = at;
    input->wall.ns = (int64_t)at.ns + 1000000;
    uint32_t dice = random_below(seed, 10);
    if (dice < 6) {
        input->kind = INPUT_READING;
        input->reading.point = random_below(seed, POINTS);
        input->reading.value = random_below(seed, input->reading.point == POINTS - 1 ? 7 : 2);
        input->reading.quality = (uint8_t)(random_below(seed, 4) == 0 ? random_below(seed, 5) : 0);
        input->reading.measured.ns = input->wall.ns - 5;
        uint64_t at_ms = at.ns / NS_PER_MS;
        input->age_ns = at_ms % 4 == 0 ? at_ms % 30000 * NS_PER_MS : 0; /* some are given again */
    } else if (dice < 8) {
        input->kind = truths[random_below(seed, sizeof truths / sizeof truths[0])];
        input->subject = random_below(seed, 2);
        input->state = (enum truth)random_below(seed, TRUTH_COUNT);
    } else if (dice < 9) {
        input->kind = INPUT_TICK;
    } else {
        input->kind = INPUT_COMMAND;
        memset(command, 0, sizeof *command);
        command->verb = (enum command_verb)random_below(seed, COMMAND_VERB_COUNT);
        command->alarm = random_below(seed, trial.ruleset.alarm_count);
        strcpy(command->actor, "nurse");
        input->command = command;
    }
}

/* Step and take what was reported as changed, as the engine does. */
static void step(struct core *core, const struct input *input, struct step *ret) {
    uint32_t alarms[8];
    core_step(core, input, ret);
    core_check(core);
    while (core_changed(core, alarms, 8) > 0) {
    }
}

static struct step step_new(void) {
    struct step made = {.events = calloc(core_events_max(&trial.ruleset), sizeof *made.events)};
    assert_non_null(made.events);
    return made;
}

static void snapshots_equal(const struct core *a, const struct core *b) {
    void *one = block_new(0x11);
    void *other = block_new(0x22);
    core_snapshot(a, one);
    core_snapshot(b, other);
    assert_memory_equal(one, other, core_size(&trial.ruleset));
    free(one);
    free(other);
}

/* Live `steps` inputs; whatever is told is counted, so that the walk is not idle. */
static void live(struct core *core, uint64_t *seed, struct input *input, unsigned steps,
                 unsigned *told) {
    struct step made = step_new();
    struct command command;
    for (unsigned i = 0; i < steps; i++) {
        input_next(seed, input, &command);
        step(core, input, &made);
        *told += made.event_count;
    }
    free(made.events);
}

static void a_core_goes_on_from_a_snapshot_as_if_nothing_had_been(void **state) {
    unsigned told = 0, told_again = 0;
    (void)state;
    for (uint64_t first = 1; first <= SEEDS; first++) {
        uint64_t seed = first;
        void *block = block_new(0);
        void *moved = block_new(0xAA);
        struct input input = {.kind = INPUT_START, .state = TRUTH_TRUE};
        struct core *core = core_init(block, &trial.ruleset, (struct instant){0});
        live(core, &seed, &input, (unsigned)first * 37, &told);
        core_snapshot(core, moved);
        struct core *resumed = core_resume(moved, &trial.ruleset);
        snapshots_equal(core, resumed);

        struct step one = step_new();
        struct step other = step_new();
        struct command command;
        for (unsigned i = 0; i < STEPS; i++) {
            input_next(&seed, &input, &command);
            step(core, &input, &one);
            step(resumed, &input, &other);
            assert_int_equal(one.event_count, other.event_count);
            assert_int_equal(one.refusal, other.refusal);
            assert_memory_equal(one.events, other.events, one.event_count * sizeof *one.events);
            assert_int_equal(core_deadline(core).ns, core_deadline(resumed).ns);
            told_again += one.event_count;
        }
        snapshots_equal(core, resumed);
        free(one.events);
        free(other.events);
        free(block);
        free(moved);
    }
    assert_true(told > 100 && told_again > 1000);
}

/* A fresh core with the records and the picture of another. */
static struct core *core_copy(const struct core *core, void *block, struct step *ret_told) {
    const struct ruleset *ruleset = &trial.ruleset;
    struct memory_record memories[16];
    struct input input;
    assert_true(core_picture(core, 0, (struct wall){0}, &input));
    struct core *copy = core_init(block, ruleset, input.at);
    core_restore_clock(copy, core_clock_behind_ns(core, input.at), input.at);
    for (uint32_t i = 0; i < ruleset->alarm_count; i++) {
        struct alarm_record record;
        core_record(core, i, input.at, &record);
        core_record_memories(core, i, input.at, memories);
        (void)core_restore(copy, i, &record, memories, ruleset->alarms[i].memory_count, input.at);
    }
    for (uint32_t i = 0;
         core_picture(core, i, (struct wall){1000000 + (int64_t)input.at.ns}, &input); i++) {
        struct step made = step_new();
        step(copy, &input, &made);
        for (uint32_t e = 0; e < made.event_count; e++) {
            ret_told->events[ret_told->event_count++] = made.events[e];
        }
        free(made.events);
    }
    return copy;
}

static void the_picture_gives_a_fresh_core_what_is_known_and_nothing_is_told_twice(void **state) {
    unsigned told = 0, usable = 0, unusable = 0, open = 0;
    (void)state;
    for (uint64_t first = 1; first <= SEEDS; first++) {
        uint64_t seed = first * 977;
        void *block = block_new(0);
        void *other = block_new(0xAA);
        struct input input = {.kind = INPUT_START, .state = TRUTH_TRUE};
        struct core *core = core_init(block, &trial.ruleset, (struct instant){0});
        struct step copied = step_new();
        step(core, &input, &copied);
        copied.event_count = 0;
        live(core, &seed, &input, 300, &told);
        struct core *copy = core_copy(core, other, &copied);
        for (uint32_t p = 0; p < trial.ruleset.point_count; p++) {
            const struct point_state *is = core_point(copy, p);
            const struct point_state *was = core_point(core, p);
            bool moment = trial.ruleset.points[p].kind == POINT_ACCESS_READER;
            assert_true(moment || is->quality == was->quality);
            bool known = quality_usable((enum quality)is->quality);
            assert_true(moment || !known || is->value == was->value);
            /* What speaks for itself will be missed when it would have been. */
            assert_true(!known || trial.ruleset.points[p].silence_ns == 0 ||
                        is->heard.ns == was->heard.ns);
            usable += known;
        }
        /* A number that nobody can rely on is not given on. */
        for (uint32_t i = 0; core_picture(core, i, (struct wall){0}, &input); i++) {
            bool usable_there = quality_usable((enum quality)input.reading.quality);
            assert_true(usable_there || input.reading.value == 0);
            unusable += !usable_there;
        }
        uint32_t count = core_picture_count(&trial.ruleset);
        assert_true(core_picture(core, count - 1, (struct wall){0}, &input));
        assert_false(core_picture(core, count, (struct wall){0}, &input));
        for (uint32_t a = 0; a < trial.ruleset.alarm_count; a++) {
            assert_int_equal(core_condition(copy, a), core_condition(core, a));
            assert_int_equal(core_alarm(copy, a)->axes.open, core_alarm(core, a)->axes.open);
            open += core_alarm(copy, a)->axes.open;
        }
        assert_int_equal(copied.event_count, 1);
        assert_int_equal(copied.events[0].type, EVENT_SYSTEM_STARTED);
        free(copied.events);
        free(block);
        free(other);
    }
    assert_true(usable > SEEDS && unusable > SEEDS / 2 && open > SEEDS / 2);
}

/*
 * Two fresh cores differ in nothing but the gaps between their arrays, which nobody writes and which
 * are shorter than the alignment that they are there for.
 */
static void what_stood_in_the_block_before_leaves_no_trace(void **state) {
    (void)state;
    enum { ALIGNMENT = _Alignof(max_align_t) };
    size_t size = core_size(&trial.ruleset);
    unsigned char *one = block_new(0xAA);
    unsigned char *other = block_new(0x55);
    unsigned char *kept[2] = {block_new(0), block_new(0)};
    core_snapshot(core_init(one, &trial.ruleset, (struct instant){NS_PER_S}), kept[0]);
    core_snapshot(core_init(other, &trial.ruleset, (struct instant){NS_PER_S}), kept[1]);
    size_t gaps = 0;
    for (size_t i = 0; i < size; i++) {
        size_t begin = i;
        while (i < size && kept[0][i] != kept[1][i]) {
            assert_int_equal(kept[0][i], 0xAA);
            i++;
        }
        gaps += i > begin;
        if (i > begin && (i - begin >= ALIGNMENT || i % ALIGNMENT != 0)) {
            fail_msg("bytes %zu to %zu keep what was there before", begin, i);
        }
    }
    assert_true(gaps > 0);
    free(one);
    free(other);
    free(kept[0]);
    free(kept[1]);
}

/* Who resumes it may be another process, with the same rules at another address. */
static void a_snapshot_says_nothing_of_where_it_was_taken(void **state) {
    (void)state;
    const struct ruleset elsewhere = trial.ruleset;
    void *one = block_new(0xAA);
    void *other = block_new(0xAA);
    snapshots_equal(core_init(one, &trial.ruleset, (struct instant){NS_PER_S}),
                    core_init(other, &elsewhere, (struct instant){NS_PER_S}));
    free(one);
    free(other);
}

/* Of a core that nobody has told anything there is nothing to give on. */
static void a_picture_of_a_fresh_core_knows_nothing(void **state) {
    (void)state;
    void *block = block_new(0xAA);
    struct core *core = core_init(block, &trial.ruleset, (struct instant){0});
    struct input input;
    for (uint32_t i = 0; core_picture(core, i, (struct wall){0}, &input); i++) {
        bool always = input.kind == INPUT_CALENDAR && input.subject == 0; /* it is always open */
        assert_int_equal(input.state, always ? TRUTH_TRUE : TRUTH_UNKNOWN);
        assert_int_not_equal(input.kind, INPUT_READING);
    }
    free(block);
}

/* What lies between one array of the block and the next. */
static void gap_is_untouched(const void *array, size_t count, size_t size) {
    enum { ALIGNMENT = _Alignof(max_align_t) };
    const unsigned char *end = (const unsigned char *)array + count * size;
    for (; (uintptr_t)end % ALIGNMENT != 0; end++) {
        assert_int_equal(*end, 0xAA);
    }
}

static void set_gap_is_untouched(const struct index_set *set) {
    gap_is_untouched(set->words, index_set_words(set->limit), sizeof *set->words);
}

static void nobody_writes_past_the_end_of_an_array(void **state) {
    (void)state;
    unsigned told = 0;
    uint64_t seed = 4711;
    const struct ruleset *ruleset = &trial.ruleset;
    void *block = block_new(0xAA);
    struct core *core = core_init(block, ruleset, (struct instant){0});
    struct input input = {.kind = INPUT_START, .state = TRUTH_TRUE};
    for (unsigned round = 0; round < 2; round++) {
        set_gap_is_untouched(&core->aged);
        set_gap_is_untouched(&core->touched);
        set_gap_is_untouched(&core->changed);
        gap_is_untouched(core->rule_reads, ruleset->rule_count, sizeof *core->rule_reads);
        gap_is_untouched(core->calendars, ruleset->calendar_count + 1, sizeof *core->calendars);
        gap_is_untouched(core->betweens, ruleset->between_count, sizeof *core->betweens);
        gap_is_untouched(core->components_lost, ruleset->component_count, 1);
        gap_is_untouched(core->output_holders, core->outputs.first[REACH_KINDS],
                         sizeof *core->output_holders);
        set_gap_is_untouched(&core->outputs_changed);
        set_gap_is_untouched(&core->doors_open);
        gap_is_untouched(core->fires, ruleset->place_count, sizeof *core->fires);
        gap_is_untouched(core->promotions, ruleset->place_count, sizeof *core->promotions);
        gap_is_untouched(core->tests, ruleset->place_count, sizeof *core->tests);
        gap_is_untouched(core->tripped, ruleset->point_count, sizeof *core->tripped);
        gap_is_untouched(core->trips, ruleset->point_count, sizeof *core->trips);
        live(core, &seed, &input, 300, &told);
    }
    assert_true(told > 50);
    free(block);
}

/* … nor past the end of a snapshot. */
static void a_snapshot_is_as_long_as_it_is_said_to_be(void **state) {
    (void)state;
    enum { MORE = 64 };
    size_t size = core_size(&trial.ruleset);
    void *block = block_new(0xAA);
    unsigned char *copy = aligned_alloc(64, (size + MORE + 63) / 64 * 64);
    assert_non_null(copy);
    memset(copy, 0x55, size + MORE);
    core_snapshot(core_init(block, &trial.ruleset, (struct instant){0}), copy);
    for (size_t i = size; i < size + MORE; i++) {
        assert_int_equal(copy[i], 0x55);
    }
    const struct core *resumed = core_resume(copy, &trial.ruleset);
    const unsigned char *end = (const unsigned char *)&resumed->timers.heap[resumed->timers.count];
    for (; end < copy + size; end++) {
        assert_int_equal(*end, 0xAA);
    }
    free(block);
    free(copy);
}

static void a_picture_is_of_its_instant_and_carries_the_time_it_is_given(void **state) {
    (void)state;
    void *block = block_new(0xAA);
    struct core *core = core_init(block, &trial.ruleset, (struct instant){5 * NS_PER_S});
    struct input input, other;
    uint32_t i = 0;
    memset(&input, 0xAA, sizeof input);
    memset(&other, 0x55, sizeof other);
    for (; core_picture(core, i, (struct wall){77}, &input); i++) {
        (void)core_picture(core, i, (struct wall){77}, &other);
        assert_memory_equal(&input, &other, sizeof input);
        assert_null(input.command);
        memset(&other, 0x55, sizeof other);
        assert_int_equal(input.at.ns, 5 * NS_PER_S);
        assert_int_equal(input.wall.ns, 77);
    }
    assert_int_equal(i, core_picture_count(&trial.ruleset));
    free(block);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_core_goes_on_from_a_snapshot_as_if_nothing_had_been),
        cmocka_unit_test(what_stood_in_the_block_before_leaves_no_trace),
        cmocka_unit_test(nobody_writes_past_the_end_of_an_array),
        cmocka_unit_test(a_snapshot_is_as_long_as_it_is_said_to_be),
        cmocka_unit_test(a_snapshot_says_nothing_of_where_it_was_taken),
        cmocka_unit_test(a_picture_of_a_fresh_core_knows_nothing),
        cmocka_unit_test(a_picture_is_of_its_instant_and_carries_the_time_it_is_given),
        cmocka_unit_test(the_picture_gives_a_fresh_core_what_is_known_and_nothing_is_told_twice),
    };
    return cmocka_run_group_tests(tests, build, tear_down);
}
