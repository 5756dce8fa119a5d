/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/replay/rehearsal.h"
#include "gateway/replay/rule_test_rows.h"

/* Instants of a test begin here, so that something may have been before it. */
#define BEGIN ((struct instant){NS_PER_S})

struct rule_test_course {
    const struct rule_tests *tests;
    const struct rule_test *test;
    struct rule_test_step *step; /* NULL before the first one: nothing is looked at */
};

static const char *time_text(const struct rule_test_course *course, struct instant at) {
    double s = (double)(at.ns - BEGIN.ns) / (double)NS_PER_S;
    return config_format(&course->tests->config->arena, "%g s", s);
}

/* Must an event that nobody expects be told? */
static bool event_matters(const struct rule_test_course *course, const struct core_event *event) {
    const struct ruleset *ruleset = &course->tests->site->ruleset;
    if (event->alarm == RULESET_NONE || event->type == EVENT_ALARM_ESCALATED) {
        return false;
    }
    uint32_t rule = ruleset->alarms[event->alarm].rule;
    return ruleset->rules[rule].builtin == BUILTIN_NONE &&
           (course->test->looked_at == NULL || course->test->looked_at[rule]);
}

static void course_told(void *context, const struct rehearsal *rehearsal,
                        const struct core_event *event, const struct event_json *json) {
    struct rule_test_course *course = context;
    struct rule_test_step *step = course->step;
    (void)json;
    if (step == NULL) {
        return;
    }
    for (uint32_t i = 0; i < step->expectation_count; i++) {
        struct rule_test_expectation *expectation = &step->expectations[i];
        if (!expectation->met && expectation->type == event->type &&
            expectation->alarm == event->alarm) {
            expectation->met = true;
            return;
        }
    }
    if (event_matters(course, event)) {
        char name[SITE_ALARM_NAME_SIZE];
        site_alarm_format(rehearsal->site, event->alarm, name);
        config_error(course->tests->config, step->at, NULL, "not expected, but came at %s: %s %s",
                     time_text(course, event->at), strchr(core_event_name(event->type), '.') + 1,
                     name);
    }
}

/* ---- acting ---- */

static void course_input(struct rehearsal *rehearsal, struct input input, struct instant at,
                         const struct rule_test *test) {
    input.at = at;
    input.wall.ns = test->begin.ns + (int64_t)(at.ns - BEGIN.ns);
    rehearsal_take(rehearsal, &input);
}

/* Everything is there, and what can be at rest is. */
static void course_begin(struct rehearsal *rehearsal, const struct rule_test *test) {
    const struct ruleset *ruleset = &rehearsal->site->ruleset;
    rehearsal_begin(rehearsal, BEGIN, test->begin);
    for (uint32_t i = 0; i < ruleset->point_count; i++) {
        enum point_kind kind = (enum point_kind)ruleset->points[i].kind;
        if (point_kind_facts(kind)->form == POINT_FORM_TRUTH) {
            course_input(rehearsal, (struct input){.kind = INPUT_READING, .reading = {.point = i}},
                         BEGIN, test);
        }
    }
}

static void course_act(const struct rule_test_course *course, struct rehearsal *rehearsal,
                       const struct rule_test_step *step, struct instant at) {
    struct config *config = course->tests->config;
    course_input(rehearsal, (struct input){.kind = INPUT_COMMAND, .command = &step->command}, at,
                 course->test);
    if (rehearsal->refusal == step->refused) {
        return;
    }
    const char *is = command_refusal_name(rehearsal->refusal);
    if (step->refusal == NULL) {
        config_error(config, step->act, NULL, "was refused: %s", is);
    } else {
        config_error(config, step->refusal, NULL, "should be refused so, but was %s", is);
    }
}

static void course_step(struct rule_test_course *course, struct rehearsal *rehearsal) {
    const struct rule_test *test = course->test;
    const struct rule_test_step *step = course->step;
    struct instant at = {BEGIN.ns + step->at_ns};
    struct wall wall = {test->begin.ns + (int64_t)step->at_ns};
    rehearsal_follow(rehearsal, at, wall);
    for (uint32_t i = 0; i < step->device_count; i++) {
        course_input(rehearsal,
                     (struct input){.kind = INPUT_DEVICE,
                                    .subject = step->devices[i].device,
                                    .state = step->devices[i].well},
                     at, test);
    }
    for (uint32_t i = 0; i < step->set_count; i++) {
        const struct rule_test_set *set = &step->sets[i];
        course_input(rehearsal,
                     (struct input){.kind = INPUT_READING,
                                    .reading = {.point = set->point,
                                                .quality = set->quality,
                                                .value = set->value,
                                                .measured = wall}},
                     at, test);
    }
    if (step->act != NULL) {
        course_act(course, rehearsal, step, at);
    }
    for (uint32_t i = 0; i < step->expectation_count; i++) {
        if (!step->expectations[i].met) {
            config_error(course->tests->config, step->expectations[i].node, NULL,
                         "expected by %s, but did not come", time_text(course, at));
        }
    }
}

int rule_test_run(const struct rule_tests *tests, struct rule_test *test) {
    struct rule_test_course course = {.tests = tests, .test = test};
    struct rehearsal rehearsal;
    int r =
        rehearsal_init(&rehearsal, tests->site, REHEARSAL_NO_SILENCE, BEGIN, course_told, &course);
    if (r != 0) {
        return err_trace(r);
    }
    course_begin(&rehearsal, test);
    for (uint32_t i = 0; i < test->step_count; i++) {
        course.step = &test->steps[i];
        course_step(&course, &rehearsal);
    }
    rehearsal_deinit(&rehearsal);
    return 0;
}
