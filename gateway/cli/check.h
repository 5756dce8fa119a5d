/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_CHECK_H
#define GATEWAY_CLI_CHECK_H

/*
 * `tocsin check SITE`: is the site right, and what does it mean?
 *
 * Reads a site exactly as `tocsin run` does and starts nothing. Errors and warnings go to standard
 * error, each with its line and caret; what was understood goes to standard output.
 */

/* Run the command; argv[0] is "check". Returns 0, 1 (it could not look) or 2 (the site or usage is
 * wrong). */
int check_main(int argc, char **argv);

#endif
