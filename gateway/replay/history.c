/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/history.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/replay/history_series.h"
#include "sensors/value_range.h"

struct history_reader {
    struct history *history;
    FILE *file;
    const struct site *site;
    history_complain *complain;
    void *context;
    uint32_t last_point;
    char *text;       /* the bytes of the present line, with its mark */
    const char *line; /* behind the mark */
    size_t size, room;
    bool is_cut; /* the present line is longer than HISTORY_LINE_MAX */
};

static void reader_complain(struct history_reader *reader, uint32_t column, const char *what,
                            const char *about) {
    reader->complain(reader->context, reader->history->lines, column, what, about);
}

/* ---- rows ---- */

/* By time, and as they stand in the file where that is equal. */
static int row_compare(const void *a, const void *b) {
    const struct history_row *x = a;
    const struct history_row *y = b;
    if (x->wall.ns != y->wall.ns) {
        return x->wall.ns < y->wall.ns ? -1 : 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
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

size_t history_room_after(size_t room) {
    size_t next = room > 0 ? 2 * room : 1024;
    return next <= HISTORY_ROWS_MAX ? next : 0;
}

static int history_add(struct history *history, struct history_row row) {
    if (history->count == history->room) {
        size_t room = history_room_after(history->room);
        if (room == 0) {
            return HISTORY_E_MANY;
        }
        struct history_row *rows = realloc(history->rows, room * sizeof *rows);
        if (rows == NULL) {
            return err_origin(-ENOMEM);
        }
        history->rows = rows;
        history->room = room;
    }
    row.order = (uint32_t)history->count;
    history->rows[history->count++] = row;
    return 0;
}

/* ---- whose a line is ---- */

/* An export has the lines of a point one after the other: look at the last one's first. */
static uint32_t history_point(const struct site *site, const char *id, uint32_t last) {
    if (last < site->ruleset.point_count &&
        strcmp(site_text(site, site->points[last].id), id) == 0) {
        return last;
    }
    return site_point_find(site, id);
}

/* Is it of another site or gateway? It is counted then. */
static bool reader_is_foreign(struct history_reader *reader, const struct history_line *line) {
    struct history *history = reader->history;
    const struct site *site = reader->site;
    const char *site_id = site_text(site, site->header->site_id);
    const char *gateway_id = site_text(site, site->header->gateway_id);
    if ((line->site[0] == '\0' || strcmp(line->site, site_id) == 0) &&
        (line->gateway[0] == '\0' || strcmp(line->gateway, gateway_id) == 0)) {
        return false;
    }
    if (history->foreign++ == 0) {
        memcpy(history->foreign_site, line->site, sizeof history->foreign_site);
        memcpy(history->foreign_gateway, line->gateway, sizeof history->foreign_gateway);
    }
    return true;
}

/* The point of the site that a line is about; RULESET_NONE, counted and told, if there is none. */
static uint32_t reader_point(struct history_reader *reader, const struct history_line *line) {
    if (reader_is_foreign(reader, line)) {
        return RULESET_NONE;
    }
    uint32_t point = history_point(reader->site, line->point, reader->last_point);
    const char *wrong = NULL;
    reader->last_point = point;
    if (point == RULESET_NONE) {
        wrong = "the site has no such point";
    } else {
        enum point_kind kind = (enum point_kind)reader->site->ruleset.points[point].kind;
        const char *name = point_kind_facts(kind)->name;
        wrong = strcmp(name, line->measurement) != 0 ? "the point is of another kind in the site"
                                                     : NULL;
    }
    if (wrong != NULL) {
        reader->history->strange++;
        reader_complain(reader, 0, wrong, line->point);
        return RULESET_NONE;
    }
    return point;
}

static int reader_add(struct history_reader *reader, uint32_t point,
                      const struct history_line *line) {
    return history_add(reader->history, (struct history_row){
                                            .wall = line->wall,
                                            .value = line->value,
                                            .point = point,
                                            .line = (uint32_t)reader->history->lines,
                                            .quality = (uint8_t)line->quality,
                                            .has_value = line->has_value,
                                            .has_quality = line->has_quality,
                                        });
}

/* ---- lines ---- */

static void reader_wrong(struct history_reader *reader, uint32_t column, const char *what) {
    reader->history->wrong++;
    reader_complain(reader, column, what, "");
}

static int reader_take_line(struct history_reader *reader) {
    struct history_line line;
    struct history_error error;
    switch (history_line_parse(reader->line, reader->size, &line, &error)) {
    case HISTORY_DATA: {
        uint32_t point = reader_point(reader, &line);
        return point != RULESET_NONE ? reader_add(reader, point, &line) : 0;
    }
    case HISTORY_WRONG:
        reader_wrong(reader, error.column, error.what);
        break;
    case HISTORY_NONE:
        break;
    }
    return 0;
}

/* Samples that are none are counted; the first of a line is told. */
static int reader_take_samples(struct history_reader *reader, const struct history_series *series,
                               uint32_t point) {
    struct history_line line;
    const char *what;
    uint64_t wrong = 0;
    int r = 0;
    for (size_t i = 0; i < series->count && r == 0; i++) {
        if (history_series_sample(series, i, &line, &what)) {
            r = reader_add(reader, point, &line);
        } else if (wrong++ == 0) {
            reader_complain(reader, 0, what, series->head.point);
        }
    }
    reader->history->wrong += wrong;
    return r;
}

static int reader_take_series(struct history_reader *reader) {
    struct history_series series;
    struct history_error error;
    int r = 0;
    switch (history_series_parse(reader->line, reader->size, &series, &error)) {
    case HISTORY_DATA: {
        uint32_t point = reader_point(reader, &series.head);
        r = point != RULESET_NONE ? reader_take_samples(reader, &series, point) : 0;
        history_series_end(&series);
        break;
    }
    case HISTORY_WRONG:
        reader_wrong(reader, error.column, error.what);
        break;
    case HISTORY_NONE:
        break;
    }
    return r;
}

/* Take the present line; the first that is not blank says what the file is. */
static int reader_take(struct history_reader *reader) {
    struct history *history = reader->history;
    size_t mark = history->lines == 1 ? history_mark_size(reader->text, reader->size) : 0;
    reader->line = reader->text + mark;
    reader->size -= mark;
    if (history->format == HISTORY_FORMAT_EMPTY && !history_is_blank(reader->line, reader->size)) {
        history->format = history_format_of(reader->line, reader->size);
    }
    if (reader->is_cut) {
        reader_wrong(reader, 0,
                     "the line is too long: export with max_rows_per_line=10000, so that a "
                     "series has several");
        return 0;
    }
    switch (history->format) {
    case HISTORY_FORMAT_EMPTY:
        return 0;
    case HISTORY_FORMAT_LINES:
        return reader_take_line(reader);
    case HISTORY_FORMAT_SERIES:
        return reader_take_series(reader);
    case HISTORY_FORMAT_COMPRESSED:
    case HISTORY_FORMAT_WIDE:
    case HISTORY_FORMAT_TABLE:
    case HISTORY_FORMAT_JSON:
        break;
    }
    return HISTORY_E_FORMAT;
}

/* Make room for one more byte of the line. */
static int reader_make_room(struct history_reader *reader) {
    enum { FIRST = 4096 };
    if (reader->size < reader->room) {
        return 0;
    }
    size_t room = reader->room > 0 ? 2 * reader->room : FIRST;
    char *text = realloc(reader->text, room);
    if (text == NULL) {
        return err_origin(-ENOMEM);
    }
    reader->text = text;
    reader->room = room;
    return 0;
}

/*
 * Read the next line without its end, or as much of it as HISTORY_LINE_MAX has room for; *ret_line is
 * false at the end of the file. Returns 0 or <0.
 */
static int reader_next(struct history_reader *reader, bool *ret_line) {
    int c = EOF;
    reader->size = 0;
    reader->is_cut = false;
    int r = reader_make_room(reader); /* for the blank ones too */
    while (r == 0 && (c = getc_unlocked(reader->file)) != EOF && c != '\n') {
        if (reader->size == HISTORY_LINE_MAX) {
            reader->is_cut = true;
        } else if ((r = reader_make_room(reader)) == 0) {
            reader->text[reader->size++] = (char)c;
        }
    }
    if (r == 0 && ferror(reader->file) != 0) {
        r = err_origin(-EIO);
    }
    *ret_line = r == 0 && (c != EOF || reader->size > 0);
    return r;
}

/* ---- readings ---- */

/* Does the point's value lie in a range? What is true or false, or a moment, has none. */
static bool point_is_quantity(const struct site *site, uint32_t point) {
    enum point_form form =
        point_kind_facts((enum point_kind)site->ruleset.points[point].kind)->form;
    return form == POINT_FORM_NUMBER || form == POINT_FORM_COUNTER;
}

/* A reading as a driver would have made it. */
static void row_judge(struct history_reader *reader, struct history_row *row) {
    const struct site_point *point = &reader->site->points[row->point];
    if (quality_usable((enum quality)row->quality) && point_is_quantity(reader->site, row->point) &&
        !value_is_possible(row->value, point->min, point->max)) {
        row->quality = QUALITY_FAULT;
        reader->history->impossible++;
    }
    if (!quality_usable((enum quality)row->quality)) {
        row->value = 0;
    }
}

/* Make one row of the rows of each reading; one that lacks its value is told, and left out. */
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
        if (row.has_value || !quality_usable((enum quality)row.quality)) {
            row_judge(reader, &row);
            rows[count++] = row;
        } else {
            history->wrong++;
            reader->complain(reader->context, row.line, 0,
                             "a reading has a good quality and no `value`, here or elsewhere",
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
    struct history_reader reader = {.history = history,
                                    .file = file,
                                    .site = site,
                                    .complain = complain,
                                    .context = context,
                                    .last_point = RULESET_NONE};
    bool is_line = true;
    int r = 0;
    *history = HISTORY_NULL;
    while (r == 0 && (r = reader_next(&reader, &is_line)) == 0 && is_line) {
        history->lines++;
        r = reader_take(&reader);
    }
    free(reader.text);
    if (r == 0 && history->format == HISTORY_FORMAT_EMPTY) {
        r = HISTORY_E_FORMAT;
    }
    if (r != 0) {
        enum history_format format = history->format;
        history_deinit(history);
        history->format = format;
        return r;
    }
    history_gather(&reader);
    return 0;
}

void history_deinit(struct history *history) {
    free(history->rows);
    *history = HISTORY_NULL;
}
