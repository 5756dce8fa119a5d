/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Notes in Chinese: those that the cases of tests/config and the rules of tests/expr expect in English, each as it
 * is printed, and what happens to one that is not known. (tests/build/chinese holds the pairs to the sources.)
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/config/config_chinese.h"
#include "rules/expr.h"
#include "tests/support/cmocka.h"
#include "tests/support/notes.h"

static char chinese[CONFIG_CHINESE_SIZE];

static void assert_chinese(const char *english, const char *expected) {
    assert_string_equal(config_chinese(english, chinese), expected);
}

static void what_stands_in_a_note_is_put_where_its_chinese_has_it(void **state) {
    (void)state;
    assert_chinese("there is no `lamp` in care", "care 中没有 `lamp`");
    assert_chinese("poll must be from 10 ms to 1 d", "poll 须在 10 ms 到 1 d 之间");
    assert_chinese("threshold must be from 1 % to 50 %", "threshold 须在 1 % 到 50 % 之间");
}

static void what_stands_in_a_note_is_chinese_too(void **state) {
    (void)state;
    assert_chinese("`x` is not a key of a step of a chain", "`x` 不是升级链的一步的键");
    assert_chinese("`5` is a plain number and `value` is a temperature: they cannot be compared; "
                   "write a number with a unit such as `°C`",
                   "`5` 是纯数，`value` 是温度：不能比较；请写带单位的数，如 `°C`");
    assert_chinese("no rule reads `smoke` in care/room, hall and 3 more: nobody is called when it "
                   "reports",
                   "没有规则读取 care/room, hall 和另外 3 个 的 `smoke`：它报告时不会呼叫任何人");
}

/* A key, a place, a shift: what is called like a word of ours is looked for in the file by its name. */
static void a_name_that_is_one_of_our_words_stays(void **state) {
    (void)state;
    assert_chinese("`rules` is given twice", "`rules` 写了两次");
    assert_chinese("`a role` is not a role", "`a role` 不是角色");
    assert_chinese("there is no `point` in rules", "rules 中没有 `point`");
    assert_chinese("there is no `point` in the site", "整个站点 中没有 `point`");
}

static void what_nobody_has_translated_stays_as_it_is(void **state) {
    (void)state;
    assert_chinese("the moon is full", "the moon is full");
    assert_chinese("", "");
}

/* A text of a stranger can neither keep us busy nor overrun what it is written into. */
static void a_long_text_stays_whole(void **state) {
    (void)state;
    static char text[5000];
    for (size_t i = 0; i < sizeof text - 1; i++) {
        text[i] = "` is a "[i % 7];
    }
    memcpy(text, "`", 1);
    assert_true(config_chinese(text, chinese) == text);
    (void)snprintf(text, sizeof text, "there is no place `%04000d`", 0);
    assert_true(config_chinese(text, chinese) == text);
}

static void assert_in_chinese(const char *where, const char *note) {
    const char *said = config_chinese(note, chinese);
    if (said == note || note_is_english(said)) {
        fail_msg("%s: no Chinese for: %s", where, said);
    }
}

/* The note in a line of a case, as it is printed, or of a rule that is to be refused with all of it; or NULL. */
static char *note_in(char *line) {
    static const char *const words[] = {"error: ", "warning: ", "note: "};
    static const char exact[] = "# expect: error exactly: ";
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "  hint: ", 8) == 0) {
        return line + 8;
    }
    char *rule = strstr(line, "# expect: ");
    if (line[0] == '#') {
        return NULL; /* what the case is about */
    } else if (rule != NULL) {
        return strncmp(rule, exact, sizeof exact - 1) == 0 ? rule + sizeof exact - 1 : NULL;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char *at = strstr(line, words[i]);
        if (at != NULL && (at == line || at[-1] == ' ')) {
            return at + strlen(words[i]);
        }
    }
    return NULL;
}

/* Returns how many notes there were. */
static uint32_t file_notes(const char *path) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *line = NULL;
    size_t room = 0;
    uint32_t count = 0;
    while (getline(&line, &room, file) >= 0) {
        char *note = note_in(line);
        if (note != NULL) {
            assert_in_chinese(path, note);
        }
        count += note != NULL;
    }
    free(line);
    (void)fclose(file);
    return count;
}

static uint32_t directory_count(const char *directory, const char *suffix,
                                uint32_t (*count_in)(const char *path)) {
    DIR *entries = opendir(directory);
    assert_non_null(entries);
    uint32_t count = 0;
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        const char *end = strrchr(entry->d_name, '.');
        char path[512];
        if (end != NULL && strcmp(end, suffix) == 0) {
            (void)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
            count += count_in(path);
        }
    }
    (void)closedir(entries);
    return count;
}

static void every_note_that_a_test_knows_is_there_in_chinese(void **state) {
    (void)state;
    assert_in_range(directory_count(TEST_SOURCE_DIR "/tests/config", ".case", file_notes), 300,
                    100000);
    assert_in_range(directory_count(TEST_SOURCE_DIR "/tests/expr", ".rule", file_notes), 80,
                    100000);
}

/* Whatever is wrong with an expression in one rule or another. Returns how often it was. */
static uint32_t expression_errors(const char *path, const char *text, size_t len) {
    static const struct expr_scope scopes[] = {
        {.each = EXPR_EACH_POINT, .kinds = 1ull << POINT_SMOKE},
        {.each = EXPR_EACH_POINT, .kinds = 1ull << POINT_TEMPERATURE},
        {.each = EXPR_EACH_POINT, .kinds = 1ull << POINT_ACCESS_READER},
        {.each = EXPR_EACH_POINT, .kinds = 1ull << POINT_SMOKE | 1ull << POINT_TEMPERATURE},
        {.each = EXPR_EACH_PLACE},
    };
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
        struct expr_program program;
        struct expr_error error;
        if (!expr_compile(text, len, &scopes[i], &program, &error)) {
            assert_in_chinese(path, error.message);
            count++;
        }
    }
    return count;
}

/* The expressions of a file: lines that begin with two spaces, up to a comment. */
static uint32_t file_expression_errors(const char *path) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *line = NULL;
    size_t room = 0;
    uint32_t count = 0;
    while (getline(&line, &room, file) >= 0) {
        if (strncmp(line, "  ", 2) == 0) {
            count += expression_errors(path, line + 2, strcspn(line + 2, "#\n"));
        }
    }
    free(line);
    (void)fclose(file);
    return count;
}

static void an_expression_that_is_wrong_in_any_rule_is_told_in_chinese(void **state) {
    (void)state;
    assert_in_range(directory_count(TEST_SOURCE_DIR "/tests/expr", ".rule", file_expression_errors),
                    500, 100000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_in_a_note_is_put_where_its_chinese_has_it),
        cmocka_unit_test(what_stands_in_a_note_is_chinese_too),
        cmocka_unit_test(a_name_that_is_one_of_our_words_stays),
        cmocka_unit_test(what_nobody_has_translated_stays_as_it_is),
        cmocka_unit_test(a_long_text_stays_whole),
        cmocka_unit_test(every_note_that_a_test_knows_is_there_in_chinese),
        cmocka_unit_test(an_expression_that_is_wrong_in_any_rule_is_told_in_chinese),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
