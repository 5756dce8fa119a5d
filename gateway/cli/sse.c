/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/sse.h"

#include <stdlib.h>
#include <string.h>

static void sse_begin_message(struct sse *sse) {
    sse->data_len = 0;
    sse->data[0] = '\0';
    sse->name[0] = '\0';
    sse->id = 0;
    sse->has_data = false;
    sse->too_long = false;
}

void sse_init(struct sse *sse) {
    sse->line_len = 0;
    sse->dropped = 0;
    sse_begin_message(sse);
}

static void sse_add_data(struct sse *sse, const char *value, size_t len) {
    size_t needed = len + (sse->has_data ? 1 : 0);
    if (sse->data_len + needed > SSE_LINE_MAX) {
        sse->too_long = true;
        return;
    }
    if (sse->has_data) {
        sse->data[sse->data_len++] = '\n';
    }
    memcpy(sse->data + sse->data_len, value, len);
    sse->data_len += len;
    sse->data[sse->data_len] = '\0';
    sse->has_data = true;
}

/* One line of a message, ended by NUL. Comments have an empty name and are ignored as unknown. */
static void sse_field(struct sse *sse) {
    char *colon = strchr(sse->line, ':');
    const char *value = "";
    if (colon != NULL) {
        *colon = '\0';
        value = colon[1] == ' ' ? colon + 2 : colon + 1;
    }
    if (strcmp(sse->line, "data") == 0) {
        sse_add_data(sse, value, strlen(value));
    } else if (strcmp(sse->line, "event") == 0 && strlen(value) <= SSE_NAME_MAX) {
        memcpy(sse->name, value, strlen(value) + 1);
    } else if (strcmp(sse->line, "id") == 0) {
        sse->id = strtoull(value, NULL, 10);
    }
}

static bool sse_line(struct sse *sse,
                     bool (*message)(void *context, const struct sse_message *message),
                     void *context) {
    sse->line[sse->line_len] = '\0';
    if (sse->line_len > 0) {
        sse_field(sse);
        return true;
    }
    bool go_on = true;
    if (sse->too_long) {
        sse->dropped++;
    } else if (sse->has_data) {
        const struct sse_message done = {.name = sse->name, .data = sse->data, .id = sse->id};
        go_on = message(context, &done);
    }
    sse_begin_message(sse);
    return go_on;
}

bool sse_feed(struct sse *sse, const char *bytes, size_t size,
              bool (*message)(void *context, const struct sse_message *message), void *context) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            bool go_on = sse_line(sse, message, context);
            sse->line_len = 0;
            if (!go_on) {
                return false;
            }
        } else if (bytes[i] == '\r') {
            continue; /* our console ends lines with LF; a CR before it means nothing */
        } else if (sse->line_len < SSE_LINE_MAX) {
            sse->line[sse->line_len++] = bytes[i];
        } else {
            sse->too_long = true;
        }
    }
    return true;
}
