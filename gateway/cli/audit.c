/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/audit.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/arguments.h"
#include "gateway/journal/journal_audit_text.h"
#include "gateway/journal/journal_backup.h"

enum { EXIT_GOOD, EXIT_WRONG, EXIT_USAGE };

static const struct arguments_words audit_usage = {
    {"用法：tocsin audit verify PATH [选项]...\n"
     "      tocsin audit key FILE [选项]...\n"
     "\n"
     "检查日志是否仍与所记录的一致。PATH 为状态目录、journal.db 或备份；其网关可在运行。\n"
     "说明哪些已签名、哪些尚未签名、哪些已按保留期删除，并指出第一个被改动或删除的事件。\n"
     "\n"
     "每个事件的摘要都由前一个推出；各列与其正文一致；除每条通道最早的事件外没有缺失，\n"
     "一周内的告警都在，已向外确认的事件末尾没有缺失。请将打印的摘要另存他处：\n"
     "它可证明直到该事件为止、此处连续保留的全部内容。\n"
     "\n"
     "能写此文件的人可以重新计算全部摘要。因此，站点中写有 `gateway.journal.signing_key_file` 的网关\n"
     "每天为其日志签署一个检查点，涵盖每个事件及其全部列。检查点是否出自该网关，只有其公钥能证明：\n"
     "请将 `tocsin audit key FILE` 打印的签名密钥 FILE 的公钥另存他处。\n"
     "\n"
     "即使加 --key 也查不出：在最新检查点之后改动事件并重新计算摘要；按保留期的方式删除最早的事件\n"
     "（活动事件，以及一周以前的告警）；整体换回较旧的状态目录。告警状态、计时和各接收端已确认的进度\n"
     "是网关的当前状态，不属于记录，不签名。\n",
     "Usage: tocsin audit verify PATH [OPTION]...\n"
     "       tocsin audit key FILE [OPTION]...\n"
     "\n"
     "Check that a journal still holds what was recorded. PATH is a state directory, a journal.db or a\n"
     "backup; its gateway may run. It says what is signed, what is not signed yet, what was let go of\n"
     "by retention, and names the first event that was changed or removed.\n"
     "\n"
     "Every event's digest follows from the one before it; its columns are those of its body; nothing is\n"
     "missing but the oldest of a lane, no alarm is gone within a week, and nothing that was confirmed\n"
     "outside is missing at the end. Keep the digest that is printed somewhere else: it proves\n"
     "everything up to its event that is here without a gap.\n"
     "\n"
     "Who can write the file can compute all digests anew. A gateway whose site names a\n"
     "`gateway.journal.signing_key_file` therefore signs a checkpoint of its journal each day, over\n"
     "every event with all its columns. Whether the checkpoints are the gateway's own only its public\n"
     "key says: keep what `tocsin audit key FILE` prints of the signing key in FILE somewhere else.\n"
     "\n"
     "Not found, even with --key: a change of events behind the newest checkpoint by somebody who\n"
     "computes their digests anew; the oldest events removed as retention does it (activity, and alarms\n"
     "older than a week); a whole older state directory put back. Alarm states, timers and what sinks\n"
     "have confirmed are the gateway's present, not its record, and are not signed.\n"}};

static const struct arguments_words audit_closing = {
    {"退出码：0 与所记录的一致；1 不一致、用 --key 无法证明，或无法读取；2 用法错误\n",
     "exit codes: 0 all is as it was recorded; 1 it is not, cannot be proven with --key, or cannot be\n"
     "read; 2 usage error\n"}};

int audit_explain(const char *command, const char *what, int r, const char *reason,
                  enum site_language language) {
    const bool zh = language == LANGUAGE_ZH;
    const char *words =
        r == JOURNAL_E_DAMAGED ? (zh ? "已损坏或不是日志" : "it is damaged, or none")
        : r == JOURNAL_E_OCCUPIED
            ? zh ? "不可写入，先移走其中的日志或停止其网关"
                 : "it cannot be used: move its journal away, or stop its gateway"
        : r == JOURNAL_E_RIVAL
            ? zh ? "另一个备份正以同一名称写入，它不受影响；请等它完成，或换一个名称"
                 : "another backup is being made under this name, and goes on: wait "
                   "for it, or give this one another name"
        : zh ? "无法完成"
             : "it could not be done";
    if (r < 0) {
        reason = strerror(-r);
    }
    (void)fprintf(stderr, "tocsin %s: %s: %s: %s\n", command, what, words, reason);
    return EXIT_WRONG;
}

