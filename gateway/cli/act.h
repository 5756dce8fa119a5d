/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_ACT_H
#define GATEWAY_CLI_ACT_H

/*
 * `tocsin ack`, `attend`, `investigate`, `silence`, `reset`, `shelve`, `unshelve`, `out-of-service`,
 * `in-service`, `disposition`: act on one alarm; `tocsin test`: put a place under test. "Done" is
 * printed only after the engine has recorded it; a refusal says which rule stood in the way and what
 * to do.
 */

/* Run the command that argv[0] names; see commands.h. */
int act_main(int argc, char **argv);

/* `tocsin test begin|end PLACE`. */
int act_test_main(int argc, char **argv);

#endif
