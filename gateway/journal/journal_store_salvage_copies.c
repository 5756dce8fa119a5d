/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_store_salvage_copies.h"

#include <string.h>

const char salvage_copies_take[] =
    "INSERT OR REPLACE INTO event SELECT * FROM temp.copy WHERE rowid=?1";

int salvage_copies_begin(struct salvage_copies *copies, struct journal_store *store) {
    static const char add[] =
        "INSERT INTO temp.copy SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10 WHERE NOT EXISTS"
        "(SELECT 1 FROM event WHERE seq=?1 AND body=?9 AND digest=?10)";
    static const char find[] = "SELECT c.rowid, c.body, c.digest, r.first, r.before "
                               "FROM temp.copy c LEFT JOIN run r ON r.first=c.seq WHERE c.seq=?1";
    static const char next[] = "SELECT body, digest FROM event WHERE seq=?1";
    *copies = (struct salvage_copies){.store = store};
    int result = sqlite3_exec(store->db,
                              "DROP TABLE IF EXISTS temp.copy;"
                              "CREATE TEMP TABLE copy AS SELECT * FROM event WHERE 0;"
                              "CREATE INDEX temp.copy_seq ON copy(seq);",
                              NULL, NULL, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_prepare_v2(store->db, add, -1, &copies->add, NULL);
    }
    if (result == SQLITE_OK) {
        result = sqlite3_prepare_v2(store->db, find, -1, &copies->find, NULL);
    }
    if (result == SQLITE_OK) {
        result = sqlite3_prepare_v2(store->db, next, -1, &copies->next, NULL);
    }
    return store_result(store, result);
}

void salvage_copies_end(struct salvage_copies *copies) {
    (void)sqlite3_finalize(copies->add); /* these repeat errors that were seen before */
    (void)sqlite3_finalize(copies->find);
    (void)sqlite3_finalize(copies->next);
    if (copies->store != NULL) {
        /* What stays of it goes with the connection. */
        (void)sqlite3_exec(copies->store->db, "DROP TABLE IF EXISTS temp.copy", NULL, NULL, NULL);
    }
    *copies = (struct salvage_copies){.store = NULL};
}

int salvage_copies_add(struct salvage_copies *copies, uint64_t seq) {
    if (copies->count == SALVAGE_COPIES_MAX) {
        return 0;
    }
    store_bind_int(copies->add, 1, seq);
    int r = store_result(copies->store, sqlite3_step(copies->add));
    copies->count += r == 0 && sqlite3_changes(copies->store->db) == 1;
    (void)sqlite3_reset(copies->add); /* repeats the result of the step */
    return r;
}

static bool copies_follow(const struct journal_chain *chain, const struct journal_chain_row *row) {
    struct journal_chain probe = *chain;
    enum journal_chain_step step = journal_chain_next(&probe, row);
    return step == CHAIN_FOLLOWS || step == CHAIN_RESUMES || step == CHAIN_BEGINS;
}

bool salvage_copies_lead(struct salvage_copies *copies, uint64_t seq,
                         const unsigned char digest[JOURNAL_DIGEST_SIZE]) {
    unsigned char expected[JOURNAL_DIGEST_SIZE];
    bool leads = false;
    store_bind_int(copies->next, 1, seq + 1);
    if (sqlite3_step(copies->next) == SQLITE_ROW &&
        sqlite3_column_bytes(copies->next, 1) == JOURNAL_DIGEST_SIZE) {
        const unsigned char *body = sqlite3_column_text(copies->next, 0);
        journal_digest_next(copies->store->hasher, digest, body,
                            (size_t)sqlite3_column_bytes(copies->next, 0), expected);
        leads = memcmp(expected, sqlite3_column_blob(copies->next, 1), sizeof expected) == 0;
    }
    (void)sqlite3_reset(copies->next); /* repeats the result of the step */
    return leads;
}

/* Go to the next copy that continues the chain, or with `leads` one that the next event continues. */
static uint64_t copies_find(struct salvage_copies *copies, const struct journal_chain *chain,
                            uint64_t seq, bool leads, struct journal_chain_row *row) {
    (void)sqlite3_reset(copies->find); /* what it cannot read is no copy */
    store_bind_int(copies->find, 1, seq);
    while (sqlite3_step(copies->find) == SQLITE_ROW) {
        struct journal_chain_row copy;
        if (journal_chain_row_of(copies->find, 1, &copy) && copy.digest != NULL &&
            (leads ? salvage_copies_lead(copies, seq, copy.digest) : copies_follow(chain, &copy))) {
            *row = copy;
            return (uint64_t)sqlite3_column_int64(copies->find, 0);
        }
    }
    return 0;
}

uint64_t salvage_copies_better(struct salvage_copies *copies, const struct journal_chain *chain,
                               uint64_t seq, struct journal_chain_row *row) {
    if (copies->count == 0 || copies_follow(chain, row)) {
        return 0;
    }
    uint64_t found = copies_find(copies, chain, seq, false, row);
    if (found == 0 && (row->digest == NULL || !salvage_copies_lead(copies, seq, row->digest))) {
        found = copies_find(copies, chain, seq, true, row);
    }
    return found;
}

void salvage_copies_done(struct salvage_copies *copies) {
    (void)sqlite3_reset(copies->find); /* what it cannot read is no copy */
}
