/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_columns.h"

#include <stdio.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/event_type.h"

/* The order of LEDGER_COLUMNS. */
enum columns {
    COLUMN_SEQ,
    COLUMN_BOOT,
    COLUMN_AT_WALL,
    COLUMN_LANE,
    COLUMN_TYPE,
    COLUMN_ALARM,
    COLUMN_PLACE,
    COLUMN_POINT,
    COLUMN_BODY,
};

/* ---- reading ---- */

enum word_kind { WORD_MISSING, WORD_TEXT, WORD_NULL, WORD_OTHER };

/* A value as it stands in the body; of a text what is between its quotes. */
struct word {
    enum word_kind kind;
    const char *at;
    size_t size;
};

/* What is left to read. */
struct words_cursor {
    const char *at;
    size_t left;
    bool bad;
};

/* A key that is looked for, and where its value goes. */
struct words_wanted {
    const char *key;
    struct word *ret;
};

static char words_peek(struct words_cursor *cursor) {
    while (cursor->left > 0 && (*cursor->at == ' ' || *cursor->at == '\n' || *cursor->at == '\t')) {
        cursor->at++;
        cursor->left--;
    }
    return cursor->left > 0 && !cursor->bad ? *cursor->at : '\0';
}

static void words_skip(struct words_cursor *cursor, size_t size) {
    cursor->at += size;
    cursor->left -= size;
}

static bool words_expect(struct words_cursor *cursor, char expected) {
    bool is_there = words_peek(cursor) == expected;
    if (is_there) {
        words_skip(cursor, 1);
    }
    cursor->bad = cursor->bad || !is_there;
    return is_there;
}

static struct word words_text(struct words_cursor *cursor) {
    struct word word = {.kind = WORD_TEXT};
    (void)words_expect(cursor, '"');
    word.at = cursor->at;
    while (cursor->left > 0 && *cursor->at != '"') {
        size_t step = *cursor->at == '\\' ? 2 : 1;
        if (step > cursor->left) {
            break;
        }
        words_skip(cursor, step);
    }
    word.size = (size_t)(cursor->at - word.at);
    (void)words_expect(cursor, '"');
    return word;
}

/* An object or an array with all that is in it. */
static struct word words_nest(struct words_cursor *cursor) {
    struct word word = {.kind = WORD_OTHER, .at = cursor->at};
    size_t depth = 0;
    do {
        char next = words_peek(cursor);
        if (next == '"') {
            (void)words_text(cursor);
        } else if (next == '\0') {
            cursor->bad = true;
        } else {
            depth += next == '{' || next == '[';
            depth -= next == '}' || next == ']';
            words_skip(cursor, 1);
        }
    } while (depth > 0 && !cursor->bad);
    word.size = (size_t)(cursor->at - word.at);
    return word;
}

static struct word words_value(struct words_cursor *cursor) {
    char first = words_peek(cursor);
    if (first == '"') {
        return words_text(cursor);
    }
    if (first == '{' || first == '[') {
        return words_nest(cursor);
    }
    struct word word = {.kind = WORD_OTHER, .at = cursor->at};
    while (cursor->left > 0 && *cursor->at != ',' && *cursor->at != '}') {
        words_skip(cursor, 1);
    }
    word.size = (size_t)(cursor->at - word.at);
    cursor->bad = cursor->bad || word.size == 0;
    if (word.size == 4 && memcmp(word.at, "null", 4) == 0) {
        word.kind = WORD_NULL;
    }
    return word;
}

static bool word_is(const struct word *word, const char *expected) {
    size_t size = strlen(expected);
    return word->kind == WORD_TEXT && word->size == size && memcmp(word->at, expected, size) == 0;
}

/* Take the members of an object; one of those that are looked for may not come twice. */
static void words_members(struct words_cursor *cursor, const struct words_wanted *wanted,
                          size_t count) {
    (void)words_expect(cursor, '{');
    bool is_empty = words_peek(cursor) == '}';
    while (!cursor->bad && !is_empty) {
        struct word key = words_text(cursor);
        (void)words_expect(cursor, ':');
        struct word value = words_value(cursor);
        for (size_t i = 0; i < count; i++) {
            if (word_is(&key, wanted[i].key)) {
                cursor->bad = cursor->bad || wanted[i].ret->kind != WORD_MISSING;
                *wanted[i].ret = value;
            }
        }
        if (words_peek(cursor) != ',') {
            break;
        }
        words_skip(cursor, 1);
    }
    (void)words_expect(cursor, '}');
}

