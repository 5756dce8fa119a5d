/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_REMOTE_INTAKE_H
#define GATEWAY_UPLINK_REMOTE_INTAKE_H

/*
 * Commands that the broker brings, from the library's thread to the loop
 *
 * Whoever may write on the command topic decides how many come, and nobody knows yet who it is. So what is let in
 * is bounded twice: by what waits, and by what comes in a second. The rest is counted and dropped before it costs
 * more than that; events have nothing to do with it. A retained one is of the past, and is never taken.
 *
 *     library's thread ── put ──▶ [ REMOTE_INTAKE_MAX ] ── take ──▶ loop
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/err.h"
#include "gateway/wire.h"

enum {
    REMOTE_INTAKE_MAX = 32,
    REMOTE_INTAKE_PER_S = 20,
    REMOTE_TOPIC_MAX = 256, /* bytes of a response topic */
    REMOTE_CORRELATION_MAX = 256,
};

/* One as it came. */
struct remote_message {
    bool is_long; /* it had more than WIRE_REMOTE_MAX bytes; none of them is here */
    /* Its response topic or correlation data are longer than any of ours; they are not here. */
    bool is_unsound;
    uint32_t size;
    uint32_t correlation_size;
    char payload[WIRE_REMOTE_MAX];
    char response[REMOTE_TOPIC_MAX + 1]; /* "": none was given */
    unsigned char correlation[REMOTE_CORRELATION_MAX];
};

struct remote_intake;

struct remote_intake_counts {
    uint64_t taken, dropped, retained;
};

NODISCARD int remote_intake_new(struct remote_intake **ret_intake);
struct remote_intake *remote_intake_free(struct remote_intake *intake);

/* From any thread, at `real_ns`. Copies it. True: it is the first that waits, and somebody should look. */
bool remote_intake_put(struct remote_intake *intake, const struct remote_message *message,
                       uint64_t real_ns);

/* From any thread: one was retained, and is not taken. */
void remote_intake_retained(struct remote_intake *intake);

/* Take the oldest; false when there is none. */
bool remote_intake_take(struct remote_intake *intake, struct remote_message *ret_message);

struct remote_intake_counts remote_intake_counts(struct remote_intake *intake);

#endif
