/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/home_assistant.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

/* What is before the points in the order of announcements. */
enum { ENTITIES_BEFORE_POINTS = 1 };

static const char binary_sensor[] = "binary_sensor";
static const char sensor[] = "sensor";

/* What the entity of a point is, by the point's kind. */
struct announced_kind {
    const char *words[2];     /* by enum site_language */
    const char *device_class; /* NULL: Home Assistant has none that says the same */
    const char *state_class;  /* of numbers */
    bool diagnostic;          /* about the installation rather than the place */
    bool absent;              /* is never announced */
};

#define WORDS(zh, en) .words = {[LANGUAGE_ZH] = (zh), [LANGUAGE_EN] = (en)}
#define MEASURED      .state_class = "measurement"
#define COUNTED       .state_class = "total_increasing"
#define DIAGNOSTIC    .diagnostic = true
#define ABSENT        .absent = true

/*
 * "On" means of each class what 1 means of the kind: `safety` is unsafe, `problem` a problem, `lock` an
 * open lock, `power` that there is some. door_lock has no class, for a site may have it either way.
 */
static const struct announced_kind entity_kinds[POINT_KIND_COUNT] = {
    [POINT_MOTION] = {WORDS("移动", "Motion"), "motion"},
    [POINT_PRESENCE] = {WORDS("有人", "Presence"), "occupancy"},
    [POINT_OCCUPANCY_COUNT] = {WORDS("人数", "People"), MEASURED},
    [POINT_PEOPLE_IN] = {WORDS("进入人次", "People in"), COUNTED},
    [POINT_PEOPLE_OUT] = {WORDS("离开人次", "People out"), COUNTED},
    [POINT_EMERGENCY_BUTTON] = {WORDS("紧急按钮", "Emergency button"), "safety"},
    [POINT_PULL_CORD] = {WORDS("拉绳", "Pull cord"), "safety"},
    [POINT_PENDANT] = {WORDS("随身呼叫器", "Pendant"), "safety"},
    [POINT_BED_EXIT] = {WORDS("离床", "Bed exit")},
    [POINT_FALL] = {WORDS("跌倒", "Fall"), "safety"},
    [POINT_ASSIST_BUTTON] = {WORDS("协助按钮", "Assistance button")},
    [POINT_PANIC_BUTTON] = {ABSENT},
    [POINT_ATTEND_BUTTON] = {WORDS("到场按钮", "Attendance button")},
    [POINT_SMOKE] = {WORDS("烟雾", "Smoke"), "smoke"},
    [POINT_HEAT] = {WORDS("感温", "Heat"), "heat"},
    [POINT_MANUAL_CALL_POINT] = {WORDS("手动火灾报警按钮", "Manual call point"), "safety"},
    [POINT_CARBON_MONOXIDE] = {WORDS("一氧化碳", "Carbon monoxide"), "carbon_monoxide"},
    [POINT_GAS] = {WORDS("燃气", "Gas"), "gas"},
    [POINT_SPRINKLER_FLOW] = {WORDS("喷淋水流", "Sprinkler flow")},
    [POINT_FIRE_PANEL_FAULT] = {WORDS("火警主机故障", "Fire panel fault"), "problem", DIAGNOSTIC},
    [POINT_DOOR_CONTACT] = {WORDS("门", "Door"), "door"},
    [POINT_DOOR_LOCK] = {WORDS("门锁", "Door lock")},
    [POINT_ACCESS_READER] = {ABSENT},
    [POINT_REQUEST_TO_EXIT] = {WORDS("出门按钮", "Request to exit")},
    [POINT_TURNSTILE] = {WORDS("闸机人次", "Turnstile"), COUNTED},
    [POINT_CHECKPOINT] = {ABSENT},
    [POINT_TAMPER] = {WORDS("防拆", "Tamper"), "tamper", DIAGNOSTIC},
    [POINT_BATTERY] = {WORDS("电池", "Battery"), "battery", MEASURED, DIAGNOSTIC},
    [POINT_MAINS_POWER] = {WORDS("市电", "Mains power"), "power", DIAGNOSTIC},
    [POINT_WATER_LEAK] = {WORDS("漏水", "Water leak"), "moisture"},
    [POINT_TEMPERATURE] = {WORDS("温度", "Temperature"), "temperature", MEASURED},
    [POINT_HUMIDITY] = {WORDS("湿度", "Humidity"), "humidity", MEASURED},
    [POINT_CO2] = {WORDS("二氧化碳", "Carbon dioxide"), "carbon_dioxide", MEASURED},
    [POINT_ILLUMINANCE] = {WORDS("照度", "Illuminance"), "illuminance", MEASURED},
    [POINT_NOISE] = {WORDS("噪声", "Noise"), "sound_pressure", MEASURED},
    [POINT_SOUNDER] = {WORDS("声警报器", "Sounder"), "running"},
    [POINT_BEACON] = {WORDS("警示灯", "Beacon"), "running"},
    [POINT_CALL_LAMP] = {WORDS("呼叫灯", "Call lamp"), "running"},
    [POINT_DOOR_RELEASE] = {WORDS("门锁释放", "Door release"), "lock"},
};

