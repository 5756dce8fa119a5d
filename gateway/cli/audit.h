/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_AUDIT_H
#define GATEWAY_CLI_AUDIT_H

/*
 * `tocsin audit`: is a journal still what was recorded, and the key that says so
 */

#include "gateway/journal/journal_audit.h"
#include "gateway/site.h"

/* Run the command; see arguments.h for what it may end with. */
int audit_main(int argc, char **argv);

/* Say what an audit has found, the first thing that is wrong last. Returns whether it is good. */
bool audit_print(const struct journal_audit *audit, enum site_language language);

/* Say on standard error why `command` could not be done with `what`. Returns the exit code. */
int audit_explain(const char *command, const char *what, int r, const char *reason,
                  enum site_language language);

#endif
