/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_note.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "gateway/config/config_chinese.h"
#include "gateway/config/config_model.h"

enum {
    /* A line that is longer is shown in part, so that one-line files stay readable. */
    NOTE_LINE_BYTES = 240,
    NOTE_LEAD_BYTES = 120,
    SUGGEST_LEN = 48,
};

static void note_add(struct config *config, enum config_severity severity, struct config_mark mark,
                     const char *hint, const char *format, va_list arguments)
    __attribute__((format(printf, 5, 0)));

static void note_add(struct config *config, enum config_severity severity, struct config_mark mark,
                     const char *hint, const char *format, va_list arguments) {
    struct config_notes *notes = &config->notes;
    notes->errors += severity == CONFIG_ERROR;
    notes->warnings += severity == CONFIG_WARNING;
    notes->remarks += severity == CONFIG_REMARK;
    if (notes->count == CONFIG_NOTES_MAX) {
        return;
    }
    notes->rows =
        config_grow(&config->arena, notes->rows, notes->count, &notes->room, sizeof *notes->rows);
    notes->rows[notes->count] = (struct config_note){
        .severity = severity,
        .mark = mark,
        .message = config_vformat(&config->arena, format, arguments),
        .hint = hint,
        .number = notes->count,
    };
    notes->count++;
}

void config_error(struct config *config, const struct config_node *node, const char *hint,
                  const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    note_add(config, CONFIG_ERROR, node->mark, hint, format, arguments);
    va_end(arguments);
}

void config_warn(struct config *config, const struct config_node *node, const char *hint,
                 const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    note_add(config, CONFIG_WARNING, node->mark, hint, format, arguments);
    va_end(arguments);
}

void config_note(struct config *config, enum config_severity severity, struct config_mark mark,
                 const char *hint, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    note_add(config, severity, mark, hint, format, arguments);
    va_end(arguments);
}

