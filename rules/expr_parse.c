/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Expressions: the parser
 *
 * One function per line of the grammar, from the weakest operator to the strongest, each of which
 * reads its part, checks that the pieces fit (expr_type.c) and appends operations (expr_emit.c).
 * Nothing is kept but the present token and what is known of the part just read, so that the only
 * recursion is that of brackets, counted against LIMIT_EXPR_DEPTH.
 *
 *     expr    = or ;  or = and {"or" and} ;  and = not {"and" not} ;  not = ["not"] compare ;
 *     compare = sum [("==" | "!=" | "<" | "<=" | ">" | ">=") sum] ;
 *     sum     = product {("+" | "-") product} ;  product = unary {("*" | "/") unary} ;
 *     unary   = ["-"] primary ;
 *     primary = number [unit] | "true" | "false" | word | call | "(" expr ")"
 *             | "between" clock "and" clock | "open" | "closed" | "weekday" ;
 *     call    = name "(" [expr {"," expr}] ")" ;
 *
 * Every function returns false after the first error, which is then set, and everybody above it
 * passes that on.
 */

#include "rules/expr_parse.h"

#include <assert.h>
#include <string.h>

bool expr_parse_next(struct expr_parser *parser) {
    parser->end = parser->token.at + parser->token.len;
    return expr_lex(&parser->source, &parser->token);
}

bool expr_parse_refuse_token(struct expr_parser *parser, const char *words) {
    return expr_refuse(&parser->source, parser->token.at, parser->token.len, words);
}

struct text expr_parse_complain_token(struct expr_parser *parser) {
    struct text text = expr_complain(&parser->source, parser->token.at, parser->token.len);
    text_add_quoted(&text, parser->source.text + parser->token.at, parser->token.len);
    return text;
}

bool expr_parse_refuse_for(struct expr_parser *parser) {
    static const char word[] = "for";
    if (parser->token.kind != EXPR_TOKEN_WORD || parser->token.len != sizeof word - 1 ||
        memcmp(parser->source.text + parser->token.at, word, sizeof word - 1) != 0) {
        return false;
    }
    struct text text = expr_parse_complain_token(parser);
    text_add(&text, " is not known: write what has to last, and how long, as in `held(c, 2 h)`");
    return true;
}

struct expr_word expr_parse_word(const struct expr_parser *parser) {
    return parser->token.kind == EXPR_TOKEN_WORD
               ? expr_word_find(parser->source.text + parser->token.at, parser->token.len)
               : (struct expr_word){.name = NULL};
}

bool expr_parse_is_operator(const struct expr_parser *parser, enum expr_opcode code) {
    struct expr_word word = expr_parse_word(parser);
    return word.name != NULL && word.sort == EXPR_SORT_OPERATOR && word.value == code;
}

bool expr_parse_expect(struct expr_parser *parser, enum expr_token_kind kind, const char *words) {
    return parser->token.kind == kind ? expr_parse_next(parser)
                                      : expr_parse_refuse_token(parser, words);
}

bool expr_parse_emit(struct expr_parser *parser, struct expr_op op, uint32_t at) {
    return expr_emit(&parser->emitter, op, at, parser->end - at);
}

bool expr_parse_emit_code(struct expr_parser *parser, enum expr_opcode code, uint32_t at) {
    return expr_parse_emit(parser, (struct expr_op){.code = (uint8_t)code}, at);
}

struct expr_term expr_parse_term(const struct expr_parser *parser, uint32_t at,
                                 enum expr_form form) {
    return (struct expr_term){.at = at, .len = parser->end - at, .form = form};
}

bool expr_parse_deeper(struct expr_parser *parser) {
    if (parser->depth == LIMIT_EXPR_DEPTH) {
        struct text text = expr_complain(&parser->source, parser->token.at, parser->token.len);
        text_add(&text, "more than ");
        text_add_count(&text, LIMIT_EXPR_DEPTH);
        text_add(&text, " brackets inside one another: split this into several rules");
        return false;
    }
    parser->depth++;
    return true;
}

/* The grammar, from the strongest operator to the weakest. */

