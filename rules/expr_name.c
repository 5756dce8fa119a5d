/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Expressions: what a name stands for
 *
 * A kind of point is one point beside the rule's own, or the members of an aggregate; other words are
 * the rule's own point, its place, the calendar, or a constant. One that is not known is answered with
 * the nearest that may stand there.
 */

#include <assert.h>

#include "rules/expr_parse.h"

/* A kind in a rule for places, outside an aggregate. Returns false. */
static bool name_refuse_bare(struct expr_parser *parser, enum point_kind kind,
                             const struct expr_term *term) {
    const char *name = point_kind_facts(kind)->name;
    struct text text = expr_complain(&parser->source, term->at, term->len);
    text_add(&text, "in a rule `each: place` ");
    text_add_word(&text, name);
    text_add(&text, " means each such point of the place: say how they count together, as in ");
    text_add(&text, term->counter ? "`sum(" : term->form == EXPR_FORM_NUMBER ? "`max(" : "`any(");
    text_add(&text, name);
    text_add(&text, term->form == EXPR_FORM_EVENT ? " == granted)`" : ")`");
    return false;
}

/* A kind in an aggregate's argument: the members of the walk. Sets term->set. */
static bool name_member(struct expr_parser *parser, enum point_kind kind, struct expr_term *term) {
    struct expr_emitter *emitter = &parser->emitter;
    struct expr_set *set = &emitter->program->sets[emitter->walk_set];
    if (emitter->walk_named && set->kind != kind) {
        struct text text = expr_complain(&parser->source, term->at, term->len);
        text_add(&text, "one argument of an aggregate names one kind, and this one names ");
        text_add_word(&text, point_kind_facts((enum point_kind)set->kind)->name);
        text_add(&text, " already: make ");
        text_add_word(&text, point_kind_facts(kind)->name);
        text_add(&text, " an argument of its own, after a comma");
        return false;
    }
    if (!emitter->walk_named) {
        emitter->walk_named = true;
        set->kind = (uint8_t)kind;
        set->text_at = term->at;
        set->text_len = term->len;
    }
    term->set = emitter->walk_set;
    return true;
}

/* A point kind: one sibling in a rule for points, the members of a walk in a rule for places. */
static bool name_kind(struct expr_parser *parser, enum point_kind kind,
                      struct expr_term *ret_term) {
    struct expr_emitter *emitter = &parser->emitter;
    if (!expr_type_kind(&parser->source, kind, ret_term)) {
        return false;
    }
    bool named = parser->scope->each == EXPR_EACH_POINT
                     ? expr_emit_set(emitter, EXPR_BIND_SIBLING, kind, ret_term->at, ret_term->len,
                                     &ret_term->set)
                 : emitter->walking ? name_member(parser, kind, ret_term)
                                    : name_refuse_bare(parser, kind, ret_term);
    /* An event is nothing by itself: its operation waits for what it is compared with. */
    struct expr_op load = {.code = ret_term->counter ? EXPR_COUNTED : EXPR_LOAD,
                           .set = ret_term->set};
    return named &&
           (ret_term->form == EXPR_FORM_EVENT || expr_parse_emit(parser, load, ret_term->at));
}

/* `value`, `quality` or `age` of the rule's own point, which is set 0. */
static bool name_own(struct expr_parser *parser, const struct expr_word *word,
                     struct expr_term *ret_term) {
    if (parser->scope->each == EXPR_EACH_PLACE) {
        struct text text = expr_complain(&parser->source, ret_term->at, ret_term->len);
        text_add_word(&text, word->name);
        text_add(&text,
                 " belongs to one point and needs a rule `each: point`; here name a kind in an "
                 "aggregate, as in `any(smoke)`");
        return false;
    }
    if (word->value == EXPR_LOAD) {
        if (!expr_type_value(&parser->source, parser->scope->kinds, ret_term)) {
            return false;
        }
        if (ret_term->form == EXPR_FORM_EVENT) {
            return true;
        } else if (ret_term->counter) {
            return expr_parse_emit_code(parser, EXPR_COUNTED, ret_term->at);
        }
    } else {
        ret_term->form = word->value == EXPR_AGE ? EXPR_FORM_NUMBER : EXPR_FORM_QUALITY;
        ret_term->dimension = word->value == EXPR_AGE ? DIMENSION_TIME : DIMENSION_NONE;
    }
    return expr_parse_emit_code(parser, (enum expr_opcode)word->value, ret_term->at);
}

