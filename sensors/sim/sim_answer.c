/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_answer.h"

#include <assert.h>
#include <string.h>

static const char *const names[SIM_ANSWER_COUNT] = {
    [SIM_ANSWER_RIGHT] = "right",         [SIM_ANSWER_GARBAGE] = "garbage",
    [SIM_ANSWER_DRIP] = "drip",           [SIM_ANSWER_WRONG_UNIT] = "wrong_unit",
    [SIM_ANSWER_SHORT] = "short",         [SIM_ANSWER_LONG] = "long",
    [SIM_ANSWER_EXCEPTION] = "exception", [SIM_ANSWER_CLOSE] = "close",
    [SIM_ANSWER_LATE] = "late",           [SIM_ANSWER_SILENT] = "silent",
};

const char *sim_answer_name(enum sim_answer answer) {
    assert(answer < SIM_ANSWER_COUNT);
    return names[answer];
}

enum sim_answer sim_answer_find(const char *name) {
    for (int i = 0; i < SIM_ANSWER_COUNT; i++) {
        if (strcmp(names[i], name) == 0) {
            return (enum sim_answer)i;
        }
    }
    return SIM_ANSWER_COUNT;
}

/* Replies to functions 01 to 04 carry a byte count and data; the others repeat their request. */
static bool pdu_has_data(const uint8_t *pdu) {
    return pdu[0] >= 1 && pdu[0] <= 4;
}

static size_t pdu_shorten(uint8_t *pdu, size_t size) {
    if (!pdu_has_data(pdu)) {
        return size - 1;
    }
    pdu[1] = (uint8_t)(pdu[1] / 2);
    return 2 + (size_t)pdu[1];
}

static size_t pdu_lengthen(uint8_t *pdu, size_t size) {
    if (pdu_has_data(pdu)) {
        pdu[1] = (uint8_t)(pdu[1] + 2);
    }
    pdu[size] = 0;
    pdu[size + 1] = 0;
    return size + 2;
}

void sim_answer_build(enum sim_answer answer, const struct sim_return *to, const uint8_t *pdu,
                      size_t pdu_size, struct sim_random *random, struct sim_reply *ret_reply) {
    assert(pdu_size >= 2 && pdu_size <= SIM_MODBUS_PDU_MAX);
    *ret_reply = (struct sim_reply){0};
    uint8_t sent[SIM_MODBUS_PDU_MAX + 2];
    memcpy(sent, pdu, pdu_size);
    size_t size = pdu_size;
    uint8_t unit = to->unit;

    switch (answer) {
    case SIM_ANSWER_RIGHT:
    case SIM_ANSWER_GARBAGE:
        break;
    case SIM_ANSWER_DRIP:
        ret_reply->drip_ms = SIM_ANSWER_DRIP_MS;
        break;
    case SIM_ANSWER_WRONG_UNIT:
        unit++;
        break;
    case SIM_ANSWER_SHORT:
        size = pdu_shorten(sent, size);
        break;
    case SIM_ANSWER_LONG:
        size = pdu_lengthen(sent, size);
        break;
    case SIM_ANSWER_EXCEPTION:
        sent[0] |= 0x80;
        sent[1] = SIM_MODBUS_DEVICE_FAILURE;
        size = 2;
        break;
    case SIM_ANSWER_CLOSE:
        ret_reply->close = true;
        return;
    case SIM_ANSWER_LATE:
        ret_reply->delay_ms = to->timeout_ms + to->timeout_ms / 2;
        break;
    case SIM_ANSWER_SILENT:
        return;
    case SIM_ANSWER_COUNT:
        assert(false && "answer out of range");
        return;
    }
    ret_reply->size =
        sim_frame_wrap(to->framing, to->transaction, unit, sent, size, ret_reply->frame);
    if (answer == SIM_ANSWER_GARBAGE) {
        for (size_t i = 0; i < ret_reply->size; i++) {
            ret_reply->frame[i] = (uint8_t)sim_random_next(random);
        }
    }
}