static bool parse_primary(struct expr_parser *parser, struct expr_term *ret_term) {
    uint32_t at = parser->token.at;
    switch (parser->token.kind) {
    case EXPR_TOKEN_NUMBER:
        return expr_parse_number(parser, ret_term);
    case EXPR_TOKEN_WORD:
        return expr_parse_name(parser, ret_term);
    case EXPR_TOKEN_OPEN:
        if (!expr_parse_deeper(parser) || !expr_parse_next(parser) ||
            !expr_parse_expr(parser, ret_term)) {
            return false;
        }
        parser->depth--;
        if (!expr_parse_expect(parser, EXPR_TOKEN_CLOSE,
                               "a bracket is still open: `)` stands here")) {
            return false;
        }
        ret_term->at = at;
        ret_term->len = parser->end - at;
        return true;
    case EXPR_TOKEN_CLOCK:
        return expr_parse_refuse_token(parser, "a time of day needs `between`, as in "
                                               "`between 22:00 and 06:00`");
    case EXPR_TOKEN_END:
        return expr_parse_refuse_token(
            parser, parser->end == 0 ? "the expression is empty: write a condition"
                                     : "the expression ends here too early: something "
                                       "must follow");
    case EXPR_TOKEN_CLOSE:
    case EXPR_TOKEN_COMMA:
    case EXPR_TOKEN_EQ:
    case EXPR_TOKEN_NE:
    case EXPR_TOKEN_LT:
    case EXPR_TOKEN_LE:
    case EXPR_TOKEN_GT:
    case EXPR_TOKEN_GE:
    case EXPR_TOKEN_ADD:
    case EXPR_TOKEN_SUB:
    case EXPR_TOKEN_MUL:
    case EXPR_TOKEN_DIV:
        break;
    }
    struct text text = expr_parse_complain_token(parser);
    text_add(&text, " cannot stand here: a value is missing before it");
    return false;
}

static bool parse_unary(struct expr_parser *parser, struct expr_term *ret_term) {
    uint32_t at = parser->token.at;
    if (parser->token.kind != EXPR_TOKEN_SUB) {
        return parse_primary(parser, ret_term);
    }
    if (!expr_parse_next(parser) || !parse_primary(parser, ret_term) ||
        !expr_type_number(&parser->source, ret_term, "-")) {
        return false;
    }
    ret_term->at = at;
    ret_term->len = parser->end - at;
    return expr_parse_emit_code(parser, EXPR_NEG, at);
}

/* Combine `left` with `right`, which was read last, into `left`. */
static bool parse_combine(struct expr_parser *parser, const struct expr_token *sign,
                          struct expr_term *left, const struct expr_term *right) {
    enum dimension dimension = DIMENSION_NONE;
    if (!expr_type_arithmetic(&parser->source, sign, left, right, &dimension)) {
        return false;
    }
    enum expr_opcode code = sign->kind == EXPR_TOKEN_ADD   ? EXPR_ADD
                            : sign->kind == EXPR_TOKEN_SUB ? EXPR_SUB
                            : sign->kind == EXPR_TOKEN_MUL ? EXPR_MUL
                                                           : EXPR_DIV;
    bool literal = left->literal && right->literal;
    *left = expr_parse_term(parser, left->at, EXPR_FORM_NUMBER);
    left->dimension = dimension;
    left->literal = literal;
    return expr_parse_emit_code(parser, code, left->at);
}

static bool parse_product(struct expr_parser *parser, struct expr_term *ret_term) {
    if (!parse_unary(parser, ret_term)) {
        return false;
    }
    while (parser->token.kind == EXPR_TOKEN_MUL || parser->token.kind == EXPR_TOKEN_DIV) {
        struct expr_token sign = parser->token;
        struct expr_term right = {.len = 0};
        if (!expr_parse_next(parser) ||
            (sign.kind == EXPR_TOKEN_DIV && !expr_parse_is_divisor(parser, ret_term)) ||
            !parse_unary(parser, &right) || !parse_combine(parser, &sign, ret_term, &right)) {
            return false;
        }
    }
    return true;
}

static bool parse_sum(struct expr_parser *parser, struct expr_term *ret_term) {
    if (!parse_product(parser, ret_term)) {
        return false;
    }
    while (parser->token.kind == EXPR_TOKEN_ADD || parser->token.kind == EXPR_TOKEN_SUB) {
        struct expr_token sign = parser->token;
        struct expr_term right = {.len = 0};
        if (!expr_parse_next(parser) || !parse_product(parser, &right) ||
            !parse_combine(parser, &sign, ret_term, &right)) {
            return false;
        }
    }
    return true;
}

