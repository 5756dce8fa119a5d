/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_field.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <event2/event.h>

#include "sensors/sim/sim_bus.h"
#include "sensors/sim/sim_payload.h"
#include "sensors/sim/sim_scene.h"

enum { CLIENT_ID_SIZE = 96 };

struct field_point {
    uint32_t topic;   /* SIM_NONE for Modbus */
    uint32_t sibling; /* the next point of that topic */
};

struct field_topic {
    const char *name;
    uint32_t device;
    uint32_t first;  /* point */
    bool has_values; /* else its points are moments, and there is no state to tell */
    bool dirty;      /* the broker does not know the present values */
    /* The state is told again, so that the gateway hears it is alive; 0: never. */
    uint64_t every_ns;
    struct instant due;
};

struct field_bus {
    struct sim_field *field;
    uint32_t index;
    uint32_t device_first, device_count;
    struct sim_bus ends;
    bool reopen_told;
};

struct sim_field {
    struct event_base *base;
    const struct sim_conf *conf;
    const struct sim_clock *clock;
    struct sim_field_callbacks callbacks;
    struct field_bus *buses;
    struct sim_scene *scene;
    struct sim_unit *units; /* parallel to devices; used by Modbus ones */
    struct field_point *points;
    struct field_topic *topics;
    uint32_t topic_count;
    struct event *timer;
};

static void field_note(struct sim_field *field, struct sim_note note) {
    field->callbacks.note(field->callbacks.context, &note);
}

const struct sim_conf *sim_field_conf(const struct sim_field *field) {
    return field->conf;
}

/* ---- what points show ---------------------------------------------------------------------- */

static const struct sim_point_conf *point_conf(const struct sim_field *field, uint32_t point) {
    assert(point < field->conf->point_count);
    return &field->conf->points[point];
}

static uint16_t *point_words(struct sim_field *field, uint32_t point) {
    const struct sim_point_conf *conf = point_conf(field, point);
    uint16_t *words = sim_image_at(&field->units[conf->device].image, conf->encoding.table,
                                   conf->encoding.address, sim_encode_width(&conf->encoding));
    assert(words != NULL); /* the image was made to cover every point */
    return words;
}

/* Bring the value of a point to where the gateway finds it. Topics are told by topics_tell(). */
static void point_shown(void *context, uint32_t index, double value) {
    struct sim_field *field = context;
    const struct sim_point_conf *conf = point_conf(field, index);
    if (conf->topic == NULL) {
        /* What does not fit is shown as the nearest that does, as a sensor at its end stop. */
        (void)sim_encode(&conf->encoding, value, point_words(field, index));
    } else {
        field->topics[field->points[index].topic].dirty = true;
    }
}

static struct field_bus *device_bus(struct sim_field *field, uint32_t device) {
    assert(device < field->conf->device_count);
    return &field->buses[field->conf->devices[device].bus];
}

static char *topic_payload(const struct sim_field *field, const struct field_topic *topic) {
    json_t *payload = json_object();
    bool built = payload != NULL;
    for (uint32_t i = topic->first; i != SIM_NONE && built; i = field->points[i].sibling) {
        if (field->conf->points[i].pointer != NULL) {
            built = sim_payload_put(payload, &field->conf->points[i],
                                    sim_scene_value(field->scene, i)) == 0;
        }
    }
    char *text = built ? json_dumps(payload, JSON_COMPACT) : NULL;
    json_decref(payload);
    return text;
}

/* Tell the state of a topic, unless nobody would hear: it is told again after each connection. */
static void topic_tell(struct sim_field *field, struct field_topic *topic) {
    struct field_bus *bus = device_bus(field, topic->device);
    topic->dirty = false;
    if (!topic->has_values || sim_scene_is_down(field->scene, topic->device) ||
        !sim_bus_hears(&bus->ends)) {
        return;
    }
    char *payload = topic_payload(field, topic);
    if (payload == NULL || sim_bus_publish(&bus->ends, topic->name, payload) != 0) {
        field_note(field, (struct sim_note){.kind = SIM_NOTE_MESSAGE_LOST, .bus = bus->index});
    }
    free(payload);
    if (topic->every_ns > 0) {
        topic->due = instant_after(field->clock->instant(), topic->every_ns);
    }
}