/* Templates are Home Assistant's; value_json is the payload of the topic. */
#define TEMPLATE_VALUE "{{ value_json.value }}"
#define TEMPLATE_STATE "{{ value_json.state }}"
#define TEMPLATE_QUALITY                                                                           \
    "{{ 'online' if value_json.quality in ('good', 'uncertain') else 'offline' }}"

void home_assistant_init(struct home_assistant *announcements, const struct site *site,
                         const struct topic_root *root) {
    const struct site_header *header = site->header;
    *announcements = (struct home_assistant){
        .site = site,
        .root = root,
        .prefix = header->home_assistant_prefix == 0
                      ? NULL
                      : site_text(site, header->home_assistant_prefix),
        .language = (enum site_language)header->home_assistant_language,
    };
    home_assistant_node(site_text(site, header->site_id), site_text(site, header->gateway_id),
                        announcements->node);
}

void home_assistant_node(const char *site, const char *gateway,
                         char ret[HOME_ASSISTANT_NODE_SIZE]) {
    int len = snprintf(ret, HOME_ASSISTANT_NODE_SIZE, "tocsin_%s_%s", site, gateway);
    assert(len > 0 && len < HOME_ASSISTANT_NODE_SIZE);
}

void home_assistant_session(struct home_assistant *announcements) {
    announcements->next = 0;
    announcements->refused = false;
}

void home_assistant_refused(struct home_assistant *announcements) {
    announcements->refused = true;
}

/* ---- the topic ---- */

static const struct announced_kind *point_entity(const struct site *site, uint32_t point) {
    return &entity_kinds[site->ruleset.points[point].kind];
}

static bool point_is_truth(const struct site *site, uint32_t point) {
    enum point_kind kind = (enum point_kind)site->ruleset.points[point].kind;
    enum point_form form = point_kind_facts(kind)->form;
    return form == POINT_FORM_TRUTH || form == POINT_FORM_OUTPUT;
}

/* The id of a point or place as one level of a topic. */
static void level_of_id(const char *id, char ret[SITE_ENTITY_SIZE]) {
    size_t len = strlen(id);
    assert(len < SITE_ENTITY_SIZE);
    for (size_t i = 0; i <= len; i++) {
        ret[i] = id[i];
        if (ret[i] == '/') {
            ret[i] = '_';
        }
    }
}

static void entity_topic(const struct home_assistant *announcements, const char *component,
                         const char *object, char ret[TOPIC_SIZE]) {
    int len = snprintf(ret, TOPIC_SIZE, "%s/%s/%s/%s/config", announcements->prefix, component,
                       announcements->node, object);
    assert(len > 0 && len < TOPIC_SIZE);
}

static void point_entity_topic(const struct home_assistant *announcements, uint32_t point,
                               char ret[TOPIC_SIZE]) {
    const struct site *site = announcements->site;
    char object[SITE_ENTITY_SIZE];
    level_of_id(site_text(site, site->points[point].id), object);
    entity_topic(announcements, point_is_truth(site, point) ? binary_sensor : sensor, object, ret);
}

static void gateway_topic(const struct home_assistant *announcements, char ret[TOPIC_SIZE]) {
    entity_topic(announcements, binary_sensor, "status", ret);
}

void home_assistant_filter(const char *node, const char *prefix, char ret[TOPIC_SIZE]) {
    int len = snprintf(ret, TOPIC_SIZE, "%s/+/%s/+/config", prefix, node);
    assert(len > 0 && len < TOPIC_SIZE);
}

