/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_RUN_OPTIONS_H
#define GATEWAY_RUN_OPTIONS_H

/*
 * The options of `tocsin run`
 */

#include "gateway/arguments.h"
#include "gateway/config/config.h"

/* Where the package puts the web app. */
#define RUN_ASSETS_DEFAULT "/usr/share/tocsin/console"

struct run_options {
    const char *site;
    const char *run_directory;
    const char *assets;
    const char *user; /* NULL: not given */
    struct arguments_settings settings;
    struct clock_origin clock;
    enum site_language language;
};

/* Parse the arguments; explains a usage error on standard error. The texts are those of `argv`. */
enum arguments_end run_options_parse(int argc, char **argv, struct run_options *ret_options);

/* What was set by options in place of the site file, for whoever compiles that. Keeps `options`. */
struct config_options run_options_settings(const struct run_options *options);

#endif
