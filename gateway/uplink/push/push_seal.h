/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_PUSH_PUSH_SEAL_H
#define GATEWAY_UPLINK_PUSH_PUSH_SEAL_H

/*
 * Sealing a message for one phone, so that the push service in between can neither read nor change it
 *
 *     ECDH P-256, HKDF-SHA256      RFC 8291, Message Encryption for Web Push
 *     AES-128-GCM, one record      RFC 8188, Encrypted Content-Encoding: salt | size | 65 | our key | ciphertext
 *     JWT with ES256               RFC 8292, VAPID: the service learns which gateway sends, and no other can
 *
 * All functions are pure but for memory and the randomness of a new key.
 */

#include <stdbool.h>
#include <stddef.h>

#include "gateway/err.h"
#include "rules/instant.h"

enum {
    PUSH_PRIVATE_SIZE = 32,
    PUSH_PUBLIC_SIZE = 65, /* a point of P-256, uncompressed */
    PUSH_AUTH_SIZE = 16,
    PUSH_SALT_SIZE = 16,
    /* Around what is sealed: the header, the mark of the last record, the tag. */
    PUSH_SEAL_SIZE = PUSH_SALT_SIZE + 4 + 1 + PUSH_PUBLIC_SIZE + 1 + 16,
    /* A push service need not take more (RFC 8030, 7.2). */
    PUSH_MESSAGE_MAX = 4096,
    PUSH_TEXT_MAX = PUSH_MESSAGE_MAX - PUSH_SEAL_SIZE,
    /* Of an Authorization header, with its name. */
    PUSH_VAPID_SIZE = 1024,
    PUSH_ORIGIN_SIZE = 280,
};

struct push_key {
    unsigned char private[PUSH_PRIVATE_SIZE];
    unsigned char public[PUSH_PUBLIC_SIZE];
};

/* Whom a message is sealed for. */
struct push_peer {
    unsigned char public[PUSH_PUBLIC_SIZE];
    unsigned char auth[PUSH_AUTH_SIZE];
};

/* Make a key. Returns 0, or <0 without memory or randomness. */
NODISCARD int push_key_make(struct push_key *ret);

/* The key that has this private part. Returns false if there is none. */
bool push_key_of(const unsigned char private[PUSH_PRIVATE_SIZE], struct push_key *ret);

/* Is it a point of the curve? */
bool push_public_is_good(const unsigned char public[PUSH_PUBLIC_SIZE]);

/*
 * Seal `size` bytes, at most PUSH_TEXT_MAX, for `peer` into `ret`, of size + PUSH_SEAL_SIZE bytes. `ours` and
 * `salt` are used once and never again. Returns 0, or <0 without memory, or when the peer's key is none.
 */
NODISCARD int push_seal(const struct push_peer *peer, const struct push_key *ours,
                        const unsigned char salt[PUSH_SALT_SIZE], const void *text, size_t size,
                        unsigned char *ret);

/* "https://host:port" of an https address; false when it is none, or longer. */
bool push_origin(const char *endpoint, char ret[PUSH_ORIGIN_SIZE]);

/*
 * Write the header "Authorization: vapid t=…, k=…" for messages to `endpoint` until `until`, a day ahead at
 * most. `contact` is an address of mail or the web by which whoever runs the service reaches us; "": none.
 */
NODISCARD int push_vapid(const struct push_key *key, const char *endpoint, const char *contact,
                         struct wall until, char ret[PUSH_VAPID_SIZE]);

#endif
