/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_layout.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/digest.h"
#include "rules/emergency.h"
#include "rules/reach.h"

/*
 * Sort rows by a small number and keep their order otherwise: count, sum up, place. `bucket_of[i]`
 * is less than `bucket_count`.
 */
static uint32_t *layout_sort(struct config_arena *arena, const uint32_t *bucket_of, uint32_t count,
                             uint32_t bucket_count) {
    uint32_t *next = config_alloc(arena, bucket_count + 1, sizeof *next);
    uint32_t *sorted = config_alloc(arena, count + 1, sizeof *sorted);
    for (uint32_t i = 0; i < count; i++) {
        next[bucket_of[i] + 1]++;
    }
    for (uint32_t bucket = 0; bucket < bucket_count; bucket++) {
        next[bucket + 1] += next[bucket];
    }
    for (uint32_t i = 0; i < count; i++) {
        sorted[next[bucket_of[i]]++] = i;
    }
    return sorted;
}

static void layout_devices(struct config *config, struct config_layout *layout) {
    uint32_t *bus_of = config_alloc(&config->arena, config->device_count + 1, sizeof *bus_of);
    for (uint32_t i = 0; i < config->device_count; i++) {
        /* A device whose address is wrong stands last; no image is made of it. */
        bus_of[i] =
            config->devices[i].bus != RULESET_NONE ? config->devices[i].bus : config->bus_count;
    }
    layout->device_at =
        layout_sort(&config->arena, bus_of, config->device_count, config->bus_count + 1);
    layout->devices =
        config_alloc(&config->arena, config->device_count + 1, sizeof *layout->devices);
    for (uint32_t row = 0; row < config->device_count; row++) {
        layout->devices[row].silence_ns = config->devices[layout->device_at[row]].silence_ns;
    }
}

/*
 * What a point is, for all that is remembered of it: its name and kind, and how its value comes from
 * what the device says. Where that is read does not count: a device that gets another address is the
 * same device.
 */
static uint64_t layout_identity(const struct config_point *point) {
    const struct site_point *row = &point->row;
    char text[SITE_ENTITY_SIZE + 256];
    int size =
        snprintf(text, sizeof text, "%s %s %u %a %a %u %u %u %d %u %u %u %u %u", point->id,
                 point_kind_facts(point->kind)->name, row->unit, row->scale, row->offset,
                 row->modbus_type, row->modbus_order, row->invert, row->modbus_bit, row->states,
                 row->state_raw[0], row->state_raw[1], row->state_raw[2], row->state_raw[3]);
    assert(size > 0 && (size_t)size < sizeof text);
    unsigned char digest[DIGEST_SIZE];
    digest_of(text, (size_t)size, digest);
    uint64_t identity = 0;
    for (unsigned i = 0; i < sizeof identity; i++) {
        identity = identity << 8 | digest[i];
    }
    return identity;
}

static void layout_points(struct config *config, struct config_layout *layout) {
    uint32_t *row_of = config_alloc(&config->arena, config->device_count + 1, sizeof *row_of);
    for (uint32_t row = 0; row < config->device_count; row++) {
        row_of[layout->device_at[row]] = row;
    }
    uint32_t *place_of = config_alloc(&config->arena, config->point_count + 1, sizeof *place_of);
    for (uint32_t i = 0; i < config->point_count; i++) {
        place_of[i] = config->points[i].place;
    }
    layout->point_at =
        layout_sort(&config->arena, place_of, config->point_count, config->place_count);
    layout->points = config_alloc(&config->arena, config->point_count + 1, sizeof *layout->points);
    for (uint32_t row = 0; row < config->point_count; row++) {
        const struct config_point *point = &config->points[layout->point_at[row]];
        uint32_t device = row_of[point->device];
        layout->points[row] = (struct ruleset_point){.place = point->place,
                                                     .device = device,
                                                     .kind = (uint16_t)point->kind,
                                                     .attends = point->attends,
                                                     .silence_ns = point->silence_ns,
                                                     .identity = layout_identity(point)};
    }
}

static void layout_places(struct config *config, struct config_layout *layout) {
    layout->places = config_alloc(&config->arena, config->place_count + 1, sizeof *layout->places);
    uint32_t point = 0;
    for (uint32_t i = 0; i < config->place_count; i++) {
        const struct config_place *place = &config->places[i];
        while (point < config->point_count && layout->points[point].place < i) {
            point++;
        }
        layout->places[i] = (struct ruleset_place){.parent = place->parent,
                                                   .end = place->end,
                                                   .point_first = point,
                                                   .kind = (uint16_t)place->kind,
                                                   .calendar = (uint16_t)place->calendar,
                                                   .capacity = place->capacity,
                                                   .area_m2 = place->area_m2};
    }
    for (uint32_t i = 0; i < config->place_count; i++) {
        uint32_t end = config->places[i].end;
        layout->places[i].point_end =
            end < config->place_count ? layout->places[end].point_first : config->point_count;
    }
}

