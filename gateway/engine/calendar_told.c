/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/calendar_told.h"

#include <stdlib.h>
#include <string.h>

/* A clock set back by more days than this was wrong before, and is believed now. */
enum { LEVEL_DAYS_BACK = 2 };

int calendar_told_init(struct calendar_told *told, const struct calendar *calendar) {
    *told = (struct calendar_told){
        .open = malloc((size_t)calendar->calendar_count + 1),
        .between = malloc((size_t)calendar->between_count + 1),
        .duty = malloc((size_t)calendar->shift_count + 1),
        .weekday = TRUTH_UNKNOWN,
    };
    if (told->open == NULL || told->between == NULL || told->duty == NULL) {
        calendar_told_deinit(told);
        return err_origin(-ENOMEM);
    }
    memset(told->open, TRUTH_UNKNOWN, calendar->calendar_count);
    memset(told->between, TRUTH_UNKNOWN, calendar->between_count);
    memset(told->duty, TRUTH_UNKNOWN, calendar->shift_count);
    return 0;
}

void calendar_told_deinit(struct calendar_told *told) {
    free(told->duty);
    free(told->between);
    free(told->open);
    *told = (struct calendar_told){.open = NULL};
}

void calendar_told_levelled(struct calendar_told *told, const struct calendar *calendar,
                            struct wall wall) {
    told->level_day = calendar_level_day(calendar, calendar_moment(calendar, wall));
    told->levelled = true;
}

/* Note what is so; true if it is not what was told. */
static bool told_change(uint8_t *told, bool is) {
    uint8_t truth = is ? TRUTH_TRUE : TRUTH_FALSE;
    bool changed = *told != truth;
    *told = truth;
    return changed;
}

void calendar_tell(const struct calendar *calendar, struct calendar_told *told, struct wall wall,
                   void (*tell)(void *context, enum input_kind kind, uint32_t subject,
                                enum truth state),
                   void *context) {
    struct calendar_moment moment = calendar_moment(calendar, wall);
    for (uint32_t i = 0; i < calendar->calendar_count; i++) {
        if (told_change(&told->open[i], calendar_is_open(calendar, i, moment))) {
            tell(context, INPUT_CALENDAR, i, (enum truth)told->open[i]);
        }
    }
    for (uint32_t i = 0; i < calendar->between_count; i++) {
        if (told_change(&told->between[i], calendar_is_between(calendar, i, moment))) {
            tell(context, INPUT_BETWEEN, i, (enum truth)told->between[i]);
        }
    }
    for (uint32_t i = 0; i < calendar->shift_count; i++) {
        if (told_change(&told->duty[i], calendar_is_on_duty(calendar, i, moment))) {
            tell(context, INPUT_SHIFT, i, (enum truth)told->duty[i]);
        }
    }
    if (told_change(&told->weekday, calendar_is_weekday(moment))) {
        tell(context, INPUT_WEEKDAY, 0, (enum truth)told->weekday);
    }
    int32_t day = calendar_level_day(calendar, moment);
    bool due = told->levelled && day > told->level_day;
    /* A clock that is set back a little will come to this day again: it was levelled then. */
    if (!told->levelled || due || told->level_day - day > LEVEL_DAYS_BACK) {
        calendar_told_levelled(told, calendar, wall);
    }
    if (due) {
        tell(context, INPUT_LEVEL, 0, TRUTH_TRUE);
    }
}
