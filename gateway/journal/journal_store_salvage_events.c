/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Events of a damaged file: first whatever still looks like one is gathered from its pages, then
 * they are held against each other in the order of seq.
 *
 *     follows from the one before it, or from what `run` says   kept
 *     does not, and one of its copies does                      that copy is the event
 *     does not, and what the next one says of it shows that     kept, with its digest taken anew from
 *     its digest was changed and its body was not               its body
 *     does not, though what stood before it is proven           left out: it has been changed
 *     does not, and nothing is left that proves what stood      kept if its form is right, and begins a
 *     before it: a hole, or what was left out                   run: told as unproven. Else left out
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/journal/journal_store_salvage_copies.h"
#include "gateway/journal/journal_store_salvage_rows.h"

enum {
    /* Of a transaction. */
    SALVAGE_PAGES = 256,
    SALVAGE_ROWS = 1000,
    /* Of the write-ahead log, before it is moved into the file. */
    SALVAGE_LOG_PAGES = 1000,
};

struct salvage {
    struct journal_store *store;
    sqlite3_stmt *add, *note;
    struct salvage_copies copies;
    uint64_t oldest; /* that the file began with; 0: nobody can say */
    /* the walk */
    struct journal_chain chain;
    uint64_t last_seq; /* 0: none yet */
    bool last_left_out;
    bool proven; /* the digest of the last one */
    struct journal_salvaged counts;
};

/* What is to be done about a row once its statement is through. */
enum salvage_repair_kind {
    REPAIR_TAKE_COPY, /* `seq` is the number of the copy */
    REPAIR_LEAVE_OUT,
    REPAIR_BEGIN,  /* behind `digest` */
    REPAIR_DIGEST, /* which is `digest` */
    REPAIR_BEGIN_UNPROVEN,
    REPAIR_KIND_COUNT,
};

struct salvage_repair {
    uint64_t seq;
    enum salvage_repair_kind kind;
    unsigned char digest[JOURNAL_DIGEST_SIZE];
};

struct salvage_batch {
    uint64_t after_seq;
    uint32_t rows;
    uint32_t repair_count;
    struct salvage_repair repairs[2 * SALVAGE_ROWS]; /* of each row two at most */
};

bool journal_store_is_salvaging(struct journal_store *store) {
    return store_ask(store, "SELECT count(*) FROM meta WHERE key='salvage'") != 0;
}

/* ---- gathering ---- */

static void salvage_bind(sqlite3_stmt *statement, int at, const struct journal_pages_text *text) {
    (void)sqlite3_bind_text(statement, at, text->at, (int)text->size, SQLITE_STATIC);
}

static void salvage_bind_row(sqlite3_stmt *statement, const struct journal_pages_row *row) {
    store_bind_int(statement, 1, row->seq);
    salvage_bind(statement, 2, &row->boot);
    store_bind_int(statement, 3, (uint64_t)row->at_wall);
    store_bind_int(statement, 4, (uint64_t)row->lane);
    salvage_bind(statement, 5, &row->type);
    salvage_bind(statement, 6, &row->alarm);
    salvage_bind(statement, 7, &row->place);
    salvage_bind(statement, 8, &row->point);
    salvage_bind(statement, 9, &row->body);
    (void)sqlite3_bind_blob(statement, 10, row->digest, JOURNAL_DIGEST_SIZE, SQLITE_STATIC);
}

/* Something of the event was mended. */
static int salvage_note(struct salvage *salvage, uint64_t seq) {
    store_bind_int(salvage->note, 1, seq);
    int r = store_result(salvage->store, sqlite3_step(salvage->note));
    (void)sqlite3_reset(salvage->note); /* repeats the result of the step */
    return r;
}

static int salvage_add(void *context, const struct journal_pages_row *found) {
    struct salvage *salvage = context;
    struct journal_pages_row row = *found;
    struct journal_columns said;
    bool mended;
    if (!salvage_row_take(salvage->store->identity, &row, &said, &mended)) {
        return 0;
    }
    salvage_bind_row(salvage->add, &row);
    int r = store_result(salvage->store, sqlite3_step(salvage->add));
    bool was_there = r == 0 && sqlite3_changes(salvage->store->db) == 0;
    (void)sqlite3_reset(salvage->add); /* repeats the result of the step */
    if (was_there) {
        salvage_bind_row(salvage->copies.add, &row);
        r = salvage_copies_add(&salvage->copies, row.seq);
    }
    return r == 0 && mended ? salvage_note(salvage, row.seq) : r;
}

