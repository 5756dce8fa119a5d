/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From the contact to the subscriber
 *
 *     press_latency DEVICE_PORT BROKER_PORT PRESSES TOPIC
 *
 * Is both ends of the chain, so that one clock times it: a Modbus TCP device with one discrete
 * input, and an MQTT subscriber. For each press it notes the moment at which it sent the first
 * answer that shows the contact closed, and the moment at which the event came from the broker; in
 * between are the field process, the engine, a commit with full sync, the uplink and mosquitto. As
 * a baseline it measures in the same run the bare way through the broker: a message of the same
 * size that it publishes itself, at the same pace, each within one press.
 *
 * Prints one line of figures in microseconds for each.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <MQTTClient.h>

enum {
    PRESSES_MAX = 100000,
    BODY_SIZE = 900,
    ANSWER_TIMEOUT_MS = 60000, /* after which it is lost; how soon it comes is what is measured */
};

static atomic_bool contact;
static _Atomic uint64_t shown_ns; /* when an answer first showed the contact closed; 0: not yet */

static uint64_t now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool read_exactly(int fd, unsigned char *bytes, size_t len) {
    for (size_t done = 0; done < len;) {
        ssize_t n = read(fd, bytes + done, len - done);
        if (n <= 0) {
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

/* Answer reads of discrete inputs, all with the state of the one contact, until the client goes. */
static void device_serve(int fd) {
    unsigned char request[12];
    while (read_exactly(fd, request, sizeof request)) {
        bool closed = atomic_load(&contact);
        unsigned bits = (unsigned)request[10] << 8 | request[11];
        unsigned char bytes = (unsigned char)((bits + 7) / 8);
        unsigned char reply[64] = {0};
        memcpy(reply, request, 4);
        reply[5] = (unsigned char)(3 + bytes);
        reply[6] = request[6];
        reply[7] = request[7];
        reply[8] = bytes;
        reply[9] = closed ? 1 : 0;
        uint64_t at_ns = now_ns();
        if (write(fd, reply, (size_t)9 + bytes) < 0) {
            return;
        }
        uint64_t none = 0;
        if (closed) {
            (void)atomic_compare_exchange_strong(&shown_ns, &none, at_ns);
        }
    }
}

static void *device_run(void *context) {
    int listener = *(int *)context;
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            return NULL;
        }
        int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        device_serve(fd);
        (void)close(fd);
    }
}

static int device_listen(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4) != 0) {
        perror("press_latency: device port");
        exit(1);
    }
    return fd;
}

/* Wait for a message whose payload contains `wanted`; returns when it came, or exits. */
static uint64_t await(MQTTClient client, const char *wanted) {
    uint64_t deadline_ns = now_ns() + ANSWER_TIMEOUT_MS * 1000000ull;
    while (now_ns() < deadline_ns) {
        char *topic = NULL;
        int topic_len = 0;
        MQTTClient_message *message = NULL;
        (void)MQTTClient_receive(client, &topic, &topic_len, &message, 100);
        uint64_t at_ns = now_ns();
        if (message == NULL) {
            continue;
        }
        bool found =
            memmem(message->payload, (size_t)message->payloadlen, wanted, strlen(wanted)) != NULL;
        MQTTClient_freeMessage(&message);
        MQTTClient_free(topic);
        if (found) {
            return at_ns;
        }
    }
    (void)fprintf(stderr, "press_latency: %s did not come\n", wanted);
    exit(1);
}

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void report(const char *what, uint64_t *spans_ns, size_t count) {
    qsort(spans_ns, count, sizeof *spans_ns, compare);
    (void)printf("%s count=%zu p50_us=%.0f p90_us=%.0f p99_us=%.0f max_us=%.0f\n", what, count,
                 (double)spans_ns[count / 2] / 1e3, (double)spans_ns[count * 9 / 10] / 1e3,
                 (double)spans_ns[count * 99 / 100] / 1e3, (double)spans_ns[count - 1] / 1e3);
}

/* Connect under an id of our own; the publisher has a connection to itself, as the uplink has. */
static MQTTClient connected(const char *uri, const char *role) {
    MQTTClient client;
    MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
    options.keepAliveInterval = 60;
    options.cleansession = 1;
    char id[48];
    (void)snprintf(id, sizeof id, "press-%s-%d", role, (int)getpid());
    if (MQTTClient_create(&client, uri, id, MQTTCLIENT_PERSISTENCE_NONE, NULL) != 0 ||
        MQTTClient_connect(client, &options) != 0) {
        (void)fprintf(stderr, "press_latency: no broker at %s\n", uri);
        exit(1);
    }
    return client;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        (void)fprintf(stderr, "usage: press_latency DEVICE_PORT BROKER_PORT PRESSES TOPIC\n");
        return 2;
    }
    size_t presses = strtoul(argv[3], NULL, 10);
    static uint64_t chain_ns[PRESSES_MAX], bare_ns[PRESSES_MAX];
    if (presses == 0 || presses > PRESSES_MAX) {
        return 2;
    }
    int listener = device_listen((uint16_t)strtoul(argv[1], NULL, 10));
    pthread_t device;
    (void)pthread_create(&device, NULL, device_run, &listener);

    char uri[64];
    (void)snprintf(uri, sizeof uri, "tcp://127.0.0.1:%s", argv[2]);
    MQTTClient client = connected(uri, "subscriber");
    MQTTClient publisher = connected(uri, "publisher");
    if (MQTTClient_subscribe(client, argv[4], 1) != 0 ||
        MQTTClient_subscribe(client, "bench/bare", 1) != 0) {
        return 1;
    }
    (void)printf("ready\n");
    (void)fflush(stdout);

    static char body[BODY_SIZE];
    memset(body, 'x', sizeof body);
    for (size_t i = 0; i < presses; i++) {
        atomic_store(&shown_ns, 0);
        atomic_store(&contact, true);
        uint64_t came_ns = await(client, "raised\"");
        chain_ns[i] = came_ns - atomic_load(&shown_ns);
        atomic_store(&contact, false);
        (void)await(client, "tocsin.alarm.cleared");

        int len = snprintf(body, sizeof body, "bare-%zu ", i);
        body[len] = 'x';
        char wanted[32];
        (void)snprintf(wanted, sizeof wanted, "bare-%zu ", i);
        uint64_t sent_ns = now_ns();
        if (MQTTClient_publish(publisher, "bench/bare", sizeof body, body, 1, 0, NULL) != 0) {
            return 1;
        }
        bare_ns[i] = await(client, wanted) - sent_ns;
    }
    report("contact_to_subscriber", chain_ns, presses);
    report("bare_broker_round_trip", bare_ns, presses);
    MQTTClient_disconnect(publisher, 1000);
    MQTTClient_destroy(&publisher);
    MQTTClient_disconnect(client, 1000);
    MQTTClient_destroy(&client);
    return 0;
}
