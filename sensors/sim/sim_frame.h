/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_FRAME_H
#define SENSORS_SIM_FRAME_H

/*
 * Frames: how a PDU travels
 *
 *     TCP   0 transaction  2 protocol (0)  4 length of the rest  6 unit  7 PDU
 *     RTU   0 unit  1 PDU  … CRC-16, low byte first
 *
 * A TCP frame says how long it is. A serial one ends with silence; a server that waits for that
 * adds its time to every answer, so the length is foretold from the function code and the silence
 * is only needed for functions that nobody here knows, and to find back into step after noise.
 */

#include "sensors/sim/sim_modbus.h"

enum sim_framing { SIM_FRAMING_TCP, SIM_FRAMING_RTU };

enum {
    /* The longest frame of either kind, and two bytes for an answer that is too long on purpose. */
    SIM_FRAME_MAX = 7 + SIM_MODBUS_PDU_MAX + 2,
    SIM_FRAME_TCP_HEADER = 7,
};

enum sim_cut {
    SIM_CUT_WHOLE, /* a request stands at the start; the rest of the result is set */
    SIM_CUT_MORE,  /* what is there may become one */
    SIM_CUT_NOISE, /* no request can begin like this */
};

struct sim_request {
    uint16_t transaction; /* TCP; else 0 */
    uint8_t unit;
    const uint8_t *pdu; /* within the bytes that were cut */
    size_t pdu_size;
    size_t frame_size;
};

/* Look for a request at the start of `bytes`. */
enum sim_cut sim_frame_cut_tcp(const uint8_t *bytes, size_t size, struct sim_request *ret_request);

/*
 * The same on a serial line. With `silence` no byte follows these: they are one whole request or
 * noise, and an unknown function counts as well.
 */
enum sim_cut sim_frame_cut_rtu(const uint8_t *bytes, size_t size, bool silence,
                               struct sim_request *ret_request);

/* Put a frame around a PDU of at most SIM_MODBUS_PDU_MAX + 2 bytes. Returns the frame's size. */
size_t sim_frame_wrap(enum sim_framing framing, uint16_t transaction, uint8_t unit,
                      const uint8_t *pdu, size_t pdu_size, uint8_t frame[SIM_FRAME_MAX]);

/* CRC-16 of Modbus over serial line (V1.02, 6.2.2): polynomial 0xA001, starting with 0xFFFF. */
uint16_t sim_frame_crc(const uint8_t *bytes, size_t size);

#endif
