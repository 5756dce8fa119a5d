/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: any expression as a rule of a site, and then any inputs
 *
 * The text up to the first NUL is the expression, every six bytes behind it one input: what, to
 * whom, which state and value, and how much later. Whatever comes, the core's invariants hold after
 * each; the same inputs from a snapshot taken half way give the same events; and the events of a
 * step fit.
 */

#include <stdlib.h>
#include <string.h>

#include "rules/core.h"
#include "tests/support/trial.h"

enum { HEADER = 3, INPUT_BYTES = 6, TEXT_MAX = 512, INPUTS_MAX = 80, DEVICES = 3, COMPONENTS = 2 };

/* One life of a core. */
struct life {
    struct core *core;
    void *block;
    struct step step;
};

static struct trial trial;
static char text[TEXT_MAX + 1];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim) {
    if (!claim) {
        abort();
    }
}

static void *array_new(size_t count, size_t size) {
    void *array = calloc(count + 1, size);
    check(array != NULL);
    return array;
}

/* A centre and two rooms with a point of each kind; in the centre some kinds a second time. */
static void site_build(void) {
    trial_init(&trial, COMPONENTS, 2);
    trial_device(&trial, 0);
    trial_device(&trial, 5 * NS_PER_S);
    trial_device(&trial, 60 * NS_PER_S);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t place = trial_place(&trial, i == 0 ? RULESET_NONE : 0,
                                     i == 0 ? PLACE_HOME_CARE_CENTRE : PLACE_DAY_CARE_ROOM);
        trial.places[place].calendar = 1;
        trial.places[place].capacity = (double)i;
        for (enum point_kind kind = 0; kind < POINT_KIND_COUNT; kind++) {
            uint32_t point = trial_point(&trial, place, (uint32_t)kind % DEVICES, kind);
            trial.points[point].silence_ns = kind % 4 == 0 ? 10 * NS_PER_S : 0;
        }
    }
}

/* The rule of the input, if it is one that can be bound here. */
static bool site_rule(const uint8_t *header) {
    struct expr_program program;
    struct expr_error error;
    point_kind_set kinds = (point_kind_set)1 << header[1] % POINT_KIND_COUNT;
    const struct expr_scope scope = {.each = header[0] % 2 == 0 ? EXPR_EACH_PLACE : EXPR_EACH_POINT,
                                     .kinds = kinds};
    if (!expr_compile(text, strlen(text), &scope, &program, &error)) {
        return false;
    }
    enum alarm_class class = (enum alarm_class)(header[2] % ALARM_CLASS_COUNT);
    struct ruleset_draft_rule *rule =
        scope.each == EXPR_EACH_PLACE
            ? trial_place_rule(&trial, TRIAL_KIND(PLACE_HOME_CARE_CENTRE), text, class)
            : trial_point_rule(&trial, kinds, text, class);
    rule->raise_after_ns = alarm_class_facts(class)->delay_capped ? 0 : header[0] / 2 * NS_PER_S;
    return trial_bind(&trial);
}

static void life_begin(struct life *life) {
    life->block = array_new(core_size(&trial.ruleset), 1);
    life->step.events = array_new(core_events_max(&trial.ruleset), sizeof *life->step.events);
}

static void life_end(struct life *life) {
    free(life->step.events);
    free(life->block);
}

static void life_step(struct life *life, const struct input *input) {
    core_step(life->core, input, &life->step);
    core_check(life->core);
    check(life->step.event_count <= core_events_max(&trial.ruleset));
    check(core_deadline(life->core).ns > input->at.ns);
}

/* core_snapshot() wants all that has changed to be reported first. */
static void life_report(struct life *life) {
    uint32_t some[16];
    while (core_changed(life->core, some, 16) > 0) {
    }
}

