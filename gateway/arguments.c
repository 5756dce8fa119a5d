/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/arguments.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 16, CODE_FIRST = 256 };

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

enum arguments_end arguments_refuse(const struct arguments_form *form, const char *what,
                                    const char *word) {
    (void)fprintf(stderr, "tocsin %s: %s%s%s; see tocsin %s --help\n", form->command, what,
                  word != NULL ? ": " : "", word != NULL ? word : "", form->command);
    return ARGUMENTS_USAGE;
}

static enum arguments_end arguments_take(const struct arguments_form *form,
                                         const struct arguments_option *option, const char *value) {
    if (option->flag != NULL) {
        *option->flag = true;
    } else if (option->text != NULL) {
        *option->text = value;
    } else if (option->settings != NULL) {
        if (option->settings->count == ARGUMENTS_SETTINGS_MAX) {
            return arguments_refuse(form, "too many --set", NULL);
        }
        option->settings->list[option->settings->count++] = value;
    } else if (!option->read(value, option->value)) {
        return arguments_refuse(form, option->wrong, value);
    }
    return ARGUMENTS_GO_ON;
}

/* What getopt is to know: an option's code is CODE_FIRST plus its place. */
static void arguments_names(const struct arguments_form *form,
                            struct option names[OPTIONS_MAX + 2]) {
    assert(form->option_count <= OPTIONS_MAX);
    for (uint32_t i = 0; i < form->option_count; i++) {
        const struct arguments_option *option = &form->options[i];
        names[i] = (struct option){
            .name = option->name,
            .has_arg = option->flag != NULL ? no_argument : required_argument,
            .val = CODE_FIRST + (int)i,
        };
    }
    names[form->option_count] = (struct option){.name = "help", .val = 'h'};
    names[form->option_count + 1] = (struct option){0};
}

enum arguments_end arguments_parse(const struct arguments_form *form, int argc, char **argv,
                                   const char **ret_file) {
    struct option names[OPTIONS_MAX + 2];
    arguments_names(form, names);
    opterr = 0;
    optind = 0; /* the GNU way to begin anew: tocsin has looked at its own options before */
    for (int code = 0; (code = getopt_long(argc, argv, "h", names, NULL)) != -1;) {
        if (code == 'h') {
            (void)fputs(form->help, stdout);
            return ARGUMENTS_HELP;
        } else if (code < CODE_FIRST) {
            return arguments_refuse(form, "unknown option, or one without its value",
                                    argv[optind - 1]);
        }
        enum arguments_end end = arguments_take(form, &form->options[code - CODE_FIRST], optarg);
        if (end != ARGUMENTS_GO_ON) {
            return end;
        }
    }
    *ret_file = optind < argc ? argv[optind] : NULL;
    if (optind < argc - 1) {
        return arguments_refuse(form, form->surplus, NULL);
    } else if (*ret_file == NULL && form->missing != NULL) {
        return arguments_refuse(form, form->missing, NULL);
    }
    return ARGUMENTS_GO_ON;
}
