/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/story.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/config/config_model.h"
#include "gateway/config/config_scalar.h"
#include "gateway/config/config_shape.h"
#include "gateway/config/site_names.h"
#include "sensors/sim/sim_life.h"

enum {
    SPAN_MIN_NS = NS_PER_MS,
    PAYLOAD_MAX = 8192, /* what the gateway takes from a sensor */
    PEOPLE_MAX = 100000,
};

#define SPAN_MAX_NS  (30ull * 86400 * NS_PER_S)
#define SPEED_MIN    0.01
#define SPEED_MAX    1000.0
#define SEED_DEFAULT 7

/* How full a place is on an ordinary day. */
#define EVERYDAY_SHARE 0.25

struct reader {
    struct config *config;
    const struct site *site;
    struct sim_act *acts;
    uint32_t act_count, act_room;
    struct sim_people_conf *people;
    uint32_t people_count, people_room;
    struct sim_climate_conf *climate;
    uint32_t climate_count, climate_room;
};

/* ---- finding what a story names ------------------------------------------------------------- */

static const char *topic_name(const struct site *site, uint32_t point) {
    return site_text(site, site->points[point].mqtt_topic);
}

/* The device whose point listens to a topic. */
static uint32_t topic_find(struct reader *reader, const struct config_node *key) {
    uint32_t count = reader->site->ruleset.point_count;
    for (uint32_t i = 0; i < count; i++) {
        if (reader->site->points[i].mqtt_topic != 0 &&
            strcmp(topic_name(reader->site, i), key->text) == 0) {
            return reader->site->ruleset.points[i].device;
        }
    }
    config_error(reader->config, key,
                 site_names_hint(reader->config, reader->site, key->text, count, topic_name),
                 "no point of the site listens to the topic `%s`", key->text);
    return RULESET_NONE;
}

/* ---- JSON of a payload ---------------------------------------------------------------------- */

static const char *json_text(struct config *config, const char *text) {
    const char *json = "\"";
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\') {
            json = config_format(&config->arena, "%s\\%c", json, *at);
        } else if ((unsigned char)*at < 0x20) {
            json = config_format(&config->arena, "%s\\u%04x", json, (unsigned)*at);
        } else {
            json = config_format(&config->arena, "%s%c", json, *at);
        }
    }
    return config_format(&config->arena, "%s\"", json);
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool json_is_number(const char *text) {
    static const char digits[] = "0123456789";
    text += *text == '-';
    size_t whole = strspn(text, digits);
    if (whole == 0 || (text[0] == '0' && whole > 1)) {
        return false;
    }
    text += whole;
    if (*text == '.') {
        size_t part = strspn(++text, digits);
        if (part == 0) {
            return false;
        }
        text += part;
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '+' || *text == '-';
        size_t power = strspn(text, digits);
        if (power == 0) {
            return false;
        }
        text += power;
    }
    return *text == '\0';
}

static const char *json_scalar(struct config *config, const struct config_node *node) {
    bool plain = node->style == CONFIG_PLAIN;
    if (plain && (node->len == 0 || strcmp(node->text, "null") == 0)) {
        return "null";
    }
    if (plain && (json_is_number(node->text) || strcmp(node->text, "true") == 0 ||
                  strcmp(node->text, "false") == 0)) {
        return node->text;
    }
    return json_text(config, node->text);
}

/* The node as JSON. Recursion is bounded: a source is at most CONFIG_DEPTH_MAX deep. */
static const char *json_node(struct config *config, const struct config_node *node) {
    if (node->kind == CONFIG_SCALAR) {
        return json_scalar(config, node);
    }
    bool map = node->kind == CONFIG_MAP;
    const char *json = map ? "{" : "[";
    for (const struct config_node *member = node->first; member != NULL; member = member->next) {
        const char *comma = member == node->first ? "" : ",";
        const char *value = json_node(config, member);
        json = map ? config_format(&config->arena, "%s%s%s:%s", json, comma,
                                   json_text(config, member->key->text), value)
                   : config_format(&config->arena, "%s%s%s", json, comma, value);
    }
    return config_format(&config->arena, "%s%c", json, map ? '}' : ']');
}

