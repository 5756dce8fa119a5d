/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_alarms.h"

#include <stdio.h>
#include <string.h>

#include "gateway/config/config_model.h"
#include "gateway/config/config_scalar.h"
#include "rules/flood.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

/* A row of the table; `shape` and `key` as in config_keys.def. */
#define NUMBER(shape_, key_, name_, form_, field, min_, max_, reason_)                             \
    {                                                                                              \
        .name = (name_), .min = (min_), .max = (max_), .reason = (reason_),                        \
        .offset = offsetof(struct alarm_times, field), .form = ALARM_NUMBER_##form_,               \
        .shape = CONFIG_SHAPE_##shape_, .key = CONFIG_##shape_##_##key_                            \
    }

static const char acknowledge_reason[] =
    "sooner nobody can have read it, and later the time says nothing any more";
static const char attend_reason[] =
    "sooner nobody can be there, and later it calls again when it is too late to help";
static const char fire_reason[] =
    "sooner nobody can have looked, and a fire that nobody looks after has to count as confirmed";
static const char silence_reason[] =
    "a sounder that stays quiet for longer warns nobody of the fire that goes on";
static const char shelve_reason[] =
    "what is shelved for longer is forgotten: that is `out-of-service`, with its end and its reason";
static const char disposition_reason[] = "whoever was there must still know what it was";
static const char gather_reason[] = "a call that waits for others for longer comes too late itself";
static const char receipt_reason[] =
    "sooner no receiver can have confirmed, and later the next one is kept waiting in vain";
static const char listening_reason[] =
    "sooner each restart of a receiver is an alarm, and later a night passes with nobody listening";

static const char walk_reason[] =
    "sooner nobody heeds it, and what is not tested in a year is not known to work";

static const struct alarm_number numbers[] = {
    NUMBER(ACKNOWLEDGE_WITHIN, EMERGENCY, "acknowledge_within.emergency", SECONDS,
           acknowledge_s[PRIORITY_EMERGENCY], 10, 10 * MINUTE_S, acknowledge_reason),
    NUMBER(ACKNOWLEDGE_WITHIN, URGENT, "acknowledge_within.urgent", SECONDS,
           acknowledge_s[PRIORITY_URGENT], 10, HOUR_S, acknowledge_reason),
    NUMBER(ACKNOWLEDGE_WITHIN, HIGH, "acknowledge_within.high", SECONDS,
           acknowledge_s[PRIORITY_HIGH], MINUTE_S, DAY_S, acknowledge_reason),
    NUMBER(ACKNOWLEDGE_WITHIN, LOW, "acknowledge_within.low", SECONDS, acknowledge_s[PRIORITY_LOW],
           MINUTE_S, 7 * DAY_S, acknowledge_reason),
    NUMBER(ATTEND_WITHIN, EMERGENCY, "attend_within.emergency", SECONDS, realarm_emergency_s, 30,
           30 * MINUTE_S, attend_reason),
    NUMBER(ATTEND_WITHIN, URGENT, "attend_within.urgent", SECONDS, realarm_urgent_s, 30, 2 * HOUR_S,
           attend_reason),
    NUMBER(ALARMS, ACKNOWLEDGE_FIRE_WITHIN, "acknowledge_fire_within", SECONDS,
           unacknowledged_fire_s, 5, MINUTE_S, fire_reason),
    NUMBER(ALARMS, INVESTIGATE_WITHIN, "investigate_within", SECONDS, uninvestigated_fire_s, 30,
           10 * MINUTE_S, fire_reason),
    NUMBER(ALARMS, SILENCE_AT_MOST, "silence_at_most", SECONDS, silence_max_s, 10, 10 * MINUTE_S,
           silence_reason),
    NUMBER(ALARMS, SHELVE_AT_MOST, "shelve_at_most", SECONDS, shelve_max_s, MINUTE_S, DAY_S,
           shelve_reason),
    NUMBER(ALARMS, DISPOSITION_WITHIN, "disposition_within", SECONDS, disposition_s, HOUR_S,
           7 * DAY_S, disposition_reason),
    NUMBER(ALARMS, GATHER_WITHIN, "gather_within", SECONDS, gather_s, 0,
           (uint32_t)(CHAIN_GATHER_NS_MAX / NS_PER_S), gather_reason),
    NUMBER(ALARMS, CHATTERING_WITHIN, "chattering_within", SECONDS, chatter_window_s, 10,
           10 * MINUTE_S, NULL),
    NUMBER(FLOOD, WITHIN, "flood.within", SECONDS, flood_window_s, MINUTE_S, HOUR_S, NULL),
    NUMBER(FLOOD, MORE_THAN, "flood.more_than", COUNT, flood_begin, 5, FLOOD_RAISES - 1, NULL),
    NUMBER(FLOOD, UNTIL_FEWER_THAN, "flood.until_fewer_than", COUNT, flood_end, 1, FLOOD_RAISES - 1,
           NULL),
    NUMBER(ALARMS, RECEIPT_WITHIN, "receipt_within", SECONDS, receipt_s, 5, CHAIN_RECEIPT_S_MAX,
           receipt_reason),
    NUMBER(ALARMS, NOBODY_LISTENING_AFTER, "nobody_listening_after", SECONDS, nobody_listening_s,
           MINUTE_S, HOUR_S, listening_reason),
    NUMBER(ALARMS, BATTERY_LOW, "battery_low", PERCENT, battery_low_percent, 5, 50, NULL),
    NUMBER(ALARMS, WALK_TEST_REMINDER, "walk_test_reminder", SECONDS, walk_test_reminder_s, DAY_S,
           366 * DAY_S, walk_reason),
};
enum { NUMBER_COUNT = sizeof numbers / sizeof numbers[0] };

