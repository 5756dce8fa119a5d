/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "gateway/arguments.h"
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
#include "gateway/cli/user.h"
#include "gateway/cli/walk_test.h"
#include "gateway/supervisor.h"

enum group { GROUP_RUN, GROUP_LOOK, GROUP_TRY, GROUP_ACT, GROUP_TEST, GROUP_ABOUT, GROUP_COUNT };

static const struct arguments_words group_titles[GROUP_COUNT] = {
    [GROUP_RUN] = {{"运行站点", "Run a site"}},
    [GROUP_LOOK] = {{"查看", "Look"}},
    [GROUP_TRY] = {{"试验规则", "Try rules"}},
    [GROUP_ACT] = {{"处置告警", "Act on an alarm"}},
    [GROUP_TEST] = {{"按地点测试", "Test a place"}},
    [GROUP_ABOUT] = {{"网关自身", "The gateway itself"}},
};

static const struct {
    enum group group;
    const char *name;
    const char *arguments;
    struct arguments_words summary;
    int (*run)(int argc, char **argv);
} commands[] = {
    {GROUP_RUN,
     "run",
     "SITE",
     {{"监测一个站点：启动网关", "watch a site: start the gateway"}},
     supervisor_main},
    {GROUP_RUN,
     "check",
     "SITE",
     {{"检查站点文件，并说明其含义", "check a site's files and say what they mean"}},
     check_main},
    {GROUP_RUN,
     "sim",
     "SITE",
     {{"模拟现场：站点的全部设备", "act out the field: every device of a site, simulated"}},
     sim_main},
    {GROUP_LOOK,
     "events",
     "",
     {{"已发生和正在发生的事件（--follow）", "what has happened, and what happens (--follow)"}},
     events_main},
    {GROUP_LOOK,
     "alarms",
     "",
     {{"未恢复正常的告警", "the alarms that are not normal"}},
     alarms_main},
    {GROUP_LOOK,
     "points",
     "[PLACE]",
     {{"传感器的当前值", "the present values of the sensors"}},
     points_main},
    {GROUP_TRY,
     "replay",
     "RECORDING",
     {{"重放传感器记录，并可换用其他规则",
       "what the sensors said, once more, and under other rules"}},
     replay_main},
    {GROUP_TRY,
     "test-rules",
     "FILE",
     {{"规则是否符合预期？", "do the rules do what is expected of them?"}},
     test_rules_main},
    {GROUP_ACT,
     "ack",
     "ALARM",
     {{"确认：已有人知悉", "acknowledge: somebody has taken notice"}},
     act_main},
    {GROUP_ACT,
     "attend",
     "ALARM",
     {{"记录已有人到场", "record that somebody has been at the place"}},
     act_main},
    {GROUP_ACT,
     "investigate",
     "ALARM",
     {{"记录火警现场的核实结果", "what was found where a fire alarm was raised"}},
     act_main},
    {GROUP_ACT,
     "silence",
     "ALARM",
     {{"消音，最长两分钟", "turn the sound off for up to two minutes"}},
     act_main},
    {GROUP_ACT, "reset", "ALARM", {{"复位已结束的告警", "close an alarm that is over"}}, act_main},
    {GROUP_ACT,
     "shelve",
     "ALARM",
     {{"暂时搁置，不再提示", "hear nothing of it for a while"}},
     act_main},
    {GROUP_ACT, "unshelve", "ALARM", {{"取消搁置", "hear of it again"}}, act_main},
    {GROUP_ACT,
     "out-of-service",
     "ALARM",
     {{"停用：传感器检修期间", "while its sensor is worked on"}},
     act_main},
    {GROUP_ACT, "in-service", "ALARM", {{"恢复使用：检修完成", "the work is done"}}, act_main},
    {GROUP_ACT,
     "disposition",
     "ALARM",
     {{"登记告警的处置结论", "record what it turned out to be"}},
     act_main},
    {GROUP_TEST,
     "test",
     "begin|end",
     {{"开始或结束一个地点的测试，并复位测试告警",
       "put a PLACE under test, end that, and reset what it raised"}},
     act_test_main},
    {GROUP_TEST,
     "walk-test",
     "PLACE",
     {{"哪些按钮和探测器已触发过", "which buttons and detectors were tripped"}},
     walk_test_main},
    {GROUP_ABOUT,
     "health",
     "",
     {{"运行状况；无人判定告警时退出码为 1",
       "how it is; exit code 1 when nobody evaluates alarms"}},
     health_main},
    {GROUP_ABOUT,
     "user",
     "list|add|change|remove",
     {{"可登录控制台的用户", "who may sign in to the console"}},
     user_main},
    {GROUP_ABOUT,
     "audit",
     "verify|key",
     {{"日志是否仍与所记录的一致？", "does a journal still hold what was recorded?"}},
     audit_main},
    {GROUP_ABOUT,
     "backup",
     "STATE",
     {{"备份网关的日志（可在运行中）", "copy the journal of a gateway, which may run"}},
     backup_main},
    {GROUP_ABOUT,
     "restore",
     "FILE",
     {{"检查备份并恢复", "check a backup, and bring it back"}},
     restore_main},
    {GROUP_ABOUT,
     "resend",
     "",
     {{"消息代理丢失事件后重新发送", "give the broker events once more, when it has lost them"}},
     resend_main},
    {GROUP_ABOUT,
     "version",
     "",
     {{"本程序与所连网关的版本", "this program, and the gateway that answers"}},
     version_main},
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands, SUGGEST_DISTANCE_MAX = 2 };