static bool parse_is_comparison(enum expr_token_kind kind) {
    return kind >= EXPR_TOKEN_EQ && kind <= EXPR_TOKEN_GE;
}

/* Append the comparison of `left` with `right`, which fit together. */
static bool parse_emit_comparison(struct expr_parser *parser, const struct expr_token *sign,
                                  const struct expr_term *left, const struct expr_term *right) {
    static const uint8_t codes[] = {
        [EXPR_TOKEN_EQ] = EXPR_EQ, [EXPR_TOKEN_NE] = EXPR_NE, [EXPR_TOKEN_LT] = EXPR_LT,
        [EXPR_TOKEN_LE] = EXPR_LE, [EXPR_TOKEN_GT] = EXPR_GT, [EXPR_TOKEN_GE] = EXPR_GE,
    };
    if (left->form != EXPR_FORM_EVENT && left->form != EXPR_FORM_MOMENT) {
        return expr_parse_emit_code(parser, (enum expr_opcode)codes[sign->kind], left->at);
    }
    const struct expr_term *event = left->form == EXPR_FORM_EVENT ? left : right;
    const struct expr_term *word = left->form == EXPR_FORM_EVENT ? right : left;
    struct expr_op moment = {.code = EXPR_MOMENT, .set = event->set, .slot = word->moment};
    return expr_parse_emit(parser, moment, left->at) &&
           (sign->kind == EXPR_TOKEN_EQ || expr_parse_emit_code(parser, EXPR_NOT, left->at));
}

static bool parse_compare(struct expr_parser *parser, struct expr_term *ret_term) {
    if (!parse_sum(parser, ret_term)) {
        return false;
    }
    if (!parse_is_comparison(parser->token.kind)) {
        return true;
    }
    struct expr_emitter *emitter = &parser->emitter;
    if (ret_term->form == EXPR_FORM_NUMBER && !emitter->shown && !emitter->walking) {
        emitter->shown = true;
        struct expr_op show = {.code = EXPR_SHOW, .slot = ret_term->dimension};
        if (!expr_parse_emit(parser, show, ret_term->at)) {
            return false;
        }
    }
    struct expr_token sign = parser->token;
    struct expr_term left = *ret_term;
    struct expr_term right = {.len = 0};
    unsigned sorts = parser->sorts;
    parser->sorts = left.form == EXPR_FORM_QUALITY ? (unsigned)EXPR_SORT_QUALITY
                    : left.form == EXPR_FORM_EVENT ? (unsigned)EXPR_SORT_MOMENT
                                                   : EXPR_SORTS_VALUE;
    if (!expr_parse_next(parser) || !parse_sum(parser, &right) ||
        !expr_type_compare(&parser->source, &sign, &left, &right)) {
        return false;
    }
    parser->sorts = sorts;
    if (parse_is_comparison(parser->token.kind)) {
        return expr_parse_refuse_token(parser, "comparisons do not chain: join two of them, as in "
                                               "`18 °C <= value and value < 25 °C`");
    }
    *ret_term = expr_parse_term(parser, left.at, EXPR_FORM_TRUTH);
    return parse_emit_comparison(parser, &sign, &left, &right);
}

static bool parse_not(struct expr_parser *parser, struct expr_term *ret_term) {
    uint32_t at = parser->token.at;
    if (!expr_parse_is_operator(parser, EXPR_NOT)) {
        return parse_compare(parser, ret_term);
    }
    if (!expr_parse_next(parser) || !parse_compare(parser, ret_term) ||
        !expr_type_truth(&parser->source, ret_term, "not")) {
        return false;
    }
    *ret_term = expr_parse_term(parser, at, EXPR_FORM_TRUTH);
    return expr_parse_emit_code(parser, EXPR_NOT, at);
}

/* {"and" not} or {"or" and}: `code` is the operator, `operand` reads what it joins. */
static bool parse_joined(struct expr_parser *parser, enum expr_opcode code, const char *whose,
                         bool (*operand)(struct expr_parser *, struct expr_term *),
                         struct expr_term *ret_term) {
    if (!operand(parser, ret_term)) {
        return false;
    }
    while (expr_parse_is_operator(parser, code)) {
        struct expr_term right = {.len = 0};
        uint32_t at = ret_term->at;
        if (!expr_type_truth(&parser->source, ret_term, whose) || !expr_parse_next(parser) ||
            !operand(parser, &right) || !expr_type_truth(&parser->source, &right, whose)) {
            return false;
        }
        *ret_term = expr_parse_term(parser, at, EXPR_FORM_TRUTH);
        if (!expr_parse_emit_code(parser, code, at)) {
            return false;
        }
    }
    return true;
}