static int note_compare(const void *left, const void *right) {
    const struct config_note *a = left;
    const struct config_note *b = right;
    uint32_t order_a = a->mark.source != NULL ? a->mark.source->order : 0;
    uint32_t order_b = b->mark.source != NULL ? b->mark.source->order : 0;
    if (order_a != order_b) {
        return order_a < order_b ? -1 : 1;
    }
    if (a->mark.at != b->mark.at) {
        return a->mark.at < b->mark.at ? -1 : 1;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

void config_notes_sort(struct config_notes *notes) {
    if (notes->count > 1) {
        qsort(notes->rows, notes->count, sizeof *notes->rows, note_compare);
    }
}

/* The code point at `text`, which is valid UTF-8, and its length. */
static uint32_t note_code_point(const char *text, uint32_t *ret_len) {
    const unsigned char *byte = (const unsigned char *)text;
    if (byte[0] < 0x80) {
        *ret_len = 1;
        return byte[0];
    }
    uint32_t len = byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
    uint32_t code = byte[0] & (0x7fu >> len);
    for (uint32_t i = 1; i < len; i++) {
        code = code << 6 | (byte[i] & 0x3fu);
    }
    *ret_len = len;
    return code;
}

/* Is the character as wide as two on a terminal? The blocks that Chinese text is made of. */
static bool note_is_wide(uint32_t code) {
    return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
           (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
           (code >= 0xfe30 && code <= 0xfe4f) || (code >= 0xff01 && code <= 0xff60) ||
           (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1f300 && code <= 0x1faff) ||
           (code >= 0x20000 && code <= 0x3fffd);
}

/* Where a note stands, ready to be shown. */
struct note_place {
    uint32_t line, column; /* from 1; the column counts characters, as editors do */
    const char *text;      /* the shown part of the line */
    uint32_t len;
    uint32_t caret_at, caret_len; /* bytes in it */
    bool cut_left, cut_right;
};

static struct note_place note_place(const struct config_mark *mark) {
    const struct config_source *source = mark->source;
    uint32_t line = config_source_line_at(source, mark->at);
    uint32_t begin = source->lines[line];
    uint32_t end = line + 1 < source->line_count ? source->lines[line + 1] : source->size;
    while (end > begin && (source->bytes[end - 1] == '\n' || source->bytes[end - 1] == '\r')) {
        end--;
    }
    struct note_place place = {.line = line + 1, .column = 1};
    for (uint32_t at = begin; at < mark->at && at < end; place.column++) {
        uint32_t len;
        (void)note_code_point(source->bytes + at, &len);
        at += len;
    }
    /* Show the part around the mark, and never half a character. */
    uint32_t from = begin;
    if (mark->at - begin > NOTE_LINE_BYTES - NOTE_LEAD_BYTES && end - begin > NOTE_LINE_BYTES) {
        from = mark->at - NOTE_LEAD_BYTES;
        while (((unsigned char)source->bytes[from] & 0xc0) == 0x80) {
            from++;
        }
    }
    uint32_t to = end;
    if (to - from > NOTE_LINE_BYTES) {
        to = from + NOTE_LINE_BYTES;
        while (((unsigned char)source->bytes[to] & 0xc0) == 0x80) {
            to--;
        }
    }
    place.text = source->bytes + from;
    place.len = to - from;
    place.cut_left = from > begin;
    place.cut_right = to < end;
    place.caret_at = mark->at - from;
    uint32_t marked_end = mark->at + mark->len < to ? mark->at + mark->len : to;
    place.caret_len = marked_end > mark->at ? marked_end - mark->at : 0;
    return place;
}

static void note_fill(const char *text, uint32_t from, uint32_t to, char fill, FILE *out) {
    for (uint32_t at = from; at < to;) {
        uint32_t len;
        uint32_t code = note_code_point(text + at, &len);
        at += len;
        if (code == '\t' && fill == ' ') {
            (void)fputc('\t', out);
            continue;
        }
        (void)fputc(fill, out);
        if (note_is_wide(code)) {
            (void)fputc(fill, out);
        }
    }
}

static void note_print_line(const struct note_place *place, FILE *out) {
    const char *left = place->cut_left ? "…" : "";
    (void)fprintf(out, "%s%.*s%s\n", left, (int)place->len, place->text,
                  place->cut_right ? "…" : "");
    if (place->cut_left) {
        (void)fputc(' ', out);
    }
    uint32_t caret = place->caret_at < place->len ? place->caret_at : place->len;
    note_fill(place->text, 0, caret, ' ', out);
    (void)fputc('^', out);
    if (place->caret_len > 0) {
        uint32_t len;
        uint32_t code = note_code_point(place->text + caret, &len);
        if (note_is_wide(code)) {
            (void)fputc('~', out);
        }
        note_fill(place->text, caret + len, caret + place->caret_len, '~', out);
    }
    (void)fputc('\n', out);
}

static const char *note_severity_name(enum config_severity severity, enum site_language language) {
    static const char *const names[][2] = {
        [CONFIG_ERROR] = {[LANGUAGE_EN] = "error", [LANGUAGE_ZH] = "错误"},
        [CONFIG_WARNING] = {[LANGUAGE_EN] = "warning", [LANGUAGE_ZH] = "警告"},
        [CONFIG_REMARK] = {[LANGUAGE_EN] = "note", [LANGUAGE_ZH] = "提示"}};
    return names[severity][language];
}

static void note_print(const struct config_note *note, enum site_language language, FILE *out) {
    char chinese[CONFIG_CHINESE_SIZE];
    const char *severity = note_severity_name(note->severity, language);
    const char *mark = language == LANGUAGE_ZH ? "：" : ": ";
    const char *message =
        language == LANGUAGE_ZH ? config_chinese(note->message, chinese) : note->message;
    if (note->mark.source == NULL) {
        (void)fprintf(out, "%s%s%s\n", severity, mark, message);
    } else {
        struct note_place place = note_place(&note->mark);
        (void)fprintf(out, "%s:%u:%u: %s%s%s\n", note->mark.source->path, place.line, place.column,
                      severity, mark, message);
        note_print_line(&place, out);
    }
    if (note->hint != NULL && language == LANGUAGE_ZH) {
        (void)fprintf(out, "  建议：%s\n", config_chinese(note->hint, chinese));
    } else if (note->hint != NULL) {
        (void)fprintf(out, "  hint: %s\n", note->hint);
    }
}

void config_notes_print(const struct config_notes *notes, enum site_language language, FILE *out) {
    for (uint32_t i = 0; i < notes->count; i++) {
        note_print(&notes->rows[i], language, out);
    }
    uint32_t all = notes->errors + notes->warnings + notes->remarks;
    if (all > notes->count) {
        (void)fprintf(out, language == LANGUAGE_ZH ? "另有 %u 条\n" : "and %u more\n",
                      all - notes->count);
    }
}

void config_notes_print_json(const struct config_notes *notes, FILE *out) {
    json_t *rows = json_array();
    for (uint32_t i = 0; i < notes->count; i++) {
        const struct config_note *note = &notes->rows[i];
        json_t *row = json_pack("{s:s, s:s, s:s*}", "severity",
                                note_severity_name(note->severity, LANGUAGE_EN), "message",
                                note->message, "hint", note->hint);
        if (note->mark.source != NULL) {
            struct note_place place = note_place(&note->mark);
            (void)json_object_set_new(row, "file", json_string(note->mark.source->path));
            (void)json_object_set_new(row, "line", json_integer(place.line));
            (void)json_object_set_new(row, "column", json_integer(place.column));
        }
        (void)json_array_append_new(rows, row);
    }
    (void)json_dumpf(rows, out, JSON_INDENT(2));
    (void)fputc('\n', out);
    json_decref(rows);
}

/* Edit distance with swaps of neighbours; more than `limit` is reported as limit + 1. */
static uint32_t suggest_distance(const char *a, const char *b, uint32_t limit) {
    size_t len_a = strlen(a);
    size_t len_b = strlen(b);
    if (len_a > SUGGEST_LEN || len_b > SUGGEST_LEN || len_a > len_b + limit ||
        len_b > len_a + limit) {
        return limit + 1;
    }
    uint32_t rows[3][SUGGEST_LEN + 1];
    for (size_t j = 0; j <= len_b; j++) {
        rows[0][j] = (uint32_t)j;
    }
    for (size_t i = 1; i <= len_a; i++) {
        uint32_t *row = rows[i % 3];
        const uint32_t *above = rows[(i + 2) % 3];
        const uint32_t *two_above = rows[(i + 1) % 3];
        row[0] = (uint32_t)i;
        for (size_t j = 1; j <= len_b; j++) {
            uint32_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two_above[j - 2] + 1 < best) {
                best = two_above[j - 2] + 1;
            }
            row[j] = best;
        }
    }
    return rows[len_a % 3][len_b];
}

const char *config_suggest(const char *wrong, const char *const *words, uint32_t count) {
    uint32_t limit = (uint32_t)strlen(wrong) / 3;
    limit = limit < 1 && wrong[0] != '\0' && wrong[1] != '\0' ? 1 : limit;
    const char *best = NULL;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t distance = suggest_distance(wrong, words[i], limit);
        if (distance <= limit) {
            best = words[i];
            if (distance == 0) {
                break;
            }
            limit = distance - 1;
        }
    }
    return best;
}

const char *config_words(struct config *config, const char *begin, const char *const *words,
                         uint32_t count) {
    if (config->notes.count == CONFIG_NOTES_MAX) {
        return NULL;
    }
    const char *list = config_format(&config->arena, "%s", begin);
    for (uint32_t i = 0; i < count; i++) {
        list = config_format(&config->arena, "%s%s %s", list, i == 0 ? ":" : ",", words[i]);
    }
    return list;
}

/* Is `wrong` the end of `word` behind a `/` or a dot, or its beginning before a `_`? */
static bool suggest_is_part(const char *wrong, const char *word) {
    assert(word != NULL);
    size_t wrong_len = strlen(wrong);
    size_t len = strlen(word);
    if (wrong_len == 0 || len <= wrong_len) {
        return false;
    }
    char before = word[len - wrong_len - 1];
    return ((before == '/' || before == '.') && strcmp(word + len - wrong_len, wrong) == 0) ||
           (word[wrong_len] == '_' && strncmp(word, wrong, wrong_len) == 0);
}

const char *config_suggestion(struct config *config, const char *wrong, const char *const *words,
                              uint32_t count) {
    if (config->notes.count == CONFIG_NOTES_MAX) {
        return NULL;
    }
    const char *best = config_suggest(wrong, words, count);
    for (uint32_t i = 0; i < count && best == NULL; i++) {
        best = suggest_is_part(wrong, words[i]) ? words[i] : NULL;
    }
    return best != NULL ? config_format(&config->arena, "did you mean `%s`?", best) : NULL;
}

void config_names_add(struct config *config, struct config_names *names, const char *name) {
    if (names->count < CONFIG_NAMES_MAX) {
        names->text =
            names->text == NULL ? name : config_format(&config->arena, "%s, %s", names->text, name);
    }
    names->count++;
}

const char *config_names_text(struct config *config, const struct config_names *names) {
    return names->count <= CONFIG_NAMES_MAX
               ? names->text
               : config_format(&config->arena, "%s and %u more", names->text,
                               names->count - CONFIG_NAMES_MAX);
}
