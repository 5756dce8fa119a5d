/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/cmocka.h"

bool note_is_english(const char *note) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    bool is_quoted = false;
    for (const char *at = note; *at != '\0'; at++) {
        if (strncmp(at, "test begin", 10) == 0 || strncmp(at, "test end", 8) == 0) {
            at += strlen("test "); /* acts, as one writes them */
        }
        size_t first = strspn(at, letters);
        if (!is_quoted && first >= 2 && at[first] == ' ' && strspn(at + first + 1, letters) >= 2) {
            return true;
        }
        is_quoted = is_quoted != (*at == '`');
        at += first > 0 ? first - 1 : 0;
    }
    return false;
}

/* What is said in a line; NULL for one that shows the file. */
static const char *line_note(const char *line) {
    static const char *const heads[] = {"错误：",  "警告：",    "提示：", "  建议：",
                                        "error: ", "warning: ", "note: ", "  hint: "};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        const char *at = strstr(line, heads[i]);
        if (at != NULL && (at == line || at[-1] == ' ')) {
            return at + strlen(heads[i]);
        }
    }
    return NULL;
}

void notes_assert_chinese(const char *printed) {
    char *text = strdup(printed);
    char *rest = NULL;
    assert_non_null(text);
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        const char *note = line_note(line);
        if (note != NULL && note_is_english(note)) {
            fail_msg("English for who reads Chinese: %s", note);
        }
    }
    free(text);
}

static char *notes_in(const struct config_result *result, enum site_language language) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    config_print(result, language, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

char *notes_of(const struct config_result *result) {
    char *chinese = notes_in(result, LANGUAGE_ZH);
    notes_assert_chinese(chinese);
    free(chinese);
    return notes_in(result, LANGUAGE_EN);
}
