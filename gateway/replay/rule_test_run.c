/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/number.h"
#include "gateway/replay/rehearsal.h"
#include "gateway/replay/rule_test_rows.h"

/* Instants of a test begin here, so that something may have been before it. */
#define BEGIN ((struct instant){NS_PER_S})

/* A device of the test. */
struct course_device {
    bool away; /* lost or silent */
};

/* What was read of a point last, to be read again while it is not silent. */
struct course_point {
    bool falls_silent;
    bool known, silent;
    struct reading reading;
};

struct rule_test_course {
    const struct rule_tests *tests;
    const struct rule_test *test;
    struct rehearsal rehearsal;
    struct course_device *devices;
    struct course_point *points;
    struct rule_test_step *step; /* whose events come now: from the beginning, those of the first */
};

/* Since the beginning: "35 s", and from a day on "90000 s (1 d 01:00:00)". */
static const char *time_text(const struct rule_test_course *course, struct instant at) {
    enum { DAY_S = 86400, HOUR_S = 3600, MINUTE_S = 60 };
    struct config_arena *arena = &course->tests->config->arena;
    char seconds[NUMBER_SIZE];
    uint64_t since_ns = at.ns - BEGIN.ns;
    uint32_t since_s = (uint32_t)(since_ns / NS_PER_S); /* a test lasts for a year at most */
    (void)number_write((double)since_ns / (double)NS_PER_S, seconds);
    if (since_s < DAY_S) {
        return config_format(arena, "%s s", seconds);
    }
    return config_format(arena, "%s s (%u d %02u:%02u:%02u)", seconds, since_s / DAY_S,
                         since_s % DAY_S / HOUR_S, since_s % HOUR_S / MINUTE_S, since_s % MINUTE_S);
}

/* Must an event that nobody expects be told? */
static bool event_matters(const struct rule_test_course *course, const struct core_event *event) {
    const struct ruleset *ruleset = &course->tests->site->ruleset;
    bool escalated = event->type == EVENT_ALARM_ESCALATED;
    if (event->alarm == RULESET_NONE || (escalated && !course->step->calls_nobody)) {
        return false;
    }
    uint32_t rule = ruleset->alarms[event->alarm].rule;
    return course->test->looked_at != NULL ? course->test->looked_at[rule]
                                           : ruleset->rules[rule].builtin == BUILTIN_NONE;
}

/* Does the step of its chain that has come tell `to`? */
static bool event_tells(const struct site *site, const struct core_event *event, const char *to) {
    const struct ruleset *ruleset = &site->ruleset;
    uint32_t chain = ruleset->rules[ruleset->alarms[event->alarm].rule].chain;
    uint32_t step = ruleset->chains[chain].step_first + event->escalation.step - 1;
    char word[EVENT_JSON_TO_SIZE];
    return event_json_to(site, &ruleset->steps[step], word) && strcmp(word, to) == 0;
}

static bool expectation_is_about(const struct rule_test_expectation *expectation,
                                 const struct site *site, const struct core_event *event) {
    return expectation->type == event->type &&
           (expectation->type > EVENT_ALARM_ESCALATED || expectation->alarm == event->alarm) &&
           (expectation->place == RULESET_NONE || expectation->place == event->place) &&
           (expectation->point == RULESET_NONE || expectation->point == event->point) &&
           (expectation->to == NULL || event_tells(site, event, expectation->to));
}

static void course_told(void *context, const struct rehearsal *rehearsal,
                        const struct core_event *event, const struct event_json *json) {
    struct rule_test_course *course = context;
    struct rule_test_step *step = course->step;
    (void)json;
    for (uint32_t i = 0; i < step->expectation_count; i++) {
        struct rule_test_expectation *expectation = &step->expectations[i];
        if (!expectation->met && expectation_is_about(expectation, rehearsal->site, event)) {
            expectation->met = true;
            return;
        }
    }
    if (event_matters(course, event)) {
        char name[SITE_ALARM_NAME_SIZE];
        site_alarm_format(rehearsal->site, event->alarm, name);
        const char *hint = event->at.ns == BEGIN.ns && step->at_ns > 0
                               ? "it is so from the beginning, which belongs to the first step"
                               : NULL;
        config_error(course->tests->config, step->at, hint, "not expected, but came at %s: %s %s",
                     time_text(course, event->at), strchr(core_event_name(event->type), '.') + 1,
                     name);
    }
}