static int salvage_commit(struct journal_store *store, int r) {
    if (r == 0) {
        r = store_run(store, STORE_COMMIT);
    }
    if (r != 0) {
        store_roll_back(store);
    } else if (store->wal_pages >= SALVAGE_LOG_PAGES) {
        journal_store_checkpoint(store);
    }
    return r;
}

static int salvage_prepare(struct salvage *salvage) {
    static const char add[] = "INSERT OR IGNORE INTO event VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)";
    static const char note[] = "INSERT OR IGNORE INTO temp.mended VALUES(?1)";
    sqlite3 *db = salvage->store->db;
    int result = sqlite3_exec(db,
                              "DROP TABLE IF EXISTS temp.mended;"
                              "CREATE TEMP TABLE mended(seq INTEGER PRIMARY KEY);",
                              NULL, NULL, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_prepare_v2(db, add, -1, &salvage->add, NULL);
    }
    if (result == SQLITE_OK) {
        result = sqlite3_prepare_v2(db, note, -1, &salvage->note, NULL);
    }
    return store_result(salvage->store, result);
}

static int salvage_gather(struct salvage *salvage, struct journal_pages *pages) {
    struct journal_store *store = salvage->store;
    uint32_t count = journal_pages_count(pages);
    int r = salvage_prepare(salvage);
    for (uint32_t from = 0; r == 0 && from < count; from += SALVAGE_PAGES) {
        r = store_run(store, STORE_BEGIN);
        for (uint32_t i = from; r == 0 && i < count && i < from + SALVAGE_PAGES; i++) {
            r = journal_pages_rows(pages, i, salvage_add, salvage);
        }
        r = salvage_commit(store, r);
    }
    (void)sqlite3_finalize(salvage->add); /* these repeat errors that were seen before */
    (void)sqlite3_finalize(salvage->note);
    return r;
}

/*
 * Pages that are free again still hold what was let go of. A seal knows of it only what it left behind:
 * it is not to come back.
 */
static int salvage_drop_gone(const struct salvage *salvage) {
    char sql[300];
    (void)snprintf(sql, sizeof sql,
                   "DELETE FROM event WHERE seq IN (SELECT seq FROM gone);"
                   "DELETE FROM event WHERE seq < %" PRIu64
                   " AND EXISTS(SELECT 1 FROM seal WHERE ledger NOT NULL)",
                   salvage->oldest);
    return store_result(salvage->store, sqlite3_exec(salvage->store->db, sql, NULL, NULL, NULL));
}

/* ---- holding against each other ---- */

/* How many are missing before the oldest one, as far as anybody can say. */
static uint64_t salvage_missing_before(const struct salvage *salvage, uint64_t seq) {
    uint64_t oldest = salvage->oldest > 0 ? salvage->oldest : 1;
    return seq > oldest ? seq - oldest : 0;
}

static void salvage_repair(struct salvage_batch *batch, uint64_t seq, enum salvage_repair_kind kind,
                           const unsigned char *digest) {
    struct salvage_repair *repair = &batch->repairs[batch->repair_count++];
    repair->seq = seq;
    repair->kind = kind;
    memcpy(repair->digest, digest, sizeof repair->digest);
}

/*
 * Is only the digest of the row wrong, by the word of the next one? That follows from the digest which
 * the row's body makes of what stood `before`; `ret` is that one then.
 */
static bool salvage_body_leads(struct salvage *salvage, uint64_t seq, const unsigned char *before,
                               const struct journal_chain_row *row, unsigned char *ret) {
    if (before == NULL) {
        return false;
    }
    journal_digest_next(salvage->store->hasher, before, row->body, row->body_size, ret);
    return salvage_copies_lead(&salvage->copies, seq, ret);
}

/* The row follows from nothing that is known. What stood `before` it is proven, or NULL. Is it kept? */
static bool salvage_judge_broken(struct salvage *salvage, uint64_t seq,
                                 const struct journal_chain_row *row, const unsigned char *before,
                                 struct salvage_batch *batch) {
    unsigned char digest[JOURNAL_DIGEST_SIZE];
    salvage->proven = salvage_body_leads(salvage, seq, before, row, digest) ||
                      salvage_body_leads(salvage, seq, row->before, row, digest);
    if (salvage->proven) {
        salvage_repair(batch, seq, REPAIR_DIGEST, digest);
        memcpy(salvage->chain.digest, digest, sizeof digest);
        salvage->counts.mended++;
        return true;
    }
    if (before == NULL && salvage_body_is_whole(row->body, row->body_size)) {
        salvage_repair(batch, seq, REPAIR_BEGIN_UNPROVEN, salvage->chain.digest);
        salvage->counts.unproven++;
        return true;
    }
    salvage_repair(batch, seq, REPAIR_LEAVE_OUT, salvage->chain.digest);
    salvage->counts.lost++;
    return false;
}

