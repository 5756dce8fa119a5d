/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "gateway/arguments.h"
#include "gateway/cli/client.h"

enum { FOR_ALL = 0, CODE_SOCKET = 256, CODE_ROLE, CODE_LANG, CODE_HELP };

enum { CODE_FIRST = 512 };

/* An option's code is CODE_FIRST plus its bit's number, or one of those for all commands. */
static const struct {
    const char *name;
    int has_value;
    unsigned option;
    int code;
} vocabulary[] = {
    {"socket", required_argument, FOR_ALL, CODE_SOCKET},
    {"role", required_argument, FOR_ALL, CODE_ROLE},
    {"lang", required_argument, FOR_ALL, CODE_LANG},
    {"help", no_argument, FOR_ALL, CODE_HELP},
    {"follow", no_argument, OPTION_FOLLOW, CODE_FIRST},
    {"after", required_argument, OPTION_AFTER, CODE_FIRST + 1},
    {"limit", required_argument, OPTION_LIMIT, CODE_FIRST + 2},
    {"all", no_argument, OPTION_ALL, CODE_FIRST + 3},
    {"watch", no_argument, OPTION_WATCH, CODE_FIRST + 4},
    {"json", no_argument, OPTION_JSON, CODE_FIRST + 5},
    {"by", required_argument, OPTION_BY, CODE_FIRST + 6},
    {"reason", required_argument, OPTION_REASON, CODE_FIRST + 7},
    {"stdin", no_argument, OPTION_STDIN, CODE_FIRST + 8},
    {"minutes", required_argument, OPTION_MINUTES, CODE_FIRST + 9},
    {"seconds", required_argument, OPTION_SECONDS, CODE_FIRST + 10},
    {"until", required_argument, OPTION_UNTIL, CODE_FIRST + 11},
    {"second", required_argument, OPTION_SECOND, CODE_FIRST + 12},
    {"second-role", required_argument, OPTION_SECOND_ROLE, CODE_FIRST + 13},
    {"as", required_argument, OPTION_AS, CODE_FIRST + 14},
    {"since", required_argument, OPTION_SINCE, CODE_FIRST + 15},
    {"to", required_argument, OPTION_TO, CODE_FIRST + 16},
};

enum { VOCABULARY_COUNT = sizeof vocabulary / sizeof *vocabulary };

static bool options_number(const char *text, uint64_t max, uint64_t *ret_value) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != '\0') {
        return false;
    }
    *ret_value = strtoull(text, NULL, 10);
    return *ret_value <= max;
}

/* A number of minutes or seconds, up to a year of them, as the gateway takes it. */
enum { SECONDS_MAX = 366 * 24 * 3600, MINUTES_MAX = SECONDS_MAX / 60 };
_Static_assert(MINUTES_MAX == 527040 && SECONDS_MAX == 31622400, "the numbers below");

static bool options_span(const char *text, uint32_t most, uint32_t *ret_span) {
    uint64_t number = 0;
    bool sound = options_number(text, most, &number) && number > 0;
    *ret_span = (uint32_t)number;
    return sound;
}

/*
 * Can the text be recorded as what somebody said? A terminal that is not set to UTF-8 sends other
 * bytes for a Chinese name, and a name that was dropped on the way would put somebody else's act
 * under another name.
 */
static bool options_is_text(const char *value) {
    json_t *text = json_string(value);
    bool sound = text != NULL;
    for (const char *at = value; sound && *at != '\0'; at++) {
        sound = (unsigned char)*at >= ' ' && *at != 0x7f;
    }
    json_decref(text);
    return sound;
}

/* Take one option in; NULL, or what is wrong with its value. */
static const char *options_take(struct options *options, int code, const char *value) {
    uint64_t number = 0;
    switch (code) {
    case CODE_SOCKET:
        options->socket = value;
        return NULL;
    case CODE_ROLE:
        options->role = value;
        return NULL;
    case CODE_LANG:
        return arguments_language(value, &options->language) ? NULL : "--lang is zh or en";
    case CODE_FIRST:
        options->follow = true;
        return NULL;
    case CODE_FIRST + 1:
        options->after_given = true;
        return options_number(value, INT64_MAX, &options->after)
                   ? NULL
                   : "--after takes the sequence number of an event";
    case CODE_FIRST + 2:
        if (!options_number(value, 1000, &number) || number == 0) {
            return "--limit takes a number from 1 to 1000";
        }
        options->limit = (uint32_t)number;
        return NULL;
    case CODE_FIRST + 3:
        options->all = true;
        return NULL;
    case CODE_FIRST + 4:
        options->watch = true;
        return NULL;
    case CODE_FIRST + 5:
        options->json = true;
        return NULL;
    case CODE_FIRST + 6:
        options->by = value;
        return NULL;
    case CODE_FIRST + 7:
        options->reason = value;
        return NULL;
    case CODE_FIRST + 8:
        options->standard_input = true;
        return NULL;
    case CODE_FIRST + 9:
        return options_span(value, MINUTES_MAX, &options->minutes)
                   ? NULL
                   : "--minutes takes a whole number from 1 to 527040, a year";
    case CODE_FIRST + 10:
        return options_span(value, SECONDS_MAX, &options->seconds)
                   ? NULL
                   : "--seconds takes a whole number from 1 to 31622400, a year";
    case CODE_FIRST + 11:
        options->until = value;
        return NULL;
    case CODE_FIRST + 12:
        options->second = value;
        return NULL;
    case CODE_FIRST + 13:
        options->second_role = value;
        return NULL;
    case CODE_FIRST + 14:
        options->as = value;
        return NULL;
    case CODE_FIRST + 15:
        options->since = value;
        return NULL;
    case CODE_FIRST + 16:
        options->to = value;
        return NULL;
    case ':':
        return "needs a value";
    default:
        return "there is no such option here";
    }
}

int options_usage(const char *command, const char *what) {
    (void)fprintf(stderr, "tocsin %s: %s\nSee `tocsin %s --help`.\n", command, what, command);
    return 2;
}

enum options_end options_parse(int argc, char **argv, unsigned taken, const char *help,
                               struct options *ret_options) {
    struct option longs[VOCABULARY_COUNT + 1];
    int count = 0;
    for (int i = 0; i < VOCABULARY_COUNT; i++) {
        if (vocabulary[i].option == FOR_ALL || (vocabulary[i].option & taken) != 0) {
            longs[count++] = (struct option){.name = vocabulary[i].name,
                                             .has_arg = vocabulary[i].has_value,
                                             .val = vocabulary[i].code};
        }
    }
    longs[count] = (struct option){0};
    *ret_options = (struct options){.language = arguments_environment_language()};
    optind = 0; /* GNU: begin anew, whatever was parsed before */
    opterr = 0;
    for (int code = 0; (code = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) {
        if (code == CODE_HELP || code == 'h') {
            (void)fputs(help, stdout);
            return OPTIONS_HELP;
        }
        bool sound = optarg == NULL || options_is_text(optarg);
        const char *wrong =
            sound ? options_take(ret_options, code, optarg)
                  : "takes one line of UTF-8: set the terminal to UTF-8 (LANG=zh_CN.UTF-8)";
        if (wrong != NULL) {
            char what[256];
            const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
            (void)snprintf(what, sizeof what, "%s: %s", word, wrong);
            (void)options_usage(argv[0], what);
            return OPTIONS_USAGE;
        }
    }
    ret_options->socket = client_socket_path(ret_options->socket);
    ret_options->operand_count = argc - optind;
    ret_options->operands = argv + optind;
    return OPTIONS_GO_ON;
}
