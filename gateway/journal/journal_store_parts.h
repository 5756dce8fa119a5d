/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_STORE_PARTS_H
#define GATEWAY_JOURNAL_JOURNAL_STORE_PARTS_H

/*
 * The store's parts, for its own files only
 *
 *     journal_store.c          opening and what is checked then, transactions, the write-ahead log
 *     journal_store_add.c      what goes into a transaction
 *     journal_store_load.c     what is known of the life before
 *     journal_store_recall.c   … of one whose file cannot be written
 *     journal_store_keep.c     what is let go of
 *     journal_store_seal.c     signed checkpoints
 *     journal_store_salvage.c  what is taken over from a file that was set aside: what is so
 *     journal_store_salvage_events.c   … and what has happened, …
 *     journal_store_salvage_rows.c     … by what is taken for an event, …
 *     journal_store_salvage_copies.c   … of which there may be copies that differ
 */

#include <sqlite3.h>

#include "gateway/journal/journal_chain.h"
#include "gateway/journal/journal_ledger.h"
#include "gateway/journal/journal_store.h"

/*
 * Bytes of one memory_record in the column `past`: identity, two ages, two small numbers,
 * little-endian.
 */
enum { MEMORY_BYTES = 26 };

/*
 * Columns of the table, counted from 0: the clocks, in the order of enum alarm_clock, the chain's
 * run of five, and what remembers.
 */
enum {
    ALARM_CLOCK_COLUMN = 29,
    ALARM_CHAIN_COLUMN = ALARM_CLOCK_COLUMN + ALARM_CLOCK_COUNT,
    ALARM_PAST_COLUMN = ALARM_CHAIN_COLUMN + 5,
    ALARM_CONDITION_COLUMN,
    ALARM_CHAIN_STEPS_COLUMN,
    ALARM_AGREED_COLUMN,
};

enum store_statement {
    STORE_BEGIN,
    STORE_COMMIT,
    STORE_EVENT,
    STORE_FIRST_SENT,
    STORE_ALARM,
    STORE_ALARM_END,
    STORE_SINK,
    STORE_TOKEN,
    STORE_TESTS_END,
    STORE_TEST,
    STORE_FLOOD,
    STORE_WALKS_END,
    STORE_WALK,
    STORE_TRIPS_END,
    STORE_TRIP,
    STORE_PRESENT_END,
    STORE_PRESENT,
    STORE_PRESENT_SPENT,
    STORE_CLOCK,
    STORE_LET_GO_NEXT,
    STORE_LET_GO_RUN,
    STORE_LET_GO_RUN_END,
    STORE_LET_GO_FIRST_SENT,
    STORE_LET_GO_LOOK,
    STORE_LET_GO_LEAVE,
    STORE_LET_GO_EVENT,
    STORE_LET_GO_STRETCH,
    STORE_LET_GO_LEAVES,
    STORE_STATEMENT_COUNT,
};

struct journal_store {
    const struct journal_identity *identity;
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_STATEMENT_COUNT];
    struct journal_hasher *hasher;
    unsigned char digest[JOURNAL_DIGEST_SIZE]; /* of the newest row */
    uint64_t newest_seq;
    uint64_t known_seq; /* the highest that was recorded before, by other witnesses; 0: none says */
    uint32_t wal_pages;
    uint64_t activity_from; /* before this seq nothing of the activity lane stands */
    bool created;
    bool met_damage;
    char reason[JOURNAL_REASON_SIZE];
    char body[WIRE_BODY_MAX];
};

/* The names of sinks, as in the table `sink`. */
extern const char *const store_sink_names[JOURNAL_SINK_COUNT];

/* The keys of table `meta` under which lost activity is counted, and what a salvage left unproven. */
#define STORE_META_LOST     "activity_lost"
#define STORE_META_UNPROVEN "unproven"

/* Add to such a count. */
int store_count(struct journal_store *store, const char *key, uint64_t count);

/* Sort a result, and note in words what is wrong with it. */
int store_result(struct journal_store *store, int sqlite_result);

/* Run a bound statement that yields no rows. */
int store_run(struct journal_store *store, enum store_statement which);

/* NULL binds NULL. The text has to outlive the step. */
void store_bind_text(sqlite3_stmt *statement, int at, const char *text);
void store_bind_int(sqlite3_stmt *statement, int at, uint64_t value);

/* The number that `sql` finds; 0 if it finds none or cannot look. */
uint64_t store_ask(struct journal_store *store, const char *sql);

/* Take back what the transaction did. If even this fails, the connection is closed next. */
void store_roll_back(struct journal_store *store);

/* Everything of the gather, inside a transaction. */
int store_add(struct journal_store *store, const struct journal_gather *gather, const char *boot,
              const char *id_prefix);

/* journal_store_open(), with more flags of sqlite3_open_v2(). */
int store_new(const char *path, int more_flags, const struct journal_identity *identity,
              struct journal_store **ret_store, char reason[JOURNAL_REASON_SIZE]);

/*
 * Copy a table of the file attached as `bad`, of whatever version it is: the columns that both have. What an
 * older one lacks is as it is at the beginning. A page that cannot be read costs what stands on it: the
 * rows are taken from both ends, by the key that they begin with, into memory first, where an error of
 * the attached file takes nothing back. Returns 0, or JOURNAL_E_FAILED with the store's reason when what
 * was read finds no room.
 */
int store_salvage_table(struct journal_store *store, const char *table);

/*
 * Is the file attached as `bad` of this site and gateway, or can nobody tell? One whose `meta` names
 * another, and whose newest events do not, is ours: a bit of the name has turned.
 */
bool store_salvage_may_be_ours(struct journal_store *store);

#endif
