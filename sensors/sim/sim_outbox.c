/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_outbox.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <event2/event.h>

/* Write as one piece. A peer that leaves its answers unread until the buffer is full loses this
 * one. */
static bool outbox_write(struct sim_outbox *outbox, const uint8_t *bytes, size_t size) {
    ssize_t written;
    do {
        written = outbox->framing == SIM_FRAMING_TCP ? send(outbox->fd, bytes, size, MSG_NOSIGNAL)
                                                     : write(outbox->fd, bytes, size);
    } while (written < 0 && errno == EINTR);
    return written == (ssize_t)size;
}

static void outbox_arm(struct sim_outbox *outbox, uint32_t after_ms) {
    const struct timeval after = {.tv_sec = (time_t)(after_ms / 1000),
                                  .tv_usec = (suseconds_t)(after_ms % 1000) * 1000};
    (void)evtimer_add(outbox->timer, &after); /* only fails for an event that was not made */
}

/* Send what is due now, and arm the timer for what is not. */
static void outbox_advance(struct sim_outbox *outbox) {
    size_t left = outbox->reply.size - outbox->sent;
    size_t now = outbox->reply.drip_ms > 0 ? 1 : left;
    bool taken = outbox_write(outbox, outbox->reply.frame + outbox->sent, now);
    outbox->sent += now;
    outbox->busy = taken && outbox->sent < outbox->reply.size;
    if (!taken) {
        outbox->dropped++;
    }
    if (outbox->busy) {
        outbox_arm(outbox, outbox->reply.drip_ms);
    }
}

static void outbox_due(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    outbox_advance(context);
}

int sim_outbox_init(struct sim_outbox *outbox, struct event_base *base, int fd,
                    enum sim_framing framing) {
    *outbox = (struct sim_outbox){.fd = fd, .framing = framing};
    outbox->timer = evtimer_new(base, outbox_due, outbox);
    return outbox->timer == NULL ? -ENOMEM : 0;
}

void sim_outbox_deinit(struct sim_outbox *outbox) {
    if (outbox->timer != NULL) {
        event_free(outbox->timer);
    }
    *outbox = (struct sim_outbox){.fd = -1};
}

void sim_outbox_send(struct sim_outbox *outbox, const struct sim_reply *reply) {
    assert(reply->size > 0);
    if (outbox->busy) {
        outbox->dropped++;
        return;
    }
    outbox->reply = *reply;
    outbox->sent = 0;
    if (reply->delay_ms > 0) {
        outbox->busy = true;
        outbox_arm(outbox, reply->delay_ms);
    } else {
        outbox_advance(outbox);
    }
}
