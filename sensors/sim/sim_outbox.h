/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_OUTBOX_H
#define SENSORS_SIM_OUTBOX_H

/*
 * The outbox of one connection
 *
 * Sends a reply at once, later, or byte by byte, as the device's mood has it. It holds one reply:
 * what comes while another is still on its way is dropped and counted, as by a slow device with one
 * buffer.
 */

#include "sensors/sim/sim_answer.h"

struct event;
struct event_base;

struct sim_outbox {
    struct event *timer;
    int fd;
    enum sim_framing framing;
    struct sim_reply reply;
    size_t sent;
    bool busy;
    uint64_t dropped; /* replies */
};

/* Send to `fd`, a non-blocking socket or terminal that stays the caller's. Returns 0 or -ENOMEM. */
SIM_NODISCARD int sim_outbox_init(struct sim_outbox *outbox, struct event_base *base, int fd,
                                  enum sim_framing framing);
/* Whatever is still on its way is forgotten. */
void sim_outbox_deinit(struct sim_outbox *outbox);

/*
 * Send or schedule a reply that has bytes. An end that does not take them loses them: whether it is
 * still there shows when it is read from.
 */
void sim_outbox_send(struct sim_outbox *outbox, const struct sim_reply *reply);

#endif
