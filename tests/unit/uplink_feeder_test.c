/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The feeder with a line and a journal of the test's own: what is published under which topic, in
 * which order, with which marks, and how the window is shared.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "gateway/clock.h"
#include "gateway/uplink/feeder.h"
#include "gateway/uplink/mqtt_link.h"
#include "tests/support/cmocka.h"
#include "tests/support/console_site.h"

#define ROOT "tocsin/v1/gulou-demo/main"

enum { MESSAGES_MAX = 4096, ROWS_MAX = 2048 };

struct message {
    char topic[160];
    char payload[640];
    bool retained;
    bool in_flight;
    uint64_t ticket;
};

struct row {
    enum core_lane lane;
    uint32_t alarm; /* of the alarm lane */
    bool damaged;
    uint64_t early;
    struct wall wall;
};

struct scene {
    struct site site;
    struct feeder feeder;
    uint32_t window;
    bool down;
    size_t size_max; /* of a payload; 0: any */
    bool journal_gone;
    uint32_t reads, asks, asks_for;
    struct row journal[ROWS_MAX + 1];
    uint64_t newest;
    uint32_t count;
    struct message messages[MESSAGES_MAX];
};

/* ---- the line ---- */

static uint32_t scene_in_flight(const struct scene *scene) {
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

static struct scene *scene_new(uint32_t window) {
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

static void scene_free(struct scene *scene) {
    feeder_deinit(&scene->feeder);
    free(scene);
}

static void scene_connect(struct scene *scene) {
    scene->down = false;
    feeder_session_begin(&scene->feeder);
    (void)feeder_pump(&scene->feeder);
}

static void scene_lose(struct scene *scene) {
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

static void scene_take_everything(struct scene *scene) {
    for (int i = 0; i < 1000 && scene_take(scene) > 0; i++) {
    }
    assert_int_equal(scene_in_flight(scene), 0);
}

static void scene_record(struct scene *scene, enum core_lane lane) {
    uint64_t seq = ++scene->newest;
    assert_true(seq <= ROWS_MAX);
    scene->journal[seq] =
        (struct row){.lane = lane, .alarm = CONSOLE_SITE_CALL, .wall = clock_wall()};
}

/* Tell of recorded event `seq`, as the engine does. */
static void scene_tell(struct scene *scene, uint64_t seq) {
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

static void scene_happen(struct scene *scene, enum core_lane lane) {
    scene_record(scene, lane);
    scene_tell(scene, scene->newest);
    (void)feeder_pump(&scene->feeder);
}

/* An event of `alarm` that is told before its commit. */
static void scene_early_of(struct scene *scene, uint64_t n, enum core_lane lane, uint32_t alarm) {
    struct wire_event event = {
        .early = n,
        .alarm = alarm,
        .type = lane == LANE_ALARM ? EVENT_ALARM_RAISED : EVENT_ACCESS_GRANTED,
        .lane = (uint8_t)lane,
        .class = lane == LANE_ALARM ? CLASS_CALL_EMERGENCY : ALARM_CLASS_COUNT,
    };
    int len =
        snprintf(event.body, sizeof event.body, "{\"id\":\"gulou-demo.main.17.u%" PRIu64 "\"}", n);
    event.body_size = (uint32_t)len;
    feeder_event(&scene->feeder, &event);
}

static void scene_early(struct scene *scene, uint64_t n, enum core_lane lane) {
    scene_early_of(scene, n, lane, CONSOLE_SITE_CALL);
}

static void scene_alarm(struct scene *scene, uint32_t alarm, bool open, uint32_t snapshot) {
    struct wire_alarm_state state = {.alarm = alarm, .snapshot = snapshot, .value = 1};
    state.record.axes.open = open;
    state.record.axes.active = open;
    feeder_alarm_state(&scene->feeder, &state);
    (void)feeder_pump(&scene->feeder);
}

static void scene_value(struct scene *scene, uint32_t point, double value) {
    struct wire_point_values values = {.count = 1};
    values.values[0] = (struct wire_point_value){.point = point, .value = value};
    feeder_point_values(&scene->feeder, &values);
    (void)feeder_pump(&scene->feeder);
}

static const struct message *scene_message(const struct scene *scene, uint32_t index) {
    assert_true(index < scene->count);
    return &scene->messages[index];
}

/* How many messages on topics that begin with `topic` were published from index `from` on. */
static uint32_t scene_published(const struct scene *scene, uint32_t from, const char *topic) {
    uint32_t count = 0;
    for (uint32_t i = from; i < scene->count; i++) {
        count += strncmp(scene->messages[i].topic, topic, strlen(topic)) == 0;
    }
    return count;
}

static bool message_is(const struct message *message, const char *flag) {
    json_t *object = json_loads(message->payload, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    assert_true(json_is_boolean(json_object_get(object, flag)));
    bool value = json_is_true(json_object_get(object, flag));
    json_decref(object);
    return value;
}

static uint64_t message_seq(const struct message *message) {
    json_t *object = json_loads(message->payload, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    uint64_t seq = (uint64_t)json_integer_value(json_object_get(object, "sequence"));
    json_decref(object);
    return seq;
}

/* ---- stories ---- */

static void a_live_event_is_published_inside_the_call_that_brings_it(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_record(scene, LANE_ALARM);
    scene_tell(scene, 1);
    assert_int_equal(scene->count, 1);
    assert_int_equal(scene->reads, 0);
    const struct message *message = scene_message(scene, 0);
    assert_string_equal(message->topic, ROOT "/event/alarm/call/emergency");
    assert_false(message->retained);
    assert_true(message_is(message, "durable"));
    assert_false(message_is(message, "replayed"));
    scene_free(scene);
}

static void an_activity_event_goes_under_its_type(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_happen(scene, LANE_ACTIVITY);
    assert_string_equal(scene_message(scene, 0)->topic, ROOT "/event/activity/access/granted");
    scene_free(scene);
}

static void a_backlog_is_marked_and_goes_out_with_alarms_first(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    scene->down = true;
    scene_happen(scene, LANE_ACTIVITY);
    scene_happen(scene, LANE_ALARM);
    scene_happen(scene, LANE_ALARM);
    assert_int_equal(scene->count, 0);
    scene_connect(scene);
    assert_int_equal(scene->count, 3);
    assert_int_equal(message_seq(scene_message(scene, 0)), 2);
    assert_int_equal(message_seq(scene_message(scene, 1)), 3);
    assert_int_equal(message_seq(scene_message(scene, 2)), 1);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(message_is(scene_message(scene, i), "replayed"));
        assert_true(message_is(scene_message(scene, i), "durable"));
    }
    assert_string_equal(scene_message(scene, 0)->topic, ROOT "/event/alarm/call/emergency");
    assert_string_equal(scene_message(scene, 2)->topic, ROOT "/event/activity/access/granted");
    scene_take_everything(scene);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 3);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ACTIVITY), 1);
    scene_free(scene);
}

static void a_long_backlog_arrives_whole_and_once(void **state) {
    (void)state;
    struct scene *scene = scene_new(20);
    scene->down = true;
    for (int i = 0; i < 1500; i++) {
        scene_record(scene, i % 3 == 0 ? LANE_ALARM : LANE_ACTIVITY);
    }
    const struct wire_journal journal = {.newest_seq = 1500, .alarm = RULESET_NONE};
    feeder_journal(&scene->feeder, &journal);
    scene_connect(scene);
    scene_take_everything(scene);
    assert_int_equal(scene->count, 1500);
    bool *seen = calloc(1501, sizeof *seen);
    assert_non_null(seen);
    for (uint32_t i = 0; i < scene->count; i++) {
        uint64_t seq = message_seq(scene_message(scene, i));
        assert_false(seen[seq]);
        seen[seq] = true;
    }
    free(seen);
    assert_true(scene->reads < 30); /* in batches, not one query for each event */
    scene_free(scene);
}

/* Record `count` events that are not told one by one. */
static void scene_record_unheard(struct scene *scene, enum core_lane lane, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        scene_record(scene, lane);
    }
    const struct wire_journal journal = {.newest_seq = scene->newest, .alarm = RULESET_NONE};
    feeder_journal(&scene->feeder, &journal);
}

/* The broker takes the oldest that is in flight. */
static void scene_take_oldest(struct scene *scene) {
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

/* A window that is let run empty before it is filled again makes the broker wait for us. */
static void each_answer_is_followed_at_once_by_the_next_of_a_backlog(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    scene->down = true;
    scene_record_unheard(scene, LANE_ALARM, READ_AHEAD_ROWS_MAX + 500);
    scene_connect(scene);
    assert_int_equal(scene_in_flight(scene), 100);
    for (uint32_t i = 0; i < 400; i++) {
        scene_take_oldest(scene);
        assert_int_equal(scene_in_flight(scene), 100);
        assert_int_equal(message_seq(scene_message(scene, 100 + i)), 101 + i);
    }
    assert_int_equal(scene->reads, 2);
    assert_int_equal(scene->feeder.counters.backlog_reads, 2);
    assert_int_equal(feeder_read_ahead(&scene->feeder), 2 * READ_AHEAD_ROWS_MAX - 500);
    scene_free(scene);
}

static void what_was_read_ahead_is_read_anew_in_another_session(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    scene->down = true;
    scene_record_unheard(scene, LANE_ACTIVITY, 200);
    scene_connect(scene);
    scene_take_oldest(scene);
    scene_take_oldest(scene);
    assert_int_equal(feeder_read_ahead(&scene->feeder), 200 - 77);
    scene_lose(scene);
    assert_int_equal(feeder_read_ahead(&scene->feeder), 0);
    uint32_t before = scene->count;
    scene_connect(scene);
    scene_take_everything(scene);
    for (uint32_t i = before; i < scene->count; i++) {
        assert_int_equal(message_seq(scene_message(scene, i)), 3 + i - before);
    }
    assert_int_equal(scene->count, before + 198);
    scene_free(scene);
}

/* What follows a damaged journal has other events under the same numbers. */
static void what_was_read_ahead_of_another_journal_is_never_sent(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_record_unheard(scene, LANE_ALARM, 50);
    scene_connect(scene);
    scene_take_everything(scene);
    scene_record_unheard(scene, LANE_ALARM, 50);
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(feeder_read_ahead(&scene->feeder), 40);
    const struct wire_welcome welcome = {.boot = "18", .newest_seq = 20};
    uint32_t before = scene->count;
    scene->newest = 20;
    for (uint64_t seq = 1; seq <= 20; seq++) {
        scene->journal[seq].lane = LANE_ACTIVITY;
    }
    feeder_welcome(&scene->feeder, &welcome);
    scene_take_everything(scene);
    assert_int_equal(scene_published(scene, before, ROOT "/event/alarm/"), 0);
    assert_int_equal(scene_published(scene, before, ROOT "/event/activity/"), 20);
    scene_free(scene);
}

/* The backlog of calls has been read; a fire, and what the journal has of it, still goes first. */
static void an_alarm_overtakes_what_was_read_ahead_and_is_sent_once(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_record_unheard(scene, LANE_ALARM, 200);
    scene->journal[150].alarm = CONSOLE_SITE_FIRE;
    scene_connect(scene);
    assert_int_equal(feeder_read_ahead(&scene->feeder), 190);
    scene_record(scene, LANE_ALARM);
    scene->journal[201].alarm = CONSOLE_SITE_FIRE;
    scene_tell(scene, 201);
    scene_take_oldest(scene);
    scene_take_oldest(scene);
    assert_int_equal(scene->count, 12);
    assert_int_equal(message_seq(scene_message(scene, 10)), 150);
    assert_int_equal(message_seq(scene_message(scene, 11)), 201);
    assert_false(message_is(scene_message(scene, 11), "replayed"));
    scene_take_everything(scene);
    assert_int_equal(scene->count, 201);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 201);
    scene_free(scene);
}

/* News that comes while the rest of the backlog is in memory waits its turn behind it. */
static void news_of_activity_follows_what_was_read_ahead(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    scene->down = true;
    scene_record_unheard(scene, LANE_ACTIVITY, 100);
    scene_connect(scene);
    scene_happen(scene, LANE_ACTIVITY);
    assert_int_equal(scene_in_flight(scene), 75);
    scene_take_everything(scene);
    assert_int_equal(scene->count, 101);
    for (uint32_t i = 0; i < 101; i++) {
        assert_int_equal(message_seq(scene_message(scene, i)), i + 1);
    }
    assert_false(message_is(scene_message(scene, 100), "replayed"));
    scene_free(scene);
}

static void scene_ask_again(struct scene *scene, uint64_t first, uint64_t last) {
    const struct resend_range range = {
        .first_seq = first, .last_seq = last, .since = {INT64_MIN}, .until = {INT64_MAX}};
    resend_ask(&scene->feeder.resend, first + 1000 * last, &range);
    (void)feeder_pump(&scene->feeder);
}

static void what_is_asked_for_goes_once_more_marked_as_replayed(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    for (int i = 0; i < 30; i++) {
        scene_happen(scene, i % 3 == 0 ? LANE_ALARM : LANE_ACTIVITY);
        scene_take_everything(scene);
    }
    assert_int_equal(scene->count, 30);
    scene_ask_again(scene, 5, 28);
    assert_int_equal(scene_in_flight(scene), 8); /* leaves a quarter free, as activity does */
    assert_int_equal(resend_left(&scene->feeder.resend), 24);
    scene_take_everything(scene);
    assert_int_equal(scene->count, 30 + 24);
    for (uint32_t i = 0; i < 24; i++) {
        const struct message *again = scene_message(scene, 30 + i);
        assert_int_equal(message_seq(again), 5 + i);
        assert_string_equal(again->topic, scene_message(scene, 4 + i)->topic);
        assert_true(message_is(again, "replayed"));
        assert_true(message_is(again, "durable"));
    }
    assert_int_equal(scene->feeder.counters.resent, 24);
    assert_int_equal(scene->feeder.counters.replayed, 0);
    assert_int_equal(resend_left(&scene->feeder.resend), 0);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 28);
    scene_free(scene);
}

