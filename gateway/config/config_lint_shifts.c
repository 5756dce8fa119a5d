/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/config/config_calendar.h"

/*
 * Lint: hours in which nobody of a chain's shifts is on
 *
 * A step to a shift that is not on goes to nobody, and the chain moves on at once (model.md 3). That is
 * as it should be where another step calls the shift that is on then; hours that none of them covers are
 * said, because it is at such an hour that somebody finds out.
 */

enum { DAY_MINUTES = 1440, DAYS = 7, WEEK_MINUTES = DAYS * DAY_MINUTES };

/* A stretch of the week, in minutes from Monday 00:00; it may run on into the next week. */
struct gap {
    uint32_t begin, len;
};

/* Mark the minutes that a shift is on. One without hours is always on. */
static void shifts_cover(const struct config_shift *shift, uint8_t is_on[WEEK_MINUTES]) {
    if (shift->span_count == 0) {
        memset(is_on, 1, WEEK_MINUTES);
    }
    for (uint32_t i = 0; i < shift->span_count; i++) {
        const struct site_span *span = &shift->spans[i];
        memset(is_on + span->weekday * DAY_MINUTES + span->begin_min, 1,
               (size_t)(span->end_min - span->begin_min));
    }
}

static bool gap_begins_at(const uint8_t *is_on, uint32_t minute) {
    return is_on[minute] == 0 && is_on[(minute + WEEK_MINUTES - 1) % WEEK_MINUTES] != 0;
}

static struct gap gap_at(const uint8_t *is_on, uint32_t begin) {
    struct gap gap = {.begin = begin};
    while (gap.len < WEEK_MINUTES && is_on[(begin + gap.len) % WEEK_MINUTES] == 0) {
        gap.len++;
    }
    return gap;
}

/* "mon-thu 19:00-07:00", or "fri 19:00 - mon 07:00" for one that is a day or longer. */
static const char *gap_name(struct config *config, struct gap gap, uint32_t days) {
    uint32_t end = (gap.begin + gap.len) % WEEK_MINUTES;
    uint32_t from = gap.begin % DAY_MINUTES;
    uint32_t to = end % DAY_MINUTES;
    const char *first = config_day_name(gap.begin / DAY_MINUTES);
    if (gap.len >= DAY_MINUTES) {
        return config_format(&config->arena, "%s %02u:%02u - %s %02u:%02u", first, from / 60,
                             from % 60, config_day_name(end / DAY_MINUTES), to / 60, to % 60);
    }
    const char *last = config_day_name(gap.begin / DAY_MINUTES + days - 1);
    return config_format(&config->arena, "%s%s%s %02u:%02u-%02u:%02u", first, days > 1 ? "-" : "",
                         days > 1 ? last : "", from / 60, from % 60, to / 60, to % 60);
}

/* The uncovered hours as people write them; equal ones of days in a row are one. */
static const char *gaps_text(struct config *config, const uint8_t *is_on) {
    struct config_names names = {0};
    struct gap first = {0};
    uint32_t days = 0;
    for (uint32_t minute = 0; minute < WEEK_MINUTES; minute++) {
        if (!gap_begins_at(is_on, minute)) {
            continue;
        }
        struct gap gap = gap_at(is_on, minute);
        if (days > 0 && gap.len == first.len && gap.len < DAY_MINUTES &&
            gap.begin == first.begin + days * DAY_MINUTES) {
            days++;
            continue;
        } else if (days > 0) {
            config_names_add(config, &names, gap_name(config, first, days));
        }
        first = gap;
        days = 1;
    }
    if (days > 0) {
        config_names_add(config, &names, gap_name(config, first, days));
    }
    return config_names_text(config, &names);
}

void config_lint_shifts(struct config *config, const struct config_chain *chain) {
    uint8_t *is_on = config_alloc(&config->arena, WEEK_MINUTES, sizeof *is_on);
    const struct config_node *told = NULL;
    struct config_names shifts = {0};
    for (uint32_t i = 0; i < chain->step_count; i++) {
        const struct chain_step *step = &chain->steps[i].row;
        if (step->to == CHAIN_TO_SHIFT && step->receiver < config->shift_count) {
            const struct config_shift *shift = &config->shifts[step->receiver];
            const struct config_node *node = config_node_member(chain->steps[i].node, "to");
            shifts_cover(shift, is_on);
            config_names_add(config, &shifts, shift->id);
            told = told == NULL ? node : told;
        }
    }
    const char *gaps = gaps_text(config, is_on);
    if (told != NULL && gaps != NULL) {
        config_warn(config, told,
                    "give somebody those hours, or add a step to a shift that is on then",
                    "nobody of shift %s is on %s: chain `%s` passes over that step then",
                    config_names_text(config, &shifts), gaps, chain->id);
    }
}
