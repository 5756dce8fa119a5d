/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/history_line.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 256 };

struct line_cursor {
    const char *begin, *at, *end;
    struct history_error *error;
    bool bad;
};

static void line_wrong(struct line_cursor *line, const char *at, const char *what) {
    if (!line->bad) {
        line->bad = true;
        line->error->column = (uint32_t)(at - line->begin) + 1;
        line->error->what = what;
    }
}

static bool line_is_at(const struct line_cursor *line, char c) {
    return line->at < line->end && *line->at == c;
}

/* Take a word up to an unescaped character of `stops` into `ret`, cut where it is too long. */
static size_t line_word(struct line_cursor *line, const char *stops, char ret[WORD_MAX]) {
    size_t len = 0;
    while (line->at < line->end && strchr(stops, *line->at) == NULL && *line->at != '\0') {
        if (*line->at == '\\' && line->end - line->at > 1 && strchr(",= \\", line->at[1]) != NULL &&
            line->at[1] != '\0') {
            line->at++;
        }
        if (len + 1 < WORD_MAX) {
            ret[len++] = *line->at;
        }
        line->at++;
    }
    ret[len] = '\0';
    return len;
}

/* Read over a string value, whose closing quote must be there. */
static void line_string(struct line_cursor *line) {
    const char *begin = line->at++;
    while (line->at < line->end && *line->at != '"') {
        line->at += *line->at == '\\' && line->end - line->at > 1 ? 2 : 1;
    }
    if (line->at >= line->end) {
        line->at = line->end;
        line_wrong(line, begin, "a text without its closing quote");
        return;
    }
    line->at++;
}

/* A number, an integer (`i` or `u`) or a truth. */
static double line_value(struct line_cursor *line) {
    static const char *const truths[] = {"t", "T", "true", "True", "TRUE"};
    static const char *const lies[] = {"f", "F", "false", "False", "FALSE"};
    char word[WORD_MAX];
    const char *begin = line->at;
    size_t len = line_word(line, ", ", word);
    for (unsigned i = 0; i < sizeof truths / sizeof *truths; i++) {
        if (strcmp(word, truths[i]) == 0) {
            return 1;
        } else if (strcmp(word, lies[i]) == 0) {
            return 0;
        }
    }
    if (len > 1 && (word[len - 1] == 'i' || word[len - 1] == 'u')) {
        word[len - 1] = '\0';
    }
    char *end;
    double value = strtod(word, &end);
    bool decimal = len > 0 && strspn(word, "+-0123456789.eE") == strlen(word);
    if (!decimal || *end != '\0' || !isfinite(value)) {
        line_wrong(line, begin, "not a number");
        return 0;
    }
    return value;
}

static void line_tags(struct line_cursor *line, struct history_line *ret) {
    char key[WORD_MAX];
    char value[WORD_MAX];
    while (!line->bad && line_is_at(line, ',')) {
        const char *begin = ++line->at;
        (void)line_word(line, ",= ", key);
        if (!line_is_at(line, '=') || key[0] == '\0') {
            line_wrong(line, begin, "a tag is key=value");
            return;
        }
        line->at++;
        (void)line_word(line, ",= ", value);
        if (strcmp(key, "point") == 0) {
            memcpy(ret->point, value, sizeof ret->point);
        } else if (strcmp(key, "site") == 0) {
            memcpy(ret->site, value, sizeof ret->site);
        } else if (strcmp(key, "gateway") == 0) {
            memcpy(ret->gateway, value, sizeof ret->gateway);
        }
    }
}

