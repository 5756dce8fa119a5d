/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/config/config_scalar.h"
#include "gateway/config/config_shape.h"
#include "gateway/config/site_names.h"
#include "gateway/engine/event_json.h"
#include "gateway/replay/rule_test_rows.h"
#include "gateway/zone.h"
#include "sensors/value_range.h"

/* "raised" of an alarm, "test.begun" of all else. */
static const char *event_word(enum core_event_type type) {
    const char *name = core_event_name(type);
    return type <= EVENT_ALARM_ESCALATED ? strchr(name, '.') + 1 : name;
}

bool rule_test_split(struct config *config, const struct config_node *node,
                     char ret_word[RULE_TEST_WORD_SIZE], const char **ret_rest, const char *hint) {
    const char *space = strchr(node->text, ' ');
    size_t len = space != NULL ? (size_t)(space - node->text) : 0;
    if (len == 0 || len >= RULE_TEST_WORD_SIZE || space[1] == '\0') {
        config_error(config, node, hint, "`%s` has not two words", node->text);
        return false;
    }
    memcpy(ret_word, node->text, len);
    ret_word[len] = '\0';
    *ret_rest = space + 1;
    return true;
}

void rule_test_word_wrong(struct config *config, const struct config_node *node, const char *word,
                          const char *what, const char *const *words, uint32_t count) {
    const char *near = config_suggestion(config, word, words, count);
    config_note(config, CONFIG_ERROR, config_node_locate(node, 0, (uint32_t)strlen(word)),
                near != NULL ? near : config_words(config, "one of", words, count),
                "`%s` is not %s", word, what);
}

/* ---- what a step does ---- */

/* Only what speaks for itself can fall silent by itself. */
static bool silence_check(const struct rule_tests *tests, const struct config_node *node,
                          uint32_t point) {
    const struct ruleset_point *row = &tests->site->ruleset.points[point];
    if (row->silence_ns > 0) {
        return true;
    }
    const char *device = site_text(tests->site, tests->site->devices[row->device].id);
    config_error(tests->config, node,
                 config_format(&tests->config->arena, "device: {%s: silent}", device),
                 "`%s` is heard with its device, which alone can fall silent", node->key->text);
    return false;
}

/* What is true or false, or what a reader says. */
static bool truth_read(struct config *config, const struct config_node *node, enum point_form form,
                       double *ret_value) {
    static const char *const yes[] = {"1", "true", "granted"};
    static const char *const no[] = {"0", "false", "denied"};
    for (unsigned i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (strcmp(node->text, yes[i]) == 0 || strcmp(node->text, no[i]) == 0) {
            *ret_value = strcmp(node->text, yes[i]) == 0 ? 1 : 0;
            return true;
        }
    }
    config_error(config, node, "or a quality: uncertain, stale, fault, out_of_service; or silent",
                 form == POINT_FORM_TRUTH ? "`%s` is either 0 or 1, not `%s`"
                                          : "`%s` is granted or denied, not `%s`",
                 node->key->text, node->text);
    return false;
}

/* A number; one that the point cannot be is a fault, as where it is read from a device. */
static bool number_read(struct rule_tests *tests, const struct config_node *node,
                        struct rule_test_set *set) {
    const struct site_point *point = &tests->site->points[set->point];
    if (!config_number(tests->config, node, &set->value)) {
        return false;
    }
    if (!value_is_possible(set->value, point->min, point->max)) {
        set->quality = QUALITY_FAULT;
        set->value = 0;
    }
    return true;
}