static void salvage_judge(struct salvage *salvage, uint64_t seq,
                          const struct journal_chain_row *row, bool is_known_hole,
                          struct salvage_batch *batch) {
    unsigned char before[JOURNAL_DIGEST_SIZE];
    memcpy(before, salvage->chain.digest, sizeof before);
    bool adjacent = salvage->last_seq != 0 && seq == salvage->last_seq + 1;
    bool known = seq == 1 || (adjacent && salvage->proven); /* before the first there is nothing */
    bool keep = true;
    switch (journal_chain_next(&salvage->chain, row)) {
    case CHAIN_FOLLOWS:
        if (salvage->last_left_out) {
            salvage_repair(batch, seq, REPAIR_BEGIN, before);
        }
        salvage->proven = true;
        break;
    case CHAIN_RESUMES:
    case CHAIN_BEGINS:
        salvage->proven = true;
        break;
    case CHAIN_UNPROVEN:
        salvage->proven = false;
        break;
    case CHAIN_BROKEN:
        if (!adjacent && !is_known_hole) {
            salvage->counts.lost += salvage->last_seq == 0 ? salvage_missing_before(salvage, seq)
                                                           : seq - salvage->last_seq - 1;
        }
        keep = salvage_judge_broken(salvage, seq, row, known ? before : NULL, batch);
        break;
    }
    salvage->counts.kept += keep;
    salvage->last_left_out = !keep;
    salvage->last_seq = seq;
}

static int salvage_judge_some(struct salvage *salvage, struct salvage_batch *batch) {
    static const char sql[] = "SELECT seq, body, digest, first, before FROM event LEFT JOIN run ON "
                              "first=seq WHERE seq>?1 ORDER BY seq LIMIT ?2";
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(salvage->store->db, sql, -1, &statement, NULL);
    batch->rows = batch->repair_count = 0;
    if (result == SQLITE_OK) {
        store_bind_int(statement, 1, batch->after_seq);
        store_bind_int(statement, 2, SALVAGE_ROWS);
        while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
            struct journal_chain_row row;
            batch->after_seq = (uint64_t)sqlite3_column_int64(statement, 0);
            batch->rows++;
            bool sound = journal_chain_row_of(statement, 1, &row);
            bool is_known_hole = row.begins;
            if (!sound) { /* what stood before it is as good as lost */
                row.before = NULL;
                row.begins = false;
            }
            uint64_t copy =
                salvage_copies_better(&salvage->copies, &salvage->chain, batch->after_seq, &row);
            if (copy > 0) {
                salvage_repair(batch, copy, REPAIR_TAKE_COPY, salvage->chain.digest);
            }
            salvage_judge(salvage, batch->after_seq, &row, is_known_hole, batch);
            salvage_copies_done(&salvage->copies);
        }
    }
    int r = store_result(salvage->store, result);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

static int salvage_mend_one(struct journal_store *store, const struct salvage_repair *repair) {
    static const char *const sql[REPAIR_KIND_COUNT] = {
        [REPAIR_TAKE_COPY] = salvage_copies_take,
        [REPAIR_LEAVE_OUT] = "DELETE FROM event WHERE seq=?1",
        [REPAIR_BEGIN] = "INSERT OR REPLACE INTO run VALUES(?1, ?2)",
        [REPAIR_DIGEST] = "UPDATE event SET digest=?2 WHERE seq=?1",
        [REPAIR_BEGIN_UNPROVEN] = "INSERT OR REPLACE INTO run VALUES(?1, NULL)",
    };
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(store->db, sql[repair->kind], -1, &statement, NULL);
    if (result == SQLITE_OK) {
        store_bind_int(statement, 1, repair->seq);
        /* Where there is no second parameter this is refused, and says nothing. */
        (void)sqlite3_bind_blob(statement, 2, repair->digest, sizeof repair->digest, SQLITE_STATIC);
        result = sqlite3_step(statement);
    }
    int r = store_result(store, result);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

static int salvage_mend(struct journal_store *store, const struct salvage_batch *batch) {
    if (batch->repair_count == 0) {
        return 0;
    }
    uint64_t unproven = 0;
    int r = store_run(store, STORE_BEGIN);
    for (uint32_t i = 0; r == 0 && i < batch->repair_count; i++) {
        r = salvage_mend_one(store, &batch->repairs[i]);
        unproven += batch->repairs[i].kind == REPAIR_BEGIN_UNPROVEN;
    }
    if (r == 0 && unproven > 0) {
        r = store_count(store, STORE_META_UNPROVEN, unproven);
    }
    return salvage_commit(store, r);
}

static int salvage_prove(struct salvage *salvage) {
    struct salvage_batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL) {
        return JOURNAL_E_FAILED;
    }
    journal_chain_init(&salvage->chain, salvage->store->hasher, false);
    int r;
    do {
        r = salvage_judge_some(salvage, batch);
        if (r == 0) {
            r = salvage_mend(salvage->store, batch);
        }
    } while (r == 0 && batch->rows > 0);
    free(batch);
    return r;
}

