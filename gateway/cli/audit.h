/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_AUDIT_H
#define GATEWAY_CLI_AUDIT_H

/*
 * `tocsin audit`: is a journal still what was recorded, and the key that says so
 */

#include "gateway/site.h"

/* Run the command; see arguments.h for what it may end with. */
int audit_main(int argc, char **argv);

/* Say on standard error why `command` could not be done with `what`. Returns the exit code. */
int audit_explain(const char *command, const char *what, int r, const char *reason,
                  enum site_language language);

#endif