/* ---- hearing ---- */

static struct wall course_wall(const struct rule_test_course *course, struct instant at) {
    return (struct wall){course->test->begin.ns + (int64_t)(at.ns - BEGIN.ns)};
}

static void course_input(struct rule_test_course *course, struct input input, struct instant at) {
    input.at = at;
    input.wall = course_wall(course, at);
    rehearsal_take(&course->rehearsal, &input);
}

/* A point is read, which also shows that it and its device are there. */
static void course_read(struct rule_test_course *course, struct reading reading,
                        struct instant at) {
    struct course_point *point = &course->points[reading.point];
    if (quality_usable((enum quality)reading.quality)) {
        uint32_t device = course->tests->site->ruleset.points[reading.point].device;
        course->devices[device].away = false;
    }
    reading.measured = course_wall(course, at);
    *point = (struct course_point){
        .falls_silent = point->falls_silent, .known = true, .reading = reading};
    course_input(course, (struct input){.kind = INPUT_READING, .reading = reading}, at);
}

/* Who is there is heard: devices, and the points that speak for themselves and are missed later. */
static void course_hear(struct rule_test_course *course, struct instant at) {
    const struct ruleset *ruleset = &course->tests->site->ruleset;
    for (uint32_t i = 0; i < ruleset->device_count; i++) {
        if (!course->devices[i].away) {
            course_input(course, (struct input){.kind = INPUT_HEARTBEAT, .subject = i}, at);
        }
    }
    for (uint32_t i = 0; i < ruleset->point_count; i++) {
        const struct course_point *point = &course->points[i];
        bool there = !course->devices[ruleset->points[i].device].away && !point->silent;
        if (there && point->falls_silent && point->known) {
            course_read(course, point->reading, at);
        }
    }
}

/*
 * Let time pass until `at`. A real gateway hears of everything each second; here all that is there is
 * heard just before the core stops waiting for something, which comes to the same and costs nothing
 * in between.
 */
static void course_follow(struct rule_test_course *course, struct instant at) {
    struct rehearsal *rehearsal = &course->rehearsal;
    struct instant due;
    while ((due = core_deadline(rehearsal->core)).ns <= at.ns) {
        struct instant before = {due.ns > rehearsal->newest.ns ? due.ns - 1 : due.ns};
        /* What the calendar says until then may change what is due. */
        rehearsal_follow(rehearsal, before, course_wall(course, before));
        if (core_deadline(rehearsal->core).ns == due.ns) {
            course_hear(course, before);
            rehearsal_follow(rehearsal, due, course_wall(course, due));
        }
    }
    rehearsal_follow(rehearsal, at, course_wall(course, at));
}

/* ---- acting ---- */

/* Everything is there, and what can be at rest is. */
static void course_begin(struct rule_test_course *course) {
    const struct ruleset *ruleset = &course->tests->site->ruleset;
    rehearsal_begin(&course->rehearsal, BEGIN, course->test->begin);
    rehearsal_look(&course->rehearsal, BEGIN, course->test->begin);
    for (uint32_t i = 0; i < ruleset->point_count; i++) {
        enum point_kind kind = (enum point_kind)ruleset->points[i].kind;
        if (point_kind_facts(kind)->form == POINT_FORM_TRUTH) {
            course_read(course, (struct reading){.point = i}, BEGIN);
        }
    }
}

static void course_act(struct rule_test_course *course, const struct rule_test_step *step,
                       struct instant at) {
    struct config *config = course->tests->config;
    course_input(course, (struct input){.kind = INPUT_COMMAND, .command = &step->command}, at);
    enum command_refusal refusal = course->rehearsal.refusal;
    if (refusal == step->refused) {
        return;
    }
    const char *is = command_refusal_name(refusal);
    if (step->refusal == NULL) {
        config_error(config, step->act, NULL, "was refused: %s", is);
    } else {
        config_error(config, step->refusal, NULL, "should be refused so, but was %s", is);
    }
}

static bool step_sets(const struct rule_test_step *step, uint32_t point) {
    for (uint32_t i = 0; i < step->set_count; i++) {
        if (step->sets[i].point == point) {
            return true;
        }
    }
    return false;
}

/*
 * A device that is back is read at once, as in the field: what its points were set to last is so
 * still, but for those that this step sets anew. A card was held there once, and is not again.
 */
