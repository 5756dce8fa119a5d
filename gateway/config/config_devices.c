/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/config/config_scalar.h"

/*
 * Devices, and the buses that they are on
 *
 * An address is a bus: devices that name the same one share its connection or line. A line that two
 * devices describe differently is an error, because it has one speed only.
 *
 * How long a device may be silent, unless the site says otherwise:
 *
 *   Modbus  three polls and at least 2 s without a good answer (model.md 5), and 1.5 s on top,
 *           because the field process tells of good answers once a second
 *   MQTT    5 s without a word from the field process, which speaks for the device once a second
 *           while the broker's connection stands. Its points are watched one by one: 2 h those that
 *           call for help, because nobody finds out that a button is dead until it is needed, and
 *           25 h the others (model.md 5)
 */

#define POLL_MIN_NS           (10 * NS_PER_MS)
#define POLL_MAX_NS           (CONFIG_HOUR_NS)
#define POLL_DEFAULT_NS       (1 * NS_PER_S)
#define TIMEOUT_MIN_NS        (10 * NS_PER_MS)
#define TIMEOUT_MAX_NS        (CONFIG_MINUTE_NS)
#define TIMEOUT_DEFAULT_NS    (1 * NS_PER_S)
#define SILENCE_MIN_NS        (2 * NS_PER_S)
#define SILENCE_MAX_NS        (400 * CONFIG_DAY_NS)
#define HEARTBEAT_SLACK_NS    (1500 * NS_PER_MS)
#define MQTT_SILENCE_NS       (5 * NS_PER_S)
#define MQTT_CALL_SILENCE_NS  (2 * CONFIG_HOUR_NS)
#define MQTT_POINT_SILENCE_NS (25 * CONFIG_HOUR_NS)

static uint32_t device_bus_find(const struct config *config, const char *identity) {
    return config_index_find(&config->bus_index, identity);
}

/* Enter a bus under what makes it one, or find it. */
static uint32_t device_bus(struct config *config, const char *identity,
                           const struct config_bus *bus) {
    uint32_t index = device_bus_find(config, identity);
    if (index != UINT32_MAX) {
        return index;
    }
    config->buses = config_grow(&config->arena, config->buses, config->bus_count, &config->bus_room,
                                sizeof *config->buses);
    config->buses[config->bus_count] = *bus;
    config_index_add(&config->arena, &config->bus_index, identity, config->bus_count);
    return config->bus_count++;
}

/* "tcp://host:port" of a device or of the broker that sensors publish to. */
static uint32_t device_tcp(struct config *config, const struct config_node *node,
                           enum site_bus_kind kind, uint32_t default_port) {
    struct config_bus bus = {.node = node, .kind = kind, .address = node->text};
    if (!config_host_port(config, node, 6, node->text + 6, default_port, &bus.host, &bus.port)) {
        return RULESET_NONE;
    }
    const char *identity = config_format(&config->arena, "%d %s %u", kind, bus.host, bus.port);
    return device_bus(config, identity, &bus);
}

static const char *const parity_words[] = {"none", "even", "odd"};
static const char parity_letters[] = {'N', 'E', 'O'};

/* One "name=value" of a line's address, `at` bytes into it. */
static bool device_line_setting(struct config *config, const struct config_node *node, uint32_t at,
                                uint32_t len, struct config_bus *bus) {
    static const char *const names[] = {"baud", "parity", "stop"};
    static const char *const bauds[] = {"1200",  "2400",  "4800",  "9600",
                                        "19200", "38400", "57600", "115200"};
    static const uint32_t baud_numbers[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};
    const char *setting = config_copy(&config->arena, node->text + at, len);
    const char *equals = strchr(setting, '=');
    uint32_t name_len = equals != NULL ? (uint32_t)(equals - setting) : len;
    const char *name = config_copy(&config->arena, setting, name_len);
    const char *value = equals != NULL ? equals + 1 : "";
    struct config_mark value_mark =
        config_node_locate(node, at + name_len + 1, (uint32_t)strlen(value));
    if (strcmp(name, "baud") == 0) {
        for (uint32_t i = 0; i < sizeof bauds / sizeof bauds[0]; i++) {
            if (strcmp(value, bauds[i]) == 0) {
                bus->baud = baud_numbers[i];
                return true;
            }
        }
        config_note(config, CONFIG_ERROR, value_mark,
                    "one of: 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200",
                    "`%s` is no speed of a line", value);
        return false;
    }
    if (strcmp(name, "parity") == 0) {
        for (uint32_t i = 0; i < sizeof parity_words / sizeof parity_words[0]; i++) {
            if (strcmp(value, parity_words[i]) == 0) {
                bus->parity = (uint32_t)parity_letters[i];
                return true;
            }
        }
        config_note(config, CONFIG_ERROR, value_mark, "one of: none, even, odd",
                    "`%s` is no parity", value);
        return false;
    }
    if (strcmp(name, "stop") == 0) {
        if (strcmp(value, "1") == 0 || strcmp(value, "2") == 0) {
            bus->stop_bits = (uint32_t)(value[0] - '0');
            return true;
        }
        config_note(config, CONFIG_ERROR, value_mark, NULL, "`stop` is 1 or 2");
        return false;
    }
    const char *hint = config_suggestion(config, name, names, 3);
    config_note(config, CONFIG_ERROR, config_node_locate(node, at, name_len),
                hint != NULL ? hint : "one of: baud, parity, stop", "a line has no setting `%s`",
                name);
    return false;
}

