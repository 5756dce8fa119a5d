/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/payload.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

/* A number below is seconds since 1970 until the year 5138, one above milliseconds since 1973. */
#define EPOCH_MS_FROM 1e11
/* Beyond the year 2200 a stamp is nonsense, and would not fit much longer. */
#define EPOCH_S_MAX 7258118400.0

enum { POINTER_TOKEN_MAX = 128 };

/* Do brackets stand deeper than allowed? Those in strings do not count. */
static bool payload_is_deep(const char *text, size_t size) {
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (quoted) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                quoted = false;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            if (++depth > PAYLOAD_DEPTH_MAX) {
                return true;
            }
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return false;
}

/*
 * Copy one reference token up to the next slash, with ~1 and ~0 resolved. Returns where it ended,
 * or NULL when it is longer than any key of ours, or a tilde stands for nothing.
 */
static const char *payload_token(const char *at, char ret_token[POINTER_TOKEN_MAX]) {
    size_t len = 0;
    while (*at != '\0' && *at != '/') {
        char c = *at++;
        if (c == '~') {
            if (*at != '0' && *at != '1') {
                return NULL;
            }
            c = *at++ == '0' ? '~' : '/';
        }
        if (len + 1 >= POINTER_TOKEN_MAX) {
            return NULL;
        }
        ret_token[len++] = c;
    }
    ret_token[len] = '\0';
    return at;
}

/* An array index: digits without a leading zero. */
static json_t *payload_element(json_t *array, const char *token) {
    size_t len = strspn(token, "0123456789");
    if (len == 0 || len > 9 || token[len] != '\0' || (token[0] == '0' && len > 1)) {
        return NULL;
    }
    return json_array_get(array, (size_t)strtoul(token, NULL, 10));
}

/* What the pointer points to, borrowed from `root`, or NULL. */
static json_t *payload_find(json_t *root, const char *pointer) {
    json_t *at = root;
    while (at != NULL && *pointer != '\0') {
        char token[POINTER_TOKEN_MAX];
        if (*pointer != '/') {
            return NULL;
        }
        pointer = payload_token(pointer + 1, token);
        if (pointer == NULL) {
            return NULL;
        }
        at = json_is_array(at) ? payload_element(at, token) : json_object_get(at, token);
    }
    return at;
}

/* Words that sensors use for true and false. */
static const struct {
    const char *word;
    double number;
} words[] = {
    {"true", 1}, {"on", 1}, {"open", 1}, {"false", 0}, {"off", 0}, {"closed", 0},
};

static bool payload_word(const char *text, double *ret_number) {
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(text, words[i].word) == 0) {
            *ret_number = words[i].number;
            return true;
        }
    }
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end != '\0') {
        return false;
    }
    *ret_number = number; /* "nan" and "inf" end here too, and are refused as values */
    return true;
}

static bool payload_number(const json_t *json, double *ret_number) {
    if (json_is_number(json)) {
        *ret_number = json_number_value(json);
        return true;
    }
    if (json_is_boolean(json)) {
        *ret_number = json_is_true(json) ? 1 : 0;
        return true;
    }
    return json_is_string(json) && payload_word(json_string_value(json), ret_number);
}

static bool payload_code(const json_t *json, uint64_t *ret_code) {
    if (json_is_integer(json) && json_integer_value(json) >= 0) {
        *ret_code = (uint64_t)json_integer_value(json);
        return true;
    }
    if (!json_is_string(json)) {
        return false;
    }
    const char *digits = json_string_value(json);
    size_t len = strspn(digits, "0123456789");
    if (len == 0 || digits[len] != '\0') {
        return false;
    }
    errno = 0;
    *ret_code = strtoull(digits, NULL, 10);
    return errno == 0;
}

/* Digits at `*at`, exactly `count` of them, moving on; -1 when they are not there. */
static int payload_digits(const char **at, int count) {
    int value = 0;
    for (int i = 0; i < count; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9') {
            return -1;
        }
        value = value * 10 + (c - '0');
    }
    *at += count;
    return value;
}

