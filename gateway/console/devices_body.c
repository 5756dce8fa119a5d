/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/devices_body.h"

#include <assert.h>
#include <stdlib.h>

/* What the points of one device say of it. */
struct device_sums {
    uint32_t points, outputs, unheard;
    uint32_t qualities[QUALITY_COUNT];
    uint32_t places[DEVICE_PLACES_MAX];
    uint32_t place_count, place_last;
    struct wall heard; /* the newest word of any of them */
};

static void device_count_place(struct device_sums *sums, uint32_t place) {
    /* Points stand in the order of their places. */
    if (sums->place_count > 0 && sums->place_last == place) {
        return;
    }
    if (sums->place_count < DEVICE_PLACES_MAX) {
        sums->places[sums->place_count] = place;
    }
    sums->place_count++;
    sums->place_last = place;
}

static void device_count_point(const struct view *view, uint32_t point, enum view_engine engine,
                               struct device_sums *sums) {
    const struct view_point *state = &view->points[point];
    device_count_place(sums, view->site->ruleset.points[point].place);
    sums->points++;
    if (view->site->points[point].output != 0) {
        sums->outputs++;
        return;
    }
    sums->qualities[view_point_quality(view, point, engine)]++;
    sums->unheard += state->heard.ns == 0;
    if (state->heard.ns > sums->heard.ns) {
        sums->heard = state->heard;
    }
}

static const char *device_state(const struct view *view, uint32_t device, enum view_engine engine,
                                const struct device_sums *sums) {
    if (engine != VIEW_PRESENT && engine != VIEW_SYNCING) {
        return "unknown";
    } else if (view_device_is_lost(view, device)) {
        return "lost";
    } else if (sums->qualities[QUALITY_GOOD] + sums->qualities[QUALITY_UNCERTAIN] > 0) {
        return "answering";
    }
    return sums->heard.ns == 0 ? "unheard" : "silent";
}

static json_t *device_qualities(const struct device_sums *sums) {
    json_t *body = json_object();
    for (enum quality quality = 0; quality < QUALITY_COUNT; quality++) {
        (void)json_object_set_new(body, quality_name(quality),
                                  json_integer(sums->qualities[quality]));
    }
    return body;
}

static json_t *device_places(const struct site *site, const struct device_sums *sums) {
    json_t *rows = json_array();
    for (uint32_t i = 0; i < sums->place_count && i < DEVICE_PLACES_MAX; i++) {
        (void)json_array_append_new(rows,
                                    json_string(site_text(site, site->places[sums->places[i]].id)));
    }
    return rows;
}

static json_t *device_row(const struct view *view, uint32_t device, enum view_engine engine,
                          struct wall now, const struct device_sums *sums) {
    const struct site *site = view->site;
    const struct site_device *facts = &site->devices[device];
    const struct site_bus *bus = &site->buses[facts->bus];
    bool is_modbus = bus->kind != SITE_BUS_MQTT;
    bool is_lost = view_device_is_lost(view, device);
    int64_t age_ns = now.ns > sums->heard.ns ? now.ns - sums->heard.ns : 0;
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:s, s:o, s:o, s:o}", "device",
        site_text(site, facts->id), "bus", site_text(site, bus->address), "unit",
        is_modbus ? json_integer(facts->unit) : json_null(), "poll_ms",
        is_modbus ? json_integer(facts->poll_ms) : json_null(), "timeout_ms",
        is_modbus ? json_integer(facts->timeout_ms) : json_null(), "places",
        device_places(site, sums), "place_count", (json_int_t)sums->place_count, "point_count",
        (json_int_t)sums->points, "output_count", (json_int_t)sums->outputs, "unheard_count",
        (json_int_t)sums->unheard, "qualities", device_qualities(sums), "state",
        device_state(view, device, engine, sums), "lost_since",
        is_lost ? body_wall(view->alarms[view_device_alarm(view, device)].record.raised)
                : json_null(),
        "heard", body_wall(sums->heard), "age_ms",
        sums->heard.ns == 0 ? json_null() : json_integer(age_ns / (json_int_t)NS_PER_MS));
}

static json_t *bus_counts(const struct wire_bus *counts) {
    json_t *failures = json_object();
    for (enum sensor_cause cause = SENSOR_CAUSE_NONE + 1; cause < SENSOR_CAUSE_COUNT; cause++) {
        (void)json_object_set_new(failures, sensor_cause_name(cause),
                                  json_integer((json_int_t)counts->failures[cause]));
    }
    return json_pack("{s:I, s:I, s:I, s:o}", "polls", (json_int_t)counts->polls, "answers",
                     (json_int_t)counts->answers, "skipped", (json_int_t)counts->skipped,
                     "failures", failures);
}

static json_t *bus_row(const struct view *view, uint32_t bus) {
    static const char *const protocols[] = {
        [SITE_BUS_MODBUS_TCP] = "modbus_tcp",
        [SITE_BUS_MODBUS_RTU] = "modbus_rtu",
        [SITE_BUS_MQTT] = "mqtt",
    };
    const struct site_bus *facts = &view->site->buses[bus];
    const struct wire_bus *counts =
        facts->kind != SITE_BUS_MQTT ? view_bus_counts(view, bus) : NULL;
    char component[32];
    site_component_name(view->site, facts->field, component, sizeof component);
    return json_pack("{s:s, s:s, s:s, s:o}", "bus", site_text(view->site, facts->address),
                     "protocol", protocols[facts->kind], "component", component, "counts",
                     counts != NULL ? bus_counts(counts) : json_null());
}

json_t *devices_body(const struct view *view, uint32_t first, struct wall now, uint64_t real_ns) {
    const struct site *site = view->site;
    enum view_engine engine = view_engine(view, real_ns);
    uint32_t count = site->ruleset.device_count;
    uint32_t begin = first < count ? first : count;
    uint32_t end = count - begin > BODY_ROWS_MAX ? begin + BODY_ROWS_MAX : count;
    struct device_sums *sums = calloc((size_t)(end - begin) + 1, sizeof *sums);
    assert(sums != NULL);
    for (uint32_t i = 0; i < site->ruleset.point_count; i++) {
        uint32_t device = site->ruleset.points[i].device;
        if (device >= begin && device < end) {
            device_count_point(view, i, engine, &sums[device - begin]);
        }
    }
    json_t *body = body_head(view, real_ns);
    json_t *rows = json_array();
    json_t *buses = json_array();
    for (uint32_t i = begin; i < end; i++) {
        uint32_t bus = site->devices[i].bus;
        (void)json_array_append_new(rows, device_row(view, i, engine, now, &sums[i - begin]));
        /* Devices stand in the order of their buses. */
        if (i == begin || bus != site->devices[i - 1].bus) {
            (void)json_array_append_new(buses, bus_row(view, bus));
        }
    }
    free(sums);
    (void)json_object_set_new(body, "devices", rows);
    (void)json_object_set_new(body, "buses", buses);
    body_next(body, end, count);
    return body;
}