/* A new alarm and the backlog of a new session are not kept waiting by what is asked for. */
static void what_is_asked_for_comes_after_everything_else(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_record_unheard(scene, LANE_ACTIVITY, 40);
    scene_connect(scene);
    scene_ask_again(scene, 1, 40);
    assert_int_equal(scene_in_flight(scene), 8);
    scene_happen(scene, LANE_ALARM);
    assert_int_equal(message_seq(scene_message(scene, 8)), 41);
    scene_take_everything(scene);
    /* What its lane has not come to is sent by itself, once: nothing went ahead of its time. */
    uint64_t newest = 0;
    for (uint32_t i = 0; i < scene->count; i++) {
        const struct message *message = scene_message(scene, i);
        uint64_t seq = message_seq(message);
        if (seq != 41 && seq > newest) {
            assert_int_equal(seq, newest + 1);
            newest = seq;
        }
    }
    assert_int_equal(newest, 40);
    assert_true(scene->feeder.counters.resent > 0);
    assert_int_equal(scene->count, 41 + (uint32_t)scene->feeder.counters.resent);
    scene_free(scene);
}

static void what_is_asked_for_waits_for_the_line_and_begins_again_with_it(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    for (int i = 0; i < 20; i++) {
        scene_happen(scene, LANE_ACTIVITY);
        scene_take_everything(scene);
    }
    scene_lose(scene);
    scene_ask_again(scene, 1, 20);
    assert_int_equal(scene->count, 20);
    scene_connect(scene);
    assert_int_equal(scene->count, 28);
    scene_take_oldest(scene);
    uint32_t before = scene->count;
    scene_lose(scene);
    scene_connect(scene);
    scene_take_everything(scene);
    assert_int_equal(scene->count, before + 19);
    assert_int_equal(message_seq(scene_message(scene, before)), 2);
    scene_free(scene);
}