static bool payload_take(const char **at, char wanted) {
    bool there = (**at | 0x20) == (wanted | 0x20);
    *at += there ? 1 : 0;
    return there;
}

/* Days from 1970-01-01 of a date of the Gregorian calendar, counted in years that begin in March.
 */
static int64_t payload_days(int year, int month, int day) {
    int64_t y = month > 2 ? year : year - 1;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

/* ".5" and the like, in nanoseconds; digits beyond the ninth are dropped. */
static int64_t payload_fraction(const char **at) {
    int64_t ns = 0, weight = 100000000;
    while (**at >= '0' && **at <= '9') {
        ns += (*(*at)++ - '0') * weight;
        weight /= 10;
    }
    return ns;
}

/* "Z" or "+08:00", in seconds east of Greenwich. */
static bool payload_zone(const char **at, int64_t *ret_east_s) {
    *ret_east_s = 0;
    if (payload_take(at, 'z')) {
        return true;
    }
    char sign = **at;
    if (sign != '+' && sign != '-') {
        return false;
    }
    (*at)++;
    int hours = payload_digits(at, 2);
    bool colon = payload_take(at, ':');
    int minutes = colon ? payload_digits(at, 2) : -1;
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
        return false;
    }
    int64_t east_s = hours * 3600 + minutes * 60;
    *ret_east_s = sign == '-' ? -east_s : east_s;
    return true;
}

bool payload_parse_time(const char *text, struct wall *ret_wall) {
    const char *at = text;
    int year = payload_digits(&at, 4);
    bool form = year >= 1970 && year < 2200 && payload_take(&at, '-');
    int month = form ? payload_digits(&at, 2) : -1;
    form = month >= 1 && month <= 12 && payload_take(&at, '-');
    int day = form ? payload_digits(&at, 2) : -1;
    form = day >= 1 && day <= 31 && (payload_take(&at, 't') || payload_take(&at, ' '));
    int hour = form ? payload_digits(&at, 2) : -1;
    form = hour >= 0 && hour <= 23 && payload_take(&at, ':');
    int minute = form ? payload_digits(&at, 2) : -1;
    form = minute >= 0 && minute <= 59 && payload_take(&at, ':');
    int second = form ? payload_digits(&at, 2) : -1;
    if (second < 0 || second > 60) {
        return false;
    }
    int64_t fraction_ns = 0;
    if (payload_take(&at, '.')) {
        if (*at < '0' || *at > '9') {
            return false;
        }
        fraction_ns = payload_fraction(&at);
    }
    int64_t east_s;
    if (!payload_zone(&at, &east_s) || *at != '\0') {
        return false;
    }
    int64_t s =
        payload_days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - east_s;
    ret_wall->ns = s * (int64_t)NS_PER_S + fraction_ns;
    return true;
}

/* Read the reading's own time; false when there is none that can be read. */
static bool payload_time(const json_t *json, struct wall *ret_wall) {
    if (json_is_string(json)) {
        return payload_parse_time(json_string_value(json), ret_wall);
    }
    if (json_is_number(json)) {
        double number = json_number_value(json);
        double seconds = number >= EPOCH_MS_FROM ? number / 1000 : number;
        if (seconds > 0 && seconds < EPOCH_S_MAX) {
            /* Whole milliseconds are exact in a double; nanoseconds of this century are not. */
            ret_wall->ns = (int64_t)(seconds * 1000 + 0.5) * (int64_t)NS_PER_MS;
            return true;
        }
    }
    return false;
}

/* Likewise, or NULL when no pointer was given. */
static json_t *payload_part(json_t *root, const char *pointer) {
    return pointer != NULL ? payload_find(root, pointer) : NULL;
}

