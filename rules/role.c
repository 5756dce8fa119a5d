/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/role.h"

#include <assert.h>
#include <string.h>

static const char *const names[ROLE_COUNT] = {
    [ROLE_CAREGIVER] = "caregiver", [ROLE_SECURITY] = "security", [ROLE_MANAGER] = "manager",
    [ROLE_ENGINEER] = "engineer",   [ROLE_AUDITOR] = "auditor",
};

const char *role_name(enum role role) {
    assert(role < ROLE_COUNT);
    return names[role];
}

enum role role_find(const char *word, size_t len) {
    enum role role = 0;
    while (role < ROLE_COUNT &&
           (strlen(names[role]) != len || memcmp(names[role], word, len) != 0)) {
        role++;
    }
    return role;
}

bool role_acts(enum role role) {
    assert(role < ROLE_COUNT);
    return role != ROLE_AUDITOR;
}

bool role_covers(enum role role, enum role wanted) {
    return role == wanted ||
           (role == ROLE_MANAGER && (wanted == ROLE_CAREGIVER || wanted == ROLE_SECURITY));
}
