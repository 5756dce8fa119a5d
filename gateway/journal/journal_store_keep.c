/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "gateway/journal/journal_store_parts.h"

#define MARK_NS ((int64_t)JOURNAL_MARK_HOURS * 3600 * (int64_t)NS_PER_S)

/* How far each lane is confirmed, by everybody. */
struct keep_floor {
    uint64_t seqs[JOURNAL_LANE_COUNT];
};

/* Rows that go. */
struct keep_list {
    uint64_t seqs[JOURNAL_KEEP_ROWS];
    uint32_t count;
};

static struct keep_floor keep_confirmed(struct journal_store *store,
                                        const struct journal_keep *keep) {
    uint64_t confirmed[JOURNAL_SINK_COUNT][JOURNAL_LANE_COUNT];
    struct keep_floor floor;
    journal_store_confirmed(store, confirmed);
    for (int lane = 0; lane < JOURNAL_LANE_COUNT; lane++) {
        floor.seqs[lane] = store->newest_seq;
        for (int sink = 0; sink < JOURNAL_SINK_COUNT; sink++) {
            if (keep->sinks[sink] && confirmed[sink][lane] < floor.seqs[lane]) {
                floor.seqs[lane] = confirmed[sink][lane];
            }
        }
    }
    return floor;
}

/* What of `confirmed` has been so for `span_ns`. */
static struct keep_floor keep_since(struct journal_store *store, const struct keep_floor *confirmed,
                                    struct wall now, uint64_t span_ns) {
    static const char *const columns[JOURNAL_LANE_COUNT] = {"alarm", "activity"};
    struct keep_floor floor;
    for (int lane = 0; lane < JOURNAL_LANE_COUNT; lane++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql,
                       "SELECT %s FROM mark WHERE at_wall<=%" PRId64
                       " ORDER BY at_wall DESC LIMIT 1",
                       columns[lane], now.ns - (int64_t)span_ns);
        floor.seqs[lane] = store_ask(store, sql);
        /* A sink that the site has only now has confirmed less than those of then. */
        if (floor.seqs[lane] > confirmed->seqs[lane]) {
            floor.seqs[lane] = confirmed->seqs[lane];
        }
    }
    return floor;
}

/* Note what has been confirmed, if that is due, and forget marks that no span reaches any more. */
static int keep_mark(struct journal_store *store, const struct keep_floor *confirmed,
                     const struct journal_keep *keep, struct wall now) {
    char sql[320];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM mark WHERE at_wall>%" PRId64 " AND at_wall<=%" PRId64,
                   now.ns - MARK_NS, now.ns);
    if (store_ask(store, sql) != 0) {
        return 0;
    }
    (void)snprintf(sql, sizeof sql,
                   "INSERT OR REPLACE INTO mark VALUES(%" PRId64 ",%" PRIu64 ",%" PRIu64 ");"
                   "DELETE FROM mark WHERE at_wall<(SELECT max(at_wall) FROM mark WHERE "
                   "at_wall<=%" PRId64 ")",
                   now.ns, confirmed->seqs[LANE_ALARM], confirmed->seqs[LANE_ACTIVITY],
                   now.ns - (int64_t)keep->keep_ns);
    return store_result(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL));
}

/* Alarms up to `floor`: they have an index. */
static int keep_find_alarms(struct journal_store *store, uint64_t floor, struct keep_list *list) {
    char sql[128];
    sqlite3_stmt *statement = NULL;
    (void)snprintf(sql, sizeof sql,
                   "SELECT seq FROM event WHERE lane=%d AND seq<=?1 ORDER BY seq LIMIT ?2",
                   (int)LANE_ALARM);
    int result = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        store_bind_int(statement, 1, floor);
        store_bind_int(statement, 2, JOURNAL_KEEP_ROWS);
        while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
            list->seqs[list->count++] = (uint64_t)sqlite3_column_int64(statement, 0);
        }
    }
    int r = store_result(store, result);
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

