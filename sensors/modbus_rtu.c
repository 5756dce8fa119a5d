/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/modbus_rtu.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <modbus.h>

/* Above 19,200 baud: Modbus over Serial Line V1.02, 2.5.1.1. */
#define SILENCE_MIN_NS 1750000ull

/* How long a cut may go unnoticed: a line cannot be shut down like a socket. */
#define CUT_SLICE_NS (100 * NS_PER_MS)

struct mbrtu {
    modbus_t *modbus;
    uint64_t (*real_ns)(void *context);
    void *context;
    int fd;               /* -1 while closed */
    uint64_t silence_ns;  /* 3.5 characters */
    uint64_t frame_ns;    /* the longest frame */
    uint64_t activity_ns; /* when the line was last busy */
    atomic_bool cut;
    struct mbbus_outcome outcome;
    char detail[SENSOR_DETAIL_SIZE];
    uint8_t answer[MODBUS_RTU_MAX_ADU_LENGTH];
};

static uint64_t mbrtu_now_ns(const struct mbrtu *rtu) {
    return rtu->real_ns(rtu->context);
}

static uint64_t mbrtu_left_ns(const struct mbrtu *rtu, uint64_t deadline_ns) {
    uint64_t now_ns = mbrtu_now_ns(rtu);
    return deadline_ns > now_ns ? deadline_ns - now_ns : 0;
}

static void mbrtu_explain(struct mbrtu *rtu, const char *what, int error) {
    char text[64];
    (void)snprintf(rtu->detail, sizeof rtu->detail, "%s: %s", what,
                   strerror_r(error, text, sizeof text));
}

int mbrtu_new(const struct mbrtu_conf *conf, uint64_t (*real_ns)(void *context), void *context,
              struct mbrtu **ret_rtu) {
    struct mbrtu *rtu = calloc(1, sizeof *rtu);
    if (rtu == NULL) {
        return -ENOMEM;
    }
    rtu->real_ns = real_ns;
    rtu->context = context;
    rtu->fd = -1;
    rtu->outcome.detail = rtu->detail;
    rtu->modbus = modbus_new_rtu(conf->line, (int)conf->baud, conf->parity, 8, conf->stop_bits);
    if (rtu->modbus == NULL) {
        free(rtu);
        return -ENOMEM;
    }
    (void)modbus_set_error_recovery(rtu->modbus, MODBUS_ERROR_RECOVERY_NONE);
    (void)modbus_set_byte_timeout(rtu->modbus, 0, 0);
    uint64_t character_ns = 11 * NS_PER_S / conf->baud;
    rtu->silence_ns = character_ns * 7 / 2;
    if (rtu->silence_ns < SILENCE_MIN_NS) {
        rtu->silence_ns = SILENCE_MIN_NS;
    }
    rtu->frame_ns = character_ns * MODBUS_RTU_MAX_ADU_LENGTH;
    *ret_rtu = rtu;
    return 0;
}

static void mbrtu_close(struct mbrtu *rtu) {
    if (rtu->fd >= 0) {
        modbus_close(rtu->modbus); /* gives the line its settings back */
        rtu->fd = -1;
    }
}

struct mbrtu *mbrtu_free(struct mbrtu *rtu) {
    if (rtu != NULL) {
        mbrtu_close(rtu);
        modbus_free(rtu->modbus);
        free(rtu);
    }
    return NULL;
}

void mbrtu_cut(struct mbrtu *rtu) {
    atomic_store(&rtu->cut, true);
}

static enum sensor_cause mbrtu_open(struct mbrtu *rtu) {
    if (modbus_connect(rtu->modbus) != 0) {
        mbrtu_explain(rtu, "open", errno);
        return SENSOR_CAUSE_UNREACHABLE;
    }
    int fd = modbus_get_socket(rtu->modbus);
    if (fd >= MBRTU_DESCRIPTOR_MAX) {
        modbus_close(rtu->modbus);
        (void)snprintf(rtu->detail, sizeof rtu->detail,
                       "descriptor %d is above %d: too many connections in one field process", fd,
                       MBRTU_DESCRIPTOR_MAX - 1);
        return SENSOR_CAUSE_UNREACHABLE;
    }
    rtu->fd = fd;
    rtu->outcome.opened++;
    return SENSOR_CAUSE_NONE;
}

/* Wait until the line has a byte. Returns 1, 0 after the span, or -errno. */
static int mbrtu_wait(const struct mbrtu *rtu, uint64_t span_ns) {
    struct pollfd ready = {.fd = rtu->fd, .events = POLLIN};
    struct timespec span = {
        .tv_sec = (time_t)(span_ns / NS_PER_S),
        .tv_nsec = (long)(span_ns % NS_PER_S),
    };
    int r = ppoll(&ready, 1, &span, NULL);
    if (r < 0) {
        return errno == EINTR ? 0 : -errno;
    }
    return r;
}

/* Read the line empty until it has been silent for 3.5 characters. */
static enum sensor_cause mbrtu_settle(struct mbrtu *rtu, uint64_t timeout_ns) {
    uint64_t deadline_ns = mbrtu_now_ns(rtu) + timeout_ns;
    uint64_t silence_ns = mbrtu_left_ns(rtu, rtu->activity_ns + rtu->silence_ns);
    while (!atomic_load(&rtu->cut)) {
        int r = mbrtu_wait(rtu, silence_ns);
        if (r == 0) {
            return SENSOR_CAUSE_NONE;
        }
        uint8_t noise[MODBUS_RTU_MAX_ADU_LENGTH];
        ssize_t size = r > 0 ? read(rtu->fd, noise, sizeof noise) : -1;
        if (size <= 0 && !(size < 0 && errno == EAGAIN)) {
            mbrtu_explain(rtu, "the line", size == 0 ? EIO : errno);
            mbrtu_close(rtu);
            return SENSOR_CAUSE_UNREACHABLE;
        }
        rtu->outcome.late += size > 0;
        silence_ns = rtu->silence_ns;
        if (mbrtu_left_ns(rtu, deadline_ns) == 0) {
            (void)snprintf(rtu->detail, sizeof rtu->detail, "the line is never silent");
            return SENSOR_CAUSE_LONG;
        }
    }
    return SENSOR_CAUSE_UNREACHABLE;
}

