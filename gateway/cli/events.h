/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_EVENTS_H
#define GATEWAY_CLI_EVENTS_H

/*
 * `tocsin events`: what has happened, from the journal, newest last; with --follow also what
 * happens.
 *
 * A follower outlives the gateway: it says when the console or the engine is away, comes back by
 * itself and resumes after the last event that it has shown, so that its output has no gap and
 * nothing twice. With --stdin the documents come from elsewhere, one a line, as mosquitto_sub
 * prints them.
 */

/* Run the command; see commands.h. */
int events_main(int argc, char **argv);

#endif