static enum sensor_cause payload_refuse(char ret_detail[SENSOR_DETAIL_SIZE], const char *what,
                                        const char *pointer) {
    (void)snprintf(ret_detail, SENSOR_DETAIL_SIZE, "%s at %s", what,
                   pointer[0] == '\0' ? "the top" : pointer);
    return SENSOR_CAUSE_GARBLED;
}

static enum sensor_cause payload_extract(const struct payload_format *format, json_t *root,
                                         struct wall arrival, struct reading *ret_reading,
                                         char ret_detail[SENSOR_DETAIL_SIZE]) {
    struct reading reading = {.quality = QUALITY_GOOD, .measured = arrival};
    double raw = 1;
    const json_t *value = payload_part(root, format->value);
    const json_t *result = payload_part(root, format->result);
    const json_t *code = payload_part(root, format->code);
    const char *wanted = format->value != NULL  ? format->value
                         : format->code != NULL ? format->code
                                                : format->result;
    if (wanted != NULL && value == NULL &&
        (format->value != NULL || (result == NULL && code == NULL))) {
        ret_reading->quality = QUALITY_STALE;
        return payload_refuse(ret_detail, "nothing", wanted);
    }
    if (value != NULL && !payload_number(value, &raw)) {
        return payload_refuse(ret_detail, "no number, true or false", format->value);
    }
    if (format->number.truth && isfinite(raw) && raw != 0 && raw != 1) {
        (void)snprintf(ret_detail, SENSOR_DETAIL_SIZE, "%g is neither true nor false", raw);
        return SENSOR_CAUSE_VALUE;
    }
    if (format->result != NULL) {
        if (!json_is_boolean(result)) {
            return payload_refuse(ret_detail, "neither true nor false", format->result);
        }
        raw = json_is_true(result) ? 1 : 0;
    }
    if (format->code != NULL && !payload_code(code, &reading.code)) {
        return payload_refuse(ret_detail, "no card number in decimal digits", format->code);
    }
    /* Who says no time means now; who says one that nobody can read means one that nobody knows. */
    const json_t *time = payload_part(root, format->time);
    bool dated = time == NULL || json_is_null(time) || payload_time(time, &reading.measured);
    enum quality quality = register_finish(&format->number, raw, &reading.value);
    reading.quality = (uint8_t)(quality == QUALITY_GOOD && !dated ? QUALITY_UNCERTAIN : quality);
    *ret_reading = reading;
    if (quality == QUALITY_FAULT) {
        (void)snprintf(ret_detail, SENSOR_DETAIL_SIZE, "%g is no value of this point", raw);
        return SENSOR_CAUSE_VALUE;
    }
    return SENSOR_CAUSE_NONE;
}

enum sensor_cause payload_read(const struct payload_format *format, const char *text, size_t size,
                               struct wall arrival, struct reading *ret_reading,
                               char ret_detail[SENSOR_DETAIL_SIZE]) {
    ret_detail[0] = '\0';
    *ret_reading = (struct reading){.quality = QUALITY_FAULT, .measured = arrival};
    if (size > PAYLOAD_SIZE_MAX) {
        (void)snprintf(ret_detail, SENSOR_DETAIL_SIZE, "%zu bytes are more than %d", size,
                       PAYLOAD_SIZE_MAX);
        return SENSOR_CAUSE_GARBLED;
    }
    if (payload_is_deep(text, size)) {
        (void)snprintf(ret_detail, SENSOR_DETAIL_SIZE, "nested deeper than %d", PAYLOAD_DEPTH_MAX);
        return SENSOR_CAUSE_GARBLED;
    }
    json_error_t error;
    json_t *root = json_loadb(text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        (void)snprintf(ret_detail, SENSOR_DETAIL_SIZE, "no JSON at byte %d", error.position);
        return SENSOR_CAUSE_GARBLED;
    }
    enum sensor_cause cause = payload_extract(format, root, arrival, ret_reading, ret_detail);
    json_decref(root);
    return cause;
}
