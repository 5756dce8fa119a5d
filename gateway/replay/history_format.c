/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/history_format.h"

#include <string.h>

#include "gateway/replay/history_series.h"

static bool begins_with(const char *line, size_t size, const char *beginning) {
    size_t len = strlen(beginning);
    return size >= len && memcmp(line, beginning, len) == 0;
}

size_t history_mark_size(const char *text, size_t size) {
    return begins_with(text, size, "\xef\xbb\xbf") ? 3 : 0;
}

/* Columns without any `key=value`, or the annotations that InfluxDB 2 writes above them. */
static bool is_table(const char *line, size_t size) {
    static const char *const annotations[] = {"#group,", "#datatype,", "#default,"};
    for (unsigned i = 0; i < sizeof annotations / sizeof *annotations; i++) {
        if (begins_with(line, size, annotations[i])) {
            return true;
        }
    }
    return line[0] != '#' && memchr(line, ',', size) != NULL && memchr(line, '=', size) == NULL;
}

enum history_format history_format_of(const char *line, size_t size) {
    if (begins_with(line, size, "\x1f\x8b")) {
        return HISTORY_FORMAT_COMPRESSED;
    } else if (begins_with(line, size, "\xff\xfe") || begins_with(line, size, "\xfe\xff")) {
        return HISTORY_FORMAT_WIDE;
    } else if (begins_with(line, size, "{")) {
        return history_series_is_foreign(line, size) ? HISTORY_FORMAT_JSON : HISTORY_FORMAT_SERIES;
    } else if (begins_with(line, size, "[")) {
        return HISTORY_FORMAT_JSON;
    }
    return is_table(line, size) ? HISTORY_FORMAT_TABLE : HISTORY_FORMAT_LINES;
}
