/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/replay_options.h"

#include <string.h>

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

/* What does not go together, in words; NULL: all does. */
static const char *replay_contradiction(struct replay_options *options) {
    static const char suffix[] = ".lp";
    size_t len = strlen(options->recording);
    size_t tail = sizeof suffix - 1;
    options->history = len > tail && strcmp(options->recording + len - tail, suffix) == 0;
    if (options->history && options->site == NULL) {
        return "line protocol needs --site";
    } else if (options->history && options->journal != NULL) {
        return "--journal is for a recording: a history has not all inputs";
    } else if (options->against != NULL && options->site == NULL) {
        return "--against needs --site, whose rules are replaced";
    } else if (options->against != NULL && options->journal != NULL) {
        return "--against and --journal exclude each other";
    } else if (options->into != NULL && (options->against != NULL || options->journal != NULL)) {
        return "--into goes with neither --against nor --journal";
    } else if (options->settings.count > 0 && options->site == NULL) {
        return "--set needs --site";
    }
    return NULL;
}

enum arguments_end replay_options_parse(int argc, char **argv, struct replay_options *ret_options) {
    const struct arguments_option options[] = {
        {.name = "site", .text = &ret_options->site},
        ARGUMENTS_SET(&ret_options->settings),
        {.name = "journal", .text = &ret_options->journal},
        {.name = "against", .text = &ret_options->against},
        {.name = "into", .text = &ret_options->into},
        {.name = "text", .flag = &ret_options->text},
        ARGUMENTS_LANGUAGE(&ret_options->language),
    };
    const struct arguments_form form = {
        .command = "replay",
        .help = replay_help,
        .missing = "it needs a recording",
        .surplus = "it takes one recording",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    *ret_options = (struct replay_options){.language = arguments_environment_language()};
    enum arguments_end end = arguments_parse(&form, argc, argv, &ret_options->recording);
    const char *wrong = end == ARGUMENTS_GO_ON ? replay_contradiction(ret_options) : NULL;
    return wrong != NULL ? arguments_refuse(&form, wrong, NULL) : end;
}
