/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_publisher.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <event2/event.h>

#include "sensors/paho.h"

enum publisher_limits {
    BACKOFF_FIRST_MS = 100,
    BACKOFF_LAST_MS = 5000,
    LEAVE_MS = 200,
    URI_SIZE = 300,
};

/* What Paho's thread tells the loop. Smaller than PIPE_BUF, so that a write is whole or not at all.
 */
enum note_kind { NOTE_CONNECTED, NOTE_REFUSED, NOTE_LOST, NOTE_LEFT, NOTE_DELIVERED, NOTE_FAILED };

struct note {
    enum note_kind kind;
    int number; /* token of a message, or return code */
};

enum slot_state { SLOT_FREE, SLOT_QUEUED, SLOT_IN_FLIGHT };

struct slot {
    enum slot_state state;
    int token;
    uint64_t order; /* in which it was given to us */
    char *topic;
    char *payload;
};

enum link_state { LINK_IDLE, LINK_CONNECTING, LINK_CONNECTED, LINK_LEAVING };

struct sim_publisher {
    MQTTAsync client;
    struct sim_publisher_callbacks callbacks;
    enum link_state state;
    bool wanted;
    bool loss_told;
    uint32_t backoff_ms;
    struct event *retry;
    struct event *noted;
    int notes[2]; /* a pipe: [0] is the loop's end */
    uint32_t in_flight;
    uint64_t order;
    uint64_t refused; /* messages that found the queue full */
    struct slot slots[SIM_PUBLISHER_QUEUE_MAX];
};

/* On Paho's thread. A full pipe cannot be: it has room for thousands, and 20 are in flight. */
static void note_write(struct sim_publisher *publisher, enum note_kind kind, int number) {
    const struct note note = {.kind = kind, .number = number};
    ssize_t written;
    do {
        written = write(publisher->notes[1], &note, sizeof note);
    } while (written < 0 && errno == EINTR);
}

static void link_on_connected(void *context, MQTTAsync_successData *data) {
    (void)data;
    note_write(context, NOTE_CONNECTED, 0);
}

static void link_on_refused(void *context, MQTTAsync_failureData *data) {
    note_write(context, NOTE_REFUSED, data == NULL ? MQTTASYNC_FAILURE : data->code);
}

static void link_on_lost(void *context, char *cause) {
    (void)cause;
    note_write(context, NOTE_LOST, 0);
}

static void link_on_left(void *context, MQTTAsync_successData *data) {
    (void)data;
    note_write(context, NOTE_LEFT, 0);
}

static void link_on_not_left(void *context, MQTTAsync_failureData *data) {
    (void)data;
    note_write(context, NOTE_LEFT, 0);
}

