/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "gateway/config/config_scalar.h"

/*
 * Points: one signal each, and how it is read
 *
 * What a point may say depends on its kind and on its device's driver. A truth has no unit, a
 * quantity does not fit into a coil, a card reader tells of moments and cannot be polled: such
 * combinations are refused here, because at night nobody would see why a room is silent.
 */

enum { REGISTERS = 65536, BITS = 16 };

#define POINT_SILENCE_MIN_NS (2 * NS_PER_S)
#define POINT_SILENCE_MAX_NS (400 * CONFIG_DAY_NS)

static const struct {
    const char *word;
    uint8_t type;
    uint32_t registers;
} types[] = {
    {"u16", SITE_TYPE_U16, 1},     {"i16", SITE_TYPE_I16, 1}, {"u32", SITE_TYPE_U32, 2},
    {"i32", SITE_TYPE_I32, 2},     {"u64", SITE_TYPE_U64, 4}, {"i64", SITE_TYPE_I64, 4},
    {"f32", SITE_TYPE_F32, 2},     {"f64", SITE_TYPE_F64, 4}, {"bcd16", SITE_TYPE_BCD16, 1},
    {"bcd32", SITE_TYPE_BCD32, 2},
};

static const char *const table_words[] = {"coil", "discrete", "input", "holding"};

/* One point while it is being read. */
struct point_draft {
    struct config *config;
    struct config_point *point;
    const struct config_device *device;
    enum point_form form; /* POINT_FORM_… of its kind; of a truth when the kind is unknown */
    bool kind_known;
    const struct config_node *fields[CONFIG_FIELDS_MAX];
};

/* What a note about the point as a whole points at: its name, if it has one. */
static const struct config_node *point_head(const struct point_draft *draft) {
    const struct config_node *name = draft->fields[CONFIG_POINT_POINT];
    return name != NULL ? name : draft->point->node;
}

static void point_refuse(const struct point_draft *draft, int key, const char *why) {
    if (draft->fields[key] != NULL) {
        config_error(draft->config, draft->fields[key]->key, NULL, "`%s` does not belong here: %s",
                     draft->fields[key]->key->text, why);
    }
}

static void point_refuse_all(const struct point_draft *draft, const int *keys, uint32_t count,
                             const char *why) {
    for (uint32_t i = 0; i < count; i++) {
        point_refuse(draft, keys[i], why);
    }
}

/* Split "holding 12" into its table and address. */
static bool point_register(const struct point_draft *draft, const struct config_node *node,
                           uint8_t *ret_table, uint16_t *ret_address) {
    struct config *config = draft->config;
    uint32_t word_len = (uint32_t)strcspn(node->text, " ");
    const char *word = config_copy(&config->arena, node->text, word_len);
    uint32_t table = 0;
    while (table < 4 && strcmp(table_words[table], word) != 0) {
        table++;
    }
    if (table == 4) {
        const char *hint = config_suggestion(config, word, table_words, 4);
        config_note(config, CONFIG_ERROR, config_node_locate(node, 0, word_len),
                    hint != NULL ? hint : "one of: coil, discrete, input, holding",
                    "`%s` is no table of a Modbus device", word);
        return false;
    }
    const char *digits = node->text + word_len + (node->text[word_len] == ' ');
    uint32_t digit_count = (uint32_t)strspn(digits, "0123456789");
    bool leading_zero = digits[0] == '0' && digit_count > 1;
    uint32_t address = 0;
    for (uint32_t i = 0; i < digit_count && address < REGISTERS; i++) {
        address = address * 10 + (uint32_t)(digits[i] - '0');
    }
    if (digit_count == 0 || digits[digit_count] != '\0' || leading_zero || address >= REGISTERS) {
        config_note(
            config, CONFIG_ERROR,
            config_node_locate(node, (uint32_t)(digits - node->text), (uint32_t)strlen(digits)),
            "addresses count from 0, as on the wire; register 40001 of a manual is holding 0",
            "an address is a number from 0 to 65535");
        return false;
    }
    *ret_table = (uint8_t)(SITE_MODBUS_COIL + table);
    *ret_address = (uint16_t)address;
    return true;
}

