/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/field/drivers.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "gateway/clock.h"
#include "gateway/field/point_format.h"
#include "gateway/resolver.h"
#include "sensors/modbus_line.h"
#include "sensors/modbus_poller.h"
#include "sensors/mqtt_source.h"

/* One bus of ours, and the arrays that its driver borrows. */
struct driver {
    uint32_t bus; /* index in the site */
    struct mbbus *modbus;
    struct mbline *line; /* carries a serial bus; the poller carries one over TCP */
    uint32_t link;       /* its number in the poller */
    struct mqtt_source *mqtt;
    struct mbbus_device *devices;
    struct mbimage_point *points;
    struct mbbus_output *outputs;
    struct mqtt_source_point *topics;
    uint32_t *device_indexes;
};

struct drivers {
    const struct site *site;
    const struct retired *retired;
    struct sensor_sink sink;
    struct driver *drivers;
    uint32_t count;
    uint32_t *of_bus; /* per bus of the site: its driver, or RULESET_NONE */
    struct resolver *resolver;
    struct mbpoller *poller;
    struct event *polling; /* the poller has something to do */
};

static enum mbframe_table driver_table(uint8_t table) {
    switch ((enum site_modbus_table)table) {
    case SITE_MODBUS_COIL:
        return MBFRAME_COIL;
    case SITE_MODBUS_DISCRETE:
        return MBFRAME_DISCRETE;
    case SITE_MODBUS_INPUT:
        return MBFRAME_INPUT;
    case SITE_MODBUS_HOLDING:
        return MBFRAME_HOLDING;
    case SITE_MODBUS_NONE:
        break;
    }
    assert(false && "a Modbus point has a table");
    return MBFRAME_COIL;
}

static void driver_modbus_point(const struct site *site, uint32_t point,
                                struct mbimage_point *ret_point) {
    const struct site_point *row = &site->points[point];
    *ret_point = (struct mbimage_point){
        .point = point,
        .table = driver_table(row->modbus_table),
        .address = row->modbus_address,
        .format = point_format(site, point),
        .deadband = point_deadband(site, point),
    };
}

static uint64_t driver_poll_ns(const struct site_device *device) {
    uint64_t poll_ns = clock_real_span_ns(device->poll_ms * NS_PER_MS);
    return poll_ns > MBBUS_POLL_MIN_NS ? poll_ns : MBBUS_POLL_MIN_NS;
}

static uint64_t driver_timeout_ns(const struct site_device *device) {
    uint64_t timeout_ns = device->timeout_ms * NS_PER_MS;
    return timeout_ns > MBBUS_TIMEOUT_MIN_NS ? timeout_ns : MBBUS_TIMEOUT_MIN_NS;
}

static uint32_t driver_point_count(const struct site *site, uint32_t bus) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < site->ruleset.point_count; i++) {
        count += site->points[i].bus == bus;
    }
    return count;
}

static bool driver_has_output(const struct mbbus_device *device, uint16_t address) {
    for (uint32_t i = 0; i < device->output_count; i++) {
        if (device->outputs[i].address == address) {
            return true;
        }
    }
    return false;
}

/* Was the coil an output of this device before the site was changed, and may still be on? */
static bool driver_is_retiring(const struct drivers *drivers, uint32_t device,
                               const struct retired_coil *coil) {
    return atomic_load(&coil->state) == RETIRED_WANTED &&
           retired_is_at(coil, drivers->site, device);
}

/* How many of those the bus has. */
static uint32_t driver_retired_count(const struct drivers *drivers, const struct site_bus *bus) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < RETIRED_MAX * bus->device_count; i++) {
        count += driver_is_retiring(drivers, bus->device_first + i / RETIRED_MAX,
                                    &drivers->retired->coils[i % RETIRED_MAX]);
    }
    return count;
}

/*
 * Add such coils to the outputs of the device, `room` at the most. One that is listed at this very
 * moment may find none; it is still an output of the site that this process has.
 */
