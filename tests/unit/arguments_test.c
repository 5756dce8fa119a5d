/* SPDX-License-Identifier: Apache-2.0 */

/* A command of every kind of option, and what it makes of words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/arguments.h"
#include "tests/support/cmocka.h"

/* The English words, and others for the reader of Chinese. */
#define BOTH(text)                                                                                 \
    {                                                                                              \
        { "中文 " text, text }                                                                     \
    }

enum { WORDS_MAX = 2 * ARGUMENTS_SETTINGS_MAX + 4 };

struct taken {
    const char *file;
    const char *text;
    bool flag, untold;
    struct arguments_settings settings;
    enum site_language language;
    struct clock_origin clock;
    char said[1024]; /* on standard output and error */
};

/* Parse words that are parted by spaces, after the command's own. */
static enum arguments_end taken_from(struct taken *ret, const char *words, bool needs_file) {
    const struct arguments_option options[] = {
        {.name = "text", .word = "WORD", .help = BOTH("a text"), .text = &ret->text},
        {.name = "flag", .help = BOTH("so it is,\nor not"), .flag = &ret->flag},
        {.name = "untold", .flag = &ret->untold},
        ARGUMENTS_SET(&ret->settings),
        ARGUMENTS_LANGUAGE(&ret->language),
        ARGUMENTS_CLOCK(&ret->clock),
    };
    static const struct arguments_words usage = BOTH("Usage: tocsin play FILE\n");
    static const struct arguments_words closing = BOTH("exit code 0\n");
    const struct arguments_form form = {
        .command = "play",
        .usage = &usage,
        .closing = &closing,
        .operands_min = needs_file ? 1 : 0,
        .operands_max = 1,
        .missing = BOTH("it needs a file"),
        .surplus = BOTH("it takes one file"),
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    static char copy[8192]; /* outlives the call, as main()'s words do */
    char *argv[WORDS_MAX + 1] = {"play"};
    int argc = 1;
    *ret = (struct taken){.file = "untouched"};
    assert_true(snprintf(copy, sizeof copy, "%s", words) < (int)sizeof copy);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(argc < WORDS_MAX);
        argv[argc++] = word;
    }
    FILE *said = tmpfile();
    assert_non_null(said);
    (void)fflush(NULL);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    (void)dup2(fileno(said), STDOUT_FILENO);
    (void)dup2(fileno(said), STDERR_FILENO);
    char **operands = NULL;
    enum arguments_end end = arguments_parse(&form, argc, argv, &operands);
    ret->file = operands[0];
    (void)fflush(NULL);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(err, STDERR_FILENO);
    (void)close(out);
    (void)close(err);
    rewind(said);
    ret->said[fread(ret->said, 1, sizeof ret->said - 1, said)] = '\0';
    assert_int_equal(fclose(said), 0);
    return end;
}

static void every_kind_of_option_finds_its_place(void **state) {
    (void)state;
    struct taken taken;
    assert_int_equal(
        taken_from(&taken,
                   "--flag --untold --set a=1 site.yaml --text=word --set b=2 --lang zh "
                   "--clock 2026-11-22T07:00:00+08:00@10",
                   true),
        ARGUMENTS_GO_ON);
    assert_string_equal(taken.file, "site.yaml");
    assert_string_equal(taken.text, "word");
    assert_string_equal(taken.settings.list[0], "a=1");
    assert_string_equal(taken.settings.list[1], "b=2");
    assert_true(taken.flag && taken.untold && taken.language == LANGUAGE_ZH);
    assert_int_equal(taken.clock.rate, 10);
    assert_int_equal(taken.settings.count, 2);
    assert_string_equal(taken.said, "");
}

