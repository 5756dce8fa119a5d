/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_OPTIONS_H
#define GATEWAY_CLI_OPTIONS_H

/*
 * Options of the commands that talk to the console
 *
 * They share one vocabulary, so that `--json` or `--socket` means the same everywhere; each command
 * names those that it takes, and any other is a usage error.
 */

#include "gateway/arguments.h"

enum options_taken {
    OPTION_FOLLOW = 1 << 0,
    OPTION_AFTER = 1 << 1,
    OPTION_LIMIT = 1 << 2,
    OPTION_ALL = 1 << 3,
    OPTION_WATCH = 1 << 4,
    OPTION_JSON = 1 << 5,
    OPTION_BY = 1 << 6,
    OPTION_REASON = 1 << 7,
    OPTION_STDIN = 1 << 8,
    OPTION_MINUTES = 1 << 9,
    OPTION_SECONDS = 1 << 10,
    OPTION_UNTIL = 1 << 11,
    OPTION_SECOND = 1 << 12,
    OPTION_SECOND_ROLE = 1 << 13,
    OPTION_AS = 1 << 14,
    OPTION_SINCE = 1 << 15,
    OPTION_TO = 1 << 16,
    OPTION_LAST = 1 << 17, /* --until, of events */
    OPTION_NAME = 1 << 18,
    OPTION_PASSWORD = 1 << 19,
    OPTION_EVENTS = 1 << 20, /* --place, --point, --type, --class, --priority */
};

/* --socket, --role, --lang and --help belong to all of them. */
struct options {
    const char *socket; /* resolved: given, environment or default */
    const char *role;   /* NULL: not asked for */
    const char *by;     /* NULL: not given */
    const char *reason;
    const char *until, *second, *second_role;            /* NULL: not given */
    const char *as;                                      /* what it was: a disposition */
    const char *since, *to;                              /* NULL: not given */
    const char *name;                                    /* NULL: not given */
    const char *place, *point, *type, *class, *priority; /* NULL: not given */
    uint32_t minutes, seconds;                           /* 0: not given */
    enum site_language language;
    uint64_t after;
    uint32_t limit; /* 0: not given */
    bool after_given;
    bool follow, all, watch, json, standard_input, password;
    char **operands; /* with a NULL behind the last */
};

/* What a command takes beside --socket, --role, --lang and --help. */
struct options_form {
    unsigned taken; /* set of enum options_taken */
    /* Of the help, before and behind the options; see arguments.h. */
    const struct arguments_words *usage, *closing;
    uint32_t operands_min, operands_max;
    struct arguments_words
        operands; /* what it takes, as a usage error says it: "takes no arguments" */
};

/* Parse the arguments of `argv[0]`; prints the help, or explains what is wrong with them. */
enum arguments_end options_parse(int argc, char **argv, const struct options_form *form,
                                 struct options *ret_options);

#endif
