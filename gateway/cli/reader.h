/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_READER_H
#define GATEWAY_CLI_READER_H

/*
 * The person who reads
 *
 * In which language, with or without colours, in which time zone, and how wide a text is on a
 * terminal: a Chinese character takes two columns, a combining mark none. All output is UTF-8,
 * whatever the locale says. Texts come from a site's files and from devices, so a control character
 * in them never reaches the terminal.
 */

#include <stdio.h>

#include <jansson.h>

#include "gateway/site.h"

/* What a line wants to say by its look. Plain without a terminal, or when NO_COLOR is set. */
enum tone { TONE_PLAIN, TONE_DIM, TONE_GOOD, TONE_NOTICE, TONE_WARNING, TONE_DANGER };

struct reader {
    FILE *out;
    enum site_language language;
    bool colour;
    json_t *places;  /* place id -> name in the reader's language; empty until told */
    int place_width; /* columns of the widest place name, at most READER_PLACE_WIDTH_MAX */
    char day[16];    /* of the event line printed last */
};

enum { READER_PLACE_WIDTH_MAX = 24 };

/* Begin to print on `out`. */
void reader_init(struct reader *reader, FILE *out, enum site_language language);
void reader_deinit(struct reader *reader);

/* Take names and the time zone from an answer of /api/v1/places; may be called once for each page.
 */
void reader_learn_places(struct reader *reader, const json_t *answer);

/* The name of a place, or `id` itself where none was told. */
const char *reader_place_name(const struct reader *reader, const char *id);

/* `zh` or `en`, as the reader likes. */
const char *reader_text(const struct reader *reader, const char *zh, const char *en);

/* The member of an object {"zh", "en"} in the reader's language, the other if it is missing, or "".
 */
const char *reader_pick(const struct reader *reader, const json_t *names);

/* Columns that `text` takes on a terminal. */
int text_columns(const char *text);

/*
 * Copy `text` without control characters and broken UTF-8, and not more than `columns` columns of
 * it (a longer one ends in "…"). Returns the columns it takes. `ret` has room for `size` bytes, at
 * least 4.
 */
int text_fit(const char *text, int columns, char *ret, size_t size);

/* Print `text` cut or padded to exactly `columns` columns; negative pads on the left. */
void reader_cell(const struct reader *reader, enum tone tone, const char *text, int columns);

/* Print `text` as it is, without control characters. */
void reader_put(const struct reader *reader, enum tone tone, const char *text);

enum reader_time {
    READER_CLOCK,  /* 15:17:00 */
    READER_DAY,    /* 2026-11-22 */
    READER_MOMENT, /* 11-22 15:17:00 */
};

/* RFC 3339 to local time; `text` itself when it is no time, "" for NULL. */
void reader_time(const char *text, enum reader_time form, char *ret, size_t size);

#endif
