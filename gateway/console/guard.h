/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_GUARD_H
#define GATEWAY_CONSOLE_GUARD_H

/*
 * Against guessing passwords, without locking anybody out
 *
 * Two counts of failures make somebody wait, and nobody is ever barred for good:
 *
 *     of an address    GUARD_ADDRESS_FREE failures, then 5 s, 10 s, 20 s … up to GUARD_WAIT_S_MAX
 *     of a person's id GUARD_PERSON_FREE failures from devices that the person never signed in with, then one try in
 *                      GUARD_PERSON_WAIT_S, for such devices only
 *
 * A device that the person has signed in with carries a cookie that says so (device.h) and is asked neither: a
 * stranger who guesses at a caregiver's password, from whatever address, keeps the caregiver's own phone from
 * nothing. Its own failures count as those of an address, under its own name. Counts are forgotten after
 * GUARD_FORGET_S without a failure, and that of an address with a success from there; what others did at a person stays.
 * When a table is full, what failed longest ago makes room.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
    GUARD_ROWS = 1024, /* of each table */
    GUARD_KEY_SIZE = 48,
    GUARD_ADDRESS_FREE = 5,
    GUARD_PERSON_FREE = 20,
    GUARD_PERSON_WAIT_S = 60,
    GUARD_WAIT_S_MAX = 900,
    GUARD_FORGET_S = 3600,
};

struct guard_row {
    char key[GUARD_KEY_SIZE]; /* "": free */
    uint32_t failures;
    uint64_t failed_real_ns; /* the last time */
};

struct guard {
    struct guard_row addresses[GUARD_ROWS], people[GUARD_ROWS];
    uint64_t held_up; /* tries that were to wait */
};

/* Who tries. `device`: the name of a device that the person has signed in with; "": it is none. */
struct guard_try {
    const char *address; /* "": from this machine itself */
    const char *id;
    const char *device;
};

/* Seconds to wait before the try may be made; 0: now. */
uint32_t guard_wait_s(struct guard *guard, const struct guard_try *try, uint64_t real_ns);

void guard_failed(struct guard *guard, const struct guard_try *try, uint64_t real_ns);
void guard_succeeded(struct guard *guard, const struct guard_try *try);

#endif
