/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_TEST_ALARMS_H
#define GATEWAY_CLI_TEST_ALARMS_H

/*
 * The alarms that a test of a place has to do with: those that it has left latched, and those that are
 * open from before it
 */

#include "gateway/cli/session.h"

/*
 * `tocsin test reset PLACE`: close the alarms that a test has left latched
 *
 * A fire or a call stays until it is acknowledged and reset, in a test as well, and each by itself:
 * nothing closes many at once. After a walk through a house that is three commands for each button.
 * This gives them one by one, in the name of whoever asks, so that each is recorded and each can be
 * refused. What is still active, or was in earnest, is left alone.
 *
 * Returns EXIT_DONE when nothing of the tests of the place and all below it is left to be reset.
 */
int test_alarms_reset(struct session *session, const char *place);

/*
 * Say on standard error which alarms of a test that has just begun are in earnest still: tripped once
 * more they call people, in a test as well, since nobody could tell that from a call.
 */
void test_alarms_warn(struct session *session, const char *place);

#endif
