/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_REPLAY_OPTIONS_H
#define GATEWAY_CLI_REPLAY_OPTIONS_H

/*
 * The options of `tocsin replay`
 */

#include "gateway/arguments.h"

struct replay_options {
    const char *recording;
    const char *site;    /* NULL: the one that was recorded */
    const char *against; /* a file of rules, or NULL */
    const char *journal; /* to be compared with, or NULL */
    const char *into;    /* a state directory to be made, or NULL */
    struct arguments_settings settings;
    enum site_language language;
    bool text;
    bool history; /* the recording is the export of a database */
};

/*
 * Does the name say that it is the export of a database? Names of formats that cannot be read are
 * among them, so that it can be said what is wanted instead.
 */
bool replay_path_is_export(const char *path);

/* Parse the arguments; explains a usage error on standard error. */
enum arguments_end replay_options_parse(int argc, char **argv, struct replay_options *ret_options);

#endif
