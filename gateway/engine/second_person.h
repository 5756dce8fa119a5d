/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_SECOND_PERSON_H
#define GATEWAY_ENGINE_SECOND_PERSON_H

/*
 * The second of two people, where a test begins
 *
 * Nobody is called from a place under test. Where fires are looked for, that is what taking a fire alarm out of
 * service is (rules/command.h), only of a whole place, and so it takes the same two people in two roles. Ending a
 * test takes one: it makes people hear again.
 */

#include "rules/core.h"

/*
 * Why `command` is not to be given to the core: COMMAND_REFUSED_SECOND_ROLE for the beginning of a test, in which
 * nothing else is wrong, of a place at or below which a rule of the site's raises fire alarms; else COMMAND_ACCEPTED,
 * and the core decides.
 */
enum command_refusal second_person_refuse(const struct core *core, const struct ruleset *ruleset,
                                          const struct command *command, struct instant now);

#endif