static void what_is_asked_for_and_refused_or_damaged_holds_up_nothing(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    for (int i = 0; i < 5; i++) {
        scene_happen(scene, LANE_ACTIVITY);
        scene_take_everything(scene);
    }
    scene->journal[2].damaged = true;
    scene_ask_again(scene, 1, 3);
    assert_int_equal(scene->count, 7);
    scene->messages[5].in_flight = false;
    feeder_refused(&scene->feeder, scene->messages[5].ticket, false);
    scene_take_everything(scene);
    assert_int_equal(resend_left(&scene->feeder.resend), 0);
    assert_int_equal(scene->count, 7);
    assert_int_equal(scene->feeder.counters.refused, 1);
    assert_int_equal(scene->feeder.counters.damaged, 1);
    scene->size_max = 10; /* too large for this broker, even shortened */
    scene_ask_again(scene, 1, 1);
    assert_int_equal(resend_left(&scene->feeder.resend), 0);
    assert_int_equal(scene->feeder.counters.left_out, 1);
    scene_free(scene);
}

static void a_broken_line_is_taken_up_where_the_broker_left_it(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_happen(scene, LANE_ALARM);
    scene_take_everything(scene);
    scene_happen(scene, LANE_ALARM); /* in flight when the line breaks */
    scene_lose(scene);
    scene_happen(scene, LANE_ALARM);
    uint32_t before = scene->count;
    scene_connect(scene);
    assert_int_equal(scene->count, before + 2);
    assert_int_equal(message_seq(scene_message(scene, before)), 2);
    assert_int_equal(message_seq(scene_message(scene, before + 1)), 3);
    scene_free(scene);
}

