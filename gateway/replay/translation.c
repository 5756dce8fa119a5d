/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/translation.h"

#include <stdlib.h>
#include <string.h>

/* An id and whose it is. */
struct translation_entry {
    const char *id;
    uint32_t index;
};

typedef const char *translation_id(const struct site *site, uint32_t index);

static const char *point_id(const struct site *site, uint32_t point) {
    return site_text(site, site->points[point].id);
}

static const char *device_id(const struct site *site, uint32_t device) {
    return site_text(site, site->devices[device].id);
}

static const char *place_id(const struct site *site, uint32_t place) {
    return site_text(site, site->places[place].id);
}

static int entry_compare(const void *a, const void *b) {
    return strcmp(((const struct translation_entry *)a)->id,
                  ((const struct translation_entry *)b)->id);
}

/* For each of `from_count` things of one site the index of the same thing in the other. */
static uint32_t *translation_map(const struct translation *translation, translation_id *id_of,
                                 uint32_t from_count, uint32_t to_count) {
    uint32_t *map = calloc((size_t)from_count + 1, sizeof *map);
    struct translation_entry *entries = calloc((size_t)to_count + 1, sizeof *entries);
    if (map == NULL || entries == NULL) {
        free(map);
        free(entries);
        return NULL;
    }
    for (uint32_t i = 0; i < to_count; i++) {
        entries[i] = (struct translation_entry){id_of(translation->to, i), i};
    }
    qsort(entries, to_count, sizeof *entries, entry_compare);
    for (uint32_t i = 0; i < from_count; i++) {
        const struct translation_entry wanted = {.id = id_of(translation->from, i)};
        const struct translation_entry *found =
            bsearch(&wanted, entries, to_count, sizeof *entries, entry_compare);
        map[i] = found != NULL ? found->index : RULESET_NONE;
    }
    free(entries);
    return map;
}

static uint32_t component_find(const struct site *site, const char *name) {
    for (uint32_t i = 0; i < site->header->component_count; i++) {
        char other[32];
        site_component_name(site, i, other, sizeof other);
        if (strcmp(name, other) == 0) {
            return i;
        }
    }
    return RULESET_NONE;
}

int translation_init(struct translation *translation, const struct site *from,
                     const struct site *to) {
    const struct ruleset *a = &from->ruleset;
    const struct ruleset *b = &to->ruleset;
    *translation = (struct translation){.from = from, .to = to};
    translation->points = translation_map(translation, point_id, a->point_count, b->point_count);
    translation->devices =
        translation_map(translation, device_id, a->device_count, b->device_count);
    translation->places = translation_map(translation, place_id, a->place_count, b->place_count);
    translation->components = calloc((size_t)a->component_count + 1, sizeof(uint32_t));
    if (translation->points == NULL || translation->devices == NULL ||
        translation->places == NULL || translation->components == NULL) {
        translation_deinit(translation);
        return err_origin(-ENOMEM);
    }
    for (uint32_t i = 0; i < a->component_count; i++) {
        char name[32];
        site_component_name(from, i, name, sizeof name);
        translation->components[i] = component_find(to, name);
    }
    return 0;
}

void translation_deinit(struct translation *translation) {
    free(translation->points);
    free(translation->devices);
    free(translation->places);
    free(translation->components);
    *translation = (struct translation){.from = NULL};
}

static uint32_t mapped(const uint32_t *map, uint32_t count, uint32_t index) {
    return index < count ? map[index] : RULESET_NONE;
}

/* The alarm of the same name; RULESET_NONE if there is none. */
static uint32_t translation_alarm(const struct translation *translation, uint32_t alarm) {
    char name[SITE_ALARM_NAME_SIZE];
    if (alarm >= translation->from->ruleset.alarm_count) {
        return RULESET_NONE;
    }
    site_alarm_format(translation->from, alarm, name);
    return site_alarm_find(translation->to, name);
}

/* A command's alarm or place; a command that is about neither stays as it is. */
static bool translation_command(const struct translation *translation,
                                const struct command *command, struct command *ret) {
    const struct ruleset *from = &translation->from->ruleset;
    *ret = *command;
    if (command->alarm < from->alarm_count) {
        ret->alarm = translation_alarm(translation, command->alarm);
        if (ret->alarm == RULESET_NONE) {
            return false;
        }
    }
    if (command->place < from->place_count) {
        ret->place = translation->places[command->place];
        return ret->place != RULESET_NONE;
    }
    return true;
}

static bool translation_subject(const struct translation *translation, const struct input *input,
                                struct input *ret) {
    const struct ruleset *from = &translation->from->ruleset;
    switch (input->kind) {
    case INPUT_READING:
        ret->reading.point = mapped(translation->points, from->point_count, input->reading.point);
        return ret->reading.point != RULESET_NONE;
    case INPUT_HEARTBEAT:
    case INPUT_DEVICE:
        ret->subject = mapped(translation->devices, from->device_count, input->subject);
        return ret->subject != RULESET_NONE;
    case INPUT_COMPONENT:
        ret->subject = mapped(translation->components, from->component_count, input->subject);
        return ret->subject != RULESET_NONE;
    case INPUT_RECEIPT:
        ret->subject = translation_alarm(translation, input->subject);
        return ret->subject != RULESET_NONE;
    case INPUT_CALENDAR: /* the other site has its own hours and clauses, */
    case INPUT_BETWEEN:
    case INPUT_WEEKDAY:
    case INPUT_SHIFT:
    case INPUT_LEVEL:
    case INPUT_LISTENER: /* people and receivers, */
    case INPUT_TICK:     /* … and deadlines */
        return false;
    case INPUT_COMMAND:
    case INPUT_CLOCK_STEP:
    case INPUT_STANDSTILL:
    case INPUT_UPLINK:
    case INPUT_CERTIFICATE:
    case INPUT_STORAGE:
    case INPUT_START:
    case INPUT_CONFIGURATION:
    case INPUT_KIND_COUNT:
        break;
    }
    return true;
}

bool translation_input(struct translation *translation, const struct input *input,
                       struct input *ret_input, struct command *ret_command) {
    *ret_input = *input;
    bool there = translation_subject(translation, input, ret_input);
    if (there && input->command != NULL) {
        ret_input->command = ret_command;
        there = translation_command(translation, input->command, ret_command);
    }
    /* What every site says of itself is not missed. */
    bool about_thing = input->kind == INPUT_READING || input->kind == INPUT_HEARTBEAT ||
                       input->kind == INPUT_DEVICE || input->kind == INPUT_COMMAND ||
                       input->kind == INPUT_RECEIPT;
    translation->left_out += !there && about_thing ? 1 : 0;
    return there;
}