/* Make a signing key if that is wanted, and print its public key. */
static int audit_key(const char *file, bool make, enum site_language language) {
    char reason[JOURNAL_REASON_SIZE] = "";
    int r = make ? seal_key_make(file, reason) : 0;
    if (r == 0) {
        r = seal_key_print(file, stdout, reason);
    }
    return r == 0 ? EXIT_GOOD : audit_explain("audit", file, r, reason, language);
}

static int audit_verify(const char *path, const char *key, enum site_language language) {
    char file[PATH_MAX];
    struct stat found;
    char reason[JOURNAL_REASON_SIZE] = "";
    struct journal_audit audit;
    struct seal_keys keys;
    int r = key != NULL ? seal_keys_read(key, &keys, reason) : 0;
    if (r != 0) {
        return audit_explain("audit", key, r, reason, language);
    }
    bool directory = stat(path, &found) == 0 && S_ISDIR(found.st_mode);
    int len = snprintf(file, sizeof file, "%s%s", path, directory ? "/journal.db" : "");
    r = len < 0 || (size_t)len >= sizeof file
            ? -ENAMETOOLONG
            : journal_audit(file, key != NULL ? &keys : NULL, &audit, reason);
    if (r != 0) {
        return audit_explain("audit", file, r, reason, language);
    }
    return journal_audit_print(&audit, language, stdout) ? EXIT_GOOD : EXIT_WRONG;
}

int audit_main(int argc, char **argv) {
    enum site_language language = arguments_environment_language();
    const char *key = NULL;
    bool make = false;
    const struct arguments_option options[] = {
        {.name = "key",
         .word = "KEYS",
         .help = {{"verify：网关的公钥，文件中可有一个或多个；每个检查点都必须由其中之一签署，\n"
                   "且不得缺失",
                   "verify: the gateway's public keys, one or several in a file; each checkpoint\n"
                   "has to be signed with one of them, and none may be missing"}},
         .text = &key},
        {.name = "make",
         .help = {{"key：生成签名密钥 FILE，该文件尚不存在",
                   "key: make the signing key FILE, which is not there yet"}},
         .flag = &make},
        ARGUMENTS_LANGUAGE(&language)};
    const struct arguments_form form = {
        .command = "audit",
        .usage = &audit_usage,
        .closing = &audit_closing,
        .operands_min = 2,
        .operands_max = 2,
        .missing =
            {{"需要 `verify` 加状态目录、日志或备份，或者 `key` 加一个文件",
              "it needs `verify` and a state directory, a journal or a backup, or `key` and a "
              "file"}},
        .surplus = {{"只接受 `verify` 或 `key`，加一个路径",
                     "it takes `verify` or `key`, and one path"}},
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    char **operands;
    enum arguments_end end = arguments_parse(&form, argc, argv, &operands);
    bool keys = end == ARGUMENTS_GO_ON && strcmp(operands[0], "key") == 0;
    if (end == ARGUMENTS_GO_ON && !keys && strcmp(operands[0], "verify") != 0) {
        end = arguments_refuse(form.command,
                               (struct arguments_words){{"只能 `verify` 或 `key`，而不是",
                                                         "it can only `verify` and `key`, not"}},
                               operands[0]);
    } else if (end == ARGUMENTS_GO_ON && (keys ? key != NULL : make)) {
        end = arguments_refuse(
            form.command,
            keys ? (struct arguments_words){{"`key` 不带 --key", "`key` takes no --key"}}
                 : (struct arguments_words){{"`verify` 不带 --make", "`verify` takes no --make"}},
            NULL);
    }
    if (end != ARGUMENTS_GO_ON) {
        return (int)end;
    }
    return keys ? audit_key(operands[1], make, language) : audit_verify(operands[1], key, language);
}
