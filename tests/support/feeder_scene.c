/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/feeder_scene.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "gateway/uplink/mqtt_link.h"
#include "tests/support/cmocka.h"

/* ---- the line ---- */

uint32_t scene_in_flight(const struct scene *scene) {
    uint32_t in_flight = 0;
    for (uint32_t i = 0; i < scene->count; i++) {
        in_flight += scene->messages[i].in_flight;
    }
    return in_flight;
}

static uint32_t port_room(void *context) {
    const struct scene *scene = context;
    return scene->down ? 0 : scene->window - scene_in_flight(scene);
}

static uint32_t port_window(void *context) {
    const struct scene *scene = context;
    return scene->window;
}

static int port_publish(void *context, const char *topic, const void *payload, size_t size,
                        bool retained, uint64_t ticket) {
    struct scene *scene = context;
    if (scene->down) {
        return MQTT_LINK_E_DOWN;
    }
    if (scene->size_max != 0 && size > scene->size_max) {
        return MQTT_LINK_E_LARGE;
    }
    assert_true(scene_in_flight(scene) < scene->window);
    assert_true(scene->count < MESSAGES_MAX);
    struct message *message = &scene->messages[scene->count++];
    assert_true(size < sizeof message->payload);
    (void)snprintf(message->topic, sizeof message->topic, "%s", topic);
    memcpy(message->payload, payload, size);
    message->payload[size] = '\0';
    message->retained = retained;
    message->in_flight = true;
    message->ticket = ticket;
    return 0;
}

static void port_ask_for(void *context, const char *filter) {
    struct scene *scene = context;
    assert_true(strncmp(filter, "tocsin/v1/gulou-demo/old/", 25) == 0);
    scene->asks_for++;
}

static void port_ask(void *context) {
    struct scene *scene = context;
    scene->asks++;
}

/* ---- the journal ---- */

static size_t body_write(char *ret, size_t room, uint64_t seq, enum core_lane lane) {
    int len = snprintf(ret, room,
                       "{\"specversion\":\"1.0\",\"id\":\"gulou-demo.main.17.%" PRIu64
                       "\",\"sequence\":%" PRIu64 ",\"data\":{%s}}",
                       seq, seq, lane == LANE_ALARM ? "\"class\":\"call.emergency\"" : "");
    assert_true(len > 0 && (size_t)len < room);
    return (size_t)len;
}

static int port_read(void *context, const struct journal_query *query,
                     bool (*row)(void *context, const struct journal_row *row), void *row_context,
                     uint64_t *ret_last_seq) {
    struct scene *scene = context;
    scene->reads++;
    if (scene->journal_gone) {
        return JOURNAL_E_ABSENT;
    }
    *ret_last_seq = 0;
    uint32_t left = query->limit;
    for (uint64_t seq = query->after_seq + 1;
         seq <= scene->newest && seq <= query->until_seq && left > 0; seq++) {
        const struct row *stored = &scene->journal[seq];
        char alarm[SITE_ALARM_NAME_SIZE];
        if (stored->lane == LANE_ALARM) {
            site_alarm_format(&scene->site, stored->alarm, alarm);
        }
        if ((query->lane != -1 && query->lane != (int)stored->lane) ||
            (query->alarm != NULL && strcmp(query->alarm, alarm) != 0)) {
            continue;
        }
        char body[256];
        size_t size = body_write(body, sizeof body, seq, stored->lane);
        const struct journal_row handed = {
            .seq = seq,
            .early = stored->early,
            .lane = stored->lane,
            .wall = stored->wall,
            .type = stored->lane == LANE_ALARM ? "alarm.raised" : "access.granted",
            .alarm = stored->lane == LANE_ALARM ? alarm : NULL,
            .body = body,
            .body_size = stored->damaged ? size - 2 : size,
        };
        left--;
        *ret_last_seq = seq;
        if (!row(row_context, &handed)) {
            break;
        }
    }
    return 0;
}

/* ---- the scene ---- */

struct scene *scene_new(uint32_t window) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    const struct feeder_port port = {
        .context = scene,
        .room = port_room,
        .window = port_window,
        .publish = port_publish,
        .ask = port_ask,
        .ask_for = port_ask_for,
        .read = port_read,
    };
    scene->site = console_site("/nowhere");
    scene->window = window;
    assert_int_equal(feeder_init(&scene->feeder, &scene->site, &port), 0);
    const struct wire_welcome welcome = {.boot = "17"};
    feeder_welcome(&scene->feeder, &welcome);
    return scene;
}

void scene_free(struct scene *scene) {
    feeder_deinit(&scene->feeder);
    free(scene);
}

