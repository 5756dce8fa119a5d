/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/keep.h"

#include <stdio.h>

#include "gateway/arguments.h"
#include "gateway/cli/audit.h"
#include "gateway/journal/journal_backup.h"

enum { EXIT_GOOD, EXIT_WRONG, EXIT_USAGE };

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
        return audit_explain("backup", state, r, reason, language);
    }
    r = journal_backup_check(to, &backup, reason);
    if (r != 0) {
        return audit_explain("backup", to, r, reason, language);
    }
    return audit_print(&backup.audit, language) ? EXIT_GOOD : EXIT_WRONG;
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
        return audit_explain("restore", r == JOURNAL_E_OCCUPIED ? into : file, r, reason, language);
    }
    clock_format(backup.made, made);
    (void)printf(zh ? "%s/%s 的备份,作于 %s\n" : "backup of %s/%s, made at %s\n", backup.site,
                 backup.gateway, made);
    bool good = audit_print(&backup.audit, language);
    if (!verify) {
        (void)printf(
            zh ? "已恢复到 %s;用它启动网关即可继续\n"
               : "restored into %s; a gateway that is started with it goes on from there\n",
            into);
    }
    return good || !verify ? EXIT_GOOD : EXIT_WRONG;
}