const struct alarm_number *alarm_numbers(uint32_t *ret_count) {
    *ret_count = NUMBER_COUNT;
    return numbers;
}

uint32_t alarm_number_value(const struct alarm_number *number, const struct alarm_times *times) {
    uint32_t value;
    memcpy(&value, (const unsigned char *)times + number->offset, sizeof value);
    return value;
}

void alarm_number_format(enum alarm_number_form form, uint32_t value, char ret[SITE_SPAN_SIZE]) {
    switch (form) {
    case ALARM_NUMBER_SECONDS:
        site_span_format(value, ret);
        break;
    case ALARM_NUMBER_COUNT:
        (void)snprintf(ret, SITE_SPAN_SIZE, "%u", value);
        break;
    case ALARM_NUMBER_PERCENT:
        (void)snprintf(ret, SITE_SPAN_SIZE, "%u %%", value);
        break;
    }
}

static void alarms_number(struct config *config, const struct alarm_number *number,
                          const struct config_node *node) {
    uint32_t value;
    int64_t count;
    bool given = false;
    switch ((enum alarm_number_form)number->form) {
    case ALARM_NUMBER_SECONDS:
        given = config_span_capped(config, node, number->min, number->max, number->reason, &value);
        break;
    case ALARM_NUMBER_PERCENT:
        given = config_percent(config, node, number->min, number->max, &value);
        break;
    case ALARM_NUMBER_COUNT:
        given = config_whole(config, node, number->min, number->max, &count);
        value = given ? (uint32_t)count : 0;
        break;
    }
    if (given) {
        memcpy((unsigned char *)&config->times + number->offset, &value, sizeof value);
    }
}

/* Read the numbers of one map. */
static void alarms_map(struct config *config, const struct config_node *map,
                       enum config_shape shape, const struct config_node **fields) {
    if (map == NULL || !config_fields(config, map, shape, fields)) {
        return;
    }
    for (uint32_t i = 0; i < NUMBER_COUNT; i++) {
        if (numbers[i].shape == shape) {
            alarms_number(config, &numbers[i], fields[numbers[i].key]);
        }
    }
}

void config_alarms_check(struct config *config, const struct config_node *alarms) {
    const struct config_node *fields[CONFIG_FIELDS_MAX] = {NULL};
    const struct config_node *inner[CONFIG_FIELDS_MAX] = {NULL};
    config->times = alarm_times_default;
    alarms_map(config, alarms, CONFIG_SHAPE_ALARMS, fields);
    alarms_map(config, fields[CONFIG_ALARMS_ACKNOWLEDGE_WITHIN], CONFIG_SHAPE_ACKNOWLEDGE_WITHIN,
               inner);
    alarms_map(config, fields[CONFIG_ALARMS_ATTEND_WITHIN], CONFIG_SHAPE_ATTEND_WITHIN, inner);
    const struct config_node *flood = fields[CONFIG_ALARMS_FLOOD];
    alarms_map(config, flood, CONFIG_SHAPE_FLOOD, inner);
    if (flood != NULL && config->times.flood_end > config->times.flood_begin) {
        const struct config_node *end = inner[CONFIG_FLOOD_UNTIL_FEWER_THAN];
        config_error(config, end != NULL ? end : inner[CONFIG_FLOOD_MORE_THAN], NULL,
                     "a flood that begins with more than %u alarms cannot end when fewer than %u "
                     "are left: `until_fewer_than` must not be above `more_than`",
                     config->times.flood_begin, config->times.flood_end);
    }
}
