/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_frame.h"

#include <assert.h>
#include <string.h>

enum cut_limits {
    RTU_SMALLEST = 4, /* unit, function, CRC */
    RTU_LARGEST = 1 + SIM_MODBUS_PDU_MAX + 2,
};

uint16_t sim_frame_crc(const uint8_t *bytes, size_t size) {
    uint16_t crc = 0xffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)(crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1);
        }
    }
    return crc;
}

enum sim_cut sim_frame_cut_tcp(const uint8_t *bytes, size_t size, struct sim_request *ret_request) {
    if (size >= 4 && (bytes[2] != 0 || bytes[3] != 0)) {
        return SIM_CUT_NOISE; /* another protocol */
    }
    if (size < 6) {
        return SIM_CUT_MORE;
    }
    size_t rest = (size_t)(bytes[4] << 8 | bytes[5]);
    if (rest < 2 || rest > 1 + SIM_MODBUS_PDU_MAX) {
        return SIM_CUT_NOISE;
    }
    if (size < 6 + rest) {
        return SIM_CUT_MORE;
    }
    *ret_request = (struct sim_request){
        .transaction = (uint16_t)(bytes[0] << 8 | bytes[1]),
        .unit = bytes[6],
        .pdu = bytes + SIM_FRAME_TCP_HEADER,
        .pdu_size = rest - 1,
        .frame_size = 6 + rest,
    };
    return SIM_CUT_WHOLE;
}

/* How long the request that begins here is, 0 while that cannot be said. */
static size_t rtu_size_foretold(const uint8_t *bytes, size_t size) {
    if (size < 2) {
        return 0;
    }
    switch (bytes[1]) {
    case 0x01:
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x05:
    case 0x06:
        return 8;
    case 0x0f:
    case 0x10:
        return size < 7 ? 0 : 9 + (size_t)bytes[6];
    default:
        return 0;
    }
}

enum sim_cut sim_frame_cut_rtu(const uint8_t *bytes, size_t size, bool silence,
                               struct sim_request *ret_request) {
    size_t whole = silence ? size : rtu_size_foretold(bytes, size);
    if (!silence && (whole == 0 || size < whole)) {
        return size < RTU_LARGEST ? SIM_CUT_MORE : SIM_CUT_NOISE;
    }
    if (whole < RTU_SMALLEST || whole > RTU_LARGEST) {
        return SIM_CUT_NOISE;
    }
    uint16_t crc = (uint16_t)(bytes[whole - 2] | bytes[whole - 1] << 8);
    if (crc != sim_frame_crc(bytes, whole - 2)) {
        return SIM_CUT_NOISE;
    }
    *ret_request = (struct sim_request){
        .unit = bytes[0],
        .pdu = bytes + 1,
        .pdu_size = whole - 3,
        .frame_size = whole,
    };
    return SIM_CUT_WHOLE;
}

size_t sim_frame_wrap(enum sim_framing framing, uint16_t transaction, uint8_t unit,
                      const uint8_t *pdu, size_t pdu_size, uint8_t frame[SIM_FRAME_MAX]) {
    assert(pdu_size <= SIM_MODBUS_PDU_MAX + 2);
    if (framing == SIM_FRAMING_RTU) {
        frame[0] = unit;
        memcpy(frame + 1, pdu, pdu_size);
        uint16_t crc = sim_frame_crc(frame, 1 + pdu_size);
        frame[1 + pdu_size] = (uint8_t)crc;
        frame[2 + pdu_size] = (uint8_t)(crc >> 8);
        return 3 + pdu_size;
    }
    uint16_t rest = (uint16_t)(1 + pdu_size);
    const uint8_t header[SIM_FRAME_TCP_HEADER] = {
        (uint8_t)(transaction >> 8), (uint8_t)transaction, 0,    0,
        (uint8_t)(rest >> 8),        (uint8_t)rest,        unit,
    };
    memcpy(frame, header, sizeof header);
    memcpy(frame + sizeof header, pdu, pdu_size);
    return sizeof header + pdu_size;
}
