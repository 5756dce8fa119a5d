/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_BROKER_H
#define TESTS_SUPPORT_BROKER_H

/*
 * A real mosquitto for tests, and a subscriber beside it
 *
 * The broker runs on a free loopback port with a configuration in a scratch directory, which goes
 * when it is freed. It can be killed, stopped, continued and started again on the same port. The
 * subscriber is mosquitto_sub: another implementation than the one under test.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct broker {
    pid_t pid; /* 0 while it does not run */
    uint16_t port;
    char directory[32];
    char address[48];     /* "tcp://127.0.0.1:<port>" */
    char tls_address[48]; /* "ssl://localhost:<port>" */
    char extra[1024];     /* further lines of the configuration */
};

/* Prepare a broker with a free port and a scratch directory; starts nothing. */
void broker_init(struct broker *broker, const char *extra);

/* Start it and wait until it accepts connections. */
void broker_start(struct broker *broker);

/* Send it a signal; after SIGKILL or SIGTERM it is waited for. */
void broker_signal(struct broker *broker, int signal);

/* Stop it if it runs and remove its directory. */
void broker_free(struct broker *broker);

struct subscriber {
    pid_t pid;
    int out;
    size_t len;
    char text[65536]; /* all that it printed, as far as it fits */
};

/* Subscribe to `filter`; returns when the broker has said yes. Lines are "<retained> <topic>
 * <payload>". */
void subscriber_start(struct subscriber *subscriber, const struct broker *broker,
                      const char *filter);

/* Read what there is without waiting; true when `wanted` has been printed. */
bool subscriber_has(struct subscriber *subscriber, const char *wanted);

void subscriber_stop(struct subscriber *subscriber);

/* A port of the loopback that nobody listens on. */
uint16_t free_port(void);

#endif
