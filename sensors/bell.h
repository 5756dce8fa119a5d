/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_BELL_H
#define SENSORS_BELL_H

/*
 * Bell: wakes one sleeping thread
 *
 * The thread of a serial line sleeps until its next poll is due, or until somebody rings because an output changed
 * or the process stops. An eventfd would do, but would cost each bus a descriptor, and descriptors
 * below 1,024 are what a field process with 800 connections is short of. So this is a futex on a
 * counter: no descriptor, one system call to sleep, none to ring when nobody sleeps.
 *
 * A ring that comes while the thread is awake is not lost: the next sleep returns at once.
 */

#include <stdatomic.h>

#include "sensors/driver.h"

struct bell {
    _Atomic uint32_t rings;
    _Atomic uint32_t sleepers;
    uint32_t heard; /* the sleeper's own: rings it has seen */
};

/* All zero is a bell that has not rung; there is nothing to release. */

/* Wake the thread, from any thread. */
void bell_ring(struct bell *bell);

/* Sleep for `span_ns`, or until a ring that this sleeper has not heard. One thread only. */
void bell_sleep(struct bell *bell, uint64_t span_ns);

#endif