void scene_connect(struct scene *scene) {
    scene->down = false;
    feeder_session_begin(&scene->feeder);
    (void)feeder_pump(&scene->feeder);
}

void scene_lose(struct scene *scene) {
    scene->down = true;
    for (uint32_t i = 0; i < scene->count; i++) {
        scene->messages[i].in_flight = false;
    }
    feeder_session_end(&scene->feeder);
}

/* The broker takes all that is in flight; what follows is sent. Returns how many it took. */
static uint32_t scene_take(struct scene *scene) {
    uint32_t taken = 0;
    uint32_t count = scene->count;
    for (uint32_t i = 0; i < count; i++) {
        if (scene->messages[i].in_flight) {
            scene->messages[i].in_flight = false;
            feeder_taken(&scene->feeder, scene->messages[i].ticket);
            taken++;
        }
    }
    (void)feeder_pump(&scene->feeder);
    return taken;
}

void scene_take_everything(struct scene *scene) {
    for (int i = 0; i < 1000 && scene_take(scene) > 0; i++) {
    }
    assert_int_equal(scene_in_flight(scene), 0);
}

void scene_take_oldest(struct scene *scene) {
    for (uint32_t i = 0; i < scene->count; i++) {
        if (scene->messages[i].in_flight) {
            scene->messages[i].in_flight = false;
            feeder_taken(&scene->feeder, scene->messages[i].ticket);
            (void)feeder_pump(&scene->feeder);
            return;
        }
    }
    fail_msg("nothing is in flight");
}

void scene_record(struct scene *scene, enum core_lane lane) {
    uint64_t seq = ++scene->newest;
    assert_true(seq <= ROWS_MAX);
    scene->journal[seq] =
        (struct row){.lane = lane, .alarm = CONSOLE_SITE_CALL, .wall = clock_wall()};
}

void scene_tell(struct scene *scene, uint64_t seq) {
    struct wire_event event = {
        .seq = seq,
        .early = scene->journal[seq].early,
        .alarm = scene->journal[seq].lane == LANE_ALARM ? scene->journal[seq].alarm : RULESET_NONE,
        .type = scene->journal[seq].lane == LANE_ALARM ? EVENT_ALARM_RAISED : EVENT_ACCESS_GRANTED,
        .lane = (uint8_t)scene->journal[seq].lane,
        .class = scene->journal[seq].lane == LANE_ALARM ? CLASS_CALL_EMERGENCY : ALARM_CLASS_COUNT,
    };
    event.body_size =
        (uint32_t)body_write(event.body, sizeof event.body, seq, scene->journal[seq].lane);
    feeder_event(&scene->feeder, &event);
}

void scene_happen(struct scene *scene, enum core_lane lane) {
    scene_record(scene, lane);
    scene_tell(scene, scene->newest);
    (void)feeder_pump(&scene->feeder);
}

void scene_record_unheard(struct scene *scene, enum core_lane lane, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        scene_record(scene, lane);
    }
    const struct wire_journal journal = {.newest_seq = scene->newest, .alarm = RULESET_NONE};
    feeder_journal(&scene->feeder, &journal);
}

void scene_alarm(struct scene *scene, uint32_t alarm, bool open, uint32_t snapshot) {
    struct wire_alarm_state state = {.alarm = alarm, .snapshot = snapshot, .value = 1};
    state.record.axes.open = open;
    state.record.axes.active = open;
    feeder_alarm_state(&scene->feeder, &state);
    (void)feeder_pump(&scene->feeder);
}

void scene_value(struct scene *scene, uint32_t point, double value) {
    struct wire_point_values values = {.count = 1};
    values.values[0] = (struct wire_point_value){.point = point, .value = value};
    feeder_point_values(&scene->feeder, &values);
    (void)feeder_pump(&scene->feeder);
}

const struct message *scene_message(const struct scene *scene, uint32_t index) {
    assert_true(index < scene->count);
    return &scene->messages[index];
}

uint32_t scene_published(const struct scene *scene, uint32_t from, const char *topic) {
    uint32_t count = 0;
    for (uint32_t i = from; i < scene->count; i++) {
        count += strncmp(scene->messages[i].topic, topic, strlen(topic)) == 0;
    }
    return count;
}

bool message_is(const struct message *message, const char *flag) {
    json_t *object = json_loads(message->payload, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    assert_true(json_is_boolean(json_object_get(object, flag)));
    bool value = json_is_true(json_object_get(object, flag));
    json_decref(object);
    return value;
}

uint64_t message_seq(const struct message *message) {
    json_t *object = json_loads(message->payload, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    uint64_t seq = (uint64_t)json_integer_value(json_object_get(object, "sequence"));
    json_decref(object);
    return seq;
}
