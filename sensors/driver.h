/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_DRIVER_H
#define SENSORS_DRIVER_H

/*
 * What a driver owes
 *
 * A driver speaks to one bus: a Modbus connection or line, or a broker that sensors publish to. It
 * turns what devices say into readings and what happens to them into notes, and hands both to its
 * sink. It logs nothing, knows nothing of rules, and never waits for its sink.
 *
 * The sink's functions are called on the driver's own threads, or where its host runs it. They copy what they are given and
 * return at once; they must not call back into the driver.
 *
 * Functions of a driver that can fail return 0 or a negative errno.
 */

#include "rules/reading.h"

#define SENSORS_NODISCARD __attribute__((warn_unused_result))

enum sensor_note_kind {
    SENSOR_DEVICE_ANSWERS, /* the first good answer after start or after a loss */
    SENSOR_DEVICE_LOST,    /* given up after repeated failure; probes go on with back-off */
    SENSOR_ANSWER_REFUSED, /* one answer was wrong and thrown away; `detail` says how */
    SENSOR_VALUE_REFUSED,  /* one point's value was not a number, or out of range */
    SENSOR_MOMENT_DOUBTED, /* a point's moment was taken, but is of no known time, or not of now */
    SENSOR_TOPIC_CROWDED, /* a point's messages come faster than they are read; some were passed over */
    SENSOR_OUTPUT_FAILED,  /* an output could not be switched, or reads back otherwise; tried again
                            */
    SENSOR_RETIRED_FAILED, /* the same of an output that is no longer wanted at all */
    SENSOR_RETIRED_RESTED, /* such a one has been brought to rest, and read back */
    SENSOR_NOTE_KIND_COUNT,
};

/* Why a transaction brought no value. Each is counted apart. */
enum sensor_cause {
    SENSOR_CAUSE_NONE,
    SENSOR_CAUSE_UNREACHABLE, /* refused, no route, the line does not open */
    SENSOR_CAUSE_TIMEOUT,
    SENSOR_CAUSE_CLOSED,    /* closed or reset by the device */
    SENSOR_CAUSE_UNIT,      /* answered with another unit's number */
    SENSOR_CAUSE_SHORT,     /* fewer bytes than asked for */
    SENSOR_CAUSE_LONG,      /* more bytes than asked for, or bytes nobody asked for */
    SENSOR_CAUSE_EXCEPTION, /* a Modbus exception; `exception` is its code */
    SENSOR_CAUSE_GARBLED,   /* wrong transaction, protocol, function or checksum; not the JSON
                               expected */
    SENSOR_CAUSE_VALUE,     /* not a finite number, or outside the point's range */
    SENSOR_CAUSE_COUNT,
};

/* "no answer in time", "another unit answered" … Static storage. */
const char *sensor_cause_text(enum sensor_cause cause);

/* "timeout", "unit" …: for figures. Static storage. */
const char *sensor_cause_name(enum sensor_cause cause);

enum { SENSOR_DETAIL_SIZE = 96 };

struct sensor_note {
    enum sensor_note_kind kind;
    enum sensor_cause cause;
    uint8_t exception;
    uint32_t device; /* index in the site */
    uint32_t point;  /* SENSOR_VALUE_REFUSED, _MOMENT_DOUBTED, _TOPIC_CROWDED, _OUTPUT_FAILED */
    char detail[SENSOR_DETAIL_SIZE]; /* for people, may be empty */
};

struct sensor_sink {
    /*
     * A reading; `token` is not 0 when the driver wants to hear that it has been recorded before it
     * confirms to its device.
     */
    void (*reading)(void *context, const struct reading *reading, uint64_t token);
    /* The device answered; called for every good answer, changed or not, and therefore very cheap.
     */
    void (*heartbeat)(void *context, uint32_t device);
    void (*note)(void *context, const struct sensor_note *note);
    /* The time now, for what the driver stamps. */
    struct wall (*wall)(void *context);
    /* Nanoseconds of real time that never steps, for polling, time-outs and back-off. */
    uint64_t (*real_ns)(void *context);
    void *context;
};

#endif
