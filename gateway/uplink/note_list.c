/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/note_list.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/uplink/note_file.h"

/* All of them, each with its newline. */
enum { FILE_SIZE_MAX = NOTE_LIST_MAX * (NOTE_LIST_TEXT_MAX + 1) };

static void note_list_add(struct note_list *list, const char *text,
                          bool (*is_good)(const char *text)) {
    for (uint32_t i = 0; i < list->count; i++) {
        if (strcmp(list->texts[i], text) == 0) {
            return;
        }
    }
    if (list->count < NOTE_LIST_MAX && strlen(text) <= NOTE_LIST_TEXT_MAX && is_good(text)) {
        memcpy(list->texts[list->count++], text, strlen(text) + 1);
    }
}

/* Add the lines of a file's text, which is changed. */
static void note_list_parse(struct note_list *list, char *text, bool (*is_good)(const char *text)) {
    char *rest = text;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        note_list_add(list, line, is_good);
    }
}

static void note_list_format(const struct note_list *list, char ret[FILE_SIZE_MAX + 1]) {
    size_t len = 0;
    ret[0] = '\0';
    for (uint32_t i = 0; i < list->count; i++) {
        len += (size_t)snprintf(ret + len, FILE_SIZE_MAX + 1 - len, "%s\n", list->texts[i]);
    }
}

int note_list_take(const char *state_directory, const char *name, const char *used,
                   bool (*is_good)(const char *text), struct note_list *ret) {
    char path[NOTE_FILE_PATH_SIZE];
    char before[FILE_SIZE_MAX + 1];
    char lines[FILE_SIZE_MAX + 1];
    char text[FILE_SIZE_MAX + 1];
    *ret = (struct note_list){0};
    if (used != NULL) {
        assert(is_good(used));
        note_list_add(ret, used, is_good);
    }
    int r = err_trace(note_file_path(state_directory, name, path));
    if (r != 0) {
        return r;
    }
    note_file_read(path, before, sizeof before);
    memcpy(lines, before, sizeof lines);
    note_list_parse(ret, lines, is_good);
    note_list_format(ret, text);
    return ret->count == 0 || strcmp(text, before) == 0 ? 0
                                                        : err_trace(note_file_write(path, text));
}
