/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The table of commands: each word reaches its own function with its own arguments, a word that is
 * none is a usage error with a suggestion. The functions of other parts are played here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/cli/check.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/sim.h"
#include "gateway/supervisor.h"
#include "tests/support/cmocka.h"

static const char *called; /* "run" … with the arguments, of the command that was called last */
static char called_text[128];

static int play(int argc, char **argv, int code) {
    size_t len = 0;
    called_text[0] = '\0';
    for (int i = 0; i < argc; i++) {
        len += (size_t)snprintf(called_text + len, sizeof called_text - len, "%s%s",
                                i == 0 ? "" : " ", argv[i]);
    }
    called = called_text;
    return code;
}

int supervisor_main(int argc, char **argv) {
    return play(argc, argv, 0);
}

int check_main(int argc, char **argv) {
    return play(argc, argv, 1);
}

int sim_main(int argc, char **argv) {
    return play(argc, argv, 2);
}

/* Run `tocsin` with up to four words and standard output and error in `ret`. */
static int run(char *ret, size_t size, const char *a, const char *b, const char *c) {
    char words[4][64] = {"tocsin", "", "", ""};
    char *argv[5] = {words[0], NULL, NULL, NULL, NULL};
    const char *const given[] = {a, b, c};
    int argc = 1;
    for (int i = 0; i < 3 && given[i] != NULL; i++, argc++) {
        (void)snprintf(words[argc], sizeof words[argc], "%s", given[i]);
        argv[argc] = words[argc];
    }
    FILE *file = tmpfile();
    assert_non_null(file);
    (void)fflush(NULL);
    int out = dup(STDOUT_FILENO);
    int err = dup(STDERR_FILENO);
    (void)dup2(fileno(file), STDOUT_FILENO);
    (void)dup2(fileno(file), STDERR_FILENO);
    called = NULL;
    int code = cli_main(argc, argv);
    (void)fflush(NULL);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(err, STDERR_FILENO);
    (void)close(out);
    (void)close(err);
    rewind(file);
    ret[fread(ret, 1, size - 1, file)] = '\0';
    (void)fclose(file);
    return code;
}

static void a_command_gets_its_own_arguments_and_its_exit_code_is_returned(void **state) {
    char text[4096];
    (void)state;
    assert_int_equal(run(text, sizeof text, "run", "site.yaml", "--lang=zh"), 0);
    assert_string_equal(called, "run site.yaml --lang=zh");
    assert_int_equal(run(text, sizeof text, "check", "site.yaml", NULL), 1);
    assert_string_equal(called, "check site.yaml");
    assert_int_equal(run(text, sizeof text, "sim", NULL, NULL), 2);
    assert_string_equal(called, "sim");
}

static void a_word_that_is_no_command_is_a_usage_error_with_a_suggestion(void **state) {
    char text[4096];
    (void)state;
    assert_int_equal(run(text, sizeof text, "evnts", NULL, NULL), 2);
    assert_non_null(strstr(text, "did you mean `events`?"));
    assert_int_equal(run(text, sizeof text, "dance", NULL, NULL), 2);
    assert_null(strstr(text, "did you mean"));
    assert_int_equal(run(text, sizeof text, NULL, NULL, NULL), 2);
    assert_null(called);
    assert_string_equal(cli_suggest("alarm"), "alarms");
    assert_string_equal(cli_suggest("akc"), "ack");
    assert_null(cli_suggest("a-word-of-more-than-fifteen-bytes"));
}

static void help_names_every_command_and_each_has_help_of_its_own(void **state) {
    static const char *const own[] = {"events", "alarms", "points", "ack",
                                      "attend", "reset",  "health", "version"};
    char text[8192];
    (void)state;
    assert_int_equal(run(text, sizeof text, "--help", NULL, NULL), 0);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        char help[4096];
        char usage[64];
        assert_non_null(strstr(text, own[i]));
        (void)snprintf(usage, sizeof usage, "Usage: tocsin %s", own[i]);
        assert_int_equal(run(help, sizeof help, own[i], "--help", NULL), 0);
        assert_memory_equal(help, usage, strlen(usage));
    }
    for (const char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        assert_true(strlen(line) <= 100);
    }
}

static void the_first_screen_speaks_the_language_of_the_reader(void **state) {
    char english[8192], chinese[8192], text[4096];
    (void)state;
    assert_int_equal(run(english, sizeof english, "--help", NULL, NULL), 0);
    assert_non_null(strstr(english, "never replaces it"));
    assert_int_equal(setenv("LC_ALL", "zh_CN.UTF-8", 1), 0);
    int code = run(chinese, sizeof chinese, "--help", NULL, NULL);
    (void)run(text, sizeof text, "evnts", NULL, NULL);
    assert_int_equal(setenv("LC_ALL", "C", 1), 0);
    assert_int_equal(code, 0);
    assert_non_null(strstr(chinese, "绝不能替代"));
    assert_non_null(strstr(text, "没有命令 `evnts`，是否指 `events`？"));
    /* The same commands in the same order, each with words of its own. */
    const char *other = chinese;
    for (const char *line = english; (line = strstr(line, "\n  ")) != NULL; line++) {
        char name[24];
        assert_int_equal(sscanf(line, " %23s", name), 1);
        other = strstr(other, "\n  ");
        assert_non_null(other);
        other += 3;
        assert_memory_equal(other, name, strlen(name));
        const char *end = strchr(other, '\n');
        const char *word = other;
        while (word < end && (unsigned char)*word < 0x80) {
            word++;
        }
        assert_true(word < end);
    }
}

static void an_alarm_is_needed_and_only_one(void **state) {
    char text[4096];
    (void)state;
    assert_int_equal(run(text, sizeof text, "ack", NULL, NULL), 2);
    assert_int_equal(run(text, sizeof text, "ack", "a/b", "c/d"), 2);
    assert_int_equal(run(text, sizeof text, "reset", "no-slash", NULL), 2);
    assert_int_equal(run(text, sizeof text, "events", "word", NULL), 2);
    assert_int_equal(run(text, sizeof text, "points", "a", "b"), 2);
}

int main(void) {
    if (setenv("LC_ALL", "C", 1) != 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_gets_its_own_arguments_and_its_exit_code_is_returned),
        cmocka_unit_test(a_word_that_is_no_command_is_a_usage_error_with_a_suggestion),
        cmocka_unit_test(help_names_every_command_and_each_has_help_of_its_own),
        cmocka_unit_test(the_first_screen_speaks_the_language_of_the_reader),
        cmocka_unit_test(an_alarm_is_needed_and_only_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