/* How many registers the point takes, by its type. */
static uint32_t point_type(const struct point_draft *draft) {
    const struct config_node *node = draft->fields[CONFIG_POINT_TYPE];
    draft->point->row.modbus_type = SITE_TYPE_U16;
    const char *words[sizeof types / sizeof types[0]];
    for (uint32_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        words[i] = types[i].word;
    }
    uint32_t i;
    if (!config_word(draft->config, node, "a type of register", words,
                     sizeof types / sizeof types[0], &i)) {
        return 1;
    }
    draft->point->row.modbus_type = types[i].type;
    return types[i].registers;
}

/* A point in input or holding registers. */
/* The numbers by which a supervised input tells its states apart. */
static void point_states(const struct point_draft *draft) {
    struct config *config = draft->config;
    struct site_point *row = &draft->point->row;
    const struct config_node *states = draft->fields[CONFIG_POINT_STATES];
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    if (states == NULL || !config_fields(config, states, CONFIG_SHAPE_STATES, fields)) {
        return;
    }
    if (draft->kind_known && draft->form != POINT_FORM_TRUTH) {
        config_error(config, states, NULL, "a supervised input is on or off, but `%s` is not",
                     point_kind_facts(draft->point->kind)->name);
        return;
    }
    static const int foreign[] = {CONFIG_POINT_TYPE, CONFIG_POINT_BIT, CONFIG_POINT_INVERT};
    point_refuse_all(draft, foreign, 3, "`states` says what each number of the register means");
    for (int state = 0; state < SITE_STATE_COUNT; state++) {
        int64_t raw;
        if (!config_whole(config, fields[state], 0, REGISTERS - 1, &raw)) {
            continue;
        }
        for (int other = 0; other < state; other++) {
            if ((row->states & 1u << other) != 0 && row->state_raw[other] == raw) {
                config_error(config, fields[state], NULL, "%d means another state already",
                             (int)raw);
            }
        }
        row->states |= (uint8_t)(1u << state);
        row->state_raw[state] = (uint16_t)raw;
    }
}

static void point_in_registers(const struct point_draft *draft, const struct config_node *read) {
    struct config *config = draft->config;
    struct site_point *row = &draft->point->row;
    uint32_t registers = point_type(draft);
    static const char *const orders[] = {"ABCD", "CDAB", "BADC", "DCBA"};
    uint32_t order;
    if (config_word(config, draft->fields[CONFIG_POINT_ORDER], "an order of bytes", orders, 4,
                    &order)) {
        row->modbus_order = (uint8_t)order;
    }
    if (row->modbus_address + registers > REGISTERS) {
        config_error(config, read, NULL,
                     "%s takes %u registers, and holding and input registers end at 65535",
                     draft->fields[CONFIG_POINT_TYPE]->text, registers);
    }
    point_states(draft);
    int64_t bit;
    const struct config_node *bit_node = draft->fields[CONFIG_POINT_BIT];
    if (!config_whole(config, bit_node, 0, BITS - 1, &bit)) {
        return;
    }
    row->modbus_bit = (int8_t)bit;
    if (row->modbus_type != SITE_TYPE_U16) {
        config_error(config, bit_node, "leave `type` out",
                     "`bit` is one of a u16 register, not of %s",
                     draft->fields[CONFIG_POINT_TYPE]->text);
    } else if (draft->kind_known && draft->form != POINT_FORM_TRUTH) {
        config_error(config, bit_node, NULL, "a bit is on or off, but `%s` is a number",
                     point_kind_facts(draft->point->kind)->name);
    }
}

static void point_in_coil(const struct point_draft *draft, const struct config_node *read) {
    static const int foreign[] = {CONFIG_POINT_TYPE, CONFIG_POINT_ORDER, CONFIG_POINT_BIT,
                                  CONFIG_POINT_STATES};
    point_refuse_all(draft, foreign, 4, "a coil or discrete input is one bit");
    if (draft->kind_known &&
        (draft->form == POINT_FORM_NUMBER || draft->form == POINT_FORM_COUNTER)) {
        config_error(draft->config, read, "read it from an input or holding register",
                     "a coil or discrete input is on or off, but `%s` is a number",
                     point_kind_facts(draft->point->kind)->name);
    }
}

