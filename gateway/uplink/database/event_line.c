/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/database/event_line.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

enum { STATE_SIZE = 160 };

/* A string of the object, "" where it has none. */
static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* The axes that are set, in the order that they are written in; "none" is what is not suppressed. */
static void state_write(json_t *state, char ret[STATE_SIZE]) {
    const char *key;
    json_t *value;
    size_t len = 0;
    ret[0] = '\0';
    json_object_foreach(state, key, value) {
        const char *word = json_is_true(value) ? key : json_string_value(value);
        if (word != NULL && strcmp(word, "none") != 0 && len < STATE_SIZE) {
            len += (size_t)snprintf(ret + len, STATE_SIZE - len, "%s%s", len > 0 ? " " : "", word);
        }
    }
}

size_t event_line_write(const struct event_line_source *source, const struct journal_row *row,
                        char ret[EVENT_LINE_SIZE]) {
    json_t *body = json_loadb(row->body, row->body_size, 0, NULL);
    if (body == NULL) {
        return EVENT_LINE_UNREADABLE;
    }
    json_t *data = json_object_get(body, "data");
    json_t *state = json_object_get(data, "state");
    const json_t *text = json_object_get(data, "text");
    struct line line;
    line_begin(&line, ret, EVENT_LINE_SIZE, "event");
    line_tag(&line, "class", text_of(data, "class"));
    line_tag(&line, "entity", text_of(body, "subject"));
    line_tag(&line, "gateway", source->gateway);
    line_tag(&line, "place", text_of(data, "place"));
    line_tag(&line, "priority", text_of(data, "priority"));
    line_tag(&line, "rule", text_of(data, "rule"));
    line_tag(&line, "site", source->site);
    line_tag(&line, "type", row->type);
    line_integer(&line, "seq", (int64_t)row->seq);
    if (json_is_object(state)) {
        char words[STATE_SIZE];
        state_write(state, words);
        line_text(&line, "state", words);
    }
    line_text(&line, "text", text_of(text, "zh"));
    line_text(&line, "text_en", text_of(text, "en"));
    bool timed = strcmp(text_of(body, "clock"), "behind") != 0;
    size_t size = data == NULL || !timed ? 0 : line_end(&line, row->wall, source->unit);
    json_decref(body);
    return size;
}
