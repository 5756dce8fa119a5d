/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_DATABASE_GZIP_H
#define GATEWAY_UPLINK_DATABASE_GZIP_H

/*
 * Lines packed by gzip (RFC 1952), for the way and for the spool
 *
 * Lines resemble each other: the fastest level leaves a tenth of them.
 */

#include <stddef.h>

#include "gateway/err.h"

/* Pack `size` bytes into memory that is the caller's to free. Returns 0 or -ENOMEM. */
NODISCARD int gzip_pack(const char *text, size_t size, unsigned char **ret_bytes, size_t *ret_size);

#define GZIP_E_DAMAGED 1 /* not what was packed, or more than `size_max` */

/* The reverse; the text ends in a NUL that is not counted. Returns 0, GZIP_E_DAMAGED or -ENOMEM. */
NODISCARD int gzip_unpack(const void *bytes, size_t size, size_t size_max, char **ret_text,
                          size_t *ret_size);

#endif
