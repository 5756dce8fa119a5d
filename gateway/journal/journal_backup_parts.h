/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_BACKUP_PARTS_H
#define GATEWAY_JOURNAL_JOURNAL_BACKUP_PARTS_H

/*
 * The backup's parts, for its own files only
 *
 *     journal_backup.c          making one, and checking it
 *     journal_backup_restore.c  bringing it back
 */

#include <sqlite3.h>

#include "gateway/journal/journal_backup.h"

/* An SQLite result; says what is wrong in `reason`. */
int backup_result(sqlite3 *db, int result, char reason[JOURNAL_REASON_SIZE]);
int backup_run(sqlite3 *db, const char *sql, char reason[JOURNAL_REASON_SIZE]);

/* A failure of the system's, in its words. */
int backup_failed(const char *what, char reason[JOURNAL_REASON_SIZE]);

/* The first column of the only row of a question, as a string or, with `ret_text` NULL, a number. */
int backup_ask(sqlite3 *db, const char *sql, char *ret_text, size_t size, int64_t *ret_number,
               char reason[JOURNAL_REASON_SIZE]);

/* Give the finished file its name, on the disk when this returns. */
int backup_publish(const char *partial, const char *path, char reason[JOURNAL_REASON_SIZE]);

/* How many a list has; NULL has none. */
uint32_t backup_besides(const struct journal_beside *besides);

/* Open the directory of a file beside the journal in that of the state. Returns a descriptor, or -1 with errno. */
int backup_open_beside(int state, const struct journal_beside *beside);

/*
 * What of the file beside the journal is in the backup? `take`, NULL allowed, gets it if it is whole.
 * Backups of before have none.
 */
int backup_look_beside(sqlite3 *db, const struct journal_beside *beside,
                       int (*take)(void *context, const void *bytes, size_t size), void *context,
                       enum journal_beside_state *ret_state, char reason[JOURNAL_REASON_SIZE]);

#endif
