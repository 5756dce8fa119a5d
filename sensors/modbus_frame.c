/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/modbus_frame.h"

#include <assert.h>
#include <string.h>

enum {
    FUNCTION_READ_COILS = 1,
    FUNCTION_READ_DISCRETE = 2,
    FUNCTION_READ_HOLDING = 3,
    FUNCTION_READ_INPUT = 4,
    FUNCTION_WRITE_COIL = 5,
    FUNCTION_EXCEPTION = 0x80, /* added to the function that failed */
};

static const struct {
    const char *name;
    uint8_t function;
    bool bits;
} tables[] = {
    [MBFRAME_COIL] = {"coil", FUNCTION_READ_COILS, true},
    [MBFRAME_DISCRETE] = {"discrete", FUNCTION_READ_DISCRETE, true},
    [MBFRAME_INPUT] = {"input", FUNCTION_READ_INPUT, false},
    [MBFRAME_HOLDING] = {"holding", FUNCTION_READ_HOLDING, false},
};

bool mbframe_is_bits(enum mbframe_table table) {
    return tables[table].bits;
}

uint16_t mbframe_count_max(enum mbframe_table table) {
    return tables[table].bits ? MBFRAME_BITS_MAX : MBFRAME_REGISTERS_MAX;
}

const char *mbframe_table_name(enum mbframe_table table) {
    return tables[table].name;
}

const char *mbframe_exception_text(uint8_t exception) {
    static const char *const names[] = {
        [1] = "illegal function",
        [2] = "illegal data address",
        [3] = "illegal data value",
        [4] = "device failure",
        [5] = "acknowledge",
        [6] = "device busy",
        [8] = "memory parity error",
        [10] = "gateway path unavailable",
        [11] = "gateway target silent",
    };
    if (exception < sizeof names / sizeof *names && names[exception] != NULL) {
        return names[exception];
    }
    return "unknown exception";
}

