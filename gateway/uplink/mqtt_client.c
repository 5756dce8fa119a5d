/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/mqtt_client.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <MQTTAsync.h>

#include "gateway/clock.h"
#include "gateway/secret_file.h"

enum {
    /* More than our window, so that the library's own bound is never met. */
    LIBRARY_BUFFER_MAX = 1000,
    /* MQTT 5: what a broker means that names no receive maximum. */
    RECEIVE_MAXIMUM_DEFAULT = 65535,
    /* A CONNACK with more properties than the standard has is not looked into. */
    PROPERTIES_MAX = 64,
    /* No topic of ours is longer. */
    TOPIC_TEXT_SIZE = 768,
};

/*
 * Security level 2 rules out everything below TLS 1.2 and weak keys, and leaves 1.3 possible; the
 * library's own switch for "1.2" would allow nothing newer.
 */
#define CLIENT_CIPHERS "DEFAULT@SECLEVEL=2"

struct mqtt_client {
    struct mqtt_client_conf conf;
    struct mqtt_notes *notes;
    MQTTAsync handle;
    /* Written before a connect begins, read by the library's threads. */
    atomic_uint_fast32_t attempt;
};

/*
 * When a connection breaks, the library loses some hundred bytes of a message that was just leaving
 * (its issues 1406 and 1689). Builds that look for leaks shall find ours.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CLIENT_LEAKS_ARE_COUNTED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define CLIENT_LEAKS_ARE_COUNTED
#endif
#ifdef CLIENT_LEAKS_ARE_COUNTED
__attribute__((weak)) const char *__lsan_default_suppressions(void);

__attribute__((weak)) const char *__lsan_default_suppressions(void) {
    return "leak:libpaho-mqtt3as";
}
#endif

/* ---- callbacks: the library's threads, its lock held ---- */

static void client_note(struct mqtt_client *client, enum mqtt_note_kind kind, uint32_t key,
                        int number, const char *text) {
    const struct mqtt_note note = {
        .kind = kind,
        .attempt = (uint32_t)atomic_load(&client->attempt),
        .key = key,
        .number = number,
    };
    mqtt_notes_push(client->notes, &note, text);
}

static void client_connected(void *context, MQTTAsync_successData *data) {
    (void)data;
    client_note(context, MQTT_NOTE_CONNECTED, 0, RECEIVE_MAXIMUM_DEFAULT, NULL);
}

/* A number that the broker has named with its CONNACK, or what it means to name none. */
static int client_limit(MQTTProperties *properties, enum MQTTPropertyCodes code, int otherwise) {
    bool sound =
        properties->count > 0 && properties->count <= PROPERTIES_MAX && properties->array != NULL;
    return sound && MQTTProperties_hasProperty(properties, code)
               ? (int)MQTTProperties_getNumericValue(properties, code)
               : otherwise;
}

static void client_connected5(void *context, MQTTAsync_successData5 *data) {
    struct mqtt_client *client = context;
    MQTTProperties *properties = &data->properties;
    /* MQTT 5, 3.2.2.3.14, 3.2.2.3.3, 3.2.2.3.6, 3.2.2.3.5 and 3.2.2.3.4 */
    const struct mqtt_note note = {
        .kind = MQTT_NOTE_CONNECTED,
        .attempt = (uint32_t)atomic_load(&client->attempt),
        .number =
            client_limit(properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, RECEIVE_MAXIMUM_DEFAULT),
        .packet_max = (uint32_t)client_limit(properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, 0),
        .keep_alive_s = (uint32_t)client_limit(properties, MQTTPROPERTY_CODE_SERVER_KEEP_ALIVE, 0),
        .keeps_nothing = client_limit(properties, MQTTPROPERTY_CODE_RETAIN_AVAILABLE, 1) == 0,
        .confirms_nothing = client_limit(properties, MQTTPROPERTY_CODE_MAXIMUM_QOS, 2) == 0,
    };
    mqtt_notes_push(client->notes, &note, NULL);
}

