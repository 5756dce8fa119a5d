/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_ASKER_H
#define GATEWAY_CONSOLE_ASKER_H

/*
 * Who asks
 *
 * Over the Unix socket the kernel says it (peer.h), over HTTPS a session or a token does (staff.h).
 */

#include "gateway/console/peer.h"
#include "gateway/console/people.h"

enum asker_kind {
    ASKER_LOCAL,  /* a user of this machine, over the Unix socket */
    ASKER_PERSON, /* signed in, over HTTPS */
    ASKER_REMOTE, /* has signed with a key of theirs, over the broker */
    ASKER_SCREEN, /* a screen on a wall: it looks, and nobody stands behind it */
    ASKER_NOBODY, /* over HTTPS, and not signed in */
};

struct asker {
    enum asker_kind kind;
    /* What they act as. Of a screen it is ROLE_AUDITOR, so that it can change nothing anywhere. */
    enum role role;
    uint64_t session_until_real_ns; /* 0: there is none, or it has no end */
    char id[PEOPLE_ID_SIZE];        /* of who is signed in; "" */
    char name[PEER_BY_MAX + 1];     /* what is recorded; on this machine people may name another */
};

/*
 * Write the actor that is recorded: "wang (engineer, local)" of somebody at this machine, "王敏 (caregiver)" of who is
 * signed in, "王敏 (caregiver, mqtt)" of who has sent it by the broker. `by` is a name of 1…PEER_BY_MAX bytes; `ret` has room for LIMIT_ACTOR.
 */
void asker_actor_format(enum asker_kind kind, const char *by, enum role role, char *ret);

/* What they act as: the name of the role, or PEOPLE_ROLE_WALL. Static storage. */
const char *asker_role_name(const struct asker *asker);

#endif
