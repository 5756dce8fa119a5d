/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/sim_options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/unit.h"

static const char sim_help[] =
    "usage: tocsin sim SITE.yaml [option]...\n"
    "\n"
    "Act out the field of a site: every Modbus device is served on its address, every serial line is\n"
    "a pseudo-terminal under its name, and MQTT sensors publish to their broker.\n"
    "\n"
    "  --story FILE         act out this story; without one ordinary life goes on\n"
    "  --still              without a story: nothing moves by itself\n"
    "  --set PATH=VALUE     override a scalar of the site file (repeatable), for example\n"
    "                       --set devices.care-io.address=tcp://127.0.0.1:1602\n"
    "  --control PATH       Unix socket to act live: set, mqtt, device, coil, polls\n"
    "  --seed N             seed of the background, instead of the story's\n"
    "  --for DURATION       end after this time (10 s, 2 min)\n"
    "  --clock START@RATE   begin at START (2026-11-22T07:00:00+08:00) and run RATE (1...60) times as fast\n"
    "  --record FILE        serve nothing: write what a gateway would hear of the story into FILE, as\n"
    "                       fast as it can (RATE is nothing then), until it is over or for --for; then\n"
    "                       tocsin replay FILE --into STATE makes a state directory of it\n"
    "\n"
    "Commands of the control socket, one a line, each answered by a line `ok ...` or `error ...`:\n"
    "  set POINT VALUE      mqtt TOPIC JSON      coil POINT      polls DEVICE\n"
    "  device DEVICE up|down|garbage|drip|wrong_unit|short|long|exception|close|late|silent\n"
    "\n"
    "exit codes: 0 stopped cleanly, 1 could not run, 2 the site, the story or the command is wrong\n";

static enum sim_end sim_usage(const char *what, const char *value) {
    (void)fprintf(stderr, "tocsin sim: %s%s%s; see tocsin sim --help\n", what,
                  value != NULL ? ": " : "", value != NULL ? value : "");
    return SIM_USAGE;
}

/* "10 s", "10s", "2 min". */
static bool duration_read(const char *text, uint64_t *ret_ns) {
    char *word;
    double number = strtod(text, &word);
    word += strspn(word, " ");
    enum unit unit = unit_find(word, strlen(word));
    if (unit == UNIT_COUNT || unit_facts(unit)->dimension != DIMENSION_TIME) {
        return false;
    }
    double span_s = number * unit_facts(unit)->factor;
    if (!(span_s > 0 && span_s <= 1e9)) {
        return false;
    }
    *ret_ns = (uint64_t)ceil(span_s * (double)NS_PER_S);
    return true;
}

static bool seed_read(const char *text, uint64_t *ret_seed) {
    char *end;
    errno = 0;
    *ret_seed = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

static enum sim_end sim_option(int option, char *value, struct sim_options *options) {
    switch (option) {
    case 's':
        if (options->setting_count == SIM_SETTINGS_MAX) {
            return sim_usage("too many --set", NULL);
        }
        options->settings[options->setting_count++] = value;
        return SIM_GO_ON;
    case 't':
        options->story = value;
        return SIM_GO_ON;
    case 'q':
        options->still = true;
        return SIM_GO_ON;
    case 'o':
        options->control = value;
        return SIM_GO_ON;
    case 'r':
        options->record = value;
        return SIM_GO_ON;
    case 'n':
        options->seed_given = seed_read(value, &options->seed);
        return options->seed_given ? SIM_GO_ON : sim_usage("--seed is a whole number, not", value);
    case 'f':
        return duration_read(value, &options->for_ns)
                   ? SIM_GO_ON
                   : sim_usage("--for is a duration, such as 10 s or 2 min, not", value);
    case 'c':
        return clock_parse(value, &options->clock) == 0
                   ? SIM_GO_ON
                   : sim_usage("--clock is START@RATE with a RATE of 1 to 60, such as "
                               "2026-11-22T07:00:00+08:00@10, not",
                               value);
    default:
        return sim_usage("unknown option, or one without its value", value);
    }
}

/* What goes with what. */
static enum sim_end sim_check(const struct sim_options *options) {
    static const char history[] = ".lp";
    size_t len = options->record == NULL ? 0 : strlen(options->record);
    if (options->still && options->story != NULL) {
        return sim_usage("--still and --story exclude each other", NULL);
    } else if (options->record == NULL) {
        return SIM_GO_ON;
    } else if (options->control != NULL) {
        return sim_usage("--record and --control exclude each other: nothing is served", NULL);
    } else if (options->story == NULL && options->for_ns == 0) {
        return sim_usage("--record needs --for where there is no --story, which would end", NULL);
    } else if (len >= sizeof history && strcmp(options->record + len - 3, history) == 0) {
        return sim_usage("a recording is no line protocol, as its name would say", options->record);
    }
    return SIM_GO_ON;
}

enum sim_end sim_options_parse(int argc, char **argv, struct sim_options *ret_options) {
    struct sim_options *options = ret_options;
    static const struct option names[] = {
        {"set", required_argument, NULL, 's'},    {"story", required_argument, NULL, 't'},
        {"still", no_argument, NULL, 'q'},        {"control", required_argument, NULL, 'o'},
        {"record", required_argument, NULL, 'r'}, {"seed", required_argument, NULL, 'n'},
        {"for", required_argument, NULL, 'f'},    {"help", no_argument, NULL, 'h'},
        {"clock", required_argument, NULL, 'c'},  {NULL, 0, NULL, 0},
    };
    int option;
    *options = (struct sim_options){0};
    opterr = 0;
    optind = 0; /* the GNU way to begin anew: tocsin has looked at its own options before */
    while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
        if (option == 'h') {
            (void)fputs(sim_help, stdout);
            return SIM_HELP;
        }
        if (sim_option(option, option == '?' ? argv[optind - 1] : optarg, options) != SIM_GO_ON) {
            return SIM_USAGE;
        }
    }
    if (optind != argc - 1) {
        return sim_usage("it takes one site file", NULL);
    }
    options->site = argv[optind];
    return sim_check(options);
}
