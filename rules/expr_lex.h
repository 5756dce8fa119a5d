/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_EXPR_LEX_H
#define RULES_EXPR_LEX_H

/*
 * Expressions: from characters to tokens
 *
 * Reads one token at a time from UTF-8 text that need not end in NUL. A token knows where it
 * stands, so that every message can point at it. Words are not understood here: what `min` means
 * depends on where it stands. Full-width forms of Chinese keyboards, and the signs of other
 * languages, are refused with the sign to write instead.
 */

#include "rules/expr.h"
#include "rules/text.h"

enum expr_token_kind {
    EXPR_TOKEN_END,
    EXPR_TOKEN_NUMBER,
    EXPR_TOKEN_CLOCK, /* 22:30 */
    EXPR_TOKEN_WORD,  /* a name, a keyword or a unit: "smoke", "°C", "%" */
    EXPR_TOKEN_OPEN,
    EXPR_TOKEN_CLOSE,
    EXPR_TOKEN_COMMA,
    EXPR_TOKEN_EQ,
    EXPR_TOKEN_NE,
    EXPR_TOKEN_LT,
    EXPR_TOKEN_LE,
    EXPR_TOKEN_GT,
    EXPR_TOKEN_GE,
    EXPR_TOKEN_ADD,
    EXPR_TOKEN_SUB,
    EXPR_TOKEN_MUL,
    EXPR_TOKEN_DIV,
};

struct expr_token {
    enum expr_token_kind kind;
    uint32_t at;       /* byte offset in the source */
    uint32_t len;      /* bytes; 0 at the end */
    uint64_t digits;   /* NUMBER: its value is digits / 10^decimals */
    uint32_t decimals; /* NUMBER: digits behind the point */
    uint16_t minute;   /* CLOCK: after midnight */
};

/* A text that is being read, and where its first error goes. Copying it remembers a place. */
struct expr_source {
    const char *text;
    uint32_t len;
    uint32_t at; /* the next byte to read */
    struct expr_error *error;
};

/* Read the next token. Returns false with the error set if there is none. */
bool expr_lex(struct expr_source *source, struct expr_token *ret_token);

/*
 * Begin the message about `len` bytes at `at`; the caller adds its words to the text that is
 * returned, which lives in the source's error.
 */
struct text expr_complain(const struct expr_source *source, uint32_t at, uint32_t len);

/* The whole message at once. Returns false, the result of whoever complains. */
bool expr_refuse(const struct expr_source *source, uint32_t at, uint32_t len, const char *words);

#endif