static void client_failed(void *context, MQTTAsync_failureData *data) {
    client_note(context, MQTT_NOTE_FAILED, 0, data == NULL ? MQTTASYNC_FAILURE : data->code,
                data == NULL ? NULL : data->message);
}

static void client_failed5(void *context, MQTTAsync_failureData5 *data) {
    client_note(context, MQTT_NOTE_FAILED, 0, data == NULL ? MQTTASYNC_FAILURE : data->code,
                data == NULL ? NULL : data->message);
}

static void client_lost(void *context, char *cause) {
    (void)cause; /* always NULL */
    client_note(context, MQTT_NOTE_LOST, 0, 0, NULL);
}

static void client_turned_away(void *context, MQTTProperties *properties,
                               enum MQTTReasonCodes reason) {
    (void)properties;
    client_note(context, MQTT_NOTE_TURNED_AWAY, 0, (int)reason, NULL);
}

static void client_closed(void *context, MQTTAsync_successData *data) {
    (void)data;
    client_note(context, MQTT_NOTE_CLOSED, 0, 0, NULL);
}

static void client_close_failed(void *context, MQTTAsync_failureData *data) {
    (void)data;
    client_note(context, MQTT_NOTE_CLOSED, 0, 0, NULL);
}

static void client_closed5(void *context, MQTTAsync_successData5 *data) {
    (void)data;
    client_note(context, MQTT_NOTE_CLOSED, 0, 0, NULL);
}

static void client_close_failed5(void *context, MQTTAsync_failureData5 *data) {
    (void)data;
    client_note(context, MQTT_NOTE_CLOSED, 0, 0, NULL);
}

static void client_taken(void *context, MQTTAsync_successData *data) {
    client_note(context, MQTT_NOTE_TAKEN, (uint32_t)data->token, 0, NULL);
}

static void client_taken5(void *context, MQTTAsync_successData5 *data) {
    client_note(context, MQTT_NOTE_TAKEN, (uint32_t)data->token, 0, NULL);
}

static void client_refused(void *context, MQTTAsync_failureData *data) {
    client_note(context, MQTT_NOTE_REFUSED, (uint32_t)data->token, MQTTASYNC_FAILURE, NULL);
}

/* The broker's reason, or below zero when the library gave up by itself. */
static void client_refused5(void *context, MQTTAsync_failureData5 *data) {
    int number = data->code < 0 ? data->code : (int)data->reasonCode;
    client_note(context, MQTT_NOTE_REFUSED, (uint32_t)data->token, number, NULL);
}

static void client_own_refused(void *context, MQTTAsync_failureData *data) {
    (void)data;
    client_note(context, MQTT_NOTE_OWN_REFUSED, 0, 0, NULL);
}

static void client_own_refused5(void *context, MQTTAsync_failureData5 *data) {
    (void)data;
    client_note(context, MQTT_NOTE_OWN_REFUSED, 0, 0, NULL);
}

static void client_commands_refused(void *context, MQTTAsync_failureData *data) {
    (void)data;
    client_note(context, MQTT_NOTE_COMMANDS_REFUSED, 0, 0, NULL);
}

static void client_commands_refused5(void *context, MQTTAsync_failureData5 *data) {
    (void)data;
    client_note(context, MQTT_NOTE_COMMANDS_REFUSED, 0, 0, NULL);
}

/* ---- commands ---- */

static bool client_is_command(const struct mqtt_client *client, const char *topic, size_t len) {
    const char *command = client->conf.command_topic;
    return command != NULL && len == strlen(command) && memcmp(topic, command, len) == 0;
}

/* A property of bytes, of at most `max` of them; false when it is longer. An absent one has none. */
static bool client_bytes(MQTTProperties *properties, enum MQTTPropertyCodes code, uint32_t max,
                         void *ret, uint32_t *ret_size) {
    const MQTTProperty *found = MQTTProperties_getProperty(properties, code);
    int len = found == NULL ? 0 : found->value.data.len;
    if (len < 0 || (uint32_t)len > max) {
        return false;
    }
    if (len > 0) {
        memcpy(ret, found->value.data.data, (size_t)len);
    }
    *ret_size = (uint32_t)len;
    return true;
}

