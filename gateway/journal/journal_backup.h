/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_BACKUP_H
#define GATEWAY_JOURNAL_JOURNAL_BACKUP_H

/*
 * Backing a journal up, and bringing it back
 *
 * A backup is one file: a journal with all that it holds (events and their digests, alarms, timers,
 * what sinks have confirmed), as it was at one moment, and a table `backup` that says when that was.
 * It is taken while the gateway records: events are copied in short transactions, since they never
 * change, and all that does change in the last of them together with the newest events.
 *
 * What is brought back goes on with a boot number that no life before has had, so that no id is ever
 * used twice, though the gateway lived on after the backup.
 */

#include "gateway/journal/journal_audit.h"
#include "rules/instant.h"

struct journal_backup {
    struct wall made;
    char site[40], gateway[40];
    struct journal_audit audit;
};

/*
 * Copy the journal of the state directory `directory` into the new file `path`, as of `now`. It is
 * there whole or not at all. Returns 0, JOURNAL_E_DAMAGED or JOURNAL_E_FAILED with the reason, or <0.
 */
NODISCARD int journal_backup_make(const char *directory, const char *path, struct wall now,
                                  char reason[JOURNAL_REASON_SIZE]);

/*
 * Check a backup wholly: every page of it and the digest of every event. Returns 0 and what it holds,
 * whether or not the audit is good; JOURNAL_E_DAMAGED or JOURNAL_E_FAILED with the reason, or <0.
 */
NODISCARD int journal_backup_check(const char *path, struct journal_backup *ret_backup,
                                   char reason[JOURNAL_REASON_SIZE]);

#define JOURNAL_E_OCCUPIED 3 /* the directory has a journal, or a gateway uses it */

/*
 * Check a backup and make it the journal of the state directory `directory`, which is made if it is
 * missing; `now` is for the boot number. Returns as journal_backup_check(), or JOURNAL_E_OCCUPIED. A
 * backup whose audit is not good is damaged.
 */
NODISCARD int journal_backup_restore(const char *path, const char *directory, struct wall now,
                                     struct journal_backup *ret_backup,
                                     char reason[JOURNAL_REASON_SIZE]);

#endif
