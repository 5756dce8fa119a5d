/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "gateway/journal/journal_store_parts.h"

static int recall_attach(struct journal_store *store, const char *path) {
    char address[JOURNAL_ADDRESS_SIZE];
    if (!journal_schema_address(path, journal_schema_still(path), address)) {
        return err_origin(-ENAMETOOLONG);
    }
    char *attach = sqlite3_mprintf("PRAGMA locking_mode=EXCLUSIVE; ATTACH %Q AS bad", address);
    if (attach == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = store_result(store, sqlite3_exec(store->db, attach, NULL, NULL, NULL));
    sqlite3_free(attach);
    return r == JOURNAL_E_DAMAGED ? JOURNAL_E_FAILED : r;
}

static int recall_take(struct journal_store *store) {
    static const char *const tables[] = {"alarm", "sink", "test", "flood", "walk", "trip", "clock"};
    if (!store_salvage_may_be_ours(store)) {
        (void)snprintf(store->reason, sizeof store->reason, "it is of another site or gateway");
        return JOURNAL_E_FAILED;
    }
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        (void)store_salvage_table(store, tables[i]); /* one that has no room is not there */
    }
    /* What cannot be read is not there. */
    (void)sqlite3_exec(store->db, "INSERT OR REPLACE INTO main.meta SELECT * FROM bad.meta", NULL,
                       NULL, NULL);
    /* Under the numbers that its rows have in the file, where they are to be forgotten. */
    (void)sqlite3_exec(store->db,
                       "INSERT INTO main.present(rowid, point, source, value, quality, measured, "
                       "age_ns, at_instant, at_wall) SELECT rowid, point, source, value, quality, "
                       "measured, age_ns, at_instant, at_wall FROM bad.present",
                       NULL, NULL, NULL);
    journal_store_continue(store, store_ask(store, "SELECT max(seq) FROM bad.event"));
    return 0;
}

int journal_store_recall(const char *path, const struct journal_identity *identity,
                         struct journal_store **ret_store, char reason[JOURNAL_REASON_SIZE]) {
    struct journal_store *store = NULL;
    int r = store_new(":memory:", SQLITE_OPEN_URI, identity, &store, reason);
    if (r != 0) {
        return r;
    }
    r = recall_attach(store, path);
    if (r == 0) {
        r = recall_take(store);
        /* The log stays as it is. */
        (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        (void)sqlite3_exec(store->db, "DETACH bad", NULL, NULL, NULL);
    }
    if (r != 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "%s", store->reason);
        (void)journal_store_free(store, false);
        return r;
    }
    *ret_store = store;
    return 0;
}
