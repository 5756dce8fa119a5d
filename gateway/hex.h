/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_HEX_H
#define GATEWAY_HEX_H

/*
 * Bytes as people read them: two lower-case hexadecimal digits each
 */

#include <stddef.h>

/* Writes 2 * size digits and a NUL. */
void hex_format(const unsigned char *bytes, size_t size, char *ret);

#endif
