/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_COMMANDS_H
#define GATEWAY_CLI_COMMANDS_H

/*
 * The command line
 *
 * `tocsin COMMAND …`: one table says which commands there are, in which group `tocsin --help` shows
 * them, and who runs them. A command gets its own arguments, argv[0] being its name, and returns
 * the exit code: 0 done, 1 refused or failed, 2 a usage error.
 */

/* Dispatch `tocsin`'s own arguments. */
int cli_main(int argc, char **argv);

/* The name of the command that `word` was perhaps meant to be, or NULL. */
const char *cli_suggest(const char *word);

#endif