static void topics_tell(struct sim_field *field, struct instant now) {
    for (uint32_t i = 0; i < field->topic_count; i++) {
        struct field_topic *topic = &field->topics[i];
        if (topic->dirty || instant_reached(now, topic->due)) {
            topic_tell(field, topic);
        }
    }
}

static void topics_tell_bus(struct sim_field *field, uint32_t bus) {
    for (uint32_t i = 0; i < field->topic_count; i++) {
        if (field->conf->devices[field->topics[i].device].bus == bus) {
            topic_tell(field, &field->topics[i]);
        }
    }
}

/* ---- what happens to points and devices ----------------------------------------------------- */

void sim_field_set(struct sim_field *field, uint32_t point, double value) {
    sim_scene_set(field->scene, point, value);
    topics_tell(field, field->clock->instant());
}

bool sim_field_holds(const struct sim_field *field, uint32_t point, double value) {
    const struct sim_point_conf *conf = point_conf(field, point);
    uint16_t words[SIM_ENCODE_WORDS_MAX] = {0};
    return conf->topic != NULL || sim_encode(&conf->encoding, value, words);
}

static struct field_topic *topic_find(struct sim_field *field, const char *name) {
    for (uint32_t i = 0; i < field->topic_count; i++) {
        if (strcmp(field->topics[i].name, name) == 0) {
            return &field->topics[i];
        }
    }
    return NULL;
}

/* Somebody else wrote a payload for this topic: from now on its points show what stands in there.
 */
static void topic_learn(struct sim_field *field, const struct field_topic *topic,
                        const char *payload) {
    json_t *parsed = json_loads(payload, 0, NULL);
    for (uint32_t i = topic->first; i != SIM_NONE; i = field->points[i].sibling) {
        const struct sim_point_conf *conf = &field->conf->points[i];
        double value;
        if (conf->pointer != NULL && sim_payload_value(parsed, conf, &value)) {
            sim_scene_learn(field->scene, i, value);
        }
    }
    json_decref(parsed);
}

int sim_field_publish(struct sim_field *field, uint32_t device, const char *topic,
                      const char *payload) {
    struct field_bus *bus = device_bus(field, device);
    struct field_topic *known = topic_find(field, topic);
    if (known != NULL) {
        topic_learn(field, known, payload);
    }
    if (sim_scene_is_down(field->scene, device)) {
        return SIM_E_FULL;
    }
    return sim_bus_publish(&bus->ends, topic, payload);
}

/* A port serves while one of its devices does. */
static void bus_switch(struct sim_field *field, struct field_bus *bus) {
    bool serves = false;
    for (uint32_t i = 0; i < bus->device_count; i++) {
        serves = serves || !sim_scene_is_down(field->scene, bus->device_first + i);
    }
    if (sim_bus_switch(&bus->ends, serves) == 0) {
        bus->reopen_told = false;
    } else if (!bus->reopen_told) {
        bus->reopen_told = true;
        field_note(field, (struct sim_note){.kind = SIM_NOTE_REOPEN_FAILED, .bus = bus->index});
    }
}

static void device_switched(void *context, uint32_t device, bool down, enum sim_answer answer) {
    struct sim_field *field = context;
    struct field_bus *bus = device_bus(field, device);
    field->units[device].down = down;
    field->units[device].answer = answer;
    bus_switch(field, bus);
    if (!down) {
        topics_tell_bus(field, bus->index); /* nobody heard it while it was down */
    }
}

void sim_field_switch(struct sim_field *field, uint32_t device, bool down) {
    sim_scene_switch(field->scene, device, down);
}

void sim_field_answer(struct sim_field *field, uint32_t device, enum sim_answer answer) {
    sim_scene_answer(field->scene, device, answer);
}

bool sim_field_is_on(struct sim_field *field, uint32_t point) {
    const struct sim_point_conf *conf = point_conf(field, point);
    assert(conf->output && conf->topic == NULL);
    return sim_encode_is_on(&conf->encoding, point_words(field, point));
}

uint64_t sim_field_requests(const struct sim_field *field, uint32_t device) {
    assert(device < field->conf->device_count);
    return field->units[device].requests;
}

/* ---- the story ------------------------------------------------------------------------------ */

static void act_published(void *context, const struct sim_act *act) {
    struct sim_field *field = context;
    if (sim_field_publish(field, act->device, act->topic, act->payload) != 0) {
        field_note(field, (struct sim_note){.kind = SIM_NOTE_MESSAGE_LOST,
                                            .bus = field->conf->devices[act->device].bus});
    }
}

