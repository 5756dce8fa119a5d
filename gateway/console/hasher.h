/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_HASHER_H
#define GATEWAY_CONSOLE_HASHER_H

/*
 * The thread that hashes passwords
 *
 * A hash takes some tenths of a second, and the loop has hundreds of pages to serve. Jobs are copies in a ring of
 * HASHER_JOBS_MAX; one is worked on at a time, so that strangers who guess can keep one processor busy and no more
 * memory than one hash takes. What a job came to is told from the loop, in order.
 *
 *     loop ──hasher_ask()──▶ ring ──▶ thread ──eventfd──▶ loop: answered(context, …)
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/console/password.h"
#include "gateway/console/people.h"

struct event_base;
struct hasher;

enum { HASHER_JOBS_MAX = 16 };

struct hasher_job {
    uint64_t number; /* the asker's own */
    bool compares;   /* with `hash`; else makes one of `password` */
    char password[PEOPLE_PASSWORD_MAX + 1];
    char hash[PASSWORD_HASH_SIZE];
};

/* `same` of one that compares; `hash` of one that makes, "" if that failed. */
typedef void hasher_answered(void *context, uint64_t number, bool same, const char *hash);

NODISCARD int hasher_new(struct event_base *base, hasher_answered *answered, void *context,
                         struct hasher **ret_hasher);

/* Ends the thread after its present job; what is still asked is not answered. Returns NULL. */
struct hasher *hasher_free(struct hasher *hasher);

/* Returns 0 or HASHER_E_FULL. Copies the job. */
NODISCARD int hasher_ask(struct hasher *hasher, const struct hasher_job *job);

#define HASHER_E_FULL 1

#endif
