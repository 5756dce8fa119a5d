/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_SIM_OPTIONS_H
#define GATEWAY_CLI_SIM_OPTIONS_H

/*
 * The options of `tocsin sim`
 */

#include <stdbool.h>

#include "gateway/clock.h"

enum { SIM_SETTINGS_MAX = 256 };

struct sim_options {
    const char *site;
    const char *story;
    const char *control;
    const char *record; /* a file to be written instead of serving; NULL: none */
    const char *settings[SIM_SETTINGS_MAX];
    uint32_t setting_count;
    struct clock_origin clock;
    bool still;
    bool seed_given;
    uint64_t seed;
    uint64_t for_ns; /* 0: until it is stopped */
};

enum sim_end { SIM_GO_ON, SIM_HELP, SIM_USAGE };

/* Parse the arguments; explains a usage error on standard error. */
enum sim_end sim_options_parse(int argc, char **argv, struct sim_options *ret_options);

#endif