/* The words of a body that columns are made of. */
struct words {
    struct word id, type, subject, time, data;
    struct word rule, place, point, reason, actor; /* of `data` */
};

static bool words_read(const char *body, size_t size, struct words *ret) {
    struct words_cursor cursor = {body, size, false};
    const struct words_wanted outer[] = {{"id", &ret->id},
                                         {"type", &ret->type},
                                         {"subject", &ret->subject},
                                         {"time", &ret->time},
                                         {"data", &ret->data}};
    const struct words_wanted inner[] = {{"rule", &ret->rule},
                                         {"place", &ret->place},
                                         {"point", &ret->point},
                                         {"reason", &ret->reason},
                                         {"actor", &ret->actor}};
    *ret = (struct words){.id = {WORD_MISSING, NULL, 0}};
    words_members(&cursor, outer, sizeof outer / sizeof *outer);
    bool good = !cursor.bad && words_peek(&cursor) == '\0' && cursor.left == 0;
    if (good && ret->data.kind == WORD_OTHER && *ret->data.at == '{') {
        cursor = (struct words_cursor){ret->data.at, ret->data.size, false};
        words_members(&cursor, inner, sizeof inner / sizeof *inner);
        good = !cursor.bad;
    }
    return good;
}

/* ---- what it says ---- */

static struct journal_column column_text(const char *at, size_t size) {
    return (struct journal_column){
        .said = size > 0 && memchr(at, '\\', size) == NULL, .at = at, .size = size};
}

static struct journal_column column_null(void) {
    return (struct journal_column){.said = true, .at = NULL};
}

/* A text or null. */
static struct journal_column column_word(const struct word *word) {
    return word->kind == WORD_TEXT   ? column_text(word->at, word->size)
           : word->kind == WORD_NULL ? column_null()
                                     : (struct journal_column){.said = false};
}

/* The id ends with the boot and the number: `<site>.<gateway>.<boot>.<seq>`. */
static void columns_take_id(struct journal_columns *columns, const struct word *id) {
    const char *end = id->kind == WORD_TEXT ? id->at + id->size : NULL;
    struct journal_column *const parts[] = {&columns->seq, &columns->boot};
    for (size_t i = 0; end != NULL && i < sizeof parts / sizeof *parts; i++) {
        const char *dot = memrchr(id->at, '.', (size_t)(end - id->at));
        if (dot != NULL) {
            *parts[i] = column_text(dot + 1, (size_t)(end - dot - 1));
        }
        end = dot;
    }
}

static void columns_take_type(struct journal_columns *columns, const struct word *type) {
    static const char prefix[] = "tocsin.";
    size_t size = strlen(prefix);
    if (type->kind != WORD_TEXT || type->size <= size || memcmp(type->at, prefix, size) != 0) {
        return;
    }
    columns->type = column_text(type->at + size, type->size - size);
    for (unsigned i = 0; i < EVENT_TYPE_ALL_COUNT && !columns->lane_said; i++) {
        const char *name = event_type_name(i);
        columns->lane_said = columns->type.size == strlen(name) &&
                             memcmp(columns->type.at, name, columns->type.size) == 0;
        columns->lane = event_type_lane(i);
    }
}

/*
 * Is it about something that the site no longer has? Then the gateway itself ended it, nobody did, and
 * its row has no place: the place is one of the site before.
 */
static bool words_are_of_what_is_gone(const struct words *words) {
    return words->actor.kind != WORD_TEXT &&
           (word_is(&words->reason, "rule removed") || word_is(&words->reason, "entity removed") ||
            word_is(&words->reason, "place removed"));
}

/* Is the subject a point of the place, <place>/<point>? Other entities have a kind before the slash. */
static bool words_are_of_point(const struct words *words) {
    static const char *const others[] = {"device/", "component/", "role/"};
    const struct word *subject = &words->subject;
    size_t size = words->place.size;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        size_t len = strlen(others[i]);
        if (subject->size >= len && memcmp(subject->at, others[i], len) == 0) {
            return false;
        }
    }
    return words->place.kind == WORD_TEXT && subject->size > size + 1 &&
           memcmp(subject->at, words->place.at, size) == 0 && subject->at[size] == '/' &&
           memchr(subject->at + size + 1, '/', subject->size - size - 1) == NULL;
}

