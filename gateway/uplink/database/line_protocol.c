/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/database/line_protocol.h"

#include <assert.h>
#include <string.h>

#include "gateway/number.h"

#define NS_IN_MS ((int64_t)NS_PER_MS)

static void line_add(struct line *line, const char *bytes, size_t size) {
    if (line->size - line->len < size) {
        line->refused = true;
    }
    if (!line->refused) {
        memcpy(line->at + line->len, bytes, size);
        line->len += size;
    }
}

static void line_add_char(struct line *line, char c) {
    line_add(line, &c, 1);
}

static bool is_control(char c) {
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Add a measurement, a tag's word or a key, with a backslash before each character of `special`. */
static void line_add_word(struct line *line, const char *word, const char *special) {
    if (*word == '\0') {
        line->refused = true;
    }
    for (const char *c = word; *c != '\0'; c++) {
        if (is_control(*c) || *c == '\\') {
            line->refused = true;
            return;
        }
        if (strchr(special, *c) != NULL) {
            line_add_char(line, '\\');
        }
        line_add_char(line, *c);
    }
}

void line_begin(struct line *line, char *buffer, size_t size, const char *measurement) {
    *line = (struct line){.at = buffer, .size = size, .last_tag = ""};
    line->refused = measurement[0] == '#';
    line_add_word(line, measurement, ", ");
}

void line_begin_head(struct line *line, char *buffer, size_t size, const char *head,
                     size_t head_size) {
    *line = (struct line){.at = buffer, .size = size, .last_tag = NULL};
    line->refused = head_size == 0;
    line_add(line, head, head_size);
}

size_t line_head(const struct line *line) {
    assert(line->fields == 0);
    return line->refused ? 0 : line->len;
}

void line_tag(struct line *line, const char *key, const char *value) {
    assert(line->fields == 0 && line->last_tag != NULL && strcmp(key, line->last_tag) > 0);
    line->last_tag = key;
    if (*value == '\0') {
        return;
    }
    line_add_char(line, ',');
    line_add_word(line, key, ",= ");
    line_add_char(line, '=');
    line_add_word(line, value, ",= ");
}

static void line_field(struct line *line, const char *key) {
    line_add_char(line, line->fields == 0 ? ' ' : ',');
    line->fields++;
    line_add_word(line, key, ",= ");
    line_add_char(line, '=');
}

void line_number(struct line *line, const char *key, double value) {
    char text[NUMBER_SIZE];
    line_field(line, key);
    line_add(line, text, number_write(value, text));
}

void line_integer(struct line *line, const char *key, int64_t value) {
    char text[NUMBER_SIZE];
    line_field(line, key);
    line_add(line, text, number_write_integer(value, text));
    line_add_char(line, 'i');
}

void line_truth(struct line *line, const char *key, bool value) {
    line_field(line, key);
    line_add_char(line, value ? 't' : 'f');
}

void line_text(struct line *line, const char *key, const char *value) {
    line_field(line, key);
    line_add_char(line, '"');
    for (const char *c = value; *c != '\0'; c++) {
        if (is_control(*c)) {
            line->refused = true;
        }
        if (*c == '"' || *c == '\\') {
            line_add_char(line, '\\');
        }
        line_add_char(line, *c);
    }
    line_add_char(line, '"');
}

size_t line_end(struct line *line, struct wall time, enum line_unit unit) {
    char text[NUMBER_SIZE];
    line_add_char(line, ' ');
    line_add(line, text,
             number_write_integer(unit == LINE_MS ? time.ns / NS_IN_MS : time.ns, text));
    line_add_char(line, '\n');
    return line->refused || line->fields == 0 ? 0 : line->len;
}

const char *line_precision(enum line_unit unit) {
    switch (unit) {
    case LINE_MS:
        return "ms";
    case LINE_NS:
        return "ns";
    }
    return "ns";
}
