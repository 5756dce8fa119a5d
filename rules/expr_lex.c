/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/expr_lex.h"

#include <string.h>

struct text expr_complain(const struct expr_source *source, uint32_t at, uint32_t len) {
    struct text text;
    source->error->at = at;
    source->error->len = len;
    text_init(&text, source->error->message, sizeof source->error->message);
    return text;
}

bool expr_refuse(const struct expr_source *source, uint32_t at, uint32_t len, const char *words) {
    struct text text = expr_complain(source, at, len);
    text_add(&text, words);
    return false;
}

static bool lex_is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool lex_is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool lex_is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The byte `ahead` of the next one; NUL past the end. */
static char lex_peek(const struct expr_source *source, uint32_t ahead) {
    if (ahead >= source->len - source->at) {
        return '\0';
    }
    return source->text[source->at + ahead];
}

/*
 * The length of the UTF-8 character at the front and its code point, or 0 if the bytes are none.
 * Overlong forms and surrogates are none.
 */
static uint32_t lex_character(const struct expr_source *source, uint32_t *ret_code) {
    unsigned char first = (unsigned char)source->text[source->at];
    uint32_t len = first < 0x80   ? 1
                   : first < 0xc2 ? 0
                   : first < 0xe0 ? 2
                   : first < 0xf0 ? 3
                   : first < 0xf5 ? 4
                                  : 0;
    if (len == 0 || len > source->len - source->at) {
        return 0;
    }
    uint32_t code = len == 1 ? first : first & (0x7fu >> len);
    for (uint32_t i = 1; i < len; i++) {
        unsigned char next = (unsigned char)source->text[source->at + i];
        if ((next & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (next & 0x3f);
    }
    if ((len == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
        (len == 4 && (code < 0x10000 || code > 0x10ffff))) {
        return 0;
    }
    *ret_code = code;
    return len;
}

/* The sign to write instead of one that people use elsewhere, or NULL. */
static const char *lex_instead(uint32_t code) {
    static const struct {
        uint32_t code;
        const char *write;
    } signs[] = {
        {'=', "=="},    {'!', "not"},   {'&', "and"},   {'|', "or"},   {'[', "("},  {']', ")"},
        {0x2264, "<="}, {0x2265, ">="}, {0x2260, "!="}, {0xd7, "*"},   {0xf7, "/"}, {0x2212, "-"},
        {0x2013, "-"},  {0x2103, "°C"}, {0xba, "°C"},   {0x3001, ","},
    };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (signs[i].code == code) {
            return signs[i].write;
        }
    }
    /* The full-width forms, in the order of ASCII. */
    static const char *const wide[] = {"(", ")", "*", "+", ",", "-", ".", "/"};
    if (code >= 0xff08 && code <= 0xff0f) {
        return wide[code - 0xff08];
    }
    static const char *const wide_signs[] = {":", ";", "<", "==", ">"};
    if (code >= 0xff1a && code <= 0xff1e) {
        return wide_signs[code - 0xff1a];
    }
    return code == 0xff05 ? "%" : code == 0xff01 ? "not" : code == 0x3000 ? "a plain space" : NULL;
}

static bool lex_refuse_character(struct expr_source *source) {
    uint32_t code = 0;
    uint32_t len = lex_character(source, &code);
    if (len == 0) {
        return expr_refuse(source, source->at, 1,
                           "this byte is not UTF-8: save the file in UTF-8 and write it again");
    }
    /* `&&` is one mistake, not two. */
    uint32_t at = source->at;
    if ((code == '&' || code == '|') && lex_peek(source, 1) == (char)code) {
        len = 2;
    }
    struct text text = expr_complain(source, at, len);
    if (code < ' ' || code == 0x7f) {
        text_add(&text, "a control character has no meaning in an expression: remove it");
        return false;
    }
    text_add_quoted(&text, source->text + at, len);
    text_add(&text, " has no meaning in an expression");
    const char *instead = lex_instead(code);
    if (instead != NULL) {
        text_add(&text, ": write ");
        bool spelled = code == 0x3000;
        text_add(&text, spelled ? "" : "`");
        text_add(&text, instead);
        text_add(&text, spelled ? "" : "`");
    } else {
        text_add(&text, ": remove it");
    }
    return false;
}

/* A clock time, from its first digit; two digits, a colon, two digits. */
static bool lex_clock(struct expr_source *source, struct expr_token *token) {
    uint32_t at = source->at;
    uint32_t len = 0;
    while (lex_is_digit(lex_peek(source, len)) || lex_peek(source, len) == ':') {
        len++;
    }
    const char *digit = source->text + at;
    int hour = len == 5 ? (digit[0] - '0') * 10 + (digit[1] - '0') : 24;
    int minute = len == 5 ? (digit[3] - '0') * 10 + (digit[4] - '0') : 60;
    bool shaped = len == 5 && digit[2] == ':' && lex_is_digit(digit[3]) && lex_is_digit(digit[4]);
    if (!shaped || hour > 23 || minute > 59) {
        struct text text = expr_complain(source, at, len);
        text_add_quoted(&text, digit, len);
        text_add(&text, " is not a time of day: write two digits each, from 00:00 to 23:59");
        return false;
    }
    source->at += len;
    token->kind = EXPR_TOKEN_CLOCK;
    token->len = len;
    token->minute = (uint16_t)(hour * 60 + minute);
    return true;
}

/* Take a run of digits into the token. Leading zeros do not count towards LIMIT_EXPR_DIGITS. */
static bool lex_digits(struct expr_source *source, struct expr_token *token,
                       uint32_t *significant) {
    bool any = false;
    for (; lex_is_digit(lex_peek(source, 0)); source->at++) {
        any = true;
        uint32_t digit = (uint32_t)(lex_peek(source, 0) - '0');
        if (token->digits > 0 || digit > 0) {
            (*significant)++;
        }
        if (*significant <= LIMIT_EXPR_DIGITS) {
            token->digits = token->digits * 10 + digit;
        }
    }
    return any;
}

static bool lex_number(struct expr_source *source, struct expr_token *token) {
    uint32_t significant = 0;
    lex_digits(source, token, &significant);
    if (lex_peek(source, 0) == ':') {
        source->at = token->at;
        return lex_clock(source, token);
    }
    if (lex_peek(source, 0) == '.') {
        source->at++;
        uint32_t first = source->at;
        if (!lex_digits(source, token, &significant)) {
            return expr_refuse(source, token->at, source->at - token->at,
                               "a digit must follow the point, as in `1.0`");
        }
        token->decimals = source->at - first;
    }
    token->kind = EXPR_TOKEN_NUMBER;
    token->len = source->at - token->at;
    if (significant > LIMIT_EXPR_DIGITS || token->decimals > LIMIT_EXPR_DIGITS) {
        struct text text = expr_complain(source, token->at, token->len);
        text_add(&text, "this number has too many digits: write at most ");
        text_add_count(&text, LIMIT_EXPR_DIGITS);
        return false;
    }
    char next = lex_peek(source, 0);
    if (next == '.' || ((next == 'e' || next == 'E') && lex_is_digit(lex_peek(source, 1))) ||
        (next == 'x' && token->len == 1)) {
        while (lex_is_letter(lex_peek(source, 0)) || lex_is_digit(lex_peek(source, 0)) ||
               lex_peek(source, 0) == '.') {
            source->at++;
        }
        struct text text = expr_complain(source, token->at, source->at - token->at);
        text_add_quoted(&text, source->text + token->at, source->at - token->at);
        text_add(&text, " is not a decimal number: write it as in `1200` or `0.5`");
        return false;
    }
    return true;
}

/* A name, a keyword or a unit. */
static bool lex_word(struct expr_source *source, struct expr_token *token) {
    static const char degree[] = "°";
    uint32_t sign = sizeof degree - 1;
    if (lex_peek(source, 0) == '%') {
        source->at++;
    } else {
        if (source->len - source->at >= sign &&
            memcmp(source->text + source->at, degree, sign) == 0) {
            source->at += sign;
        }
        while (lex_is_letter(lex_peek(source, 0)) || lex_is_digit(lex_peek(source, 0))) {
            source->at++;
        }
    }
    token->kind = EXPR_TOKEN_WORD;
    token->len = source->at - token->at;
    return token->len > 0 || lex_refuse_character(source);
}

/* A sign of one or two characters. Returns its length, 0 if there is none. */
static uint32_t lex_sign(char first, char second, enum expr_token_kind *ret_kind) {
    static const struct {
        char sign[3];
        uint8_t kind;
    } signs[] = {
        {"==", EXPR_TOKEN_EQ},  {"!=", EXPR_TOKEN_NE},   {"<=", EXPR_TOKEN_LE},
        {">=", EXPR_TOKEN_GE},  {"<", EXPR_TOKEN_LT},    {">", EXPR_TOKEN_GT},
        {"(", EXPR_TOKEN_OPEN}, {")", EXPR_TOKEN_CLOSE}, {",", EXPR_TOKEN_COMMA},
        {"+", EXPR_TOKEN_ADD},  {"-", EXPR_TOKEN_SUB},   {"*", EXPR_TOKEN_MUL},
        {"/", EXPR_TOKEN_DIV},
    };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (signs[i].sign[0] == first && (signs[i].sign[1] == '\0' || signs[i].sign[1] == second)) {
            *ret_kind = (enum expr_token_kind)signs[i].kind;
            return signs[i].sign[1] == '\0' ? 1 : 2;
        }
    }
    return 0;
}

bool expr_lex(struct expr_source *source, struct expr_token *ret_token) {
    while (lex_is_blank(lex_peek(source, 0))) {
        source->at++;
    }
    *ret_token = (struct expr_token){.kind = EXPR_TOKEN_END, .at = source->at};
    if (source->at == source->len) {
        return true;
    }
    if (lex_is_digit(lex_peek(source, 0))) {
        return lex_number(source, ret_token);
    }
    ret_token->len = lex_sign(lex_peek(source, 0), lex_peek(source, 1), &ret_token->kind);
    if (ret_token->len > 0) {
        source->at += ret_token->len;
        return true;
    }
    return lex_word(source, ret_token);
}
