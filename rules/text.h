/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_TEXT_H
#define RULES_TEXT_H

/*
 * A message under construction
 *
 * Puts words for people together in a buffer of the caller, piece by piece. It never overflows and
 * never splits a character: what does not fit is replaced by one "…" at the end, and later pieces
 * are dropped. The buffer holds a string that ends in NUL after every call.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *at;    /* the caller's buffer */
    size_t size; /* of the buffer */
    size_t len;  /* bytes used, without the NUL */
    bool cut;    /* something did not fit */
};

/* Bytes of a quotation; a longer one is shown by its beginning. */
enum { TEXT_QUOTED_MAX = 48 };

/* Begin an empty text in `buffer` of `size` bytes, at least 4, which is borrowed as long as `text`
 * is. */
void text_init(struct text *text, char *buffer, size_t size);

/* Add a string that ends in NUL. */
void text_add(struct text *text, const char *words);

/* Add `len` bytes of UTF-8. */
void text_add_bytes(struct text *text, const char *bytes, size_t len);

/*
 * Add `len` bytes as what somebody wrote: its beginning if it is longer than TEXT_QUOTED_MAX, on
 * one line whatever is in it. text_add_quoted() puts it between backticks.
 */
void text_add_written(struct text *text, const char *bytes, size_t len);
void text_add_quoted(struct text *text, const char *bytes, size_t len);

/* Add a string that ends in NUL between backticks, as a word to write. */
void text_add_word(struct text *text, const char *word);

/* Add a number in decimal. */
void text_add_count(struct text *text, uint64_t count);

#endif
