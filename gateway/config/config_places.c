/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/config/config_scalar.h"
#include "gateway/config/config_services.h"

/*
 * Places: the tree of buildings and rooms
 *
 * They are written down in the order of the file, each before those inside it, which is the order
 * that the image wants: a place and all below it are one stretch.
 */

const char *const config_services[CONFIG_SERVICE_COUNT] = {"cleaning", "meals", "bathing",
                                                           "medical", "emergency"};

bool config_services_check(struct config *config, const struct config_node *list) {
    bool good = true;
    uint32_t seen = 0;
    for (const struct config_node *item = list->first; item != NULL; item = item->next) {
        uint32_t service;
        if (!config_word(config, item, "a service", config_services, CONFIG_SERVICE_COUNT,
                         &service)) {
            good = false;
        } else if ((seen & 1u << service) != 0) {
            config_error(config, item, "keep one of them", "`%s` is given twice", item->text);
            good = false;
        } else {
            seen |= 1u << service;
        }
    }
    return good;
}

static void places_list(struct config *config, const struct config_node *list, uint32_t parent);

/* Read the fields that describe place `index`. */
static void place_fields(struct config *config, uint32_t index,
                         const struct config_node *const fields[CONFIG_FIELDS_MAX]) {
    struct config_place *place = &config->places[index];
    if (!config_place_kind(config, fields[CONFIG_PLACE_KIND], &place->kind)) {
        config->field_sound = false;
    }
    (void)config_name(config, fields[CONFIG_PLACE_NAME], &place->name);
    (void)config_area(config, fields[CONFIG_PLACE_AREA], &place->area_m2);
    int64_t capacity;
    if (config_whole(config, fields[CONFIG_PLACE_CAPACITY], 1, 1000000, &capacity)) {
        place->capacity = (double)capacity;
    }
    if (fields[CONFIG_PLACE_HOURS] != NULL) {
        place->calendar = config_hours(config, fields[CONFIG_PLACE_HOURS]);
    }
    if (fields[CONFIG_PLACE_SERVICES] != NULL) {
        (void)config_services_check(config, fields[CONFIG_PLACE_SERVICES]);
    }
    place->plan = fields[CONFIG_PLACE_PLAN];
    bool own_room;
    uint64_t walk_ns;
    (void)config_truth(config, fields[CONFIG_PLACE_OWN_ROOM], &own_room);
    (void)config_span(config, fields[CONFIG_PLACE_WALK], CONFIG_MINUTE_NS, CONFIG_DAY_NS, &walk_ns);
}

/* Give place `index` its path and enter it. False if it cannot have one. */
static bool place_path(struct config *config, uint32_t index, const struct config_node *id_node,
                       uint32_t parent) {
    const char *id;
    if (!config_id(config, id_node, CONFIG_ID_PLAIN, &id)) {
        return false;
    }
    if (parent != RULESET_NONE) {
        id = config_format(&config->arena, "%s/%s", config->places[parent].id, id);
    }
    /* A point's id is this, a slash and 32 characters; it has to fit into a topic and an alarm's
     * name. */
    if (strlen(id) > SITE_ENTITY_SIZE - 1 - 33) {
        config_error(config, id_node, NULL, "the path %s is longer than %d characters", id,
                     SITE_ENTITY_SIZE - 1 - 33);
        return false;
    }
    config->places[index].id = id;
    return config_claim(config, &config->place_index, id_node, id, index, "places");
}

static void place_check(struct config *config, const struct config_node *node, uint32_t parent) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    if (!config_fields(config, node, CONFIG_SHAPE_PLACE, fields)) {
        config->field_sound = false;
        return;
    }
    if (config->place_count == LIMIT_PLACES) {
        config_error(config, node, NULL, "a site has at most %d places", LIMIT_PLACES);
        config->field_sound = false;
        return;
    }
    config->places = config_grow(&config->arena, config->places, config->place_count,
                                 &config->place_room, sizeof *config->places);
    uint32_t index = config->place_count++;
    config->places[index] = (struct config_place){
        .node = node,
        .id = "?",
        .parent = parent,
        .calendar = parent != RULESET_NONE ? config->places[parent].calendar : 0,
        .area_m2 = -1,
        .capacity = -1,
    };
    if (!place_path(config, index, fields[CONFIG_PLACE_ID], parent)) {
        config->field_sound = false;
    }
    place_fields(config, index, fields);
    if (fields[CONFIG_PLACE_PLACES] != NULL) {
        places_list(config, fields[CONFIG_PLACE_PLACES], index);
    }
    config->places[index].end = config->place_count;
}

/* The depth of the tree bounds this recursion. */
static void places_list(struct config *config, const struct config_node *list, uint32_t parent) {
    for (const struct config_node *item = list->first; item != NULL; item = item->next) {
        place_check(config, item, parent);
    }
}

const char *config_place_hint(struct config *config, const char *wrong) {
    if (config->place_ids == NULL) {
        config->place_ids =
            config_alloc(&config->arena, config->place_count + 1, sizeof *config->place_ids);
        for (uint32_t i = 0; i < config->place_count; i++) {
            config->place_ids[i] = config->places[i].id;
        }
    }
    return config_suggestion(config, wrong, config->place_ids, config->place_count);
}

void config_places_check(struct config *config, const struct config_node *places) {
    if (places->count == 0) {
        config_error(config, places, NULL, "a site needs at least one place");
        config->field_sound = false;
    }
    places_list(config, places, RULESET_NONE);
    config_plans_check(config);
}