/* ---- the acts ------------------------------------------------------------------------------- */

static void act_add(struct reader *reader, struct sim_act act) {
    reader->acts = config_grow(&reader->config->arena, reader->acts, reader->act_count,
                               &reader->act_room, sizeof *reader->acts);
    reader->acts[reader->act_count++] = act;
}

static bool point_is_truth(const struct site *site, uint32_t point) {
    enum point_kind kind = (enum point_kind)site->ruleset.points[point].kind;
    return point_kind_facts(kind)->form == POINT_FORM_TRUTH;
}

/* The value that a point is set to. `nan` is one that only a floating register can have. */
static bool value_read(struct reader *reader, const struct config_node *node, uint32_t point,
                       double *ret_value) {
    struct config *config = reader->config;
    if (!config_is_scalar(config, node)) {
        return false;
    }
    bool plain = node->style == CONFIG_PLAIN;
    if (!point_is_truth(reader->site, point)) {
        if (plain && strcmp(node->text, "nan") == 0) {
            *ret_value = NAN;
            return true;
        }
        return config_number(config, node, ret_value);
    }
    if (plain && (strcmp(node->text, "1") == 0 || strcmp(node->text, "true") == 0)) {
        *ret_value = 1;
        return true;
    }
    if (plain && (strcmp(node->text, "0") == 0 || strcmp(node->text, "false") == 0)) {
        *ret_value = 0;
        return true;
    }
    config_error(config, node, NULL, "`%s` is either 0 or 1, not `%s`", node->key->text,
                 node->text);
    return false;
}

/* May a story set this point? */
static bool point_settable(struct reader *reader, const struct config_node *key, uint32_t point) {
    const struct site_point *row = &reader->site->points[point];
    if (row->output) {
        config_error(reader->config, key, "the gateway switches it; the field can only show it",
                     "`%s` is an output", key->text);
        return false;
    }
    if (row->mqtt_topic != 0 && row->mqtt_value == 0) {
        const char *hint = config_format(&reader->config->arena, "write mqtt: {%s: {…}}",
                                         topic_name(reader->site, point));
        config_error(reader->config, key, hint, "`%s` has moments, not a value that could be set",
                     key->text);
        return false;
    }
    return true;
}

static void set_read(struct reader *reader, const struct config_node *set, struct sim_act act) {
    act.kind = SIM_ACT_SET;
    for (const struct config_node *member = set->first; member != NULL; member = member->next) {
        act.point = site_names_point(reader->config, reader->site, member->key);
        if (act.point != RULESET_NONE && point_settable(reader, member->key, act.point) &&
            value_read(reader, member, act.point, &act.value)) {
            act_add(reader, act);
        }
    }
}

static void mqtt_read(struct reader *reader, const struct config_node *mqtt, struct sim_act act) {
    act.kind = SIM_ACT_MQTT;
    for (const struct config_node *member = mqtt->first; member != NULL; member = member->next) {
        act.device = topic_find(reader, member->key);
        act.topic = member->key->text;
        act.payload = json_node(reader->config, member);
        if (strlen(act.payload) > PAYLOAD_MAX) {
            config_error(reader->config, member->key, NULL,
                         "the payload has more than the %d bytes that the gateway reads",
                         PAYLOAD_MAX);
        } else if (act.device != RULESET_NONE) {
            act_add(reader, act);
        }
    }
}

static bool device_is_mqtt(const struct site *site, uint32_t device) {
    return site->buses[site->devices[device].bus].kind == SITE_BUS_MQTT;
}

static void answer_read(struct reader *reader, const struct config_node *answer,
                        struct sim_act act) {
    const char *words[SIM_ANSWER_COUNT];
    uint32_t word;
    for (int i = 0; i < SIM_ANSWER_COUNT; i++) {
        words[i] = sim_answer_name((enum sim_answer)i);
    }
    act.kind = SIM_ACT_ANSWER;
    if (!config_word(reader->config, answer, "an answer", words, SIM_ANSWER_COUNT, &word)) {
        return;
    }
    if (act.device != RULESET_NONE && device_is_mqtt(reader->site, act.device)) {
        config_error(reader->config, answer, "a device that speaks MQTT can be down",
                     "only Modbus devices answer");
        return;
    }
    act.answer = (enum sim_answer)word;
    if (act.device != RULESET_NONE) {
        act_add(reader, act);
    }
}