static void an_event_before_its_commit_says_so_and_comes_again_with_its_first_id(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_early(scene, 4, LANE_ALARM);
    assert_int_equal(scene->count, 1);
    assert_string_equal(scene_message(scene, 0)->topic, ROOT "/event/alarm/call/emergency");
    assert_false(message_is(scene_message(scene, 0), "durable"));
    scene_record(scene, LANE_ALARM);
    scene->journal[1].early = 4;
    scene_tell(scene, 1);
    assert_int_equal(scene->count, 2);
    assert_true(message_is(scene_message(scene, 1), "durable"));
    assert_non_null(
        strstr(scene_message(scene, 1)->payload, "\"first_sent_as\":\"gulou-demo.main.17.u4\""));
    scene_free(scene);
}

static void an_early_event_waits_for_the_line_and_is_kept_until_it_is_taken(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_early(scene, 1, LANE_ALARM);
    scene_connect(scene);
    assert_int_equal(scene->count, 1);
    scene_lose(scene);
    scene_connect(scene);
    assert_int_equal(scene->count, 2); /* the first was never answered */
    scene_take_everything(scene);
    scene_lose(scene);
    scene_connect(scene);
    assert_int_equal(scene->count, 2);
    scene_free(scene);
}

static void an_event_recorded_before_its_early_form_could_leave_is_sent_once(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_early(scene, 1, LANE_ALARM);
    scene_record(scene, LANE_ALARM);
    scene->journal[1].early = 1;
    scene_tell(scene, 1);
    scene_connect(scene);
    assert_int_equal(scene->count, 1);
    assert_int_equal(message_seq(scene_message(scene, 0)), 1);
    scene_free(scene);
}

static void early_events_are_bounded_and_alarms_outlive_activity(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    scene->down = true;
    for (uint64_t n = 1; n <= EARLY_MAX; n++) {
        scene_early(scene, n, n % 2 == 0 ? LANE_ALARM : LANE_ACTIVITY);
    }
    for (uint64_t n = 1; n <= EARLY_MAX / 2; n++) {
        scene_early(scene, 1000 + n, LANE_ALARM);
    }
    assert_int_equal(scene->feeder.early.dropped, EARLY_MAX / 2);
    scene_connect(scene);
    assert_int_equal(scene->count, EARLY_MAX);
    assert_int_equal(scene_published(scene, 0, ROOT "/event/alarm/"), EARLY_MAX);
    scene_free(scene);
}

/* The numbers of the early events that were published, in order. */
static void assert_early(const struct scene *scene, uint64_t first, uint64_t last, uint32_t *at) {
    for (uint64_t n = first; n <= last; n++) {
        char id[40];
        (void)snprintf(id, sizeof id, "main.17.u%" PRIu64 "\"", n);
        assert_non_null(strstr(scene_message(scene, (*at)++)->payload, id));
    }
}

static void early_emergencies_outlive_and_overtake_other_early_alarms(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    const uint64_t half = EARLY_MAX / 2;
    uint32_t at = 0;
    scene->down = true;
    for (uint64_t n = 1; n <= EARLY_MAX; n++) {
        scene_early_of(scene, n, LANE_ALARM, CONSOLE_SITE_UPLINK);
    }
    for (uint64_t n = 1; n <= half; n++) {
        scene_early_of(scene, 100 + n, LANE_ALARM, CONSOLE_SITE_CALL);
    }
    assert_int_equal(scene->feeder.early.dropped, half);
    scene_connect(scene);
    assert_int_equal(scene->count, EARLY_MAX);
    assert_early(scene, 101, 100 + half, &at);
    assert_early(scene, half + 1, EARLY_MAX, &at);
    scene_free(scene);
}

static void what_weighs_less_than_all_that_wait_takes_no_place(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    uint32_t at = 0;
    scene->down = true;
    for (uint64_t n = 1; n <= EARLY_MAX; n++) {
        scene_early_of(scene, n, LANE_ALARM, CONSOLE_SITE_CALL);
    }
    scene_early_of(scene, 100, LANE_ALARM, CONSOLE_SITE_UPLINK);
    scene_early_of(scene, 101, LANE_ACTIVITY, RULESET_NONE);
    assert_int_equal(scene->feeder.early.dropped, 2);
    scene_connect(scene);
    assert_int_equal(scene->count, EARLY_MAX);
    assert_early(scene, 1, EARLY_MAX, &at);
    scene_free(scene);
}

static void a_restarted_engine_counts_its_early_events_anew(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_early(scene, 1, LANE_ALARM);
    const struct wire_welcome welcome = {.boot = "18"};
    feeder_welcome(&scene->feeder, &welcome);
    scene_early(scene, 1, LANE_ALARM);
    scene_connect(scene);
    assert_int_equal(scene->count, 2);
    scene_free(scene);
}

static void alarm_states_are_retained_and_emptied(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_alarm(scene, 0, false, 2);
    scene_alarm(scene, CONSOLE_SITE_CALL, true, 0);
    scene_alarm(scene, CONSOLE_SITE_UPLINK, true, 0);
    scene_take_everything(scene);
    scene_alarm(scene, CONSOLE_SITE_CALL, false, 0);
    assert_int_equal(scene->count, 3);
    const struct message *message = scene_message(scene, 0);
    assert_string_equal(message->topic, ROOT "/alarm/emergency_call/care/day-care/button-1");
    assert_true(message->retained);
    assert_non_null(strstr(message->payload, "\"place\":\"care/day-care\""));
    assert_string_equal(scene_message(scene, 1)->topic, ROOT "/alarm/system_uplink_lost/gateway");
    assert_non_null(strstr(scene_message(scene, 1)->payload, "\"place\":null"));
    assert_string_equal(scene_message(scene, 2)->topic, message->topic);
    assert_string_equal(scene_message(scene, 2)->payload, "");
    assert_true(scene_message(scene, 2)->retained);
    scene_free(scene);
}

