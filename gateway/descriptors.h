/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DESCRIPTORS_H
#define GATEWAY_DESCRIPTORS_H

/*
 * Descriptors that are used up: told, in every process alike
 *
 * What opens something and cannot waits and tries again, and says what it misses in the words of its own
 * trade: a broker is not reached, a device is lost. That the cause lies here, and not out there, is seen once
 * a second by trying to have one more descriptor.
 */

#include <stdbool.h>

/* All zero: not used up. */
struct descriptors_watch {
    bool used_up;
};

/* Could this process have one more descriptor now? */
bool descriptors_are_left(void);

/* Look, and tell when that has changed; `effect` is what it means that there is none. */
void descriptors_look(struct descriptors_watch *watch, const char *effect);

#endif
