/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Expressions: functions
 *
 * Operations over time take a condition or a number and mostly a duration. Aggregates take
 * arguments that each name one kind, and become loops. `min`, `max` and `avg` are both: with a
 * duration as second argument they look back over time, without one over the points of a place.
 */

#include "rules/expr_parse.h"

/* How `function` is written in this kind of rule. */
static const char *call_example(const struct expr_parser *parser,
                                const struct expr_word *function) {
    return parser->scope->each == EXPR_EACH_POINT && function->example_point != NULL
               ? function->example_point
               : function->example;
}

/* "`any` needs this, as in `any(smoke)`", about the present token. Returns false. */
static bool call_refuse(struct expr_parser *parser, const struct expr_word *function,
                        const char *words) {
    struct text text = expr_complain(&parser->source, parser->token.at, parser->token.len);
    text_add_word(&text, function->name);
    text_add(&text, " ");
    text_add(&text, words);
    text_add(&text, ", as in ");
    text_add_word(&text, call_example(parser, function));
    return false;
}

/* Does `token`, a number, begin a sum or a comparison of which it is only a part? Reads on. */
static bool call_goes_on(struct expr_source *source, struct expr_token *token) {
    bool read = expr_lex(source, token);
    if (read && token->kind == EXPR_TOKEN_WORD &&
        unit_find(source->text + token->at, token->len) != UNIT_COUNT) {
        read = expr_lex(source, token);
    }
    return read && token->kind >= EXPR_TOKEN_EQ && token->kind <= EXPR_TOKEN_DIV;
}

/*
 * Is the call whose opening bracket is the present token a window, with a time as its second
 * argument? Looks ahead and stays where it is. Whoever comes to an error on the way says it anew.
 */
static bool call_is_window(const struct expr_parser *parser) {
    struct expr_source ahead = parser->source;
    struct expr_token token = parser->token;
    uint32_t open = 0;
    do {
        if (token.kind == EXPR_TOKEN_COMMA && open == 1) {
            return expr_lex(&ahead, &token) && token.kind == EXPR_TOKEN_NUMBER &&
                   !call_goes_on(&ahead, &token);
        }
        open += token.kind == EXPR_TOKEN_OPEN;
        open -= token.kind == EXPR_TOKEN_CLOSE;
    } while (open > 0 && expr_lex(&ahead, &token) && token.kind != EXPR_TOKEN_END);
    return false;
}

/* Does the argument of an operation over time have the right form? */
static bool call_check_timed(struct expr_parser *parser, const struct expr_word *function,
                             enum expr_opcode code, const struct expr_term *argument) {
    bool number = code == EXPR_RATE || code == EXPR_AVG_OVER || code == EXPR_MIN_OVER ||
                  code == EXPR_MAX_OVER;
    return number ? expr_type_number(&parser->source, argument, function->name)
                  : expr_type_truth(&parser->source, argument, function->name);
}

/* An operation over time, from behind its opening bracket to its closing one. */
static bool call_timed(struct expr_parser *parser, const struct expr_word *function,
                       enum expr_opcode code, uint32_t at, struct expr_term *ret_term) {
    struct expr_term argument = {.len = 0};
    struct expr_op op = {.code = (uint8_t)code};
    if (!expr_parse_expr(parser, &argument) ||
        !call_check_timed(parser, function, code, &argument)) {
        return false;
    }
    if (code != EXPR_SINCE) {
        if (parser->token.kind != EXPR_TOKEN_COMMA) {
            return call_refuse(parser, function, "needs a time as its second argument");
        }
        if (!expr_parse_next(parser) || !expr_parse_duration(parser, function, &op.span_ns)) {
            return false;
        }
    }
    if (parser->token.kind != EXPR_TOKEN_CLOSE) {
        return call_refuse(parser, function, "ends here with `)`");
    }
    if (!expr_parse_next(parser)) {
        return false;
    }
    bool truth = code == EXPR_WITHIN || code == EXPR_HELD;
    *ret_term = expr_parse_term(parser, at, truth ? EXPR_FORM_TRUTH : EXPR_FORM_NUMBER);
    ret_term->dimension = code == EXPR_SINCE     ? DIMENSION_TIME
                          : code == EXPR_CHANGES ? DIMENSION_NONE
                                                 : argument.dimension;
    return expr_parse_emit(parser, op, at);
}