/* `device:` with `down:` or `answer:`; each needs the other. */
static void device_read(struct reader *reader, const struct config_node *const *fields,
                        struct sim_act act) {
    const struct config_node *device = fields[CONFIG_ACT_DEVICE];
    const struct config_node *down = fields[CONFIG_ACT_DOWN];
    const struct config_node *answer = fields[CONFIG_ACT_ANSWER];
    if (device == NULL) {
        if (down != NULL || answer != NULL) {
            config_error(reader->config, down != NULL ? down->key : answer->key,
                         "add device: and the id of a device", "whose?");
        }
        return;
    }
    act.device = site_names_device(reader->config, reader->site, device);
    if ((down == NULL) == (answer == NULL)) {
        config_error(reader->config, device->key, "such as down: 15 s, or answer: garbage",
                     "a device needs either `down` or `answer`");
        return;
    }
    if (answer != NULL) {
        answer_read(reader, answer, act);
        return;
    }
    act.kind = SIM_ACT_DOWN;
    if (config_span(reader->config, down, SPAN_MIN_NS, SPAN_MAX_NS, &act.for_ns) &&
        act.device != RULESET_NONE) {
        act_add(reader, act);
    }
}

/* An end needs something that lasts, and `down` has brought its own. */
static void for_check(struct reader *reader, const struct config_node *const *fields) {
    const struct config_node *end = fields[CONFIG_ACT_FOR];
    if (end == NULL) {
        return;
    }
    if (fields[CONFIG_ACT_DOWN] != NULL) {
        config_error(reader->config, end->key, "take `for` away", "`down` already says how long");
    } else if (fields[CONFIG_ACT_SET] == NULL && fields[CONFIG_ACT_ANSWER] == NULL) {
        config_error(reader->config, end->key, "take `for` away",
                     "a message is a moment: nothing of it could end");
    }
}

static void act_read(struct reader *reader, const struct config_node *node) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    struct config *config = reader->config;
    struct sim_act act = {0};
    if (!config_fields(config, node, CONFIG_SHAPE_ACT, fields)) {
        return;
    }
    (void)config_span(config, fields[CONFIG_ACT_AT], 0, SPAN_MAX_NS, &act.at_ns);
    (void)config_span(config, fields[CONFIG_ACT_FOR], SPAN_MIN_NS, SPAN_MAX_NS, &act.for_ns);
    for_check(reader, fields);
    if (fields[CONFIG_ACT_SET] != NULL) {
        set_read(reader, fields[CONFIG_ACT_SET], act);
    }
    if (fields[CONFIG_ACT_MQTT] != NULL) {
        struct sim_act moment = act;
        moment.for_ns = 0;
        mqtt_read(reader, fields[CONFIG_ACT_MQTT], moment);
    }
    device_read(reader, fields, act);
    if (node->count == 1 && fields[CONFIG_ACT_AT] != NULL) {
        config_error(config, node->first->key,
                     "add set:, mqtt: or device:", "nothing happens then");
    }
}

/* ---- the background ------------------------------------------------------------------------- */

static bool place_shows_people(const struct site *site, uint32_t place) {
    for (uint32_t i = 0; i < site->ruleset.point_count; i++) {
        if (site->ruleset.points[i].place == place &&
            sim_life_shows_people((enum point_kind)site->ruleset.points[i].kind)) {
            return true;
        }
    }
    return false;
}

static bool place_has_kind(const struct site *site, uint32_t place, enum point_kind kind) {
    for (uint32_t i = 0; i < site->ruleset.point_count; i++) {
        if (site->ruleset.points[i].place == place && site->ruleset.points[i].kind == kind) {
            return true;
        }
    }
    return false;
}

static void people_add(struct reader *reader, struct sim_people_conf people) {
    reader->people = config_grow(&reader->config->arena, reader->people, reader->people_count,
                                 &reader->people_room, sizeof *reader->people);
    reader->people[reader->people_count++] = people;
}