static void story_moment(void *context, uint32_t act, bool end) {
    field_note(context, (struct sim_note){.kind = end ? SIM_NOTE_ACT_ENDS : SIM_NOTE_ACT_BEGINS,
                                          .act = act});
}

static void story_over(void *context) {
    field_note(context, (struct sim_note){.kind = SIM_NOTE_STORY_OVER});
}

/* Try once more to have the ports that could not be had again. */
static void buses_reopen(struct sim_field *field) {
    for (uint32_t i = 0; i < field->conf->bus_count; i++) {
        if (field->buses[i].reopen_told) {
            bus_switch(field, &field->buses[i]);
        }
    }
}

static void timer_arm(struct sim_field *field, struct instant now) {
    struct instant next = sim_scene_due(field->scene);
    uint64_t real_us = field->clock->real_span_ns(instant_span_ns(now, next)) / 1000 + 1;
    const struct timeval after = {.tv_sec = (time_t)(real_us / 1000000),
                                  .tv_usec = (suseconds_t)(real_us % 1000000)};
    (void)evtimer_add(field->timer, &after); /* only fails for an event that was not made */
}

static void timer_due(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct sim_field *field = context;
    struct instant now = field->clock->instant();
    sim_scene_go_on(field->scene, now);
    buses_reopen(field);
    topics_tell(field, now);
    timer_arm(field, now);
}

/* ---- birth and death ------------------------------------------------------------------------ */

static void broker_connected(void *context) {
    struct field_bus *bus = context;
    field_note(bus->field, (struct sim_note){.kind = SIM_NOTE_BROKER_CONNECTED, .bus = bus->index});
    topics_tell_bus(bus->field, bus->index);
}

static void broker_lost(void *context, const char *reason) {
    struct field_bus *bus = context;
    field_note(bus->field,
               (struct sim_note){.kind = SIM_NOTE_BROKER_LOST, .bus = bus->index, .text = reason});
}

/* Which devices stand at which bus: a range, since they are sorted by it. */
static void buses_fill(struct sim_field *field) {
    const struct sim_conf *conf = field->conf;
    for (uint32_t i = 0; i < conf->bus_count; i++) {
        field->buses[i] = (struct field_bus){.field = field, .index = i};
    }
    for (uint32_t i = 0; i < conf->device_count; i++) {
        struct field_bus *bus = &field->buses[conf->devices[i].bus];
        if (bus->device_count == 0) {
            bus->device_first = i;
        }
        assert(bus->device_first + bus->device_count == i);
        bus->device_count++;
    }
}

/* A sensor speaks three times within the silence that is normal for it. */
static void topic_join(struct sim_field *field, uint32_t point) {
    const struct sim_point_conf *conf = &field->conf->points[point];
    struct field_topic *topic = topic_find(field, conf->topic);
    if (topic == NULL) {
        topic = &field->topics[field->topic_count++];
        *topic = (struct field_topic){
            .name = conf->topic, .device = conf->device, .first = SIM_NONE, .due = INSTANT_NEVER};
    }
    field->points[point].topic = (uint32_t)(topic - field->topics);
    field->points[point].sibling = topic->first;
    topic->first = point;
    if (conf->pointer == NULL) {
        return;
    }
    topic->has_values = true;
    uint64_t every_ns = conf->silence_ns / 3;
    if (every_ns > 0 && (topic->every_ns == 0 || every_ns < topic->every_ns)) {
        topic->every_ns = every_ns;
    }
}

static int units_fill(struct sim_field *field) {
    const struct sim_conf *conf = field->conf;
    for (uint32_t i = 0; i < conf->point_count; i++) {
        const struct sim_point_conf *point = &conf->points[i];
        field->points[i].topic = SIM_NONE;
        field->points[i].sibling = SIM_NONE;
        if (point->topic != NULL) {
            topic_join(field, i);
        } else {
            sim_image_cover(&field->units[point->device].image, point->encoding.table,
                            point->encoding.address, sim_encode_width(&point->encoding));
        }
    }
    for (uint32_t i = 0; i < conf->device_count; i++) {
        struct sim_unit *unit = &field->units[i];
        unit->number = conf->devices[i].unit;
        unit->timeout_ms = conf->devices[i].timeout_ms;
        unit->random.state = conf->story.seed + i;
        int r = sim_image_init(&unit->image);
        if (r != 0) {
            return r;
        }
    }
    return 0;
}

