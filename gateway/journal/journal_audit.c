/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/journal/journal_audit_parts.h"
#include "gateway/journal/journal_boot.h"
#include "gateway/journal/journal_columns.h"
#include "gateway/journal/journal_witness.h"
#include "gateway/state_file.h"

enum { AUDIT_ROWS = 1000, AUDIT_BUSY_MS = 5000 };

/* Of the oldest version that still can be audited: it has the table `run`. */
enum { AUDIT_VERSION_MIN = 8 };

/* … and of the first that has the table `seal`, and the table `gone` with all that ledgers need. */
enum { AUDIT_VERSION_SEALS = 9, AUDIT_VERSION_LEDGERS = 11 };

/* Columns of what is walked along: seq, those of a leaf, and what stands in `run` and `gone`. */
enum {
    AUDIT_LEAF_COLUMN = 1,
    AUDIT_WALL_COLUMN = AUDIT_LEAF_COLUMN + 2,
    AUDIT_LANE_COLUMN = AUDIT_LEAF_COLUMN + 3,
    AUDIT_BODY_COLUMN = AUDIT_LEAF_COLUMN + 8,
    AUDIT_GONE_COLUMN = AUDIT_LEAF_COLUMN + LEDGER_COLUMN_COUNT + 2,
};

#define AUDIT_ROWS_SQL                                                                             \
    "SELECT e.seq, e.seq, e.boot, e.at_wall, e.lane, e.type, e.alarm, e.place, e.point, e.body, "  \
    "e.digest, r.first, r.before, NULL, NULL FROM event e LEFT JOIN run r ON r.first = e.seq "     \
    "WHERE e.seq > ?1 "
#define AUDIT_GONE_SQL                                                                             \
    "UNION ALL SELECT g.seq, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "   \
    "NULL, g.lane, g.leaf FROM gone g WHERE g.seq > ?1 "
#define AUDIT_ORDER_SQL "ORDER BY 1 LIMIT ?2"

int audit_result(const struct auditor *auditor, int result, char reason[JOURNAL_REASON_SIZE]) {
    int r = journal_schema_result(result);
    if (r != 0) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "%s", sqlite3_errmsg(auditor->db));
    }
    return r;
}

int audit_ask(const struct auditor *auditor, const char *sql, uint64_t *ret,
              char reason[JOURNAL_REASON_SIZE]) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(auditor->db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
    }
    if (result == SQLITE_ROW) {
        *ret = (uint64_t)sqlite3_column_int64(statement, 0);
    }
    int r = audit_result(auditor, result == SQLITE_ROW ? SQLITE_OK : result, reason);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

void audit_blame(struct auditor *auditor, enum audit_fault fault, uint64_t seq, uint64_t last) {
    if (auditor->found.fault == AUDIT_SOUND) {
        auditor->found.fault = fault;
        auditor->found.fault_seq = seq;
        auditor->found.fault_last = last;
    }
}

/* What stands beside a `journal.db`: the word of others on how far it has come. */
static void audit_look_beside(struct auditor *auditor, const char *path) {
    static const char name[] = "journal.db";
    char directory[PATH_MAX];
    char note[SEAL_NOTE_SIZE] = "";
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    if (strcmp(base, name) != 0 || strlen(path) >= sizeof directory) {
        return;
    }
    (void)snprintf(directory, sizeof directory, "%.*s.", (int)(base - path), path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    struct journal_boot boot = {0};
    struct journal_witness witness = journal_witness_read(fd);
    /* What was given up already stands in `boot`; without that file nothing was. */
    if (journal_boot_read(fd, &boot) == 0 && witness.seq > boot.seq) {
        auditor->found.witnessed = witness.seq;
    }
    int file = state_file_open(fd, SEAL_NOTE_NAME, O_RDONLY | O_NOFOLLOW);
    if (file >= 0) {
        auditor->has_note =
            read(file, note, sizeof note - 1) > 0 && seal_note_parse(note, &auditor->note);
        (void)close(file); /* only read */
    }
    (void)close(fd);
}

/* Is it a journal, and of a form that this program audits? */
static int audit_know(const struct auditor *auditor, uint64_t *version,
                      char reason[JOURNAL_REASON_SIZE]) {
    uint64_t id = 0;
    int r = audit_ask(auditor, "PRAGMA application_id", &id, reason);
    if (r == 0) {
        r = audit_ask(auditor, "PRAGMA user_version", version, reason);
    }
    if (r == 0 && id != JOURNAL_APPLICATION_ID) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE, "this is no journal");
        r = JOURNAL_E_DAMAGED;
    } else if (r == 0 && (*version < AUDIT_VERSION_MIN || *version > JOURNAL_SCHEMA_VERSION)) {
        (void)snprintf(reason, JOURNAL_REASON_SIZE,
                       "its form is version %d; this program audits %d to %d", (int)*version,
                       (int)AUDIT_VERSION_MIN, (int)JOURNAL_SCHEMA_VERSION);
        r = JOURNAL_E_DAMAGED;
    }
    return r;
}