static enum sensor_cause mbrtu_send(struct mbrtu *rtu, const struct mbframe_request *request) {
    uint8_t adu[MBFRAME_RTU_SIZE];
    mbframe_encode_rtu(request, adu);
    /* libmodbus verifies the checksum of an answer only when it comes from the unit that is set. */
    if (modbus_set_slave(rtu->modbus, request->unit) != 0 ||
        modbus_send_raw_request(rtu->modbus, adu, sizeof adu) < 0) {
        mbrtu_explain(rtu, "send", errno);
        return SENSOR_CAUSE_CLOSED;
    }
    return SENSOR_CAUSE_NONE;
}

/* Wait for the first byte in slices that notice a cut. */
static enum sensor_cause mbrtu_await(const struct mbrtu *rtu, uint64_t deadline_ns) {
    for (;;) {
        uint64_t left_ns = mbrtu_left_ns(rtu, deadline_ns);
        if (left_ns == 0 || atomic_load(&rtu->cut)) {
            return SENSOR_CAUSE_TIMEOUT;
        }
        int r = mbrtu_wait(rtu, left_ns < CUT_SLICE_NS ? left_ns : CUT_SLICE_NS);
        if (r != 0) {
            return r > 0 ? SENSOR_CAUSE_NONE : SENSOR_CAUSE_CLOSED;
        }
    }
}

/* Why libmodbus had no answer, in our words; the first byte of one had come. */
static enum sensor_cause mbrtu_cause(int error) {
    switch (error) {
    case ETIMEDOUT:
        return SENSOR_CAUSE_SHORT;
    case ECONNRESET:
    case EBADF:
    case EIO: /* a serial adapter that was unplugged */
        return SENSOR_CAUSE_CLOSED;
    default:
        return SENSOR_CAUSE_GARBLED; /* EMBBADDATA, EMBBADCRC: neither a frame nor its checksum */
    }
}

/* Let libmodbus read one frame within `span_ns`. Sets `*ret_size` on SENSOR_CAUSE_NONE. */
static enum sensor_cause mbrtu_receive(struct mbrtu *rtu, uint64_t span_ns, size_t *ret_size) {
    uint32_t span_us = (uint32_t)(span_ns % NS_PER_S / 1000);
    uint32_t span_s = (uint32_t)(span_ns / NS_PER_S);
    (void)modbus_set_response_timeout(rtu->modbus, span_s, span_s + span_us > 0 ? span_us : 1);
    int size = modbus_receive_confirmation(rtu->modbus, rtu->answer);
    if (size < 0) {
        return mbrtu_cause(errno);
    }
    /* 0: libmodbus saw another unit and stopped before the checksum. */
    if (size == 0) {
        return SENSOR_CAUSE_UNIT;
    }
    *ret_size = (size_t)size;
    return SENSOR_CAUSE_NONE;
}

/* Ask over a line that is open and silent. */
static enum sensor_cause mbrtu_transact(struct mbrtu *rtu, const struct mbframe_request *request,
                                        uint64_t span_ns) {
    uint64_t deadline_ns = mbrtu_now_ns(rtu) + span_ns;
    enum sensor_cause cause = mbrtu_send(rtu, request);
    size_t size = 0;
    if (cause == SENSOR_CAUSE_NONE) {
        cause = mbrtu_await(rtu, deadline_ns);
    }
    if (cause == SENSOR_CAUSE_NONE) {
        uint64_t left_ns = mbrtu_left_ns(rtu, deadline_ns);
        uint64_t frame_ns = rtu->frame_ns + CUT_SLICE_NS;
        cause = mbrtu_receive(rtu, left_ns < frame_ns ? left_ns : frame_ns, &size);
    }
    if (cause == SENSOR_CAUSE_NONE) {
        cause = mbframe_check_rtu(request, rtu->answer, size, &rtu->outcome.answer);
    }
    rtu->activity_ns = mbrtu_now_ns(rtu);
    if (cause == SENSOR_CAUSE_CLOSED) {
        mbrtu_close(rtu);
    }
    return cause;
}

const struct mbbus_outcome *mbrtu_ask(struct mbrtu *rtu, const struct mbframe_request *request,
                                      uint64_t timeout_ns) {
    rtu->detail[0] = '\0';
    rtu->outcome.late = 0;
    rtu->outcome.answer = (struct mbframe_answer){0};
    rtu->outcome.cause = SENSOR_CAUSE_NONE;
    if (atomic_load(&rtu->cut)) {
        rtu->outcome.cause = SENSOR_CAUSE_UNREACHABLE;
    } else if (rtu->fd < 0) {
        rtu->outcome.cause = mbrtu_open(rtu);
    }
    if (rtu->outcome.cause == SENSOR_CAUSE_NONE) {
        rtu->outcome.cause = mbrtu_settle(rtu, timeout_ns / 2);
    }
    if (rtu->outcome.cause == SENSOR_CAUSE_NONE) {
        rtu->outcome.cause = mbrtu_transact(rtu, request, timeout_ns);
    }
    return &rtu->outcome;
}
