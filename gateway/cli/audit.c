/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/audit.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/arguments.h"
#include "gateway/journal/journal_backup.h"

enum { EXIT_GOOD, EXIT_WRONG, EXIT_USAGE };

static const char audit_help[] =
    "usage: tocsin audit verify PATH [option]...\n"
    "       tocsin audit key FILE [option]...\n"
    "\n"
    "Check that a journal still holds what was recorded: every event's digest follows from the one\n"
    "before it, and nothing that was confirmed outside is missing at its end. PATH is a state\n"
    "directory, a journal.db or a backup; its gateway may run.\n"
    "\n"
    "A row that was changed, removed or slipped in breaks the chain at that row, which is named. Keep\n"
    "the digest that is printed somewhere else: it proves everything up to its event.\n"
    "\n"
    "A gateway whose site names a `gateway.journal.signing_key_file` signs a checkpoint of its journal\n"
    "each day. They are checked as well, and the first one that does not fit is named. Whether they\n"
    "are the gateway's own only its public key says: keep what `tocsin audit key FILE` prints of the\n"
    "signing key in FILE somewhere else.\n"
    "\n"
    "  --key KEYS    verify: the gateway's public keys, one or several in a file; each checkpoint has\n"
    "                to be signed with one of them, and none may be missing\n"
    "  --make        key: make the signing key FILE, which is not there yet\n"
    "  --lang zh|en  language of what is printed (default from LANG)\n"
    "\n"
    "exit codes: 0 all is as it was recorded; 1 it is not, or cannot be read; 2 usage error\n";

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
    if (seals->fault != SEAL_ABSENT) {
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
    case SEAL_ABSENT:
        (void)printf(zh ? "最近 %d 天以上的事件没有检查点(最后一个是 %" PRIu64
                          "):检查点被删除,或网关未能签名\n"
                        : "for more than %d days of events there is no checkpoint (the last one is "
                          "%" PRIu64 "): they were removed, or the gateway could not sign\n",
                     (int)AUDIT_SEAL_DAYS, seals->count == 0 ? 0 : seal->number);
        break;
    }
}

/* Say how the seals are, if there are any. Returns whether nothing is wrong with them. */
static bool audit_print_seals(const struct journal_audit *audit, bool zh) {
    const struct audit_seals *seals = &audit->seals;
    char day[DAY_TEXT_SIZE];
    if (seals->fault != SEAL_SOUND) {
        audit_print_fault(audit, zh);
        return false;
    }
    if (seals->count > 0) {
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
    return true;
}

static void audit_print_digest(const unsigned char digest[JOURNAL_DIGEST_SIZE]) {
    for (int i = 0; i < JOURNAL_DIGEST_SIZE; i++) {
        (void)printf("%02x", digest[i]);
    }
    (void)printf("\n");
}

bool audit_print(const struct journal_audit *audit, enum site_language language) {
    const bool zh = language == LANGUAGE_ZH;
    (void)printf(zh ? "事件 %" PRIu64 " 条,编号 %" PRIu64 " 至 %" PRIu64
                    : "%" PRIu64 " events, %" PRIu64 " to %" PRIu64,
                 audit->events, audit->first_seq, audit->newest_seq);
    if (audit->let_go > 0) {
        (void)printf(zh ? ",其间 %" PRIu64 " 条已按保存期删除"
                        : "; %" PRIu64 " between them were let go of in their time",
                     audit->let_go);
    }
    (void)printf("\n");
    if (audit->unproven > 0) {
        (void)printf(
            zh ? "有 %" PRIu64 " 处之前的记录随损坏的文件丢失,无法证明\n"
               : "in %" PRIu64
                 " places what stood before was lost with a damaged file and cannot be proven\n",
            audit->unproven);
    }
    if (audit->broken_seq != 0) {
        (void)printf(zh ? "事件 %" PRIu64 " 与记录时不符:它或它之前的事件被改动过\n"
                        : "event %" PRIu64
                          " is not what was recorded: it, or what stood before it, was changed\n",
                     audit->broken_seq);
    } else if (audit->confirmed > audit->newest_seq) {
        (void)printf(zh ? "外部已确认到 %" PRIu64 ",日志却止于 %" PRIu64 ":末尾的事件被删除\n"
                        : "up to %" PRIu64
                          " was confirmed outside, but the journal ends at %" PRIu64
                          ": events at its end were removed\n",
                     audit->confirmed, audit->newest_seq);
    } else if (audit_print_seals(audit, zh)) {
        (void)printf("%s", zh ? "与记录时一致;末条摘要 " : "all is as it was recorded; digest ");
        audit_print_digest(audit->digest);
        return true;
    }
    return false;
}

int audit_explain(const char *command, const char *what, int r, const char *reason,
                  enum site_language language) {
    const bool zh = language == LANGUAGE_ZH;
    const char *words = r == JOURNAL_E_DAMAGED
                            ? (zh ? "已损坏或不是日志" : "it is damaged, or none")
                        : r == JOURNAL_E_OCCUPIED
                            ? zh ? "不可写入,先移走其中的日志或停止其网关"
                                 : "it cannot be used: move its journal away, or stop its gateway"
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
    const struct arguments_option options[] = {{.name = "key", .text = &key},
                                               {.name = "make", .flag = &make},
                                               ARGUMENTS_LANGUAGE(&language)};
    const struct arguments_form form = {
        .command = "audit",
        .help = audit_help,
        .missing = "it needs `verify` and a state directory, a journal or a backup, or `key` and a "
                   "file",
        .surplus = "it takes `verify` or `key`, and one path",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    const char *path = NULL;
    bool word = argc > 1 && argv[1][0] != '-';
    bool keys = word && strcmp(argv[1], "key") == 0;
    enum arguments_end end =
        word && !keys && strcmp(argv[1], "verify") != 0
            ? arguments_refuse(&form, "it can only `verify` and `key`, not", argv[1])
            : arguments_parse(&form, word ? argc - 1 : argc, word ? argv + 1 : argv, &path);
    if (end == ARGUMENTS_GO_ON && (keys ? key != NULL : make)) {
        end = arguments_refuse(&form, keys ? "`key` takes no --key" : "`verify` takes no --make",
                               NULL);
    }
    if (end != ARGUMENTS_GO_ON) {
        return (int)end;
    }
    assert(path != NULL); /* the form asks for it */
    return keys ? audit_key(path, make, language) : audit_verify(path, key, language);
}
