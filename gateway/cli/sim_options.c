/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/sim_options.h"

#include <errno.h>
#include <math.h>
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

/* "10 s", "10s", "2 min". */
static bool duration_read(const char *text, void *value) {
    uint64_t *span_ns = value;
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
    *span_ns = (uint64_t)ceil(span_s * (double)NS_PER_S);
    return true;
}

static bool seed_read(const char *text, void *value) {
    struct sim_seed *seed = value;
    char *end;
    errno = 0;
    seed->value = strtoull(text, &end, 10);
    seed->given = text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
    return seed->given;
}

/* What goes with what. */
static enum arguments_end sim_check(const struct arguments_form *form,
                                    const struct sim_options *options) {
    static const char history[] = ".lp";
    size_t len = options->record == NULL ? 0 : strlen(options->record);
    if (options->still && options->story != NULL) {
        return arguments_refuse(form, "--still and --story exclude each other", NULL);
    } else if (options->record == NULL) {
        return ARGUMENTS_GO_ON;
    } else if (options->control != NULL) {
        return arguments_refuse(
            form, "--record and --control exclude each other: nothing is served", NULL);
    } else if (options->story == NULL && options->for_ns == 0) {
        return arguments_refuse(
            form, "--record needs --for where there is no --story, which would end", NULL);
    } else if (len >= sizeof history && strcmp(options->record + len - 3, history) == 0) {
        return arguments_refuse(form, "a recording is no line protocol, as its name would say",
                                options->record);
    }
    return ARGUMENTS_GO_ON;
}

enum arguments_end sim_options_parse(int argc, char **argv, struct sim_options *ret_options) {
    const struct arguments_option options[] = {
        {.name = "story", .text = &ret_options->story},
        {.name = "still", .flag = &ret_options->still},
        ARGUMENTS_SET(&ret_options->settings),
        {.name = "control", .text = &ret_options->control},
        {.name = "seed",
         .read = seed_read,
         .value = &ret_options->seed,
         .wrong = "--seed is a whole number, not"},
        {.name = "for",
         .read = duration_read,
         .value = &ret_options->for_ns,
         .wrong = "--for is a duration, such as 10 s or 2 min, not"},
        ARGUMENTS_CLOCK(&ret_options->clock),
        {.name = "record", .text = &ret_options->record},
    };
    const struct arguments_form form = {
        .command = "sim",
        .help = sim_help,
        .missing = "it takes one site file",
        .surplus = "it takes one site file",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    *ret_options = (struct sim_options){0};
    enum arguments_end end = arguments_parse(&form, argc, argv, &ret_options->site);
    return end == ARGUMENTS_GO_ON ? sim_check(&form, ret_options) : end;
}
