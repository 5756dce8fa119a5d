/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_SIM_OPTIONS_H
#define GATEWAY_CLI_SIM_OPTIONS_H

/*
 * The options of `tocsin sim`
 */

#include "gateway/arguments.h"

struct sim_options {
    const char *site;
    const char *story;
    const char *control;
    const char *record; /* a file to be written instead of serving; NULL: none */
    struct arguments_settings settings;
    struct clock_origin clock;
    bool still;
    struct sim_seed {
        bool given;
        uint64_t value;
    } seed;
    uint64_t for_ns; /* 0: until it is stopped */
};

/* Parse the arguments; explains a usage error on standard error. */
enum arguments_end sim_options_parse(int argc, char **argv, struct sim_options *ret_options);

#endif
