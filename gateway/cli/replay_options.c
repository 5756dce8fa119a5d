/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/replay_options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "gateway/cli/reader.h"

static const char replay_help[] =
    "usage: tocsin replay RECORDING [option]...\n"
    "\n"
    "Let a core hear once more what the sensors said, and print the events, one JSON object a line.\n"
    "\n"
    "RECORDING is <state>/recordings, the state directory itself, one *.recording of it, or a file\n"
    "*.lp of InfluxDB line protocol (times in ns), which needs --site.\n"
    "\n"
    "  --site SITE.yaml     with the rules and names of this site, instead of those that were recorded\n"
    "  --set PATH=VALUE     override a scalar of the site file (repeatable)\n"
    "  --journal PATH       compare with the journal (journal.db, or its directory), byte by byte, both ways\n"
    "  --against RULES.yaml instead of the events, print what these rules would have changed:\n"
    "                       + only with them, - only without, ~ at another time or with other words\n"
    "  --into STATE         instead of printing, record the events in a journal of its own, in a new\n"
    "                       state directory, as if they had happened\n"
    "  --text               lines for people, as `tocsin events` shows them\n"
    "  --lang zh|en         language of what is printed (default from LANG)\n"
    "\n"
    "exit codes: 0 done, and equal where --journal was given; 1 it is different, or something is\n"
    "missing or damaged; 2 the site, the rules or the command is wrong\n";

static enum replay_end replay_usage(const char *what, const char *value) {
    (void)fprintf(stderr, "tocsin replay: %s%s%s; see tocsin replay --help\n", what,
                  value != NULL ? ": " : "", value != NULL ? value : "");
    return REPLAY_USAGE;
}

static enum replay_end replay_option(int option, const char *value,
                                     struct replay_options *options) {
    switch (option) {
    case 's':
        if (options->setting_count == REPLAY_SETTINGS_MAX) {
            return replay_usage("too many --set", NULL);
        }
        options->settings[options->setting_count++] = value;
        return REPLAY_GO_ON;
    case 'i':
        options->site = value;
        return REPLAY_GO_ON;
    case 'a':
        options->against = value;
        return REPLAY_GO_ON;
    case 'j':
        options->journal = value;
        return REPLAY_GO_ON;
    case 'n':
        options->into = value;
        return REPLAY_GO_ON;
    case 't':
        options->text = true;
        return REPLAY_GO_ON;
    case 'l':
        if (strcmp(value, "zh") != 0 && strcmp(value, "en") != 0) {
            return replay_usage("--lang is zh or en, not", value);
        }
        options->language = strcmp(value, "zh") == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
        return REPLAY_GO_ON;
    case 'h':
        (void)fputs(replay_help, stdout);
        return REPLAY_HELP;
    default:
        return replay_usage("unknown option or missing value", NULL);
    }
}

/* What goes with what. */
static enum replay_end replay_check(struct replay_options *options) {
    static const char suffix[] = ".lp";
    size_t len = strlen(options->recording);
    size_t tail = sizeof suffix - 1;
    options->history = len > tail && strcmp(options->recording + len - tail, suffix) == 0;
    if (options->history && options->site == NULL) {
        return replay_usage("line protocol needs --site", NULL);
    } else if (options->history && options->journal != NULL) {
        return replay_usage("--journal is for a recording: a history has not all inputs", NULL);
    } else if (options->against != NULL && options->site == NULL) {
        return replay_usage("--against needs --site, whose rules are replaced", NULL);
    } else if (options->against != NULL && options->journal != NULL) {
        return replay_usage("--against and --journal exclude each other", NULL);
    } else if (options->into != NULL && (options->against != NULL || options->journal != NULL)) {
        return replay_usage("--into goes with neither --against nor --journal", NULL);
    } else if (options->setting_count > 0 && options->site == NULL) {
        return replay_usage("--set needs --site", NULL);
    }
    return REPLAY_GO_ON;
}

enum replay_end replay_options_parse(int argc, char **argv, struct replay_options *ret_options) {
    static const struct option names[] = {
        {"site", required_argument, NULL, 'i'},
        {"set", required_argument, NULL, 's'},
        {"journal", required_argument, NULL, 'j'},
        {"against", required_argument, NULL, 'a'},
        {"into", required_argument, NULL, 'n'},
        {"text", no_argument, NULL, 't'},
        {"lang", required_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    *ret_options = (struct replay_options){.language = reader_environment_language()};
    opterr = 0;
    optind = 0; /* the GNU way to begin anew: tocsin has looked at its own options before */
    while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
        enum replay_end end = replay_option(option, optarg, ret_options);
        if (end != REPLAY_GO_ON) {
            return end;
        }
    }
    if (optind != argc - 1) {
        return replay_usage(optind == argc ? "it needs a recording" : "it takes one recording",
                            NULL);
    }
    ret_options->recording = argv[optind];
    return replay_check(ret_options);
}
