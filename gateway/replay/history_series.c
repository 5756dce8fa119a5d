/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/history_series.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char not_of_export[] =
    "a line is: {\"metric\":{...},\"values\":[...],\"timestamps\":[...]}";

/* Copy a label that is there and fits; false if it is too long to be one of ours. */
static bool label_copy(const json_t *metric, const char *key, char *ret, size_t size) {
    const char *text = json_string_value(json_object_get(metric, key));
    size_t len = text != NULL ? strlen(text) : 0;
    memcpy(ret, text != NULL ? text : "", len < size ? len : 0);
    ret[len < size ? len : 0] = '\0';
    return len < size;
}

/* Take the name apart; false if it is of no field that a reading has. */
static bool name_split(const char *name, struct history_series *series) {
    static const char *const suffixes[] = {"_value", "_quality"};
    static const char event[] = "event";
    size_t len = strlen(name);
    for (unsigned i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t tail = strlen(suffixes[i]);
        if (len > tail && strcmp(name + len - tail, suffixes[i]) == 0 &&
            len - tail < sizeof series->head.measurement) {
            memcpy(series->head.measurement, name, len - tail);
            series->head.measurement[len - tail] = '\0';
            series->is_quality = i == 1;
            return strcmp(series->head.measurement, event) != 0;
        }
    }
    return false;
}

static enum history_sort series_wrong(struct history_series *series, struct history_error *error,
                                      const char *what) {
    history_series_end(series);
    *error = (struct history_error){.column = 1, .what = what};
    return HISTORY_WRONG;
}

/* What the labels say: whose series it is, and of which point. */
static enum history_sort series_labels(struct history_series *series, const json_t *metric,
                                       struct history_error *error) {
    struct history_line *head = &series->head;
    const char *name = json_string_value(json_object_get(metric, "__name__"));
    if (name == NULL || !name_split(name, series)) {
        history_series_end(series);
        return HISTORY_NONE;
    }
    if (!label_copy(metric, "point", head->point, sizeof head->point) ||
        !label_copy(metric, "site", head->site, sizeof head->site) ||
        !label_copy(metric, "gateway", head->gateway, sizeof head->gateway)) {
        return series_wrong(series, error, "a label is too long");
    }
    if (head->point[0] == '\0') {
        return series_wrong(series, error, "there is no label `point`");
    }
    return HISTORY_DATA;
}

enum history_sort history_series_parse(const char *line, size_t size,
                                       struct history_series *ret_series,
                                       struct history_error *ret_error) {
    json_error_t error;
    memset(ret_series, 0, sizeof *ret_series);
    if (history_is_blank(line, size)) {
        return HISTORY_NONE;
    }
    ret_series->root = json_loadb(line, size, JSON_REJECT_DUPLICATES, &error);
    if (ret_series->root == NULL) {
        size_t at = error.position > 0 ? (size_t)error.position : 1;
        *ret_error = (struct history_error){.column = (uint32_t)(at <= size ? at : size),
                                            .what = "it is no JSON"};
        return HISTORY_WRONG;
    }
    const json_t *metric = json_object_get(ret_series->root, "metric");
    ret_series->values = json_object_get(ret_series->root, "values");
    ret_series->timestamps = json_object_get(ret_series->root, "timestamps");
    if (!json_is_object(metric) || !json_is_array(ret_series->values) ||
        !json_is_array(ret_series->timestamps)) {
        return series_wrong(ret_series, ret_error, not_of_export);
    }
    ret_series->count = json_array_size(ret_series->values);
    if (ret_series->count != json_array_size(ret_series->timestamps)) {
        return series_wrong(ret_series, ret_error, "there are not as many values as timestamps");
    }
    return series_labels(ret_series, metric, ret_error);
}

bool history_series_is_foreign(const char *line, size_t size) {
    json_t *root = json_loadb(line, size, JSON_DISABLE_EOF_CHECK, NULL);
    bool foreign = root != NULL && json_object_get(root, "metric") == NULL;
    json_decref(root);
    return foreign;
}

bool history_series_sample(const struct history_series *series, size_t index,
                           struct history_line *ret_line, const char **ret_what) {
    const int64_t ns_in_ms = (int64_t)NS_PER_MS;
    const json_t *number = json_array_get(series->values, index);
    const json_t *time = json_array_get(series->timestamps, index);
    double value = json_number_value(number);
    int64_t ms = json_integer_value(time);
    if (!json_is_number(number)) {
        *ret_what = "not a number";
    } else if (series->is_quality &&
               !(value >= 0 && value < QUALITY_COUNT && floor(value) == value)) {
        *ret_what = "a quality is a whole number from 0 to 4";
    } else if (!json_is_integer(time) || ms < HISTORY_WALL_NS_MIN / ns_in_ms ||
               ms > INT64_MAX / ns_in_ms) {
        *ret_what = "the time is not in milliseconds since 1970";
    } else {
        *ret_line = series->head;
        ret_line->wall.ns = ms * ns_in_ms;
        ret_line->has_value = !series->is_quality;
        ret_line->has_quality = series->is_quality;
        ret_line->value = series->is_quality ? 0 : value;
        ret_line->quality = series->is_quality ? (uint32_t)value : 0;
        return true;
    }
    return false;
}

void history_series_end(struct history_series *series) {
    json_decref(series->root);
    *series = (struct history_series){.root = NULL};
}
