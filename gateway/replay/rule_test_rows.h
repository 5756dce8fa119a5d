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

struct rule_test_set {
    uint32_t point;
    uint8_t quality; /* enum quality */
    double value;
};

struct rule_test_device {
    uint32_t device;
    enum truth well;
};

struct rule_test_expectation {
    const struct config_node *node;
    enum core_event_type type;
    uint32_t alarm;
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

/* Run one test, noting what comes otherwise. Returns 0 or <0. */
NODISCARD int rule_test_run(const struct rule_tests *tests, struct rule_test *test);

#endif
