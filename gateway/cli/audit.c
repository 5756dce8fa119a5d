/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/audit.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/arguments.h"
#include "gateway/journal/journal_backup.h"

enum { EXIT_GOOD, EXIT_WRONG, EXIT_USAGE };

static const struct arguments_words audit_usage = {
    {"用法:tocsin audit verify PATH [选项]...\n"
     "      tocsin audit key FILE [选项]...\n"
     "\n"
     "检查日志是否仍与所记录的一致。PATH 为状态目录、journal.db 或备份;其网关可在运行。\n"
     "说明哪些已签名、哪些尚未签名、哪些已按保留期删除,并指出第一个被改动或删除的事件。\n"
     "\n"
     "每个事件的摘要都由前一个推出;各列与其正文一致;除每条通道最早的事件外没有缺失,\n"
     "一周内的告警都在,已向外确认的事件末尾没有缺失。请将打印的摘要另存他处:\n"
     "它可证明直到该事件为止、此处连续保留的全部内容。\n"
     "\n"
     "能写此文件的人可以重新计算全部摘要。因此,站点中写有 `gateway.journal.signing_key_file` 的网关\n"
     "每天为其日志签署一个检查点,涵盖每个事件及其全部列。检查点是否出自该网关,只有其公钥能证明:\n"
     "请将 `tocsin audit key FILE` 打印的签名密钥 FILE 的公钥另存他处。\n"
     "\n"
     "即使加 --key 也查不出:在最新检查点之后改动事件并重新计算摘要;按保留期的方式删除最早的事件\n"
     "(活动事件,以及一周以前的告警);整体换回较旧的状态目录。告警状态、计时和各接收端已确认的进度\n"
     "是网关的当前状态,不属于记录,不签名。\n",
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
    {"退出码:0 与所记录的一致;1 不一致、用 --key 无法证明,或无法读取;2 用法错误\n",
     "exit codes: 0 all is as it was recorded; 1 it is not, cannot be proven with --key, or cannot be\n"
     "read; 2 usage error\n"}};

enum { DAY_TEXT_SIZE = 32 };

/* The day of a seal as people write it, in UTC. */
static void audit_day(int64_t day, char ret[DAY_TEXT_SIZE]) {
    char text[CLOCK_TEXT_SIZE];
    clock_format((struct wall){day * 86400 * (int64_t)NS_PER_S}, text);
    (void)snprintf(ret, DAY_TEXT_SIZE, "%.10s", text);
}

/* Say what is wrong with the seals. */
static void audit_print_fault(const struct journal_audit *audit, bool zh) {
    const struct audit_seals *seals = &audit->seals;
    const struct journal_seal *seal = &seals->seal;
    char day[DAY_TEXT_SIZE];
    audit_day(seal->day, day);
    if (seals->fault != SEAL_ABSENT && seals->fault != SEAL_SOUND) {
        (void)printf(zh ? "检查点 %" PRIu64 "(%s,至事件 %" PRIu64 "):"
                        : "checkpoint %" PRIu64 " of %s, up to event %" PRIu64 ": ",
                     seal->number, day, seal->seq);
    }
    switch (seals->fault) {
    case SEAL_SOUND:
        break;
    case SEAL_MISSING:
        (void)printf(zh ? "它之前的检查点 %" PRIu64 " 至 %" PRIu64 " 缺失:已被删除\n"
                        : "checkpoints %" PRIu64 " to %" PRIu64
                          " before it are missing: they were removed\n",
                     seals->expected, seal->number - 1);
        break;
    case SEAL_FORGED:
        (void)printf("%s", zh ? "签名不符:它被改动过,或不属于本网关\n"
                              : "its signature does not fit: it was changed, or is not of this "
                                "gateway\n");
        break;
    case SEAL_STRANGER:
        (void)printf("%s", zh ? "由未知的密钥签名:若密钥更换过,请把旧公钥一并放入 --key 的文件;"
                                "否则它是伪造的\n"
                              : "it is signed with an unknown key: if the key was changed, put the "
                                "other public key into the file of --key, too; otherwise it is "
                                "made up\n");
        break;
    case SEAL_OTHER_HEAD:
        (void)printf("%s", zh ? "所签的摘要与日志不符:该事件或它之前的事件被改动过\n"
                              : "the journal has another digest there than was signed: events up "
                                "to it were changed, and the chain with them\n");
        break;
    case SEAL_CUT_OFF:
        (void)printf(zh ? "日志却止于 %" PRIu64 ":末尾的事件被删除\n"
                        : "the journal ends at %" PRIu64 ": events at its end were removed\n",
                     audit->newest_seq);
        break;
    case SEAL_TAKEN:
        (void)printf("%s",
                     zh ? "它是最新的检查点,日志中却没有:已被删除,或随损坏的文件丢失\n"
                        : "it is the newest by the file `checkpoint` and not in the journal: it "
                          "was removed, or lost with a damaged file\n");
        break;
    case SEAL_ABSENT:
        (void)printf(
            zh ? "本应每天签署一个检查点,最后一个(%" PRIu64
                 ")之后新的一天已有事件却没有:检查点被删除,或网关未能签名\n"
               : "a checkpoint is expected each day, and after the last one (%" PRIu64
                 ") there are events of a later day without: it was removed, or the gateway "
                 "could not sign\n",
            seals->count == 0 ? 0 : seal->number);
        break;
    }
}

/* What the seals prove, and what they do not. */
static void audit_print_seals(const struct journal_audit *audit, bool zh) {
    const struct audit_seals *seals = &audit->seals;
    char day[DAY_TEXT_SIZE];
    uint64_t unsigned_events = audit->unsigned_events;
    if (seals->count == 0) {
        (void)printf("%s",
                     zh ? "没有检查点:能写入该文件的人可以重算全部摘要\n"
                        : "there is no checkpoint: whoever can write the file could compute all "
                          "digests anew\n");
        return;
    }
    if (seals->fault == SEAL_SOUND) {
        audit_day(seals->seal.day, day);
        (void)printf(zh ? "检查点 %" PRIu64 " 个,最后一个是 %" PRIu64 "(%s,至事件 %" PRIu64
                          "),签名涵盖 %" PRIu64 " 条事件%s\n"
                        : "%" PRIu64 " checkpoints, the last is %" PRIu64
                          " of %s, up to event %" PRIu64 "; signed are %" PRIu64 " events%s\n",
                     seals->count, seals->seal.number, day, seals->seal.seq, seals->covered,
                     seals->keys_known ? ""
                     : zh              ? ";是否为本网关的密钥,须用 --key 核对"
                          : "; whether with the gateway's own key only --key can tell");
    }
    if (unsigned_events > 0) {
        (void)printf(zh ? "尚未签名:事件 %" PRIu64 " 起共 %" PRIu64 " 条\n"
                        : "not signed yet: from event %" PRIu64 " on, %" PRIu64 " events\n",
                     audit->unsigned_seq, unsigned_events);
    }
    if (audit->events > seals->covered + unsigned_events) {
        (void)printf(zh ? "另有 %" PRIu64 " 条没有检查点能证明\n"
                        : "%" PRIu64 " more events are proven by no checkpoint\n",
                     audit->events - seals->covered - unsigned_events);
    }
}

/* What is gone, and what was lost. */
static void audit_print_gone(const struct journal_audit *audit, bool zh) {
    if (audit->let_go > 0) {
        (void)printf(zh ? ",其间 %" PRIu64 " 条已不再保存"
                        : "; %" PRIu64 " between them are no longer kept",
                     audit->let_go);
    }
    if (audit->gone_alarms > 0) {
        (void)printf(zh ? ";不再保存的签名事件中 %" PRIu64 " 条属于告警"
                        : "; of the signed ones that are no longer kept %" PRIu64 " are of alarms",
                     audit->gone_alarms);
    }
    if (audit->lost > 0) {
        (void)printf(zh ? ";因空间不足,曾有 %" PRIu64 " 条活动事件在外部全部收到之前被删除"
                        : "; for want of room %" PRIu64
                          " of activity went before everybody outside had them",
                     audit->lost);
    }
    (void)printf("\n");
    if (audit->skipped > 0) {
        (void)printf(zh ? "编号中有 %" PRIu64 " 个从未使用\n"
                        : "%" PRIu64 " numbers between them were never used\n",
                     audit->skipped);
    }
    if (audit->unproven > 0) {
        (void)printf(
            zh ? "有 %" PRIu64 " 处之前的记录随损坏的文件丢失,无法证明\n"
               : "in %" PRIu64
                 " places what stood before was lost with a damaged file and cannot be proven\n",
            audit->unproven);
    } else if (audit->noted > audit->lost_ends) {
        (void)printf(
            zh ? "曾从损坏的文件抢救记录,%" PRIu64 " 处之前的记录丢失;其后的检查点已签署现有内容\n"
               : "a damaged file was salvaged: in %" PRIu64
                 " places what stood before was lost; a checkpoint since has signed what is "
                 "here\n",
            audit->noted - audit->lost_ends);
    }
}

static void audit_print_digest(const unsigned char digest[JOURNAL_DIGEST_SIZE]) {
    for (int i = 0; i < JOURNAL_DIGEST_SIZE; i++) {
        (void)printf("%02x", digest[i]);
    }
    (void)printf("\n");
}

/* Say what is wrong with the events. */
static void audit_print_wrong(const struct journal_audit *audit, bool zh) {
    uint64_t seq = audit->fault_seq;
    switch (audit->fault) {
    case AUDIT_SOUND:
        break;
    case AUDIT_CHANGED:
        (void)printf(zh ? "事件 %" PRIu64 " 与记录时不符:它或它之前的事件被改动过\n"
                        : "event %" PRIu64
                          " is not what was recorded: it, or what stood before it, was changed\n",
                     seq);
        break;
    case AUDIT_COLUMN:
        (void)printf(zh ? "事件 %" PRIu64 " 的列 %s 与其正文不符:被改动过\n"
                        : "event %" PRIu64
                          " is not what was recorded: its column `%s` is not what its body says\n",
                     seq, audit->column);
        break;
    case AUDIT_REMOVED:
        (void)printf(
            zh ? "事件 %" PRIu64 " 缺失而更早的同类事件仍在:不是保存期所致,已被删除\n"
               : "event %" PRIu64
                 " is gone, and older ones of its kind are here: retention does not do that, "
                 "it was removed\n",
            seq);
        break;
    case AUDIT_EARLY:
        (void)printf(
            zh ? "告警事件 %" PRIu64 " 在一周之内即已缺失:不是保存期所致,已被删除\n"
               : "event %" PRIu64
                 ", of an alarm, is gone within a week: retention does not do that, it was "
                 "removed\n",
            seq);
        break;
    case AUDIT_OTHER:
        (void)printf(zh ? "事件 %" PRIu64 " 至 %" PRIu64
                          " 与检查点所签不符:其中有事件被改动或删除,或随损坏的文件丢失\n"
                        : "events %" PRIu64 " to %" PRIu64
                          " are not those that their checkpoint has signed: some of them were "
                          "changed or removed, or lost with a damaged file\n",
                     seq, audit->fault_last);
        break;
    case AUDIT_LOST:
        (void)printf(zh ? "事件 %" PRIu64 " 与 %" PRIu64
                          " 之间曾有当时最新的记录,现已不在:被删除,或随损坏的文件丢失\n"
                        : "events had been recorded between %" PRIu64 " and %" PRIu64
                          " and are not here: they were the newest then, and were removed or lost "
                          "with a damaged file\n",
                     seq, audit->fault_last);
        break;
    case AUDIT_UNPROVEN:
        (void)printf(
            zh ? "只有 %" PRIu64 " 处是抢救损坏文件时记下的:其余的被改动过\n"
               : "only %" PRIu64
                 " of these places were noted when a damaged file was salvaged: the others "
                 "were made up\n",
            audit->noted);
        break;
    case AUDIT_CUT_OFF:
        if (audit->confirmed > audit->newest_seq) {
            (void)printf(zh ? "外部已确认到 %" PRIu64 ",日志却止于 %" PRIu64 ":末尾的事件被删除\n"
                            : "up to %" PRIu64
                              " was confirmed outside, but the journal ends at %" PRIu64
                              ": events at its end were removed\n",
                         audit->confirmed, audit->newest_seq);
        } else {
            (void)printf(zh ? "文件 witness 记到 %" PRIu64 ",日志却止于 %" PRIu64
                              ":末尾的事件被删除或丢失\n"
                            : "the file `witness` knows of event %" PRIu64
                              ", but the journal ends at %" PRIu64
                              ": events at its end were removed or lost\n",
                         seq, audit->newest_seq);
        }
        break;
    }
}

bool audit_print(const struct journal_audit *audit, enum site_language language) {
    const bool zh = language == LANGUAGE_ZH;
    bool good = journal_audit_is_good(audit);
    (void)printf(zh ? "事件 %" PRIu64 " 条,编号 %" PRIu64 " 至 %" PRIu64
                    : "%" PRIu64 " events, %" PRIu64 " to %" PRIu64,
                 audit->events, audit->first_seq, audit->newest_seq);
    audit_print_gone(audit, zh);
    audit_print_seals(audit, zh);
    audit_print_wrong(audit, zh);
    audit_print_fault(audit, zh);
    if (good) {
        (void)printf("%s", zh ? "与记录时一致;末条摘要 " : "all is as it was recorded; digest ");
        audit_print_digest(audit->digest);
    } else if (audit->fault == AUDIT_SOUND && audit->seals.fault == SEAL_SOUND) {
        (void)printf("%s",
                     zh ? "其余与记录时一致,但并非全部可以证明\n"
                        : "the rest is as it was recorded, but not all of it can be proven\n");
    }
    return good;
}

int audit_explain(const char *command, const char *what, int r, const char *reason,
                  enum site_language language) {
    const bool zh = language == LANGUAGE_ZH;
    const char *words =
        r == JOURNAL_E_DAMAGED ? (zh ? "已损坏或不是日志" : "it is damaged, or none")
        : r == JOURNAL_E_OCCUPIED
            ? zh ? "不可写入,先移走其中的日志或停止其网关"
                 : "it cannot be used: move its journal away, or stop its gateway"
        : r == JOURNAL_E_RIVAL
            ? zh ? "另一个备份正以同一名称写入,它不受影响;请等它完成,或换一个名称"
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
    return audit_print(&audit, language) ? EXIT_GOOD : EXIT_WRONG;
}

int audit_main(int argc, char **argv) {
    enum site_language language = arguments_environment_language();
    const char *key = NULL;
    bool make = false;
    const struct arguments_option options[] = {
        {.name = "key",
         .word = "KEYS",
         .help = {{"verify:网关的公钥,文件中可有一个或多个;每个检查点都必须由其中之一签署,\n"
                   "且不得缺失",
                   "verify: the gateway's public keys, one or several in a file; each checkpoint\n"
                   "has to be signed with one of them, and none may be missing"}},
         .text = &key},
        {.name = "make",
         .help = {{"key:生成签名密钥 FILE,该文件尚不存在",
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
            {{"需要 `verify` 加状态目录、日志或备份,或者 `key` 加一个文件",
              "it needs `verify` and a state directory, a journal or a backup, or `key` and a "
              "file"}},
        .surplus = {{"只接受 `verify` 或 `key`,加一个路径",
                     "it takes `verify` or `key`, and one path"}},
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    char **operands;
    enum arguments_end end = arguments_parse(&form, argc, argv, &operands);
    bool keys = end == ARGUMENTS_GO_ON && strcmp(operands[0], "key") == 0;
    if (end == ARGUMENTS_GO_ON && !keys && strcmp(operands[0], "verify") != 0) {
        end = arguments_refuse(form.command,
                               (struct arguments_words){{"只能 `verify` 或 `key`,而不是",
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
