/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_WALK_TEST_H
#define GATEWAY_CLI_WALK_TEST_H

/*
 * `tocsin walk-test PLACE`: which buttons and detectors of a place were tripped in its test
 *
 * The report is made of what the journal has of the test that runs, or of the last one. Exit code 1
 * while one of them was not tripped, or when there was no test.
 */

int walk_test_main(int argc, char **argv);

#endif
