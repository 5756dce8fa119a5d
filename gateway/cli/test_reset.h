/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_TEST_RESET_H
#define GATEWAY_CLI_TEST_RESET_H

/*
 * `tocsin test reset PLACE`: close the alarms that a test has left latched
 *
 * A fire or a call stays until it is acknowledged and reset, in a test as well, and each by itself:
 * nothing closes many at once. After a walk through a house that is three commands for each button.
 * This gives them one by one, in the name of whoever asks, so that each is recorded and each can be
 * refused. What is still active, or was in earnest, is left alone.
 */

#include "gateway/cli/session.h"

/* Returns EXIT_DONE when nothing of the tests of the place and all below it is left to be reset. */
int test_reset_run(struct session *session, const char *place);

#endif
