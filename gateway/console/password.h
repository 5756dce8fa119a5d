/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_PASSWORD_H
#define GATEWAY_CONSOLE_PASSWORD_H

/*
 * Passwords, hashed by scrypt (RFC 7914)
 *
 * N = 2^14, r = 8, p = 5: 16 MiB and some tenths of a second for each guess, as OWASP's Password Storage Cheat Sheet
 * has it for where 128 MiB are too much. The parameters stand in the hash, so that they can grow. It is slow on
 * purpose: never from the loop that serves people (hasher.h).
 */

#include <stdbool.h>
#include <stddef.h>

#include "gateway/err.h"

enum { PASSWORD_HASH_SIZE = 128 };

/* Hash with a new salt. Returns 0 or a negative errno: no memory, or no randomness. */
NODISCARD int password_hash(const char *password, size_t len, char ret[PASSWORD_HASH_SIZE]);

/*
 * Is it the password? A hash that is none of ours takes as long and is false; so does one of "", for somebody who
 * does not exist: how long an answer takes says nothing.
 */
bool password_is(const char *password, size_t len, const char *hash);

#endif
