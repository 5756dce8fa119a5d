/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/replay_options.h"

#include <string.h>

static const char replay_usage[] =
    "Usage: tocsin replay RECORDING [OPTION]...\n"
    "\n"
    "Let a core hear once more what the sensors said, and print the events, one JSON object a line.\n"
    "\n"
    "RECORDING is <state>/recordings, the state directory itself, one *.recording of it, or the export\n"
    "of a database, which needs --site:\n"
    "\n"
    "  *.lp     InfluxDB line protocol (times in ns):\n"
    "           influx_inspect export -database DATABASE -datadir DATA -waldir WAL -out month.lp\n"
    "             (version 1; -start and -end for a part of it)\n"
    "           influxd inspect export-lp --bucket-id ID --engine-path ENGINE --output-path month.lp\n"
    "             (version 2; --start and --end)\n"
    "  *.jsonl  JSON lines of VictoriaMetrics:\n"
    "           curl http://HOST:8428/api/v1/export --data-urlencode 'match[]={site=\"ID\"}' \\\n"
    "             -d max_rows_per_line=10000 -o month.jsonl   (-d start= and -d end=)\n";

static const char replay_closing[] =
    "exit codes: 0 done, and equal where --journal was given; 1 it is different, or something is\n"
    "missing or damaged; 2 the site, the rules or the command is wrong\n";

bool replay_path_is_export(const char *path) {
    static const char *const suffixes[] = {".lp", ".jsonl", ".json", ".csv", ".gz"};
    size_t len = strlen(path);
    for (unsigned i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t tail = strlen(suffixes[i]);
        if (len > tail && strcmp(path + len - tail, suffixes[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What does not go together, in words; NULL: all does. */
static const char *replay_contradiction(struct replay_options *options) {
    options->history = replay_path_is_export(options->recording);
    if (options->history && options->site == NULL) {
        return "the export of a database needs --site";
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
        {.name = "site",
         .word = "SITE.yaml",
         .help = "with the rules and names of this site, instead of those that were\n"
                 "recorded",
         .text = &ret_options->site},
        ARGUMENTS_SET(&ret_options->settings),
        {.name = "journal",
         .word = "PATH",
         .help = "compare with the journal (journal.db, or its directory), byte by byte,\n"
                 "both ways",
         .text = &ret_options->journal},
        {.name = "against",
         .word = "RULES.yaml",
         .help = "instead of the events, print what these rules would have changed:\n"
                 "+ only with them, - only without, ~ at another time or with other words,\n"
                 "and below that what is different",
         .text = &ret_options->against},
        {.name = "into",
         .word = "STATE",
         .help = "instead of printing, record the events in a journal of its own, in a new\n"
                 "state directory, as if they had happened",
         .text = &ret_options->into},
        {.name = "text",
         .help = "lines for people, as `tocsin events` shows them",
         .flag = &ret_options->text},
        ARGUMENTS_LANGUAGE(&ret_options->language),
    };
    const struct arguments_form form = {
        .command = "replay",
        .usage = replay_usage,
        .closing = replay_closing,
        .operands_min = 1,
        .operands_max = 1,
        .missing = "it needs a recording",
        .surplus = "it takes one recording",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    *ret_options = (struct replay_options){.language = arguments_environment_language()};
    char **operands;
    enum arguments_end end = arguments_parse(&form, argc, argv, &operands);
    ret_options->recording = operands[0];
    const char *wrong = end == ARGUMENTS_GO_ON ? replay_contradiction(ret_options) : NULL;
    return wrong != NULL ? arguments_refuse(form.command, wrong, NULL) : end;
}
