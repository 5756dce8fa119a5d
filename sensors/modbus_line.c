/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/modbus_line.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "sensors/bell.h"

/* Deep enough for libmodbus and the sink; hundreds of these threads take addresses only. */
#define MBLINE_STACK_SIZE (128 * 1024)

struct mbline {
    struct mbbus *bus;
    struct mbrtu *rtu;
    struct sensor_sink sink;
    struct bell bell;
    atomic_bool stopping;
    bool started;
    pthread_t thread;
};

static void mbline_ring(void *context) {
    struct mbline *line = context;
    bell_ring(&line->bell);
}

int mbline_new(struct mbbus *bus, const struct mbrtu_conf *conf, const struct sensor_sink *sink,
               struct mbline **ret_line) {
    struct mbline *line = calloc(1, sizeof *line);
    if (line == NULL) {
        return -ENOMEM;
    }
    line->bus = bus;
    line->sink = *sink;
    int r = mbrtu_new(conf, sink->real_ns, sink->context, &line->rtu);
    if (r != 0) {
        (void)mbline_free(line);
        return r;
    }
    mbbus_host(bus, (struct mbbus_bell){.ring = mbline_ring, .context = line});
    *ret_line = line;
    return 0;
}

static void *mbline_run(void *context) {
    struct mbline *line = context;
    while (!atomic_load(&line->stopping)) {
        struct mbbus_ask ask;
        uint64_t now_ns = line->sink.real_ns(line->sink.context);
        uint64_t wake_ns;
        if (!mbbus_next(line->bus, now_ns, &ask, &wake_ns)) {
            bell_sleep(&line->bell, wake_ns - now_ns);
            continue;
        }
        const struct mbbus_outcome *outcome = mbrtu_ask(line->rtu, &ask.request, ask.timeout_ns);
        if (!atomic_load(&line->stopping)) { /* a cut says nothing of the device */
            mbbus_take(line->bus, outcome, line->sink.real_ns(line->sink.context));
        }
    }
    return NULL;
}

int mbline_start(struct mbline *line) {
    assert(!line->started);
    pthread_attr_t attributes;
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, MBLINE_STACK_SIZE);
    int error = pthread_create(&line->thread, &attributes, mbline_run, line);
    (void)pthread_attr_destroy(&attributes);
    line->started = error == 0;
    return -error;
}

void mbline_stop(struct mbline *line) {
    atomic_store(&line->stopping, true);
    mbrtu_cut(line->rtu);
    bell_ring(&line->bell);
}

struct mbline *mbline_free(struct mbline *line) {
    if (line == NULL) {
        return NULL;
    }
    if (line->started) {
        mbline_stop(line);
        (void)pthread_join(line->thread, NULL);
    }
    (void)mbrtu_free(line->rtu);
    free(line);
    return NULL;
}
