/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What others ask of the line
 */
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/uplink/mqtt_link_parts.h"

enum {
    STOP_WAIT_MS = 1000,
    /* What correlation data take beside themselves: the length of properties, an identifier, a length. */
    ANSWER_PROPERTIES = 4 + 1 + 2,
};

struct mqtt_link_conf mqtt_link_defaults(void) {
    return (struct mqtt_link_conf){
        .ca = "",
        .cert = "",
        .key = "",
        .user = "",
        .password_file = "",
        .version = 5,
        .window = MQTT_LINK_WINDOW_MAX,
        .keep_alive_s = 10,
        .connect_limit_s = 5,
        .connect_limit_s_max = 30,
        .answer_ms = 15000,
        .quiet_ms = 10000,
        .loop_ms = 10000,
        .return_ms = 60000,
        .closing_ms = 2000,
        .stuck_ms = 60000,
        .look_ms = 5000,
        .retry_ms_min = 500,
        .retry_ms_max = 30000,
        .steady_ms = 10000,
    };
}

uint32_t mqtt_link_notice_ms(const struct mqtt_link_conf *conf) {
    return conf->quiet_ms + conf->answer_ms + 2 * link_tick_ms(conf);
}

int mqtt_link_new(struct event_base *base, const struct mqtt_link_conf *conf,
                  const struct mqtt_link_callbacks *callbacks, void *context,
                  struct mqtt_link **ret_link) {
    assert(conf->broker_count >= 1 && conf->broker_count <= MQTT_LINK_BROKERS_MAX);
    assert(conf->retained_filter_count <= MQTT_LINK_FILTERS_MAX);
    assert(conf->loop_topic == NULL || callbacks->looped != NULL);
    assert(conf->guarded_prefix == NULL || callbacks->overwritten != NULL);
    assert((conf->command_topic == NULL) == (conf->intake == NULL));
    assert(conf->command_topic == NULL ||
           (callbacks->commanded != NULL && callbacks->commands_refused != NULL));
    assert(conf->window >= 1 && conf->window <= MQTT_LINK_WINDOW_MAX);
    struct mqtt_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        return err_origin(-ENOMEM);
    }
    link->conf = *conf;
    link->callbacks = *callbacks;
    link->context = context;
    reconnect_init(&link->reconnect, conf->broker_count, conf->retry_ms_min, conf->retry_ms_max,
                   conf->steady_ms, conf->seed);
    link->returning.fd = -1;
    int r = err_trace(mqtt_notes_new(&link->notes));
    if (r == 0) {
        r = err_trace(examiner_new(link->notes, &link->examiner));
    }
    if (r == 0) {
        mqtt_client_library_init();
        link->wake =
            event_new(base, mqtt_notes_fd(link->notes), EV_READ | EV_PERSIST, link_wake, link);
        link->retry = event_new(base, -1, 0, link_retry, link);
        link->tick = event_new(base, -1, EV_PERSIST, link_tick, link);
        if (link->wake == NULL || link->retry == NULL || link->tick == NULL ||
            event_add(link->wake, NULL) != 0) {
            r = err_origin(-ENOMEM);
        }
    }
    if (r != 0) {
        (void)mqtt_link_free(link);
        return r;
    }
    *ret_link = link;
    return 0;
}

struct mqtt_link *mqtt_link_free(struct mqtt_link *link) {
    if (link == NULL) {
        return NULL;
    }
    link_return_end(link);
    struct event *const events[] = {link->wake, link->retry, link->tick};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (events[i] != NULL) {
            event_free(events[i]);
        }
    }
    for (uint32_t i = 0; i < MQTT_LINK_BROKERS_MAX; i++) {
        (void)mqtt_client_free(link->clients[i]);
    }
    (void)examiner_free(link->examiner);
    (void)mqtt_notes_free(link->notes);
    free(link);
    return NULL;
}

void mqtt_link_status(struct mqtt_link *link, const char *online, const char *offline) {
    (void)snprintf(link->online, sizeof link->online, "%s", online);
    (void)snprintf(link->offline, sizeof link->offline, "%s", offline);
    link_send_status(link, link->online);
}

void mqtt_link_start(struct mqtt_link *link) {
    assert(link->state == LINK_IDLE);
    link_connect(link);
}

