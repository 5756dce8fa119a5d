/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_PEER_H
#define GATEWAY_CONSOLE_PEER_H

/*
 * Who is at the other end of the Unix socket
 *
 * The kernel says it (SO_PEERCRED, SO_PEERGROUPS), nobody has to log in: root, the user that the
 * gateway runs as, and members of the group `tocsin` may talk to the console. They act as engineer,
 * or in the role that they ask for, and what they do is recorded with their name and that role.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "gateway/err.h"
#include "rules/role.h"

#define PEER_GROUP "tocsin"

/* Long enough for any login name of Debian, with the final NUL. */
enum { PEER_NAME_SIZE = 33 };

struct peer {
    uid_t uid;
    char name[PEER_NAME_SIZE]; /* login name, or "uid 1234" */
};

#define PEER_E_STRANGER 1 /* none of those who may talk to the console */

/* The gid of PEER_GROUP, or (gid_t)-1 when this machine has no such group. */
gid_t peer_group(void);

/* Who is connected at `fd`? `group` is peer_group(). Returns 0 or PEER_E_STRANGER. */
NODISCARD int peer_identify(int fd, gid_t group, struct peer *ret_peer);

/* Longest name that somebody may give for himself, in bytes, so that the actor fits LIMIT_ACTOR. */
enum { PEER_BY_MAX = 42 };

#endif