/* Does `topic` end as all of ours do: `/<node>/<object>/config`? */
bool home_assistant_is_of_node(const char *node, const char *topic) {
    static const char end[] = "/config";
    size_t node_len = strlen(node);
    size_t len = strlen(topic);
    if (len < sizeof end || strcmp(topic + len - (sizeof end - 1), end) != 0) {
        return false;
    }
    const char *object = topic + len - (sizeof end - 1);
    while (object > topic && object[-1] != '/') {
        object--;
    }
    return (size_t)(object - topic) > node_len + 2 && object[-1] == '/' &&
           object[-2 - (ptrdiff_t)node_len] == '/' &&
           memcmp(object - 1 - node_len, node, node_len) == 0;
}

bool home_assistant_entity(const struct home_assistant *announcements, uint32_t *entity,
                           char ret_topic[TOPIC_SIZE]) {
    const struct site *site = announcements->site;
    const uint32_t count = ENTITIES_BEFORE_POINTS + site->ruleset.point_count;
    if (announcements->prefix == NULL) {
        return false;
    }
    for (; *entity < count; (*entity)++) {
        if (*entity < ENTITIES_BEFORE_POINTS) {
            gateway_topic(announcements, ret_topic);
        } else if (!point_entity(site, *entity - ENTITIES_BEFORE_POINTS)->absent) {
            point_entity_topic(announcements, *entity - ENTITIES_BEFORE_POINTS, ret_topic);
        } else {
            continue;
        }
        (*entity)++;
        return true;
    }
    return false;
}

enum home_assistant_topic home_assistant_topic(const struct home_assistant *announcements,
                                               const char *topic) {
    char ours[TOPIC_SIZE];
    if (!home_assistant_is_of_node(announcements->node, topic)) {
        return HOME_ASSISTANT_FOREIGN;
    }
    bool current = false;
    for (uint32_t entity = 0; !current && home_assistant_entity(announcements, &entity, ours);) {
        current = strcmp(topic, ours) == 0;
    }
    return current ? HOME_ASSISTANT_CURRENT : HOME_ASSISTANT_STALE;
}

/* ---- the payload ---- */

static json_t *gateway_device(const struct home_assistant *announcements) {
    const struct site *site = announcements->site;
    return json_pack("{s:[s], s:s, s:s}", "identifiers", announcements->node, "name",
                     site_name_text(site, site->header->site_name, announcements->language),
                     "model", "Tocsin");
}

static json_t *gateway_payload(const struct home_assistant *announcements) {
    static const char *const words[] = {[LANGUAGE_ZH] = "网关", [LANGUAGE_EN] = "Gateway"};
    char status[TOPIC_SIZE];
    char unique[HOME_ASSISTANT_NODE_SIZE + 8];
    topic_status(announcements->root, status);
    (void)snprintf(unique, sizeof unique, "%s_status", announcements->node);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s}, s:o}", "name",
                     words[announcements->language], "unique_id", unique, "device_class",
                     "connectivity", "entity_category", "diagnostic", "state_topic", status,
                     "value_template", TEMPLATE_STATE, "payload_on", "online", "payload_off",
                     "offline", "origin", "name", "Tocsin", "device",
                     gateway_device(announcements));
}

static json_t *place_device(const struct home_assistant *announcements, uint32_t place) {
    const struct site *site = announcements->site;
    const char *name = site_name_text(site, site->places[place].name, announcements->language);
    char level[SITE_ENTITY_SIZE];
    char identifier[HOME_ASSISTANT_NODE_SIZE + SITE_ENTITY_SIZE];
    level_of_id(site_text(site, site->places[place].id), level);
    (void)snprintf(identifier, sizeof identifier, "%s_%s", announcements->node, level);
    return json_pack("{s:[s], s:s, s:s, s:s, s:s}", "identifiers", identifier, "name", name,
                     "model", place_kind_name((enum place_kind)site->ruleset.places[place].kind),
                     "suggested_area", name, "via_device", announcements->node);
}

/* Has the place another point of the same kind, so that the kind's word alone would name two? */
static bool point_has_twin(const struct site *site, uint32_t point) {
    const struct ruleset_point *own = &site->ruleset.points[point];
    const struct ruleset_place *place = &site->ruleset.places[own->place];
    for (uint32_t other = place->point_first; other < place->point_end; other++) {
        const struct ruleset_point *row = &site->ruleset.points[other];
        if (other != point && row->place == own->place && row->kind == own->kind) {
            return true;
        }
    }
    return false;
}

