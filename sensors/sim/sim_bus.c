/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_bus.h"

#include <assert.h>
#include <errno.h>

int sim_bus_open(struct sim_bus *bus, struct event_base *base, const struct sim_bus_conf *conf,
                 const struct sim_units *units, const char *client_id,
                 const struct sim_publisher_callbacks *callbacks) {
    int r;
    switch (conf->kind) {
    case SIM_BUS_TCP:
        r = sim_tcp_new(base, conf->host, conf->port, units, &bus->tcp);
        return r != 0 ? r : sim_tcp_open(bus->tcp);
    case SIM_BUS_RTU:
        return sim_rtu_new(base, conf->path, units, SIM_RTU_SILENCE_MS, &bus->rtu);
    case SIM_BUS_MQTT:
        return sim_publisher_new(base, conf->host, conf->port, client_id, callbacks,
                                 &bus->publisher);
    }
    assert(false && "bus kind out of range");
    return -EINVAL;
}

void sim_bus_close(struct sim_bus *bus) {
    bus->tcp = sim_tcp_free(bus->tcp);
    bus->rtu = sim_rtu_free(bus->rtu);
    bus->publisher = sim_publisher_free(bus->publisher);
}

int sim_bus_switch(struct sim_bus *bus, bool serves) {
    if (bus->publisher != NULL) {
        sim_publisher_switch(bus->publisher, serves);
    }
    if (bus->tcp == NULL) {
        return 0;
    }
    if (serves) {
        return sim_tcp_open(bus->tcp);
    }
    sim_tcp_close(bus->tcp);
    return 0;
}

bool sim_bus_hears(const struct sim_bus *bus) {
    return bus->publisher != NULL && sim_publisher_is_connected(bus->publisher);
}

int sim_bus_publish(struct sim_bus *bus, const char *topic, const char *payload) {
    assert(bus->publisher != NULL);
    return sim_publisher_send(bus->publisher, topic, payload);
}
