/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/site_names.h"

#include <string.h>

const char *site_names_hint(struct config *config, const struct site *site, const char *wrong,
                            uint32_t count,
                            const char *(*name_of)(const struct site *site, uint32_t index)) {
    const char **names = config_alloc(&config->arena, (size_t)count + 1, sizeof *names);
    for (uint32_t i = 0; i < count; i++) {
        names[i] = name_of(site, i);
    }
    return config_suggestion(config, wrong, names, count);
}

static const char *point_name(const struct site *site, uint32_t point) {
    return site_text(site, site->points[point].id);
}

static const char *place_name(const struct site *site, uint32_t place) {
    return site_text(site, site->places[place].id);
}

static const char *device_name(const struct site *site, uint32_t device) {
    return site_text(site, site->devices[device].id);
}

static const char *rule_name(const struct site *site, uint32_t rule) {
    return site_text(site, site->rules[rule].id);
}

uint32_t site_names_point(struct config *config, const struct site *site,
                          const struct config_node *node) {
    uint32_t point = site_point_find(site, node->text);
    if (point == RULESET_NONE) {
        config_error(
            config, node,
            site_names_hint(config, site, node->text, site->ruleset.point_count, point_name),
            "no point `%s` in the site", node->text);
    }
    return point;
}

uint32_t site_names_place(struct config *config, const struct site *site,
                          const struct config_node *node) {
    uint32_t place = site_place_find(site, node->text);
    if (place == RULESET_NONE) {
        config_error(
            config, node,
            site_names_hint(config, site, node->text, site->ruleset.place_count, place_name),
            "no place `%s` in the site", node->text);
    }
    return place;
}

uint32_t site_names_device(struct config *config, const struct site *site,
                           const struct config_node *node) {
    uint32_t count = site->ruleset.device_count;
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(device_name(site, i), node->text) == 0) {
            return i;
        }
    }
    config_error(config, node, site_names_hint(config, site, node->text, count, device_name),
                 "no device `%s` in the site", node->text);
    return RULESET_NONE;
}

/* The rule that a name begins with; RULESET_NONE if there is none. */
static uint32_t rule_find(const struct site *site, const char *name, size_t len) {
    for (uint32_t i = 0; i < site->ruleset.rule_count; i++) {
        const char *id = rule_name(site, i);
        if (strlen(id) == len && memcmp(id, name, len) == 0) {
            return i;
        }
    }
    return RULESET_NONE;
}

/* What a rule is for, as a hint: one of its alarms that is near, or its first. */
static const char *alarm_hint(struct config *config, const struct site *site, uint32_t rule,
                              const char *wrong) {
    const struct ruleset_rule *facts = &site->ruleset.rules[rule];
    const char **names =
        config_alloc(&config->arena, (size_t)facts->alarm_count + 1, sizeof *names);
    for (uint32_t i = 0; i < facts->alarm_count; i++) {
        char name[SITE_ALARM_NAME_SIZE];
        site_alarm_format(site, facts->alarm_first + i, name);
        names[i] = config_copy(&config->arena, name, strlen(name));
    }
    const char *near = config_suggestion(config, wrong, names, facts->alarm_count);
    return near != NULL || facts->alarm_count == 0
               ? near
               : config_format(&config->arena, "such as `%s`", names[0]);
}

uint32_t site_names_alarm(struct config *config, const struct site *site,
                          const struct config_node *node, uint32_t at, const char *name) {
    uint32_t alarm = site_alarm_find(site, name);
    if (alarm != RULESET_NONE) {
        return alarm;
    }
    const char *slash = strchr(name, '/');
    size_t len = slash != NULL ? (size_t)(slash - name) : strlen(name);
    struct config_mark mark = config_node_locate(node, at, (uint32_t)strlen(name));
    uint32_t rule = rule_find(site, name, len);
    if (rule == RULESET_NONE) {
        const char *word = config_copy(&config->arena, name, len);
        config_note(config, CONFIG_ERROR, mark,
                    site_names_hint(config, site, word, site->ruleset.rule_count, rule_name),
                    "no rule `%s` in the site", word);
    } else {
        config_note(config, CONFIG_ERROR, mark, alarm_hint(config, site, rule, name),
                    "the rule has no alarm `%s`", name);
    }
    return RULESET_NONE;
}
