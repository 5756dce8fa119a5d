/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/config/config_drawing.h"
#include "gateway/config/config_model.h"

/*
 * Plans: the drawings that places have
 *
 * A place with `plan:` is shown as it was drawn, and so are the places in it that the drawing has; all others are
 * shown as blocks. One that lies in another has its shape in the drawing of that.
 */

/* Of all drawings of a site together: the site is kept in memory, and each page fetches them. */
enum { PLANS_SIZE_MAX = 8 * 1024 * 1024 };

/* The place that `place` lies in and that has a drawing itself; RULESET_NONE without one. */
static uint32_t plan_around(const struct config *config, uint32_t place) {
    uint32_t outer = config->places[place].parent;
    while (outer != RULESET_NONE && config->places[outer].plan == NULL) {
        outer = config->places[outer].parent;
    }
    return outer;
}

static void plan_read(struct config *config, uint32_t index) {
    const struct config_node *node = config->places[index].plan;
    uint32_t outer = plan_around(config, index);
    if (outer != RULESET_NONE) {
        config_error(config, node, "keep one of them", "%s lies in %s, which has a drawing too",
                     config->places[index].id, config->places[outer].id);
        return;
    }
    const struct config_source *source = config_source_open_drawing(config, node);
    const char *drawing = source != NULL ? config_drawing_read(config, source, index) : NULL;
    if (drawing == NULL) {
        return;
    }
    config->plan_count++;
    config->plan_size += (uint32_t)strlen(drawing);
    config->places[index].drawing = drawing;
    if (config->plan_size > PLANS_SIZE_MAX) {
        config_error(config, node, NULL,
                     "the drawings of this site are larger than 8 MiB together");
        config->plan_size = 0; /* said once for so much */
    }
}

void config_plans_check(struct config *config) {
    for (uint32_t i = 0; i < config->place_count; i++) {
        if (config->places[i].plan != NULL) {
            plan_read(config, i);
        }
    }
}

/* Is anything read in the place? A lamp that is only switched has no state to be shown. */
static bool place_is_watched(const struct config *config, uint32_t place) {
    for (uint32_t i = 0; i < config->point_count; i++) {
        if (config->points[i].place == place && config->points[i].row.output == 0) {
            return true;
        }
    }
    return false;
}

void config_lint_plans(struct config *config) {
    for (uint32_t i = 0; i < config->place_count; i++) {
        if (config->places[i].drawing == NULL) {
            continue;
        }
        struct config_names lacking = {0};
        for (uint32_t inner = i + 1; inner < config->places[i].end; inner++) {
            if (!config->places[inner].is_drawn && place_is_watched(config, inner)) {
                config_names_add(config, &lacking, config->places[inner].id);
            }
        }
        if (lacking.count > 0) {
            config_warn(
                config, config->places[i].plan, "give each a shape with its `data-place`",
                "the drawing lacks places with sensors, which are shown as blocks beside it: %s",
                config_names_text(config, &lacking));
        }
    }
}