static void client_commanded(struct mqtt_client *client, MQTTAsync_message *message) {
    struct remote_message taken = {.size = 0};
    uint32_t topic_size = 0;
    if (message->retained) {
        remote_intake_retained(client->conf.intake);
        return;
    }
    taken.is_long = message->payloadlen < 0 || message->payloadlen > WIRE_REMOTE_MAX;
    if (!taken.is_long && message->payloadlen > 0) {
        taken.size = (uint32_t)message->payloadlen;
        memcpy(taken.payload, message->payload, taken.size);
    }
    if (client->conf.version == 5) {
        /* A topic with a NUL in it ends there, which no broker lets through (MQTT 5, 1.5.4). */
        bool sound =
            client_bytes(&message->properties, MQTTPROPERTY_CODE_CORRELATION_DATA,
                         REMOTE_CORRELATION_MAX, taken.correlation, &taken.correlation_size) &&
            client_bytes(&message->properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC, REMOTE_TOPIC_MAX,
                         taken.response, &topic_size);
        taken.is_unsound = !sound;
    }
    if (remote_intake_put(client->conf.intake, &taken, clock_real_ns())) {
        client_note(client, MQTT_NOTE_COMMANDS, 0, 0, NULL);
    }
}

/* Is it a word of our own? One that is retained was said by somebody else. */
static bool client_is_own(const struct mqtt_client *client, const char *topic, size_t len,
                          const MQTTAsync_message *message) {
    const char *own = client->conf.own_topic;
    return own != NULL && !message->retained && message->payloadlen > 0 && len == strlen(own) &&
           memcmp(topic, own, len) == 0;
}

/*
 * Has somebody else published where we alone do? What we publish does not come back with MQTT 5, and what
 * the broker holds comes as retained, which a message that has just been published does not.
 */
static bool client_is_foreign(const struct mqtt_client *client, const char *topic, size_t len,
                              const MQTTAsync_message *message) {
    const char *prefix = client->conf.guarded_prefix;
    return prefix != NULL && client->conf.version == 5 && !message->retained &&
           len < TOPIC_TEXT_SIZE && len > strlen(prefix) &&
           memcmp(topic, prefix, strlen(prefix)) == 0;
}

static bool client_knows(const struct mqtt_client *client, const char *topic) {
    return client->conf.knows != NULL && client->conf.knows(client->conf.knows_context, topic);
}

/* The length is 0 or that of the topic, depending on the way the message took inside the library.
 */
