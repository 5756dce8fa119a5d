/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/uplink_json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "gateway/clock.h"
#include "gateway/number.h"

/* The longest tail that uplink_json_event() appends, generously. */
enum { TAIL_SIZE = 320 };

/* The longest member of an event's data that a shortened one keeps. */
enum { MEMBER_SIZE_MAX = 160 };

/* <site>.<gateway>.<boot>.<seq>, generously. */
enum { SHORT_ID_SIZE = 160 };

/* Text under construction in a buffer of UPLINK_JSON_SIZE, always with its NUL. */
struct text {
    char *at;
    size_t len;
};

static void text_add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* All that is written here is made of checked ids, names and numbers; it fits by construction. */
static void text_add(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text->at + text->len, UPLINK_JSON_SIZE - text->len, format, arguments);
    va_end(arguments);
    assert(len >= 0 && text->len + (size_t)len < UPLINK_JSON_SIZE);
    text->len += (size_t)len;
}

/* A value that cannot be trusted is no number at all: a consumer must not draw it. */
static void text_add_value(struct text *text, double value, enum quality quality) {
    if (quality_usable(quality) && isfinite(value)) {
        char number[NUMBER_SIZE];
        (void)number_write(value, number);
        text_add(text, "%s", number);
    } else {
        text_add(text, "null");
    }
}

static void text_add_time(struct text *text, const char *key, struct wall wall) {
    if (wall.ns == 0) {
        text_add(text, ",\"%s\":null", key);
        return;
    }
    char time[CLOCK_TEXT_SIZE];
    clock_format(wall, time);
    text_add(text, ",\"%s\":\"%s\"", key, time);
}

/* Find the string value of the first `key` (given as `"key":"`); NULL when there is none. */
static const char *body_find(const char *body, size_t size, const char *key, size_t *ret_len) {
    const char *at = memmem(body, size, key, strlen(key));
    if (at == NULL) {
        return NULL;
    }
    at += strlen(key);
    const char *end = memchr(at, '"', size - (size_t)(at - body));
    if (end == NULL) {
        return NULL;
    }
    *ret_len = (size_t)(end - at);
    return at;
}

/* Append the id under which the event went out early: its own id with u<n> for the number. */
static void text_add_first_sent(struct text *text, const char *body, size_t size, uint64_t early) {
    size_t len = 0;
    const char *id = body_find(body, size, "\"id\":\"", &len);
    if (id == NULL || len > TAIL_SIZE / 2) {
        return;
    }
    while (len > 0 && id[len - 1] != '.') {
        len--;
    }
    text_add(text, ",\"first_sent_as\":\"%.*su%" PRIu64 "\"", (int)len, id, early);
}

size_t uplink_json_event(const char *body, size_t size, const struct uplink_json_marks *marks,
                         char ret[UPLINK_JSON_SIZE]) {
    if (size < 3 || body[0] != '{' || body[size - 1] != '}' ||
        size > UPLINK_JSON_SIZE - TAIL_SIZE) {
        return 0;
    }
    memcpy(ret, body, size - 1);
    struct text text = {.at = ret, .len = size - 1};
    text_add(&text, ",\"durable\":%s,\"replayed\":%s", marks->durable ? "true" : "false",
             marks->replayed ? "true" : "false");
    if (marks->first_sent_as != 0 && marks->durable) {
        text_add_first_sent(&text, body, size, marks->first_sent_as);
    }
    text_add(&text, "}");
    return text.len;
}

/* Take out of an event what people read. */
static void json_make_brief(json_t *root) {
    json_t *data = json_object_get(root, "data");
    const char *key;
    json_t *value;
    void *next;
    (void)json_object_del(data, "text");
    (void)json_object_del(data, "response");
    json_object_foreach_safe(data, next, key, value) {
        if (json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) > MEMBER_SIZE_MAX) {
            (void)json_object_del(data, key);
        }
    }
}

/* Leave of an event what CloudEvents 1.0 requires, and by what it is found. */
static void json_make_bare(json_t *root) {
    static const char *const kept[] = {"specversion", "id",      "source",
                                       "type",        "subject", "sequence"};
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(root, next, key, value) {
        bool keep = false;
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
            keep = keep || strcmp(key, kept[i]) == 0;
        }
        if (!keep) {
            (void)json_object_del(root, key);
        }
    }
}