static void driver_retired_outputs(const struct drivers *drivers, uint32_t room,
                                   struct mbbus_output **outputs, struct mbbus_device *device) {
    for (uint32_t i = 0; i < RETIRED_MAX && room > 0; i++) {
        const struct retired_coil *coil = &drivers->retired->coils[i];
        if (driver_is_retiring(drivers, device->device, coil) &&
            !driver_has_output(device, coil->address)) {
            *(*outputs)++ = (struct mbbus_output){
                .point = MBBUS_NO_POINT,
                .address = coil->address,
                .invert = coil->invert != 0,
            };
            device->output_count++;
            room--;
        }
    }
}

/* Fill in one device and its points; `*points` and `*outputs` move on over the bus's arrays. */
static void driver_modbus_device(const struct site *site, uint32_t device,
                                 struct mbimage_point **points, struct mbbus_output **outputs,
                                 struct mbbus_device *ret_device) {
    const struct site_device *row = &site->devices[device];
    *ret_device = (struct mbbus_device){
        .device = device,
        .unit = (uint8_t)row->unit,
        .poll_ns = driver_poll_ns(row),
        .timeout_ns = driver_timeout_ns(row),
        .points = *points,
        .outputs = *outputs,
    };
    for (uint32_t i = 0; i < site->ruleset.point_count; i++) {
        if (site->ruleset.points[i].device != device) {
            continue;
        }
        if (site->points[i].output != 0) {
            *(*outputs)++ = (struct mbbus_output){
                .point = i,
                .address = site->points[i].modbus_address,
                .invert = site->points[i].invert != 0,
            };
            ret_device->output_count++;
        } else {
            driver_modbus_point(site, i, (*points)++);
            ret_device->point_count++;
        }
    }
}

/* Find somebody to carry the bus's requests: the poller, or a thread of its own for a line. */
static int driver_carry(struct drivers *drivers, struct driver *driver,
                        const struct site_bus *bus) {
    const char *host = site_text(drivers->site, bus->host);
    if (bus->kind == SITE_BUS_MODBUS_TCP) {
        return mbpoller_add(drivers->poller, driver->modbus, resolver_is_literal(host) ? host : "",
                            (uint16_t)bus->port, &driver->link);
    }
    const struct mbrtu_conf conf = {
        .line = host,
        .baud = bus->baud,
        .parity = (char)bus->parity,
        .stop_bits = (uint8_t)bus->stop_bits,
    };
    return mbline_new(driver->modbus, &conf, &drivers->sink, &driver->line);
}

static int driver_modbus(struct drivers *drivers, struct driver *driver) {
    const struct site *site = drivers->site;
    const struct site_bus *bus = &site->buses[driver->bus];
    size_t points = (size_t)driver_point_count(site, driver->bus) + 1;
    uint32_t retired = driver_retired_count(drivers, bus);
    driver->devices = calloc(bus->device_count, sizeof *driver->devices);
    driver->points = calloc(points, sizeof *driver->points);
    driver->outputs = calloc(points + retired, sizeof *driver->outputs);
    if (driver->devices == NULL || driver->points == NULL || driver->outputs == NULL) {
        return err_origin(-ENOMEM);
    }
    struct mbimage_point *point = driver->points;
    struct mbbus_output *output = driver->outputs;
    for (uint32_t i = 0; i < bus->device_count; i++) {
        struct mbbus_device *device = &driver->devices[i];
        driver_modbus_device(site, bus->device_first + i, &point, &output, device);
        const struct mbbus_output *own_end = output;
        driver_retired_outputs(drivers, retired, &output, device);
        retired -= (uint32_t)(output - own_end);
    }
    const struct mbbus_conf conf = {
        .devices = driver->devices,
        .device_count = bus->device_count,
        .sink = drivers->sink,
    };
    int r = mbbus_new(&conf, &driver->modbus);
    if (r == 0) {
        r = driver_carry(drivers, driver, bus);
    }
    return r == 0 ? 0 : err_origin(r);
}

