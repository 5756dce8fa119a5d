/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_ANSWER_H
#define SENSORS_SIM_ANSWER_H

/*
 * How a device answers
 *
 * Rightly, or wrongly in one of the ways that real devices, cables and converters do. Each wrong
 * way is as plausible as it can be: a short answer has a length and a checksum that agree with it,
 * so that only a master that compares it with what it asked for finds out.
 *
 *     garbage     random bytes, as many as the right answer has
 *     drip        the right answer, one byte each 400 ms
 *     wrong_unit  the right answer under the next unit's number
 *     short       half the data; length and checksum fit it
 *     long        two bytes of data too many; length and checksum fit it
 *     exception   exception 04, device failure
 *     close       the connection is closed on each request; on a serial line, silence
 *     late        the right answer, half a time-out after the time-out
 *     silent      nothing
 */

#include "sensors/sim/sim_frame.h"
#include "sensors/sim/sim_random.h"

enum sim_answer {
    SIM_ANSWER_RIGHT,
    SIM_ANSWER_GARBAGE,
    SIM_ANSWER_DRIP,
    SIM_ANSWER_WRONG_UNIT,
    SIM_ANSWER_SHORT,
    SIM_ANSWER_LONG,
    SIM_ANSWER_EXCEPTION,
    SIM_ANSWER_CLOSE,
    SIM_ANSWER_LATE,
    SIM_ANSWER_SILENT,
    SIM_ANSWER_COUNT,
};

enum { SIM_ANSWER_DRIP_MS = 400 };

/* "right", "garbage" … Static storage. */
const char *sim_answer_name(enum sim_answer answer);

/* Find by name; SIM_ANSWER_COUNT when there is none. */
enum sim_answer sim_answer_find(const char *name);

/* What goes out, and how. Spans are real time: they are a device's, not the story's. */
struct sim_reply {
    uint8_t frame[SIM_FRAME_MAX];
    size_t size;       /* 0: nothing is sent */
    uint32_t delay_ms; /* before the first byte */
    uint32_t drip_ms;  /* between two bytes; 0: all at once */
    bool close;        /* end the connection */
};

/* Where the reply belongs. */
struct sim_return {
    enum sim_framing framing;
    uint16_t transaction;
    uint8_t unit;
    uint32_t timeout_ms; /* how long the gateway waits for this device */
};

/*
 * Turn the right reply PDU into what the device sends. `pdu` is at least 2 bytes and is the answer
 * to a request of the same function.
 */
void sim_answer_build(enum sim_answer answer, const struct sim_return *to, const uint8_t *pdu,
                      size_t pdu_size, struct sim_random *random, struct sim_reply *ret_reply);

#endif
