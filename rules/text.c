/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/text.h"

#include <assert.h>
#include <string.h>

static const char ellipsis[] = "…";

/* The longest beginning of `bytes` that is at most `max` long and ends between two characters. */
static size_t text_fitting(const char *bytes, size_t len, size_t max) {
    if (len <= max) {
        return len;
    }
    while (max > 0 && ((unsigned char)bytes[max] & 0xc0) == 0x80) {
        max--;
    }
    return max;
}

void text_init(struct text *text, char *buffer, size_t size) {
    assert(size >= sizeof ellipsis);
    *text = (struct text){.at = buffer, .size = size};
    buffer[0] = '\0';
}

void text_add(struct text *text, const char *words) {
    text_add_bytes(text, words, strlen(words));
}

void text_add_bytes(struct text *text, const char *bytes, size_t len) {
    if (text->cut) {
        return;
    }
    if (len > text->size - 1 - text->len) {
        /* The mark needs room of its own, which may have to come from what is already there. */
        size_t room = text->size - sizeof ellipsis;
        if (text->len > room) {
            text->len = text_fitting(text->at, text->len, room);
        }
        size_t part = text_fitting(bytes, len, room - text->len);
        memcpy(text->at + text->len, bytes, part);
        memcpy(text->at + text->len + part, ellipsis, sizeof ellipsis);
        text->len += part + sizeof ellipsis - 1;
        text->cut = true;
        return;
    }
    memcpy(text->at + text->len, bytes, len);
    text->len += len;
    text->at[text->len] = '\0';
}

void text_add_written(struct text *text, const char *bytes, size_t len) {
    size_t part = text_fitting(bytes, len, TEXT_QUOTED_MAX);
    size_t first = text->len;
    text_add_bytes(text, bytes, part);
    for (size_t i = first; i < text->len; i++) {
        if ((unsigned char)text->at[i] < ' ') {
            text->at[i] = ' ';
        }
    }
    if (part < len) {
        text_add(text, ellipsis);
    }
}

void text_add_quoted(struct text *text, const char *bytes, size_t len) {
    text_add(text, "`");
    text_add_written(text, bytes, len);
    text_add(text, "`");
}

void text_add_word(struct text *text, const char *word) {
    text_add(text, "`");
    text_add(text, word);
    text_add(text, "`");
}

void text_add_count(struct text *text, uint64_t count) {
    char digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + count % 10);
        count /= 10;
    } while (count > 0);
    text_add_bytes(text, digits + first, sizeof digits - first);
}
