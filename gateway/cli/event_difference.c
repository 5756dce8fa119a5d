/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/event_difference.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 128 };

struct difference {
    const struct reader *reader;
    bool but_time;
};

/* A value as it is told: a text plain, nothing where there is none. */
static void difference_value(const struct reader *reader, const json_t *value) {
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    const char *plain = json_string_value(value);
    reader_put(reader, TONE_PLAIN, plain != NULL ? plain : text != NULL ? text : "–");
    free(text);
}

static void difference_line(const struct reader *reader, const char *path, const json_t *before,
                            const json_t *after) {
    reader_put(reader, TONE_PLAIN, "    ");
    reader_put(reader, TONE_DIM, path);
    reader_put(reader, TONE_PLAIN, ": ");
    difference_value(reader, before);
    reader_put(reader, TONE_PLAIN, " → ");
    difference_value(reader, after);
    (void)fputc('\n', reader->out);
}

static bool difference_is_time(const char *key) {
    return strcmp(key, "time") == 0 || strcmp(key, "monotonicms") == 0 ||
           strcmp(key, "measured") == 0;
}

static void difference_objects(const struct difference *difference, const char *path,
                               const json_t *before, const json_t *after);

/* One member; `path` is the one of what it is a member of, "" for the event and its data. */
static void difference_member(const struct difference *difference, const char *path,
                              const char *key, const json_t *before, const json_t *after) {
    const struct reader *reader = difference->reader;
    char own[PATH_SIZE];
    if (json_equal(before, after) || (difference->but_time && difference_is_time(key))) {
        return;
    }
    (void)snprintf(own, sizeof own, "%s%s%s", path, path[0] != '\0' ? "." : "", key);
    if (!json_is_object(before) || !json_is_object(after)) {
        difference_line(reader, own, before, after);
        return;
    }
    const char *word = reader_text(reader, "zh", "en");
    json_t *was = json_object_get(before, word);
    json_t *is = json_object_get(after, word);
    if (was != NULL && is != NULL && !json_equal(was, is)) {
        difference_line(reader, own, was, is);
    } else {
        difference_objects(difference, strcmp(own, "data") == 0 ? "" : own, before, after);
    }
}

static void difference_objects(const struct difference *difference, const char *path,
                               const json_t *before, const json_t *after) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)before, key, value) {
        difference_member(difference, path, key, value, json_object_get(after, key));
    }
    json_object_foreach((json_t *)after, key, value) {
        if (json_object_get(before, key) == NULL) {
            difference_member(difference, path, key, NULL, value);
        }
    }
}

void event_difference_print(const struct reader *reader, const json_t *before, const json_t *after,
                            bool but_time) {
    const struct difference difference = {.reader = reader, .but_time = but_time};
    difference_objects(&difference, "", before, after);
}