static bool value_read(struct rule_tests *tests, const struct config_node *node,
                       struct rule_test_set *set) {
    struct config *config = tests->config;
    enum point_kind kind = (enum point_kind)tests->site->ruleset.points[set->point].kind;
    enum point_form form = point_kind_facts(kind)->form;
    if (!config_is_scalar(config, node)) {
        return false;
    }
    if (strcmp(node->text, "silent") == 0) {
        set->silent = true;
        return silence_check(tests, node, set->point);
    }
    for (unsigned quality = QUALITY_UNCERTAIN; quality < QUALITY_COUNT; quality++) {
        if (strcmp(node->text, quality_name((enum quality)quality)) == 0) {
            set->quality = (uint8_t)quality;
            return true;
        }
    }
    switch (form) {
    case POINT_FORM_OUTPUT:
        config_error(config, node->key,
                     "the gateway switches it; a test can only set what it reads",
                     "`%s` is an output", node->key->text);
        return false;
    case POINT_FORM_TRUTH:
    case POINT_FORM_EVENT:
        return truth_read(config, node, form, &set->value);
    case POINT_FORM_NUMBER:
    case POINT_FORM_COUNTER:
        break;
    }
    return number_read(tests, node, set);
}

static void sets_read(struct rule_tests *tests, const struct config_node *map,
                      struct rule_test_step *step) {
    for (const struct config_node *member = map != NULL ? map->first : NULL; member != NULL;
         member = member->next) {
        struct rule_test_set set = {.point =
                                        site_names_point(tests->config, tests->site, member->key)};
        if (set.point == RULESET_NONE || !value_read(tests, member, &set)) {
            continue;
        }
        step->sets = config_grow(&tests->config->arena, step->sets, step->set_count,
                                 &step->set_room, sizeof *step->sets);
        step->sets[step->set_count++] = set;
    }
}

static void devices_read(struct rule_tests *tests, const struct config_node *map,
                         struct rule_test_step *step) {
    static const char *const words[] = {"lost", "back", "silent"};
    enum { WORDS = sizeof words / sizeof *words };
    for (const struct config_node *member = map != NULL ? map->first : NULL; member != NULL;
         member = member->next) {
        uint32_t device = site_names_device(tests->config, tests->site, member->key);
        uint32_t word;
        if (!config_word(tests->config, member, "what a device can be", words, WORDS, &word) ||
            device == RULESET_NONE) {
            continue;
        }
        step->devices = config_grow(&tests->config->arena, step->devices, step->device_count,
                                    &step->device_room, sizeof *step->devices);
        step->devices[step->device_count++] =
            (struct rule_test_device){device, (enum rule_test_word)word};
    }
}

/* ---- what a step expects ---- */

/* The types of event that a test can expect: those of alarms, of tests, and of doors. */
static bool type_is_expected(enum core_event_type type) {
    return (type <= EVENT_TEST_ENDED) || type == EVENT_ACCESS_GRANTED ||
           type == EVENT_ACCESS_DENIED || type == EVENT_PATROL_CHECKPOINT;
}

/* "ALARM to role caregiver": whom the step tells, which the alarm's chain must have. */
static const char *receiver_read(struct rule_tests *tests, const struct config_node *node,
                                 uint32_t at, const char *to, uint32_t alarm) {
    const struct ruleset *ruleset = &tests->site->ruleset;
    struct config *config = tests->config;
    const char *words[LIMIT_CHAIN_STEPS];
    uint32_t count = 0;
    uint32_t chain = ruleset->rules[ruleset->alarms[alarm].rule].chain;
    for (uint32_t i = 0; chain != RULESET_NONE && i < ruleset->chains[chain].step_count; i++) {
        char word[EVENT_JSON_TO_SIZE];
        if (event_json_to(tests->site, &ruleset->steps[ruleset->chains[chain].step_first + i],
                          word)) {
            words[count++] = config_copy(&config->arena, word, strlen(word));
            if (strcmp(word, to) == 0) {
                return words[count - 1];
            }
        }
    }
    const char *near = config_suggestion(config, to, words, count);
    config_note(config, CONFIG_ERROR, config_node_locate(node, at, (uint32_t)strlen(to)),
                near != NULL ? near
                : count > 0  ? config_words(config, "one of", words, count)
                             : NULL,
                "no step of the alarm's chain tells `%s`", to);
    return NULL;
}

