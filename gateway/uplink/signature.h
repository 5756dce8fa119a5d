/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_SIGNATURE_H
#define GATEWAY_UPLINK_SIGNATURE_H

/*
 * How a receiver knows that a call is ours
 *
 *     Tocsin-Signature: t=1763796000,v1=5257a869…
 *
 * `v1` is HMAC-SHA256 (RFC 2104) with the shared secret over "<t>.<body>", in lower-case hex. The
 * receiver computes it over the body as it came, compares in constant time, and refuses a `t` that
 * is further from its own clock than it cares for: so a call can be neither made up, nor changed,
 * nor played again later.
 */

#include <stddef.h>

#include "gateway/err.h"
#include "rules/instant.h"

enum {
    SIGNATURE_SECRET_MAX = 1024,
    SIGNATURE_SECRET_MIN =
        16, /* RFC 2104, 3: less than the hash's output is weak, and this is half */
    SIGNATURE_HEADER_SIZE = 128,
};

#define SIGNATURE_E_ABSENT 1 /* the file is not there, or cannot be read */
#define SIGNATURE_E_WEAK   2 /* it holds less than SIGNATURE_SECRET_MIN bytes, or too many */

struct signature_secret {
    unsigned char bytes[SIGNATURE_SECRET_MAX];
    size_t size;
};

/* Read a secret: the file's bytes without the white space around them. Returns 0 or SIGNATURE_E_…. */
NODISCARD int signature_read(const char *path, struct signature_secret *ret_secret);

/* Write the whole header line, without its end. Only memory can fail. */
NODISCARD int signature_header(const struct signature_secret *secret, struct wall wall,
                               const char *body, size_t size, char ret[SIGNATURE_HEADER_SIZE]);

#endif
