/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_DEVICE_H
#define GATEWAY_CONSOLE_DEVICE_H

/*
 * Devices that somebody has signed in with
 *
 * After a sign-in the browser gets a cookie that says, under our HMAC (RFC 2104, SHA-256), that this person has
 * signed in from here. It opens nothing; it spares the phone in a caregiver's pocket from waiting when strangers
 * guess at her password (guard.h). The key is device.key of the console's directory; where it cannot be kept, a
 * start forgets the devices, and nothing else is lost.
 *
 *     __Host-tocsin-device=<16 hex digits>.<hmac>.<person's id>
 */

#include <stdbool.h>

#include "gateway/console/guard.h"
#include "gateway/console/people.h"

enum {
    DEVICE_KEY_SIZE = 32,
    DEVICE_NAME_SIZE = 2 * 8 + 1,
    DEVICE_COOKIE_SIZE = DEVICE_NAME_SIZE + 2 * 32 + 1 + PEOPLE_ID_SIZE,
    DEVICE_COOKIE_S = 400 * 86400, /* the longest that browsers keep one (RFC 6265bis, 5.5) */
};

struct devices {
    unsigned char key[DEVICE_KEY_SIZE];
};

/* Returns 0 or a negative errno: there is no randomness. `directory` may be -1. */
NODISCARD int devices_open(struct devices *devices, int directory);

/* Is it the cookie of a device of the person `id`? Writes the device's name then, and else "". */
bool devices_know(const struct devices *devices, const char *cookie, const char *id,
                  char ret_name[DEVICE_NAME_SIZE]);

/* The cookie of a device from which the person `id` has signed in just now; "" when there is no randomness. */
void devices_mark(const struct devices *devices, const char *id, char ret[DEVICE_COOKIE_SIZE]);

#endif
