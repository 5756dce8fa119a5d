/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_modbus.h"

#include <assert.h>
#include <string.h>

static uint16_t word_at(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void word_put(uint8_t *bytes, uint16_t word) {
    bytes[0] = (uint8_t)(word >> 8);
    bytes[1] = (uint8_t)word;
}

static size_t exception_put(uint8_t function, enum sim_modbus_exception exception, uint8_t *reply) {
    reply[0] = function | 0x80;
    reply[1] = (uint8_t)exception;
    return 2;
}

/* A request as its first five bytes say: function, address, then a count or a value. */
struct request {
    const uint8_t *bytes;
    size_t size;
    uint16_t address;
    uint16_t number;
};

static size_t bits_read(struct sim_image *image, enum sim_table table,
                        const struct request *request, uint8_t *reply) {
    uint8_t function = request->bytes[0];
    uint32_t count = request->number;
    if (request->size != 5 || count < 1 || count > SIM_MODBUS_READ_BITS_MAX) {
        return exception_put(function, SIM_MODBUS_ILLEGAL_VALUE, reply);
    }
    const uint16_t *bits = sim_image_at(image, table, request->address, count);
    if (bits == NULL) {
        return exception_put(function, SIM_MODBUS_ILLEGAL_ADDRESS, reply);
    }
    size_t bytes = (count + 7) / 8;
    reply[0] = function;
    reply[1] = (uint8_t)bytes;
    memset(reply + 2, 0, bytes);
    for (uint32_t i = 0; i < count; i++) {
        if (bits[i] != 0) {
            reply[2 + i / 8] |= (uint8_t)(1u << (i % 8));
        }
    }
    return 2 + bytes;
}

static size_t words_read(struct sim_image *image, enum sim_table table,
                         const struct request *request, uint8_t *reply) {
    uint8_t function = request->bytes[0];
    uint32_t count = request->number;
    if (request->size != 5 || count < 1 || count > SIM_MODBUS_READ_WORDS_MAX) {
        return exception_put(function, SIM_MODBUS_ILLEGAL_VALUE, reply);
    }
    const uint16_t *words = sim_image_at(image, table, request->address, count);
    if (words == NULL) {
        return exception_put(function, SIM_MODBUS_ILLEGAL_ADDRESS, reply);
    }
    reply[0] = function;
    reply[1] = (uint8_t)(count * 2);
    for (uint32_t i = 0; i < count; i++) {
        word_put(reply + 2 + 2 * (size_t)i, words[i]);
    }
    return 2 + 2 * (size_t)count;
}

/* The reply to a write repeats the first five bytes of its request. */
static size_t request_echo(const struct request *request, uint8_t *reply) {
    memcpy(reply, request->bytes, 5);
    return 5;
}

static size_t coil_write(struct sim_image *image, const struct request *request, uint8_t *reply) {
    bool known = request->number == 0xff00 || request->number == 0;
    if (request->size != 5 || !known) {
        return exception_put(request->bytes[0], SIM_MODBUS_ILLEGAL_VALUE, reply);
    }
    uint16_t *bit = sim_image_at(image, SIM_TABLE_COIL, request->address, 1);
    if (bit == NULL) {
        return exception_put(request->bytes[0], SIM_MODBUS_ILLEGAL_ADDRESS, reply);
    }
    *bit = request->number != 0;
    return request_echo(request, reply);
}

static size_t word_write(struct sim_image *image, const struct request *request, uint8_t *reply) {
    if (request->size != 5) {
        return exception_put(request->bytes[0], SIM_MODBUS_ILLEGAL_VALUE, reply);
    }
    uint16_t *word = sim_image_at(image, SIM_TABLE_HOLDING, request->address, 1);
    if (word == NULL) {
        return exception_put(request->bytes[0], SIM_MODBUS_ILLEGAL_ADDRESS, reply);
    }
    *word = request->number;
    return request_echo(request, reply);
}

/* Does a request that writes many carry `bytes` bytes of data, and say so? */
static bool data_fits(const struct request *request, size_t bytes) {
    return request->size >= 6 && request->bytes[5] == bytes && request->size == 6 + bytes;
}

static size_t coils_write(struct sim_image *image, const struct request *request, uint8_t *reply) {
    uint32_t count = request->number;
    if (count < 1 || count > SIM_MODBUS_WRITE_BITS_MAX || !data_fits(request, (count + 7) / 8)) {
        return exception_put(request->bytes[0], SIM_MODBUS_ILLEGAL_VALUE, reply);
    }
    uint16_t *bits = sim_image_at(image, SIM_TABLE_COIL, request->address, count);
    if (bits == NULL) {
        return exception_put(request->bytes[0], SIM_MODBUS_ILLEGAL_ADDRESS, reply);
    }
    for (uint32_t i = 0; i < count; i++) {
        bits[i] = request->bytes[6 + i / 8] >> (i % 8) & 1;
    }
    return request_echo(request, reply);
}

static size_t words_write(struct sim_image *image, const struct request *request, uint8_t *reply) {
    uint32_t count = request->number;
    if (count < 1 || count > SIM_MODBUS_WRITE_WORDS_MAX || !data_fits(request, 2 * (size_t)count)) {
        return exception_put(request->bytes[0], SIM_MODBUS_ILLEGAL_VALUE, reply);
    }
    uint16_t *words = sim_image_at(image, SIM_TABLE_HOLDING, request->address, count);
    if (words == NULL) {
        return exception_put(request->bytes[0], SIM_MODBUS_ILLEGAL_ADDRESS, reply);
    }
    for (uint32_t i = 0; i < count; i++) {
        words[i] = word_at(request->bytes + 6 + 2 * (size_t)i);
    }
    return request_echo(request, reply);
}

size_t sim_modbus_reply(struct sim_image *image, const uint8_t *request, size_t size,
                        uint8_t reply[SIM_MODBUS_PDU_MAX]) {
    assert(size >= 1);
    struct request parsed = {.bytes = request, .size = size};
    if (size >= 5) {
        parsed.address = word_at(request + 1);
        parsed.number = word_at(request + 3);
    }
    switch (request[0]) {
    case 0x01:
        return bits_read(image, SIM_TABLE_COIL, &parsed, reply);
    case 0x02:
        return bits_read(image, SIM_TABLE_DISCRETE, &parsed, reply);
    case 0x03:
        return words_read(image, SIM_TABLE_HOLDING, &parsed, reply);
    case 0x04:
        return words_read(image, SIM_TABLE_INPUT, &parsed, reply);
    case 0x05:
        return coil_write(image, &parsed, reply);
    case 0x06:
        return word_write(image, &parsed, reply);
    case 0x0f:
        return coils_write(image, &parsed, reply);
    case 0x10:
        return words_write(image, &parsed, reply);
    default:
        return exception_put(request[0], SIM_MODBUS_ILLEGAL_FUNCTION, reply);
    }
}