/* Sensors subscribe to nothing. */
static int link_on_arrived(void *context, char *topic, int topic_size, MQTTAsync_message *message) {
    (void)context;
    (void)topic_size;
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static void link_on_delivered(void *context, MQTTAsync_successData *data) {
    note_write(context, NOTE_DELIVERED, data->token);
}

static void link_on_failed(void *context, MQTTAsync_failureData *data) {
    note_write(context, NOTE_FAILED, data == NULL ? 0 : data->token);
}

static void slot_free(struct slot *slot) {
    free(slot->topic);
    free(slot->payload);
    *slot = (struct slot){0};
}

/* The message that has waited longest, or NULL. */
static struct slot *slot_oldest(struct sim_publisher *publisher) {
    struct slot *oldest = NULL;
    for (int i = 0; i < SIM_PUBLISHER_QUEUE_MAX; i++) {
        struct slot *slot = &publisher->slots[i];
        if (slot->state == SLOT_QUEUED && (oldest == NULL || slot->order < oldest->order)) {
            oldest = slot;
        }
    }
    return oldest;
}

static struct slot *slot_in_flight(struct sim_publisher *publisher, int token) {
    for (int i = 0; i < SIM_PUBLISHER_QUEUE_MAX; i++) {
        struct slot *slot = &publisher->slots[i];
        if (slot->state == SLOT_IN_FLIGHT && slot->token == token) {
            return slot;
        }
    }
    return NULL;
}

/* Hand over what the window has room for. A refusal by Paho waits for the next note or connection.
 */
static void queue_advance(struct sim_publisher *publisher) {
    while (publisher->state == LINK_CONNECTED &&
           publisher->in_flight < SIM_PUBLISHER_IN_FLIGHT_MAX) {
        struct slot *slot = slot_oldest(publisher);
        if (slot == NULL) {
            return;
        }
        MQTTAsync_message message = MQTTAsync_message_initializer;
        message.payload = slot->payload;
        message.payloadlen = (int)strlen(slot->payload);
        message.qos = 1;
        MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
        response.onSuccess = link_on_delivered;
        response.onFailure = link_on_failed;
        response.context = publisher;
        if (MQTTAsync_sendMessage(publisher->client, slot->topic, &message, &response) !=
            MQTTASYNC_SUCCESS) {
            return;
        }
        slot->state = SLOT_IN_FLIGHT;
        slot->token = response.token;
        publisher->in_flight++;
    }
}

/* What was on its way goes back into the queue, in its old place. */
static void queue_rewind(struct sim_publisher *publisher) {
    for (int i = 0; i < SIM_PUBLISHER_QUEUE_MAX; i++) {
        if (publisher->slots[i].state == SLOT_IN_FLIGHT) {
            publisher->slots[i].state = SLOT_QUEUED;
        }
    }
    publisher->in_flight = 0;
}

static void link_retry_later(struct sim_publisher *publisher) {
    const struct timeval after = {.tv_sec = (time_t)(publisher->backoff_ms / 1000),
                                  .tv_usec = (suseconds_t)(publisher->backoff_ms % 1000) * 1000};
    (void)evtimer_add(publisher->retry, &after); /* only fails for an event that was not made */
    publisher->backoff_ms *= 2;
    if (publisher->backoff_ms > BACKOFF_LAST_MS) {
        publisher->backoff_ms = BACKOFF_LAST_MS;
    }
}

static void link_down(struct sim_publisher *publisher, const char *reason) {
    publisher->state = LINK_IDLE;
    queue_rewind(publisher);
    if (!publisher->wanted) {
        return;
    }
    if (!publisher->loss_told) {
        publisher->loss_told = true;
        publisher->callbacks.lost(publisher->callbacks.context, reason);
    }
    link_retry_later(publisher);
}

/* Why a connection was not made: 1 to 5 are MQTT 3.1.1's own reasons (3.2.2.3). */
static const char *refusal_text(int code) {
    static const char *const reasons[] = {
        "it refuses this version of MQTT", "it refuses our client id", "it is not available",
        "it refuses our name or password", "we are not authorised",
    };
    if (code >= 1 && code <= 5) {
        return reasons[code - 1];
    }
    return code == MQTTASYNC_FAILURE ? "it does not answer" : MQTTAsync_strerror(code);
}

static void link_connect(struct sim_publisher *publisher) {
    MQTTAsync_connectOptions options = paho_connect_options(
        true, SIM_PUBLISHER_IN_FLIGHT_MAX, link_on_connected, link_on_refused, publisher);
    publisher->state = LINK_CONNECTING;
    int r = MQTTAsync_connect(publisher->client, &options);
    if (r != MQTTASYNC_SUCCESS) {
        link_down(publisher, MQTTAsync_strerror(r));
    }
}

static void link_leave(struct sim_publisher *publisher) {
    MQTTAsync_disconnectOptions options =
        paho_leave_options(LEAVE_MS, link_on_left, link_on_not_left, publisher);
    publisher->state = LINK_LEAVING;
    if (MQTTAsync_disconnect(publisher->client, &options) != MQTTASYNC_SUCCESS) {
        publisher->state = LINK_IDLE;
        queue_rewind(publisher);
    }
}

static void link_retry(evutil_socket_t fd, short what, void *context) {
    (void)fd;
    (void)what;
    struct sim_publisher *publisher = context;
    if (publisher->wanted && publisher->state == LINK_IDLE) {
        link_connect(publisher);
    }
}

static void link_up(struct sim_publisher *publisher) {
    publisher->state = LINK_CONNECTED;
    publisher->backoff_ms = BACKOFF_FIRST_MS;
    publisher->loss_told = false;
    if (!publisher->wanted) {
        link_leave(publisher);
        return;
    }
    publisher->callbacks.connected(publisher->callbacks.context);
    queue_advance(publisher);
}

/* Notes of an earlier connection find no slot with their token, or a state they do not fit. */
static void note_take(struct sim_publisher *publisher, const struct note *note) {
    struct slot *slot;
    switch (note->kind) {
    case NOTE_CONNECTED:
        if (publisher->state == LINK_CONNECTING) {
            link_up(publisher);
        }
        return;
    case NOTE_REFUSED:
        if (publisher->state == LINK_CONNECTING) {
            link_down(publisher, refusal_text(note->number));
        }
        return;
    case NOTE_LOST:
        if (publisher->state == LINK_CONNECTED) {
            link_down(publisher, "the connection broke");
        }
        return;
    case NOTE_LEFT:
        if (publisher->state == LINK_LEAVING) {
            publisher->state = LINK_IDLE;
            queue_rewind(publisher);
            if (publisher->wanted) {
                link_connect(publisher);
            }
        }
        return;
    case NOTE_DELIVERED:
    case NOTE_FAILED:
        slot = slot_in_flight(publisher, note->number);
        if (slot == NULL) {
            return;
        }
        publisher->in_flight--;
        if (note->kind == NOTE_DELIVERED) {
            slot_free(slot);
        } else {
            slot->state = SLOT_QUEUED;
        }
        queue_advance(publisher);
        return;
    }
}

static void notes_readable(evutil_socket_t fd, short what, void *context) {
    (void)what;
    struct note note;
    while (read(fd, &note, sizeof note) == (ssize_t)sizeof note) {
        note_take(context, &note);
    }
}

static int publisher_open(struct sim_publisher *publisher, struct event_base *base, const char *uri,
                          const char *client_id) {
    if (pipe2(publisher->notes, O_NONBLOCK | O_CLOEXEC) != 0) {
        return -errno;
    }
    publisher->retry = evtimer_new(base, link_retry, publisher);
    publisher->noted =
        event_new(base, publisher->notes[0], EV_READ | EV_PERSIST, notes_readable, publisher);
    if (publisher->retry == NULL || publisher->noted == NULL ||
        event_add(publisher->noted, NULL) != 0) {
        return -ENOMEM;
    }
    return paho_client_new(uri, client_id, publisher, link_on_lost, link_on_arrived,
                           &publisher->client);
}

int sim_publisher_new(struct event_base *base, const char *host, uint16_t port,
                      const char *client_id, const struct sim_publisher_callbacks *callbacks,
                      struct sim_publisher **ret_publisher) {
    char uri[URI_SIZE];
    int size =
        snprintf(uri, sizeof uri, strchr(host, ':') ? "tcp://[%s]:%u" : "tcp://%s:%u", host, port);
    if (size < 0 || (size_t)size >= sizeof uri) {
        return -EINVAL;
    }
    struct sim_publisher *publisher = calloc(1, sizeof *publisher);
    if (publisher == NULL) {
        return -ENOMEM;
    }
    publisher->callbacks = *callbacks;
    publisher->notes[0] = -1;
    publisher->notes[1] = -1;
    publisher->backoff_ms = BACKOFF_FIRST_MS;
    publisher->wanted = true;
    int r = publisher_open(publisher, base, uri, client_id);
    if (r != 0) {
        (void)sim_publisher_free(publisher);
        return r;
    }
    link_connect(publisher);
    *ret_publisher = publisher;
    return 0;
}

/* Wait on the pipe, outside the loop, until Paho has said goodbye or is silent for too long. */
static void link_leave_and_wait(struct sim_publisher *publisher) {
    publisher->wanted = false;
    link_leave(publisher);
    struct pollfd noted = {.fd = publisher->notes[0], .events = POLLIN};
    while (publisher->state == LINK_LEAVING && poll(&noted, 1, LEAVE_MS) > 0) {
        notes_readable(noted.fd, EV_READ, publisher);
    }
}

struct sim_publisher *sim_publisher_free(struct sim_publisher *publisher) {
    if (publisher == NULL) {
        return NULL;
    }
    if (publisher->client != NULL) {
        if (publisher->state == LINK_CONNECTED) {
            link_leave_and_wait(publisher);
        }
        MQTTAsync_destroy(&publisher->client); /* no callback runs after this */
    }
    if (publisher->noted != NULL) {
        event_free(publisher->noted);
    }
    if (publisher->retry != NULL) {
        event_free(publisher->retry);
    }
    for (int i = 0; i < 2; i++) {
        if (publisher->notes[i] >= 0) {
            (void)close(publisher->notes[i]);
        }
    }
    for (int i = 0; i < SIM_PUBLISHER_QUEUE_MAX; i++) {
        slot_free(&publisher->slots[i]);
    }
    free(publisher);
    return NULL;
}

int sim_publisher_send(struct sim_publisher *publisher, const char *topic, const char *payload) {
    struct slot *slot = NULL;
    for (int i = 0; i < SIM_PUBLISHER_QUEUE_MAX && slot == NULL; i++) {
        if (publisher->slots[i].state == SLOT_FREE) {
            slot = &publisher->slots[i];
        }
    }
    if (slot == NULL) {
        publisher->refused++;
        return SIM_E_FULL;
    }
    *slot = (struct slot){.state = SLOT_QUEUED,
                          .order = publisher->order++,
                          .topic = strdup(topic),
                          .payload = strdup(payload)};
    if (slot->topic == NULL || slot->payload == NULL) {
        slot_free(slot);
        return -ENOMEM;
    }
    queue_advance(publisher);
    return 0;
}

void sim_publisher_switch(struct sim_publisher *publisher, bool on) {
    publisher->wanted = on;
    if (on && publisher->state == LINK_IDLE) {
        publisher->backoff_ms = BACKOFF_FIRST_MS;
        link_connect(publisher);
    } else if (!on && publisher->state == LINK_CONNECTED) {
        link_leave(publisher);
    }
}

bool sim_publisher_is_connected(const struct sim_publisher *publisher) {
    return publisher->state == LINK_CONNECTED;
}