static void driver_mqtt_point(const struct site *site, uint32_t point,
                              struct mqtt_source_point *ret_point) {
    const struct site_point *row = &site->points[point];
    const struct ruleset_point *kind = &site->ruleset.points[point];
    *ret_point = (struct mqtt_source_point){
        .point = point,
        .device = kind->device,
        .topic = site_text(site, row->mqtt_topic),
        .event = point_kind_facts((enum point_kind)kind->kind)->form == POINT_FORM_EVENT,
        .scan = kind->kind == POINT_CHECKPOINT,
        .format = point_payload_format(site, point),
    };
}

/* "tcp://host:port" with the scheme of the address as written, and brackets around an IPv6 literal.
 */
static void driver_uri(const struct site *site, const struct site_bus *bus, const char *host,
                       char ret_uri[MQTT_SOURCE_URI_SIZE]) {
    const char *written = site_text(site, bus->address);
    const char *end = strstr(written, "://");
    int scheme = end != NULL ? (int)(end - written) : 0;
    bool brackets = strchr(host, ':') != NULL && host[0] != '[';
    (void)snprintf(ret_uri, MQTT_SOURCE_URI_SIZE, "%.*s://%s%s%s:%u", scheme > 0 ? scheme : 3,
                   scheme > 0 ? written : "tcp", brackets ? "[" : "", host, brackets ? "]" : "",
                   bus->port);
}

/* Is the broker's certificate checked against its name? Then the name must stay in the address. */
static bool driver_is_tls(const struct site *site, const struct site_bus *bus) {
    return strncmp(site_text(site, bus->address), "ssl:", 4) == 0;
}

/* NULL: the system's own. */
static const char *driver_ca(const struct site *site) {
    return site->header->mqtt_ca == 0 ? NULL : site_text(site, site->header->mqtt_ca);
}

static int driver_mqtt(struct drivers *drivers, struct driver *driver) {
    const struct site *site = drivers->site;
    const struct site_bus *bus = &site->buses[driver->bus];
    driver->topics =
        calloc((size_t)driver_point_count(site, driver->bus) + 1, sizeof *driver->topics);
    driver->device_indexes = calloc(bus->device_count, sizeof *driver->device_indexes);
    if (driver->topics == NULL || driver->device_indexes == NULL) {
        return err_origin(-ENOMEM);
    }
    uint32_t point_count = 0;
    for (uint32_t i = 0; i < site->ruleset.point_count; i++) {
        if (site->points[i].bus == driver->bus && site->points[i].mqtt_topic != 0) {
            driver_mqtt_point(site, i, &driver->topics[point_count++]);
        }
    }
    for (uint32_t i = 0; i < bus->device_count; i++) {
        driver->device_indexes[i] = bus->device_first + i;
    }
    char uri[MQTT_SOURCE_URI_SIZE], client_id[160];
    driver_uri(site, bus, site_text(site, bus->host), uri);
    (void)snprintf(client_id, sizeof client_id, "tocsin-%s-%s-field-%s",
                   site_text(site, site->header->site_id),
                   site_text(site, site->header->gateway_id),
                   site_text(site, site->devices[bus->device_first].id));
    const struct mqtt_source_conf conf = {
        .uri = uri,
        .client_id = client_id,
        .ca = driver_is_tls(site, bus) ? driver_ca(site) : NULL,
        .points = driver->topics,
        .point_count = point_count,
        .devices = driver->device_indexes,
        .device_count = bus->device_count,
        .sink = drivers->sink,
    };
    return err_trace(mqtt_source_new(&conf, &driver->mqtt));
}

static void driver_found(void *context, uint32_t index, const char *literal) {
    struct drivers *drivers = context;
    struct driver *driver = &drivers->drivers[index];
    if (driver->modbus != NULL) {
        mbpoller_address(drivers->poller, driver->link, literal);
    } else if (driver->mqtt != NULL) {
        char uri[MQTT_SOURCE_URI_SIZE];
        driver_uri(drivers->site, &drivers->site->buses[driver->bus], literal, uri);
        mqtt_source_address(driver->mqtt, uri);
    }
}

