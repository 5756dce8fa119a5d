/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/asker.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "rules/limits.h"

/* With the longest of the roles. */
_Static_assert(PEER_BY_MAX + sizeof " (caregiver, local)" <= LIMIT_ACTOR, "an actor fits");

const char *asker_role_name(const struct asker *asker) {
    return asker->kind == ASKER_SCREEN ? PEOPLE_ROLE_WALL : role_name(asker->role);
}

void asker_actor_format(enum asker_kind kind, const char *by, enum role role, char *ret) {
    assert(strlen(by) <= PEER_BY_MAX);
    (void)snprintf(ret, LIMIT_ACTOR, "%s (%s%s)", by, role_name(role),
                   kind == ASKER_LOCAL    ? ", local"
                   : kind == ASKER_REMOTE ? ", mqtt"
                                          : "");
}
