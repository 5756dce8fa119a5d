/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SUPERVISOR_H
#define GATEWAY_SUPERVISOR_H

/*
 * `tocsin run SITE`: the supervisor
 *
 * Loads and checks the site, takes the state directory for itself, seals the compiled site and keeps the
 * four kinds of children alive (children.h). It decides nothing and reads no sensor; its own life is kept
 * simple so that it can be trusted to outlive the others.
 */

/* Run the command with its own arguments, argv[0] being "run". Returns the exit code: 0, 1 or 2. */
int supervisor_main(int argc, char **argv);

#endif
