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
 * Files that stand beside the journal may be in it as well: the site that was accepted last, without
 * which a restored gateway whose site file is wrong would watch nothing, and the list of its people, without
 * which nobody could sign in to it.
 *
 * What is brought back goes on with a boot number that no life before has had, so that no id is ever
 * used twice, though the gateway lived on after the backup; and after the highest seq that the
 * directory knows of. A log that an earlier journal left behind is set aside before the file comes to
 * its place: SQLite would play it over what has been brought back.
 */

#include "gateway/journal/journal_audit.h"
#include "gateway/journal/journal_directory.h"

/* A file of the state directory that a backup is to have with it. A list of them ends with one without a name. */
struct journal_beside {
    const char *name; /* in its directory, shorter than DISK_NAME_SIZE */
    /* Which is in the state directory, and is made; NULL: the state directory. */
    const char *directory;
    const char *column; /* of the backup's table: JOURNAL_BESIDE_SITE or _PEOPLE */
    size_t size_max;
    bool (*is_whole)(const char *bytes, size_t size); /* by its own word */
};

#define JOURNAL_BESIDE_SITE   "beside"
#define JOURNAL_BESIDE_PEOPLE "people" /* backups of before have none */
enum { JOURNAL_BESIDES_MAX = 2 };

/* What of such a file is in a backup, and comes back. */
enum journal_beside_state {
    BESIDE_NONE, /* nothing, or nobody asked: it was not there, or not whole */
    BESIDE_WHOLE,
    BESIDE_DAMAGED, /* it does not come back */
    BESIDE_THERE,   /* it is whole; but the directory has one, which stays */
};

struct journal_backup {
    struct wall made;
    char site[40], gateway[40];
    struct journal_audit audit;
    /* After journal_backup_restore(): the log that an earlier journal had left in the directory is
     * kept there as if it belonged to a file of this name; "": there was none. */
    char log_aside[JOURNAL_ASIDE_SIZE];
    enum journal_beside_state besides[JOURNAL_BESIDES_MAX]; /* in the order of the list */
};

/*
 * Copy the journal of the state directory `directory` into the new file `path`, as of `now`, and those of
 * the list `besides` that are there and whole; NULL: none is wanted, here and below. The copy is there
 * whole or not at all. Returns 0, JOURNAL_E_DAMAGED or JOURNAL_E_FAILED with the reason, JOURNAL_E_RIVAL
 * when another is being made under the same name, which goes on, or <0.
 */
NODISCARD int journal_backup_make(const char *directory, const char *path,
                                  const struct journal_beside *besides, struct wall now,
                                  char reason[JOURNAL_REASON_SIZE]);

/*
 * Check a backup wholly: every page of it and the digest of every event. Returns 0 and what it holds,
 * whether or not the audit is good; JOURNAL_E_DAMAGED or JOURNAL_E_FAILED with the reason, or <0.
 */
NODISCARD int journal_backup_check(const char *path, const struct journal_beside *besides,
                                   struct journal_backup *ret_backup,
                                   char reason[JOURNAL_REASON_SIZE]);

#define JOURNAL_E_OCCUPIED 3 /* the directory has a journal, or a gateway uses it */
#define JOURNAL_E_RIVAL    4 /* another backup is being made under the same name */

/*
 * Check a backup and make it the journal of the state directory `directory`, which is made if it is
 * missing; `now` is for the boot number and the name of what is set aside. Until it is whole there is
 * no journal in the directory, and it can be restored again. Returns as journal_backup_check(), or JOURNAL_E_OCCUPIED. A
 * backup whose audit is not good is damaged. On a failure what had been copied is removed again, which
 * the reason says.
 */
NODISCARD int journal_backup_restore(const char *path, const char *directory,
                                     const struct journal_beside *besides, struct wall now,
                                     struct journal_backup *ret_backup,
                                     char reason[JOURNAL_REASON_SIZE]);

#endif
