/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/prefixes.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/uplink/note_file.h"

/* All of them, each with its newline. */
enum { FILE_SIZE_MAX = PREFIXES_MAX * (SITE_PREFIX_LEN_MAX + 1) };

static void prefixes_add(struct prefixes *prefixes, const char *text) {
    for (uint32_t i = 0; i < prefixes->count; i++) {
        if (strcmp(prefixes->texts[i], text) == 0) {
            return;
        }
    }
    if (prefixes->count < PREFIXES_MAX && site_prefix_is_good(text)) {
        memcpy(prefixes->texts[prefixes->count++], text, strlen(text) + 1);
    }
}

/* Add the lines of a file's text, which is changed. */
static void prefixes_parse(struct prefixes *prefixes, char *text) {
    char *rest = text;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        prefixes_add(prefixes, line);
    }
}

static void prefixes_format(const struct prefixes *prefixes, char ret[FILE_SIZE_MAX + 1]) {
    size_t len = 0;
    ret[0] = '\0';
    for (uint32_t i = 0; i < prefixes->count; i++) {
        len += (size_t)snprintf(ret + len, FILE_SIZE_MAX + 1 - len, "%s\n", prefixes->texts[i]);
    }
}

int prefixes_take(const char *state_directory, const char *used, struct prefixes *ret) {
    char path[NOTE_FILE_PATH_SIZE];
    char before[FILE_SIZE_MAX + 1];
    char lines[FILE_SIZE_MAX + 1];
    char text[FILE_SIZE_MAX + 1];
    *ret = (struct prefixes){0};
    if (used != NULL) {
        assert(site_prefix_is_good(used));
        prefixes_add(ret, used);
    }
    int r = err_trace(note_file_path(state_directory, "home_assistant", path));
    if (r != 0) {
        return r;
    }
    note_file_read(path, before, sizeof before);
    memcpy(lines, before, sizeof lines);
    prefixes_parse(ret, lines);
    prefixes_format(ret, text);
    return ret->count == 0 || strcmp(text, before) == 0 ? 0
                                                        : err_trace(note_file_write(path, text));
}
