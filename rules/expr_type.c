/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/expr_type.h"

#include <assert.h>

/* What a term is, for a message: "true or false", "a temperature". */
static const char *type_name(const struct expr_term *term) {
    switch (term->form) {
    case EXPR_FORM_TRUTH:
        return "true or false";
    case EXPR_FORM_NUMBER:
        return dimension_name(term->dimension);
    case EXPR_FORM_QUALITY:
        return "a quality";
    case EXPR_FORM_EVENT:
        return "an event";
    case EXPR_FORM_MOMENT:
        return "the result of an event";
    }
    assert(false && "form out of range");
    return "";
}

static void type_add_term(struct text *text, const struct expr_source *source,
                          const struct expr_term *term) {
    text_add_quoted(text, source->text + term->at, term->len);
}

/* "`x` is a temperature" at the start of a message about `term`. */
static struct text type_complain(const struct expr_source *source, const struct expr_term *term) {
    struct text text = expr_complain(source, term->at, term->len);
    type_add_term(&text, source, term);
    text_add(&text, " is ");
    text_add(&text, type_name(term));
    return text;
}

/* An example of a comparison that makes a condition of the term. */
static void type_add_comparison(struct text *text, const struct expr_source *source,
                                const struct expr_term *term) {
    const char *bytes = source->text + term->at;
    switch (term->form) {
    case EXPR_FORM_TRUTH:
        break;
    case EXPR_FORM_NUMBER:
        text_add(text, term->literal ? "`value > " : "`");
        text_add_written(text, bytes, term->len);
        if (!term->literal) {
            text_add(text, " > 30");
            const char *unit = unit_facts(dimension_base(term->dimension))->name;
            text_add(text, unit[0] == '\0' ? "" : " ");
            text_add(text, unit);
        }
        text_add(text, "`");
        break;
    case EXPR_FORM_QUALITY:
        text_add(text, term->literal ? "`quality == " : "`quality == good");
        text_add_written(text, bytes, term->literal ? term->len : 0);
        text_add(text, "`");
        break;
    case EXPR_FORM_EVENT:
        text_add(text, "`");
        text_add_written(text, bytes, term->len);
        text_add(text, " == granted`");
        break;
    case EXPR_FORM_MOMENT:
        text_add(text, "`access_reader == ");
        text_add_written(text, bytes, term->len);
        text_add(text, "`");
        break;
    }
}

bool expr_type_truth(const struct expr_source *source, const struct expr_term *term,
                     const char *whose) {
    if (term->form == EXPR_FORM_TRUTH) {
        return true;
    }
    struct text text = type_complain(source, term);
    text_add(&text, ", but ");
    if (whose == NULL) {
        text_add(&text, "a rule");
    } else {
        text_add_word(&text, whose);
    }
    text_add(&text, " needs a condition, true or false: compare it, as in ");
    type_add_comparison(&text, source, term);
    return false;
}

bool expr_type_number(const struct expr_source *source, const struct expr_term *term,
                      const char *whose) {
    if (term->form == EXPR_FORM_NUMBER) {
        return true;
    }
    struct text text = type_complain(source, term);
    text_add(&text, ", but ");
    text_add_word(&text, whose);
    text_add(&text, " needs a number");
    if (term->form == EXPR_FORM_TRUTH) {
        text_add(&text, "; `count` and `changes` make numbers of conditions");
    }
    return false;
}

/*
 * Two numbers of different dimensions. The caret goes to the right one, unless only the left one
 * was written here as a constant, which is then what can be mended.
 */
static bool type_refuse_dimensions(const struct expr_source *source, const struct expr_term *left,
                                   const struct expr_term *right, const char *verb) {
    bool mend_left = left->literal && !right->literal;
    const struct expr_term *wrong = mend_left ? left : right;
    const struct expr_term *other = mend_left ? right : left;
    struct text text = type_complain(source, wrong);
    text_add(&text, " and ");
    type_add_term(&text, source, other);
    text_add(&text, " is ");
    text_add(&text, type_name(other));
    text_add(&text, ": they cannot be ");
    text_add(&text, verb);
    const char *unit = unit_facts(dimension_base(other->dimension))->name;
    if (wrong->literal && unit[0] != '\0') {
        text_add(&text, "; write a number with a unit such as ");
        text_add_word(&text, unit);
    } else if (wrong->literal) {
        text_add(&text, "; write the number without a unit");
    }
    return false;
}

/* Two terms of different forms. */
static bool type_refuse_forms(const struct expr_source *source, const struct expr_term *left,
                              const struct expr_term *right) {
    struct text text = type_complain(source, right);
    text_add(&text, " and cannot be compared with ");
    type_add_term(&text, source, left);
    text_add(&text, ", which is ");
    text_add(&text, type_name(left));
    if (left->form == EXPR_FORM_QUALITY) {
        text_add(&text, ": write good, uncertain, stale, fault or out_of_service");
    } else if (left->form == EXPR_FORM_EVENT) {
        text_add(&text, ": write granted or denied");
    } else if (left->form == EXPR_FORM_TRUTH) {
        text_add(&text, ": it is a condition by itself");
    }
    return false;
}

