/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_SIM_H
#define GATEWAY_CLI_SIM_H

/*
 * tocsin sim: the simulated field of a site
 *
 * Serves every device of a site until SIGTERM, Ctrl-C or the end of --for, acting out a story. When
 * all of it can be reached it prints one line on standard output and creates the control socket, in
 * this order, so that a script can wait for either:
 *
 *     event=sim_ready site=gulou-demo devices=5 points=40 …
 *
 * What happens then (acts, brokers coming and going) is logged on standard error.
 */

/* Run the command. Exit code: 0 stopped or over, 1 could not run, 2 site, story or command wrong.
 */
int sim_main(int argc, char **argv);

#endif