void config_layout_alarm_places(const struct config *config, const struct config_layout *layout,
                                const struct ruleset_draft_rule *rule, uint8_t *ret_marks) {
    uint32_t first = rule->in_place == RULESET_NONE ? 0 : rule->in_place;
    uint32_t end = rule->in_place == RULESET_NONE ? config->place_count : layout->places[first].end;
    memset(ret_marks, 0, config->place_count);
    for (uint32_t place = first; place < end; place++) {
        ret_marks[place] = rule->each == EXPR_EACH_PLACE &&
                           (rule->place_kinds >> layout->places[place].kind & 1) != 0;
    }
    for (uint32_t i = 0; i < config->point_count; i++) {
        const struct ruleset_point *point = &layout->points[i];
        if (rule->each == EXPR_EACH_POINT && point->place >= first && point->place < end &&
            (rule->point_kinds >> point->kind & 1) != 0) {
            ret_marks[point->place] = 1;
        }
    }
}

/* An output that an emergency may switch serves it, like the button that calls for help. */
static void layout_outputs_of(struct config_layout *layout, const struct reach_list *outputs,
                              const struct config_step *step, uint32_t place) {
    for (enum point_kind kind = 0; kind < POINT_KIND_COUNT; kind++) {
        if ((step->row.outputs >> kind & 1) == 0) {
            continue;
        }
        struct reach_range range =
            reach_outputs(layout->places, outputs, place, kind, (enum chain_reach)step->row.reach);
        for (uint32_t i = range.first; i < range.end; i++) {
            layout->points[outputs->points[i]].serves_emergency = 1;
        }
    }
}

static void layout_emergency_outputs(struct config *config, struct config_layout *layout) {
    uint8_t *marks = config_alloc(&config->arena, config->place_count + 1, 1);
    uint32_t *room = config_alloc(
        &config->arena, reach_count(layout->points, config->point_count) + 1, sizeof *room);
    struct reach_list outputs;
    reach_list_init(&outputs, layout->points, config->point_count, room);
    for (uint32_t i = 0; i < config->rule_count; i++) {
        const struct config_rule *rule = &config->rules[i];
        if (!rule->sound || rule->draft.priority != PRIORITY_EMERGENCY ||
            rule->draft.chain == RULESET_NONE) {
            continue;
        }
        const struct config_chain *chain = &config->chains[rule->draft.chain];
        config_layout_alarm_places(config, layout, &rule->draft, marks);
        for (uint32_t s = 0; s < chain->step_count; s++) {
            for (uint32_t place = 0; place < config->place_count; place++) {
                if (marks[place] != 0 && chain->steps[s].row.outputs != 0) {
                    layout_outputs_of(layout, &outputs, &chain->steps[s], place);
                }
            }
        }
    }
}

/* What the rules that could be compiled say about the site: its zones, and what serves emergencies. */
static void layout_by_rules(struct config *config, struct config_layout *layout) {
    struct ruleset_draft_rule *rules =
        config_alloc(&config->arena, config->rule_count + 1, sizeof *rules);
    struct ruleset_draft draft = {.places = layout->places,
                                  .points = layout->points,
                                  .devices = layout->devices,
                                  .place_count = config->place_count,
                                  .point_count = config->point_count,
                                  .device_count = config->device_count,
                                  .rules = rules};
    for (uint32_t i = 0; i < config->rule_count; i++) {
        if (config->rules[i].sound) {
            rules[draft.rule_count++] = config->rules[i].draft;
        }
    }
    reach_zones(&draft, layout->places);
    layout_emergency_outputs(config, layout);
    emergency_mark(&draft, layout->points, layout->devices);
}

/* Each device on a bus of its own makes the most field processes that a site can have. */
_Static_assert((LIMIT_DEVICES + CONFIG_BUSES_PER_FIELD - 1) / CONFIG_BUSES_PER_FIELD +
                       CONFIG_OTHER_COMPONENTS <=
                   LIMIT_COMPONENTS,
               "no site has more components than the engine watches");

void config_layout(struct config *config, struct config_layout *ret_layout) {
    assert(config->field_sound);
    *ret_layout = (struct config_layout){0};
    layout_devices(config, ret_layout);
    layout_points(config, ret_layout);
    layout_places(config, ret_layout);
    layout_by_rules(config, ret_layout);
    uint32_t fields = (config->bus_count + CONFIG_BUSES_PER_FIELD - 1) / CONFIG_BUSES_PER_FIELD;
    ret_layout->field_count = fields > 0 ? fields : 1;
}