/* `between 22:00 and 06:00`, from behind its first word. */
static bool name_between(struct expr_parser *parser, uint32_t at, struct expr_term *ret_term) {
    static const char example[] = "a time of day stands here, as in `between 22:00 and 06:00`";
    struct expr_token begin = parser->token;
    if (!expr_parse_expect(parser, EXPR_TOKEN_CLOCK, example)) {
        return false;
    }
    if (!expr_parse_is_operator(parser, EXPR_AND)) {
        return expr_parse_refuse_token(parser,
                                       "`and` stands here, as in `between 22:00 and 06:00`");
    }
    if (!expr_parse_next(parser)) {
        return false;
    }
    struct expr_token end = parser->token;
    if (!expr_parse_expect(parser, EXPR_TOKEN_CLOCK, example)) {
        return false;
    }
    *ret_term = expr_parse_term(parser, at, EXPR_FORM_TRUTH);
    if (begin.minute == end.minute) {
        return expr_refuse(&parser->source, at, ret_term->len,
                           "begin and end are the same time: leave this out for the whole day");
    }
    return expr_emit_between(&parser->emitter, (struct expr_between){begin.minute, end.minute}, at,
                             ret_term->len);
}

/* A word that the vocabulary does not have. */
static bool name_refuse_word(struct expr_parser *parser) {
    struct text text = expr_parse_complain_token(parser);
    const char *bytes = parser->source.text + parser->token.at;
    const char *near = expr_word_near(bytes, parser->token.len, parser->sorts);
    if (near != NULL) {
        text_add(&text, " is not known: did you mean ");
        text_add_word(&text, near);
        text_add(&text, "?");
    } else if (unit_find(bytes, parser->token.len) != UNIT_COUNT) {
        text_add(&text, " is a unit and stands behind a number, as in `30 ");
        text_add_written(&text, bytes, parser->token.len);
        text_add(&text, "`");
    } else if (parser->sorts == EXPR_SORT_QUALITY) {
        text_add(&text, " is no quality: write good, uncertain, stale, fault or out_of_service");
    } else if (parser->sorts == EXPR_SORT_MOMENT) {
        text_add(&text, " is no result of an event: write granted or denied");
    } else {
        text_add(&text, " is not known: write a point kind such as `smoke`, or a word such as ");
        text_add(&text,
                 parser->scope->each == EXPR_EACH_POINT ? "`value` or `open`" : "`any` or `open`");
    }
    return false;
}

bool expr_parse_name(struct expr_parser *parser, struct expr_term *ret_term) {
    struct expr_word word = expr_parse_word(parser);
    if (word.name == NULL) {
        return name_refuse_word(parser);
    }
    if (word.sort == EXPR_SORT_FOLD || word.sort == EXPR_SORT_TIMED) {
        return expr_parse_call(parser, &word, ret_term);
    }
    if (word.sort == EXPR_SORT_OPERATOR) {
        struct text text = expr_parse_complain_token(parser);
        text_add(&text, word.value == EXPR_NOT
                            ? " stands only before a whole comparison: put brackets around what it "
                              "turns round, as in `a and (not b)`"
                            : " stands between two conditions: one is missing here");
        return false;
    }
    uint32_t at = parser->token.at;
    if (!expr_parse_next(parser)) {
        return false;
    }
    *ret_term = expr_parse_term(parser, at, EXPR_FORM_TRUTH);
    struct expr_op truth = {.code = EXPR_TRUTH, .number = word.value};
    struct expr_op quality = {.code = EXPR_NUMBER, .number = word.value};
    switch (word.sort) {
    case EXPR_SORT_TRUTH:
        ret_term->literal = true;
        return expr_parse_emit(parser, truth, at);
    case EXPR_SORT_OWN:
        return name_own(parser, &word, ret_term);
    case EXPR_SORT_PLACE:
        ret_term->form = EXPR_FORM_NUMBER;
        ret_term->dimension = word.value == EXPR_AREA ? DIMENSION_AREA : DIMENSION_NONE;
        return expr_parse_emit_code(parser, (enum expr_opcode)word.value, at);
    case EXPR_SORT_CALENDAR:
        return word.value == EXPR_BETWEEN
                   ? name_between(parser, at, ret_term)
                   : expr_parse_emit_code(parser, (enum expr_opcode)word.value, at);
    case EXPR_SORT_KIND:
        return name_kind(parser, (enum point_kind)word.value, ret_term);
    case EXPR_SORT_QUALITY:
        ret_term->form = EXPR_FORM_QUALITY;
        ret_term->literal = true;
        return expr_parse_emit(parser, quality, at);
    case EXPR_SORT_MOMENT:
        ret_term->form = EXPR_FORM_MOMENT;
        ret_term->literal = true;
        ret_term->moment = word.value;
        return true;
    case EXPR_SORT_OPERATOR:
    case EXPR_SORT_FOLD:
    case EXPR_SORT_TIMED:
        break;
    }
    assert(false && "a sort of word that was dealt with above");
    return false;
}
