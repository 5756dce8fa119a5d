/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_MODBUS_RTU_H
#define SENSORS_MODBUS_RTU_H

/*
 * Modbus RTU: one serial line, one transaction at a time
 *
 * The line is libmodbus's: it opens it, frames what comes and guards it by the checksum; unit and
 * function are checked here once more. Its byte time-out is 0, so that the response time-out
 * governs the whole answer.
 *
 * After a time-out or a wrong answer nothing on the line can be believed, and bytes that wait
 * before a request are somebody's late answer or noise: the line is drained until it was silent for
 * 3.5 characters.
 *
 * A transaction, with opening the line and draining it, takes at most 1.5 × its time-out.
 *
 * One thread uses a line; only mbrtu_cut() may be called from another.
 */

#include "sensors/modbus_bus.h"

/* select() in libmodbus aborts the process at 1,024; some room is left for others' descriptors. */
enum { MBRTU_DESCRIPTOR_MAX = 1000 };

struct mbrtu_conf {
    const char *line; /* its path */
    uint32_t baud;
    char parity; /* 'N', 'E', 'O' */
    uint8_t stop_bits;
};

struct mbrtu;

/* `real_ns` and `context` are the sink's clock. Copies the text of `conf`. Returns 0 or -ENOMEM. */
SENSORS_NODISCARD int mbrtu_new(const struct mbrtu_conf *conf, uint64_t (*real_ns)(void *context),
                                void *context, struct mbrtu **ret_rtu);

/* Close and release. Accepts NULL, returns NULL. */
struct mbrtu *mbrtu_free(struct mbrtu *rtu);

/*
 * One transaction: open the line if it is closed, make it silent, send, wait, check. The outcome
 * stays valid until the next call.
 */
const struct mbbus_outcome *mbrtu_ask(struct mbrtu *rtu, const struct mbframe_request *request,
                                      uint64_t timeout_ns);

/*
 * End the present transaction within 100 ms or its frame's length, and refuse every later one. Any
 * thread.
 */
void mbrtu_cut(struct mbrtu *rtu);

#endif