/* What the file says of itself, before its rows: what comes in the meantime must not be missed. */
static int audit_ask_counts(struct auditor *auditor, uint64_t version,
                            char reason[JOURNAL_REASON_SIZE]) {
    uint64_t marked = 0;
    uint64_t nameless = 0;
    const struct {
        const char *sql;
        uint64_t *ret;
    } counts[] = {
        {"SELECT ifnull(max(seq), 0) FROM sink", &auditor->found.confirmed},
        {"SELECT ifnull((SELECT value FROM meta WHERE key='" STORE_META_LOST "'), 0)",
         &auditor->found.lost},
        {"SELECT ifnull((SELECT value FROM meta WHERE key='" STORE_META_UNPROVEN "'), 0)",
         &auditor->found.noted},
        {"SELECT ifnull(max(at_wall), 0) FROM mark", &marked},
        {"SELECT count(*) FROM event WHERE seq < 1", &nameless},
    };
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof counts / sizeof *counts; i++) {
        r = audit_ask(auditor, counts[i].sql, counts[i].ret, reason);
    }
    if (r == 0 && version < AUDIT_VERSION_LEDGERS) {
        r = audit_ask(auditor, "SELECT count(*) FROM run WHERE before IS NULL",
                      &auditor->found.noted, reason);
    }
    if (nameless > 0) {
        audit_blame(auditor, AUDIT_CHANGED, 0, 0); /* the first event is 1 */
    }
    int64_t now_ns = clock_wall().ns;
    auditor->told_wall_ns = (int64_t)marked < now_ns ? (int64_t)marked : now_ns;
    return r;
}

static int audit_prepare(struct auditor *auditor, uint64_t version,
                         char reason[JOURNAL_REASON_SIZE]) {
    static const char before[] = AUDIT_ROWS_SQL AUDIT_ORDER_SQL;
    static const char present[] = AUDIT_ROWS_SQL AUDIT_GONE_SQL AUDIT_ORDER_SQL;
    bool have_ledgers = version >= AUDIT_VERSION_LEDGERS;
    int r = audit_ask_counts(auditor, version, reason);
    if (r == 0 && version >= AUDIT_VERSION_SEALS) {
        r = audit_seals_begin(auditor, have_ledgers, reason);
    }
    if (r == 0 && have_ledgers) {
        r = audit_ledger_begin(auditor, reason);
    }
    return r == 0 ? audit_result(auditor,
                                 sqlite3_prepare_v2(auditor->db, have_ledgers ? present : before,
                                                    -1, &auditor->rows, NULL),
                                 reason)
                  : r;
}

