/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/keep.h"

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
    "\n"
    "Check that a journal still holds what was recorded: every event's digest follows from the one\n"
    "before it, and nothing that was confirmed outside is missing at its end. PATH is a state\n"
    "directory, a journal.db or a backup; its gateway may run.\n"
    "\n"
    "A row that was changed, removed or slipped in breaks the chain at that row, which is named. Keep\n"
    "the digest that is printed somewhere else: it proves everything up to its event.\n"
    "\n"
    "  --lang zh|en  language of what is printed (default from LANG)\n"
    "\n"
    "exit codes: 0 all is as it was recorded; 1 it is not, or cannot be read; 2 usage error\n";

static const char backup_help[] =
    "usage: tocsin backup STATE --to FILE [option]...\n"
    "\n"
    "Copy the journal of the state directory STATE into the new FILE: events, alarms with their timers,\n"
    "what was confirmed outside. Its gateway may run and goes on recording.\n"
    "\n"
    "  --to FILE     the backup; there is none of that name yet\n"
    "  --lang zh|en  language of what is printed (default from LANG)\n"
    "\n"
    "exit codes: 0 done; 1 it could not be done, and there is no FILE; 2 usage error\n";

static const char restore_help[] =
    "usage: tocsin restore FILE --into STATE [option]...\n"
    "       tocsin restore FILE --verify [option]...\n"
    "\n"
    "Check a backup wholly, and make it the journal of the state directory STATE, which must not have\n"
    "one. The gateway that is started with it goes on with the alarms and timers of the backup, under\n"
    "ids that were never used before.\n"
    "\n"
    "  --into STATE  the state directory, which is made if it is missing\n"
    "  --verify      only check\n"
    "  --lang zh|en  language of what is printed (default from LANG)\n"
    "\n"
    "exit codes: 0 done; 1 it is damaged or could not be done, and nothing was changed; 2 usage error\n";

static void keep_print_digest(const unsigned char digest[JOURNAL_DIGEST_SIZE]) {
    for (int i = 0; i < JOURNAL_DIGEST_SIZE; i++) {
        (void)printf("%02x", digest[i]);
    }
    (void)printf("\n");
}

/* Say what an audit has found. Returns whether it is good. */
static bool keep_print_audit(const struct journal_audit *audit, enum site_language language) {
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
    } else if (!journal_audit_is_good(audit)) {
        (void)printf(zh ? "外部已确认到 %" PRIu64 ",日志却止于 %" PRIu64 ":末尾的事件被删除\n"
                        : "up to %" PRIu64
                          " was confirmed outside, but the journal ends at %" PRIu64
                          ": events at its end were removed\n",
                     audit->confirmed, audit->newest_seq);
    } else {
        (void)printf("%s", zh ? "与记录时一致;末条摘要 " : "all is as it was recorded; digest ");
        keep_print_digest(audit->digest);
        return true;
    }
    return false;
}