static void climate_add(struct reader *reader, struct sim_climate_conf climate) {
    reader->climate = config_grow(&reader->config->arena, reader->climate, reader->climate_count,
                                  &reader->climate_room, sizeof *reader->climate);
    reader->climate[reader->climate_count++] = climate;
}

static void people_read(struct reader *reader, const struct config_node *people) {
    for (const struct config_node *member = people->first; member != NULL; member = member->next) {
        uint32_t place = site_names_place(reader->config, reader->site, member->key);
        int64_t count;
        if (place != RULESET_NONE && !place_shows_people(reader->site, place)) {
            config_error(reader->config, member->key,
                         "it has no motion, presence, occupancy_count, people_in or people_out",
                         "no point of `%s` would show people", member->key->text);
        } else if (config_whole(reader->config, member, 0, PEOPLE_MAX, &count) &&
                   place != RULESET_NONE) {
            people_add(reader, (struct sim_people_conf){.place = place, .count = (double)count});
        }
    }
}

static void air_read(struct reader *reader, const struct config_node *air, uint32_t place) {
    for (const struct config_node *member = air->first; member != NULL; member = member->next) {
        struct sim_climate_conf climate = {.place = place};
        double usual;
        climate.kind = point_kind_find(member->key->text, member->key->len);
        if (climate.kind == POINT_KIND_COUNT || !sim_life_is_climate(climate.kind, &usual)) {
            config_error(reader->config, member->key,
                         "those are temperature, humidity, co2, illuminance and noise",
                         "`%s` is no climate value", member->key->text);
        } else if (place != RULESET_NONE && !place_has_kind(reader->site, place, climate.kind)) {
            config_error(reader->config, member->key, NULL, "`%s` has no point of this kind",
                         air->key->text);
        } else if (config_number(reader->config, member, &climate.value) && place != RULESET_NONE) {
            climate_add(reader, climate);
        }
    }
}

static void climate_read(struct reader *reader, const struct config_node *climate) {
    for (const struct config_node *air = climate->first; air != NULL; air = air->next) {
        uint32_t place = site_names_place(reader->config, reader->site, air->key);
        if (config_is_map(reader->config, air)) {
            air_read(reader, air, place);
        }
    }
}

static void background_read(struct reader *reader, const struct config_node *node,
                            struct sim_story_conf *story) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    int64_t seed;
    if (!config_fields(reader->config, node, CONFIG_SHAPE_BACKGROUND, fields)) {
        return;
    }
    if (config_whole(reader->config, fields[CONFIG_BACKGROUND_SEED], 0, INT32_MAX, &seed)) {
        story->seed = (uint64_t)seed;
    }
    if (fields[CONFIG_BACKGROUND_PEOPLE] != NULL) {
        people_read(reader, fields[CONFIG_BACKGROUND_PEOPLE]);
    }
    if (fields[CONFIG_BACKGROUND_CLIMATE] != NULL) {
        climate_read(reader, fields[CONFIG_BACKGROUND_CLIMATE]);
    }
}

/* ---- the file ------------------------------------------------------------------------------- */

static void speed_read(struct config *config, const struct config_node *node, double *speed) {
    if (config_number(config, node, speed) && (*speed < SPEED_MIN || *speed > SPEED_MAX)) {
        config_error(config, node, NULL, "`speed` must be from %g to %g", SPEED_MIN, SPEED_MAX);
        *speed = 1;
    }
}

static void story_read(struct reader *reader, const struct config_node *root,
                       struct sim_story_conf *story) {
    const struct config_node *file[CONFIG_FIELDS_MAX];
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    struct config *config = reader->config;
    if (!config_fields(config, root, CONFIG_SHAPE_STORY_FILE, file) ||
        file[CONFIG_STORY_FILE_STORY] == NULL ||
        !config_fields(config, file[CONFIG_STORY_FILE_STORY], CONFIG_SHAPE_STORY, fields)) {
        return;
    }
    (void)config_text(config, fields[CONFIG_STORY_NAME], &story->name);
    speed_read(config, fields[CONFIG_STORY_SPEED], &story->speed);
    if (fields[CONFIG_STORY_BACKGROUND] != NULL) {
        background_read(reader, fields[CONFIG_STORY_BACKGROUND], story);
    }
    if (fields[CONFIG_STORY_ACTS] != NULL) {
        const struct config_node *act = fields[CONFIG_STORY_ACTS]->first;
        for (; act != NULL; act = act->next) {
            act_read(reader, act);
        }
    }
}

