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
#include "gateway/secret_file.h"
#include "rules/instant.h"

enum { SIGNATURE_HEADER_SIZE = 128 };

/* Write the whole header line, without its end. Only memory can fail. */
NODISCARD int signature_header(const struct secret_shared *secret, struct wall wall,
                               const char *body, size_t size, char ret[SIGNATURE_HEADER_SIZE]);

#endif
