/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Events of a damaged file: first whatever still looks like one is gathered from its pages, then
 * they are held against each other in the order of seq.
 *
 *     follows from the one before it, or from what `run` says   kept
 *     stands behind a hole                                      kept, and begins a run: what it was
 *                                                               made from is lost, its form is right
 *     does not follow from its neighbour                        left out: one of them has been
 *                                                               changed, and nobody can say which
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/journal/journal_pages.h"
#include "gateway/journal/journal_store_parts.h"

enum {
    /* Of a transaction. */
    SALVAGE_PAGES = 256,
    SALVAGE_ROWS = 1000,
    /* Of the write-ahead log, before it is moved into the file. */
    SALVAGE_LOG_PAGES = 1000,
};

struct salvage {
    struct journal_store *store;
    sqlite3_stmt *add;
    uint64_t oldest; /* that the file began with; 0: nobody can say */
    /* the walk */
    struct journal_chain chain;
    uint64_t last_seq; /* 0: none yet */
    bool last_left_out;
    struct journal_salvaged counts;
};

/* What is to be done about a row once its statement is through. */
enum salvage_repair_kind { REPAIR_LEAVE_OUT, REPAIR_BEGIN, REPAIR_BEGIN_UNPROVEN };

struct salvage_repair {
    uint64_t seq;
    enum salvage_repair_kind kind;
    unsigned char before[JOURNAL_DIGEST_SIZE];
};

struct salvage_batch {
    uint64_t after_seq;
    uint32_t rows;
    uint32_t repair_count;
    struct salvage_repair repairs[SALVAGE_ROWS];
};

bool journal_store_is_salvaging(struct journal_store *store) {
    return store_ask(store, "SELECT count(*) FROM meta WHERE key='salvage'") != 0;
}

/* ---- gathering ---- */

static bool salvage_text_is(const struct journal_pages_text *text, const char *expected) {
    size_t size = strlen(expected);
    return text->size == size && memcmp(text->at, expected, size) == 0;
}

/* Of a type that there is, in its lane. */
static bool salvage_type_is_known(const struct journal_pages_row *row) {
    for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
        if (salvage_text_is(&row->type, core_event_name((enum core_event_type)type))) {
            return row->lane == (int64_t)core_event_lane((enum core_event_type)type);
        }
    }
    return false;
}

/* Does the body say of itself that it is this event of this gateway? See journal_event_body(). */
static bool salvage_body_fits(const struct journal_store *store,
                              const struct journal_pages_row *row) {
    char opening[WIRE_BODY_MAX];
    int size = snprintf(opening, sizeof opening,
                        "{\"specversion\":\"1.0\",\"id\":\"%s.%s.%.*s.%" PRIu64 "\"",
                        store->identity->site, store->identity->gateway, (int)row->boot.size,
                        row->boot.at, row->seq);
    return size > 0 && (size_t)size < sizeof opening && row->body.size > (size_t)size &&
           row->body.size <= WIRE_BODY_MAX && memcmp(row->body.at, opening, (size_t)size) == 0 &&
           row->body.at[row->body.size - 1] == '}';
}

static void salvage_bind(sqlite3_stmt *statement, int at, const struct journal_pages_text *text) {
    (void)sqlite3_bind_text(statement, at, text->at, (int)text->size, SQLITE_STATIC);
}

