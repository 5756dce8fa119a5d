/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_MODBUS_BUS_H
#define SENSORS_MODBUS_BUS_H

/*
 * Modbus bus: one thread that polls the devices of one connection or line
 *
 * The thread sleeps until the schedule's next device is due, reads it by its plan, hands changed
 * points to the sink, switches outputs that are not as wanted, and sleeps again. Buses share
 * nothing, so that none ever waits for another; a blocking transaction holds nobody but the devices
 * of its own line, and those no longer than modbus_link and schedule allow.
 *
 * A device that refuses one of several requests with an exception is alive: the points of that
 * request are faults, the others go on. One that refuses all, or does not answer, has missed its
 * poll.
 *
 * A device that was silent for more than 1.5 polls and a second reports all its points anew with
 * its next answer, changed or not: whoever listens may have taken them for stale meanwhile.
 *
 * An output is written when its wanted state differs from what was last written, and once more
 * after the link was opened or the device was lost, because either may have made it forget. Each
 * write is read back. Until a state is wanted for the first time the output is left as it is.
 */

#include "sensors/modbus_image.h"
#include "sensors/modbus_link.h"

/* A coil that the gateway switches. */
struct mbbus_output {
    uint32_t point; /* index in the site */
    uint16_t address;
    bool invert; /* on is coil off */
};

struct mbbus_device {
    uint32_t device; /* index in the site */
    uint8_t unit;
    uint64_t poll_ns;    /* real time, at least MBBUS_POLL_MIN_NS */
    uint64_t timeout_ns; /* real time, at least MBBUS_TIMEOUT_MIN_NS */
    const struct mbimage_point *points;
    uint32_t point_count;
    const struct mbbus_output *outputs;
    uint32_t output_count;
};

#define MBBUS_POLL_MIN_NS    (10 * NS_PER_MS)
#define MBBUS_TIMEOUT_MIN_NS (1 * NS_PER_MS)

struct mbbus_conf {
    struct mblink_conf link;
    const struct mbbus_device *devices; /* at least one */
    uint32_t device_count;
    struct sensor_sink sink;
};

/* Counted since the start; read at any time from any thread. */
struct mbbus_counts {
    uint64_t polls;                      /* begun */
    uint64_t answers;                    /* polls that brought a good answer */
    uint64_t requests;                   /* read requests sent or tried */
    uint64_t readings;                   /* reported */
    uint64_t skipped;                    /* slots that passed while the bus was busy */
    uint64_t causes[SENSOR_CAUSE_COUNT]; /* requests that brought no value, by cause */
};

struct mbbus;

/*
 * Make a bus; it does nothing yet. Borrows the arrays of `conf` until mbbus_free(), copies the
 * rest. Returns 0 or -ENOMEM.
 */
SENSORS_NODISCARD int mbbus_new(const struct mbbus_conf *conf, struct mbbus **ret_bus);

/* Start its thread. Returns 0 or the negative errno of pthread_create(). At most once. */
SENSORS_NODISCARD int mbbus_start(struct mbbus *bus);

/* Want an output on or off. Any thread. Ignores a point that is none of its outputs. */
void mbbus_output(struct mbbus *bus, uint32_t point, bool on);

/* The literal address of the host, from the next opening on. Any thread. */
void mbbus_address(struct mbbus *bus, const char *address);

void mbbus_counts(const struct mbbus *bus, struct mbbus_counts *ret_counts);

/* Ask the thread to end, and cut what it waits for. Returns at once; the sink may still be called.
 */
void mbbus_stop(struct mbbus *bus);

/* Stop, wait for the thread, release. Accepts NULL, returns NULL. */
struct mbbus *mbbus_free(struct mbbus *bus);

#endif