/* ---- all of it ---- */

/* The path of the file whose name the journal has noted; false when there is no name. */
static bool salvage_path(struct journal_store *store, char ret[PATH_MAX]) {
    const char *own = sqlite3_db_filename(store->db, "main");
    const char *slash = strrchr(own, '/');
    sqlite3_stmt *statement = NULL;
    bool found = false;
    if (sqlite3_prepare_v2(store->db, "SELECT value FROM meta WHERE key='salvage'", -1, &statement,
                           NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW && slash != NULL) {
        int size = snprintf(ret, PATH_MAX, "%.*s%s", (int)(slash - own + 1), own,
                            (const char *)sqlite3_column_text(statement, 0));
        found = size > 0 && size < PATH_MAX;
    }
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return found;
}

/* The chain goes on after the newest that was kept. What was newer is lost, and that stays known. */
static int salvage_go_on(struct salvage *salvage) {
    static const char newest[] = "SELECT digest, seq FROM event ORDER BY seq DESC LIMIT 1";
    static const char end[] = "DELETE FROM meta WHERE key IN ('salvage', 'salvage_oldest')";
    struct journal_store *store = salvage->store;
    sqlite3_stmt *statement = NULL;
    uint64_t kept_seq = 0;
    int result = sqlite3_prepare_v2(store->db, newest, -1, &statement, NULL);
    if (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        memcpy(store->digest, sqlite3_column_blob(statement, 0), sizeof store->digest);
        kept_seq = (uint64_t)sqlite3_column_int64(statement, 1);
    }
    int r = store_result(store, result);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    if (r == 0) {
        r = store_run(store, STORE_BEGIN);
    }
    if (r == 0 && (store->known_seq > kept_seq || salvage->last_seq > kept_seq)) {
        r = journal_store_note_lost(store);
    }
    if (r == 0) {
        r = store_result(store, sqlite3_exec(store->db, end, NULL, NULL, NULL));
    }
    return salvage_commit(store, r);
}

/* All rows have been looked at: count what is lost at the end. */
static int salvage_end(struct salvage *salvage) {
    struct journal_store *store = salvage->store;
    if (salvage->last_seq > store->newest_seq) {
        store->newest_seq = salvage->last_seq;
    }
    if (salvage->last_seq == 0) {
        salvage->counts.lost += salvage_missing_before(salvage, store->known_seq + 1);
    } else if (store->known_seq > salvage->last_seq) {
        salvage->counts.lost += store->known_seq - salvage->last_seq;
    }
    salvage->counts.mended +=
        store_ask(store, "SELECT count(*) FROM event WHERE seq IN (SELECT seq FROM temp.mended)");
    return salvage_go_on(salvage);
}

int journal_store_salvage_events(struct journal_store *store,
                                 struct journal_salvaged *ret_salvaged) {
    char path[PATH_MAX];
    struct journal_pages *pages = NULL;
    struct salvage salvage = {.store = store,
                              .oldest =
                                  store_ask(store, "SELECT CAST(value AS INTEGER) FROM meta WHERE "
                                                   "key='salvage_oldest'")};
    int r = 0;
    if (salvage_path(store, path)) {
        r = journal_pages_open(path, &pages) == 0 ? 0 : JOURNAL_E_FAILED;
    }
    if (r == 0) {
        r = salvage_copies_begin(&salvage.copies, store);
    }
    if (r == 0 && pages != NULL) {
        r = salvage_gather(&salvage, pages);
    }
    if (r == 0) {
        r = salvage_drop_gone(&salvage);
    }
    if (r == 0) {
        r = salvage_prove(&salvage);
    }
    if (r == 0) {
        r = salvage_end(&salvage);
    }
    salvage_copies_end(&salvage.copies);
    (void)journal_pages_free(pages);
    if (r == 0) {
        *ret_salvaged = salvage.counts;
    }
    return r;
}
