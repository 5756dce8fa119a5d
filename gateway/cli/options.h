/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_OPTIONS_H
#define GATEWAY_CLI_OPTIONS_H

/*
 * Options of the commands that talk to the console
 *
 * They share one vocabulary, so that `--json` or `--socket` means the same everywhere; each command
 * names those that it takes, and any other is a usage error.
 */

#include "gateway/site.h"

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
};

/* --socket, --role, --lang and --help belong to all of them. */
struct options {
    const char *socket; /* resolved: given, environment or default */
    const char *role;   /* NULL: not asked for */
    const char *by;     /* NULL: not given */
    const char *reason;
    const char *until, *second, *second_role; /* NULL: not given */
    const char *as;                           /* what it was: a disposition */
    const char *since, *to;                   /* NULL: not given */
    uint32_t minutes, seconds;                /* 0: not given */
    enum site_language language;
    uint64_t after;
    uint32_t limit; /* 0: not given */
    bool after_given;
    bool follow, all, watch, json, standard_input;
    int operand_count;
    char **operands;
};

/* What to do after options_parse(): go on, or end with one of the exit codes 0 and 2. */
enum options_end { OPTIONS_GO_ON, OPTIONS_HELP, OPTIONS_USAGE };

/*
 * Parse the arguments of `argv[0]`. `taken` is a set of enum options_taken, `help` the command's
 * help, which is printed on --help; a usage error is explained on standard error.
 */
enum options_end options_parse(int argc, char **argv, unsigned taken, const char *help,
                               struct options *ret_options);

/* Explain a usage error and where to find help; returns exit code 2. */
int options_usage(const char *command, const char *what);

#endif
