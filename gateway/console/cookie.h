/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_COOKIE_H
#define GATEWAY_CONSOLE_COOKIE_H

/*
 * Cookies (RFC 6265)
 *
 * Every cookie of the console has the prefix `__Host-`, with which a browser takes it by HTTPS and of this host only,
 * is kept from scripts, and is sent with requests of the console's own pages only:
 *
 *     Set-Cookie: __Host-tocsin=…; Secure; HttpOnly; SameSite=Strict; Path=/; Max-Age=…
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evhttp_request;

#define COOKIE_SESSION "__Host-tocsin"
#define COOKIE_DEVICE  "__Host-tocsin-device"

/* Copy the value of the request's cookie `name`; false, and "", when there is none or it is longer than `size` has room for. */
bool cookie_read(struct evhttp_request *request, const char *name, char *ret, size_t size);

/* Have the answer set it; `value` is of letters, digits and -._ ; with 0 seconds it is removed. */
void cookie_set(struct evhttp_request *request, const char *name, const char *value,
                uint32_t max_age_s);

#endif