static int field_fill(struct sim_field *field) {
    const struct sim_conf *conf = field->conf;
    const struct sim_scene_callbacks callbacks = {
        .shown = point_shown,
        .switched = device_switched,
        .published = act_published,
        .moment = story_moment,
        .over = story_over,
        .context = field,
    };
    /* One more than there are: calloc of nothing may be NULL. */
    field->buses = calloc(conf->bus_count + 1, sizeof *field->buses);
    field->units = calloc(conf->device_count + 1, sizeof *field->units);
    field->points = calloc(conf->point_count + 1, sizeof *field->points);
    field->topics = calloc(conf->point_count + 1, sizeof *field->topics);
    field->timer = evtimer_new(field->base, timer_due, field);
    if (field->buses == NULL || field->units == NULL || field->points == NULL ||
        field->topics == NULL || field->timer == NULL) {
        return -ENOMEM;
    }
    buses_fill(field);
    int r = units_fill(field);
    return r == 0 ? sim_scene_new(conf, &callbacks, &field->scene) : r;
}

int sim_field_new(struct event_base *base, const struct sim_conf *conf,
                  const struct sim_clock *clock, const struct sim_field_callbacks *callbacks,
                  struct sim_field **ret_field) {
    struct sim_field *field = calloc(1, sizeof *field);
    if (field == NULL) {
        return -ENOMEM;
    }
    field->base = base;
    field->conf = conf;
    field->clock = clock;
    field->callbacks = *callbacks;
    int r = field_fill(field);
    if (r != 0) {
        (void)sim_field_free(field);
        return r;
    }
    *ret_field = field;
    return 0;
}

struct sim_field *sim_field_free(struct sim_field *field) {
    if (field == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; field->buses != NULL && i < field->conf->bus_count; i++) {
        sim_bus_close(&field->buses[i].ends);
    }
    for (uint32_t i = 0; field->units != NULL && i < field->conf->device_count; i++) {
        sim_image_deinit(&field->units[i].image);
    }
    if (field->timer != NULL) {
        event_free(field->timer);
    }
    (void)sim_scene_free(field->scene);
    free(field->topics);
    free(field->points);
    free(field->units);
    free(field->buses);
    free(field);
    return NULL;
}

static int bus_open(struct sim_field *field, struct field_bus *bus) {
    const struct sim_bus_conf *conf = &field->conf->buses[bus->index];
    const struct sim_units units = {&field->units[bus->device_first], bus->device_count};
    char client_id[CLIENT_ID_SIZE];
    /* With the process number, so that two fields of one site do not throw each other out. */
    (void)snprintf(client_id, sizeof client_id, "tocsin-sim-%.40s-%u-%d", field->conf->name,
                   bus->index, (int)getpid());
    const struct sim_publisher_callbacks callbacks = {
        .connected = broker_connected, .lost = broker_lost, .context = bus};
    return sim_bus_open(&bus->ends, field->base, conf, &units, client_id, &callbacks);
}

int sim_field_start(struct sim_field *field, uint32_t *ret_bus) {
    for (uint32_t i = 0; i < field->conf->bus_count; i++) {
        int r = bus_open(field, &field->buses[i]);
        if (r != 0) {
            *ret_bus = i;
            return r;
        }
    }
    struct instant now = field->clock->instant();
    sim_scene_begin(field->scene, now);
    timer_arm(field, now);
    return 0;
}

uint32_t sim_field_point_find(const struct sim_field *field, const char *id) {
    for (uint32_t i = 0; i < field->conf->point_count; i++) {
        if (strcmp(field->conf->points[i].id, id) == 0) {
            return i;
        }
    }
    return SIM_NONE;
}

uint32_t sim_field_device_find(const struct sim_field *field, const char *id) {
    for (uint32_t i = 0; i < field->conf->device_count; i++) {
        if (strcmp(field->conf->devices[i].id, id) == 0) {
            return i;
        }
    }
    return SIM_NONE;
}

uint32_t sim_field_topic_device(const struct sim_field *field, const char *topic) {
    for (uint32_t i = 0; i < field->topic_count; i++) {
        if (strcmp(field->topics[i].name, topic) == 0) {
            return field->topics[i].device;
        }
    }
    return SIM_NONE;
}
