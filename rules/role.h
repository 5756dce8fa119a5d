/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_ROLE_H
#define RULES_ROLE_H

/*
 * Roles: what a person is to the gateway
 *
 * Caregivers answer calls, security answers fire and doors, a manager stands above both. The
 * engineer and the auditor look after the gateway, not after the people in the rooms, and stand
 * beside that order.
 */

#include <stdbool.h>
#include <stddef.h>

enum role {
    ROLE_CAREGIVER,
    ROLE_SECURITY,
    ROLE_MANAGER,
    ROLE_ENGINEER,
    ROLE_AUDITOR, /* reads everything and changes nothing */
    ROLE_COUNT,
};

/* "caregiver" … Static storage. */
const char *role_name(enum role role);

/* Find a role by its word of `len` bytes, which need not end in NUL; ROLE_COUNT when there is none.
 */
enum role role_find(const char *word, size_t len);

/* May somebody in the role act on alarms? */
bool role_acts(enum role role);

/* Is `role` the role `wanted` itself, or one above it? */
bool role_covers(enum role role, enum role wanted);

#endif
