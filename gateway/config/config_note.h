/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFIG_NOTE_H
#define GATEWAY_CONFIG_NOTE_H

/*
 * Notes: what is wrong, and what is odd
 *
 * A note says what, where and, if it can, how to mend it. The checkers go on after each, so that
 * one look shows everything; who checks a part takes care that one mistake does not draw a second
 * note. At most CONFIG_NOTES_MAX are kept; further ones are counted.
 */

#include <stdarg.h>
#include <stdio.h>

#include "gateway/config/config_source.h"
#include "gateway/site.h"

enum { CONFIG_NOTES_MAX = 500 };

enum config_severity {
    CONFIG_ERROR,
    CONFIG_WARNING,
    CONFIG_REMARK, /* neither wrong nor odd, and yet good to know; printed as "note" */
};

struct config_note {
    enum config_severity severity;
    struct config_mark mark; /* its source is NULL for what has no place in a file */
    const char *message;
    const char *hint; /* NULL: none */
    uint32_t number;
};

struct config_notes {
    struct config_note *rows;
    uint32_t count, room;
    uint32_t errors, warnings, remarks; /* with those that were not kept */
};

/* Note an error or a warning at a node, or at any mark. `hint` may be NULL. */
void config_error(struct config *config, const struct config_node *node, const char *hint,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
void config_warn(struct config *config, const struct config_node *node, const char *hint,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));
void config_note(struct config *config, enum config_severity severity, struct config_mark mark,
                 const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Put the notes into the order of the files. */
void config_notes_sort(struct config_notes *notes);

/* JSON is for programs, which get what is said in English. */
void config_notes_print(const struct config_notes *notes, enum site_language language, FILE *out);
void config_notes_print_json(const struct config_notes *notes, FILE *out);

/*
 * Of `count` words the one that was probably meant by `wrong`, or NULL if none is near: at most a
 * third of its letters are wrong, missing, too many or swapped.
 */
const char *config_suggest(const char *wrong, const char *const *words, uint32_t count);

/*
 * Hints for a wrong word: "begin: a, b, c" with all words, and "did you mean `…`?" or NULL. Where no
 * word is near, the first of which it is the end or the beginning was meant: `day-care` for
 * care/day-care, `climate` for space.climate, `door` for door_contact. Both
 * are NULL once no more notes are kept, so that a file with a million mistakes costs no more than
 * one with many.
 */
const char *config_words(struct config *config, const char *begin, const char *const *words,
                         uint32_t count);
const char *config_suggestion(struct config *config, const char *wrong, const char *const *words,
                              uint32_t count);

/*
 * The names in a message: "hall, sport and 3 more". Begins as {0}; at most CONFIG_NAMES_MAX are
 * written out.
 */
enum { CONFIG_NAMES_MAX = 4 };

struct config_names {
    const char *text; /* of those that are written out; NULL: none yet */
    uint32_t count;   /* of all */
};

void config_names_add(struct config *config, struct config_names *names, const char *name);
const char *config_names_text(struct config *config, const struct config_names *names);

#endif
