/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_TEST_RULES_H
#define GATEWAY_CLI_TEST_RULES_H

/* `tocsin test-rules FILE`: do the rules of a site do what its people expect? See rule_test.h. */
int test_rules_main(int argc, char **argv);

#endif