static void point_modbus_input(const struct point_draft *draft) {
    const struct config_node *read = draft->fields[CONFIG_POINT_READ];
    struct site_point *row = &draft->point->row;
    if (draft->form == POINT_FORM_EVENT) {
        config_error(draft->config, draft->fields[CONFIG_POINT_KIND],
                     "let the controller publish over MQTT",
                     "`%s` tells of single moments; polling would miss some and repeat others",
                     point_kind_facts(draft->point->kind)->name);
        return;
    }
    if (read == NULL) {
        if (config_node_member(draft->point->node, "read") == NULL &&
            draft->fields[CONFIG_POINT_WRITE] == NULL) {
            config_error(draft->config, point_head(draft), NULL,
                         "a point of a Modbus device needs `read`");
        }
        return;
    }
    if (!point_register(draft, read, &row->modbus_table, &row->modbus_address)) {
        return;
    }
    if (row->modbus_table == SITE_MODBUS_COIL || row->modbus_table == SITE_MODBUS_DISCRETE) {
        point_in_coil(draft, read);
    } else {
        point_in_registers(draft, read);
    }
}

static void point_output(const struct point_draft *draft) {
    struct config *config = draft->config;
    const struct config_node *write = draft->fields[CONFIG_POINT_WRITE];
    struct site_point *row = &draft->point->row;
    row->output = 1;
    static const int foreign[] = {CONFIG_POINT_READ,   CONFIG_POINT_TYPE,   CONFIG_POINT_ORDER,
                                  CONFIG_POINT_BIT,    CONFIG_POINT_STATES, CONFIG_POINT_DEADBAND,
                                  CONFIG_POINT_SILENCE};
    point_refuse_all(draft, foreign, 7, "an output is written");
    if (write == NULL) {
        if (config_node_member(draft->point->node, "write") == NULL) {
            config_error(config, point_head(draft), NULL, "an output needs `write`");
        }
        return;
    }
    if (!point_register(draft, write, &row->modbus_table, &row->modbus_address)) {
        return;
    }
    if (row->modbus_table != SITE_MODBUS_COIL) {
        config_error(config, write, "such as write: coil 0", "only coils can be written");
        return;
    }
    if (draft->device->bus == RULESET_NONE) {
        return;
    }
    const char *identity = config_format(&config->arena, "%u %u %u", draft->device->bus,
                                         draft->device->unit, row->modbus_address);
    uint32_t other = config_index_find(&config->output_index, identity);
    if (other != UINT32_MAX) {
        config_error(config, write, "two outputs on one coil would switch each other off",
                     "%s of this device is already the output %s", write->text,
                     config->points[other].id);
        return;
    }
    config_index_add(&config->arena, &config->output_index, identity,
                     (uint32_t)(draft->point - config->points));
}

static void point_modbus(const struct point_draft *draft) {
    static const int foreign[] = {CONFIG_POINT_TOPIC, CONFIG_POINT_VALUE, CONFIG_POINT_CODE,
                                  CONFIG_POINT_RESULT, CONFIG_POINT_TIME};
    point_refuse_all(draft, foreign, 5, "the device's driver is modbus");
    if (!draft->kind_known) {
        return;
    }
    if (draft->form == POINT_FORM_OUTPUT) {
        point_output(draft);
        return;
    }
    point_refuse(draft, CONFIG_POINT_WRITE, "this kind of point is read");
    point_refuse(draft, CONFIG_POINT_SILENCE, "it is polled: the `silence` of its device holds");
    point_modbus_input(draft);
}

