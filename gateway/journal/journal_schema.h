/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_SCHEMA_H
#define GATEWAY_JOURNAL_JOURNAL_SCHEMA_H

/*
 * What stands in journal.db
 *
 *     event       one row per event, never changed; seq without gaps but for what was let go of or lost
 *     run         seq of each event whose predecessor is no longer here, and the digest of that; see
 *                 journal_chain.h
 *     gone        what is left of an event that was let go of: its lane and its leaf of the ledger; see
 *                 journal_ledger.h
 *     mark        a few times a day, how far all sinks had confirmed each lane; see journal_keep.h
 *     seal        once a day, the end of the chain and each event before it under a signature; see
 *                 journal_seal.h
 *     first_sent  seq of an event that went out before its commit, and the n of its first id `u<n>`
 *     alarm       newest state of each alarm that ever left normal: its axes, what is left of its
 *                 delay and its clocks, the run of its chain, the past that its expression
 *                 remembers; by name, because indexes change with the site, and each memory, and
 *                 the condition that a delay waits on, with its identity (rules/identity.h),
 *                 because rules change as well
 *     test        each test that runs: what is left of it, who began it and why, and the points that
 *                 it has ticked off, by their ids with a space after each
 *     walk        the round of walk tests of each place: what is left of it, and the points that were
 *                 tripped in it, likewise
 *     trip        each button and detector that was true of late: how long ago in earnest, and in a test
 *     clock       one row: the wall time that the clock has to be past to be trusted; 0: it is
 *     flood       one row: the number of the newest flood of alarms, and whether it runs
 *     present     what each point said last, from an orderly end to the next start
 *     sink        per sink and lane, the highest seq that it has confirmed
 *     meta        whose journal it is, its boot number, the timeline of all `at_instant`, of each field
 *                 process the token of the newest event reading that was taken, and what an audit is to know: how much activity was lost for want of room, and behind how many
 *                 events a salvage could not prove what had stood before
 *
 * The schema grows by steps. A new file takes all of them, an older one those that it lacks, in one
 * transaction; so both are the same.
 *
 * `lane` is 0 for alarm and 1 for activity. `at_wall` and all other wall times are nanoseconds UTC.
 * `body` is the published JSON without `durable`, `replayed` and `first_sent_as`, which a sink
 * appends: an event's early life may only be known when its body is already under its digest.
 */

#include <limits.h>
#include <stdbool.h>

#include <sqlite3.h>

#include "gateway/err.h"

enum { JOURNAL_SCHEMA_VERSION = 12 };

/* "TOCS" in the file's header, so that file(1) and we recognise it. */
enum { JOURNAL_APPLICATION_ID = 0x544f4353 };

/*
 * Bytes of the write-ahead log: it is laid out at this length, and cut back to it when readers have
 * made it grow. A thousand pages fit in.
 */
#define JOURNAL_LOG_BYTES 4194304

/*
 * It is laid out only where so many times its length is free: on a small or nearly full disk the
 * last room is for the events, not for their speed.
 */
enum { JOURNAL_LOG_ROOM = 8 };

/* Why a journal could not be used, for people. */
enum { JOURNAL_REASON_SIZE = 200 };

#define JOURNAL_E_DAMAGED 1 /* what is there is not (any more) a journal of this site and build */
#define JOURNAL_E_FAILED  2 /* the disk or the directory does not serve at present */

/* Each byte of a path as three, and what is said of it. */
enum { JOURNAL_ADDRESS_SIZE = 3 * PATH_MAX + 64 };

/*
 * Write `path` as the address of a file (RFC 3986, 2.1, for what has a meaning) that is opened as `how`
 * says, "mode=ro" for one; see https://www.sqlite.org/uri.html. False if it does not fit.
 */
NODISCARD bool journal_schema_address(const char *path, const char *how,
                                      char ret[JOURNAL_ADDRESS_SIZE]);

/*
 * How a journal is opened that cannot be written, as part of an address: beside it nothing can be made, and
 * SQLite wants the index of its log there, and the log. Without a log it is a file that does not change.
 * With one the index is kept in memory, for a connection that has the file for itself (PRAGMA
 * locking_mode=EXCLUSIVE) and asks for no lock, as none is to be had on a file that is open for reading
 * only. Nobody may write it meanwhile. See https://www.sqlite.org/wal.html, "Read-Only Databases" and "Use
 * of WAL Without Shared-Memory", and https://www.sqlite.org/vfs.html, "Standard Unix VFSes".
 */
const char *journal_schema_still(const char *path);

/* Sort an SQLite result into 0 and the two errors above. */
NODISCARD int journal_schema_result(int sqlite_result);

/*
 * Set the connection up (WAL, every commit on the disk, checkpoints only on demand), create the
 * tables in an empty file, check version and owner of any other and bring it up to this version.
 * `ret_created` says whether it was empty. On an error `reason` says what is wrong.
 */
NODISCARD int journal_schema_open(sqlite3 *db, const char *site, const char *gateway,
                                  bool *ret_created, char reason[JOURNAL_REASON_SIZE]);

#endif