static void check_equal(const struct life *a, const struct life *b) {
    check(a->step.event_count == b->step.event_count && a->step.refusal == b->step.refusal);
    check(core_deadline(a->core).ns == core_deadline(b->core).ns);
    for (uint32_t i = 0; i < a->step.event_count; i++) {
        const struct core_event *event = &a->step.events[i];
        const struct core_event *other = &b->step.events[i];
        check(event->type == other->type && event->alarm == other->alarm);
        check(event->point == other->point && event->value == other->value);
        check(memcmp(&event->axes, &other->axes, sizeof event->axes) == 0);
    }
}

static double value_of(uint8_t byte) {
    static const double odd[] = {1e300, -1e300, 0.1, 1e18};
    return byte < 192   ? byte % 32
           : byte < 250 ? odd[byte % 4]
                        : (double)byte / (double)(byte - 250);
}

/* The input that six bytes stand for, `now` being the instant of the one before. */
static struct input input_of(const uint8_t *bytes, struct instant now, struct command *command) {
    struct input input = {
        .at = instant_after(now, bytes[4] * NS_PER_MS * (bytes[5] % 2 == 0 ? 10 : 1000)),
        .wall = {(int64_t)now.ns},
        .kind = (enum input_kind)(bytes[0] % INPUT_KIND_COUNT),
        .subject = bytes[1],
        .state = (enum truth)(bytes[2] % (TRUTH_COUNT + 1)),
        .step_ns = bytes[2] - 128,
        .step = bytes[2] % 4,
    };
    input.kind = bytes[0] >= 128 ? INPUT_READING : input.kind;
    input.subject %= input.kind == INPUT_BETWEEN ? 4u : input.kind == INPUT_RECEIPT ? 256u : 5u;
    if (input.kind == INPUT_READING) {
        input.reading = (struct reading){.point = bytes[1] % (trial.ruleset.point_count + 1),
                                         .value = value_of(bytes[3]),
                                         .quality = bytes[2] < 200 ? 0 : bytes[2] % 8};
    } else if (input.kind == INPUT_COMMAND) {
        *command = (struct command){
            .verb = (enum command_verb)(bytes[2] % (COMMAND_VERB_COUNT + 1)),
            .alarm = bytes[1],
            .place = bytes[1] % 4,
            .duration_s = bytes[3],
            .disposition = (enum disposition)(bytes[3] % DISPOSITION_COUNT),
            .actor = "somebody",
        };
        command->reason[0] = bytes[3] % 2 == 0 ? 'x' : '\0';
        input.command = command;
    }
    return input;
}

static void site_live(const uint8_t *data, size_t count) {
    struct life life, twin;
    struct command command;
    life_begin(&life);
    life_begin(&twin);
    life.core = core_init(life.block, &trial.ruleset, (struct instant){0});
    twin.core = NULL;
    struct input input = {.kind = INPUT_START, .state = TRUTH_TRUE};
    life_step(&life, &input);
    for (size_t i = 0; i < count; i++) {
        if (i == count / 2) {
            life_report(&life);
            core_snapshot(life.core, twin.block);
            twin.core = core_resume(twin.block, &trial.ruleset);
        }
        input = input_of(data + i * INPUT_BYTES, input.at, &command);
        life_step(&life, &input);
        if (twin.core != NULL) {
            life_step(&twin, &input);
            check_equal(&life, &twin);
        }
    }
    life_end(&twin);
    life_end(&life);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size > HEADER ? memchr(data + HEADER, '\0', size - HEADER) : NULL;
    if (end == NULL || (size_t)(end - data) > HEADER + TEXT_MAX) {
        return 0;
    }
    memcpy(text, data + HEADER, (size_t)(end - data) - HEADER + 1);
    size_t count = (size - (size_t)(end + 1 - data)) / INPUT_BYTES;
    site_build();
    if (site_rule(data)) {
        site_live(end + 1, count < INPUTS_MAX ? count : INPUTS_MAX);
    }
    trial_deinit(&trial);
    return 0;
}