static bool parse_and(struct expr_parser *parser, struct expr_term *ret_term) {
    return parse_joined(parser, EXPR_AND, "and", parse_not, ret_term);
}

bool expr_parse_expr(struct expr_parser *parser, struct expr_term *ret_term) {
    unsigned sorts = parser->sorts;
    parser->sorts = EXPR_SORTS_VALUE;
    bool done = parse_joined(parser, EXPR_OR, "or", parse_and, ret_term);
    parser->sorts = sorts;
    return done;
}

/* Something stands behind a complete expression. */
static bool parse_refuse_rest(struct expr_parser *parser) {
    if (expr_parse_refuse_for(parser)) {
        return false;
    }
    struct text text = expr_parse_complain_token(parser);
    struct expr_word word = expr_parse_word(parser);
    const char *near = parser->token.kind == EXPR_TOKEN_WORD && word.name == NULL
                           ? expr_word_near(parser->source.text + parser->token.at,
                                            parser->token.len, EXPR_SORT_OPERATOR)
                           : NULL;
    if (parser->token.kind == EXPR_TOKEN_CLOSE) {
        text_add(&text, " closes no bracket: remove it");
    } else if (parser->token.kind == EXPR_TOKEN_OPEN) {
        text_add(&text, " cannot stand here: what is before it is not a function");
    } else if (parser->token.kind == EXPR_TOKEN_COMMA) {
        text_add(&text, " separates the arguments of a function: write `and` or `or`");
    } else if (near != NULL) {
        text_add(&text, " is not known: did you mean ");
        text_add_word(&text, near);
        text_add(&text, "?");
    } else {
        text_add(&text, " cannot stand here: join two conditions with `and` or `or`");
    }
    return false;
}

/* Are all kinds that a rule is for counters? */
static bool parse_is_counted(const struct expr_scope *scope) {
    point_kind_set counters = 0;
    for (enum point_kind kind = 0; kind < POINT_KIND_COUNT; kind++) {
        bool counter = point_kind_facts(kind)->form == POINT_FORM_COUNTER;
        counters |= (point_kind_set)counter << kind;
    }
    return (scope->kinds & ~counters) == 0;
}

/*
 * In a rule for points set 0 is the point itself, and its value is what {value} shows; but what a
 * counter stands at says nothing.
 */
static bool parse_begin(struct expr_parser *parser) {
    uint8_t set = 0;
    if (parser->scope->each == EXPR_EACH_PLACE) {
        return true;
    }
    if (!expr_emit_set(&parser->emitter, EXPR_BIND_SELF, 0, 0, 0, &set)) {
        return false;
    }
    parser->emitter.shown = !parse_is_counted(parser->scope);
    struct expr_op show = {.code = EXPR_SHOW_POINT, .set = set};
    return !parser->emitter.shown || expr_emit(&parser->emitter, show, 0, 0);
}

bool expr_compile(const char *text, size_t len, const struct expr_scope *scope,
                  struct expr_program *ret_program, struct expr_error *ret_error) {
    struct expr_parser parser = {
        .source = {.text = text, .error = ret_error},
        .scope = scope,
        .sorts = EXPR_SORTS_VALUE,
    };
    if (len > LIMIT_EXPR_LENGTH) {
        struct text message = expr_complain(&parser.source, LIMIT_EXPR_LENGTH, 1);
        text_add(&message, "an expression has at most ");
        text_add_count(&message, LIMIT_EXPR_LENGTH);
        text_add(&message,
                 " bytes, and this is where it exceeds them: split it into several rules");
        return false;
    }
    parser.source.len = (uint32_t)len;
    expr_emit_begin(&parser.emitter, ret_program, &parser.source);
    struct expr_term term = {.len = 0};
    if (!parse_begin(&parser) || !expr_parse_next(&parser) || !expr_parse_expr(&parser, &term)) {
        return false;
    }
    if (parser.token.kind != EXPR_TOKEN_END) {
        return parse_refuse_rest(&parser);
    }
    if (!expr_type_truth(&parser.source, &term, NULL)) {
        return false;
    }
    assert(parser.emitter.depth == 1 && !parser.emitter.walking);
    return true;
}
