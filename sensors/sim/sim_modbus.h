/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_MODBUS_H
#define SENSORS_SIM_MODBUS_H

/*
 * The answering side of Modbus
 *
 * One function from a request to its reply, after the Modbus Application Protocol V1.1b3,
 * chapter 6. It knows no sockets and no checksums: the same reply goes out over TCP and over a
 * serial line. libmodbus' own server helpers are not used: modbus_receive() blocks on one
 * connection, they compute replies from one flat mapping for all units, and a server built on the
 * same library as the client under test would share its misreadings of the protocol.
 *
 * A PDU is a function code and its data, without unit number, length or checksum.
 */

#include <stddef.h>

#include "sensors/sim/sim_image.h"

enum {
    SIM_MODBUS_PDU_MAX = 253,
    /* Most items in one request, by function. */
    SIM_MODBUS_READ_BITS_MAX = 2000,
    SIM_MODBUS_READ_WORDS_MAX = 125,
    SIM_MODBUS_WRITE_BITS_MAX = 1968,
    SIM_MODBUS_WRITE_WORDS_MAX = 123,
};

enum sim_modbus_exception {
    SIM_MODBUS_ILLEGAL_FUNCTION = 1,
    SIM_MODBUS_ILLEGAL_ADDRESS = 2,
    SIM_MODBUS_ILLEGAL_VALUE = 3,
    SIM_MODBUS_DEVICE_FAILURE = 4,
};

/*
 * Answer the request PDU of `size` bytes from `image`, carrying out what it writes. Writes the
 * reply, or an exception, to `reply` and returns its size, at least 2. `size` is at least 1.
 * Functions 01 02 03 04 05 06 0F 10; a request whose length does not fit its function is an illegal
 * value.
 */
size_t sim_modbus_reply(struct sim_image *image, const uint8_t *request, size_t size,
                        uint8_t reply[SIM_MODBUS_PDU_MAX]);

#endif
