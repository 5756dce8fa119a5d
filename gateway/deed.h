/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DEED_H
#define GATEWAY_DEED_H

/*
 * What was done to the list of those who may sign in, on its way into the journal
 *
 * The console changes the list and keeps the deed in the same file, in one write (people.h): so there is no change
 * without a deed, and none of what was not changed. The engine records it and says so; a console that was killed in
 * between says it again, and the engine knows by the number what it has recorded already. Nothing of a password, a
 * token or a key is in it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "rules/limits.h"
#include "rules/reading.h"
#include "rules/role.h"

/* What it was: a set of these. */
enum deed_what {
    DEED_ADDED = 1 << 0,
    DEED_CLAIMED = 1 << 1, /* the first person has come in by the code */
    DEED_REMOVED = 1 << 2,
    DEED_NAME = 1 << 3,
    DEED_ROLE = 1 << 4,
    DEED_PASSWORD = 1 << 5,
    DEED_KEY_MADE = 1 << 6,
    DEED_KEY_ENDED = 1 << 7,
    DEED_HELD_UP = 1 << 8, /* alone: nothing was changed, somebody guesses at a password */
    DEED_SIGNED_OUT =
        1 << 9, /* by somebody else, or from another page: everywhere, or on one device */
    DEED_ALL = (1 << 10) - 1,
};

enum { DEED_PERSON_SIZE = 40, DEED_NAME_SIZE = 44, DEED_ROLE_SIZE = 16, DEED_ADDRESS_SIZE = 48 };

/* Texts end with a NUL; "" where there is none. */
struct deed {
    /* Counts up in the lower half; the upper is of the list's life. 0: said once, and not kept. */
    uint64_t number;
    uint32_t what;       /* set of enum deed_what */
    uint32_t actor_role; /* enum role */
    struct wall at;
    char actor[LIMIT_ACTOR]; /* who did it */
    char person[DEED_PERSON_SIZE];
    char name[DEED_NAME_SIZE], name_before[DEED_NAME_SIZE];
    char role[DEED_ROLE_SIZE], role_before[DEED_ROLE_SIZE];
    char address[DEED_ADDRESS_SIZE]; /* of who guesses */
};

#endif