/* A topic that is subscribed to: no wildcards, because a reading belongs to one point. */
static bool point_topic(const struct point_draft *draft) {
    const struct config_node *node = draft->fields[CONFIG_POINT_TOPIC];
    struct config *config = draft->config;
    if (node == NULL) {
        if (config_node_member(draft->point->node, "topic") == NULL) {
            config_error(config, point_head(draft), NULL,
                         "a point of an MQTT device needs `topic`");
        }
        return false;
    }
    if (!config_text(config, node, &draft->point->topic)) {
        return false;
    }
    uint32_t wild = (uint32_t)strcspn(node->text, "+#");
    if (node->text[wild] != '\0') {
        config_note(config, CONFIG_ERROR, config_node_locate(node, wild, 1),
                    "give each point the topic of its own sensor",
                    "a point's topic has no wildcards");
        return false;
    }
    if (node->text[0] == '$') {
        config_error(config, node, NULL, "topics that begin with $ are the broker's own");
        return false;
    }
    return true;
}

/* A JSON pointer (RFC 6901): empty, or words that each begin with a slash; ~ is written ~0, / is
 * ~1. */
static void point_pointer(const struct point_draft *draft, int key, const char **ret) {
    const struct config_node *node = draft->fields[key];
    if (node == NULL) {
        return;
    }
    struct config *config = draft->config;
    if (node->len == 0 && key != CONFIG_POINT_VALUE) {
        config_error(config, node, "such as /card", "only a value can be the whole message");
        return;
    }
    if (node->len > 0 && node->text[0] != '/') {
        config_error(config, node, config_format(&config->arena, "such as /%s", node->text),
                     "a place in a JSON message begins with a slash");
        return;
    }
    for (uint32_t i = 0; i < node->len; i++) {
        if (node->text[i] == '~' && node->text[i + 1] != '0' && node->text[i + 1] != '1') {
            config_note(config, CONFIG_ERROR, config_node_locate(node, i, 1), NULL,
                        "in a JSON pointer ~ is written ~0, and / in a name ~1");
            return;
        }
    }
    *ret = node->text;
}

static void point_need(const struct point_draft *draft, int key, const char *name) {
    if (draft->fields[key] == NULL && config_node_member(draft->point->node, name) == NULL) {
        config_error(draft->config, point_head(draft), NULL, "a point of kind `%s` needs `%s`",
                     point_kind_facts(draft->point->kind)->name, name);
    }
}

static void point_mqtt(const struct point_draft *draft) {
    struct config_point *point = draft->point;
    static const int foreign[] = {CONFIG_POINT_READ,  CONFIG_POINT_WRITE, CONFIG_POINT_TYPE,
                                  CONFIG_POINT_ORDER, CONFIG_POINT_BIT,   CONFIG_POINT_STATES};
    point_refuse_all(draft, foreign, 6, "the device's driver is mqtt");
    (void)point_topic(draft);
    point_pointer(draft, CONFIG_POINT_VALUE, &point->value);
    point_pointer(draft, CONFIG_POINT_CODE, &point->code);
    point_pointer(draft, CONFIG_POINT_RESULT, &point->result);
    point_pointer(draft, CONFIG_POINT_TIME, &point->time);
    if (!draft->kind_known) {
        return;
    }
    if (draft->form == POINT_FORM_OUTPUT) {
        config_error(draft->config, draft->fields[CONFIG_POINT_KIND],
                     "connect it to a coil of a Modbus device",
                     "outputs are not switched over MQTT");
        return;
    }
    if (draft->form == POINT_FORM_EVENT) {
        point_refuse(draft, CONFIG_POINT_VALUE, "an event point has a `code`");
        point_need(draft, CONFIG_POINT_CODE, "code");
        if (point->kind == POINT_ACCESS_READER) {
            point_need(draft, CONFIG_POINT_RESULT, "result");
        } else {
            point_refuse(draft, CONFIG_POINT_RESULT, "only an access reader grants and denies");
        }
        return;
    }
    /* Where nobody says where a quantity stands it can only be all of the message; a contact without it
       is told by each message, whatever that says. */
    const struct config_node *value = draft->fields[CONFIG_POINT_VALUE];
    bool quantity = draft->form == POINT_FORM_NUMBER || draft->form == POINT_FORM_COUNTER;
    point->row.mqtt_whole = value != NULL ? value->len == 0 : quantity;
    point_refuse(draft, CONFIG_POINT_CODE, "only event points carry a code");
    point_refuse(draft, CONFIG_POINT_RESULT, "only an access reader grants and denies");
}