/* "rtu:path?baud=9600&parity=none&stop=1" */
static uint32_t device_line(struct config *config, const struct config_node *node) {
    /* The specification's own default is even parity; what is on the market is almost always 9600
     * 8N1. */
    struct config_bus bus = {.node = node,
                             .kind = SITE_BUS_MODBUS_RTU,
                             .address = node->text,
                             .baud = 9600,
                             .parity = 'N',
                             .stop_bits = 1};
    uint32_t at = 4;
    uint32_t path_len = (uint32_t)strcspn(node->text + at, "?");
    if (path_len == 0) {
        config_error(config, node, "such as rtu:/dev/ttyUSB0?baud=9600&parity=none&stop=1",
                     "the address names no line");
        return RULESET_NONE;
    }
    const char *path = config_copy(&config->arena, node->text + at, path_len);
    bus.host = config_source_path(config, node->mark.source, path);
    bool sound = true;
    at += path_len;
    while (node->text[at] != '\0') {
        at++; /* past ? or & */
        uint32_t len = (uint32_t)strcspn(node->text + at, "&");
        sound = device_line_setting(config, node, at, len, &bus) && sound;
        at += len;
    }
    if (!sound) {
        return RULESET_NONE;
    }
    const char *identity = config_format(&config->arena, "line %s", bus.host);
    uint32_t index = device_bus_find(config, identity);
    if (index != UINT32_MAX) {
        const struct config_bus *other = &config->buses[index];
        if (other->baud != bus.baud || other->parity != bus.parity ||
            other->stop_bits != bus.stop_bits) {
            config_error(config, node,
                         "a line has one speed, one parity and one number of stop bits",
                         "another device opens %s with other settings", path);
            return RULESET_NONE;
        }
    }
    return device_bus(config, identity, &bus);
}

static uint32_t device_modbus_address(struct config *config, const struct config_node *node) {
    if (strncmp(node->text, "tcp://", 6) == 0) {
        return device_tcp(config, node, SITE_BUS_MODBUS_TCP, 502);
    }
    if (strncmp(node->text, "rtu:", 4) == 0) {
        return device_line(config, node);
    }
    config_error(config, node, "such as tcp://192.168.1.20:502, or rtu:/dev/ttyUSB0?baud=9600",
                 "a Modbus address begins with tcp:// or rtu:");
    return RULESET_NONE;
}

static uint32_t device_broker_address(struct config *config, const struct config_node *node) {
    if (strncmp(node->text, "tcp://", 6) == 0) {
        return device_tcp(config, node, SITE_BUS_MQTT, 1883);
    }
    config_error(config, node, "such as tcp://127.0.0.1:1883",
                 "the broker that sensors publish to is reached by tcp://");
    return RULESET_NONE;
}

/* Note every key that belongs to the other driver. */
static void device_foreign(struct config *config, const char *driver,
                           const struct config_node *const *fields, const int *keys,
                           uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (fields[keys[i]] != NULL) {
            config_error(config, fields[keys[i]]->key, NULL, "`%s` means nothing to the driver %s",
                         fields[keys[i]]->key->text, driver);
        }
    }
}

static void device_need(struct config *config, const struct config_node *node,
                        const struct config_node *const *fields, int key, const char *what) {
    if (fields[key] == NULL && config_node_member(node, what) == NULL) {
        config_error(config, fields[CONFIG_DEVICE_DRIVER], NULL,
                     "a device with this driver needs `%s`", what);
    }
}

