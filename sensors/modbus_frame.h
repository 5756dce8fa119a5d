/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_MODBUS_FRAME_H
#define SENSORS_MODBUS_FRAME_H

/*
 * Modbus frames: building requests, checking answers
 *
 * An answer counts only when every field of it is what the request calls for. libmodbus 3.1.6 is
 * laxer (over TCP it does not look at the unit, and takes a wrong protocol number with a right
 * transaction), so what it received is checked here once more, from the raw bytes. A late answer to
 * an earlier request, another unit's answer and an answer of another length are each told apart and
 * refused.
 *
 *     TCP   transaction 2 | protocol 2 (0) | length 2 | unit 1 | PDU
 *     RTU   unit 1 | PDU | CRC 2 (checked by libmodbus)
 *
 *     PDU of a read request      function 1 | address 2 | count 2
 *     PDU of its answer          function 1 | byte count 1 | data
 *     PDU of a coil's write      function 1 (5) | address 2 | 0xFF00 or 0 2; the answer is an echo
 *     PDU of an exception        function 1 + 0x80 | code 1
 *
 * After the Modbus Application Protocol V1.1b3 and Modbus Messaging on TCP/IP V1.0b.
 */

#include <stddef.h>

#include "sensors/driver.h"

enum {
    MBFRAME_PDU_SIZE = 5, /* of every request here */
    MBFRAME_TCP_SIZE = 7 + MBFRAME_PDU_SIZE,
    MBFRAME_RTU_SIZE = 1 + MBFRAME_PDU_SIZE, /* without the checksum */
    MBFRAME_ADU_MAX = 260,                   /* of any answer */
    MBFRAME_REGISTERS_MAX = 125,
    MBFRAME_BITS_MAX = 2000,
};

enum mbframe_table {
    MBFRAME_COIL,
    MBFRAME_DISCRETE,
    MBFRAME_INPUT,
    MBFRAME_HOLDING,
};

/* Exception codes that mean something to us. */
enum { MBFRAME_ILLEGAL_ADDRESS = 2, MBFRAME_ILLEGAL_VALUE = 3 };

struct mbframe_request {
    uint8_t unit;
    uint8_t pdu[MBFRAME_PDU_SIZE];
};

struct mbframe_answer {
    const uint8_t *data; /* of a read; points into the answer */
    size_t size;
    uint8_t exception; /* with SENSOR_CAUSE_EXCEPTION; else 0 */
};

/* Coils and discrete inputs are bits, eight to a byte, the first one lowest. */
bool mbframe_is_bits(enum mbframe_table table);

/* How many registers or bits one request may ask for. */
uint16_t mbframe_count_max(enum mbframe_table table);

/* "coil", "discrete", "input", "holding", as in a site file. */
const char *mbframe_table_name(enum mbframe_table table);

/* "illegal data address" …, or "unknown exception". Static storage. */
const char *mbframe_exception_text(uint8_t exception);

/* Read `count` (1 … mbframe_count_max) from `address`. */
struct mbframe_request mbframe_read(uint8_t unit, enum mbframe_table table, uint16_t address,
                                    uint16_t count);

/* Switch one coil. */
struct mbframe_request mbframe_write_coil(uint8_t unit, uint16_t address, bool on);

/* The bytes to send over TCP. */
void mbframe_encode_tcp(const struct mbframe_request *request, uint16_t transaction,
                        uint8_t ret[MBFRAME_TCP_SIZE]);

/* The bytes to send over a serial line, before the checksum. */
void mbframe_encode_rtu(const struct mbframe_request *request, uint8_t ret[MBFRAME_RTU_SIZE]);

/*
 * Is there nothing more to wait for, `size` bytes of an answer over TCP being there? True when the
 * frame is as long as it announces, and when its header is none, so that garbage is not waited
 * upon.
 */
bool mbframe_is_complete_tcp(const uint8_t *adu, size_t size);

/*
 * Check the answer of `size` bytes at `adu` against its request. Returns SENSOR_CAUSE_NONE with the
 * data, SENSOR_CAUSE_EXCEPTION with the code, or SENSOR_CAUSE_UNIT, SHORT, LONG or GARBLED.
 */
enum sensor_cause mbframe_check_tcp(const struct mbframe_request *request, uint16_t transaction,
                                    const uint8_t *adu, size_t size,
                                    struct mbframe_answer *ret_answer);

/* The same for a serial line; `size` includes the checksum, which has been verified. */
enum sensor_cause mbframe_check_rtu(const struct mbframe_request *request, const uint8_t *adu,
                                    size_t size, struct mbframe_answer *ret_answer);

#endif
