/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_BASE64_H
#define GATEWAY_BASE64_H

/*
 * Base64 (RFC 4648)
 *
 *     base64      alphabet of section 4, with padding
 *     base64url   alphabet of section 5, without padding: what stands in JSON of the web's own
 */

#include <stdbool.h>
#include <stddef.h>

/* Room for `size` bytes as text, with the NUL. */
#define BASE64_SIZE(size)    (((size) + 2) / 3 * 4 + 1)
#define BASE64URL_SIZE(size) (((size)*4 + 2) / 3 + 1)

void base64_write(const unsigned char *bytes, size_t size, char *ret);
void base64url_write(const unsigned char *bytes, size_t size, char *ret);

/*
 * Read exactly `size` bytes out of `text`. Padding may stand at its end, as some write it. Returns
 * false, whatever stands in `ret` then, when it is not that: another length, a foreign character, or
 * bits beyond the last byte.
 */
bool base64url_read(const char *text, unsigned char *ret, size_t size);

#endif