/* An alarm, and of an escalation perhaps to whom. */
static void alarm_read(struct rule_tests *tests, const struct config_node *node, uint32_t at,
                       const char *name, struct rule_test_expectation *expectation) {
    static const char word[] = " to ";
    const char *to = expectation->type == EVENT_ALARM_ESCALATED ? strstr(name, word) : NULL;
    if (to == NULL) {
        expectation->alarm = site_names_alarm(tests->config, tests->site, node, at, name);
        return;
    }
    const char *alarm = config_copy(&tests->config->arena, name, (size_t)(to - name));
    expectation->alarm = site_names_alarm(tests->config, tests->site, node, at, alarm);
    if (expectation->alarm != RULESET_NONE) {
        to += sizeof word - 1;
        expectation->to =
            receiver_read(tests, node, (uint32_t)(to - node->text), to, expectation->alarm);
    }
}

/* What the event is about: an alarm, else a place or a point. */
static void subject_read(struct rule_tests *tests, const struct config_node *node, const char *name,
                         struct rule_test_expectation *expectation) {
    uint32_t at = (uint32_t)(name - node->text);
    if (expectation->type <= EVENT_ALARM_ESCALATED) {
        alarm_read(tests, node, at, name, expectation);
        return;
    }
    bool of_place = expectation->type == EVENT_TEST_BEGUN || expectation->type == EVENT_TEST_ENDED;
    uint32_t index =
        of_place ? site_place_find(tests->site, name) : site_point_find(tests->site, name);
    *(of_place ? &expectation->place : &expectation->point) = index;
    if (index == RULESET_NONE) {
        config_note(tests->config, CONFIG_ERROR,
                    config_node_locate(node, at, (uint32_t)strlen(name)), NULL,
                    "no %s `%s` in the site", of_place ? "place" : "point", name);
    }
}

static void expectation_read(struct rule_tests *tests, const struct config_node *node,
                             struct rule_test_step *step) {
    struct config *config = tests->config;
    const char *words[EVENT_TYPE_COUNT];
    uint32_t count = 0;
    char word[RULE_TEST_WORD_SIZE];
    const char *name;
    if (config_is_scalar(config, node) && strcmp(node->text, "calls nobody") == 0) {
        step->calls_nobody = true;
        return;
    }
    if (!config_is_scalar(config, node) ||
        !rule_test_split(config, node, word, &name, "such as: raised RULE/ENTITY")) {
        return;
    }
    struct rule_test_expectation expectation = {.node = node,
                                                .type = EVENT_TYPE_COUNT,
                                                .alarm = RULESET_NONE,
                                                .place = RULESET_NONE,
                                                .point = RULESET_NONE};
    for (unsigned i = 0; i < EVENT_TYPE_COUNT; i++) {
        if (type_is_expected((enum core_event_type)i)) {
            words[count++] = event_word((enum core_event_type)i);
            expectation.type =
                strcmp(word, words[count - 1]) == 0 ? (enum core_event_type)i : expectation.type;
        }
    }
    if (expectation.type == EVENT_TYPE_COUNT) {
        rule_test_word_wrong(config, node, word, "what can be expected", words, count);
        return;
    }
    subject_read(tests, node, name, &expectation);
    step->expectations = config_grow(&config->arena, step->expectations, step->expectation_count,
                                     &step->expectation_room, sizeof *step->expectations);
    step->expectations[step->expectation_count++] = expectation;
}

/* ---- steps and tests ---- */

static void step_read(struct rule_tests *tests, const struct config_node *node,
                      struct rule_test *test) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    struct config *config = tests->config;
    if (!config_fields(config, node, CONFIG_SHAPE_TEST_STEP, fields)) {
        return;
    }
    struct rule_test_step step = {.at = fields[CONFIG_TEST_STEP_AT]};
    uint64_t before_ns = test->step_count > 0 ? test->steps[test->step_count - 1].at_ns : 0;
    if (config_span(config, step.at, 0, RULE_TEST_SPAN_MAX_NS, &step.at_ns) &&
        step.at_ns < before_ns) {
        config_error(config, step.at, "steps stand in the order of their times",
                     "the step before is later");
    }
    sets_read(tests, fields[CONFIG_TEST_STEP_SET], &step);
    devices_read(tests, fields[CONFIG_TEST_STEP_DEVICE], &step);
    rule_test_act_read(tests, fields, &step);
    const struct config_node *expect = fields[CONFIG_TEST_STEP_EXPECT];
    for (const struct config_node *item = expect != NULL ? expect->first : NULL; item != NULL;
         item = item->next) {
        expectation_read(tests, item, &step);
    }
    test->steps = config_grow(&config->arena, test->steps, test->step_count, &test->step_room,
                              sizeof *test->steps);
    test->steps[test->step_count++] = step;
}