static void what_is_wrong_is_said_with_the_word_that_is_to_blame(void **state) {
    (void)state;
    static const struct {
        const char *words, *said;
    } rows[] = {
        {"", "it needs a file"},
        {"a b", "it takes one file"},
        {"a --other", "there is no such option: --other"},
        {"a -x", "there is no such option: -x"},
        {"a --text", "this option needs a value: --text"},
        {"a --flag=1", "this option takes no value: --flag=1"},
        {"a --lang fr", "--lang is zh or en, not: fr"},
        {"a --clock noon", "--clock is START@RATE with a RATE of 1 to 60, such as "
                           "2026-11-22T07:00:00+08:00@10, not: noon"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct taken taken;
        char line[256];
        (void)snprintf(line, sizeof line, "tocsin play: %s; see tocsin play --help\n",
                       rows[i].said);
        assert_int_equal(taken_from(&taken, rows[i].words, true), ARGUMENTS_USAGE);
        assert_string_equal(taken.said, line);
    }
}

static void help_is_made_of_the_options_whatever_else_is_wrong(void **state) {
    (void)state;
    static const char *const rows[] = {"--help", "-h", "a b --help", "--help --other"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct taken taken;
        assert_int_equal(taken_from(&taken, rows[i], true), ARGUMENTS_HELP);
        assert_string_equal(
            taken.said,
            "Usage: tocsin play FILE\n"
            "\n"
            "  --text WORD         a text\n"
            "  --flag              so it is,\n"
            "                      or not\n"
            "  --set PATH=VALUE    override a scalar of the site file (repeatable), for "
            "example\n"
            "                      --set "
            "devices.care-io.address=tcp://127.0.0.1:1602\n"
            "  --lang zh|en        language of what is printed (default from LANG)\n"
            "  --clock START@RATE  begin at START (2026-11-22T07:00:00+08:00) and run "
            "RATE (1...60) times\n"
            "                      as fast\n"
            "\n"
            "exit code 0\n");
    }
}

static void help_and_what_is_wrong_are_said_in_the_language_of_the_reader(void **state) {
    struct taken help, wrong, unknown;
    (void)state;
    assert_int_equal(setenv("LC_ALL", "zh_CN.UTF-8", 1), 0);
    enum arguments_end helped = taken_from(&help, "--help", true);
    enum arguments_end ended = taken_from(&wrong, "a b", true);
    (void)taken_from(&unknown, "a --other", true);
    assert_int_equal(setenv("LC_ALL", "C", 1), 0);
    assert_int_equal(helped, ARGUMENTS_HELP);
    assert_int_equal(ended, ARGUMENTS_USAGE);
    assert_non_null(strstr(help.said, "中文 Usage: tocsin play FILE\n\n"
                                      "  --text WORD         中文 a text\n"));
    assert_non_null(strstr(help.said, "输出语言"));
    assert_non_null(strstr(help.said, "\n\n中文 exit code 0\n"));
    assert_string_equal(wrong.said,
                        "tocsin play：中文 it takes one file；请看 tocsin play --help\n");
    assert_string_equal(unknown.said,
                        "tocsin play：没有此选项：--other；请看 tocsin play --help\n");
}

static void a_file_that_need_not_be_there_need_not(void **state) {
    (void)state;
    struct taken taken;
    assert_int_equal(taken_from(&taken, "--flag", false), ARGUMENTS_GO_ON);
    assert_null(taken.file);
    assert_int_equal(taken_from(&taken, "a b", false), ARGUMENTS_USAGE);
}

static void one_setting_too_many_is_refused(void **state) {
    (void)state;
    struct taken taken;
    char words[8192];
    size_t len = (size_t)snprintf(words, sizeof words, "site.yaml");
    for (int i = 0; i < ARGUMENTS_SETTINGS_MAX; i++) {
        len += (size_t)snprintf(words + len, sizeof words - len, " --set a=1");
    }
    assert_int_equal(taken_from(&taken, words, true), ARGUMENTS_GO_ON);
    assert_int_equal(taken.settings.count, ARGUMENTS_SETTINGS_MAX);
    (void)snprintf(words + len, sizeof words - len, " --set a=1");
    assert_int_equal(taken_from(&taken, words, true), ARGUMENTS_USAGE);
    assert_string_equal(taken.said, "tocsin play: too many --set; see tocsin play --help\n");
}

static void the_environment_names_the_language_in_its_order(void **state) {
    (void)state;
    (void)unsetenv("LC_ALL");
    (void)unsetenv("LC_MESSAGES");
    (void)unsetenv("LANG");
    assert_int_equal(arguments_environment_language(), LANGUAGE_EN);
    (void)setenv("LANG", "zh_CN.UTF-8", 1);
    assert_int_equal(arguments_environment_language(), LANGUAGE_ZH);
    (void)setenv("LC_MESSAGES", "de_DE.UTF-8", 1);
    assert_int_equal(arguments_environment_language(), LANGUAGE_EN);
    (void)setenv("LC_ALL", "zh_CN.UTF-8", 1);
    assert_int_equal(arguments_environment_language(), LANGUAGE_ZH);
    (void)setenv("LC_ALL", "", 1);
    assert_int_equal(arguments_environment_language(), LANGUAGE_EN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_option_finds_its_place),
        cmocka_unit_test(what_is_wrong_is_said_with_the_word_that_is_to_blame),
        cmocka_unit_test(help_is_made_of_the_options_whatever_else_is_wrong),
        cmocka_unit_test(help_and_what_is_wrong_are_said_in_the_language_of_the_reader),
        cmocka_unit_test(a_file_that_need_not_be_there_need_not),
        cmocka_unit_test(one_setting_too_many_is_refused),
        cmocka_unit_test(the_environment_names_the_language_in_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
