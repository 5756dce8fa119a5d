/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz target: what goes to a database, and what comes back
 *
 * The first byte says which part gets the others: any words as a line, which then reads back as it
 * was; any bytes as the body of an event, as a packed record, as an answer; any answers to a shipment,
 * of which each line ends once.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/replay/history_line.h"
#include "gateway/uplink/database/event_line.h"
#include "gateway/uplink/database/gzip.h"
#include "gateway/uplink/database/shipment.h"

enum { TEXT_MAX = 4096, WORDS = 5, LINES_MAX = 256, TURNS_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool claim) {
    if (!claim) {
        abort();
    }
}

/* The next word of the input: up to a NUL, or its end; a string of its exact length. */
static char *take_word(const uint8_t **data, size_t *size) {
    size_t len = strnlen((const char *)*data, *size);
    char *word = malloc(len + 1);
    check(word != NULL);
    memcpy(word, *data, len);
    word[len] = '\0';
    *data += len + (len < *size);
    *size -= len + (len < *size);
    return word;
}

/* Is it one line? */
static void check_line(const char *text, size_t size) {
    check(text[size - 1] == '\n' && memchr(text, '\n', size - 1) == NULL);
    check(memchr(text, '\0', size) == NULL);
}

static void fuzz_line(const uint8_t *data, size_t size) {
    double value = 0;
    int64_t ns = 0;
    char text[TEXT_MAX];
    char *words[WORDS];
    struct line line;
    if (size < sizeof value + sizeof ns) {
        return;
    }
    memcpy(&value, data, sizeof value);
    memcpy(&ns, data + sizeof value, sizeof ns);
    data += sizeof value + sizeof ns;
    size -= sizeof value + sizeof ns;
    for (int i = 0; i < WORDS; i++) {
        words[i] = take_word(&data, &size);
    }
    bool sound = isfinite(value);
    line_begin(&line, text, sizeof text, words[0]);
    if (strcmp(words[1], "point") < 0 && words[1][0] != '\0') {
        line_tag(&line, words[1], words[2]);
    }
    line_tag(&line, "point", words[3]);
    line_text(&line, "say", words[4]);
    if (sound) {
        line_number(&line, "value", value);
    }
    line_integer(&line, "quality", 3);
    size_t written = line_end(&line, (struct wall){ns}, LINE_NS);
    if (written > 0) {
        struct history_line back;
        struct history_error error;
        check_line(text, written);
        enum history_sort sort = history_line_parse(text, written - 1, &back, &error);
        bool short_words = strlen(words[0]) < sizeof back.measurement &&
                           strlen(words[1]) < sizeof back.point &&
                           strlen(words[3]) < sizeof back.point;
        bool data_line = strcmp(words[0], "event") != 0 && short_words && words[3][0] != '\0' &&
                         ns >= INT64_C(1000000000000000000);
        if (data_line && sort == HISTORY_DATA) {
            check(strcmp(back.measurement, words[0]) == 0 && strcmp(back.point, words[3]) == 0);
            check(!sound || memcmp(&back.value, &value, sizeof value) == 0);
            check(back.quality == 3 && back.wall.ns == ns);
        }
        check(!data_line || sort == HISTORY_DATA);
    }
    for (int i = 0; i < WORDS; i++) {
        free(words[i]);
    }
}

static void fuzz_event(const uint8_t *data, size_t size) {
    static char text[EVENT_LINE_SIZE];
    const struct event_line_source source = {.site = "s", .gateway = "g"};
    char *body = malloc(size + 1);
    check(body != NULL);
    memcpy(body, data, size);
    body[size] = '\0';
    const struct journal_row row = {
        .seq = 1, .wall = {7}, .type = "alarm.raised", .body = body, .body_size = size};
    size_t written = event_line_write(&source, &row, text);
    if (written > 0 && written != EVENT_LINE_UNREADABLE) {
        struct history_line back;
        struct history_error error;
        check_line(text, written);
        check(history_line_parse(text, written - 1, &back, &error) == HISTORY_NONE);
    }
    free(body);
}

static void fuzz_packed(const uint8_t *data, size_t size) {
    char *text;
    size_t text_size;
    unsigned char *bytes;
    size_t packed;
    if (gzip_unpack(data, size, TEXT_MAX, &text, &text_size) == 0) {
        check(text_size > 0 && text_size <= TEXT_MAX && text[text_size] == '\0');
        free(text);
    }
    if (size > 0 && size <= TEXT_MAX) {
        check(gzip_pack((const char *)data, size, &bytes, &packed) == 0);
        check(gzip_unpack(bytes, packed, TEXT_MAX, &text, &text_size) == 0);
        check(text_size == size && memcmp(text, data, size) == 0);
        free(text);
        free(bytes);
    }
}

static void fuzz_answer(const uint8_t *data, size_t size) {
    char reason[64];
    long status = size > 0 ? data[0] * 3 : 0;
    const uint8_t *rest = data + (size > 0);
    size_t left = size - (size > 0);
    char *text = take_word(&rest, &left);
    check(answer_of(status, text) <= ANSWER_REFUSED);
    (void)answer_dropped(text);
    answer_reason(status, text, reason, sizeof reason);
    check(memchr(reason, '\0', sizeof reason) != NULL && strchr(reason, '\n') == NULL);
    free(text);
}

static bool ended[LINES_MAX];

static void line_ends(const char *line) {
    check(!ended[(unsigned char)line[0]]);
    ended[(unsigned char)line[0]] = true;
}

static void on_refused(void *context, const char *line, size_t size) {
    (void)context;
    check(size == 2 && line[1] == '\n');
    line_ends(line);
}

/* Lines of one byte each, other than the feed; each next byte is an answer. */
static void fuzz_shipment(const uint8_t *data, size_t size) {
    char text[2 * LINES_MAX];
    size_t count = size > 0 ? data[0] % 200 + 1u : 0;
    struct shipment shipment;
    if (count == 0) {
        return;
    }
    memset(ended, 0, sizeof ended);
    for (size_t i = 0; i < count; i++) {
        text[2 * i] = (char)(i + 20);
        text[2 * i + 1] = '\n';
    }
    shipment_begin(&shipment, text, 2 * count);
    for (size_t i = 1; i < size && i < TURNS_MAX; i++) {
        struct line_range part = shipment_next(&shipment, 2 + 2 * (size_t)(data[i] >> 3));
        enum answer answer = (enum answer)(data[i] % (ANSWER_REFUSED + 1));
        check(part.begin < part.end && part.end <= 2 * count);
        for (size_t at = part.begin;
             at < part.end && (answer == ANSWER_TAKEN || answer == ANSWER_TOO_OLD); at += 2) {
            line_ends(text + at);
        }
        enum shipment_step step =
            shipment_answered(&shipment, answer, (data[i] & 64) != 0, on_refused, NULL);
        if (step == SHIPMENT_FAILED) {
            /* What waits may be sent twice, and is never forgotten. */
            size_t begin = shipment_next(&shipment, SIZE_MAX).begin;
            for (size_t at = begin; at < 2 * count; at += 2) {
                ended[(unsigned char)text[at]] = false;
            }
        } else if (step == SHIPMENT_OVER) {
            for (size_t at = 0; at < 2 * count; at += 2) {
                check(ended[(unsigned char)text[at]]);
            }
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const parts[])(const uint8_t *data, size_t size) = {
        fuzz_line, fuzz_event, fuzz_packed, fuzz_answer, fuzz_shipment};
    if (size > 0) {
        parts[data[0] % (sizeof parts / sizeof *parts)](data + 1, size - 1);
    }
    return 0;
}