static void course_return(struct rule_test_course *course, uint32_t device, struct instant at) {
    const struct ruleset *ruleset = &course->tests->site->ruleset;
    for (uint32_t i = 0; i < ruleset->point_count; i++) {
        const struct course_point *point = &course->points[i];
        enum point_kind kind = (enum point_kind)ruleset->points[i].kind;
        if (ruleset->points[i].device == device && point->known && !point->silent &&
            point_kind_facts(kind)->form != POINT_FORM_EVENT && !step_sets(course->step, i)) {
            course_read(course, point->reading, at);
        }
    }
}

static void course_device(struct rule_test_course *course, const struct rule_test_device *device,
                          struct instant at) {
    struct input input = {.kind = INPUT_DEVICE, .subject = device->device};
    switch (device->word) {
    case RULE_TEST_LOST:
        input.state = TRUTH_FALSE;
        break;
    case RULE_TEST_BACK:
        input.state = TRUTH_TRUE;
        break;
    case RULE_TEST_SILENT: /* it was heard for the last time */
        input.kind = INPUT_HEARTBEAT;
        break;
    }
    course->devices[device->device].away = device->word != RULE_TEST_BACK;
    course_input(course, input, at);
    if (device->word == RULE_TEST_BACK) {
        course_return(course, device->device, at);
    }
}

static void course_set(struct rule_test_course *course, const struct rule_test_set *set,
                       struct instant at) {
    struct course_point *point = &course->points[set->point];
    if (!set->silent) {
        course_read(
            course,
            (struct reading){.point = set->point, .quality = set->quality, .value = set->value},
            at);
        return;
    }
    if (point->known && !point->silent) {
        course_read(course, point->reading, at); /* for the last time */
    }
    point->silent = true;
}

static void course_step(struct rule_test_course *course) {
    const struct rule_test_step *step = course->step;
    struct instant at = {BEGIN.ns + step->at_ns};
    course_follow(course, at);
    for (uint32_t i = 0; i < step->device_count; i++) {
        course_device(course, &step->devices[i], at);
    }
    for (uint32_t i = 0; i < step->set_count; i++) {
        course_set(course, &step->sets[i], at);
    }
    if (step->act != NULL) {
        course_act(course, step, at);
    }
    for (uint32_t i = 0; i < step->expectation_count; i++) {
        if (!step->expectations[i].met) {
            config_error(course->tests->config, step->expectations[i].node, NULL,
                         "expected by %s, but did not come", time_text(course, at));
        }
    }
}

/* Only what falls silent in this test is waited for: nothing else is ever missed. */
static void course_watch(struct rule_test_course *course) {
    const struct rule_test *test = course->test;
    for (uint32_t i = 0; i < test->step_count; i++) {
        const struct rule_test_step *step = &test->steps[i];
        for (uint32_t d = 0; d < step->device_count; d++) {
            if (step->devices[d].word == RULE_TEST_SILENT) {
                rehearsal_watch_device(&course->rehearsal, step->devices[d].device);
            }
        }
        for (uint32_t p = 0; p < step->set_count; p++) {
            if (step->sets[p].silent) {
                course->points[step->sets[p].point].falls_silent = true;
                rehearsal_watch_point(&course->rehearsal, step->sets[p].point);
            }
        }
    }
}

int rule_test_run(const struct rule_tests *tests, struct rule_test *test) {
    const struct ruleset *ruleset = &tests->site->ruleset;
    struct config_arena *arena = &tests->config->arena;
    struct rule_test_course course = {
        .tests = tests,
        .test = test,
        .devices = config_alloc(arena, (size_t)ruleset->device_count + 1, sizeof *course.devices),
        .points = config_alloc(arena, (size_t)ruleset->point_count + 1, sizeof *course.points),
    };
    int r = rehearsal_init(&course.rehearsal, tests->site, REHEARSAL_NO_SILENCE, BEGIN, course_told,
                           &course);
    if (r != 0) {
        return err_trace(r);
    }
    course_watch(&course);
    course.step = test->steps;
    course_begin(&course);
    for (uint32_t i = 0; i < test->step_count; i++) {
        course.step = &test->steps[i];
        course_step(&course);
    }
    rehearsal_deinit(&course.rehearsal);
    return 0;
}
