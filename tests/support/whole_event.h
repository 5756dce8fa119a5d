/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_WHOLE_EVENT_H
#define TESTS_SUPPORT_WHOLE_EVENT_H

/*
 * An event with all its columns, and a body that says the same
 *
 * As the engine makes them, for tests of what becomes of the one and the other in a journal: every
 * third is a call from a button, the others are of a door.
 */

#include <stdio.h>

#include "gateway/journal/journal_event.h"

/* 2026-11-22T07:17:00Z; events are a millisecond apart. */
#define WHOLE_EVENT_WALL_NS (INT64_C(1795331820) * (int64_t)NS_PER_S)

/* Its text is filled up with `filling` blanks. Returns 0 or <0; `number` from 1 to 999. */
static inline int whole_event_make(unsigned number, int filling, struct journal_event **ret_event) {
    static const char call[] =
        ",\"source\":\"/tocsin/gulou-demo/main\",\"type\":\"tocsin.alarm.raised\","
        "\"subject\":\"room/button-0\",\"time\":\"2026-11-22T07:17:00.%03uZ\"";
    static const char door[] =
        ",\"source\":\"/tocsin/gulou-demo/main\",\"type\":\"tocsin.access.granted\","
        "\"subject\":\"hall/door\",\"time\":\"2026-11-22T07:17:00.%03uZ\"";
    static const char call_data[] = ",\"data\":{\"rule\":\"call\",\"place\":\"room\","
                                    "\"text\":{\"en\":\"call %u%*s\"},\"actor\":null}}";
    static const char door_data[] = ",\"data\":{\"place\":\"hall\",\"point\":\"hall/door\","
                                    "\"text\":{\"en\":\"door %u%*s\"}}}";
    char text[JOURNAL_TEXT_MAX];
    struct journal_event *event;
    bool alarm = number % 3 == 0;
    int split = snprintf(text, sizeof text, alarm ? call : door, number);
    int size = split + snprintf(text + split, sizeof text - (size_t)split,
                                alarm ? call_data : door_data, number, filling, "");
    int r = journal_event_new(text, (size_t)split, (size_t)size, &event);
    if (r != 0) {
        return r;
    }
    event->lane = alarm ? LANE_ALARM : LANE_ACTIVITY;
    event->type = alarm ? EVENT_ALARM_RAISED : EVENT_ACCESS_GRANTED;
    event->alarm = alarm ? 0 : RULESET_NONE;
    event->place = alarm ? "room" : "hall";
    event->point = alarm ? "room/button-0" : "hall/door";
    event->wall = (struct wall){WHOLE_EVENT_WALL_NS + (int64_t)(number * NS_PER_MS)};
    atomic_init(&event->early, 0);
    *ret_event = event;
    return 0;
}

#endif
