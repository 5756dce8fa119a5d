/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_MODBUS_BUS_H
#define SENSORS_MODBUS_BUS_H

/*
 * Modbus bus: what is asked of the devices of one connection or line, and what their answers mean
 *
 * The conversation only; whoever hosts a bus carries its requests and brings the outcomes back, and
 * may do so without ever waiting (modbus_poller, for TCP) or on a thread (modbus_line, for RTU):
 *
 *                 mbbus_next() ──▶ a request ──▶ carried ──▶ mbbus_take() ─┐
 *                      ▲  │                                                │
 *                      │  └──▶ nothing before this instant ──▶ the host waits
 *                      └───────────────────────────────────────────────────┘
 *
 * Outputs that are not as wanted and the devices whose polls are due take turns, so that a lamp is
 * lit after one poll at the most, and no lamp ever costs a button its poll. Buses share nothing, so
 * that none ever waits for another.
 *
 * A device that refuses one of several requests with an exception is alive: the points of that
 * request are faults, the others go on. One that refuses all, or does not answer, has missed its
 * poll.
 *
 * A device that was silent for more than 1.5 polls and a second reports all its points anew with
 * its next answer, changed or not: whoever listens may have taken them for stale meanwhile.
 *
 * An output that is taken out of the site while it is on would stay on: nothing new knows it. It is
 * retired, which brings it to rest and says so once by SENSOR_RETIRED_RESTED.
 *
 * modbus_outputs says when an output is written and when it is looked at. What was read back is
 * reported like any point's reading, so that a lamp is known to be lit; one that does not obey is a
 * fault.
 *
 * One thread uses a bus; only the functions from mbbus_output() on may be called from others.
 */

#include "sensors/modbus_image.h"

#define MBBUS_NO_POINT UINT32_MAX

/* A coil that the gateway switches. */
struct mbbus_output {
    /* Index in the site; MBBUS_NO_POINT: it is no point any more, only to be retired. */
    uint32_t point;
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

/* The host is wanted before it meant to look again; called from any thread. */
struct mbbus_bell {
    void (*ring)(void *context);
    void *context;
};

struct mbbus_conf {
    const struct mbbus_device *devices; /* at least one */
    uint32_t device_count;
    struct sensor_sink sink;
};

/* Counted since the start; read at any time from any thread. */
struct mbbus_counts {
    uint64_t polls;                      /* begun */
    uint64_t answers;                    /* polls that brought a good answer */
    uint64_t requests;                   /* requests carried or tried */
    uint64_t readings;                   /* reported */
    uint64_t skipped;                    /* slots that passed while the bus was busy */
    uint64_t causes[SENSOR_CAUSE_COUNT]; /* requests that brought no value, by cause */
};

/* What became of a request. */
struct mbbus_outcome {
    enum sensor_cause cause;
    struct mbframe_answer answer; /* with NONE and EXCEPTION */
    uint32_t late;      /* stale bytes that were thrown away since the outcome before this one */
    uint64_t opened;    /* how often the link has been opened: outputs may have been forgotten */
    const char *detail; /* more about a failure, for people: "Connection refused"; may be empty */
};

struct mbbus;

/*
 * Make a bus whose devices are all due now. Borrows the arrays of `conf` until mbbus_free(), copies
 * the rest. Returns 0 or -ENOMEM.
 */
SENSORS_NODISCARD int mbbus_new(const struct mbbus_conf *conf, struct mbbus **ret_bus);

/* Accepts NULL, returns NULL. */
struct mbbus *mbbus_free(struct mbbus *bus);

/* How the host is to be called. Before anybody else uses the bus. */
void mbbus_host(struct mbbus *bus, struct mbbus_bell bell);

/* A request to be carried. */
struct mbbus_ask {
    struct mbframe_request request;
    uint64_t timeout_ns;
};

/*
 * What the bus wants at `now_ns`. Returns true with the next request; mbbus_take() must follow
 * before this is called again. Returns false when there is nothing to ask before `*ret_wake_ns`.
 */
bool mbbus_next(struct mbbus *bus, uint64_t now_ns, struct mbbus_ask *ret_ask,
                uint64_t *ret_wake_ns);

/* The request of mbbus_next() came to this at `now_ns`. The answer is used during the call only. */
void mbbus_take(struct mbbus *bus, const struct mbbus_outcome *outcome, uint64_t now_ns);

/* Want an output on or off, and ring. Any thread. Ignores a point that is none of its outputs. */
void mbbus_output(struct mbbus *bus, uint32_t point, bool on);

/*
 * Bring an output to rest for good, and ring; whatever is wanted of it later is ignored. False when
 * no output of the bus is coil `address` of `unit`. Any thread.
 */
bool mbbus_retire(struct mbbus *bus, uint8_t unit, uint16_t address);

/* Leave a retired output as it is: it has been tried long enough. Any thread. */
void mbbus_leave(struct mbbus *bus, uint8_t unit, uint16_t address);

/* Has a retired output been read back at rest? Any thread. */
bool mbbus_is_rested(const struct mbbus *bus, uint8_t unit, uint16_t address);

void mbbus_counts(const struct mbbus *bus, struct mbbus_counts *ret_counts);

#endif
