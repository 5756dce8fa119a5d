/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_RULE_TEST_ROWS_H
#define GATEWAY_REPLAY_RULE_TEST_ROWS_H

/*
 * A file of rule tests as it was read: for rule_test.c and its parts only
 *
 * Nodes are kept where a failure is to be shown.
 */

#include "gateway/config/config_model.h"
#include "rules/core.h"

#define RULE_TEST_SPAN_MAX_NS (366ull * 86400 * NS_PER_S)

enum { RULE_TEST_WORD_SIZE = 64 };

struct rule_test_set {
    uint32_t point;
    uint8_t quality; /* enum quality */
    bool silent;     /* nothing is read: from now on it is not heard */
    double value;
};

/* What happens to a device, in the order of the words that say it. */
enum rule_test_word { RULE_TEST_LOST, RULE_TEST_BACK, RULE_TEST_SILENT };

struct rule_test_device {
    uint32_t device;
    enum rule_test_word word;
};

struct rule_test_expectation {
    const struct config_node *node;
    enum core_event_type type;
    uint32_t alarm, place, point; /* RULESET_NONE, but for the one that it is about */
    const char *to; /* of an escalation, whom it tells: "role caregiver"; NULL: anybody */
    bool met;
};

struct rule_test_step {
    const struct config_node *at, *act, *refusal; /* NULL where the step has none */
    uint64_t at_ns;                               /* since the beginning of the test */
    struct rule_test_set *sets;
    struct rule_test_device *devices;
    struct rule_test_expectation *expectations;
    uint32_t set_count, device_count, expectation_count;
    uint32_t set_room, device_room, expectation_room;
    bool calls_nobody;      /* beyond the escalations that are expected */
    struct command command; /* if there is an act */
    enum command_refusal refused;
};

struct rule_test {
    const char *name;
    struct wall begin;
    bool *looked_at; /* by rule; NULL: at all of the site's own */
    struct rule_test_step *steps;
    uint32_t step_count, step_room;
};

struct rule_tests {
    struct config *config;
    const struct site *site;
    struct rule_test *tests;
    uint32_t count, room;
};

/* Read the list of tests, noting all that is wrong. */
void rule_tests_read(struct rule_tests *tests, const struct config_node *list);

/* Read what a person does in a step, and why it is refused. */
void rule_test_act_read(struct rule_tests *tests, const struct config_node *const *fields,
                        struct rule_test_step *step);

/* Split "word rest" of a scalar; false, with a note, if it has not that form. */
bool rule_test_split(struct config *config, const struct config_node *node,
                     char ret_word[RULE_TEST_WORD_SIZE], const char **ret_rest, const char *hint);

/* Note that the first word of a node is none of `count`. */
void rule_test_word_wrong(struct config *config, const struct config_node *node, const char *word,
                          const char *what, const char *const *words, uint32_t count);

/* Run one test, noting what comes otherwise. Returns 0 or <0. */
NODISCARD int rule_test_run(const struct rule_tests *tests, struct rule_test *test);

#endif
