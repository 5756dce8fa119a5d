/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ARGUMENTS_H
#define GATEWAY_ARGUMENTS_H

/*
 * Arguments of a command
 *
 * A command has a form: what its help says, its options with where their values go, and how many
 * operands it takes. All else is the same for all of them: one reading of the words, one wording of
 * what is wrong with them, and a help whose options are the very rows that are parsed.
 */

#include <stdbool.h>

#include "gateway/clock.h"
#include "gateway/site.h"

enum { ARGUMENTS_SETTINGS_MAX = 256 };

/* What people read, zh and en: both, or neither. */
struct arguments_words {
    const char *words[LANGUAGE_EN + 1];
};

/* What --set says, in its order. All zeros is empty. */
struct arguments_settings {
    const char *list[ARGUMENTS_SETTINGS_MAX];
    uint32_t count;
};

/* Of `flag`, `text`, `settings` and `read` one has a place to go; the others are NULL. */
struct arguments_option {
    const char *name; /* without the dashes */
    const char *word; /* what the help calls its value; NULL: it takes none, and is a flag */
    struct arguments_words help; /* what it does, on one line or several; none: it is not told */
    bool *flag;                  /* becomes true */
    const char **text;
    struct arguments_settings *settings;
    bool (*read)(const char *text, void *value); /* false: refused */
    void *value;                                 /* of `read` */
    struct arguments_words wrong; /* "--seed is a whole number, not": before what `read` refuses */
};

struct arguments_form {
    const char *command; /* "run" */
    /* The help before the options: how it is called, and what it does; and behind them, or NULL. */
    const struct arguments_words *usage, *closing;
    const struct arguments_option *options;
    uint32_t option_count;
    uint32_t operands_min, operands_max;
    struct arguments_words missing; /* said where there are fewer operands */
    struct arguments_words surplus; /* … and where there are more */
};

/* The options that several have. */
#define ARGUMENTS_SET(place)                                                                       \
    {                                                                                              \
        .name = "set", .word = "PATH=VALUE", .settings = (place),                                  \
        .help = {{"替换站点文件中的一个标量（可重复），例如\n"                 \
                  "--set devices.care-io.address=tcp://127.0.0.1:1602",                            \
                  "override a scalar of the site file (repeatable), for example\n"                 \
                  "--set devices.care-io.address=tcp://127.0.0.1:1602"}},                          \
    }
#define ARGUMENTS_LANGUAGE(place)                                                                  \
    {                                                                                              \
        .name = "lang", .word = "zh|en",                                                           \
        .help = {{"输出语言（默认取自 LANG）",                                                     \
                  "language of what is printed (default from LANG)"}},                             \
        .read = arguments_language, .value = (place),                                              \
        .wrong = {{"--lang 为 zh 或 en，而不是", "--lang is zh or en, not"}},                      \
    }
#define ARGUMENTS_CLOCK(place)                                                                     \
    {                                                                                              \
        .name = "clock", .word = "START@RATE",                                                     \
        .help = {{"时钟从 START（2026-11-22T07:00:00+08:00）开始，以 RATE（1...60）倍速运行",      \
                  "begin at START (2026-11-22T07:00:00+08:00) and run RATE (1...60) times\n"       \
                  "as fast"}},                                                                     \
        .read = arguments_clock, .value = (place),                                                 \
        .wrong = {                                                                                 \
            {"--clock 为 START@RATE，RATE 为 1 到 60，如 2026-11-22T07:00:00+08:00@10，而不是",    \
             "--clock is START@RATE with a RATE of 1 to 60, such as "                              \
             "2026-11-22T07:00:00+08:00@10, not"}},                                                \
    }

/* Go on, or end with this exit code. */
enum arguments_end { ARGUMENTS_GO_ON = -1, ARGUMENTS_HELP = 0, ARGUMENTS_USAGE = 2 };

/*
 * Help and usage errors are in the language of the environment, as those of `tocsin` itself are: what
 * cannot be read says nothing of a language.
 *
 * Parse the arguments after argv[0]; prints the help, or explains on standard error what is wrong.
 * Sets `ret_operands` to the operands, as many as the form asks for, with a NULL behind the last; to
 * none where it does not go on. These and the values are words of `argv`.
 */
enum arguments_end arguments_parse(const struct arguments_form *form, int argc, char **argv,
                                   char ***ret_operands);

/* Explain a usage error, with the word that is to blame or NULL. Returns ARGUMENTS_USAGE. */
enum arguments_end arguments_refuse(const char *command, struct arguments_words what,
                                    const char *word);

/* "zh" or "en" into an enum site_language. */
bool arguments_language(const char *text, void *value);

/* START@RATE into a struct clock_origin. */
bool arguments_clock(const char *text, void *value);

/* The language of the environment: LC_ALL, LC_MESSAGES, LANG in this order. */
enum site_language arguments_environment_language(void);

#endif
