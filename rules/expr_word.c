/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/expr_word.h"

#include <string.h>

static const struct expr_word words[] = {
    {"and", EXPR_SORT_OPERATOR, EXPR_AND, NULL, NULL},
    {"or", EXPR_SORT_OPERATOR, EXPR_OR, NULL, NULL},
    {"not", EXPR_SORT_OPERATOR, EXPR_NOT, NULL, NULL},
    {"true", EXPR_SORT_TRUTH, 1, NULL, NULL},
    {"false", EXPR_SORT_TRUTH, 0, NULL, NULL},
    {"value", EXPR_SORT_OWN, EXPR_LOAD, NULL, NULL},
    {"quality", EXPR_SORT_OWN, EXPR_QUALITY, NULL, NULL},
    {"age", EXPR_SORT_OWN, EXPR_AGE, NULL, NULL},
    {"capacity", EXPR_SORT_PLACE, EXPR_CAPACITY, NULL, NULL},
    {"area", EXPR_SORT_PLACE, EXPR_AREA, NULL, NULL},
    {"open", EXPR_SORT_CALENDAR, EXPR_OPEN, NULL, NULL},
    {"closed", EXPR_SORT_CALENDAR, EXPR_CLOSED, NULL, NULL},
    {"weekday", EXPR_SORT_CALENDAR, EXPR_WEEKDAY, NULL, NULL},
    {"between", EXPR_SORT_CALENDAR, EXPR_BETWEEN, NULL, NULL},
    {"any", EXPR_SORT_FOLD, EXPR_FOLD_ANY, "any(smoke)", NULL},
    {"all", EXPR_SORT_FOLD, EXPR_FOLD_ALL, "all(door_contact)", NULL},
    {"count", EXPR_SORT_FOLD, EXPR_FOLD_COUNT, "count(smoke)", NULL},
    {"sum", EXPR_SORT_FOLD, EXPR_FOLD_SUM, "sum(occupancy_count)", NULL},
    {"min", EXPR_SORT_FOLD, EXPR_FOLD_MIN, "min(temperature)", "min(value, 10 min)"},
    {"max", EXPR_SORT_FOLD, EXPR_FOLD_MAX, "max(temperature)", "max(value, 10 min)"},
    {"avg", EXPR_SORT_FOLD, EXPR_FOLD_AVG, "avg(temperature)", "avg(value, 10 min)"},
    {"within", EXPR_SORT_TIMED, EXPR_WITHIN, "within(any(smoke), 60 s)", "within(value, 60 s)"},
    {"held", EXPR_SORT_TIMED, EXPR_HELD, "held(any(motion), 30 s)", "held(value, 30 s)"},
    {"since", EXPR_SORT_TIMED, EXPR_SINCE, "since(any(motion))", "since(value)"},
    {"changes", EXPR_SORT_TIMED, EXPR_CHANGES, "changes(any(motion), 5 min)",
     "changes(value, 5 min)"},
    {"rate", EXPR_SORT_TIMED, EXPR_RATE, "rate(max(temperature), 10 min)", "rate(value, 10 min)"},
    {"granted", EXPR_SORT_MOMENT, EXPR_MOMENT_GRANTED, NULL, NULL},
    {"denied", EXPR_SORT_MOMENT, EXPR_MOMENT_DENIED, NULL, NULL},
};

enum {
    WORD_FIXED = sizeof words / sizeof *words,
    WORD_COUNT = WORD_FIXED + QUALITY_COUNT + POINT_KIND_COUNT,
    /* Longer than every word; a longer one that was written resembles none. */
    WORD_LEN_MAX = 32,
};

/* The words as one list: the table, then the qualities, then the kinds. */
static struct expr_word word_at(unsigned index) {
    if (index < WORD_FIXED) {
        return words[index];
    }
    index -= WORD_FIXED;
    if (index < QUALITY_COUNT) {
        return (struct expr_word){.name = quality_name((enum quality)index),
                                  .sort = EXPR_SORT_QUALITY,
                                  .value = (uint8_t)index};
    }
    index -= QUALITY_COUNT;
    return (struct expr_word){.name = point_kind_facts((enum point_kind)index)->name,
                              .sort = EXPR_SORT_KIND,
                              .value = (uint8_t)index};
}

struct expr_word expr_word_find(const char *word, size_t len) {
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        struct expr_word known = word_at(i);
        if (strlen(known.name) == len && memcmp(known.name, word, len) == 0) {
            return known;
        }
    }
    return (struct expr_word){.name = NULL};
}

static char word_lower(char c) {
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return c;
}

static unsigned word_least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/*
 * How many letters must be added, removed, changed or swapped with their neighbour to make `a` of
 * `b`; capitals count as small. Three rows of the usual table are enough.
 */
static unsigned word_distance(const char *a, size_t a_len, const char *b, size_t b_len) {
    unsigned rows[3][WORD_LEN_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];
    for (unsigned j = 0; j <= b_len; j++) {
        above[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            char x = word_lower(a[i - 1]);
            char y = word_lower(b[j - 1]);
            unsigned least = above[j - 1] + (x != y);
            least = word_least(least, word_least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == word_lower(b[j - 2]) && word_lower(a[i - 2]) == y) {
                least = word_least(least, before[j - 2] + 1);
            }
            row[j] = least;
        }
        unsigned *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b_len];
}

const char *expr_word_near(const char *word, size_t len, unsigned sorts) {
    const char *nearest = NULL;
    unsigned least = 3;
    if (len > WORD_LEN_MAX) {
        return NULL;
    }
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        struct expr_word known = word_at(i);
        if ((known.sort & sorts) == 0) {
            continue;
        }
        unsigned distance = word_distance(word, len, known.name, strlen(known.name));
        if (distance < least && distance <= len / 2) {
            least = distance;
            nearest = known.name;
        }
    }
    return nearest;
}

const char *expr_unit_near(const char *word, size_t len) {
    static const char *const meant[][2] = {
        {"c", "°C"},       {"celsius", "°C"},  {"degc", "°C"}, {"deg", "°C"},
        {"°", "°C"},       {"percent", "%"},   {"sec", "s"},   {"secs", "s"},
        {"second", "s"},   {"seconds", "s"},   {"m", "min"},   {"mins", "min"},
        {"minute", "min"}, {"minutes", "min"}, {"hr", "h"},    {"hrs", "h"},
        {"hour", "h"},     {"hours", "h"},     {"day", "d"},   {"days", "d"},
        {"lux", "lx"},     {"sqm", "m2"},      {"volt", "V"},  {"volts", "V"},
        {"dba", "dB"},     {"msec", "ms"},
    };
    for (size_t i = 0; i < sizeof meant / sizeof *meant; i++) {
        size_t meant_len = strlen(meant[i][0]);
        if (meant_len == len && word_distance(word, len, meant[i][0], meant_len) == 0) {
            return meant[i][1];
        }
    }
    /* Capitals matter in units, so that `mv` is only nearly one. */
    for (enum unit unit = UNIT_S; unit < UNIT_COUNT; unit++) {
        const char *name = unit_facts(unit)->name;
        if (strlen(name) == len && word_distance(word, len, name, len) == 0) {
            return name;
        }
    }
    return NULL;
}