static int client_arrived(void *context, char *topic, int topic_len, MQTTAsync_message *message) {
    char text[TOPIC_TEXT_SIZE + 1 + MQTT_NOTE_START_MAX];
    size_t len = topic_len > 0 ? (size_t)topic_len : strlen(topic);
    if (client_is_command(context, topic, len)) {
        client_commanded(context, message);
    } else if (client_is_own(context, topic, len, message)) {
        int start =
            message->payloadlen < MQTT_NOTE_START_MAX ? message->payloadlen : MQTT_NOTE_START_MAX;
        (void)snprintf(text, sizeof text, "%.*s", start, (const char *)message->payload);
        client_note(context, MQTT_NOTE_OWN, 0, 0, text);
    } else if (client_is_foreign(context, topic, len, message)) {
        (void)snprintf(text, TOPIC_TEXT_SIZE, "%.*s", (int)len, topic);
        client_note(context, MQTT_NOTE_OVERWRITTEN, 0, 0, text);
    } else if (message->retained && message->payloadlen > 0 && len < TOPIC_TEXT_SIZE) {
        int start =
            message->payloadlen < MQTT_NOTE_START_MAX ? message->payloadlen : MQTT_NOTE_START_MAX;
        int at = snprintf(text, TOPIC_TEXT_SIZE, "%.*s", (int)len, topic);
        if (!client_knows(context, text)) {
            (void)snprintf(text + at, sizeof text - (size_t)at, "\n%.*s", start,
                           (const char *)message->payload);
            client_note(context, MQTT_NOTE_RETAINED, 0, 0, text);
        }
    }
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static int client_tls_error(const char *text, size_t len, void *context) {
    char line[160];
    (void)snprintf(line, sizeof line, "%.*s", (int)(len < sizeof line ? len : sizeof line - 1),
                   text);
    line[strcspn(line, "\r\n")] = '\0';
    client_note(context, MQTT_NOTE_TLS, 0, 0, line);
    return 1;
}

/* ---- the loop's thread ---- */

static void client_library_init(void) {
    /* OpenSSL 3 prepares itself, and other parts of the process use it too. */
    MQTTAsync_init_options options = MQTTAsync_init_options_initializer;
    options.do_openssl_init = 0;
    MQTTAsync_global_init(&options);
    /*
     * It writes into a ring in memory which of its functions begin and end, and every packet as text, also
     * when nobody has asked for a trace. That is a third of what a message costs (1.3.12: 98,000
     * instructions with it, 65,000 without).
     */
    MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
}

void mqtt_client_library_init(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int r = pthread_once(&once, client_library_init);
    assert(r == 0);
}

int mqtt_client_new(const struct mqtt_client_conf *conf, struct mqtt_notes *notes,
                    struct mqtt_client **ret_client) {
    struct mqtt_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return err_origin(-ENOMEM);
    }
    client->conf = *conf;
    client->notes = notes;
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    options.sendWhileDisconnected = 0;
    options.maxBufferedMessages = LIBRARY_BUFFER_MAX;
    options.restoreMessages = 0;
    options.MQTTVersion = conf->version == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
    if (MQTTAsync_createWithOptions(&client->handle, conf->address, conf->client_id,
                                    MQTTCLIENT_PERSISTENCE_NONE, NULL,
                                    &options) != MQTTASYNC_SUCCESS) {
        free(client);
        return err_origin(-ENOMEM);
    }
    if (MQTTAsync_setCallbacks(client->handle, client, client_lost, client_arrived, NULL) !=
            MQTTASYNC_SUCCESS ||
        MQTTAsync_setDisconnected(client->handle, client, client_turned_away) !=
            MQTTASYNC_SUCCESS) {
        (void)mqtt_client_free(client);
        return err_origin(-EINVAL);
    }
    *ret_client = client;
    return 0;
}

struct mqtt_client *mqtt_client_free(struct mqtt_client *client) {
    if (client != NULL) {
        MQTTAsync_destroy(&client->handle);
        free(client);
    }
    return NULL;
}

static MQTTAsync_SSLOptions client_tls_options(struct mqtt_client *client) {
    const struct mqtt_client_conf *conf = &client->conf;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    tls.trustStore = conf->ca[0] == '\0' ? NULL : conf->ca;
    tls.keyStore = conf->cert[0] == '\0' ? NULL : conf->cert;
    tls.privateKey = conf->key[0] == '\0' ? NULL : conf->key;
    tls.disableDefaultTrustStore = tls.trustStore != NULL;
    tls.enableServerCertAuth = 1;
    tls.verify = 1;
    tls.sslVersion = MQTT_SSL_VERSION_DEFAULT;
    tls.enabledCipherSuites = CLIENT_CIPHERS;
    tls.ssl_error_cb = client_tls_error;
    tls.ssl_error_context = client;
    return tls;
}

static MQTTAsync_connectOptions client_options(struct mqtt_client *client) {
    const struct mqtt_client_conf *conf = &client->conf;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    if (conf->version == 5) {
        options = (MQTTAsync_connectOptions)MQTTAsync_connectOptions_initializer5;
        options.cleanstart = 1;
        options.onSuccess5 = client_connected5;
        options.onFailure5 = client_failed5;
    } else {
        options.MQTTVersion = MQTTVERSION_3_1_1;
        options.cleansession = 1;
        options.onSuccess = client_connected;
        options.onFailure = client_failed;
    }
    options.context = client;
    options.keepAliveInterval = (int)conf->keep_alive_s;
    options.maxInflight = (int)conf->window;
    options.retryInterval = 0;
    options.automaticReconnect = 0;
    return options;
}

