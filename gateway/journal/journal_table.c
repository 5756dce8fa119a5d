/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_table.h"

#include <stdio.h>
#include <string.h>

enum { LOOKS = 2, SQL_SIZE = 64 };

static int table_look(sqlite3 *db, const char *table, char ret_found[JOURNAL_REASON_SIZE]) {
    sqlite3_stmt *statement = NULL;
    char sql[SQL_SIZE];
    (void)snprintf(sql, sizeof sql, "PRAGMA quick_check(%s)", table);
    ret_found[0] = '\0';
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
    }
    if (result == SQLITE_ROW) {
        const char *said = (const char *)sqlite3_column_text(statement, 0);
        result = said == NULL ? SQLITE_NOMEM : SQLITE_OK;
        if (said != NULL && strcmp(said, "ok") != 0) {
            (void)snprintf(ret_found, JOURNAL_REASON_SIZE, "table %s: %s", table, said);
        }
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return result == SQLITE_DONE ? SQLITE_OK : result;
}

int journal_table_check(sqlite3 *db, const char *table, char ret_found[JOURNAL_REASON_SIZE]) {
    int result = SQLITE_OK;
    for (int look = 0; look < LOOKS; look++) {
        result = table_look(db, table, ret_found);
        if (result != SQLITE_OK || ret_found[0] == '\0') {
            break;
        }
    }
    return result;
}
