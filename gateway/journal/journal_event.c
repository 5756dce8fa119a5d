/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_event.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int journal_event_new(const char *text, size_t split, size_t size,
                      struct journal_event **ret_event) {
    assert(split <= size && size <= JOURNAL_TEXT_MAX);
    struct journal_event *event = malloc(sizeof *event + size);
    if (event == NULL) {
        return err_origin(-ENOMEM);
    }
    *event = (struct journal_event){
        .alarm = RULESET_NONE,
        .class = ALARM_CLASS_COUNT,
        .split = (uint32_t)split,
        .size = (uint32_t)size,
    };
    memcpy(event->text, text, size);
    *ret_event = event;
    return 0;
}

struct journal_event *journal_event_free(struct journal_event *event) {
    if (event != NULL) {
        free(event->ended);
        free(event);
    }
    return NULL;
}

int journal_event_end_alarm(struct journal_event *event, const char *name) {
    assert(event->alarm == RULESET_NONE && event->ended == NULL);
    event->ended = strdup(name);
    return event->ended != NULL ? 0 : err_origin(-ENOMEM);
}

/* Append `len` bytes at `*at`; the sizes of journal_event.h make them fit. */
static void journal_body_add(char *body, size_t *at, const char *bytes, size_t len) {
    assert(len <= WIRE_BODY_MAX - *at);
    memcpy(body + *at, bytes, len);
    *at += len;
}

size_t journal_event_body(const struct journal_event *event, const char *prefix, uint64_t seq,
                          uint64_t early, char ret[WIRE_BODY_MAX]) {
    static const char opening[] = "{\"specversion\":\"1.0\",\"id\":\"";
    char number[48];
    size_t at = 0;
    journal_body_add(ret, &at, opening, strlen(opening));
    journal_body_add(ret, &at, prefix, strlen(prefix));
    (void)snprintf(number, sizeof number, "%s%" PRIu64 "\"", seq > 0 ? "" : "u",
                   seq > 0 ? seq : early);
    journal_body_add(ret, &at, number, strlen(number));
    journal_body_add(ret, &at, event->text, event->split);
    if (seq > 0) {
        (void)snprintf(number, sizeof number, ",\"sequence\":%" PRIu64, seq);
        journal_body_add(ret, &at, number, strlen(number));
    }
    journal_body_add(ret, &at, event->text + event->split, event->size - event->split);
    return at;
}

int journal_alarm_new(uint32_t alarm, uint32_t memory_count, struct journal_alarm **ret_alarm) {
    struct journal_alarm *made = calloc(1, sizeof *made + memory_count * sizeof made->memories[0]);
    if (made == NULL) {
        return err_origin(-ENOMEM);
    }
    made->alarm = alarm;
    made->memory_count = memory_count;
    *ret_alarm = made;
    return 0;
}

int journal_present_new(uint32_t room, struct journal_present **ret_present) {
    struct journal_present *made = calloc(1, sizeof *made + room * sizeof made->points[0]);
    if (made == NULL) {
        return err_origin(-ENOMEM);
    }
    *ret_present = made;
    return 0;
}

int journal_standing_new(struct journal_standing **ret_standing) {
    struct journal_standing *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return err_origin(-ENOMEM);
    }
    *ret_standing = made;
    return 0;
}

struct journal_standing *journal_standing_free(struct journal_standing *standing) {
    while (standing != NULL && standing->tests != NULL) {
        struct journal_test *test = standing->tests;
        standing->tests = test->next;
        free(test);
    }
    while (standing != NULL && standing->walks != NULL) {
        struct journal_walk *walk = standing->walks;
        standing->walks = walk->next;
        free(walk);
    }
    while (standing != NULL && standing->trips != NULL) {
        struct journal_trip *trip = standing->trips;
        standing->trips = trip->next;
        free(trip);
    }
    free(standing);
    return NULL;
}

int journal_standing_add(struct journal_standing *standing, size_t size,
                         struct journal_test **ret_test, char **ret_tripped) {
    struct journal_test *made = calloc(1, sizeof *made + size);
    if (made == NULL) {
        return err_origin(-ENOMEM);
    }
    *ret_tripped = (char *)(made + 1);
    made->tripped = *ret_tripped;
    made->next = standing->tests;
    standing->tests = made;
    *ret_test = made;
    return 0;
}

int journal_standing_add_walk(struct journal_standing *standing, size_t size,
                              struct journal_walk **ret_walk, char **ret_tripped) {
    struct journal_walk *made = calloc(1, sizeof *made + size);
    if (made == NULL) {
        return err_origin(-ENOMEM);
    }
    *ret_tripped = (char *)(made + 1);
    made->tripped = *ret_tripped;
    made->next = standing->walks;
    standing->walks = made;
    *ret_walk = made;
    return 0;
}

int journal_standing_add_trip(struct journal_standing *standing, const char *point,
                              const struct core_trip_record *record) {
    struct journal_trip *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return err_origin(-ENOMEM);
    }
    *made = (struct journal_trip){.next = standing->trips, .point = point, .record = *record};
    standing->trips = made;
    return 0;
}
