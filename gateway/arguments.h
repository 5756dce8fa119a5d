/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ARGUMENTS_H
#define GATEWAY_ARGUMENTS_H

/*
 * Arguments of the commands that work on a file: `run`, `check`, `sim`, `replay`, `test-rules`
 *
 * Such a command has a form: its help, its options with where their values go, and what it says
 * where its file is missing. Everything else is the same for all of them.
 */

#include <stdbool.h>

#include "gateway/clock.h"
#include "gateway/site.h"

enum { ARGUMENTS_SETTINGS_MAX = 256 };

/* What --set says, in its order. All zeros is empty. */
struct arguments_settings {
    const char *list[ARGUMENTS_SETTINGS_MAX];
    uint32_t count;
};

/* One of these has a place to go; the others are NULL. */
struct arguments_option {
    const char *name; /* without the dashes */
    bool *flag;       /* takes no value, and becomes true */
    const char **text;
    struct arguments_settings *settings;
    bool (*read)(const char *text, void *value); /* false: refused */
    void *value;                                 /* of `read` */
    const char *wrong; /* "--seed is a whole number, not": said before what `read` refuses */
};

struct arguments_form {
    const char *command; /* "run" */
    const char *help;
    const char *missing; /* said when there is no file; NULL: there need not be one */
    const char *surplus; /* said when there are several */
    const struct arguments_option *options;
    uint32_t option_count;
};

/* The options that several have. */
#define ARGUMENTS_SET(place)                                                                       \
    { .name = "set", .settings = (place) }
#define ARGUMENTS_LANGUAGE(place)                                                                  \
    {                                                                                              \
        .name = "lang", .read = arguments_language, .value = (place),                              \
        .wrong = "--lang is zh or en, not"                                                         \
    }
#define ARGUMENTS_CLOCK(place)                                                                     \
    {                                                                                              \
        .name = "clock", .read = arguments_clock, .value = (place),                                \
        .wrong = "--clock is START@RATE with a RATE of 1 to 60, such as "                          \
                 "2026-11-22T07:00:00+08:00@10, not"                                               \
    }

/* Go on, or end with this exit code. */
enum arguments_end { ARGUMENTS_GO_ON = -1, ARGUMENTS_HELP = 0, ARGUMENTS_USAGE = 2 };

/*
 * Parse the arguments after argv[0]; prints the help, or explains on standard error what is wrong.
 * Sets `ret_file`, NULL where none is given and none needed. The values are words of `argv`.
 */
enum arguments_end arguments_parse(const struct arguments_form *form, int argc, char **argv,
                                   const char **ret_file);

/* Explain a usage error, with the word that is to blame or NULL. Returns ARGUMENTS_USAGE. */
enum arguments_end arguments_refuse(const struct arguments_form *form, const char *what,
                                    const char *word);

/* "zh" or "en" into an enum site_language. */
bool arguments_language(const char *text, void *value);

/* START@RATE into a struct clock_origin. */
bool arguments_clock(const char *text, void *value);

/* The language of the environment: LC_ALL, LC_MESSAGES, LANG in this order. */
enum site_language arguments_environment_language(void);

#endif
