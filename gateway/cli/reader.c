/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/reader.h"

#include <assert.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "gateway/clock.h"

/* Bytes of one printed text; longer ones are cut. */
enum { TEXT_SIZE = 2048 };

static const char *const tones[] = {
    [TONE_PLAIN] = "",          [TONE_DIM] = "\033[2m",        [TONE_GOOD] = "\033[32m",
    [TONE_NOTICE] = "\033[36m", [TONE_WARNING] = "\033[1;33m", [TONE_DANGER] = "\033[1;97;41m",
};

void reader_init(struct reader *reader, FILE *out, enum site_language language) {
    /* Widths need a UTF-8 locale; Debian always has this one, also under LANG=C and cron. */
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    const char *no_colour = getenv("NO_COLOR");
    *reader = (struct reader){
        .out = out,
        .language = language,
        .colour = isatty(fileno(out)) && (no_colour == NULL || no_colour[0] == '\0'),
        .places = json_object(),
        .place_width = 8,
    };
    assert(reader->places != NULL);
}

void reader_deinit(struct reader *reader) {
    json_decref(reader->places);
    reader->places = NULL;
}

void reader_learn_places(struct reader *reader, const json_t *answer) {
    const char *zone = json_string_value(json_object_get(answer, "timezone"));
    if (zone != NULL && zone[0] != '\0') {
        /* People at the site and those who help them from elsewhere read the same clock. */
        (void)setenv("TZ", zone, 1);
        tzset();
    }
    size_t index = 0;
    json_t *place = NULL;
    json_array_foreach(json_object_get(answer, "places"), index, place) {
        const char *id = json_string_value(json_object_get(place, "place"));
        const char *name = reader_pick(reader, json_object_get(place, "name"));
        if (id == NULL || name[0] == '\0') {
            continue;
        }
        (void)json_object_set_new(reader->places, id, json_string(name));
        int width = text_columns(name);
        width = width < READER_PLACE_WIDTH_MAX ? width : READER_PLACE_WIDTH_MAX;
        reader->place_width = width > reader->place_width ? width : reader->place_width;
    }
}

const char *reader_place_name(const struct reader *reader, const char *id) {
    const char *name = json_string_value(json_object_get(reader->places, id));
    return name == NULL ? id : name;
}

const char *reader_text(const struct reader *reader, const char *zh, const char *en) {
    return reader->language == LANGUAGE_ZH ? zh : en;
}

const char *reader_pick(const struct reader *reader, const json_t *names) {
    const char *zh = json_string_value(json_object_get(names, "zh"));
    const char *en = json_string_value(json_object_get(names, "en"));
    const char *wanted = reader->language == LANGUAGE_ZH ? zh : en;
    const char *other = reader->language == LANGUAGE_ZH ? en : zh;
    if (wanted != NULL && wanted[0] != '\0') {
        return wanted;
    }
    return other == NULL ? "" : other;
}

/* The next character of `text`, at most `left` bytes; its length, or 0 for a byte that is not
 * UTF-8. */
static size_t text_next(const char *text, size_t left, wchar_t *ret_character) {
    mbstate_t state = {0};
    size_t len = mbrtowc(ret_character, text, left, &state);
    return len == (size_t)-1 || len == (size_t)-2 ? 0 : len;
}

int text_fit(const char *text, int columns, char *ret, size_t size) {
    assert(size >= 4);
    size_t len = 0;
    size_t fit_len = 0; /* the longest beginning that leaves room for the dots */
    int used = 0;
    int fit_used = 0;
    size_t left = strlen(text);
    while (left > 0) {
        wchar_t character = L'?';
        size_t bytes = text_next(text, left, &character);
        int width = bytes == 0 ? -1 : wcwidth(character);
        const char *from = width < 0 ? "?" : text;
        size_t from_len = width < 0 ? 1 : bytes;
        width = width < 0 ? 1 : width;
        if (used + width > columns || len + from_len >= size) {
            memcpy(ret + fit_len, "…", sizeof "…");
            return fit_used + 1;
        }
        memcpy(ret + len, from, from_len);
        len += from_len;
        used += width;
        if (used + 1 <= columns && len + sizeof "…" <= size) {
            fit_len = len;
            fit_used = used;
        }
        bytes = bytes == 0 ? 1 : bytes;
        text += bytes;
        left -= bytes;
    }
    ret[len] = '\0';
    return used;
}

int text_columns(const char *text) {
    char fitted[TEXT_SIZE];
    return text_fit(text, INT_MAX, fitted, sizeof fitted);
}

static void reader_tone(const struct reader *reader, enum tone tone, const char *text) {
    bool coloured = reader->colour && tone != TONE_PLAIN;
    (void)fprintf(reader->out, "%s%s%s", coloured ? tones[tone] : "", text,
                  coloured ? "\033[0m" : "");
}

void reader_cell(const struct reader *reader, enum tone tone, const char *text, int columns) {
    char fitted[TEXT_SIZE];
    int width = columns < 0 ? -columns : columns;
    int used = text_fit(text, width, fitted, sizeof fitted);
    if (columns < 0) {
        (void)fprintf(reader->out, "%*s", width - used, "");
    }
    reader_tone(reader, tone, fitted);
    if (columns > 0) {
        (void)fprintf(reader->out, "%*s", width - used, "");
    }
}

void reader_put(const struct reader *reader, enum tone tone, const char *text) {
    char fitted[TEXT_SIZE];
    (void)text_fit(text, INT_MAX, fitted, sizeof fitted);
    reader_tone(reader, tone, fitted);
}

static size_t reader_time_format(const struct tm *local, enum reader_time form, char *ret,
                                 size_t size) {
    switch (form) {
    case READER_CLOCK:
        return strftime(ret, size, "%H:%M:%S", local);
    case READER_DAY:
        return strftime(ret, size, "%Y-%m-%d", local);
    case READER_MOMENT:
        return strftime(ret, size, "%m-%d %H:%M:%S", local);
    }
    assert(false && "form of time out of range");
    return 0;
}

void reader_time(const char *text, enum reader_time form, char *ret, size_t size) {
    struct wall wall;
    struct tm local;
    if (text == NULL) {
        ret[0] = '\0';
        return;
    }
    if (clock_parse_wall(text, &wall) != 0) {
        (void)text_fit(text, INT_MAX, ret, size);
        return;
    }
    time_t seconds = (time_t)(wall.ns / (int64_t)NS_PER_S);
    if (localtime_r(&seconds, &local) == NULL || reader_time_format(&local, form, ret, size) == 0) {
        ret[0] = '\0';
    }
}