size_t uplink_json_shorten(const char *event, size_t size, enum uplink_json_form form,
                           char ret[UPLINK_JSON_SIZE]) {
    json_t *root = json_loadb(event, size, 0, NULL);
    if (form == UPLINK_JSON_BRIEF) {
        json_make_brief(root);
    } else {
        json_make_bare(root);
    }
    bool marked = json_object_set_new(root, "shortened", json_true()) == 0;
    size_t len = marked ? json_dumpb(root, ret, UPLINK_JSON_SIZE, JSON_COMPACT) : 0;
    json_decref(root);
    char id[SHORT_ID_SIZE];
    if (len > 0 && len <= UPLINK_JSON_SIZE) {
        return len;
    } else if (uplink_json_id(event, size, id, sizeof id)) {
        return (size_t)snprintf(ret, UPLINK_JSON_SIZE, "{\"id\":\"%s\",\"shortened\":true}", id);
    }
    return (size_t)snprintf(ret, UPLINK_JSON_SIZE, "{}");
}

enum alarm_class uplink_json_class(const char *body, size_t size) {
    size_t len = 0;
    const char *class = body_find(body, size, "\"class\":\"", &len);
    return class == NULL ? ALARM_CLASS_COUNT : alarm_class_find(class, len);
}

bool uplink_json_id(const char *body, size_t body_size, char *ret, size_t size) {
    size_t len = 0;
    const char *id = body_find(body, body_size, "\"id\":\"", &len);
    if (id == NULL || len == 0 || len >= size) {
        return false;
    }
    memcpy(ret, id, len);
    ret[len] = '\0';
    return true;
}

static const char *text_truth(bool truth) {
    return truth ? "true" : "false";
}

static void text_add_state(struct text *text, struct alarm_axes axes) {
    text_add(text, ",\"state\":{\"active\":%s,\"acked\":%s,\"latched\":%s,\"attended\":%s",
             text_truth(axes.active), text_truth(axes.acked), text_truth(axes.latched),
             text_truth(axes.attended));
    text_add(text, ",\"suppression\":\"%s\",\"silenced\":%s,\"test\":%s",
             suppression_name(alarm_axes_suppression(axes)), text_truth(axes.silenced),
             text_truth(axes.test));
    text_add(text, ",\"investigated\":%s,\"promoted\":%s,\"chattering\":%s}",
             !axes.investigated ? "null"
             : axes.real        ? "\"real\""
                                : "\"false\"",
             text_truth(axes.promoted), text_truth(axes.chattering));
}

size_t uplink_json_alarm(const struct uplink_json_alarm *alarm, char ret[UPLINK_JSON_SIZE]) {
    struct text text = {.at = ret};
    text_add(&text, "{\"rule\":\"%s\",\"entity\":\"%s\",\"class\":\"%s\",\"priority\":\"%s\"",
             alarm->rule, alarm->entity, alarm_class_facts(alarm->class)->name,
             priority_name(alarm->priority));
    if (alarm->place == NULL) {
        text_add(&text, ",\"place\":null");
    } else {
        text_add(&text, ",\"place\":\"%s\"", alarm->place);
    }
    const struct alarm_record *record = &alarm->record;
    text_add_state(&text, record->axes);
    text_add(&text,
             ",\"occurrence\":%" PRIu32 ",\"raises\":%" PRIu32 ",\"value\":", record->occurrence,
             record->raises);
    text_add_value(&text, alarm->value, alarm->quality);
    text_add(&text, ",\"quality\":\"%s\"", quality_name(alarm->quality));
    text_add_time(&text, "raised", record->raised);
    text_add_time(&text, "acknowledged", record->acked_at);
    text_add_time(&text, "attended", record->attended_at);
    text_add_time(&text, "silenced_until",
                  alarm_record_until(record, alarm->taken, ALARM_CLOCK_SILENCE));
    text_add_time(&text, "shelved_until",
                  alarm_record_until(record, alarm->taken, ALARM_CLOCK_SHELVE));
    text_add_time(&text, "out_of_service_until",
                  alarm_record_until(record, alarm->taken, ALARM_CLOCK_SERVICE));
    text_add_time(&text, "changed", alarm->changed);
    text_add(&text, "}");
    return text.len;
}

size_t uplink_json_point(double value, enum quality quality, const char *unit, struct wall measured,
                         char ret[UPLINK_JSON_SIZE]) {
    struct text text = {.at = ret};
    text_add(&text, "{\"value\":");
    text_add_value(&text, value, quality);
    if (unit[0] == '\0') {
        text_add(&text, ",\"unit\":null");
    } else {
        text_add(&text, ",\"unit\":\"%s\"", unit);
    }
    text_add(&text, ",\"quality\":\"%s\"", quality_name(quality));
    text_add_time(&text, "time", measured);
    text_add(&text, "}");
    return text.len;
}

size_t uplink_json_status(const char *state, const char *build, const char *boot,
                          char ret[UPLINK_JSON_SIZE]) {
    struct text text = {.at = ret};
    text_add(&text, "{\"state\":\"%s\",\"build\":\"%s\",\"boot\":\"%s\"}", state, build, boot);
    return text.len;
}
