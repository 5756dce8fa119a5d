/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_ACT_H
#define GATEWAY_CLI_ACT_H

/*
 * `tocsin ack`, `attend`, `investigate`, `silence`, `reset`, `shelve`, `unshelve`, `out-of-service`,
 * `in-service`, `disposition`: act on one alarm; `tocsin test`: put a place under test. "Done" is
 * printed only after the engine has recorded it; a refusal says which rule stood in the way and what
 * to do.
 */

#include "gateway/cli/session.h"

/* Run the command that argv[0] names; see commands.h. */
int act_main(int argc, char **argv);

/* `tocsin test begin|end|reset PLACE`. */
int act_test_main(int argc, char **argv);

/*
 * Send one command that takes nothing but its alarm ("ack", "attend", "reset"), as one of the
 * session's person, and print what came of it. It is refused if the alarm comes from no test by then:
 * somebody may have called in earnest meanwhile. Returns an exit code.
 */
int act_send_of_test(struct session *session, const char *command, const char *alarm);

#endif
