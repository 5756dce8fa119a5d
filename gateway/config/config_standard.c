/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/config/config_scalar.h"
#include "gateway/config/config_services.h"

/*
 * The facility standard: what a community must have
 *
 * Only its form is checked here. A requirement says where it looks, in exactly one of four ways,
 * and that decides what it may ask for:
 *
 *     every: KIND            need: area >= N m2, or need: services with all: […]
 *     below: KIND            need: KIND of place, least, own_room, walk
 *     anywhere: KIND         least, own_room, walk
 *     each_room_below: KIND  need_point: […], except: […]
 */

enum { LEAST_MAX = 1000 };

static const int scopes[] = {CONFIG_REQUIREMENT_EVERY, CONFIG_REQUIREMENT_BELOW,
                             CONFIG_REQUIREMENT_ANYWHERE, CONFIG_REQUIREMENT_EACH_ROOM_BELOW};
enum { SCOPE_COUNT = sizeof scopes / sizeof scopes[0] };

static const int questions[] = {
    CONFIG_REQUIREMENT_NEED,     CONFIG_REQUIREMENT_NEED_POINT, CONFIG_REQUIREMENT_LEAST,
    CONFIG_REQUIREMENT_OWN_ROOM, CONFIG_REQUIREMENT_WALK,       CONFIG_REQUIREMENT_ALL,
    CONFIG_REQUIREMENT_EXCEPT,
};
enum { QUESTION_COUNT = sizeof questions / sizeof questions[0] };

#define ASK(key) (1u << CONFIG_REQUIREMENT_##key)

/* By scope: what may be asked. */
static const uint32_t allowed[SCOPE_COUNT] = {
    ASK(NEED) | ASK(ALL) | ASK(LEAST),
    ASK(NEED) | ASK(LEAST) | ASK(OWN_ROOM) | ASK(WALK),
    ASK(LEAST) | ASK(OWN_ROOM) | ASK(WALK),
    ASK(NEED_POINT) | ASK(EXCEPT),
};

/* By scope: what has to be asked; "" for nothing. */
static const char *const needed[SCOPE_COUNT] = {"need", "need", "", "need_point"};

/* "area >= 600 m2" */
static void standard_area(struct config *config, const struct config_node *need) {
    static const char begin[] = "area >= ";
    uint32_t skip = (uint32_t)strlen(begin);
    if (strncmp(need->text, begin, skip) != 0) {
        config_error(config, need, "area >= 600 m2, or services",
                     "`%s` is nothing that every such place can be asked for", need->text);
        return;
    }
    struct config_node area = *need;
    area.mark = config_node_locate(need, skip, need->len - skip);
    area.text += skip;
    area.len -= skip;
    double m2;
    (void)config_area(config, &area, &m2);
}

static void standard_every(struct config *config, const struct config_node *const *fields) {
    const struct config_node *need = fields[CONFIG_REQUIREMENT_NEED];
    const struct config_node *all = fields[CONFIG_REQUIREMENT_ALL];
    bool services = need != NULL && strcmp(need->text, "services") == 0;
    if (services && all != NULL) {
        (void)config_services_check(config, all);
    } else if (services) {
        config_error(config, need, "add all: [cleaning, meals, …]",
                     "it does not say which services");
    } else if (need != NULL) {
        standard_area(config, need);
    }
    if (all != NULL && !services) {
        config_error(config, all->key, NULL, "`all` belongs to need: services");
    }
}

static void standard_lists(struct config *config, const struct config_node *const *fields) {
    const struct config_node *points = fields[CONFIG_REQUIREMENT_NEED_POINT];
    enum point_kind point_kind;
    for (const struct config_node *item = points != NULL ? points->first : NULL; item != NULL;
         item = item->next) {
        (void)config_point_kind(config, item, &point_kind);
    }
    const struct config_node *except = fields[CONFIG_REQUIREMENT_EXCEPT];
    enum place_kind place_kind;
    for (const struct config_node *item = except != NULL ? except->first : NULL; item != NULL;
         item = item->next) {
        (void)config_place_kind(config, item, &place_kind);
    }
}

static void standard_requirement(struct config *config, const struct config_node *node,
                                 struct config_index *seen) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    if (!config_fields(config, node, CONFIG_SHAPE_REQUIREMENT, fields)) {
        return;
    }
    const struct config_node *id_node = fields[CONFIG_REQUIREMENT_ID];
    const char *id;
    if (config_id(config, id_node, CONFIG_ID_PLAIN, &id)) {
        (void)config_claim(config, seen, id_node, id, config->summary.requirement_count,
                           "requirements");
    }
    config->summary.requirement_count++;
    uint32_t scope = SCOPE_COUNT;
    uint32_t scope_count = 0;
    for (uint32_t i = 0; i < SCOPE_COUNT; i++) {
        enum place_kind kind;
        if (fields[scopes[i]] != NULL) {
            (void)config_place_kind(config, fields[scopes[i]], &kind);
            scope = i;
            scope_count++;
        }
    }
    if (scope_count != 1) {
        config_error(config, id_node != NULL ? id_node : node, NULL,
                     "a requirement has one of every, below, anywhere and each_room_below");
        return;
    }
    for (uint32_t i = 0; i < QUESTION_COUNT; i++) {
        const struct config_node *field = fields[questions[i]];
        if (field != NULL && (allowed[scope] & 1u << questions[i]) == 0) {
            config_error(config, field->key, NULL, "`%s` does not go together with `%s`",
                         field->key->text, fields[scopes[scope]]->key->text);
        }
    }
    if (needed[scope][0] != '\0' && config_node_member(node, needed[scope]) == NULL) {
        config_error(config, fields[scopes[scope]]->key, NULL, "`%s` goes together with `%s`",
                     fields[scopes[scope]]->key->text, needed[scope]);
    }
    int64_t least;
    bool own_room;
    uint64_t walk_ns;
    enum place_kind place_kind;
    (void)config_whole(config, fields[CONFIG_REQUIREMENT_LEAST], 1, LEAST_MAX, &least);
    (void)config_truth(config, fields[CONFIG_REQUIREMENT_OWN_ROOM], &own_room);
    (void)config_span(config, fields[CONFIG_REQUIREMENT_WALK], CONFIG_MINUTE_NS, CONFIG_DAY_NS,
                      &walk_ns);
    if (scopes[scope] == CONFIG_REQUIREMENT_EVERY) {
        standard_every(config, fields);
    } else if (scopes[scope] == CONFIG_REQUIREMENT_BELOW) {
        (void)config_place_kind(config, fields[CONFIG_REQUIREMENT_NEED], &place_kind);
    }
    standard_lists(config, fields);
}

void config_standard_check(struct config *config, const struct config_node *root) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    if (!config_fields(config, root, CONFIG_SHAPE_STANDARD_FILE, fields) ||
        fields[CONFIG_STANDARD_FILE_STANDARD] == NULL ||
        !config_fields(config, fields[CONFIG_STANDARD_FILE_STANDARD], CONFIG_SHAPE_STANDARD,
                       fields)) {
        return;
    }
    struct config_name name = {0};
    (void)config_id(config, fields[CONFIG_STANDARD_ID], CONFIG_ID_PLAIN, &config->summary.standard);
    (void)config_name(config, fields[CONFIG_STANDARD_NAME], &name);
    const struct config_node *list = fields[CONFIG_STANDARD_REQUIREMENTS];
    struct config_index seen = {0};
    for (const struct config_node *item = list != NULL ? list->first : NULL; item != NULL;
         item = item->next) {
        standard_requirement(config, item, &seen);
    }
}