/* Activity up to `floor`: rows are looked at one by one, and never again once nothing is there. */
static int keep_find_activity(struct journal_store *store, uint64_t floor, struct keep_list *list,
                              bool *ret_more) {
    static const char sql[] = "SELECT seq, lane FROM event WHERE seq>=?1 AND seq<=?2 ORDER BY seq";
    sqlite3_stmt *statement = NULL;
    uint32_t looked_at = 0;
    int result = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        store_bind_int(statement, 1, store->activity_from);
        store_bind_int(statement, 2, floor);
        while (list->count < JOURNAL_KEEP_ROWS && looked_at < JOURNAL_KEEP_ROWS &&
               (result = sqlite3_step(statement)) == SQLITE_ROW) {
            uint64_t seq = (uint64_t)sqlite3_column_int64(statement, 0);
            looked_at++;
            if (sqlite3_column_int(statement, 1) == LANE_ACTIVITY) {
                list->seqs[list->count++] = seq;
            } else if (list->count == 0) {
                store->activity_from = seq + 1;
            }
        }
    }
    int r = store_result(store, result);
    *ret_more = result == SQLITE_ROW;
    (void)sqlite3_finalize(statement); /* repeats the result of the step */
    return r;
}

/* The number that a statement with one parameter yields; 0 if none. */
static int keep_ask(struct journal_store *store, enum store_statement which, uint64_t parameter,
                    uint64_t *ret) {
    sqlite3_stmt *statement = store->statements[which];
    store_bind_int(statement, 1, parameter);
    int result = sqlite3_step(statement);
    *ret = result == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    int r = store_result(store, result);
    (void)sqlite3_reset(statement); /* repeats the result of the step */
    return r;
}

static int keep_run(struct journal_store *store, enum store_statement which, uint64_t parameter) {
    store_bind_int(store->statements[which], 1, parameter);
    return store_run(store, which);
}

/* What is left of it: its lane and its leaf. */
static int keep_leave(struct journal_store *store, uint64_t seq) {
    sqlite3_stmt *row = store->statements[STORE_LET_GO_LOOK];
    sqlite3_stmt *leave = store->statements[STORE_LET_GO_LEAVE];
    unsigned char leaf[JOURNAL_DIGEST_SIZE];
    store_bind_int(row, 1, seq);
    int result = sqlite3_step(row);
    int r = store_result(store, result);
    if (result == SQLITE_ROW) {
        journal_ledger_leaf(store->hasher, row, 1, leaf);
        store_bind_int(leave, 1, seq);
        store_bind_int(leave, 2, (uint64_t)sqlite3_column_int64(row, 0));
        (void)sqlite3_bind_blob(leave, 3, leaf, sizeof leaf, SQLITE_STATIC);
        r = store_run(store, STORE_LET_GO_LEAVE);
    }
    (void)sqlite3_reset(row); /* repeats the result of the step */
    return r;
}

/* Forget the leaves of a stretch of which nothing else is here any more, a turn's worth of them. */
static int keep_forget_leaves(struct journal_store *store, bool *more) {
    sqlite3_stmt *stretch = store->statements[STORE_LET_GO_STRETCH];
    sqlite3_stmt *leaves = store->statements[STORE_LET_GO_LEAVES];
    int result = sqlite3_step(stretch);
    int r = store_result(store, result);
    if (result == SQLITE_ROW) {
        store_bind_int(leaves, 1, (uint64_t)sqlite3_column_int64(stretch, 0));
        store_bind_int(leaves, 2, (uint64_t)sqlite3_column_int64(stretch, 1));
        store_bind_int(leaves, 3, JOURNAL_KEEP_ROWS);
        r = store_run(store, STORE_LET_GO_LEAVES);
        *more = *more || sqlite3_changes(store->db) == JOURNAL_KEEP_ROWS;
    }
    (void)sqlite3_reset(stretch); /* repeats the result of the step */
    return r;
}

/* Let one go; what stood after it keeps its digest. The newest stays: the chain goes on from it. */
static int keep_let_go(struct journal_store *store, uint64_t seq, bool leaves, uint32_t *count) {
    uint64_t next;
    int r = keep_ask(store, STORE_LET_GO_NEXT, seq, &next);
    if (r != 0 || next == 0) {
        return r;
    }
    store_bind_int(store->statements[STORE_LET_GO_RUN], 1, next);
    store_bind_int(store->statements[STORE_LET_GO_RUN], 2, seq);
    r = store_run(store, STORE_LET_GO_RUN);
    if (r == 0) {
        r = keep_run(store, STORE_LET_GO_RUN_END, seq);
    }
    if (r == 0) {
        r = keep_run(store, STORE_LET_GO_FIRST_SENT, seq);
    }
    if (r == 0 && leaves) {
        r = keep_leave(store, seq);
    }
    if (r == 0) {
        r = keep_run(store, STORE_LET_GO_EVENT, seq);
    }
    *count += r == 0;
    return r;
}