/* Hand the rows that were read to the story. */
static void story_take(struct story *story, const struct reader *reader) {
    story->conf.acts = reader->acts;
    story->conf.act_count = reader->act_count;
    story->conf.people = reader->people;
    story->conf.people_count = reader->people_count;
    story->conf.climate = reader->climate;
    story->conf.climate_count = reader->climate_count;
    story->error_count = reader->config->notes.errors;
}

static void everyday_read(struct reader *reader) {
    const struct ruleset *ruleset = &reader->site->ruleset;
    for (uint32_t i = 0; i < ruleset->place_count; i++) {
        if (ruleset->places[i].capacity > 0 && place_shows_people(reader->site, i)) {
            double count = ceil(ruleset->places[i].capacity * EVERYDAY_SHARE);
            people_add(reader, (struct sim_people_conf){.place = i, .count = count});
        }
    }
    for (uint32_t i = 0; i < ruleset->point_count; i++) {
        struct sim_climate_conf climate = {.place = ruleset->points[i].place,
                                           .kind = (enum point_kind)ruleset->points[i].kind};
        if (sim_life_is_climate(climate.kind, &climate.value)) {
            climate_add(reader, climate);
        }
    }
}

/* Where a load lands when memory ends; see config_arena.h. */
static int story_abandon(struct config *config) {
    config_source_abandon(config);
    config_arena_deinit(&config->arena);
    free(config);
    return -ENOMEM;
}

static struct config *story_config_new(void) {
    struct config *config = calloc(1, sizeof *config);
    if (config != NULL) {
        config->file = -1;
    }
    return config;
}

/* Open the file, whose absence is told as a story's and not as a site's. */
static const struct config_source *story_open(struct config *config, const char *path) {
    if (access(path, R_OK) == 0) {
        return config_source_open_site(config, path);
    }
    config_note(config, CONFIG_ERROR, (struct config_mark){0}, NULL,
                "the story file %s cannot be read: %s", path, strerror(errno));
    return NULL;
}

int story_load(const char *path, const struct site *site, struct story *ret_story) {
    struct config *config = story_config_new();
    if (config == NULL) {
        return -ENOMEM;
    }
    if (setjmp(config->arena.exhausted) != 0) {
        return story_abandon(config);
    }
    struct reader reader = {.config = config, .site = site};
    struct story story = {.config = config, .conf = {.name = "", .speed = 1, .seed = SEED_DEFAULT}};
    const struct config_source *source = story_open(config, path);
    if (source != NULL && source->root != NULL) {
        story_read(&reader, source->root, &story.conf);
    }
    story_take(&story, &reader);
    *ret_story = story;
    return story.error_count > 0 ? STORY_E_REFUSED : 0;
}

int story_everyday(const struct site *site, bool still, struct story *ret_story) {
    struct config *config = story_config_new();
    if (config == NULL) {
        return -ENOMEM;
    }
    if (setjmp(config->arena.exhausted) != 0) {
        return story_abandon(config);
    }
    struct reader reader = {.config = config, .site = site};
    struct story story = {.config = config, .conf = {.name = "", .speed = 1, .seed = SEED_DEFAULT}};
    if (!still) {
        everyday_read(&reader);
    }
    story_take(&story, &reader);
    *ret_story = story;
    return 0;
}

void story_print(struct story *story, enum site_language language, FILE *out) {
    config_notes_sort(&story->config->notes);
    config_notes_print(&story->config->notes, language, out);
}

void story_deinit(struct story *story) {
    if (story->config != NULL) {
        config_arena_deinit(&story->config->arena);
        free(story->config);
    }
    *story = STORY_NULL;
}