/* May an aggregate stand here? */
static bool call_check_fold(struct expr_parser *parser, const struct expr_word *function,
                            uint32_t at) {
    bool point = parser->scope->each == EXPR_EACH_POINT;
    if (!point && !parser->emitter.walking) {
        return true;
    }
    struct text text = expr_complain(&parser->source, at, parser->end - at);
    text_add_word(&text, function->name);
    if (!point) {
        text_add(&text,
                 " cannot stand inside another aggregate: name one kind of point there, as in ");
        text_add_word(&text, function->example);
        return false;
    }
    text_add(&text,
             " looks at every point of a place and belongs in a rule `each: place`; here write ");
    if (function->example_point == NULL) {
        text_add(&text, "`value`, the point itself");
    } else {
        text_add(&text, "a time as well, as in ");
        text_add_word(&text, function->example_point);
    }
    return false;
}

/* One argument of an aggregate. `first` is the first one's term, for the check of dimensions. */
static bool call_fold_argument(struct expr_parser *parser, const struct expr_word *function,
                               struct expr_term *first, bool is_first) {
    enum expr_fold fold = (enum expr_fold)function->value;
    struct expr_term argument = {.len = 0};
    if (!expr_emit_walk(&parser->emitter, parser->token.at) ||
        !expr_parse_expr(parser, &argument)) {
        return false;
    }
    if (!parser->emitter.walk_named) {
        struct text text = expr_complain(&parser->source, argument.at, argument.len);
        text_add_quoted(&text, parser->source.text + argument.at, argument.len);
        text_add(&text, " names no kind of point: each argument of an aggregate names one, as in ");
        text_add_word(&text, function->example);
        return false;
    }
    bool truths = fold == EXPR_FOLD_ANY || fold == EXPR_FOLD_ALL || fold == EXPR_FOLD_COUNT;
    if (!(truths ? expr_type_truth(&parser->source, &argument, function->name)
                 : expr_type_number(&parser->source, &argument, function->name))) {
        return false;
    }
    if (!is_first && !truths && !expr_type_same(&parser->source, first, &argument)) {
        return false;
    }
    if (is_first) {
        *first = argument;
    }
    return expr_emit_next(&parser->emitter, fold, argument.at, argument.len);
}

/* An aggregate, from behind its opening bracket to its closing one. */
static bool call_fold(struct expr_parser *parser, const struct expr_word *function, uint32_t at,
                      struct expr_term *ret_term) {
    enum expr_fold fold = (enum expr_fold)function->value;
    struct expr_term first = {.len = 0};
    struct expr_op begin = {.code = EXPR_FOLD, .slot = fold};
    struct expr_op end = {.code = EXPR_END, .slot = fold};
    if (!expr_parse_emit(parser, begin, at) ||
        !call_fold_argument(parser, function, &first, true)) {
        return false;
    }
    while (parser->token.kind == EXPR_TOKEN_COMMA) {
        if (!expr_parse_next(parser) || !call_fold_argument(parser, function, &first, false)) {
            return false;
        }
    }
    if (parser->token.kind != EXPR_TOKEN_CLOSE) {
        return call_refuse(parser, function, "ends with `)` after its arguments");
    }
    if (!expr_parse_next(parser)) {
        return false;
    }
    bool truth = fold == EXPR_FOLD_ANY || fold == EXPR_FOLD_ALL;
    *ret_term = expr_parse_term(parser, at, truth ? EXPR_FORM_TRUTH : EXPR_FORM_NUMBER);
    ret_term->dimension = fold == EXPR_FOLD_COUNT ? DIMENSION_NONE : first.dimension;
    return expr_parse_emit(parser, end, at);
}

bool expr_parse_call(struct expr_parser *parser, const struct expr_word *function,
                     struct expr_term *ret_term) {
    /* These are windows when their second argument is a time; 0 for the others. */
    static const uint8_t windows[EXPR_FOLD_KIND_COUNT] = {
        [EXPR_FOLD_MIN] = EXPR_MIN_OVER,
        [EXPR_FOLD_MAX] = EXPR_MAX_OVER,
        [EXPR_FOLD_AVG] = EXPR_AVG_OVER,
    };
    uint32_t at = parser->token.at;
    if (!expr_parse_next(parser)) {
        return false;
    }
    if (parser->token.kind != EXPR_TOKEN_OPEN) {
        return call_refuse(parser, function, "needs its arguments in brackets here");
    }
    bool timed = function->sort == EXPR_SORT_TIMED;
    enum expr_opcode code = (enum expr_opcode)function->value;
    if (!timed && windows[function->value] != 0 && call_is_window(parser)) {
        timed = true;
        code = (enum expr_opcode)windows[function->value];
    }
    if (!timed && !call_check_fold(parser, function, at)) {
        return false;
    }
    if (!expr_parse_deeper(parser) || !expr_parse_next(parser)) {
        return false;
    }
    bool done = timed ? call_timed(parser, function, code, at, ret_term)
                      : call_fold(parser, function, at, ret_term);
    parser->depth--;
    return done;
}
