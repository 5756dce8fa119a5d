/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/scribe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/number.h"

static void scribe_bytes(struct scribe *scribe, const char *bytes, size_t len) {
    if (scribe->full || len > scribe->size - scribe->used) {
        scribe->full = true;
        return;
    }
    memcpy(scribe->at + scribe->used, bytes, len);
    scribe->used += len;
}

void scribe_raw(struct scribe *scribe, const char *text) {
    scribe_bytes(scribe, text, strlen(text));
}

/*
 * Bytes of the UTF-8 character at `text`, 1…4; 0 when it is none: cut short, over-long, a
 * surrogate, or beyond U+10FFFF (Unicode 15, table 3-7).
 */
static size_t scribe_character(const unsigned char *text) {
    unsigned char first = text[0];
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t len;
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        len = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        len = 3;
        low = first == 0xe0 ? 0xa0 : 0x80;
        high = first == 0xed ? 0x9f : 0xbf;
    } else if (first >= 0xf0 && first <= 0xf4) {
        len = 4;
        low = first == 0xf0 ? 0x90 : 0x80;
        high = first == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if (text[i] < low || text[i] > high) {
            return 0;
        }
        low = 0x80;
        high = 0xbf;
    }
    return len;
}

/* Write the JSON form of the character at `text` and say how far to move on. */
static size_t scribe_escape(const char *text, char ret[8]) {
    size_t len = scribe_character((const unsigned char *)text);
    unsigned char first = (unsigned char)text[0];
    if (len == 0) {
        memcpy(ret, "\xef\xbf\xbd", 4);
        return 1;
    }
    if (first == '"' || first == '\\') {
        (void)snprintf(ret, 8, "\\%c", first);
    } else if (first == '\n') {
        memcpy(ret, "\\n", 3);
    } else if (first == '\t') {
        memcpy(ret, "\\t", 3);
    } else if (first < 0x20 || first == 0x7f) {
        (void)snprintf(ret, 8, "\\u%04x", first);
    } else {
        memcpy(ret, text, len);
        ret[len] = '\0';
    }
    return len;
}

void scribe_string(struct scribe *scribe, const char *text, size_t most) {
    char escaped[8];
    size_t written = 0;
    scribe_raw(scribe, "\"");
    while (*text != '\0') {
        size_t len = scribe_escape(text, escaped);
        written += strlen(escaped);
        if (written > most) {
            break;
        }
        scribe_raw(scribe, escaped);
        text += len;
    }
    scribe_raw(scribe, "\"");
}

void scribe_number(struct scribe *scribe, double value) {
    char text[NUMBER_SIZE];
    (void)number_write(value, text);
    scribe_raw(scribe, text);
}

void scribe_count(struct scribe *scribe, uint64_t value) {
    char text[NUMBER_SIZE];
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    scribe_raw(scribe, text);
}