static void states_that_nobody_would_clear_are_cleared(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_alarm(scene, CONSOLE_SITE_FIRE, true, 1);
    scene_alarm(scene, 0, false, 2);
    scene_connect(scene);
    uint32_t before = scene->count;
    feeder_retained(&scene->feeder, ROOT "/alarm/emergency_call/care/day-care/button-1", "{}");
    feeder_retained(&scene->feeder, ROOT "/alarm/fire_alarm/care/day-care/smoke-1", "{}");
    feeder_retained(&scene->feeder, ROOT "/alarm/gone_rule/care/Old Room", "{}");
    feeder_retained(&scene->feeder, "somebody/else/alarm/x/y", "{}");
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, before + 2);
    assert_string_equal(scene_message(scene, before)->topic,
                        ROOT "/alarm/emergency_call/care/day-care/button-1");
    assert_string_equal(scene_message(scene, before + 1)->topic,
                        ROOT "/alarm/gone_rule/care/Old Room");
    assert_string_equal(scene_message(scene, before)->payload, "");
    assert_string_equal(scene_message(scene, before + 1)->payload, "");
    scene_free(scene);
}

/* What is retained of a point that left the site would be "good" for ever. */
static void values_of_points_that_left_the_site_are_emptied(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    uint32_t before = scene->count;
    static const char *const kept[] = {ROOT "/point/care/day-care/button-1",
                                       ROOT "/point/care/day-care/temperature", ROOT "/status",
                                       "tocsin/v1/gulou-demo/other/point/x"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        feeder_retained(&scene->feeder, kept[i], "{}");
    }
    feeder_retained(&scene->feeder, ROOT "/point/care/day-care/gone", "{}");
    feeder_retained(&scene->feeder, ROOT "/point/care/day-care/reader",
                    "{}"); /* no value of ours */
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, before + 2);
    static const char *const emptied[] = {ROOT "/point/care/day-care/gone",
                                          ROOT "/point/care/day-care/reader"};
    for (uint32_t i = 0; i < 2; i++) {
        assert_string_equal(scene_message(scene, before + i)->topic, emptied[i]);
        assert_string_equal(scene_message(scene, before + i)->payload, "");
        assert_true(scene_message(scene, before + i)->retained);
    }
    scene_free(scene);
}

static void a_name_that_the_gateway_has_left_is_asked_for_and_emptied(void **state) {
    (void)state;
    static const struct note_list identities = {.texts = {"gulou-demo/main", "gulou-demo/old"},
                                                .count = 2};
    static const struct note_list none = {.count = 0};
    struct scene *scene = scene_new(10);
    struct former former;
    former_init(&former, &identities, &none);
    feeder_know_former(&scene->feeder, &former);
    memcpy(scene->feeder.boot, "17", 3);
    scene_connect(scene);
    uint32_t before = scene->count;
    feeder_retained(&scene->feeder, "tocsin/v1/gulou-demo/old/point/x", "{}");
    assert_int_equal(scene->asks_for, 0);
    feeder_retained(&scene->feeder, "tocsin/v1/gulou-demo/old/status",
                    "{\"state\":\"offline\",\"boot\":\"16\"}");
    assert_int_equal(scene->asks_for, 2); /* alarms and points */
    feeder_retained(&scene->feeder, "tocsin/v1/gulou-demo/old/point/x", "{}");
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, before + 1);
    assert_string_equal(scene_message(scene, before)->topic, "tocsin/v1/gulou-demo/old/point/x");
    assert_string_equal(scene_message(scene, before)->payload, "");
    scene_free(scene);
}

/* Tell of `count` topics of a rule that is gone, as a broker does at the start of a session. */
static void scene_leave_over(struct scene *scene, uint32_t count) {
    char topic[TOPIC_SIZE];
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(topic, sizeof topic, ROOT "/alarm/gone_rule/care/room-%u", i);
        feeder_retained(&scene->feeder, topic, "{}");
    }
    (void)feeder_pump(&scene->feeder);
}

static uint32_t scene_emptied(const struct scene *scene) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < scene->count; i++) {
        const struct message *message = &scene->messages[i];
        count += strstr(message->topic, "/alarm/gone_rule/") != NULL &&
                 message->payload[0] == '\0' && message->retained;
    }
    return count;
}

/* The window is full of values just when the broker tells of them, and holds two at once. */
static void what_is_left_over_is_emptied_when_there_is_room(void **state) {
    (void)state;
    struct scene *scene = scene_new(2);
    scene_value(scene, CONSOLE_SITE_TEMPERATURE, 20);
    scene_value(scene, CONSOLE_SITE_BUTTON, 0);
    scene_value(scene, CONSOLE_SITE_SMOKE, 0);
    scene_connect(scene);
    assert_int_equal(scene_in_flight(scene), 2);
    scene_leave_over(scene, 5);
    assert_int_equal(scene_emptied(scene), 0);
    scene_take_everything(scene);
    assert_int_equal(scene_emptied(scene), 5);
    feeder_tick(&scene->feeder, clock_instant(), LEFTOVERS_ASK_NS);
    assert_int_equal(scene->asks, 0);
    scene_free(scene);
}

/* At the bound nothing is missed; one past it the broker is asked again, once in a while. */
static void a_broker_that_holds_too_much_is_asked_again(void **state) {
    (void)state;
    for (uint32_t over = 0; over <= 1; over++) {
        struct scene *scene = scene_new(1);
        uint64_t now_ns = LEFTOVERS_ASK_NS;
        scene_connect(scene);
        scene_value(scene, CONSOLE_SITE_TEMPERATURE, 20);
        scene_leave_over(scene, LEFTOVERS_MAX + over);
        assert_int_equal(scene->feeder.leftovers.missed, over);
        feeder_tick(&scene->feeder, clock_instant(), now_ns);
        assert_int_equal(scene->asks, 0); /* not while some wait */
        scene_take_everything(scene);
        assert_int_equal(scene_emptied(scene), LEFTOVERS_MAX);
        feeder_tick(&scene->feeder, clock_instant(), now_ns);
        assert_int_equal(scene->asks, over);
        scene_leave_over(scene, LEFTOVERS_MAX + over);
        scene_take_everything(scene);
        feeder_tick(&scene->feeder, clock_instant(), now_ns + LEFTOVERS_ASK_NS - 1);
        assert_int_equal(scene->asks, over);
        feeder_tick(&scene->feeder, clock_instant(), now_ns + LEFTOVERS_ASK_NS);
        assert_int_equal(scene->asks, 2 * over);
        scene_free(scene);
    }
}