static void point_name(const struct home_assistant *announcements, uint32_t point, char *ret,
                       size_t size) {
    const struct site *site = announcements->site;
    const char *word = point_entity(site, point)->words[announcements->language];
    const char *id = site_text(site, site->points[point].id);
    const char *last = strrchr(id, '/');
    if (point_has_twin(site, point)) {
        (void)snprintf(ret, size, "%s %s", word, last == NULL ? id : last + 1);
    } else {
        (void)snprintf(ret, size, "%s", word);
    }
}

static json_t *point_availability(const struct home_assistant *announcements, const char *point) {
    char status[TOPIC_SIZE];
    topic_status(announcements->root, status);
    return json_pack("[{s:s, s:s}, {s:s, s:s}]", "topic", status, "value_template", TEMPLATE_STATE,
                     "topic", point, "value_template", TEMPLATE_QUALITY);
}

/* Add what the kind has; false for want of memory. */
static bool object_add(json_t *object, const char *key, const char *text) {
    return text == NULL || text[0] == '\0' ||
           json_object_set_new(object, key, json_string(text)) == 0;
}

static json_t *point_payload(const struct home_assistant *announcements, uint32_t point) {
    const struct site *site = announcements->site;
    const struct ruleset_point *row = &site->ruleset.points[point];
    const struct announced_kind *entity = point_entity(site, point);
    const char *id = site_text(site, site->points[point].id);
    char topic[TOPIC_SIZE];
    char level[SITE_ENTITY_SIZE];
    char unique[HOME_ASSISTANT_NODE_SIZE + SITE_ENTITY_SIZE];
    char name[96];
    topic_point(announcements->root, id, topic);
    level_of_id(id, level);
    (void)snprintf(unique, sizeof unique, "%s_%s", announcements->node, level);
    point_name(announcements, point, name, sizeof name);
    json_t *payload =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:{s:s}, s:o}", "name", name, "unique_id", unique,
                  "state_topic", topic, "value_template", TEMPLATE_VALUE, "availability",
                  point_availability(announcements, topic), "availability_mode", "all", "origin",
                  "name", "Tocsin", "device", place_device(announcements, row->place));
    bool truth = point_is_truth(site, point);
    const char *unit = unit_facts(point_kind_facts((enum point_kind)row->kind)->unit)->name;
    bool whole = object_add(payload, "device_class", entity->device_class) &&
                 object_add(payload, "entity_category", entity->diagnostic ? "diagnostic" : NULL) &&
                 object_add(payload, "payload_on", truth ? "1" : NULL) &&
                 object_add(payload, "payload_off", truth ? "0" : NULL) &&
                 object_add(payload, "state_class", entity->state_class) &&
                 object_add(payload, "unit_of_measurement", unit);
    if (!whole) {
        json_decref(payload);
        return NULL;
    }
    return payload;
}

/* Move on to what is to be announced; false at the end. */
static bool announcements_find(struct home_assistant *announcements) {
    const struct site *site = announcements->site;
    uint32_t count = ENTITIES_BEFORE_POINTS + site->ruleset.point_count;
    while (announcements->next >= ENTITIES_BEFORE_POINTS && announcements->next < count &&
           point_entity(site, announcements->next - ENTITIES_BEFORE_POINTS)->absent) {
        announcements->next++;
    }
    return announcements->prefix != NULL && !announcements->refused && announcements->next < count;
}

size_t home_assistant_next(struct home_assistant *announcements, char ret_topic[TOPIC_SIZE],
                           char ret_payload[UPLINK_JSON_SIZE]) {
    json_t *payload;
    if (!announcements_find(announcements)) {
        return 0;
    }
    if (announcements->next < ENTITIES_BEFORE_POINTS) {
        gateway_topic(announcements, ret_topic);
        payload = gateway_payload(announcements);
    } else {
        uint32_t point = announcements->next - ENTITIES_BEFORE_POINTS;
        point_entity_topic(announcements, point, ret_topic);
        payload = point_payload(announcements, point);
    }
    size_t len =
        payload == NULL ? 0 : json_dumpb(payload, ret_payload, UPLINK_JSON_SIZE, JSON_COMPACT);
    json_decref(payload);
    assert(len <= UPLINK_JSON_SIZE); /* a name has at most 200 characters, and stands in it twice */
    return len;
}

void home_assistant_done(struct home_assistant *announcements) {
    announcements->next++;
}