static int salvage_add(void *context, const struct journal_pages_row *row) {
    struct salvage *salvage = context;
    if (row->boot.size > 64 || !salvage_type_is_known(row) ||
        !salvage_body_fits(salvage->store, row)) {
        return 0;
    }
    store_bind_int(salvage->add, 1, row->seq);
    salvage_bind(salvage->add, 2, &row->boot);
    store_bind_int(salvage->add, 3, (uint64_t)row->at_wall);
    store_bind_int(salvage->add, 4, (uint64_t)row->lane);
    salvage_bind(salvage->add, 5, &row->type);
    salvage_bind(salvage->add, 6, &row->alarm);
    salvage_bind(salvage->add, 7, &row->place);
    salvage_bind(salvage->add, 8, &row->point);
    salvage_bind(salvage->add, 9, &row->body);
    (void)sqlite3_bind_blob(salvage->add, 10, row->digest, JOURNAL_DIGEST_SIZE, SQLITE_STATIC);
    int r = store_result(salvage->store, sqlite3_step(salvage->add));
    (void)sqlite3_reset(salvage->add); /* repeats the result of the step */
    return r;
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

static int salvage_gather(struct salvage *salvage, struct journal_pages *pages) {
    static const char sql[] = "INSERT OR IGNORE INTO event VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)";
    struct journal_store *store = salvage->store;
    uint32_t count = journal_pages_count(pages);
    int r = store_result(store, sqlite3_prepare_v2(store->db, sql, -1, &salvage->add, NULL));
    for (uint32_t from = 0; r == 0 && from < count; from += SALVAGE_PAGES) {
        r = store_run(store, STORE_BEGIN);
        for (uint32_t i = from; r == 0 && i < count && i < from + SALVAGE_PAGES; i++) {
            r = journal_pages_rows(pages, i, salvage_add, salvage);
        }
        r = salvage_commit(store, r);
    }
    (void)sqlite3_finalize(salvage->add); /* repeats an error that was seen before */
    return r;
}

/* ---- holding against each other ---- */

/* How many are missing before the oldest one, as far as anybody can say. */
static uint64_t salvage_missing_before(const struct salvage *salvage, uint64_t seq) {
    uint64_t oldest = salvage->oldest > 0 ? salvage->oldest : 1;
    return seq > oldest ? seq - oldest : 0;
}

static void salvage_repair(struct salvage_batch *batch, uint64_t seq, enum salvage_repair_kind kind,
                           const unsigned char *before) {
    struct salvage_repair *repair = &batch->repairs[batch->repair_count++];
    repair->seq = seq;
    repair->kind = kind;
    memcpy(repair->before, before, sizeof repair->before);
}

static void salvage_judge(struct salvage *salvage, uint64_t seq,
                          const struct journal_chain_row *row, struct salvage_batch *batch) {
    unsigned char before[JOURNAL_DIGEST_SIZE];
    memcpy(before, salvage->chain.digest, sizeof before);
    bool adjacent = salvage->last_seq != 0 && seq == salvage->last_seq + 1;
    enum journal_chain_step step = journal_chain_next(&salvage->chain, row);
    bool leave_out = step == CHAIN_BROKEN && (row->before != NULL || adjacent);
    if (leave_out) {
        salvage_repair(batch, seq, REPAIR_LEAVE_OUT, before);
        salvage->counts.lost++;
    } else if (step == CHAIN_BROKEN) {
        salvage_repair(batch, seq, REPAIR_BEGIN_UNPROVEN, before);
        salvage->counts.lost += salvage->last_seq == 0 ? salvage_missing_before(salvage, seq)
                                                       : seq - salvage->last_seq - 1;
    } else if (step == CHAIN_FOLLOWS && salvage->last_left_out) {
        salvage_repair(batch, seq, REPAIR_BEGIN, before);
    }
    salvage->counts.kept += !leave_out;
    salvage->last_left_out = leave_out;
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
            if (!journal_chain_row_of(statement, 1, &row)) {
                row.before = NULL; /* as good as lost */
            }
            salvage_judge(salvage, batch->after_seq, &row, batch);
        }
    }
    int r = store_result(salvage->store, result);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

static int salvage_mend_one(struct journal_store *store, const struct salvage_repair *repair) {
    sqlite3_stmt *statement = NULL;
    const char *sql = repair->kind == REPAIR_LEAVE_OUT
                          ? "DELETE FROM event WHERE seq=?1"
                          : "INSERT OR REPLACE INTO run VALUES(?1, ?2)";
    int result = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        store_bind_int(statement, 1, repair->seq);
        if (repair->kind == REPAIR_BEGIN) {
            (void)sqlite3_bind_blob(statement, 2, repair->before, sizeof repair->before,
                                    SQLITE_STATIC);
        }
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
    int r = store_run(store, STORE_BEGIN);
    for (uint32_t i = 0; r == 0 && i < batch->repair_count; i++) {
        r = salvage_mend_one(store, &batch->repairs[i]);
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

/* The chain goes on after the newest that was kept. */
static int salvage_end(struct salvage *salvage) {
    struct journal_store *store = salvage->store;
    if (salvage->last_seq > store->newest_seq) {
        store->newest_seq = salvage->last_seq;
    }
    salvage->counts.lost += salvage->last_seq == 0
                                ? salvage_missing_before(salvage, store->newest_seq + 1)
                                : store->newest_seq - salvage->last_seq;
    static const char newest[] = "SELECT digest FROM event ORDER BY seq DESC LIMIT 1";
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(store->db, newest, -1, &statement, NULL);
    if (result == SQLITE_OK && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        memcpy(store->digest, sqlite3_column_blob(statement, 0), sizeof store->digest);
    }
    int r = store_result(store, result);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    if (r == 0) {
        static const char end[] = "DELETE FROM meta WHERE key IN ('salvage', 'salvage_oldest')";
        r = store_result(store, sqlite3_exec(store->db, end, NULL, NULL, NULL));
    }
    return r;
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
    if (r == 0 && pages != NULL) {
        r = salvage_gather(&salvage, pages);
    }
    if (r == 0) {
        r = salvage_prove(&salvage);
    }
    if (r == 0) {
        r = salvage_end(&salvage);
    }
    (void)journal_pages_free(pages);
    if (r == 0) {
        *ret_salvaged = salvage.counts;
    }
    return r;
}