/* Scale, offset, unit, range: of quantities only. */
static void point_number(const struct point_draft *draft) {
    struct config *config = draft->config;
    struct site_point *row = &draft->point->row;
    const struct config_node *const *fields = draft->fields;
    (void)config_number(config, fields[CONFIG_POINT_SCALE], &row->scale);
    (void)config_number(config, fields[CONFIG_POINT_OFFSET], &row->offset);
    (void)config_number(config, fields[CONFIG_POINT_DEADBAND], &row->deadband);
    if (fields[CONFIG_POINT_SCALE] != NULL && row->scale == 0) {
        config_error(config, fields[CONFIG_POINT_SCALE], NULL, "a scale of 0 makes every value 0");
    }
    if (row->deadband < 0) {
        config_error(config, fields[CONFIG_POINT_DEADBAND], NULL, "`deadband` cannot be negative");
    }
    (void)config_number(config, fields[CONFIG_POINT_MIN], &row->min);
    (void)config_number(config, fields[CONFIG_POINT_MAX], &row->max);
    /* The site narrows what its kind can be, and never widens it. */
    struct point_kind_range range = point_kind_range(draft->point->kind);
    row->min = row->min > range.least ? row->min : range.least;
    row->max = row->max < range.most ? row->max : range.most;
    if (row->min >= row->max) {
        config_error(config,
                     fields[fields[CONFIG_POINT_MAX] != NULL ? CONFIG_POINT_MAX : CONFIG_POINT_MIN],
                     NULL, "`max` must be greater than `min`");
    }
    const struct config_node *unit_node = fields[CONFIG_POINT_UNIT];
    if (unit_node == NULL) {
        return;
    }
    enum unit unit = unit_find(unit_node->text, unit_node->len);
    enum unit own = point_kind_facts(draft->point->kind)->unit;
    if (unit == UNIT_COUNT) {
        config_error(config, unit_node, "ms s min h d % °C ppm ppb lx m2 V mV dB",
                     "`%s` is no unit", unit_node->text);
    } else if (unit_facts(unit)->dimension != unit_facts(own)->dimension) {
        config_error(config, unit_node, NULL, "`%s` is %s, but `%s` is %s", unit_node->text,
                     dimension_name(unit_facts(unit)->dimension),
                     point_kind_facts(draft->point->kind)->name,
                     dimension_name(unit_facts(own)->dimension));
    } else {
        row->unit = (uint8_t)unit;
    }
}

/* What a value is made of, and how long it may be missing. */
static void point_value(const struct point_draft *draft) {
    struct config_point *point = draft->point;
    bool number = draft->form == POINT_FORM_NUMBER || draft->form == POINT_FORM_COUNTER;
    if (number) {
        point->row.unit = (uint8_t)point_kind_facts(point->kind)->unit;
        point_refuse(draft, CONFIG_POINT_INVERT, "only what is on or off can be inverted");
        point_number(draft);
    } else {
        static const int foreign[] = {CONFIG_POINT_SCALE,    CONFIG_POINT_OFFSET, CONFIG_POINT_UNIT,
                                      CONFIG_POINT_DEADBAND, CONFIG_POINT_MIN,    CONFIG_POINT_MAX};
        point_refuse_all(draft, foreign, 6, "this kind of point has no quantity");
        bool invert = false;
        if (draft->form == POINT_FORM_EVENT) {
            point_refuse(draft, CONFIG_POINT_INVERT, "an event point is neither on nor off");
        } else if (config_truth(draft->config, draft->fields[CONFIG_POINT_INVERT], &invert)) {
            point->row.invert = invert;
        }
    }
    /* Moments come when they come, and an output says nothing: both live as long as their device.
     */
    bool watched = draft->form != POINT_FORM_EVENT && draft->form != POINT_FORM_OUTPUT;
    bool calls = draft->kind_known && point_kind_is_call(point->kind);
    point->silence_ns = !watched ? 0
                        : calls  ? draft->device->call_silence_ns
                                 : draft->device->point_silence_ns;
    (void)config_span(draft->config, draft->fields[CONFIG_POINT_SILENCE], POINT_SILENCE_MIN_NS,
                      POINT_SILENCE_MAX_NS, &point->silence_ns);
}

