/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_ABOUT_H
#define GATEWAY_CLI_ABOUT_H

/*
 * `tocsin health` and `tocsin version`: the gateway itself. Version works without a gateway too,
 * and says when the one that answers is another build than this command.
 */

/* Run the command; see commands.h. */
int health_main(int argc, char **argv);
int version_main(int argc, char **argv);

#endif
