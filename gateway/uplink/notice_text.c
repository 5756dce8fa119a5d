/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/notice_text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "gateway/clock.h"
#include "gateway/zone.h"

static const char ellipsis[] = "…";

void notice_text_cut(const char *text, char *ret, size_t size) {
    size_t len = strlen(text);
    assert(size > sizeof ellipsis);
    if (len < size) {
        memcpy(ret, text, len + 1);
        return;
    }
    len = size - sizeof ellipsis;
    while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) {
        len--; /* what follows the cut must begin a character */
    }
    (void)snprintf(ret, size, "%.*s%s", (int)len, text, ellipsis);
}

/* In one of the languages, the other one where it is missing. */
static const char *text_in(const json_t *texts, enum site_language language) {
    static const char *const keys[] = {[LANGUAGE_ZH] = "zh", [LANGUAGE_EN] = "en"};
    const char *wanted = json_string_value(json_object_get(texts, keys[language]));
    const char *other = json_string_value(
        json_object_get(texts, keys[language == LANGUAGE_ZH ? LANGUAGE_EN : LANGUAGE_ZH]));
    if (wanted != NULL && *wanted != '\0') {
        return wanted;
    }
    return other != NULL ? other : "";
}

static const char *text_priority(const char *name, enum site_language language) {
    static const struct {
        const char *name, *words[LANGUAGE_EN + 1];
    } priorities[] = {
        {"emergency", {"紧急", "EMERGENCY"}},
        {"urgent", {"加急", "URGENT"}},
        {"high", {"重要", "high"}},
        {"low", {"一般", "low"}},
    };
    for (size_t i = 0; i < sizeof priorities / sizeof priorities[0]; i++) {
        if (name != NULL && strcmp(name, priorities[i].name) == 0) {
            return priorities[i].words[language];
        }
    }
    return language == LANGUAGE_ZH ? "告警" : "alarm";
}

static void text_foot(const json_t *event, const json_t *data, enum site_language language,
                      char ret[NOTICE_FOOT_SIZE]) {
    const char *time = json_string_value(json_object_get(event, "time"));
    json_int_t step = json_integer_value(json_object_get(data, "step"));
    json_int_t steps = json_integer_value(json_object_get(data, "steps"));
    char clock[ZONE_TEXT_SIZE] = "--:--";
    struct wall wall;
    if (time != NULL && clock_parse_wall(time, &wall) == 0) {
        zone_format(wall, clock);
    }
    if (step <= 0) {
        (void)snprintf(ret, NOTICE_FOOT_SIZE, "%s", clock);
    } else if (language == LANGUAGE_ZH) {
        (void)snprintf(ret, NOTICE_FOOT_SIZE, "%s · 第 %d 步，共 %d 步", clock, (int)step,
                       (int)steps);
    } else {
        (void)snprintf(ret, NOTICE_FOOT_SIZE, "%s · step %d of %d", clock, (int)step, (int)steps);
    }
}

bool notice_text_read(const char *body, size_t size, enum site_language language,
                      struct notice_text *ret) {
    json_t *event = json_loadb(body, size, 0, NULL);
    const json_t *data = json_object_get(event, "data");
    const char *words = text_in(json_object_get(data, "text"), language);
    bool read = *words != '\0';
    if (read) {
        char title[NOTICE_TITLE_SIZE + 64];
        const char *priority =
            text_priority(json_string_value(json_object_get(data, "priority")), language);
        (void)snprintf(title, sizeof title, language == LANGUAGE_ZH ? "【%s】" : "[%s] ", priority);
        size_t len = strlen(title);
        notice_text_cut(words, title + len, sizeof title - len);
        notice_text_cut(title, ret->title, sizeof ret->title);
        notice_text_cut(text_in(json_object_get(data, "response"), language), ret->response,
                        sizeof ret->response);
        text_foot(event, data, language, ret->foot);
    }
    json_decref(event);
    return read;
}

void notice_text_write(const struct notice_text *text, char *ret, size_t size) {
    char whole[NOTICE_TITLE_SIZE + NOTICE_RESPONSE_SIZE + NOTICE_FOOT_SIZE + 2];
    (void)snprintf(whole, sizeof whole, "%s\n%s%s%s", text->title, text->response,
                   *text->response != '\0' ? "\n" : "", text->foot);
    notice_text_cut(whole, ret, size);
}
