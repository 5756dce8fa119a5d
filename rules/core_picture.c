/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The core's picture of the site, told as the inputs that would have given it
 *
 * The inputs stand in one numbered row, section after section, so that a caller needs no memory to
 * walk along it.
 */
#include <assert.h>
#include <string.h>

#include "rules/core_state.h"

static enum truth picture_well(uint8_t lost) {
    return lost == TRUTH_UNKNOWN ? TRUTH_UNKNOWN : lost == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
}

static void picture_state(struct input *input, enum input_kind kind, uint32_t subject,
                          enum truth state) {
    input->kind = kind;
    input->subject = subject;
    input->state = state;
}

/*
 * A point's last reading. A stale one is told only if that is its own fault: otherwise its device is
 * lost or was not heard yet, and a fresh core knows nothing of the point either.
 */
static void picture_point(const struct core *core, uint32_t point, struct input *input) {
    const struct point_state *state = &core->points[point];
    enum point_kind kind = (enum point_kind)core->ruleset->points[point].kind;
    bool moment = point_kind_facts(kind)->form == POINT_FORM_EVENT;
    if (moment && state->fault != TRUTH_UNKNOWN) {
        /* A card is over; what stays is whether its reader is at fault. */
        input->kind = INPUT_READING;
        input->reading = (struct reading){
            .point = point,
            .quality = state->fault == TRUTH_TRUE ? QUALITY_FAULT : QUALITY_STALE,
            .measured = core->measured[point],
        };
        input->age_ns = 1; /* given again: core_reading_fault() */
        return;
    }
    if (moment || (state->quality == QUALITY_STALE && core->points[point].fault != TRUTH_TRUE)) {
        picture_state(input, INPUT_TICK, 0, TRUTH_UNKNOWN);
        return;
    }
    input->kind = INPUT_READING;
    input->reading = (struct reading){
        .point = point,
        .quality = state->quality,
        .value = quality_usable((enum quality)state->quality) ? state->value : 0,
        .measured = core->measured[point],
    };
    input->age_ns = core_point_speaks(core, point) ? point_age_ns(state, core->newest) : 0;
}

/* Is `*index` within a section of `count`? Otherwise moves it behind that section. */
static bool picture_section(uint32_t *index, uint32_t count) {
    if (*index < count) {
        return true;
    }
    *index -= count;
    return false;
}

bool core_picture(const struct core *core, uint32_t index, struct wall wall,
                  struct input *ret_input) {
    const struct ruleset *ruleset = core->ruleset;
    struct input *input = ret_input;
    memset(input, 0, sizeof *input);
    input->at = core->newest;
    input->wall = wall;
    if (picture_section(&index, 1)) {
        picture_state(input, INPUT_START, 0, picture_well(core->site_refused));
    } else if (picture_section(&index, 1)) {
        picture_state(input, INPUT_STORAGE, 0, picture_well(core->storage_lost));
    } else if (picture_section(&index, 1)) {
        picture_state(input, INPUT_UPLINK, 0, picture_well(core->uplink_lost));
    } else if (picture_section(&index, 1)) {
        picture_state(input, INPUT_WEEKDAY, 0, (enum truth)core->weekday);
    } else if (picture_section(&index, ruleset->calendar_count)) {
        picture_state(input, INPUT_CALENDAR, index, (enum truth)core->calendars[index]);
    } else if (picture_section(&index, ruleset->between_count)) {
        picture_state(input, INPUT_BETWEEN, index, (enum truth)core->betweens[index]);
    } else if (picture_section(&index, ruleset->component_count)) {
        picture_state(input, INPUT_COMPONENT, index, picture_well(core->components_lost[index]));
    } else if (picture_section(&index, ruleset->shift_count)) {
        picture_state(input, INPUT_SHIFT, index, (enum truth)core->shifts_on[index]);
    } else if (picture_section(&index, ruleset->listener_count)) {
        picture_state(input, INPUT_LISTENER, index, picture_well(core->listeners_lost[index]));
    } else if (picture_section(&index, CERTIFICATE_COUNT)) {
        picture_state(input, INPUT_CERTIFICATE, index,
                      picture_well(core->certificates_ending[index]));
        input->generation = core->certificates_until_s[index];
    } else if (picture_section(&index, ruleset->device_count)) {
        picture_state(input, INPUT_DEVICE, index, picture_well(core->devices[index].lost));
    } else if (picture_section(&index, ruleset->point_count)) {
        picture_point(core, index, input);
    } else {
        return false;
    }
    return true;
}

uint32_t core_picture_count(const struct ruleset *ruleset) {
    return 4 + CERTIFICATE_COUNT + ruleset->calendar_count + ruleset->between_count +
           ruleset->component_count + ruleset->shift_count + ruleset->listener_count +
           ruleset->device_count + ruleset->point_count;
}
