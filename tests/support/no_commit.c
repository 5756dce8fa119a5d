/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A journal that says that it has committed, and has not
 *
 *     LD_PRELOAD=libno_commit.so tocsin run SITE
 *
 * In the engine, whose journal is the only one with a table of events, COMMIT answers that all is well
 * and does nothing once ALLOWED commits have been made; the transaction stays open, so that what it holds
 * is gone with the process. It is the control of tests/faults/ledger: what is told before it is
 * recorded has to be found out as unknown.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <sqlite3.h>

enum {
    ALLOWED = 50, /* so that the gateway starts, and tells that it has, as ever */
};

static atomic_uint commits;

int sqlite3_step(sqlite3_stmt *statement) {
    static int (*real)(sqlite3_stmt *);
    if (real == NULL) {
        void *found = dlsym(RTLD_NEXT, "sqlite3_step");
        memcpy(&real, &found, sizeof real);
    }
    const char *text = sqlite3_sql(statement);
    bool begins = text != NULL && strncmp(text, "BEGIN", 5) == 0;
    bool commit = text != NULL && strcmp(text, "COMMIT") == 0;
    if (commit && atomic_fetch_add(&commits, 1) >= ALLOWED) {
        return SQLITE_DONE;
    }
    if (begins && sqlite3_get_autocommit(sqlite3_db_handle(statement)) == 0) {
        return SQLITE_DONE; /* the transaction that was not committed goes on */
    }
    return real(statement);
}