static int keep_let_go_all(struct journal_store *store, const struct keep_list *list,
                           uint64_t leaves, uint64_t confirmed, uint32_t *known,
                           uint32_t *unknown) {
    int r = 0;
    for (uint32_t i = 0; r == 0 && i < list->count; i++) {
        r = keep_let_go(store, list->seqs[i], list->seqs[i] <= leaves,
                        list->seqs[i] <= confirmed ? known : unknown);
    }
    return r;
}

/* What has been confirmed long enough. */
static int keep_expire(struct journal_store *store, const struct keep_floor *floor, uint64_t leaves,
                       struct journal_keep_turn *turn) {
    struct keep_list list = {.count = 0};
    bool more = false;
    int r = keep_find_alarms(store, floor->seqs[LANE_ALARM], &list);
    if (r == 0 && list.count < JOURNAL_KEEP_ROWS) {
        r = keep_find_activity(store, floor->seqs[LANE_ACTIVITY], &list, &more);
    }
    turn->more = more || list.count == JOURNAL_KEEP_ROWS;
    return r == 0
               ? keep_let_go_all(store, &list, leaves, UINT64_MAX, &turn->expired, &turn->expired)
               : r;
}

/* There is no room: activity, whoever has it. */
static int keep_displace(struct journal_store *store, const struct keep_floor *confirmed,
                         uint64_t leaves, struct journal_keep_turn *turn) {
    struct keep_list list = {.count = 0};
    int r = keep_find_activity(store, store->newest_seq, &list, &turn->more);
    if (r == 0) {
        r = keep_let_go_all(store, &list, leaves, confirmed->seqs[LANE_ACTIVITY], &turn->shortened,
                            &turn->lost);
    }
    if (r == 0 && turn->lost > 0) {
        r = store_count(store, STORE_META_LOST, turn->lost);
    }
    turn->crowded = !turn->more && turn->shortened + turn->lost == 0;
    return r;
}

/* Up to which event one that goes leaves its leaf: those that a seal speaks of, or one will. */
static uint64_t keep_leaves(struct journal_store *store, const struct journal_keep *keep) {
    return keep->leaves ? UINT64_MAX
                        : store_ask(store, "SELECT seq FROM seal WHERE ledger NOT NULL "
                                           "ORDER BY number DESC LIMIT 1");
}

static int keep_turn(struct journal_store *store, const struct journal_keep *keep, struct wall now,
                     struct journal_keep_turn *turn) {
    bool over = turn->bytes > keep->size;
    struct keep_floor confirmed = keep_confirmed(store, keep);
    uint64_t leaves = keep_leaves(store, keep);
    int r = keep_mark(store, &confirmed, keep, now);
    if (r == 0) {
        struct keep_floor floor =
            keep_since(store, &confirmed, now, over ? JOURNAL_WEEK_NS : keep->keep_ns);
        r = keep_expire(store, &floor, leaves, turn);
    }
    if (r == 0 && over && !turn->more && turn->expired == 0) {
        r = keep_displace(store, &confirmed, leaves, turn);
    }
    return r == 0 ? keep_forget_leaves(store, &turn->more) : r;
}

uint64_t journal_store_bytes(struct journal_store *store) {
    return (store_ask(store, "PRAGMA page_count") - store_ask(store, "PRAGMA freelist_count")) *
           store_ask(store, "PRAGMA page_size");
}

int journal_store_keep(struct journal_store *store, const struct journal_keep *keep,
                       struct wall now, struct journal_keep_turn *ret_turn) {
    *ret_turn = (struct journal_keep_turn){
        .bytes = journal_store_bytes(store),
    };
    uint64_t activity_from = store->activity_from;
    int r = store_run(store, STORE_BEGIN);
    if (r == 0) {
        r = keep_turn(store, keep, now, ret_turn);
    }
    if (r == 0) {
        r = store_run(store, STORE_COMMIT);
    }
    if (r != 0) {
        store_roll_back(store);
        store->activity_from = activity_from;
        *ret_turn = (struct journal_keep_turn){.bytes = ret_turn->bytes};
    }
    return r;
}