static int driver_new(struct drivers *drivers, uint32_t index) {
    struct driver *driver = &drivers->drivers[index];
    const struct site_bus *bus = &drivers->site->buses[driver->bus];
    bool mqtt = bus->kind == SITE_BUS_MQTT;
    int r = mqtt ? driver_mqtt(drivers, driver) : driver_modbus(drivers, driver);
    const char *host = site_text(drivers->site, bus->host);
    bool by_name = bus->kind != SITE_BUS_MODBUS_RTU && !resolver_is_literal(host) &&
                   !(mqtt && driver_is_tls(drivers->site, bus));
    if (r == 0 && by_name) {
        r = resolver_add(drivers->resolver, host, index, false);
    }
    return err_trace(r);
}

static void drivers_poll(evutil_socket_t fd, short what, void *context) {
    const struct drivers *drivers = context;
    (void)fd;
    (void)what;
    mbpoller_run(drivers->poller);
}

/* The poller has no thread: the loop runs it, which so sends on itself what it received. */
static int drivers_open_poller(struct drivers *drivers, struct event_base *base) {
    int r = mbpoller_new(drivers->sink.real_ns, drivers->sink.context, &drivers->poller);
    if (r != 0) {
        return err_origin(r);
    }
    drivers->polling =
        event_new(base, mbpoller_fd(drivers->poller), EV_READ | EV_PERSIST, drivers_poll, drivers);
    return drivers->polling == NULL ? err_origin(-ENOMEM) : 0;
}

int drivers_new(const struct site *site, uint32_t instance, const struct retired *retired,
                struct event_base *base, const struct sensor_sink *sink,
                struct drivers **ret_drivers) {
    struct drivers *drivers = calloc(1, sizeof *drivers);
    if (drivers == NULL) {
        return err_origin(-ENOMEM);
    }
    *drivers = (struct drivers){.site = site, .retired = retired, .sink = *sink};
    drivers->drivers = calloc((size_t)site->bus_count + 1, sizeof *drivers->drivers);
    drivers->of_bus = calloc((size_t)site->bus_count + 1, sizeof *drivers->of_bus);
    int r = drivers->drivers == NULL || drivers->of_bus == NULL ? err_origin(-ENOMEM) : 0;
    if (r == 0) {
        static const struct resolver_words words = {
            .unknown = "its devices cannot be reached",
            .kept = "its last address is used",
            .back = "its devices can be reached",
        };
        static const struct resolver_callbacks callbacks = {.found = driver_found};
        r = err_trace(resolver_new(base, &words, &callbacks, drivers, &drivers->resolver));
    }
    if (r == 0) {
        r = drivers_open_poller(drivers, base);
    }
    for (uint32_t i = 0; r == 0 && i < site->bus_count; i++) {
        drivers->of_bus[i] = RULESET_NONE;
        if (site->buses[i].field == instance && site->buses[i].device_count > 0) {
            drivers->of_bus[i] = drivers->count;
            drivers->drivers[drivers->count].bus = i;
            r = driver_new(drivers, drivers->count++);
        }
    }
    if (r != 0) {
        (void)drivers_free(drivers);
        return r;
    }
    *ret_drivers = drivers;
    return 0;
}

int drivers_start(struct drivers *drivers) {
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < drivers->count; i++) {
        const struct driver *driver = &drivers->drivers[i];
        if (driver->line != NULL) {
            r = mbline_start(driver->line);
        } else if (driver->mqtt != NULL) {
            r = mqtt_source_start(driver->mqtt);
        }
    }
    if (r == 0 && event_add(drivers->polling, NULL) != 0) {
        r = -ENOMEM;
    }
    return r == 0 ? 0 : err_origin(r);
}

uint32_t drivers_count(const struct drivers *drivers) {
    return drivers->count;
}

static struct wire_bus driver_counts(const struct driver *driver) {
    struct mbbus_counts counts;
    mbbus_counts(driver->modbus, &counts);
    struct wire_bus row = {
        .bus = driver->bus,
        .polls = counts.polls,
        .answers = counts.answers,
        .skipped = counts.skipped,
    };
    memcpy(row.failures, counts.causes, sizeof row.failures);
    return row;
}

