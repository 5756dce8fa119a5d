/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_chinese.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    CHINESE_GAPS_MAX = 8,
    /* A note in a note in a note. */
    CHINESE_DEPTH_MAX = 3,
    /* Lengths tried for one pair; a text that is made to keep us busy stays English. */
    CHINESE_STEPS_MAX = 20000,
};

struct chinese_pair {
    const char *english, *chinese;
};

static const struct chinese_pair pairs[] = {
#define CHINESE(english, chinese) {english, chinese},
#include "gateway/config/config_chinese.def"
#undef CHINESE
};

struct piece {
    const char *at;
    size_t len;
};

/* What stood at the conversions of a format. */
struct gaps {
    struct piece pieces[CHINESE_GAPS_MAX];
    bool is_quoted[CHINESE_GAPS_MAX]; /* stands between backticks: somebody wrote it */
    uint32_t count;
    uint32_t steps;
};

/* Length of the conversion at `format`, "%s" or "%02u", or 0: it is a character, as is "%%". */
static size_t conversion_len(const char *format) {
    if (format[0] != '%' || format[1] == '%' || format[1] == '\0') {
        return 0;
    }
    size_t len = 1 + strspn(format + 1, "0123456789.lz");
    return strchr("sducg", format[len]) != NULL && format[len] != '\0' ? len + 1 : 0;
}

static bool gaps_match(struct gaps *gaps, const char *format, struct piece text);

/* What follows a conversion may begin anywhere. */
static bool gaps_match_gap(struct gaps *gaps, bool is_quoted, const char *format,
                           struct piece text) {
    if (gaps->count == CHINESE_GAPS_MAX) {
        return false;
    }
    uint32_t mine = gaps->count++;
    gaps->is_quoted[mine] = is_quoted;
    for (size_t len = 0; len <= text.len && gaps->steps++ < CHINESE_STEPS_MAX; len++) {
        gaps->pieces[mine] = (struct piece){text.at, len};
        gaps->count = mine + 1;
        if (gaps_match(gaps, format, (struct piece){text.at + len, text.len - len})) {
            return true;
        }
    }
    gaps->count = mine;
    return false;
}

static bool gaps_match(struct gaps *gaps, const char *format, struct piece text) {
    for (bool is_quoted = false; *format != '\0'; format++) {
        size_t conversion = conversion_len(format);
        if (conversion > 0) {
            return gaps_match_gap(gaps, is_quoted, format + conversion, text);
        } else if (text.len == 0 || *text.at != *format) {
            return false;
        }
        is_quoted = *format == '`';
        format += format[0] == '%' && format[1] == '%';
        text = (struct piece){text.at + 1, text.len - 1};
    }
    return text.len == 0;
}

struct chinese_out {
    char *at;
    size_t len;
    bool cut;
};

/* Whole or not at all, so that no character is cut. */
static void out_add(struct chinese_out *out, struct piece piece) {
    out->cut = out->cut || piece.len >= CONFIG_CHINESE_SIZE - out->len;
    if (!out->cut && piece.len > 0) {
        memcpy(out->at + out->len, piece.at, piece.len);
        out->len += piece.len;
    }
}

static bool chinese_add(struct chinese_out *out, struct piece english, uint32_t depth);

/* Add what stood at a conversion: in Chinese, unless it is a name, which stays. */
static void chinese_add_gap(struct chinese_out *out, char sign, const struct gaps *gaps,
                            uint32_t gap, uint32_t depth) {
    struct piece piece = gaps->pieces[gap];
    bool is_name = sign == '@' && memchr(piece.at, ' ', piece.len) == NULL;
    if (gaps->is_quoted[gap] || is_name || !chinese_add(out, piece, depth + 1)) {
        out_add(out, piece);
    }
}

static void chinese_add_pair(struct chinese_out *out, const char *chinese, const struct gaps *gaps,
                             uint32_t depth) {
    for (const char *at = chinese; *at != '\0'; at++) {
        bool is_gap = (at[0] == '%' || at[0] == '@') && at[1] >= '1' && at[1] <= '9';
        uint32_t gap = is_gap ? (uint32_t)(at[1] - '1') : CHINESE_GAPS_MAX;
        if (gap >= gaps->count) {
            out_add(out, (struct piece){at, 1});
            continue;
        }
        chinese_add_gap(out, *at, gaps, gap, depth);
        at++;
    }
}

/* How much a pair's English has of its own, beside its conversions. */
static size_t words_len(const char *format) {
    size_t len = 0;
    while (*format != '\0') {
        size_t conversion = conversion_len(format);
        len += conversion == 0;
        format += conversion > 0 ? conversion : 1;
    }
    return len;
}

/*
 * Add `english` in Chinese; false, and nothing is added, when no pair fits. Of several that fit it is the one with the
 * most words of its own: "the expression is empty: %s" is not about a file that is empty.
 */
static bool chinese_add(struct chinese_out *out, struct piece english, uint32_t depth) {
    const struct chinese_pair *best = NULL;
    struct gaps best_gaps = {.count = 0};
    for (size_t i = 0; depth < CHINESE_DEPTH_MAX && i < sizeof pairs / sizeof *pairs; i++) {
        struct gaps gaps = {.count = 0};
        if (gaps_match(&gaps, pairs[i].english, english) &&
            (best == NULL || words_len(pairs[i].english) > words_len(best->english))) {
            best = &pairs[i];
            best_gaps = gaps;
        }
    }
    if (best != NULL) {
        chinese_add_pair(out, best->chinese, &best_gaps, depth);
    }
    return best != NULL;
}

const char *config_chinese(const char *english, char ret[CONFIG_CHINESE_SIZE]) {
    struct chinese_out out = {.at = ret};
    size_t len = strlen(english);
    /* One that is far too long quotes something that would not fit either; nobody is kept waiting for it. */
    bool found =
        len < (size_t)CONFIG_CHINESE_SIZE * 2 && chinese_add(&out, (struct piece){english, len}, 0);
    ret[out.len] = '\0';
    return found && !out.cut ? ret : english;
}