/* "2026-11-23 10:00" of the site's zone. */
static bool begin_read(struct config *config, const struct config_node *node, struct wall *ret) {
    enum { DAY_LEN = 10, MOMENT_LEN = 16 };
    char text[MOMENT_LEN + 8];
    if (node == NULL || !config_is_scalar(config, node)) {
        return false;
    }
    /* As if it were UTC; the zone is taken off below. */
    (void)snprintf(text, sizeof text, "%.*sT%.5s:00Z", DAY_LEN, node->text,
                   strlen(node->text) == MOMENT_LEN ? node->text + DAY_LEN + 1 : "");
    struct wall local;
    if (strlen(node->text) != MOMENT_LEN || node->text[DAY_LEN] != ' ' ||
        clock_parse_wall(text, &local) != 0) {
        config_error(config, node, "a day and a time at the site, such as 2026-11-23 22:00",
                     "`%s` is no such moment", node->text);
        return false;
    }
    ret->ns = zone_utc_s(local.ns / (int64_t)NS_PER_S) * (int64_t)NS_PER_S;
    return true;
}

static void only_read(struct rule_tests *tests, const struct config_node *list,
                      struct rule_test *test) {
    const struct site *site = tests->site;
    uint32_t count = site->ruleset.rule_count;
    const char **words = config_alloc(&tests->config->arena, (size_t)count + 1, sizeof *words);
    if (list == NULL) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        words[i] = site_text(site, site->rules[i].id);
    }
    test->looked_at =
        config_alloc(&tests->config->arena, (size_t)count + 1, sizeof *test->looked_at);
    for (const struct config_node *item = list->first; item != NULL; item = item->next) {
        uint32_t rule;
        if (config_word(tests->config, item, "a rule of the site", words, count, &rule)) {
            test->looked_at[rule] = true;
        }
    }
}

static void test_read(struct rule_tests *tests, const struct config_node *node) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    struct config *config = tests->config;
    /* A Monday at noon in the middle of November 2026, by UTC; then by the site's zone. */
    struct rule_test test = {.name = "", .begin = {1795435200 * (int64_t)NS_PER_S}};
    test.begin.ns -= zone_east_s(1795435200) * (int64_t)NS_PER_S;
    if (!config_fields(config, node, CONFIG_SHAPE_TEST, fields)) {
        return;
    }
    (void)config_text(config, fields[CONFIG_TEST_TEST], &test.name);
    (void)begin_read(config, fields[CONFIG_TEST_BEGIN], &test.begin);
    only_read(tests, fields[CONFIG_TEST_ONLY], &test);
    const struct config_node *steps = fields[CONFIG_TEST_STEPS];
    for (const struct config_node *item = steps != NULL ? steps->first : NULL; item != NULL;
         item = item->next) {
        step_read(tests, item, &test);
    }
    if (steps != NULL && steps->count == 0) {
        config_error(config, steps->key, NULL, "a test without a step says nothing");
    }
    tests->tests =
        config_grow(&config->arena, tests->tests, tests->count, &tests->room, sizeof *tests->tests);
    tests->tests[tests->count++] = test;
}

void rule_tests_read(struct rule_tests *tests, const struct config_node *list) {
    for (const struct config_node *item = list->first; item != NULL; item = item->next) {
        test_read(tests, item);
    }
    if (list->count == 0) {
        config_error(tests->config, list->key, NULL, "there are no tests in it");
    }
}
