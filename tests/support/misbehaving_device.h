/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_MISBEHAVING_DEVICE_H
#define TESTS_SUPPORT_MISBEHAVING_DEVICE_H

/*
 * Misbehaving device: a Modbus TCP server that goes wrong on command
 *
 * It is written from the specification and shares no code with the product. It answers reads of 256
 * registers and 256 bits and writes of single coils; a misbehaviour can be switched on and off at
 * any time and concerns every request from then on. A thread serves each connection, so that a
 * delay on one never hides what another does.
 */
#include <stdbool.h>
#include <stdint.h>

enum misbehaviour {
    DEVICE_BEHAVES,
    DEVICE_DRIPS,             /* a byte each 400 ms, and never the last one */
    DEVICE_WRONG_UNIT,        /* answers with the next unit's number */
    DEVICE_WRONG_TRANSACTION, /* answers with the next transaction's number */
    DEVICE_WRONG_PROTOCOL,    /* protocol number 1 */
    DEVICE_WRONG_FUNCTION,
    DEVICE_SHORT,     /* two data bytes fewer, in a frame that agrees with itself */
    DEVICE_LONG,      /* two data bytes more, likewise */
    DEVICE_BABBLES,   /* a right answer, and three bytes after it */
    DEVICE_STOPS,     /* sends half of its answer */
    DEVICE_EXCEPTION, /* `exception` to every request */
    DEVICE_CLOSES,
    DEVICE_LATE, /* answers when it is given up or asked again, and lies: each register is 0xDEAD */
    DEVICE_GARBAGE,
    DEVICE_SILENT,
    DEVICE_HAS_GAPS,   /* exception 2 to a request that touches registers 3 to 7 */
    DEVICE_COIL_STUCK, /* echoes writes of DEVICE_STUCK_COIL, and does not do them */
    DEVICE_HANGS_UP,   /* answers well, and closes at once */
    DEVICE_BLURTS,     /* answers well, and says it again 5 ms later */
};

enum { DEVICE_STUCK_COIL = 7 };

struct misbehaving_device;

/* Listen on a free port of 127.0.0.1. Every unit from 1 answers, but `dead_unit` (0: none). */
struct misbehaving_device *device_new(void);
void device_free(struct misbehaving_device *device);

uint16_t device_port(const struct misbehaving_device *device);

void device_misbehave(struct misbehaving_device *device, enum misbehaviour how);
void device_exception(struct misbehaving_device *device, uint8_t code);
void device_dead_unit(struct misbehaving_device *device, uint8_t unit);

void device_register(struct misbehaving_device *device, uint8_t address, uint16_t value);
void device_bit(struct misbehaving_device *device, uint8_t address, bool value);
bool device_coil(struct misbehaving_device *device, uint8_t address);
void device_reset_coils(struct misbehaving_device *device);

/* Requests received and connections accepted so far. */
uint64_t device_requests(const struct misbehaving_device *device);
uint64_t device_connections(const struct misbehaving_device *device);

/* Stop listening and drop every connection; device_resume() listens at the same port again. */
void device_vanish(struct misbehaving_device *device);
void device_resume(struct misbehaving_device *device);

#endif
