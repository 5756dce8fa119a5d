/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_PLAIN_DEVICE_H
#define TESTS_SUPPORT_PLAIN_DEVICE_H

/*
 * Plain device: three numbers of one unit, and what a test of any bus asks about it
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sensors/modbus_bus.h"
#include "tests/support/sink_recorder.h"

#define LIE 0xDEAD

/* Time-outs: of a device that is to answer, and of one that is not. */
#define PATIENT_NS (15 * NS_PER_S)
#define CURT_NS    (150 * NS_PER_MS)

/* Points 0 to 2 are registers 0 to 2 of the device, as plain numbers. */
static const struct mbimage_point numbers[] = {
#define NUMBER(n)                                                                                  \
    {                                                                                              \
        .point = n, .table = MBFRAME_HOLDING, .address = n, .format = {                            \
            .type = REGISTER_U16,                                                                  \
            .bit = -1,                                                                             \
            .scale = 1,                                                                            \
            .min = 0,                                                                              \
            .max = 65535                                                                           \
        }                                                                                          \
    }
    NUMBER(0),
    NUMBER(1),
    NUMBER(2),
};

static inline struct mbbus_device plain_device(uint32_t index, uint8_t unit) {
    return (struct mbbus_device){
        .device = index,
        .unit = unit,
        .poll_ns = 20 * NS_PER_MS,
        .timeout_ns = PATIENT_NS,
        .points = numbers,
        .point_count = 3,
    };
}

struct cause_wait {
    const struct mbbus *bus;
    enum sensor_cause cause;
    uint64_t at_least;
};

static inline bool cause_counted(void *context) {
    const struct cause_wait *wait = context;
    struct mbbus_counts counts;
    mbbus_counts(wait->bus, &counts);
    return counts.causes[wait->cause] >= wait->at_least;
}

/* Wait until requests of `bus` have failed for `cause` so often. */
static inline void await_cause(const struct mbbus *bus, struct sink_recorder *recorder,
                               enum sensor_cause cause, uint64_t at_least) {
    struct cause_wait wait = {bus, cause, at_least};
    recorder_await(recorder, cause_counted, &wait, sensor_cause_text(cause));
}

enum { DESCRIPTORS_HELD = 2000 };

/* Take so many descriptors that the next one is out of select()'s reach; false where that may not
 * be. */
static inline bool descriptors_hold(int held[DESCRIPTORS_HELD]) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < DESCRIPTORS_HELD + 100) {
        return false;
    }
    limit.rlim_cur = DESCRIPTORS_HELD + 100;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return false;
    }
    for (int i = 0; i < DESCRIPTORS_HELD; i++) {
        held[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (held[i] < 0) {
            abort();
        }
    }
    return true;
}

static inline void descriptors_release(const int held[DESCRIPTORS_HELD]) {
    for (int i = 0; i < DESCRIPTORS_HELD; i++) {
        (void)close(held[i]);
    }
}

#endif