static void columns_take_alarm(struct journal_columns *columns, const struct words *words) {
    if (words->rule.kind != WORD_TEXT || words->subject.kind != WORD_TEXT) {
        return;
    }
    int size = snprintf(columns->alarm_name, sizeof columns->alarm_name, "%.*s/%.*s",
                        (int)words->rule.size, words->rule.at, (int)words->subject.size,
                        words->subject.at);
    if (size > 0 && (size_t)size < sizeof columns->alarm_name) {
        columns->alarm = column_text(columns->alarm_name, (size_t)size);
    }
    if (words_are_of_what_is_gone(words)) {
        columns->point = column_null();
    } else if (words_are_of_point(words)) {
        columns->point = column_text(words->subject.at, words->subject.size);
    }
}

bool journal_columns_read(const char *body, size_t size, struct journal_columns *ret) {
    struct words words;
    *ret = (struct journal_columns){.lane_said = false};
    if (!words_read(body, size, &words)) {
        return false;
    }
    columns_take_id(ret, &words.id);
    columns_take_type(ret, &words.type);
    if (words.time.kind == WORD_TEXT) {
        ret->time = column_text(words.time.at, words.time.size);
    }
    if (!ret->lane_said) {
        return true; /* what a type has that there is not here, nobody knows */
    }
    ret->place = words_are_of_what_is_gone(&words) ? column_null() : column_word(&words.place);
    if (ret->lane == LANE_ALARM) {
        columns_take_alarm(ret, &words);
    } else {
        ret->alarm = column_null();
        ret->point = column_word(&words.point);
    }
    return true;
}

bool journal_columns_is_time(const struct journal_columns *columns, int64_t wall_ns) {
    char time[CLOCK_TEXT_SIZE];
    clock_format((struct wall){wall_ns}, time);
    return strlen(time) == columns->time.size &&
           memcmp(time, columns->time.at, columns->time.size) == 0;
}

/* ---- a row of the table ---- */

static bool row_is(sqlite3_stmt *row, int column, const struct journal_column *said) {
    if (!said->said) {
        return true;
    }
    if (said->at == NULL) {
        return sqlite3_column_type(row, column) == SQLITE_NULL;
    }
    return sqlite3_column_type(row, column) == SQLITE_TEXT &&
           (size_t)sqlite3_column_bytes(row, column) == said->size &&
           memcmp(sqlite3_column_text(row, column), said->at, said->size) == 0;
}

static bool row_is_seq(sqlite3_stmt *row, int column, const struct journal_columns *said) {
    char number[32];
    int size = snprintf(number, sizeof number, "%lld",
                        (long long)sqlite3_column_int64(row, column + COLUMN_SEQ));
    return !said->seq.said ||
           (said->seq.size == (size_t)size && memcmp(number, said->seq.at, said->seq.size) == 0);
}

const char *journal_columns_wrong(sqlite3_stmt *row, int column) {
    const char *body = (const char *)sqlite3_column_text(row, column + COLUMN_BODY);
    struct journal_columns said;
    if (body == NULL || !journal_columns_read(
                            body, (size_t)sqlite3_column_bytes(row, column + COLUMN_BODY), &said)) {
        return NULL;
    }
    if (!row_is_seq(row, column, &said)) {
        return "seq";
    }
    if (said.time.said &&
        !journal_columns_is_time(&said, sqlite3_column_int64(row, column + COLUMN_AT_WALL))) {
        return "at_wall";
    }
    const struct {
        int column;
        const struct journal_column *said;
        const char *name;
    } texts[] = {{COLUMN_BOOT, &said.boot, "boot"},
                 {COLUMN_TYPE, &said.type, "type"},
                 {COLUMN_PLACE, &said.place, "place"},
                 {COLUMN_ALARM, &said.alarm, "alarm"},
                 {COLUMN_POINT, &said.point, "point"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!row_is(row, column + texts[i].column, texts[i].said)) {
            return texts[i].name;
        }
    }
    bool is_lane =
        !said.lane_said || (sqlite3_column_type(row, column + COLUMN_LANE) == SQLITE_INTEGER &&
                            sqlite3_column_int64(row, column + COLUMN_LANE) == said.lane);
    return is_lane ? NULL : "lane";
}