bool expr_type_compare(const struct expr_source *source, const struct expr_token *sign,
                       const struct expr_term *left, const struct expr_term *right) {
    if (left->form == EXPR_FORM_NUMBER && right->form == EXPR_FORM_NUMBER) {
        return left->dimension == right->dimension ||
               type_refuse_dimensions(source, left, right, "compared");
    }
    bool moment = (left->form == EXPR_FORM_EVENT && right->form == EXPR_FORM_MOMENT) ||
                  (left->form == EXPR_FORM_MOMENT && right->form == EXPR_FORM_EVENT);
    if (!moment && (left->form != right->form || left->form == EXPR_FORM_EVENT ||
                    left->form == EXPR_FORM_MOMENT)) {
        return type_refuse_forms(source, left, right);
    }
    if (sign->kind != EXPR_TOKEN_EQ && sign->kind != EXPR_TOKEN_NE) {
        struct text text = expr_complain(source, sign->at, sign->len);
        text_add_quoted(&text, source->text + sign->at, sign->len);
        text_add(&text, " orders numbers, and ");
        type_add_term(&text, source, left);
        text_add(&text, " is ");
        text_add(&text, type_name(left));
        text_add(&text, ": use `==` or `!=`");
        return false;
    }
    return true;
}

bool expr_type_arithmetic(const struct expr_source *source, const struct expr_token *sign,
                          const struct expr_term *left, const struct expr_term *right,
                          enum dimension *ret_dimension) {
    const char *whose = sign->kind == EXPR_TOKEN_ADD   ? "+"
                        : sign->kind == EXPR_TOKEN_SUB ? "-"
                        : sign->kind == EXPR_TOKEN_MUL ? "*"
                                                       : "/";
    if (!expr_type_number(source, left, whose) || !expr_type_number(source, right, whose)) {
        return false;
    }
    bool same = left->dimension == right->dimension;
    bool right_plain = right->dimension == DIMENSION_NONE;
    *ret_dimension = left->dimension;
    if (sign->kind == EXPR_TOKEN_ADD || sign->kind == EXPR_TOKEN_SUB) {
        return same ||
               type_refuse_dimensions(source, left, right,
                                      sign->kind == EXPR_TOKEN_ADD ? "added" : "subtracted");
    }
    if (sign->kind == EXPR_TOKEN_MUL) {
        *ret_dimension = right_plain ? left->dimension : right->dimension;
        if (right_plain || left->dimension == DIMENSION_NONE) {
            return true;
        }
    } else {
        *ret_dimension = right_plain ? left->dimension : DIMENSION_NONE;
        if (right_plain || same) {
            return true;
        }
    }
    struct text text = type_complain(source, right);
    text_add(&text, " and ");
    type_add_term(&text, source, left);
    text_add(&text, " is ");
    text_add(&text, type_name(left));
    text_add(&text, sign->kind == EXPR_TOKEN_MUL
                        ? ": they cannot be multiplied; one of the two must be "
                        : ": they cannot be divided; the second must be ");
    text_add(&text, "a plain number");
    if (sign->kind == EXPR_TOKEN_DIV && right->dimension == DIMENSION_TIME) {
        text_add(&text, "; how far x moves in a time is `rate(x, 10 min)`");
    }
    return false;
}

bool expr_type_same(const struct expr_source *source, const struct expr_term *first,
                    const struct expr_term *term) {
    return first->dimension == term->dimension ||
           type_refuse_dimensions(source, first, term, "put into one aggregate");
}

bool expr_type_kind(const struct expr_source *source, enum point_kind kind,
                    struct expr_term *term) {
    static const enum expr_form forms[] = {
        [POINT_FORM_TRUTH] = EXPR_FORM_TRUTH,
        [POINT_FORM_NUMBER] = EXPR_FORM_NUMBER,
        [POINT_FORM_COUNTER] = EXPR_FORM_NUMBER,
        [POINT_FORM_EVENT] = EXPR_FORM_EVENT,
    };
    const struct point_kind_facts *facts = point_kind_facts(kind);
    if (facts->form != POINT_FORM_OUTPUT) {
        *term = (struct expr_term){.at = term->at,
                                   .len = term->len,
                                   .form = forms[facts->form],
                                   .dimension = unit_facts(facts->unit)->dimension,
                                   .counter = facts->form == POINT_FORM_COUNTER};
        return true;
    }
    struct text text = expr_complain(source, term->at, term->len);
    text_add_quoted(&text, source->text + term->at, term->len);
    text_add(&text, " has no value to look at here: ");
    text_add_word(&text, point_kind_facts(kind)->name);
    text_add(&text, " is an output, which the gateway itself switches; name an input instead");
    return false;
}

static const char *type_value_name(const struct expr_term *term) {
    return term->counter ? "a count since the last levelling" : type_name(term);
}

bool expr_type_value(const struct expr_source *source, point_kind_set kinds,
                     struct expr_term *term) {
    enum point_kind first = POINT_KIND_COUNT;
    for (enum point_kind kind = 0; kind < POINT_KIND_COUNT; kind++) {
        if ((kinds >> kind & 1) == 0) {
            continue;
        }
        struct expr_term other = *term;
        if (!expr_type_kind(source, kind, first == POINT_KIND_COUNT ? term : &other)) {
            return false;
        }
        if (first == POINT_KIND_COUNT) {
            first = kind;
        } else if (other.form != term->form || other.dimension != term->dimension ||
                   other.counter != term->counter) {
            struct text text = expr_complain(source, term->at, term->len);
            text_add(&text, "`value` would be ");
            text_add(&text, type_value_name(term));
            text_add(&text, " for ");
            text_add_word(&text, point_kind_facts(first)->name);
            text_add(&text, " and ");
            text_add(&text, type_value_name(&other));
            text_add(&text, " for ");
            text_add_word(&text, point_kind_facts(kind)->name);
            text_add(&text, ": write a rule for each");
            return false;
        }
    }
    return first != POINT_KIND_COUNT ||
           expr_refuse(source, term->at, term->len,
                       "`value` means nothing: the rule's `each:` names no kind of point");
}