static void device_modbus(struct config *config, struct config_device *device,
                          const struct config_node *const *fields) {
    static const int foreign[] = {CONFIG_DEVICE_BROKER};
    device_foreign(config, "modbus", fields, foreign, 1);
    device_need(config, device->node, fields, CONFIG_DEVICE_ADDRESS, "address");
    if (fields[CONFIG_DEVICE_ADDRESS] != NULL) {
        device->bus = device_modbus_address(config, fields[CONFIG_DEVICE_ADDRESS]);
    }
    int64_t unit = 1;
    bool line =
        device->bus != RULESET_NONE && config->buses[device->bus].kind == SITE_BUS_MODBUS_RTU;
    /* 0 is a broadcast on a line: nobody answers it. */
    (void)config_whole(config, fields[CONFIG_DEVICE_UNIT], line ? 1 : 0, line ? 247 : 255, &unit);
    device->unit = (uint32_t)unit;
    device->poll_ns = POLL_DEFAULT_NS;
    device->timeout_ns = TIMEOUT_DEFAULT_NS;
    (void)config_span(config, fields[CONFIG_DEVICE_POLL], POLL_MIN_NS, POLL_MAX_NS,
                      &device->poll_ns);
    (void)config_span(config, fields[CONFIG_DEVICE_TIMEOUT], TIMEOUT_MIN_NS, TIMEOUT_MAX_NS,
                      &device->timeout_ns);
    uint64_t three_polls = 3 * device->poll_ns;
    device->silence_ns =
        (three_polls > SILENCE_MIN_NS ? three_polls : SILENCE_MIN_NS) + HEARTBEAT_SLACK_NS;
    uint64_t shortest = device->poll_ns + HEARTBEAT_SLACK_NS;
    (void)config_span(config, fields[CONFIG_DEVICE_SILENCE],
                      shortest > SILENCE_MIN_NS ? shortest : SILENCE_MIN_NS, SILENCE_MAX_NS,
                      &device->silence_ns);
}

static void device_mqtt(struct config *config, struct config_device *device,
                        const struct config_node *const *fields) {
    static const int foreign[] = {CONFIG_DEVICE_ADDRESS, CONFIG_DEVICE_UNIT, CONFIG_DEVICE_POLL,
                                  CONFIG_DEVICE_TIMEOUT};
    device_foreign(config, "mqtt", fields, foreign, 4);
    device_need(config, device->node, fields, CONFIG_DEVICE_BROKER, "broker");
    if (fields[CONFIG_DEVICE_BROKER] != NULL) {
        device->bus = device_broker_address(config, fields[CONFIG_DEVICE_BROKER]);
    }
    device->silence_ns = MQTT_SILENCE_NS;
    device->point_silence_ns = MQTT_POINT_SILENCE_NS;
    device->call_silence_ns = MQTT_CALL_SILENCE_NS;
    if (config_span(config, fields[CONFIG_DEVICE_SILENCE], SILENCE_MIN_NS, SILENCE_MAX_NS,
                    &device->point_silence_ns)) {
        device->call_silence_ns = device->point_silence_ns;
    }
}

static void device_check(struct config *config, const struct config_node *node) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    if (!config_fields(config, node, CONFIG_SHAPE_DEVICE, fields)) {
        config->field_sound = false;
        return;
    }
    if (config->device_count == LIMIT_DEVICES) {
        config_error(config, node, NULL, "a site has at most %d devices", LIMIT_DEVICES);
        config->field_sound = false;
        return;
    }
    config->devices = config_grow(&config->arena, config->devices, config->device_count,
                                  &config->device_room, sizeof *config->devices);
    uint32_t index = config->device_count++;
    struct config_device *device = &config->devices[index];
    *device = (struct config_device){
        .node = node, .id = "?", .driver = CONFIG_DRIVER_COUNT, .bus = RULESET_NONE};
    if (config_id(config, fields[CONFIG_DEVICE_ID], CONFIG_ID_PLAIN, &device->id)) {
        (void)config_claim(config, &config->device_index, fields[CONFIG_DEVICE_ID], device->id,
                           index, "devices");
    }
    static const char *const drivers[CONFIG_DRIVER_COUNT] = {"modbus", "mqtt"};
    if (!config_word(config, fields[CONFIG_DEVICE_DRIVER], "a driver", drivers, CONFIG_DRIVER_COUNT,
                     &device->driver)) {
        /* Its points are entered nevertheless, so that what refers to them does not look wrong. */
        config->field_sound = false;
    } else if (device->driver == CONFIG_DRIVER_MODBUS) {
        device_modbus(config, device, fields);
    } else {
        device_mqtt(config, device, fields);
    }
    if (fields[CONFIG_DEVICE_POINTS] != NULL) {
        config_points_check(config, index, fields[CONFIG_DEVICE_POINTS]);
    }
}

void config_devices_check(struct config *config, const struct config_node *devices) {
    for (const struct config_node *item = devices->first; item != NULL; item = item->next) {
        device_check(config, item);
    }
}
