/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/journal/journal_store_parts.h"

/*
 * Copy the alarms of the attached file, of whatever version it is: the columns that both have. What
 * an older one lacks is as it is at the beginning.
 */
static void store_salvage_alarms(struct journal_store *store) {
    static const char ask[] =
        "SELECT 'INSERT OR IGNORE INTO main.alarm(' || group_concat(name) || ') SELECT ' || "
        "group_concat(name) || ' FROM bad.alarm' FROM pragma_table_info('alarm', 'bad') "
        "WHERE name IN (SELECT name FROM pragma_table_info('alarm', 'main'))";
    sqlite3_stmt *statement = NULL;
    char *copy = NULL;
    if (sqlite3_prepare_v2(store->db, ask, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        copy = sqlite3_mprintf("%s", sqlite3_column_text(statement, 0));
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    if (copy != NULL) {
        (void)sqlite3_exec(store->db, copy, NULL, NULL, NULL);
    }
    sqlite3_free(copy);
}

/* Is the attached file of this site and gateway, or can nobody tell? */
static bool salvage_may_be_ours(struct journal_store *store) {
    char *stranger = sqlite3_mprintf("SELECT count(*) FROM bad.meta WHERE (key='site' AND "
                                     "value<>%Q) OR (key='gateway' AND value<>%Q)",
                                     store->identity->site, store->identity->gateway);
    bool may_be = stranger != NULL && store_ask(store, stranger) == 0;
    sqlite3_free(stranger);
    return may_be;
}

/* Note that events are still to be taken over from the file of this name beside ours. */
static void salvage_mark(struct journal_store *store, const char *path) {
    const char *slash = strrchr(path, '/');
    char *mark = sqlite3_mprintf("INSERT OR REPLACE INTO meta VALUES('salvage',%Q)",
                                 slash != NULL ? slash + 1 : path);
    if (mark != NULL) {
        (void)sqlite3_exec(store->db, mark, NULL, NULL, NULL);
    }
    sqlite3_free(mark);
}

uint64_t journal_store_salvage(struct journal_store *store, const char *path) {
    static const char *const others[] = {
        "INSERT OR IGNORE INTO main.meta SELECT * FROM bad.meta WHERE key='timeline'",
        "INSERT OR IGNORE INTO main.sink SELECT * FROM bad.sink",
        "INSERT OR IGNORE INTO main.test SELECT * FROM bad.test",
        "INSERT OR IGNORE INTO main.flood SELECT * FROM bad.flood",
        "INSERT OR IGNORE INTO main.walk SELECT * FROM bad.walk",
        "INSERT OR IGNORE INTO main.clock SELECT * FROM bad.clock",
        "INSERT OR IGNORE INTO main.mark SELECT * FROM bad.mark",
        "INSERT OR IGNORE INTO main.seal SELECT * FROM bad.seal",
        "INSERT OR IGNORE INTO main.run SELECT * FROM bad.run",
        "INSERT OR IGNORE INTO main.first_sent SELECT * FROM bad.first_sent",
    };
    char *attach = sqlite3_mprintf("ATTACH %Q AS bad", path);
    uint64_t newest = 0;
    bool attached =
        attach != NULL && sqlite3_exec(store->db, attach, NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_free(attach);
    if (!attached || salvage_may_be_ours(store)) {
        salvage_mark(store, path);
    }
    if (!attached) {
        return 0;
    }
    if (salvage_may_be_ours(store)) {
        /* Each by itself: one broken table must not cost another. What fails is not there. */
        store_salvage_alarms(store);
        for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
            (void)sqlite3_exec(store->db, others[i], NULL, NULL, NULL);
        }
        newest = store_ask(store, "SELECT max(seq) FROM bad.event");
        (void)sqlite3_exec(store->db,
                           "INSERT OR REPLACE INTO main.meta SELECT 'salvage_oldest', min(seq) "
                           "FROM bad.event HAVING min(seq) IS NOT NULL",
                           NULL, NULL, NULL);
    }
    /* Whoever looks into the file later finds it, and the log beside it, as they were. */
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_exec(store->db, "DETACH bad", NULL, NULL, NULL);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return newest;
}
