/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/history.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A time before this in nanoseconds is one in another unit: 2001-09-09. */
#define WALL_NS_MIN ((int64_t)1000000000 * (int64_t)NS_PER_S)

enum { WORD_MAX = 256 };

/* ---- one line ---- */

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
    if (ns > INT64_MAX || (int64_t)ns < WALL_NS_MIN) {
        line_wrong(line, begin, "the time is not in nanoseconds: export with precision ns");
        return;
    }
    ret->wall.ns = (int64_t)ns;
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

/* ---- a file ---- */

/* By time, and by line where that is equal. */
static int row_compare(const void *a, const void *b) {
    const struct history_row *x = a;
    const struct history_row *y = b;
    if (x->wall.ns != y->wall.ns) {
        return x->wall.ns < y->wall.ns ? -1 : 1;
    }
    return x->number < y->number ? -1 : x->number > y->number;
}

/* The same, with the rows of one reading beside each other. */
static int row_compare_readings(const void *a, const void *b) {
    const struct history_row *x = a;
    const struct history_row *y = b;
    if (x->wall.ns == y->wall.ns && x->point != y->point) {
        return x->point < y->point ? -1 : 1;
    }
    return row_compare(a, b);
}

/* A later line of the same reading. */
static void row_merge(struct history_row *row, const struct history_row *later) {
    if (later->has_value) {
        row->value = later->value;
        row->has_value = true;
    }
    if (later->has_quality) {
        row->quality = later->quality;
        row->has_quality = true;
    }
}

static int history_add(struct history *history, struct history_row row) {
    if (history->count == history->room) {
        size_t room = history->room > 0 ? 2 * history->room : 1024;
        struct history_row *rows = realloc(history->rows, room * sizeof *rows);
        if (rows == NULL) {
            return err_origin(-ENOMEM);
        }
        history->rows = rows;
        history->room = room;
    }
    history->rows[history->count++] = row;
    return 0;
}

/* An export has the lines of a point one after the other: look at the last one's first. */
static uint32_t history_point(const struct site *site, const char *id, uint32_t last) {
    if (last < site->ruleset.point_count &&
        strcmp(site_text(site, site->points[last].id), id) == 0) {
        return last;
    }
    return site_point_find(site, id);
}

struct history_reader {
    struct history *history;
    const struct site *site;
    history_complain *complain;
    void *context;
    uint32_t last_point;
};

static int history_take(struct history_reader *reader, const struct history_line *line) {
    struct history *history = reader->history;
    uint32_t point = history_point(reader->site, line->point, reader->last_point);
    reader->last_point = point;
    if (point == RULESET_NONE) {
        history->strange++;
        reader->complain(reader->context, history->lines, 0, "the site has no such point",
                         line->point);
        return 0;
    }
    enum point_kind kind = (enum point_kind)reader->site->ruleset.points[point].kind;
    if (strcmp(point_kind_facts(kind)->name, line->measurement) != 0) {
        history->strange++;
        reader->complain(reader->context, history->lines, 0,
                         "the point is of another kind in the site", line->point);
        return 0;
    }
    return history_add(history, (struct history_row){
                                    .wall = line->wall,
                                    .value = line->value,
                                    .point = point,
                                    .number = (uint32_t)history->lines,
                                    .quality = (uint8_t)line->quality,
                                    .has_value = line->has_value,
                                    .has_quality = line->has_quality,
                                });
}

/* Make one row of the rows of each reading; one that has no value is told, and left out. */
static void history_gather(struct history_reader *reader) {
    struct history *history = reader->history;
    struct history_row *rows = history->rows;
    size_t count = 0;
    if (history->count == 0) {
        return;
    }
    qsort(rows, history->count, sizeof *rows, row_compare_readings);
    for (size_t i = 0; i < history->count;) {
        struct history_row row = rows[i++];
        for (; i < history->count && rows[i].wall.ns == row.wall.ns && rows[i].point == row.point;
             i++) {
            row_merge(&row, &rows[i]);
        }
        if (row.has_value) {
            rows[count++] = row;
        } else {
            history->wrong++;
            reader->complain(reader->context, row.number, 0,
                             "a reading has a quality and no field `value`, here or elsewhere",
                             site_text(reader->site, reader->site->points[row.point].id));
        }
    }
    history->count = count;
    qsort(rows, count, sizeof *rows, row_compare);
}

bool history_is_too_long(const struct history *history) {
    const uint64_t most_ns = HISTORY_YEARS_MAX * UINT64_C(366) * 86400 * NS_PER_S;
    if (history->count == 0) {
        return false;
    }
    uint64_t begin = (uint64_t)history->rows[0].wall.ns;
    return (uint64_t)history->rows[history->count - 1].wall.ns - begin > most_ns;
}

int history_read(struct history *history, FILE *file, const struct site *site,
                 history_complain *complain, void *context) {
    struct history_reader reader = {history, site, complain, context, RULESET_NONE};
    char *text = NULL;
    size_t room = 0;
    int r = 0;
    ssize_t len;
    *history = HISTORY_NULL;
    while (r == 0 && (len = getline(&text, &room, file)) >= 0) {
        struct history_line line;
        struct history_error error;
        history->lines++;
        enum history_sort sort = history_line_parse(text, (size_t)len, &line, &error);
        if (sort == HISTORY_DATA) {
            r = history_take(&reader, &line);
        } else if (sort == HISTORY_WRONG) {
            history->wrong++;
            complain(context, history->lines, error.column, error.what, "");
        }
    }
    free(text);
    if (r == 0 && ferror(file) != 0) {
        r = err_origin(-EIO);
    }
    if (r != 0) {
        history_deinit(history);
        return r;
    }
    history_gather(&reader);
    return 0;
}

void history_deinit(struct history *history) {
    free(history->rows);
    *history = HISTORY_NULL;
}