static uint16_t mbframe_u16(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void mbframe_put_u16(uint8_t *bytes, uint16_t value) {
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static struct mbframe_request mbframe_make(uint8_t unit, uint8_t function, uint16_t first,
                                           uint16_t second) {
    struct mbframe_request request = {.unit = unit, .pdu = {function}};
    mbframe_put_u16(request.pdu + 1, first);
    mbframe_put_u16(request.pdu + 3, second);
    return request;
}

struct mbframe_request mbframe_read(uint8_t unit, enum mbframe_table table, uint16_t address,
                                    uint16_t count) {
    assert(count > 0 && count <= mbframe_count_max(table));
    return mbframe_make(unit, tables[table].function, address, count);
}

struct mbframe_request mbframe_write_coil(uint8_t unit, uint16_t address, bool on) {
    return mbframe_make(unit, FUNCTION_WRITE_COIL, address, on ? 0xFF00 : 0);
}

void mbframe_encode_tcp(const struct mbframe_request *request, uint16_t transaction,
                        uint8_t ret[MBFRAME_TCP_SIZE]) {
    mbframe_put_u16(ret, transaction);
    mbframe_put_u16(ret + 2, 0);
    mbframe_put_u16(ret + 4, 1 + MBFRAME_PDU_SIZE);
    ret[6] = request->unit;
    memcpy(ret + 7, request->pdu, MBFRAME_PDU_SIZE);
}

void mbframe_encode_rtu(const struct mbframe_request *request, uint8_t ret[MBFRAME_RTU_SIZE]) {
    ret[0] = request->unit;
    memcpy(ret + 1, request->pdu, MBFRAME_PDU_SIZE);
}

static enum sensor_cause mbframe_check_size(size_t size, size_t wanted) {
    if (size == wanted) {
        return SENSOR_CAUSE_NONE;
    }
    return size < wanted ? SENSOR_CAUSE_SHORT : SENSOR_CAUSE_LONG;
}

/* How many data bytes the answer to a read must have. */
static size_t mbframe_data_size(const struct mbframe_request *request) {
    size_t count = mbframe_u16(request->pdu + 3);
    bool bits = request->pdu[0] == FUNCTION_READ_COILS || request->pdu[0] == FUNCTION_READ_DISCRETE;
    return bits ? (count + 7) / 8 : 2 * count;
}

static enum sensor_cause mbframe_check_data(const struct mbframe_request *request,
                                            const uint8_t *pdu, size_t size,
                                            struct mbframe_answer *ret_answer) {
    size_t wanted = mbframe_data_size(request);
    enum sensor_cause cause = mbframe_check_size(pdu[1], wanted);
    if (cause == SENSOR_CAUSE_NONE) {
        cause = mbframe_check_size(size, 2 + wanted);
    }
    if (cause == SENSOR_CAUSE_NONE) {
        *ret_answer = (struct mbframe_answer){.data = pdu + 2, .size = wanted};
    }
    return cause;
}

static enum sensor_cause mbframe_check_echo(const struct mbframe_request *request,
                                            const uint8_t *pdu, size_t size,
                                            struct mbframe_answer *ret_answer) {
    enum sensor_cause cause = mbframe_check_size(size, MBFRAME_PDU_SIZE);
    if (cause == SENSOR_CAUSE_NONE && memcmp(pdu, request->pdu, MBFRAME_PDU_SIZE) != 0) {
        cause = SENSOR_CAUSE_GARBLED;
    }
    if (cause == SENSOR_CAUSE_NONE) {
        *ret_answer = (struct mbframe_answer){0};
    }
    return cause;
}

/* The part of the check that both transports share. */
static enum sensor_cause mbframe_check_pdu(const struct mbframe_request *request,
                                           const uint8_t *pdu, size_t size,
                                           struct mbframe_answer *ret_answer) {
    if (size < 2) {
        return SENSOR_CAUSE_SHORT;
    }
    if (pdu[0] == (request->pdu[0] | FUNCTION_EXCEPTION)) {
        enum sensor_cause cause = mbframe_check_size(size, 2);
        if (cause != SENSOR_CAUSE_NONE) {
            return cause;
        }
        *ret_answer = (struct mbframe_answer){.exception = pdu[1]};
        return SENSOR_CAUSE_EXCEPTION;
    }
    if (pdu[0] != request->pdu[0]) {
        return SENSOR_CAUSE_GARBLED;
    }
    if (pdu[0] == FUNCTION_WRITE_COIL) {
        return mbframe_check_echo(request, pdu, size, ret_answer);
    }
    return mbframe_check_data(request, pdu, size, ret_answer);
}

bool mbframe_is_complete_tcp(const uint8_t *adu, size_t size) {
    if (size < 6) {
        return false;
    }
    size_t announced = mbframe_u16(adu + 4);
    bool sane = mbframe_u16(adu + 2) == 0 && announced >= 3 && announced <= MBFRAME_ADU_MAX - 6;
    return !sane || size >= 6 + announced;
}

enum sensor_cause mbframe_check_tcp(const struct mbframe_request *request, uint16_t transaction,
                                    const uint8_t *adu, size_t size,
                                    struct mbframe_answer *ret_answer) {
    if (size < 9) { /* the header, a function and one byte of it */
        return SENSOR_CAUSE_SHORT;
    }
    if (mbframe_u16(adu) != transaction || mbframe_u16(adu + 2) != 0) {
        return SENSOR_CAUSE_GARBLED;
    }
    if (adu[6] != request->unit) {
        return SENSOR_CAUSE_UNIT;
    }
    /* The length that the device announces counts the unit and all that follows it. */
    enum sensor_cause cause = mbframe_check_size(size - 6, mbframe_u16(adu + 4));
    if (cause != SENSOR_CAUSE_NONE) {
        return cause;
    }
    return mbframe_check_pdu(request, adu + 7, size - 7, ret_answer);
}

enum sensor_cause mbframe_check_rtu(const struct mbframe_request *request, const uint8_t *adu,
                                    size_t size, struct mbframe_answer *ret_answer) {
    if (size < 5) { /* unit, function, one byte, checksum */
        return SENSOR_CAUSE_SHORT;
    }
    if (adu[0] != request->unit) {
        return SENSOR_CAUSE_UNIT;
    }
    return mbframe_check_pdu(request, adu + 1, size - 3, ret_answer);
}
