/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_POINTS_H
#define GATEWAY_CLI_POINTS_H

/*
 * `tocsin points`: the present value of every sensor, how good it is and how old. --watch shows it
 * again each second: as a page on a terminal, elsewhere only the lines that changed.
 */

/* Run the command; see commands.h. */
int points_main(int argc, char **argv);

#endif
