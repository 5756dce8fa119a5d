/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/arguments.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 16, CODE_FIRST = 256, HELP_INDENT = 2 };

bool arguments_language(const char *text, void *value) {
    enum site_language *language = value;
    bool is_zh = strcmp(text, "zh") == 0;
    *language = is_zh ? LANGUAGE_ZH : LANGUAGE_EN;
    return is_zh || strcmp(text, "en") == 0;
}

bool arguments_clock(const char *text, void *value) {
    return clock_parse(text, value) == 0;
}

enum site_language arguments_environment_language(void) {
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0') {
            return strncmp(value, "zh", 2) == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
        }
    }
    return LANGUAGE_EN;
}

static const char *arguments_own(struct arguments_words words) {
    return words.words[arguments_environment_language()];
}

enum arguments_end arguments_refuse(const char *command, struct arguments_words what,
                                    const char *word) {
    bool chinese = arguments_environment_language() == LANGUAGE_ZH;
    const char *mark = chinese ? "：" : ": ";
    (void)fprintf(stderr, "tocsin %s%s%s%s%s", command, mark, arguments_own(what),
                  word != NULL ? mark : "", word != NULL ? word : "");
    (void)fprintf(stderr, chinese ? "；请看 tocsin %s --help\n" : "; see tocsin %s --help\n",
                  command);
    return ARGUMENTS_USAGE;
}

/* Columns of "--name WORD". */
static int arguments_width(const struct arguments_option *option) {
    return (int)(strlen("--") + strlen(option->name) +
                 (option->word != NULL ? 1 + strlen(option->word) : 0));
}

/* Print an option in its column, and what it does in the next one, line by line. */
static void arguments_print_option(const struct arguments_option *option, int width) {
    const char *line = arguments_own(option->help);
    (void)printf("%*s--%s%s%s%*s", HELP_INDENT, "", option->name, option->word != NULL ? " " : "",
                 option->word != NULL ? option->word : "", width - arguments_width(option), "");
    for (int indent = HELP_INDENT; line != NULL; indent = 2 * HELP_INDENT + width) {
        const char *end = strchr(line, '\n');
        (void)printf("%*s%.*s\n", indent, "", (int)strcspn(line, "\n"), line);
        line = end != NULL ? end + 1 : NULL;
    }
}

static void arguments_print_help(const struct arguments_form *form) {
    int width = 0;
    for (uint32_t i = 0; i < form->option_count; i++) {
        int own =
            arguments_own(form->options[i].help) != NULL ? arguments_width(&form->options[i]) : 0;
        width = own > width ? own : width;
    }
    (void)printf("%s\n", arguments_own(*form->usage));
    for (uint32_t i = 0; i < form->option_count; i++) {
        if (arguments_own(form->options[i].help) != NULL) {
            arguments_print_option(&form->options[i], width);
        }
    }
    if (form->closing != NULL) {
        (void)printf("\n%s", arguments_own(*form->closing));
    }
}

static enum arguments_end arguments_take(const struct arguments_form *form,
                                         const struct arguments_option *option, const char *value) {
    if (option->flag != NULL) {
        *option->flag = true;
    } else if (option->text != NULL) {
        *option->text = value;
    } else if (option->settings != NULL) {
        if (option->settings->count == ARGUMENTS_SETTINGS_MAX) {
            return arguments_refuse(
                form->command, (struct arguments_words){{"--set 过多", "too many --set"}}, NULL);
        }
        option->settings->list[option->settings->count++] = value;
    } else if (!option->read(value, option->value)) {
        return arguments_refuse(form->command, option->wrong, value);
    }
    return ARGUMENTS_GO_ON;
}

/* Nobody is to find nothing in one language where the other says something. */
static void arguments_check_words(struct arguments_words words) {
    assert((words.words[LANGUAGE_ZH] == NULL) == (words.words[LANGUAGE_EN] == NULL));
}

/* What getopt is to know: an option's code is CODE_FIRST plus its place. */
static void arguments_names(const struct arguments_form *form,
                            struct option names[OPTIONS_MAX + 2]) {
    assert(form->option_count <= OPTIONS_MAX);
    arguments_check_words(*form->usage);
    arguments_check_words(form->missing);
    arguments_check_words(form->surplus);
    for (uint32_t i = 0; i < form->option_count; i++) {
        const struct arguments_option *option = &form->options[i];
        assert((option->word == NULL) == (option->flag != NULL));
        arguments_check_words(option->help);
        arguments_check_words(option->wrong);
        names[i] = (struct option){
            .name = option->name,
            .has_arg = option->flag != NULL ? no_argument : required_argument,
            .val = CODE_FIRST + (int)i,
        };
    }
    names[form->option_count] = (struct option){.name = "help", .val = 'h'};
    names[form->option_count + 1] = (struct option){0};
}

/* What is wrong with a word that getopt did not take. */
static struct arguments_words arguments_fault(int code) {
    static const struct arguments_words needs = {{"此选项需要一个值", "this option needs a value"}};
    static const struct arguments_words takes_none = {
        {"此选项不带值", "this option takes no value"}};
    static const struct arguments_words unknown = {{"没有此选项", "there is no such option"}};
    return code == ':' ? needs : optopt >= CODE_FIRST ? takes_none : unknown;
}

enum arguments_end arguments_parse(const struct arguments_form *form, int argc, char **argv,
                                   char ***ret_operands) {
    struct option names[OPTIONS_MAX + 2];
    arguments_names(form, names);
    *ret_operands = argv + argc;
    opterr = 0;
    optind = 0; /* the GNU way to begin anew, whatever was parsed before */
    for (int code = 0; (code = getopt_long(argc, argv, ":h", names, NULL)) != -1;) {
        if (code == 'h') {
            arguments_print_help(form);
            return ARGUMENTS_HELP;
        } else if (code < CODE_FIRST) {
            return arguments_refuse(form->command, arguments_fault(code), argv[optind - 1]);
        }
        enum arguments_end end = arguments_take(form, &form->options[code - CODE_FIRST], optarg);
        if (end != ARGUMENTS_GO_ON) {
            return end;
        }
    }
    uint32_t count = (uint32_t)(argc - optind);
    *ret_operands = argv + optind;
    if (count > form->operands_max) {
        return arguments_refuse(form->command, form->surplus, NULL);
    } else if (count < form->operands_min) {
        return arguments_refuse(form->command, form->missing, NULL);
    }
    return ARGUMENTS_GO_ON;
}
