/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/keep.h"

#include <stdio.h>
#include <sys/stat.h>

#include "gateway/arguments.h"
#include "gateway/cli/audit.h"
#include "gateway/console/people.h"
#include "gateway/journal/journal_audit_text.h"
#include "gateway/journal/journal_backup.h"
#include "gateway/kept.h"

enum { EXIT_GOOD, EXIT_WRONG, EXIT_USAGE };

static const struct arguments_words backup_usage = {
    {"用法：tocsin backup STATE --to FILE [选项]...\n"
     "\n"
     "把状态目录 STATE 的日志复制到新文件 FILE：事件、告警及其计时、已向外确认的进度；\n"
     "如果 STATE 中保存有上次采用的站点和控制台的人员名单，也一并复制\n"
     "（密码只有加盐的散列，另有经消息代理操作的密钥）。登录会话、曲线历史和控制台证书不在其中。\n"
     "其网关可在运行，并继续记录。\n",
     "Usage: tocsin backup STATE --to FILE [OPTION]...\n"
     "\n"
     "Copy the journal of the state directory STATE into the new FILE: events, alarms with their timers,\n"
     "what was confirmed outside; and the site that was accepted last and the list of the console's people,\n"
     "if STATE keeps them (of passwords only salted hashes; and keys for commands by the broker). Sessions,\n"
     "the history for charts and the console's certificate are not in it. Its gateway may run and goes on\n"
     "recording.\n"}};

static const struct arguments_words backup_closing = {
    {"退出码：0 完成；1 未能完成，没有 FILE；2 用法错误\n",
     "exit codes: 0 done; 1 it could not be done, and there is no FILE; 2 usage error\n"}};

static const struct arguments_words restore_usage = {
    {"用法：tocsin restore FILE --into STATE [选项]...\n"
     "      tocsin restore FILE --verify [选项]...\n"
     "\n"
     "完整检查备份，并将其作为状态目录 STATE 的日志，STATE 中不得已有日志。以此启动的网关接续备份中的\n"
     "告警和计时，使用从未用过的编号；站点文件有误时，监测上次采用的站点；名单中的人员以原密码登录。\n"
     "移走的日志在 STATE 中遗留的预写文件会改名保留。\n",
     "Usage: tocsin restore FILE --into STATE [OPTION]...\n"
     "       tocsin restore FILE --verify [OPTION]...\n"
     "\n"
     "Check a backup wholly, and make it the journal of the state directory STATE, which must not have\n"
     "one. The gateway that is started with it goes on with the alarms and timers of the backup, under\n"
     "ids that were never used before, and watches the site that was accepted last should its site file\n"
     "be wrong; its people sign in with their passwords. The log that a moved journal has left in STATE\n"
     "is kept under another name.\n"}};

static const struct arguments_words restore_closing = {
    {"退出码：0 完成；1 备份损坏或未能完成，没有任何改动；2 用法错误\n",
     "exit codes: 0 done; 1 it is damaged or could not be done, and nothing was changed; 2 usage error\n"}};

enum { KEEP_SITE, KEEP_PEOPLE };

/* The site that was accepted last, and who may sign in. */
static const struct journal_beside besides[] = {
    [KEEP_SITE] = {.name = KEPT_FILE_NAME,
                   .column = JOURNAL_BESIDE_SITE,
                   .size_max = KEPT_SIZE_MAX,
                   .is_whole = kept_is_whole},
    [KEEP_PEOPLE] = {.name = PEOPLE_FILE_NAME,
                     .directory = PEOPLE_DIRECTORY,
                     .column = JOURNAL_BESIDE_PEOPLE,
                     .size_max = PEOPLE_FILE_MAX,
                     .is_whole = people_are_whole},
    {.name = NULL},
};

/* What is said of each, by enum journal_beside_state. */
static const struct arguments_words states[][BESIDE_THERE + 1] = {
    [KEEP_SITE] =
        {
            [BESIDE_NONE] =
                {{"其中没有最近生效的站点配置：状态目录中没有完好的 " KEPT_FILE_NAME
                  "；请另行保存站点文件",
                  "the site that was accepted last is not in it: the state directory had no "
                  "whole " KEPT_FILE_NAME "; keep the files of the site yourself"}},
            [BESIDE_WHOLE] = {{"其中有最近生效的站点配置", "with the site that was accepted last"}},
            [BESIDE_DAMAGED] =
                {{"其中最近生效的站点配置已损坏，不能恢复；日志不受影响",
                  "the site that was accepted last is damaged in it and does not come back; "
                  "the journal is not concerned"}},
            [BESIDE_THERE] =
                {{"状态目录中已有最近生效的站点配置，予以保留",
                  "the state directory has a site that was accepted last, which stays"}},
        },
    [KEEP_PEOPLE] =
        {
            [BESIDE_NONE] =
                {{"其中没有控制台的人员名单：状态目录中没有完好的 " PEOPLE_DIRECTORY
                  "/" PEOPLE_FILE_NAME,
                  "the list of the console's people is not in it: the state directory had no whole "
                  "" PEOPLE_DIRECTORY "/" PEOPLE_FILE_NAME}},
            [BESIDE_WHOLE] =
                {{"其中有控制台的人员名单，经消息代理操作的密钥（如有）以原样存放：请像保管密钥一样保管备份",
                  "with the list of the console's people, in which keys for commands by the broker "
                  "stand as they are: keep the backup as you keep keys"}},
            [BESIDE_DAMAGED] =
                {{"其中控制台的人员名单已损坏，不能恢复；日志不受影响",
                  "the list of the console's people is damaged in it and does not come back; the "
                  "journal is not concerned"}},
            [BESIDE_THERE] =
                {{"状态目录中已有控制台的人员名单，予以保留",
                  "the state directory has a list of the console's people, which stays"}},
        },
};

