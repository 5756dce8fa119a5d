/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_EXPR_PARSE_H
#define RULES_EXPR_PARSE_H

/*
 * Expressions: what the parts of the parser share
 *
 * expr_parse.c reads the grammar, expr_name.c names, expr_number.c numbers with their units,
 * expr_call.c functions.
 * All of them look at one token at a time; a function that reads a part leaves the token behind
 * that part as the present one. Every function that returns bool returns false after the first
 * error, which is then set.
 */

#include "rules/expr_emit.h"
#include "rules/expr_type.h"
#include "rules/expr_word.h"

struct expr_parser {
    struct expr_source source; /* stands behind the present token */
    struct expr_token token;
    uint32_t end; /* where the token before it ended */
    const struct expr_scope *scope;
    struct expr_emitter emitter;
    uint32_t depth;
    unsigned sorts; /* of words that may stand here, for suggestions */
};

/* Take the present token and read the next one. */
bool expr_parse_next(struct expr_parser *parser);

/* Complain about the present token: with a whole message, or beginning one that quotes it. */
bool expr_parse_refuse_token(struct expr_parser *parser, const char *words);
struct text expr_parse_complain_token(struct expr_parser *parser);

/* What the present token means as a word; a name of NULL if it is none. */
struct expr_word expr_parse_word(const struct expr_parser *parser);

/* Is the present token the word of this operator? */
bool expr_parse_is_operator(const struct expr_parser *parser, enum expr_opcode code);

/*
 * Complain of `for`, as in `value for 2 h`, if that is the present token; no other operator means
 * what it was written for. Returns whether it was.
 */
bool expr_parse_refuse_for(struct expr_parser *parser);

/* Take a token of `kind`, or complain. */
bool expr_parse_expect(struct expr_parser *parser, enum expr_token_kind kind, const char *words);

/* The term that began at `at` and ends with the token before the present one. */
struct expr_term expr_parse_term(const struct expr_parser *parser, uint32_t at,
                                 enum expr_form form);

/* Append an operation that stands for everything from `at` to the token before the present one. */
bool expr_parse_emit(struct expr_parser *parser, struct expr_op op, uint32_t at);
bool expr_parse_emit_code(struct expr_parser *parser, enum expr_opcode code, uint32_t at);

/* Go one bracket deeper; the caller comes back by parser->depth--. */
bool expr_parse_deeper(struct expr_parser *parser);

/* Read a whole expression. */
bool expr_parse_expr(struct expr_parser *parser, struct expr_term *ret_term);

/* Read a word, which is the present token, and what belongs to it. */
bool expr_parse_name(struct expr_parser *parser, struct expr_term *ret_term);

/* Read a number, which is the present token, and its unit. */
bool expr_parse_number(struct expr_parser *parser, struct expr_term *ret_term);

/*
 * May `divided` be divided by what begins with the present token? Not by a unit of time alone, as in
 * `2 °C/min`.
 */
bool expr_parse_is_divisor(struct expr_parser *parser, const struct expr_term *divided);

/* Read the duration that is the last argument of `function`. */
bool expr_parse_duration(struct expr_parser *parser, const struct expr_word *function,
                         uint64_t *ret_span_ns);

/* Read a call of `function`, whose name is the present token. */
bool expr_parse_call(struct expr_parser *parser, const struct expr_word *function,
                     struct expr_term *ret_term);

#endif