static void line_field(struct line_cursor *line, struct history_line *ret) {
    char key[WORD_MAX];
    const char *begin = line->at;
    (void)line_word(line, ",= ", key);
    if (!line_is_at(line, '=') || key[0] == '\0') {
        line_wrong(line, begin, "a field is key=value");
        return;
    }
    const char *at = ++line->at;
    if (line_is_at(line, '"')) {
        if (strcmp(key, "value") == 0 || strcmp(key, "quality") == 0) {
            line_wrong(line, at, "it is a text; a number is wanted here");
            return;
        }
        line_string(line);
        return;
    }
    double value = line_value(line);
    if (strcmp(key, "value") == 0) {
        ret->value = value;
        ret->has_value = true;
    } else if (strcmp(key, "quality") == 0) {
        if (!(value >= 0 && value < QUALITY_COUNT && floor(value) == value)) {
            line_wrong(line, at, "a quality is a whole number from 0 to 4");
            return;
        }
        ret->quality = (uint32_t)value;
        ret->has_quality = true;
    }
}

static void line_time(struct line_cursor *line, struct history_line *ret) {
    char word[WORD_MAX];
    while (line_is_at(line, ' ')) {
        line->at++;
    }
    const char *begin = line->at;
    size_t len = line_word(line, " ", word);
    while (line_is_at(line, ' ')) {
        line->at++;
    }
    if (len == 0) {
        line_wrong(line, begin, "the time is missing");
        return;
    }
    if (strspn(word, "0123456789") != len || len > 19 || line->at < line->end) {
        line_wrong(line, begin, "the time is a whole number of nanoseconds since 1970");
        return;
    }
    unsigned long long ns = strtoull(word, NULL, 10);
    if (ns > INT64_MAX || (int64_t)ns < HISTORY_WALL_NS_MIN) {
        line_wrong(line, begin, "the time is not in nanoseconds: export with precision ns");
        return;
    }
    ret->wall.ns = (int64_t)ns;
}

bool history_is_blank(const char *line, size_t size) {
    size_t at = 0;
    while (at < size && isspace((unsigned char)line[at])) {
        at++;
    }
    return at == size;
}

/* Is it a line of an export that is not data? */
static bool line_is_none(const char *line, size_t size) {
    static const char create[] = "CREATE ";
    return size == 0 || line[0] == '#' ||
           (size >= sizeof create - 1 && memcmp(line, create, sizeof create - 1) == 0);
}

enum history_sort history_line_parse(const char *bytes, size_t size, struct history_line *ret_line,
                                     struct history_error *ret_error) {
    static const char event[] = "event";
    struct line_cursor line = {
        .begin = bytes, .at = bytes, .end = bytes + size, .error = ret_error};
    char measurement[WORD_MAX];
    while (line.at < line.end && isspace((unsigned char)*line.at)) {
        line.at++;
    }
    while (line.end > line.at && isspace((unsigned char)line.end[-1])) {
        line.end--;
    }
    if (line_is_none(line.at, (size_t)(line.end - line.at))) {
        return HISTORY_NONE;
    }
    memset(ret_line, 0, sizeof *ret_line);
    (void)line_word(&line, ", ", measurement);
    (void)snprintf(ret_line->measurement, sizeof ret_line->measurement, "%.*s",
                   (int)sizeof ret_line->measurement - 1, measurement);
    if (strcmp(measurement, event) == 0) {
        return HISTORY_NONE;
    }
    line_tags(&line, ret_line);
    if (!line.bad && !line_is_at(&line, ' ')) {
        line_wrong(&line, line.at, "a line is: measurement,tags fields time");
    }
    while (line_is_at(&line, ' ')) {
        line.at++;
    }
    const char *fields = line.at;
    do {
        line.at += line_is_at(&line, ',') && line.at > fields ? 1 : 0;
        line_field(&line, ret_line);
    } while (!line.bad && line_is_at(&line, ','));
    if (!line.bad) {
        line_time(&line, ret_line);
    }
    if (!ret_line->has_value && !ret_line->has_quality) {
        line_wrong(&line, fields, "there is no field `value`");
    }
    if (ret_line->point[0] == '\0') {
        line_wrong(&line, bytes, "there is no tag `point`");
    }
    return line.bad ? HISTORY_WRONG : HISTORY_DATA;
}
