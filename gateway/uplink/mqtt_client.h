/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_MQTT_CLIENT_H
#define GATEWAY_UPLINK_MQTT_CLIENT_H

/*
 * One client object of the MQTT library, for one broker
 *
 * The only file that knows Eclipse Paho; another library would replace it and nothing else. What
 * the library is told, and why, given its known defects at version 1.3.12:
 *
 *     no persistence, no buffering while disconnected    the journal is the outbox
 *     no automatic reconnect                             it stops after clock steps and failed
 * starts clean session, no session expiry                   nothing may come back from an earlier
 * session its window is ours                                 it sleeps a second when its own is
 * full TLS options whenever the address says ssl://       it reads a null pointer otherwise
 *     callbacks that only write notes (mqtt_notes.h)     it holds its lock while it calls back
 *
 * All functions are called from the loop's thread only. They may wait for the library's lock, which
 * its own thread holds while it looks up a name: names.h sees to it that this takes no time.
 */

#include <stddef.h>

#include "gateway/uplink/mqtt_notes.h"
#include "gateway/uplink/remote_intake.h"

struct mqtt_client;

struct mqtt_client_conf {
    const char *address; /* "tcp://host:port" or "ssl://host:port" */
    const char *client_id;
    uint32_t version; /* 5 or 3 */
    uint32_t keep_alive_s;
    uint32_t window;
    /* "" where not given */
    const char *ca, *cert, *key, *user, *password_file;
    /* What others publish below it is told by notes OVERWRITTEN, where the broker can tell them from us: with
       MQTT 5. It is among the filters. NULL: nothing is */
    const char *guarded_prefix;
    const char *own_topic; /* what comes here is told by notes OWN; NULL: there is none */
    /* What comes here goes into `intake`, and a note COMMANDS tells so; NULL: none. */
    const char *command_topic;
    struct remote_intake *intake;
    /* Which retained messages are none that anybody has to be told of; asked by the library's thread. NULL:
       none is. */
    bool (*knows)(const void *context, const char *topic);
    const void *knows_context;
};

/*
 * Prepare the library before the first client. Further calls do nothing: MQTTAsync_global_init() itself
 * (Paho 1.3.12) makes its mutexes anew each time, also those that a thread of the library holds.
 */
void mqtt_client_library_init(void);

/* Keeps `conf`'s texts and `notes`; copies the struct. Connects to nothing yet. */
NODISCARD int mqtt_client_new(const struct mqtt_client_conf *conf, struct mqtt_notes *notes,
                              struct mqtt_client **ret_client);

/* No callback comes after it. May take a second while the library's threads end. */
struct mqtt_client *mqtt_client_free(struct mqtt_client *client);

#define MQTT_CLIENT_E_REFUSED                                                                      \
    1 /* the library would not; mqtt_client_text() of `ret_number` says why */
#define MQTT_CLIENT_E_PASSWORD 2 /* secret_file_fault() of the password file says why */

/*
 * Begin to connect as attempt number `attempt`, which all notes will carry. A note CONNECTED or
 * FAILED follows, after `limit_s` at the latest. `will` is published under `will_topic` if the connection ends without a word, with the
 * wish to be retained or not.
 */
NODISCARD int mqtt_client_connect(struct mqtt_client *client, uint32_t attempt, uint32_t limit_s,
                                  const char *will_topic, const char *will, bool retained,
                                  int *ret_number);

bool mqtt_client_is_connected(struct mqtt_client *client);

/* Send with QoS 1; a note TAKEN or REFUSED with `*ret_key` follows while the connection holds. */
NODISCARD int mqtt_client_publish(struct mqtt_client *client, const char *topic,
                                  const void *payload, size_t size, bool retained,
                                  uint32_t *ret_key);

/* Ask for what the broker holds under `filter`: a note RETAINED for each. */
void mqtt_client_subscribe(struct mqtt_client *client, const char *filter);

/* Ask for what is published on the client's own topic, from now on: a note OWN for each, or OWN_REFUSED once. */
void mqtt_client_subscribe_own(struct mqtt_client *client, const char *topic);

/* Ask, with QoS 1, for what is published on the command topic, from now on; COMMANDS_REFUSED comes if that is not allowed. */
void mqtt_client_subscribe_commands(struct mqtt_client *client);

/* As mqtt_client_publish(), not retained; with MQTT 5 these correlation data go with it. */
NODISCARD int mqtt_client_answer(struct mqtt_client *client, const char *topic, const void *payload,
                                 size_t size, const void *correlation, uint32_t correlation_size,
                                 uint32_t *ret_key);

/* End the connection now; what is in flight is dropped. Returns true when a note CLOSED follows. */
bool mqtt_client_disconnect(struct mqtt_client *client);

/* The library's own words for a failure in ours; those that are not known stay. */
const char *mqtt_client_reason(uint32_t version, const char *text);

/* What a number from the library or the broker means, for people. */
const char *mqtt_client_text(uint32_t version, int number);

#endif
