/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/config/config_calendar.h"

/*
 * Tours: the rounds that guards walk
 */

enum { SCHEDULE_MAX = 48, CHECKPOINTS_MAX = 200, DAY_MINUTES = 1440 };

#define TOUR_SPAN_MAX_NS (12 * CONFIG_HOUR_NS)

/* Times in order; those after midnight belong to the day of the first, so the order may wrap once.
 */
static void tour_schedule(struct config *config, const struct config_node *list) {
    int first = -1, previous = -1;
    if (list->count == 0 || list->count > SCHEDULE_MAX) {
        config_error(config, list, NULL, "a tour begins 1 to %d times a day", SCHEDULE_MAX);
        return;
    }
    for (const struct config_node *item = list->first; item != NULL; item = item->next) {
        if (!config_is_scalar(config, item)) {
            continue;
        }
        int minutes = config_clock(item->text, item->len);
        if (minutes < 0 || minutes == DAY_MINUTES) {
            config_error(config, item, "such as \"22:00\", in quotes", "`%s` is no time of day",
                         item->text);
            continue;
        }
        first = first < 0 ? minutes : first;
        int since_first = (minutes - first + DAY_MINUTES) % DAY_MINUTES;
        if (since_first <= previous) {
            config_error(config, item,
                         "put the times in order, each once; those after midnight come last",
                         "`%s` is out of order", item->text);
        }
        previous = since_first;
    }
}

static void tour_checkpoint(struct config *config, const struct config_node *node,
                            struct config_index *seen) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    if (!config_fields(config, node, CONFIG_SHAPE_CHECKPOINT, fields)) {
        return;
    }
    config->summary.checkpoint_count++;
    const struct config_node *point = fields[CONFIG_CHECKPOINT_POINT];
    if (point != NULL) {
        uint32_t index = config_index_find(&config->point_index, point->text);
        if (index == UINT32_MAX) {
            config_error(config, point, config_point_hint(config, point->text),
                         "there is no point `%s`", point->text);
        } else if (config->points[index].kind != POINT_CHECKPOINT &&
                   config->points[index].kind != POINT_KIND_COUNT) {
            config_error(config, point, "a guard scans points of kind checkpoint",
                         "`%s` is a point of kind %s", point->text,
                         point_kind_facts(config->points[index].kind)->name);
        } else if (config_index_find(seen, point->text) != UINT32_MAX) {
            config_error(config, point, "keep one of them", "`%s` is given twice", point->text);
        } else {
            config_index_add(&config->arena, seen, point->text, 0);
        }
    }
    const struct config_node *after = fields[CONFIG_CHECKPOINT_AFTER];
    if (after == NULL || !config_fields(config, after, CONFIG_SHAPE_AFTER, fields)) {
        return;
    }
    uint64_t min_ns = 0, max_ns = UINT64_MAX;
    (void)config_span(config, fields[CONFIG_AFTER_MIN], 0, TOUR_SPAN_MAX_NS, &min_ns);
    (void)config_span(config, fields[CONFIG_AFTER_MAX], 0, TOUR_SPAN_MAX_NS, &max_ns);
    if (min_ns >= max_ns) {
        config_error(config, fields[CONFIG_AFTER_MAX], NULL, "`max` must be longer than `min`");
    }
}

static void tour_check(struct config *config, const struct config_node *node) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    if (!config_fields(config, node, CONFIG_SHAPE_TOUR, fields)) {
        return;
    }
    const char *id;
    struct config_name name = {0};
    uint32_t days, mode;
    uint64_t span_ns;
    if (config_id(config, fields[CONFIG_TOUR_TOUR], CONFIG_ID_PLAIN, &id)) {
        (void)config_claim(config, &config->tour_index, fields[CONFIG_TOUR_TOUR], id,
                           config->summary.tour_count, "tours");
    }
    config->summary.tour_count++;
    (void)config_name(config, fields[CONFIG_TOUR_NAME], &name);
    if (fields[CONFIG_TOUR_SCHEDULE] != NULL) {
        tour_schedule(config, fields[CONFIG_TOUR_SCHEDULE]);
    }
    if (fields[CONFIG_TOUR_DAYS] != NULL) {
        (void)config_days(config, fields[CONFIG_TOUR_DAYS], &days);
    }
    static const char *const modes[] = {"sequence", "any_order"};
    (void)config_word(config, fields[CONFIG_TOUR_MODE], "a mode of a tour", modes, 2, &mode);
    (void)config_span(config, fields[CONFIG_TOUR_START_GRACE], 0, TOUR_SPAN_MAX_NS, &span_ns);
    (void)config_span(config, fields[CONFIG_TOUR_GUARD_OVERDUE], CONFIG_MINUTE_NS, TOUR_SPAN_MAX_NS,
                      &span_ns);
    const struct config_node *checkpoints = fields[CONFIG_TOUR_CHECKPOINTS];
    if (checkpoints == NULL) {
        return;
    }
    if (checkpoints->count == 0 || checkpoints->count > CHECKPOINTS_MAX) {
        config_error(config, checkpoints, NULL, "a tour has 1 to %d checkpoints", CHECKPOINTS_MAX);
    }
    struct config_index seen = {0};
    for (const struct config_node *item = checkpoints->first; item != NULL; item = item->next) {
        tour_checkpoint(config, item, &seen);
    }
}

void config_tours_check(struct config *config, const struct config_node *root) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    if (!config_fields(config, root, CONFIG_SHAPE_TOURS_FILE, fields) ||
        fields[CONFIG_TOURS_FILE_TOURS] == NULL) {
        return;
    }
    const struct config_node *item = fields[CONFIG_TOURS_FILE_TOURS]->first;
    for (; item != NULL; item = item->next) {
        tour_check(config, item);
    }
}