/* Say on standard error why it could not be done. */
static int keep_explain(const char *command, const char *what, int r, const char *reason,
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

int audit_main(int argc, char **argv) {
    enum site_language language = arguments_environment_language();
    const struct arguments_option options[] = {ARGUMENTS_LANGUAGE(&language)};
    const struct arguments_form form = {
        .command = "audit",
        .help = audit_help,
        .missing = "it needs `verify` and a state directory, a journal or a backup",
        .surplus = "it takes `verify` and one path",
        .options = options,
        .option_count = 1,
    };
    const char *path = NULL;
    bool word = argc > 1 && argv[1][0] != '-';
    enum arguments_end end =
        word && strcmp(argv[1], "verify") != 0
            ? arguments_refuse(&form, "it can only `verify`, not", argv[1])
            : arguments_parse(&form, word ? argc - 1 : argc, word ? argv + 1 : argv, &path);
    if (end != ARGUMENTS_GO_ON) {
        return (int)end;
    }
    assert(path != NULL); /* the form asks for it */
    char file[PATH_MAX];
    struct stat found;
    char reason[JOURNAL_REASON_SIZE] = "";
    struct journal_audit audit;
    bool directory = stat(path, &found) == 0 && S_ISDIR(found.st_mode);
    int len = snprintf(file, sizeof file, "%s%s", path, directory ? "/journal.db" : "");
    int r =
        len < 0 || (size_t)len >= sizeof file ? -ENAMETOOLONG : journal_audit(file, &audit, reason);
    if (r != 0) {
        return keep_explain("audit", file, r, reason, language);
    }
    return keep_print_audit(&audit, language) ? EXIT_GOOD : EXIT_WRONG;
}

int backup_main(int argc, char **argv) {
    enum site_language language = arguments_environment_language();
    const char *to = NULL;
    const struct arguments_option options[] = {{.name = "to", .text = &to},
                                               ARGUMENTS_LANGUAGE(&language)};
    const struct arguments_form form = {
        .command = "backup",
        .help = backup_help,
        .missing = "it needs a state directory",
        .surplus = "it takes one state directory",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    const char *state = NULL;
    enum arguments_end end = arguments_parse(&form, argc, argv, &state);
    if (end == ARGUMENTS_GO_ON && to == NULL) {
        end = arguments_refuse(&form, "it needs --to FILE", NULL);
    }
    if (end != ARGUMENTS_GO_ON) {
        return (int)end;
    }
    char reason[JOURNAL_REASON_SIZE] = "";
    struct journal_backup backup;
    int r = journal_backup_make(state, to, clock_wall(), reason);
    if (r != 0) {
        return keep_explain("backup", state, r, reason, language);
    }
    r = journal_backup_check(to, &backup, reason);
    if (r != 0) {
        return keep_explain("backup", to, r, reason, language);
    }
    return keep_print_audit(&backup.audit, language) ? EXIT_GOOD : EXIT_WRONG;
}

int restore_main(int argc, char **argv) {
    enum site_language language = arguments_environment_language();
    const char *into = NULL;
    bool verify = false;
    const struct arguments_option options[] = {{.name = "into", .text = &into},
                                               {.name = "verify", .flag = &verify},
                                               ARGUMENTS_LANGUAGE(&language)};
    const struct arguments_form form = {
        .command = "restore",
        .help = restore_help,
        .missing = "it needs a backup",
        .surplus = "it takes one backup",
        .options = options,
        .option_count = sizeof options / sizeof *options,
    };
    const char *file = NULL;
    enum arguments_end end = arguments_parse(&form, argc, argv, &file);
    if (end == ARGUMENTS_GO_ON && verify == (into != NULL)) {
        end = arguments_refuse(&form, "it needs --into STATE or --verify", NULL);
    }
    if (end != ARGUMENTS_GO_ON) {
        return (int)end;
    }
    char reason[JOURNAL_REASON_SIZE] = "";
    struct journal_backup backup;
    char made[CLOCK_TEXT_SIZE];
    const bool zh = language == LANGUAGE_ZH;
    int r = verify ? journal_backup_check(file, &backup, reason)
                   : journal_backup_restore(file, into, clock_wall(), &backup, reason);
    if (r != 0) {
        return keep_explain("restore", r == JOURNAL_E_OCCUPIED ? into : file, r, reason, language);
    }
    clock_format(backup.made, made);
    (void)printf(zh ? "%s/%s 的备份,作于 %s\n" : "backup of %s/%s, made at %s\n", backup.site,
                 backup.gateway, made);
    bool good = keep_print_audit(&backup.audit, language);
    if (good && !verify) {
        (void)printf(
            zh ? "已恢复到 %s;用它启动网关即可继续\n"
               : "restored into %s; a gateway that is started with it goes on from there\n",
            into);
    }
    return good ? EXIT_GOOD : EXIT_WRONG;
}