/* Wait for notes outside the loop, which has ended, until `link` reaches a condition or time is up.
 */
static void link_await(struct mqtt_link *link, bool (*reached)(const struct mqtt_link *link)) {
    uint64_t deadline_ns = clock_real_ns() + link_ns(STOP_WAIT_MS);
    uint64_t now_ns = clock_real_ns();
    while (!reached(link) && now_ns < deadline_ns) {
        struct pollfd wake = {.fd = mqtt_notes_fd(link->notes), .events = POLLIN};
        (void)poll(&wake, 1, (int)((deadline_ns - now_ns) / NS_PER_MS) + 1);
        link_read_notes(link);
        now_ns = clock_real_ns();
    }
}

static bool link_is_answered(const struct mqtt_link *link) {
    return link->state != LINK_UP || link->flights.count == 0;
}

static bool link_is_closed(const struct mqtt_link *link) {
    return link->state != LINK_CLOSING;
}

void mqtt_link_stop(struct mqtt_link *link) {
    if (link->state == LINK_UP) {
        link->stopping = true;
        if (link->flights.count >= link->window) {
            link_await(link, link_is_answered);
        }
        link_send_status(link, link->offline);
        link_await(link, link_is_answered);
    }
    if (link->state == LINK_UP) {
        link_close(link, "the gateway stops");
        link_await(link, link_is_closed);
    }
    (void)event_del(link->retry);
    link_enter(link, LINK_IDLE);
}

uint32_t mqtt_link_room(const struct mqtt_link *link) {
    bool open = link->state == LINK_UP && !link->stopping;
    return open && link->flights.count < link->window ? link->window - link->flights.count : 0;
}

uint32_t mqtt_link_window(const struct mqtt_link *link) {
    return link->window;
}

int mqtt_link_publish(struct mqtt_link *link, const char *topic, const void *payload, size_t size,
                      bool retained, uint64_t ticket) {
    assert(ticket < TICKET_OWN);
    if (link->state != LINK_UP) {
        return MQTT_LINK_E_DOWN;
    }
    if (mqtt_link_room(link) == 0) {
        return MQTT_LINK_E_FULL;
    }
    if (link_is_too_large(link, link_packet_size(topic, size))) {
        return MQTT_LINK_E_LARGE;
    }
    return link_send(link, topic, payload, size, retained, ticket);
}

int mqtt_link_answer(struct mqtt_link *link, const char *topic, const void *payload, size_t size,
                     const void *correlation, uint32_t correlation_size) {
    if (link->state != LINK_UP) {
        return MQTT_LINK_E_DOWN;
    }
    if (mqtt_link_room(link) == 0) {
        return MQTT_LINK_E_FULL;
    }
    if (link_is_too_large(link,
                          link_packet_size(topic, size) + ANSWER_PROPERTIES + correlation_size)) {
        return MQTT_LINK_E_LARGE;
    }
    return link_send_answer(link, topic, payload, size, correlation, correlation_size);
}

/*
 * Some brokers end a connection for a question that they do not allow. One that has ended several in a
 * row is asked nothing: what it holds of old states is not worth that no alarm gets through.
 */
void mqtt_link_ask(struct mqtt_link *link) {
    bool may = link->state == LINK_UP && link->broken_off < BROKEN_OFF_MAX;
    for (uint32_t i = 0; may && i < link->conf.retained_filter_count; i++) {
        mqtt_client_subscribe(link_client(link), link->conf.retained_filters[i]);
    }
}

void mqtt_link_ask_for(struct mqtt_link *link, const char *filter) {
    if (link->state == LINK_UP) {
        mqtt_client_subscribe(link_client(link), filter);
    }
}

int64_t mqtt_link_certificate_until_s(const struct mqtt_link *link) {
    return link->certificate_until_s;
}

uint32_t mqtt_link_broker(const struct mqtt_link *link) {
    return link->reconnect.broker;
}

void mqtt_link_leave(struct mqtt_link *link, const char *reason) {
    if (link->state == LINK_UP) {
        (void)link_leave(link, reason);
    }
}

const struct mqtt_link_counters *mqtt_link_counters(const struct mqtt_link *link) {
    return &link->counters;
}
