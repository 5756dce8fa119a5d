/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/bus_host.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BUSES_MAX = 32 };

struct bus_host {
    struct sensor_sink sink;
    struct mbpoller *poller;
    struct mbbus *buses[BUSES_MAX];
    uint32_t count;
    pthread_mutex_t lock; /* held while the poller is used */
    pthread_t thread;
    bool started;
    int stop_fd;
};

struct bus_host *bus_host_new(const struct sensor_sink *sink) {
    struct bus_host *host = calloc(1, sizeof *host);
    assert(host != NULL);
    host->sink = *sink;
    (void)pthread_mutex_init(&host->lock, NULL);
    host->stop_fd = eventfd(0, EFD_CLOEXEC);
    int r = mbpoller_new(sink->real_ns, sink->context, &host->poller);
    assert(r == 0 && host->stop_fd >= 0);
    return host;
}

struct mbbus *bus_host_add(struct bus_host *host, const char *address, uint16_t port,
                           const struct mbbus_device *devices, uint32_t count) {
    assert(host->count < BUSES_MAX);
    const struct mbbus_conf conf = {.devices = devices, .device_count = count, .sink = host->sink};
    struct mbbus **bus = &host->buses[host->count];
    uint32_t link;
    int r = mbbus_new(&conf, bus);
    assert(r == 0);
    r = mbpoller_add(host->poller, *bus, address, port, &link);
    assert(r == 0 && link == host->count);
    host->count++;
    return *bus;
}

static void *bus_host_run(void *context) {
    struct bus_host *host = context;
    struct pollfd ready[] = {
        {.fd = mbpoller_fd(host->poller), .events = POLLIN},
        {.fd = host->stop_fd, .events = POLLIN},
    };
    for (;;) {
        (void)poll(ready, 2, -1);
        if (ready[1].revents != 0) {
            return NULL;
        }
        (void)pthread_mutex_lock(&host->lock);
        mbpoller_run(host->poller);
        (void)pthread_mutex_unlock(&host->lock);
    }
}

void bus_host_start(struct bus_host *host) {
    int error = pthread_create(&host->thread, NULL, bus_host_run, host);
    assert(error == 0);
    host->started = true;
}

void bus_host_address(struct bus_host *host, uint32_t link, const char *address) {
    (void)pthread_mutex_lock(&host->lock);
    mbpoller_address(host->poller, link, address);
    (void)pthread_mutex_unlock(&host->lock);
}

void bus_host_stop(struct bus_host *host) {
    if (host->started) {
        (void)eventfd_write(host->stop_fd, 1);
        (void)pthread_join(host->thread, NULL);
        host->started = false;
    }
}

void bus_host_free(struct bus_host *host) {
    bus_host_stop(host);
    (void)mbpoller_free(host->poller);
    for (uint32_t i = 0; i < host->count; i++) {
        (void)mbbus_free(host->buses[i]);
    }
    (void)close(host->stop_fd);
    (void)pthread_mutex_destroy(&host->lock);
    free(host);
}