static const struct arguments_words help_opening = {{
    "守望（Tocsin）监测社区建筑的传感器，跟踪每个告警直到处置完毕，并通过 MQTT 上报。\n"
    "它是对经认证的火灾报警和护理呼叫设备的补充，绝不能替代它们。\n\n"
    "用法：tocsin 命令 [参数]\n",
    "Tocsin watches sensors of community buildings, follows every alarm to its end and\n"
    "reports over MQTT. It supplements certified fire-alarm and nurse-call equipment and\n"
    "never replaces it.\n\n"
    "Usage: tocsin COMMAND [ARGUMENTS]\n",
}};

static const struct arguments_words help_closing = {{
    "\nALARM 形如 规则/对象，见 `tocsin alarms`。\n"
    "`tocsin 命令 --help` 有详细说明。\n"
    "退出码：0 完成，1 被拒绝或失败，2 用法错误。\n",
    "\nALARM is RULE/ENTITY, as `tocsin alarms` shows it.\n"
    "`tocsin COMMAND --help` says more.\n"
    "Exit codes: 0 done, 1 refused or failed, 2 usage error.\n",
}};

static void cli_help(FILE *out) {
    enum site_language language = arguments_environment_language();
    (void)fputs(help_opening.words[language], out);
    for (enum group group = 0; group < GROUP_COUNT; group++) {
        (void)fprintf(out, "\n%s\n", group_titles[group].words[language]);
        for (int i = 0; i < COMMAND_COUNT; i++) {
            if (commands[i].group == group) {
                (void)fprintf(out, "  %-15s%-10s %s\n", commands[i].name, commands[i].arguments,
                              commands[i].summary.words[language]);
            }
        }
    }
    (void)fputs(help_closing.words[language], out);
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

/* Say that the word is no command, and which one it may have been meant to be. */
static void cli_refuse(const char *word) {
    bool chinese = arguments_environment_language() == LANGUAGE_ZH;
    const char *nearest = cli_suggest(word);
    (void)fprintf(stderr, chinese ? "tocsin：没有命令 `%s`" : "tocsin: there is no command `%s`",
                  word);
    if (nearest != NULL) {
        (void)fprintf(stderr, chinese ? "，是否指 `%s`？" : "; did you mean `%s`?", nearest);
    }
    (void)fputs(chinese ? "\n请看 `tocsin --help`。\n" : "\nSee `tocsin --help`.\n", stderr);
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
    cli_refuse(word);
    return 2;
}
