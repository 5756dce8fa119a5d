/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Expressions: numbers, their units, and durations
 *
 * A unit stands behind its number, with or without a space. `min` is a unit there and a function
 * elsewhere, so that only the place tells them apart.
 */

#include <string.h>

#include "rules/expr_parse.h"

/* `not` cannot stand behind a number. */
static bool number_is_joint(const char *word) {
    static const char not [] = "not";
    return strlen(word) != sizeof not -1 || memcmp(word, not, sizeof not -1) != 0;
}

static bool number_refuse_unit(struct expr_parser *parser) {
    if (expr_parse_refuse_for(parser)) {
        return false;
    }
    struct text text = expr_parse_complain_token(parser);
    const char *word = parser->source.text + parser->token.at;
    const char *near = expr_unit_near(word, parser->token.len);
    const char *joint = expr_word_near(word, parser->token.len, EXPR_SORT_OPERATOR);
    text_add(&text, " is not a unit");
    if (near != NULL) {
        text_add(&text, ": write ");
        text_add_word(&text, near);
        return false;
    }
    if (joint != NULL && number_is_joint(joint)) {
        text_add(&text, ": did you mean ");
        text_add_word(&text, joint);
        text_add(&text, "?");
        return false;
    }
    text_add(&text, "; the units are");
    for (enum unit unit = UNIT_S; unit < UNIT_COUNT; unit++) {
        text_add(&text, unit == UNIT_S ? " " : ", ");
        text_add(&text, unit_facts(unit)->name);
    }
    return false;
}

/* The unit after a number, if there is one. A word that cannot be one is left for the caller. */
static bool number_unit(struct expr_parser *parser, enum unit *ret_unit) {
    *ret_unit = UNIT_NONE;
    if (parser->token.kind != EXPR_TOKEN_WORD) {
        return true;
    }
    enum unit unit = unit_find(parser->source.text + parser->token.at, parser->token.len);
    if (unit == UNIT_COUNT) {
        return expr_parse_word(parser).name != NULL || number_refuse_unit(parser);
    }
    *ret_unit = unit;
    return expr_parse_next(parser);
}

/* Is the present token a unit of time? `min` in front of a bracket is the function. */
static bool number_is_time_unit(const struct expr_parser *parser) {
    const char *bytes = parser->source.text + parser->token.at;
    enum unit unit = unit_find(bytes, parser->token.len);
    if (unit == UNIT_COUNT || unit_facts(unit)->dimension != DIMENSION_TIME) {
        return false;
    }
    struct expr_error ignored;
    struct expr_source ahead = parser->source;
    struct expr_token next;
    ahead.error = &ignored;
    return !expr_lex(&ahead, &next) || next.kind != EXPR_TOKEN_OPEN;
}

bool expr_parse_is_divisor(struct expr_parser *parser, const struct expr_term *divided) {
    if (!number_is_time_unit(parser)) {
        return true;
    }
    const char *bytes = parser->source.text;
    uint32_t len = parser->token.at + parser->token.len - divided->at;
    struct text text = expr_complain(&parser->source, divided->at, len);
    text_add_quoted(&text, bytes + divided->at, len);
    text_add(&text, " divides by a unit: say what moves so far in which time, as in `rate(x, 1 ");
    text_add_written(&text, bytes + parser->token.at, parser->token.len);
    text_add(&text, ")");
    if (divided->literal) {
        text_add(&text, " > ");
        text_add_written(&text, bytes + divided->at, divided->len);
    }
    text_add(&text, "`");
    return false;
}

bool expr_parse_number(struct expr_parser *parser, struct expr_term *ret_term) {
    struct expr_token number = parser->token;
    enum unit unit = UNIT_NONE;
    if (!expr_parse_next(parser) || !number_unit(parser, &unit)) {
        return false;
    }
    *ret_term = expr_parse_term(parser, number.at, EXPR_FORM_NUMBER);
    ret_term->dimension = unit_facts(unit)->dimension;
    ret_term->literal = true;
    struct expr_op op = {.code = EXPR_NUMBER,
                         .number = unit_base_value(unit, number.digits, number.decimals)};
    return expr_parse_emit(parser, op, number.at);
}

bool expr_parse_duration(struct expr_parser *parser, const struct expr_word *function,
                         uint64_t *ret_span_ns) {
    struct expr_token number = parser->token;
    enum unit unit = UNIT_NONE;
    if (number.kind != EXPR_TOKEN_NUMBER) {
        struct text text = expr_complain(&parser->source, number.at, number.len);
        text_add_word(&text, function->name);
        text_add(&text, " needs a fixed time here, such as `60 s`");
        return false;
    }
    if (!expr_parse_next(parser) || !number_unit(parser, &unit)) {
        return false;
    }
    uint32_t len = parser->end - number.at;
    struct expr_term term = expr_parse_term(parser, number.at, EXPR_FORM_NUMBER);
    term.dimension = unit_facts(unit)->dimension;
    if (term.dimension != DIMENSION_TIME) {
        struct text text = expr_complain(&parser->source, number.at, len);
        text_add_quoted(&text, parser->source.text + number.at, len);
        text_add(&text, " is ");
        text_add(&text, dimension_name(term.dimension));
        text_add(&text, ": a time has a unit of time, as in `60 s` or `5 min`");
        return false;
    }
    *ret_span_ns = unit_span_ns(unit, number.digits, number.decimals);
    if (*ret_span_ns == 0) {
        return expr_refuse(&parser->source, number.at, len,
                           "a time of nothing covers nothing: write a longer one");
    }
    if (*ret_span_ns > 86400 * NS_PER_S * LIMIT_EXPR_SPAN_DAYS) {
        struct text text = expr_complain(&parser->source, number.at, len);
        text_add(&text, "this time is too long: write at most ");
        text_add_count(&text, LIMIT_EXPR_SPAN_DAYS);
        text_add(&text, " d");
        return false;
    }
    return true;
}