int mqtt_client_connect(struct mqtt_client *client, uint32_t attempt, uint32_t limit_s,
                        const char *will_topic, const char *will, bool retained, int *ret_number) {
    const struct mqtt_client_conf *conf = &client->conf;
    char password[SECRET_SIZE];
    MQTTAsync_willOptions last = MQTTAsync_willOptions_initializer;
    MQTTAsync_SSLOptions tls = client_tls_options(client);
    MQTTAsync_connectOptions options = client_options(client);
    last.topicName = will_topic;
    last.message = will;
    last.qos = 1;
    last.retained = retained;
    options.will = &last;
    options.connectTimeout = (int)limit_s;
    if (strncmp(conf->address, "ssl://", 6) == 0) {
        options.ssl = &tls;
    }
    if (conf->user[0] != '\0') {
        options.username = conf->user;
    }
    if (conf->password_file[0] != '\0') {
        if (secret_file_read(conf->password_file, password) != NULL) {
            return MQTT_CLIENT_E_PASSWORD;
        }
        options.password = password;
    }
    atomic_store(&client->attempt, attempt);
    int number = MQTTAsync_connect(client->handle, &options);
    explicit_bzero(password, sizeof password);
    if (number != MQTTASYNC_SUCCESS) {
        *ret_number = number;
        return MQTT_CLIENT_E_REFUSED;
    }
    return 0;
}

bool mqtt_client_is_connected(struct mqtt_client *client) {
    return MQTTAsync_isConnected(client->handle) != 0;
}

/* Hand a message over; the library copies what it points to, and forgot the const. */
static int client_send(struct mqtt_client *client, const char *topic, MQTTAsync_message *message,
                       uint32_t *ret_key) {
    message->qos = 1;
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    response.context = client;
    if (client->conf.version == 5) {
        response.onSuccess5 = client_taken5;
        response.onFailure5 = client_refused5;
    } else {
        response.onSuccess = client_taken;
        response.onFailure = client_refused;
    }
    if (MQTTAsync_sendMessage(client->handle, topic, message, &response) != MQTTASYNC_SUCCESS) {
        return MQTT_CLIENT_E_REFUSED;
    }
    *ret_key = (uint32_t)response.token;
    return 0;
}

int mqtt_client_publish(struct mqtt_client *client, const char *topic, const void *payload,
                        size_t size, bool retained, uint32_t *ret_key) {
    MQTTAsync_message message = MQTTAsync_message_initializer;
    message.payload = (void *)(uintptr_t)payload;
    message.payloadlen = (int)size;
    message.retained = retained;
    return client_send(client, topic, &message, ret_key);
}

int mqtt_client_answer(struct mqtt_client *client, const char *topic, const void *payload,
                       size_t size, const void *correlation, uint32_t correlation_size,
                       uint32_t *ret_key) {
    MQTTAsync_message message = MQTTAsync_message_initializer;
    message.payload = (void *)(uintptr_t)payload;
    message.payloadlen = (int)size;
    if (client->conf.version == 5 && correlation_size > 0) {
        MQTTProperty property = {.identifier = MQTTPROPERTY_CODE_CORRELATION_DATA};
        property.value.data.data = (char *)(uintptr_t)correlation;
        property.value.data.len = (int)correlation_size;
        (void)MQTTProperties_add(&message.properties, &property);
    }
    int r = client_send(client, topic, &message, ret_key);
    MQTTProperties_free(&message.properties);
    return r;
}

