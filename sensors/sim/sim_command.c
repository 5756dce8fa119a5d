/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_command.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

__attribute__((format(printf, 2, 3))) static void reply_write(char *reply, const char *format,
                                                              ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reply, SIM_COMMAND_REPLY_SIZE, format, arguments); /* may be cut short */
    va_end(arguments);
}

/* Cut the first word off `*rest`; "" when there is none. */
static char *word_take(char **rest) {
    *rest += strspn(*rest, " \t");
    char *word = *rest;
    *rest += strcspn(*rest, " \t");
    if (**rest != '\0') {
        *(*rest)++ = '\0';
    }
    *rest += strspn(*rest, " \t");
    return word;
}

static bool value_read(const char *text, double *ret_value) {
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        *ret_value = text[0] == 't';
        return true;
    }
    char *end;
    *ret_value = strtod(text, &end);
    return end != text && *end == '\0';
}

static void command_set(struct sim_field *field, char *rest, char *reply) {
    const char *id = word_take(&rest);
    uint32_t point = sim_field_point_find(field, id);
    double value;
    if (point == SIM_NONE) {
        reply_write(reply, "error no point %s in the site", id);
        return;
    }
    const struct sim_point_conf *conf = &sim_field_conf(field)->points[point];
    if (conf->output) {
        reply_write(reply, "error %s is an output: the gateway switches it", id);
    } else if (conf->topic != NULL && conf->pointer == NULL) {
        reply_write(reply, "error %s has no lasting value: use mqtt %s", id, conf->topic);
    } else if (!value_read(word_take(&rest), &value) || *rest != '\0') {
        reply_write(reply, "error usage: set POINT VALUE, a number, true, false or nan");
    } else if (!sim_field_holds(field, point, value)) {
        reply_write(reply, "error the registers of %s cannot hold that value", id);
    } else {
        sim_field_set(field, point, value);
        reply_write(reply, "ok");
    }
}

static void command_mqtt(struct sim_field *field, char *rest, char *reply) {
    const char *topic = word_take(&rest);
    uint32_t device = sim_field_topic_device(field, topic);
    if (device == SIM_NONE) {
        reply_write(reply, "error no point of the site listens to the topic %s", topic);
        return;
    }
    json_error_t error;
    json_t *payload = json_loads(rest, JSON_DECODE_ANY, &error);
    if (payload == NULL) {
        reply_write(reply, "error not JSON: %s", error.text);
        return;
    }
    json_decref(payload);
    if (sim_field_publish(field, device, topic, rest) != 0) {
        reply_write(reply, "error the device is down, or the broker has been away for too long");
        return;
    }
    reply_write(reply, "ok");
}

static bool device_is_mqtt(const struct sim_field *field, uint32_t device) {
    const struct sim_conf *conf = sim_field_conf(field);
    return conf->buses[conf->devices[device].bus].kind == SIM_BUS_MQTT;
}

static void command_device(struct sim_field *field, char *rest, char *reply) {
    const char *id = word_take(&rest);
    const char *what = word_take(&rest);
    uint32_t device = sim_field_device_find(field, id);
    enum sim_answer answer = sim_answer_find(what);
    if (device == SIM_NONE) {
        reply_write(reply, "error no device %s in the site", id);
        return;
    }
    bool up = strcmp(what, "up") == 0;
    bool down = strcmp(what, "down") == 0;
    if (!up && !down && answer == SIM_ANSWER_COUNT) {
        reply_write(reply, "error a device is down, up, garbage, drip, wrong_unit, short, long, "
                           "exception, close, late, silent or right");
        return;
    }
    if (!up && !down && device_is_mqtt(field, device)) {
        reply_write(reply, "error %s speaks MQTT: it is only up or down", id);
        return;
    }
    if (down) {
        sim_field_switch(field, device, true);
    } else {
        sim_field_answer(field, device, up ? SIM_ANSWER_RIGHT : answer);
        sim_field_switch(field, device, false);
    }
    reply_write(reply, "ok");
}

static void command_coil(struct sim_field *field, char *rest, char *reply) {
    const char *id = word_take(&rest);
    uint32_t point = sim_field_point_find(field, id);
    if (point == SIM_NONE || !sim_field_conf(field)->points[point].output) {
        reply_write(reply, "error no output %s in the site", id);
        return;
    }
    reply_write(reply, "ok %d", sim_field_is_on(field, point) ? 1 : 0);
}

static void command_polls(struct sim_field *field, char *rest, char *reply) {
    const char *id = word_take(&rest);
    uint32_t device = sim_field_device_find(field, id);
    if (device == SIM_NONE || device_is_mqtt(field, device)) {
        reply_write(reply, "error no Modbus device %s in the site", id);
        return;
    }
    reply_write(reply, "ok %" PRIu64, sim_field_requests(field, device));
}

void sim_command_run(struct sim_field *field, char *line, char reply[SIM_COMMAND_REPLY_SIZE]) {
    static const struct {
        const char *word;
        void (*run)(struct sim_field *field, char *rest, char *reply);
    } commands[] = {
        {"set", command_set},   {"mqtt", command_mqtt},   {"device", command_device},
        {"coil", command_coil}, {"polls", command_polls},
    };
    char *rest = line;
    const char *word = word_take(&rest);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].word, word) == 0) {
            commands[i].run(field, rest, reply);
            return;
        }
    }
    reply_write(reply, "error the commands are set, mqtt, device, coil and polls");
}
