/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_SPAWN_H
#define GATEWAY_SPAWN_H

/*
 * Spawning: this same binary, executed anew as one of the children
 *
 * It finds the descriptors of process.h open and no other, has the user that it is to be, and our
 * handlers and masks of signals are not its own.
 */

#include <sys/types.h>

#include "gateway/children.h"

/*
 * Start a process. Sets `*ret_pid`, and `*ret_line`, our end of the line to it, which does not block.
 * Returns 0 or a negative errno.
 */
NODISCARD int spawn_process(const struct children_conf *conf, enum process_role role,
                            uint32_t instance, pid_t *ret_pid, int *ret_line);

#endif
