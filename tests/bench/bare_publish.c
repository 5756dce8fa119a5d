/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the MQTT library alone can publish: COUNT messages of SIZE bytes with QoS 1 to the broker at
 * PORT of the loopback, at most WINDOW in flight, as the uplink has it. Prints messages per second.
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <MQTTAsync.h>

struct state {
    pthread_mutex_t lock;
    pthread_cond_t change;
    int connected;
    unsigned in_flight, failures;
};

static void on_connected(void *context, MQTTAsync_successData5 *data) {
    struct state *state = context;
    (void)data;
    (void)pthread_mutex_lock(&state->lock);
    state->connected = 1;
    (void)pthread_cond_signal(&state->change);
    (void)pthread_mutex_unlock(&state->lock);
}

static void on_failed(void *context, MQTTAsync_failureData5 *data) {
    (void)context;
    (void)data;
    (void)fprintf(stderr, "bare_publish: no connection\n");
    exit(1);
}

static void on_taken(void *context, MQTTAsync_successData5 *data) {
    struct state *state = context;
    (void)data;
    (void)pthread_mutex_lock(&state->lock);
    state->in_flight--;
    (void)pthread_cond_signal(&state->change);
    (void)pthread_mutex_unlock(&state->lock);
}

static double seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Wait until at most `most` are in flight. */
static void await(struct state *state, unsigned most) {
    (void)pthread_mutex_lock(&state->lock);
    while (!state->connected || state->in_flight > most) {
        (void)pthread_cond_wait(&state->change, &state->lock);
    }
    (void)pthread_mutex_unlock(&state->lock);
}

static void publish(MQTTAsync client, struct state *state, char *payload, int size) {
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    MQTTAsync_message message = MQTTAsync_message_initializer;
    response.onSuccess5 = on_taken;
    response.context = state;
    message.payload = payload;
    message.payloadlen = size;
    message.qos = 1;
    (void)pthread_mutex_lock(&state->lock);
    state->in_flight++;
    (void)pthread_mutex_unlock(&state->lock);
    if (MQTTAsync_sendMessage(client, "tocsin/v1/bench/main/event/activity/access/granted",
                              &message, &response) != MQTTASYNC_SUCCESS) {
        on_failed(NULL, NULL);
    }
}

int main(int argc, char **argv) {
    if (argc != 5) {
        (void)fprintf(stderr, "usage: bare_publish PORT COUNT SIZE WINDOW\n");
        return 2;
    }
    int count = atoi(argv[2]);
    int size = atoi(argv[3]);
    unsigned window = (unsigned)atoi(argv[4]);
    char address[64];
    char *payload = malloc((size_t)size);
    MQTTAsync client;
    struct state state = {.lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
    MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer5;
    if (payload == NULL) {
        return 1;
    }
    memset(payload, 'x', (size_t)size);
    (void)snprintf(address, sizeof address, "tcp://127.0.0.1:%s", argv[1]);
    create.maxBufferedMessages = 1000;
    if (MQTTAsync_createWithOptions(&client, address, "bare-publish", MQTTCLIENT_PERSISTENCE_NONE,
                                    NULL, &create) != MQTTASYNC_SUCCESS) {
        on_failed(NULL, NULL);
    }
    connect.onSuccess5 = on_connected;
    connect.onFailure5 = on_failed;
    connect.context = &state;
    connect.maxInflight = (int)window;
    connect.cleanstart = 1;
    if (MQTTAsync_connect(client, &connect) != MQTTASYNC_SUCCESS) {
        on_failed(NULL, NULL);
    }
    await(&state, 0);
    double begin = seconds();
    for (int i = 0; i < count; i++) {
        await(&state, window - 1);
        publish(client, &state, payload, size);
    }
    await(&state, 0);
    (void)printf("bare_publish count=%d size=%d window=%u per_s=%.0f\n", count, size, window,
                 count / (seconds() - begin));
    free(payload);
    return 0;
}
