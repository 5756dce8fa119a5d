/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_TABLE_H
#define GATEWAY_JOURNAL_TABLE_H

/* Whether a small table of the journal is sound, page by page. */

#include <sqlite3.h>

#include "gateway/journal/journal_schema.h"

/*
 * Look at every page of the table with SQLite's quick_check. Returns SQLITE_OK with what is wrong with it in
 * `ret_found`, which is "" when nothing is; or SQLite's result when it could not look. What is wrong was found
 * twice: of a page that the disk did not give once, quick_check says that it is damaged.
 */
int journal_table_check(sqlite3 *db, const char *table, char ret_found[JOURNAL_REASON_SIZE]);

#endif