uint32_t drivers_buses(const struct drivers *drivers, uint32_t *next, struct wire_bus *ret,
                       uint32_t room) {
    uint32_t written = 0;
    for (uint32_t looked = 0; looked < drivers->count && written < room; looked++) {
        const struct driver *driver = &drivers->drivers[*next % drivers->count];
        *next = (*next + 1) % drivers->count;
        if (driver->modbus != NULL) {
            ret[written++] = driver_counts(driver);
        }
    }
    return written;
}

struct mqtt_source_counts drivers_messages(const struct drivers *drivers) {
    struct mqtt_source_counts sum = {0};
    for (uint32_t i = 0; i < drivers->count; i++) {
        struct mqtt_source_counts counts;
        if (drivers->drivers[i].mqtt != NULL) {
            mqtt_source_counts(drivers->drivers[i].mqtt, &counts);
            sum.messages += counts.messages;
            sum.unknown += counts.unknown;
            sum.overflowed += counts.overflowed;
            sum.refused += counts.refused;
            sum.connections += counts.connections;
        }
    }
    return sum;
}

void drivers_output(struct drivers *drivers, uint32_t point, bool on) {
    uint32_t index = drivers->of_bus[drivers->site->points[point].bus];
    if (index != RULESET_NONE && drivers->drivers[index].modbus != NULL) {
        mbbus_output(drivers->drivers[index].modbus, point, on);
    }
}

/* The bus of ours that a coil is on, at a device that is in the site; NULL: none. */
static struct mbbus *drivers_bus_of(const struct drivers *drivers,
                                    const struct retired_coil *coil) {
    const struct site *site = drivers->site;
    for (uint32_t i = 0; i < drivers->count; i++) {
        const struct driver *driver = &drivers->drivers[i];
        const struct site_bus *bus = &site->buses[driver->bus];
        for (uint32_t j = 0; driver->modbus != NULL && j < bus->device_count; j++) {
            if (retired_is_at(coil, site, bus->device_first + j)) {
                return driver->modbus;
            }
        }
    }
    return NULL;
}

enum drivers_retired drivers_retire(struct drivers *drivers, const struct retired_coil *coil) {
    struct mbbus *bus = drivers_bus_of(drivers, coil);
    if (bus == NULL || !mbbus_retire(bus, (uint8_t)coil->unit, coil->address)) {
        return DRIVERS_NOT_OURS;
    }
    return mbbus_is_rested(bus, (uint8_t)coil->unit, coil->address) ? DRIVERS_RESTED
                                                                    : DRIVERS_RETIRING;
}

void drivers_leave(struct drivers *drivers, const struct retired_coil *coil) {
    struct mbbus *bus = drivers_bus_of(drivers, coil);
    if (bus != NULL) {
        mbbus_leave(bus, (uint8_t)coil->unit, coil->address);
    }
}

static void driver_deinit(struct driver *driver) {
    (void)mbline_free(driver->line); /* its thread uses the bus */
    (void)mbbus_free(driver->modbus);
    (void)mqtt_source_free(driver->mqtt);
    free(driver->devices);
    free(driver->points);
    free(driver->outputs);
    free(driver->topics);
    free(driver->device_indexes);
}

struct drivers *drivers_free(struct drivers *drivers) {
    if (drivers == NULL) {
        return NULL;
    }
    (void)resolver_free(drivers->resolver);
    if (drivers->polling != NULL) {
        event_free(drivers->polling);
    }
    (void)mbpoller_free(drivers->poller);
    /* All are told before any is waited for, so that the slowest one is all that is waited for. */
    for (uint32_t i = 0; i < drivers->count; i++) {
        if (drivers->drivers[i].line != NULL) {
            mbline_stop(drivers->drivers[i].line);
        } else if (drivers->drivers[i].mqtt != NULL) {
            mqtt_source_stop(drivers->drivers[i].mqtt);
        }
    }
    for (uint32_t i = 0; i < drivers->count; i++) {
        driver_deinit(&drivers->drivers[i]);
    }
    free(drivers->drivers);
    free(drivers->of_bus);
    free(drivers);
    return NULL;
}