void mqtt_client_subscribe(struct mqtt_client *client, const char *filter) {
    /* A broker that does not allow it only leaves old states standing that we cannot see. */
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    /* What we publish ourselves need not come back (MQTT 5, 3.8.3.1); 3.1.1 has no such wish. */
    response.subscribeOptions.noLocal = client->conf.version == 5;
    (void)MQTTAsync_subscribe(client->handle, filter, 0, &response);
}

void mqtt_client_subscribe_own(struct mqtt_client *client, const char *topic) {
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    response.context = client;
    if (client->conf.version == 5) {
        response.onFailure5 = client_own_refused5;
    } else {
        response.onFailure = client_own_refused;
    }
    (void)MQTTAsync_subscribe(client->handle, topic, 0, &response);
}

void mqtt_client_subscribe_commands(struct mqtt_client *client) {
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    response.context = client;
    if (client->conf.version == 5) {
        response.onFailure5 = client_commands_refused5;
    } else {
        response.onFailure = client_commands_refused;
    }
    /* One that is sent to be retained is known as such from the first (MQTT 5, 3.8.3.1). */
    response.subscribeOptions.retainAsPublished = client->conf.version == 5;
    (void)MQTTAsync_subscribe(client->handle, client->conf.command_topic, 1, &response);
}

bool mqtt_client_disconnect(struct mqtt_client *client) {
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    if (client->conf.version == 5) {
        options = (MQTTAsync_disconnectOptions)MQTTAsync_disconnectOptions_initializer5;
        options.onSuccess5 = client_closed5;
        options.onFailure5 = client_close_failed5;
    } else {
        options.onSuccess = client_closed;
        options.onFailure = client_close_failed;
    }
    options.context = client;
    options.timeout = 0;
    return MQTTAsync_disconnect(client->handle, &options) == MQTTASYNC_SUCCESS;
}

const char *mqtt_client_reason(uint32_t version, const char *text) {
    /* What the library (1.3.12) says, and what it means to whoever set up the broker. */
    static const struct {
        const char *theirs, *ours;
    } reasons[] = {
        {"TCP connect completion failure",
         "it takes the connection and then closes it: is an MQTT broker there?"},
        {"TCP connect timeout",
         "it does not answer, or says nothing of MQTT: look at its address, port and firewall"},
        {"TCP/TLS connect failure", "nobody listens there, or the host cannot be reached"},
    };
    if (version != 5 && strcmp(text, reasons[0].theirs) == 0) {
        /* MQTT 3.1.1 has no reason codes for either, and mosquitto closes without a word. */
        return "it takes the connection and then closes it: is an MQTT broker there? One that holds no "
               "retained messages, or takes QoS 0 alone, does so too; with `version: 5` in the site's "
               "`mqtt` it says which";
    }
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (strcmp(text, reasons[i].theirs) == 0) {
            return reasons[i].ours;
        }
    }
    return text;
}

const char *mqtt_client_text(uint32_t version, int number) {
    static const char *const connack[] = {
        [1] = "the broker does not speak this version of MQTT",
        [2] = "the broker refuses our client id",
        [3] = "the broker is not available",
        [4] = "the broker refuses user name or password",
        [5] = "the broker does not authorize us",
    };
    if (version != 5 && number > 0 && (size_t)number < sizeof connack / sizeof *connack) {
        return connack[number];
    }
    const char *text = NULL;
    if (version == 5 && number == MQTTREASONCODE_QOS_NOT_SUPPORTED) {
        text =
            "the broker takes QoS 0 alone, and so never confirms that it has an event: nothing is "
            "sent to it, and the journal keeps all. Set its maximum QoS to 1 (mosquitto: `max_qos "
            "1`), or name another broker";
    } else if (version == 5 && number >= MQTTREASONCODE_UNSPECIFIED_ERROR) {
        text = MQTTReasonCode_toString((enum MQTTReasonCodes)number);
    } else if (number < 0) {
        text = number == MQTTASYNC_FAILURE ? "no connection" : MQTTAsync_strerror(number);
    }
    return text == NULL ? "no reason given" : text;
}
