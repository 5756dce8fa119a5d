/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/paho.h"

#include <errno.h>

int paho_client_new(const char *uri, const char *client_id, void *context,
                    MQTTAsync_connectionLost *lost, MQTTAsync_messageArrived *arrived,
                    MQTTAsync *ret_client) {
    /* OpenSSL 3 initialises itself, and other parts of this process use it too. */
    MQTTAsync_init_options init = MQTTAsync_init_options_initializer;
    init.do_openssl_init = 0;
    MQTTAsync_global_init(&init);
    if (MQTTAsync_create(ret_client, uri, client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL) !=
        MQTTASYNC_SUCCESS) {
        *ret_client = NULL;
        return -ENOMEM;
    }
    /* Fails only for a client that is connected already. */
    (void)MQTTAsync_setCallbacks(*ret_client, context, lost, arrived, NULL);
    return 0;
}

MQTTAsync_connectOptions paho_connect_options(bool clean, int in_flight,
                                              MQTTAsync_onSuccess *connected,
                                              MQTTAsync_onFailure *refused, void *context) {
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.cleansession = clean;
    options.keepAliveInterval = PAHO_KEEPALIVE_S;
    options.connectTimeout = PAHO_CONNECT_S;
    options.automaticReconnect = 0;
    options.retryInterval = 0;
    options.maxInflight = in_flight;
    options.onSuccess = connected;
    options.onFailure = refused;
    options.context = context;
    return options;
}

MQTTAsync_disconnectOptions paho_leave_options(int wait_ms, MQTTAsync_onSuccess *left,
                                               MQTTAsync_onFailure *not_left, void *context) {
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    options.timeout = wait_ms;
    options.onSuccess = left;
    options.onFailure = not_left;
    options.context = context;
    return options;
}