/* Say what of them is in a backup. True when none is damaged in it. */
static bool keep_tell_besides(const struct journal_backup *backup, enum site_language language) {
    bool good = true;
    for (int i = KEEP_SITE; i <= KEEP_PEOPLE; i++) {
        (void)puts(states[i][backup->besides[i]].words[language]);
        good = good && backup->besides[i] != BESIDE_DAMAGED;
    }
    return good;
}

int backup_main(int argc, char **argv) {
    enum site_language language = arguments_environment_language();
    const char *to = NULL;
    const struct arguments_option options[] = {
        {.name = "to",
         .word = "FILE",
         .help = {{"备份文件，该名称尚不存在", "the backup; there is none of that name yet"}},
         .text = &to},
        ARGUMENTS_LANGUAGE(&language)};
    const struct arguments_form form = {
        .command = "backup",
        .usage = &backup_usage,
        .closing = &backup_closing,
        .operands_min = 1,
        .operands_max = 1,
        .missing = {{"需要状态目录", "it needs a state directory"}},
        .surplus = {{"只接受一个状态目录", "it takes one state directory"}},
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    char **operands;
    enum arguments_end end = arguments_parse(&form, argc, argv, &operands);
    const char *state = operands[0];
    if (end == ARGUMENTS_GO_ON && to == NULL) {
        end = arguments_refuse(
            form.command, (struct arguments_words){{"需要 --to FILE", "it needs --to FILE"}}, NULL);
    }
    if (end != ARGUMENTS_GO_ON) {
        return (int)end;
    }
    struct stat found;
    if (stat(state, &found) == 0 && !S_ISDIR(found.st_mode)) {
        return (int)arguments_refuse(
            form.command,
            (struct arguments_words){
                {"请给出日志所在的状态目录，而不是文件",
                 "give the state directory that the journal is in, not a file"}},
            state);
    }
    char reason[JOURNAL_REASON_SIZE] = "";
    struct journal_backup backup;
    int r = journal_backup_make(state, to, besides, clock_wall(), reason);
    if (r != 0) {
        return audit_explain("backup", r == JOURNAL_E_RIVAL ? to : state, r, reason, language);
    }
    r = journal_backup_check(to, besides, &backup, reason);
    if (r != 0) {
        return audit_explain("backup", to, r, reason, language);
    }
    (void)keep_tell_besides(&backup, language); /* it was made of what was whole */
    return journal_audit_print(&backup.audit, language, stdout) ? EXIT_GOOD : EXIT_WRONG;
}

int restore_main(int argc, char **argv) {
    enum site_language language = arguments_environment_language();
    const char *into = NULL;
    bool verify = false;
    const struct arguments_option options[] = {
        {.name = "into",
         .word = "STATE",
         .help = {{"状态目录，不存在则创建",
                   "the state directory, which is made if it is missing"}},
         .text = &into},
        {.name = "verify", .help = {{"只检查", "only check"}}, .flag = &verify},
        ARGUMENTS_LANGUAGE(&language)};
    const struct arguments_form form = {
        .command = "restore",
        .usage = &restore_usage,
        .closing = &restore_closing,
        .operands_min = 1,
        .operands_max = 1,
        .missing = {{"需要备份文件", "it needs a backup"}},
        .surplus = {{"只接受一个备份文件", "it takes one backup"}},
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    char **operands;
    enum arguments_end end = arguments_parse(&form, argc, argv, &operands);
    const char *file = operands[0];
    if (end == ARGUMENTS_GO_ON && verify == (into != NULL)) {
        end = arguments_refuse(form.command,
                               (struct arguments_words){{"需要 --into STATE 或 --verify",
                                                         "it needs --into STATE or --verify"}},
                               NULL);
    }
    if (end != ARGUMENTS_GO_ON) {
        return (int)end;
    }
    char reason[JOURNAL_REASON_SIZE] = "";
    struct journal_backup backup;
    char made[CLOCK_TEXT_SIZE];
    const bool zh = language == LANGUAGE_ZH;
    int r = verify ? journal_backup_check(file, besides, &backup, reason)
                   : journal_backup_restore(file, into, besides, clock_wall(), &backup, reason);
    if (r != 0) {
        return audit_explain("restore", r == JOURNAL_E_OCCUPIED ? into : file, r, reason, language);
    }
    clock_format(backup.made, made);
    (void)printf(zh ? "%s/%s 的备份，作于 %s\n" : "backup of %s/%s, made at %s\n", backup.site,
                 backup.gateway, made);
    bool good = keep_tell_besides(&backup, language);
    good = journal_audit_print(&backup.audit, language, stdout) && good;
    if (backup.log_aside[0] != '\0') {
        (void)printf(
            zh ? "%s 中有旧日志遗留的预写文件，其事件不在备份中；已另存为 %s-wal\n"
               : "the log of an earlier journal was left in %s, with events that are not in "
                 "the backup; it is kept there as %s-wal\n",
            into, backup.log_aside);
    }
    if (!verify) {
        (void)printf(
            zh ? "已恢复到 %s；用它启动网关即可继续\n"
               : "restored into %s; a gateway that is started with it goes on from there\n",
            into);
    }
    return good || !verify ? EXIT_GOOD : EXIT_WRONG;
}