/* The next session tells of it again. */
static void what_is_left_over_ends_with_its_session(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene_connect(scene);
    scene_value(scene, CONSOLE_SITE_TEMPERATURE, 20);
    scene_leave_over(scene, LEFTOVERS_MAX + 1);
    scene_lose(scene);
    scene_connect(scene);
    scene_take_everything(scene);
    assert_int_equal(scene_emptied(scene), 0);
    feeder_tick(&scene->feeder, clock_instant(), LEFTOVERS_ASK_NS);
    assert_int_equal(scene->asks, 0);
    scene_free(scene);
}

static void a_value_is_published_with_its_unit_and_a_card_reader_never(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_value(scene, CONSOLE_SITE_TEMPERATURE, 21.5);
    scene_value(scene, CONSOLE_SITE_READER, 1);
    scene_value(scene, CONSOLE_SITE_BUTTON, 1);
    assert_int_equal(scene->count, 2);
    assert_string_equal(scene_message(scene, 0)->topic, ROOT "/point/care/day-care/temperature");
    assert_true(scene_message(scene, 0)->retained);
    assert_non_null(strstr(scene_message(scene, 0)->payload, "\"value\":21.5,\"unit\":\"°C\""));
    assert_string_equal(scene_message(scene, 1)->topic, ROOT "/point/care/day-care/button-1");
    scene_free(scene);
}

/* 100 places: activity may use 75, values and states 87, alarms all. */
static void lesser_things_leave_room_for_an_alarm(void **state) {
    (void)state;
    struct scene *scene = scene_new(100);
    scene_connect(scene);
    for (int i = 0; i < 200; i++) {
        scene_happen(scene, LANE_ACTIVITY);
    }
    assert_int_equal(scene_in_flight(scene), 75);
    scene_value(scene, CONSOLE_SITE_TEMPERATURE, 1);
    assert_int_equal(scene_in_flight(scene), 76);
    for (int i = 2; i < 40; i++) {
        scene_value(scene, CONSOLE_SITE_TEMPERATURE, i);
    }
    assert_int_equal(scene_in_flight(scene), 88);
    for (int i = 0; i < 12; i++) {
        scene_record(scene, LANE_ALARM);
        scene_tell(scene, scene->newest);
    }
    assert_int_equal(scene_in_flight(scene), 100);
    assert_int_equal(scene_published(scene, 0, ROOT "/event/alarm/"), 12);
    scene_free(scene);
}

static void a_window_of_one_still_carries_everything(void **state) {
    (void)state;
    struct scene *scene = scene_new(1);
    scene_connect(scene);
    scene_happen(scene, LANE_ACTIVITY);
    scene_happen(scene, LANE_ALARM);
    scene_alarm(scene, CONSOLE_SITE_CALL, true, 0);
    scene_value(scene, CONSOLE_SITE_TEMPERATURE, 1);
    scene_take_everything(scene);
    assert_int_equal(scene->count, 4);
    scene_free(scene);
}

static void a_journal_that_cannot_be_read_is_not_asked_over_and_over(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    scene_record(scene, LANE_ALARM);
    const struct wire_journal journal = {.newest_seq = 1, .alarm = RULESET_NONE};
    feeder_journal(&scene->feeder, &journal);
    scene->journal_gone = true;
    scene_connect(scene);
    for (int i = 0; i < 100; i++) {
        assert_false(feeder_pump(&scene->feeder));
    }
    assert_int_equal(scene->reads, 1);
    scene_happen(scene, LANE_ALARM); /* news goes out all the same */
    assert_int_equal(scene->count, 1);
    scene->journal_gone = false;
    feeder_tick(&scene->feeder, clock_instant(), clock_real_ns());
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, 2);
    assert_int_equal(message_seq(scene_message(scene, 1)), 1);
    scene_free(scene);
}

static void a_damaged_row_does_not_hold_up_the_lane(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    for (int i = 0; i < 3; i++) {
        scene_record(scene, LANE_ALARM);
    }
    scene->journal[2].damaged = true;
    const struct wire_journal journal = {.newest_seq = 3, .alarm = RULESET_NONE};
    feeder_journal(&scene->feeder, &journal);
    scene_connect(scene);
    scene_take_everything(scene);
    assert_int_equal(scene->count, 2);
    assert_int_equal(scene->feeder.counters.damaged, 1);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 3);
    scene_free(scene);
}

static void a_refused_event_comes_again_after_a_pause_and_the_other_lane_goes_on(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_happen(scene, LANE_ALARM);
    scene->messages[0].in_flight = false;
    feeder_refused(&scene->feeder, scene->messages[0].ticket, false);
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, 1);
    scene_happen(scene, LANE_ACTIVITY);
    assert_int_equal(scene->count, 2);
    feeder_tick(&scene->feeder, clock_instant(), clock_real_ns());
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, 2); /* not yet */
    feeder_tick(&scene->feeder, clock_instant(), clock_real_ns() + FEEDER_PAUSE_NS);
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, 3);
    assert_int_equal(message_seq(scene_message(scene, 2)), 1);
    scene_free(scene);
}

/* The broker refuses all that is in flight; what follows is sent. */
static void scene_refuse(struct scene *scene) {
    uint32_t count = scene->count;
    for (uint32_t i = 0; i < count; i++) {
        if (scene->messages[i].in_flight) {
            scene->messages[i].in_flight = false;
            feeder_refused(&scene->feeder, scene->messages[i].ticket, false);
        }
    }
    (void)feeder_pump(&scene->feeder);
}