static int audit_open(struct auditor *auditor, const char *path, char reason[JOURNAL_REASON_SIZE]) {
    uint64_t version = 0;
    audit_look_beside(auditor, path);
    int result =
        sqlite3_open_v2(path, &auditor->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (auditor->db == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = audit_result(auditor, result, reason);
    if (r == 0) {
        (void)sqlite3_busy_timeout(auditor->db, AUDIT_BUSY_MS);
        r = audit_know(auditor, &version, reason);
    }
    return r == 0 ? audit_prepare(auditor, version, reason) : r;
}

/* Is the row what it was, by the chain and by its own body? */
static enum journal_chain_step audit_prove(struct auditor *auditor, uint64_t seq,
                                           struct journal_chain_row *row) {
    struct journal_audit *found = &auditor->found;
    bool sound = journal_chain_row_of(auditor->rows, AUDIT_BODY_COLUMN, row);
    enum journal_chain_step step = sound ? journal_chain_next(&auditor->chain, row) : CHAIN_BROKEN;
    const char *wrong = journal_columns_wrong(auditor->rows, AUDIT_LEAF_COLUMN);
    if (step == CHAIN_BROKEN) {
        found->broken_seq = found->broken_seq == 0 ? seq : found->broken_seq;
        audit_blame(auditor, AUDIT_CHANGED, seq, seq);
    } else if (wrong != NULL && found->fault == AUDIT_SOUND) {
        audit_blame(auditor, AUDIT_COLUMN, seq, seq);
        found->column = wrong;
    }
    return step;
}

/* Take the row that the statement stands on. */
static int audit_row(struct auditor *auditor, uint64_t seq, char reason[JOURNAL_REASON_SIZE]) {
    struct journal_audit *found = &auditor->found;
    struct journal_chain_row row;
    unsigned char leaf[JOURNAL_DIGEST_SIZE];
    int64_t lane = sqlite3_column_int64(auditor->rows, AUDIT_LANE_COLUMN);
    int64_t wall_ns = sqlite3_column_int64(auditor->rows, AUDIT_WALL_COLUMN);
    enum journal_chain_step step = audit_prove(auditor, seq, &row);
    audit_gaps_row(auditor, seq, lane, wall_ns, step);
    journal_ledger_leaf(auditor->hasher, auditor->rows, AUDIT_LEAF_COLUMN, leaf);
    audit_ledger_take(auditor, seq, lane, leaf, true, step == CHAIN_UNPROVEN);
    found->first_seq = found->events == 0 ? seq : found->first_seq;
    found->events++;
    found->newest_seq = seq;
    auditor->newest_wall_ns = wall_ns;
    return audit_seals_row(auditor, seq, &row, step, reason);
}

/* Take what the statement stands on: an event, or what is left of one that was let go of. */
static int audit_take(struct auditor *auditor, char reason[JOURNAL_REASON_SIZE]) {
    uint64_t seq = (uint64_t)sqlite3_column_int64(auditor->rows, 0);
    unsigned char leaf[JOURNAL_DIGEST_SIZE] = {0};
    int r = audit_ledger_reach(auditor, seq, reason);
    auditor->after_seq = seq;
    if (r != 0 || sqlite3_column_type(auditor->rows, AUDIT_GONE_COLUMN) == SQLITE_NULL) {
        return r == 0 ? audit_row(auditor, seq, reason) : r;
    }
    int64_t lane = sqlite3_column_int64(auditor->rows, AUDIT_GONE_COLUMN);
    audit_gaps_leaf(auditor, seq, lane);
    /* One that is none makes another head. */
    (void)audit_seals_copy(auditor->rows, AUDIT_GONE_COLUMN + 1, leaf, sizeof leaf);
    audit_ledger_take(auditor, seq, lane, leaf, false, false);
    return 0;
}

/* Read rows in one short transaction; `ret_count` is how many there were. */
static int audit_slice(struct auditor *auditor, uint32_t *ret_count,
                       char reason[JOURNAL_REASON_SIZE]) {
    int result = SQLITE_DONE;
    int r = 0;
    *ret_count = 0;
    store_bind_int(auditor->rows, 1, auditor->after_seq);
    store_bind_int(auditor->rows, 2, AUDIT_ROWS);
    while (r == 0 && (result = sqlite3_step(auditor->rows)) == SQLITE_ROW) {
        r = audit_take(auditor, reason);
        ++*ret_count;
    }
    r = r == 0 ? audit_result(auditor, result, reason) : r;
    (void)sqlite3_reset(auditor->rows); /* repeats the result of the step */
    return r;
}

/* All rows have been read: what of them all together? */
static int audit_end(struct auditor *auditor, char reason[JOURNAL_REASON_SIZE]) {
    struct journal_audit *found = &auditor->found;
    int r = audit_ledger_end(auditor, reason);
    audit_seals_end(auditor);
    audit_gaps_end(auditor);
    uint64_t told = found->confirmed > found->witnessed ? found->confirmed : found->witnessed;
    if (told > found->newest_seq) {
        audit_blame(auditor, AUDIT_CUT_OFF, told, told);
    }
    if (found->unproven + found->lost_ends > found->noted) {
        audit_blame(auditor, AUDIT_UNPROVEN, found->newest_seq, found->newest_seq);
    }
    memcpy(found->digest, auditor->chain.digest, sizeof found->digest);
    return r;
}

int journal_audit(const char *path, const struct seal_keys *keys, struct journal_audit *ret_audit,
                  char reason[JOURNAL_REASON_SIZE]) {
    struct auditor auditor = {.keys = keys, .ledger.newest_wall_ns = INT64_MIN};
    uint32_t count = AUDIT_ROWS;
    int r = err_trace(journal_hasher_new(&auditor.hasher));
    if (r == 0) {
        r = audit_open(&auditor, path, reason);
    }
    journal_chain_init(&auditor.chain, auditor.hasher, false);
    while (r == 0 && count == AUDIT_ROWS) {
        r = audit_slice(&auditor, &count, reason);
    }
    if (r == 0) {
        r = audit_end(&auditor, reason);
    }
    (void)sqlite3_finalize(auditor.ledger.seals); /* likewise */
    (void)sqlite3_finalize(auditor.seals);        /* likewise */
    (void)sqlite3_finalize(auditor.rows);         /* repeats an error that was seen before */
    (void)sqlite3_close(auditor.db);              /* no statement is left that could keep it open */
    (void)journal_hasher_free(auditor.hasher);
    if (r == 0) {
        *ret_audit = auditor.found;
    }
    return r;
}

bool journal_audit_is_whole(const struct journal_audit *audit) {
    return audit->broken_seq == 0 && audit->confirmed <= audit->newest_seq &&
           audit->seals.contradicted == 0;
}

bool journal_audit_is_good(const struct journal_audit *audit) {
    return journal_audit_is_whole(audit) && audit->fault == AUDIT_SOUND &&
           audit->seals.fault == SEAL_SOUND && (!audit->seals.keys_known || audit->unproven == 0);
}
