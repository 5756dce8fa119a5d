/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "gateway/cli/about.h"
#include "gateway/cli/act.h"
#include "gateway/cli/alarms.h"
#include "gateway/cli/audit.h"
#include "gateway/cli/check.h"
#include "gateway/cli/events.h"
#include "gateway/cli/keep.h"
#include "gateway/cli/points.h"
#include "gateway/cli/replay.h"
#include "gateway/cli/resend.h"
#include "gateway/cli/sim.h"
#include "gateway/cli/test_rules.h"
#include "gateway/cli/walk_test.h"
#include "gateway/supervisor.h"

enum group { GROUP_RUN, GROUP_LOOK, GROUP_TRY, GROUP_ACT, GROUP_TEST, GROUP_ABOUT, GROUP_COUNT };

static const char *const group_titles[GROUP_COUNT] = {
    [GROUP_RUN] = "Run a site",    [GROUP_LOOK] = "Look",
    [GROUP_TRY] = "Try rules",     [GROUP_ACT] = "Act on an alarm",
    [GROUP_TEST] = "Test a place", [GROUP_ABOUT] = "The gateway itself",
};

static const struct {
    enum group group;
    const char *name;
    const char *arguments;
    const char *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    {GROUP_RUN, "run", "SITE", "watch a site: start the gateway", supervisor_main},
    {GROUP_RUN, "check", "SITE", "check a site's files and say what they mean", check_main},
    {GROUP_RUN, "sim", "SITE", "act out the field: every device of a site, simulated", sim_main},
    {GROUP_LOOK, "events", "", "what has happened, and what happens (--follow)", events_main},
    {GROUP_LOOK, "alarms", "", "the alarms that are not normal", alarms_main},
    {GROUP_LOOK, "points", "[PLACE]", "the present values of the sensors", points_main},
    {GROUP_TRY, "replay", "RECORDING", "what the sensors said, once more, and under other rules",
     replay_main},
    {GROUP_TRY, "test-rules", "FILE", "do the rules do what is expected of them?", test_rules_main},
    {GROUP_ACT, "ack", "ALARM", "acknowledge: somebody has taken notice", act_main},
    {GROUP_ACT, "attend", "ALARM", "record that somebody has been at the place", act_main},
    {GROUP_ACT, "investigate", "ALARM", "what was found where a fire alarm was raised", act_main},
    {GROUP_ACT, "silence", "ALARM", "turn the sound off for up to two minutes", act_main},
    {GROUP_ACT, "reset", "ALARM", "close an alarm that is over", act_main},
    {GROUP_ACT, "shelve", "ALARM", "hear nothing of it for a while", act_main},
    {GROUP_ACT, "unshelve", "ALARM", "hear of it again", act_main},
    {GROUP_ACT, "out-of-service", "ALARM", "while its sensor is worked on", act_main},
    {GROUP_ACT, "in-service", "ALARM", "the work is done", act_main},
    {GROUP_ACT, "disposition", "ALARM", "record what it turned out to be", act_main},
    {GROUP_TEST, "test", "begin|end", "put a PLACE under test, and end that", act_test_main},
    {GROUP_TEST, "walk-test", "PLACE", "which buttons and detectors were tripped", walk_test_main},
    {GROUP_ABOUT, "health", "", "how it is; exit code 1 when nobody evaluates alarms", health_main},
    {GROUP_ABOUT, "audit", "verify|key", "does a journal still hold what was recorded?",
     audit_main},
    {GROUP_ABOUT, "backup", "STATE", "copy the journal of a gateway, which may run", backup_main},
    {GROUP_ABOUT, "restore", "FILE", "check a backup, and bring it back", restore_main},
    {GROUP_ABOUT, "resend", "", "give the broker events once more, when it has lost them",
     resend_main},
    {GROUP_ABOUT, "version", "", "this program, and the gateway that answers", version_main},
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands, SUGGEST_DISTANCE_MAX = 2 };

static void cli_help(FILE *out) {
    (void)fputs(
        "Tocsin watches sensors of community buildings, follows every alarm to its end and\n"
        "reports over MQTT. It supplements certified fire-alarm and nurse-call equipment and\n"
        "never replaces it.\n\n"
        "Usage: tocsin COMMAND [ARGUMENTS]\n",
        out);
    for (enum group group = 0; group < GROUP_COUNT; group++) {
        (void)fprintf(out, "\n%s\n", group_titles[group]);
        for (int i = 0; i < COMMAND_COUNT; i++) {
            if (commands[i].group == group) {
                (void)fprintf(out, "  %-15s%-10s%s\n", commands[i].name, commands[i].arguments,
                              commands[i].summary);
            }
        }
    }
    (void)fputs("\nALARM is RULE/ENTITY, as `tocsin alarms` shows it.\n"
                "`tocsin COMMAND --help` says more.\n"
                "Exit codes: 0 done, 1 refused or failed, 2 usage error.\n",
                out);
}

/* Levenshtein's distance of two short words; words of more than 15 bytes are far from everything.
 */
static int cli_distance(const char *a, const char *b) {
    int row[16];
    int a_len = (int)strlen(a);
    int b_len = (int)strlen(b);
    if (a_len > 15 || b_len > 15) {
        return 16;
    }
    for (int j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (int i = 1; i <= a_len; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= b_len; j++) {
            int changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            int shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = changed < shorter ? changed : shorter;
        }
    }
    return row[b_len];
}

const char *cli_suggest(const char *word) {
    const char *nearest = NULL;
    int distance = SUGGEST_DISTANCE_MAX + 1;
    for (int i = 0; i < COMMAND_COUNT; i++) {
        int d = cli_distance(word, commands[i].name);
        if (d < distance) {
            distance = d;
            nearest = commands[i].name;
        }
    }
    return nearest;
}

int cli_main(int argc, char **argv) {
    if (argc < 2) {
        cli_help(stderr);
        return 2;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        cli_help(stdout);
        return 0;
    }
    if (strcmp(word, "--version") == 0) {
        static char version[] = "version";
        word = version;
        argv[1] = version;
    }
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(word, commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    const char *nearest = cli_suggest(word);
    (void)fprintf(stderr, "tocsin: there is no command `%s`", word);
    if (nearest != NULL) {
        (void)fprintf(stderr, "; did you mean `%s`?", nearest);
    }
    (void)fputs("\nSee `tocsin --help`.\n", stderr);
    return 2;
}