static void scene_resume(struct scene *scene) {
    feeder_tick(&scene->feeder, clock_instant(), scene->feeder.resume_real_ns);
    (void)feeder_pump(&scene->feeder);
}

/* A quota that is used up, or rights that are given later: raised … cleared arrive in that order. */
static void what_a_broker_refused_for_a_while_it_has_in_the_order_of_each_alarm(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    for (uint32_t i = 0; i < 6; i++) {
        scene_happen(scene, LANE_ALARM);
        scene_refuse(scene);
    }
    scene_resume(scene);
    scene_record(scene, LANE_ALARM); /* the broker takes again; another alarm does not wait */
    scene->journal[7].alarm = CONSOLE_SITE_FIRE;
    scene_tell(scene, 7);
    uint32_t before = scene->count - 2;
    scene_happen(scene, LANE_ALARM);
    scene_take_everything(scene);
    assert_int_equal(scene->count, before + 8);
    static const uint64_t order[] = {1, 7, 2, 3, 4, 5, 6, 8};
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(message_seq(scene_message(scene, before + i)), order[i]);
    }
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 8);
    scene_free(scene);
}

static void until_the_broker_takes_what_it_refused_the_feeder_does_not_deliver(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_happen(scene, LANE_ALARM);
    scene_happen(scene, LANE_ACTIVITY);
    assert_true(feeder_delivers(&scene->feeder)); /* what is in flight is under way */
    scene_refuse(scene);
    assert_false(feeder_delivers(&scene->feeder));
    assert_int_equal(outbox_unheard(&scene->feeder.outbox), 2);
    scene_happen(scene, LANE_ALARM); /* waits behind the first, which is tried at once */
    assert_int_equal(outbox_unheard(&scene->feeder.outbox), 2);
    assert_false(feeder_delivers(&scene->feeder));
    scene_take_everything(scene);
    assert_int_equal(outbox_unheard(&scene->feeder.outbox), 1);
    scene_resume(scene);
    assert_false(feeder_delivers(&scene->feeder));
    scene_take_everything(scene);
    assert_true(feeder_delivers(&scene->feeder));
    scene_free(scene);
}

/* An alarm that the broker holds as open for ever, or never, misleads whoever looks there. */
static void a_refused_state_is_told_as_it_stands_then(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_alarm(scene, 0, false, 2);
    scene_alarm(scene, CONSOLE_SITE_CALL, true, 0);
    scene_refuse(scene);
    assert_int_equal(scene->count, 1);
    assert_int_equal(alarm_board_unheard(&scene->feeder.alarms), 1);
    assert_false(feeder_delivers(&scene->feeder));
    scene_resume(scene);
    assert_int_equal(scene->count, 2);
    assert_string_equal(scene_message(scene, 1)->topic, scene_message(scene, 0)->topic);
    assert_string_not_equal(scene_message(scene, 1)->payload, "");
    assert_false(feeder_delivers(&scene->feeder));
    scene_take_everything(scene);
    assert_true(feeder_delivers(&scene->feeder));
    scene_free(scene);
}

/* A broker with little room still hears that something happened, and where to ask for the rest. */
static void what_fits_when_it_is_bare_is_sent_and_confirmed_by_the_broker_alone(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene->size_max = 110;
    scene_happen(scene, LANE_ALARM);
    assert_int_equal(scene->count, 1);
    assert_string_equal(scene_message(scene, 0)->payload,
                        "{\"specversion\":\"1.0\",\"id\":\"gulou-demo.main.17.1\","
                        "\"sequence\":1,\"shortened\":true}");
    assert_int_equal(scene->feeder.counters.shortened, 1);
    assert_int_equal(scene->feeder.counters.events_left_out, 0);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 0);
    assert_true(feeder_delivers(&scene->feeder));
    scene_take_everything(scene);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 1);
    scene_free(scene);
}

static void what_is_refused_as_too_large_goes_at_once_in_a_shorter_form(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_happen(scene, LANE_ALARM);
    scene->size_max = 110;
    scene->messages[0].in_flight = false;
    feeder_refused(&scene->feeder, scene->messages[0].ticket, true);
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, 2);
    assert_true(message_is(scene_message(scene, 1), "shortened"));
    assert_true(feeder_delivers(&scene->feeder));
    assert_int_equal(scene->feeder.resume_real_ns, 0);
    scene_take_everything(scene);
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 1);
    scene_free(scene);
}

static void an_event_too_large_for_the_broker_is_shortened_or_left_to_the_journal(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    /* No form of an event is as short: it is left out, counted, and nothing waits for it. */
    scene->size_max = 40;
    scene_happen(scene, LANE_ALARM);
    scene_alarm(scene, CONSOLE_SITE_CALL, true, 0);
    scene_value(scene, CONSOLE_SITE_TEMPERATURE, 21);
    (void)feeder_pump(&scene->feeder);
    assert_int_equal(scene->count, 0);
    assert_int_equal(scene->feeder.counters.left_out, 3);
    assert_int_equal(scene->feeder.counters.events_left_out, 1);
    assert_int_equal(scene->feeder.lacking_seq, 1);
    assert_false(feeder_delivers(&scene->feeder));
    assert_int_equal(outbox_confirmed(&scene->feeder.outbox, LANE_ALARM), 1);
    (void)feeder_pump(&scene->feeder); /* nothing is tried over and over */
    assert_int_equal(scene->feeder.counters.left_out, 3);
    assert_int_equal(scene->feeder.counters.shortened, 0);
    scene->size_max = 0;
    scene_happen(scene, LANE_ALARM);
    assert_int_equal(scene->count, 1);
    assert_false(feeder_delivers(&scene->feeder)); /* this session lacks one */
    scene_lose(scene);
    scene_connect(scene);
    assert_true(feeder_delivers(&scene->feeder));
    scene_free(scene);
}