/* Whose card says that he has come. */
static void point_attends(const struct point_draft *draft) {
    struct config_point *point = draft->point;
    const struct config_node *node = draft->fields[CONFIG_POINT_ATTENDS];
    if (node != NULL && draft->form != POINT_FORM_EVENT) {
        config_error(draft->config, node->key,
                     "a button that says so is a point of kind `attend_button`",
                     "`attends` does not belong here: only a card at an `access_reader` or a "
                     "`checkpoint` says who has come");
    } else {
        (void)config_truth(draft->config, node, &point->attends);
    }
}

/* Who the point is: its place, its name, its kind. */
static void point_identity(struct point_draft *draft) {
    struct config *config = draft->config;
    struct config_point *point = draft->point;
    const struct config_node *place = draft->fields[CONFIG_POINT_PLACE];
    if (place != NULL) {
        point->place = config_index_find(&config->place_index, place->text);
        if (point->place == RULESET_NONE) {
            config_error(config, place, config_place_hint(config, place->text),
                         "there is no place `%s`", place->text);
        }
    }
    draft->kind_known = config_point_kind(config, draft->fields[CONFIG_POINT_KIND], &point->kind);
    draft->form = draft->kind_known ? point_kind_facts(point->kind)->form : POINT_FORM_TRUTH;
    const char *name;
    if (!config_id(config, draft->fields[CONFIG_POINT_POINT], CONFIG_ID_PLAIN, &name) ||
        point->place == RULESET_NONE) {
        config->field_sound = false;
        return;
    }
    point->id = config_format(&config->arena, "%s/%s", config->places[point->place].id, name);
    if (config_index_find(&config->place_index, point->id) != UINT32_MAX) {
        config_error(config, draft->fields[CONFIG_POINT_POINT], "call the point something else",
                     "there is a place %s already", point->id);
    }
    (void)config_claim(config, &config->point_index, draft->fields[CONFIG_POINT_POINT], point->id,
                       (uint32_t)(point - config->points), "points");
}

static void point_check(struct config *config, uint32_t device, const struct config_node *node) {
    struct point_draft draft = {.config = config};
    if (!config_fields(config, node, CONFIG_SHAPE_POINT, draft.fields)) {
        config->field_sound = false;
        return;
    }
    if (config->point_count == LIMIT_POINTS) {
        config_error(config, node, NULL, "a site has at most %d points", LIMIT_POINTS);
        config->field_sound = false;
        return;
    }
    config->points = config_grow(&config->arena, config->points, config->point_count,
                                 &config->point_room, sizeof *config->points);
    draft.point = &config->points[config->point_count++];
    draft.device = &config->devices[device];
    *draft.point = (struct config_point){
        .node = node,
        .id = "?",
        .place = RULESET_NONE,
        .device = device,
        .kind = POINT_KIND_COUNT,
        .row = {.scale = 1, .min = -(double)INFINITY, .max = (double)INFINITY, .modbus_bit = -1},
    };
    point_identity(&draft);
    if (draft.kind_known) {
        point_value(&draft);
        point_attends(&draft);
    } else {
        config->field_sound = false;
    }
    if (draft.device->driver == CONFIG_DRIVER_MODBUS) {
        point_modbus(&draft);
    } else if (draft.device->driver == CONFIG_DRIVER_MQTT) {
        point_mqtt(&draft);
    }
}

const char *config_point_hint(struct config *config, const char *wrong) {
    if (config->point_ids == NULL) {
        config->point_ids =
            config_alloc(&config->arena, config->point_count + 1, sizeof *config->point_ids);
        for (uint32_t i = 0; i < config->point_count; i++) {
            config->point_ids[i] = config->points[i].id;
        }
    }
    return config_suggestion(config, wrong, config->point_ids, config->point_count);
}

void config_points_check(struct config *config, uint32_t device, const struct config_node *nodes) {
    for (const struct config_node *item = nodes->first; item != NULL; item = item->next) {
        point_check(config, device, item);
    }
}
