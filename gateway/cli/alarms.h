/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_ALARMS_H
#define GATEWAY_CLI_ALARMS_H

/*
 * `tocsin alarms`: the alarms that are not normal (or all), the gravest first.
 */

/* Run the command; see commands.h. */
int alarms_main(int argc, char **argv);

#endif