static void a_refused_event_waits_twice_as_long_each_time_up_to_a_minute(void **state) {
    (void)state;
    static const uint64_t waits_s[] = {5, 10, 20, 40, 60, 60};
    struct scene *scene = scene_new(10);
    scene_connect(scene);
    scene_happen(scene, LANE_ALARM);
    for (uint32_t i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
        uint64_t before_ns = clock_real_ns();
        scene->messages[i].in_flight = false;
        feeder_refused(&scene->feeder, scene->messages[i].ticket, false);
        uint64_t resume_ns = scene->feeder.resume_real_ns;
        assert_in_range(resume_ns, before_ns + waits_s[i] * NS_PER_S,
                        clock_real_ns() + waits_s[i] * NS_PER_S);
        feeder_tick(&scene->feeder, clock_instant(), resume_ns - 1);
        (void)feeder_pump(&scene->feeder);
        assert_int_equal(scene->count, i + 1);
        feeder_tick(&scene->feeder, clock_instant(), resume_ns);
        (void)feeder_pump(&scene->feeder);
        assert_int_equal(scene->count, i + 2);
    }
    scene_free(scene);
}

/* Whatever arrives while the broker is away, an hour of it takes no more memory than a minute. */
static void while_the_broker_is_away_nothing_piles_up(void **state) {
    (void)state;
    struct scene *scene = scene_new(10);
    scene->down = true;
    for (int i = 0; i < 2000; i++) {
        scene_happen(scene, i % 2 == 0 ? LANE_ALARM : LANE_ACTIVITY);
        scene_alarm(scene, CONSOLE_SITE_CALL, i % 2 == 0, 0);
        scene_value(scene, CONSOLE_SITE_TEMPERATURE, i);
    }
    assert_int_equal(scene->reads, 0);
    assert_int_equal(scene->feeder.outbox.ahead_count, 0);
    assert_int_equal(scene->feeder.outbox.overtaker_count, 0);
    assert_true(scene->feeder.alarms.queued <= CONSOLE_SITE_ALARMS);
    assert_true(scene->feeder.points.queued <= CONSOLE_SITE_POINTS);
    scene_connect(scene);
    scene_take_everything(scene);
    assert_int_equal(scene_published(scene, 0, ROOT "/event/"), 2000);
    assert_int_equal(scene_published(scene, 0, ROOT "/point/"), 1);
    scene_free(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_event_is_published_inside_the_call_that_brings_it),
        cmocka_unit_test(an_activity_event_goes_under_its_type),
        cmocka_unit_test(a_backlog_is_marked_and_goes_out_with_alarms_first),
        cmocka_unit_test(a_long_backlog_arrives_whole_and_once),
        cmocka_unit_test(each_answer_is_followed_at_once_by_the_next_of_a_backlog),
        cmocka_unit_test(what_was_read_ahead_is_read_anew_in_another_session),
        cmocka_unit_test(what_was_read_ahead_of_another_journal_is_never_sent),
        cmocka_unit_test(an_alarm_overtakes_what_was_read_ahead_and_is_sent_once),
        cmocka_unit_test(news_of_activity_follows_what_was_read_ahead),
        cmocka_unit_test(what_is_asked_for_goes_once_more_marked_as_replayed),
        cmocka_unit_test(what_is_asked_for_comes_after_everything_else),
        cmocka_unit_test(what_is_asked_for_waits_for_the_line_and_begins_again_with_it),
        cmocka_unit_test(what_is_asked_for_and_refused_or_damaged_holds_up_nothing),
        cmocka_unit_test(a_broken_line_is_taken_up_where_the_broker_left_it),
        cmocka_unit_test(an_event_before_its_commit_says_so_and_comes_again_with_its_first_id),
        cmocka_unit_test(an_early_event_waits_for_the_line_and_is_kept_until_it_is_taken),
        cmocka_unit_test(an_event_recorded_before_its_early_form_could_leave_is_sent_once),
        cmocka_unit_test(early_events_are_bounded_and_alarms_outlive_activity),
        cmocka_unit_test(early_emergencies_outlive_and_overtake_other_early_alarms),
        cmocka_unit_test(what_weighs_less_than_all_that_wait_takes_no_place),
        cmocka_unit_test(a_restarted_engine_counts_its_early_events_anew),
        cmocka_unit_test(alarm_states_are_retained_and_emptied),
        cmocka_unit_test(states_that_nobody_would_clear_are_cleared),
        cmocka_unit_test(values_of_points_that_left_the_site_are_emptied),
        cmocka_unit_test(a_name_that_the_gateway_has_left_is_asked_for_and_emptied),
        cmocka_unit_test(what_is_left_over_is_emptied_when_there_is_room),
        cmocka_unit_test(a_broker_that_holds_too_much_is_asked_again),
        cmocka_unit_test(what_is_left_over_ends_with_its_session),
        cmocka_unit_test(a_value_is_published_with_its_unit_and_a_card_reader_never),
        cmocka_unit_test(lesser_things_leave_room_for_an_alarm),
        cmocka_unit_test(a_window_of_one_still_carries_everything),
        cmocka_unit_test(a_journal_that_cannot_be_read_is_not_asked_over_and_over),
        cmocka_unit_test(a_damaged_row_does_not_hold_up_the_lane),
        cmocka_unit_test(a_refused_event_comes_again_after_a_pause_and_the_other_lane_goes_on),
        cmocka_unit_test(until_the_broker_takes_what_it_refused_the_feeder_does_not_deliver),
        cmocka_unit_test(a_refused_state_is_told_as_it_stands_then),
        cmocka_unit_test(what_fits_when_it_is_bare_is_sent_and_confirmed_by_the_broker_alone),
        cmocka_unit_test(what_is_refused_as_too_large_goes_at_once_in_a_shorter_form),
        cmocka_unit_test(an_event_too_large_for_the_broker_is_shortened_or_left_to_the_journal),
        cmocka_unit_test(what_a_broker_refused_for_a_while_it_has_in_the_order_of_each_alarm),
        cmocka_unit_test(a_refused_event_waits_twice_as_long_each_time_up_to_a_minute),
        cmocka_unit_test(while_the_broker_is_away_nothing_piles_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
