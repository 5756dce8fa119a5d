/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_GUARD_H
#define GATEWAY_CONSOLE_GUARD_H

/*
 * Against guessing passwords, without locking anybody out
 *
 * Three counts of failures slow whoever tries, by seconds, and nobody is ever barred:
 *
 *     of a name from an address  GUARD_FREE failures, then one try in GUARD_WAIT_S
 *     of a name from anywhere    GUARD_PERSON_FREE failures, then one try in GUARD_WAIT_S
 *     of an address, any names   GUARD_ADDRESS_FREE failures, then one try in GUARD_ADDRESS_WAIT_S at names that have failed
 *                                there; a name that has not is tried at once
 *
 * So however many guess, from wherever, in an hour a name is tried at most 470 times, and an address tries at most 60
 * times and each name once and 1,800 times; behind an address from which somebody guesses at one person, another one
 * signs in as ever. Whoever waits for the same next try stands in line (sign_in.c, line.h), and has it within seconds where
 * one guesses. Where several go on guessing at the same name, a person who signs in with a device that is not known competes
 * with them for one try in GUARD_WAIT_S, and nothing says when the turn is theirs: neither the name nor the address tells
 * them apart. Their known devices are not concerned.
 *
 * A device that the person has signed in with carries a cookie that says so (device.h): it is asked only for its own
 * failures, under its own name, so that a stranger who guesses keeps the caregiver's own phone from nothing. All names
 * that nobody has are one, GUARD_NOBODY, or a flood of them would leave no time for anybody else: so that who tries many
 * can tell, from when he waits, that these are nobody's.
 *
 * Counts are forgotten after GUARD_FORGET_S without a failure, and that of a name from an address with a success of the
 * same; what others did stays. When a table is full, what failed longest ago makes room; that of names takes all people.
 */

#include <stdbool.h>
#include <stdint.h>

#define GUARD_NOBODY "?" /* no person's id */

enum {
    GUARD_ROWS = 1024, /* of each table */
    GUARD_KEY_SIZE = 80,
    GUARD_FREE = 5,
    GUARD_PERSON_FREE = 20,
    GUARD_WAIT_S = 8,
    GUARD_ADDRESS_FREE = 60,
    GUARD_ADDRESS_WAIT_S = 2,
    GUARD_FORGET_S = 3600,
};

struct guard_row {
    char key[GUARD_KEY_SIZE]; /* "": free */
    uint32_t failures;
    uint64_t failed_real_ns; /* the last time */
};

struct guard {
    struct guard_row pairs[GUARD_ROWS], addresses[GUARD_ROWS], people[GUARD_ROWS];
    uint64_t held_up; /* tries that were to wait; the caller counts them */
};

/* Who tries. `device`: the name of a device that the person has signed in with; "": it is none. */
struct guard_try {
    const char *address; /* "": from this machine itself */
    const char *id;      /* "": with a token or a code; GUARD_NOBODY: there is no such person */
    const char *device;
};

/* Seconds to wait before the try may be made; 0: now. At most GUARD_WAIT_S. */
uint32_t guard_wait_s(const struct guard *guard, const struct guard_try *try, uint64_t real_ns);

/* How often the same has failed. */
uint32_t guard_failures(const struct guard *guard, const struct guard_try *try, uint64_t real_ns);

/* How much is guessed where this tries: its own failures, and those of the name from anywhere once they make it wait. */
uint32_t guard_pressure(const struct guard *guard, const struct guard_try *try, uint64_t real_ns);

void guard_failed(struct guard *guard, const struct guard_try *try, uint64_t real_ns);
void guard_succeeded(struct guard *guard, const struct guard_try *try);

#endif
