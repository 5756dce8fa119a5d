/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_STORE_H
#define GATEWAY_JOURNAL_JOURNAL_STORE_H

/*
 * One open journal.db
 *
 * A connection with its prepared statements, the end of the digest chain and the newest seq. It
 * writes a gather as one transaction: all of it, or nothing. One thread at a time uses it; opening
 * and loading is done before the writer thread begins, or by that thread itself.
 */

#include "gateway/journal/journal_digest.h"
#include "gateway/journal/journal_gather.h"
#include "gateway/journal/journal_keep.h"
#include "gateway/journal/journal_schema.h"
#include "gateway/journal/journal_seal.h"

struct journal_store;

/* Rows whose digests are held against each other when a journal is opened. */
enum { JOURNAL_VERIFY_ROWS = 1000 };

/* Whose journal it is. */
struct journal_identity {
    const char *site, *gateway;
    /* Write the name of an alarm, SITE_ALARM_NAME_SIZE bytes at most; called on the writer's
     * thread. */
    void (*alarm_name)(const void *context, uint32_t alarm, char *ret);
    const void *context;
};

/*
 * Open or create the file. Returns 0, JOURNAL_E_DAMAGED, JOURNAL_E_FAILED (`reason` says why), or
 * <0. Keeps `identity`.
 */
NODISCARD int journal_store_open(const char *path, const struct journal_identity *identity,
                                 struct journal_store **ret_store,
                                 char reason[JOURNAL_REASON_SIZE]);

/*
 * Read what is needed to go on from a file that cannot be written, as far as it can be read: a store in
 * memory that holds the states of alarms, tests, the flood and the clock, what points and sinks have
 * said, and no event; journal_store_newest() is the file's. Reads the write-ahead log, too, and changes
 * nothing beside the file. Nobody may write the file meanwhile. Errors as above; a file of another site
 * or gateway is JOURNAL_E_FAILED.
 */
NODISCARD int journal_store_recall(const char *path, const struct journal_identity *identity,
                                   struct journal_store **ret_store,
                                   char reason[JOURNAL_REASON_SIZE]);

/* Close it. `tidy` moves the write-ahead log into the file first, which a failing disk is spared.
 */
struct journal_store *journal_store_free(struct journal_store *store, bool tidy);

/*
 * Record everything in `gather` in one transaction. Every event gets the next seq; one that an
 * earlier attempt recorded after all keeps the one it got then. Returns 0, JOURNAL_E_DAMAGED or
 * JOURNAL_E_FAILED; the store is then as before, journal_store_reason() says why, and gather may be
 * given again, to this store or to one opened after it.
 */
NODISCARD int journal_store_commit(struct journal_store *store, const struct journal_gather *gather,
                                   const char *boot, const char *id_prefix);
const char *journal_store_reason(const struct journal_store *store);

/* Has it found its file to be damaged, beyond what a failing disk would explain? */
bool journal_store_met_damage(const struct journal_store *store);

/* Was the file empty when it was opened? */
bool journal_store_is_new(const struct journal_store *store);

/* Highest seq, 0 when nothing is recorded. */
uint64_t journal_store_newest(const struct journal_store *store);

/* Go on after `seq` if that is higher than what is recorded here: it has been recorded, … */
void journal_store_continue(struct journal_store *store, uint64_t seq);

/*
 * Note, for whoever audits the journal, that the newest events are lost: the next one that is recorded
 * does not stand behind the newest that there was. Returns 0 or JOURNAL_E_…
 */
NODISCARD int journal_store_note_lost(struct journal_store *store);

/* … or may have been. */
void journal_store_skip(struct journal_store *store, uint64_t seq);

/* The boot number recorded in the file, 0 if none. */
uint64_t journal_store_boot(struct journal_store *store);
NODISCARD int journal_store_boot_write(struct journal_store *store, uint64_t boot,
                                       uint64_t generation);

/*
 * Instants are of this timeline from now on. Those that were recorded on another mean nothing any more:
 * each becomes JOURNAL_INSTANT_FOREIGN. Call after the boot number is written.
 */
NODISCARD int journal_store_timeline_write(struct journal_store *store, uint64_t timeline);

/* The generation of the site in that boot, 0 if none is recorded. */
uint64_t journal_store_generation(struct journal_store *store);

/*
 * Hand out each recorded alarm by its name; `alarm->alarm` means nothing here. The alarm is valid, and
 * the callback's to change, during the call.
 */
NODISCARD int journal_store_alarms(struct journal_store *store,
                                   void (*alarm)(void *context, const char *name,
                                                 struct journal_alarm *alarm),
                                   void *context);

/* Hand out each test that ran, and read what is known of the flood; see journal.h. */
NODISCARD int journal_store_tests(struct journal_store *store,
                                  void (*test)(void *context,
                                               const struct journal_standing *standing,
                                               const struct journal_test *test),
                                  void *context);
NODISCARD int journal_store_flood(struct journal_store *store, struct flood_record *ret_flood);

/* Likewise each trip, each round of walk tests, and what is known of the wall clock. */
NODISCARD int journal_store_trips(struct journal_store *store,
                                  void (*trip)(void *context,
                                               const struct journal_standing *standing,
                                               const struct journal_trip *trip),
                                  void *context);
NODISCARD int journal_store_walks(struct journal_store *store,
                                  void (*walk)(void *context,
                                               const struct journal_standing *standing,
                                               const struct journal_walk *walk),
                                  void *context);
NODISCARD int journal_store_clock(struct journal_store *store, struct wall *ret_good);

/* Hand out what each point said last, and forget it; see journal.h. */
NODISCARD int journal_store_points(struct journal_store *store, journal_point_taker *take,
                                   void *context);

/*
 * Forget what the expressions remember of all alarms whose name `is_watched` denies: nobody looks at
 * their points any more, and what was so until now need not be so when somebody does again.
 */
NODISCARD int journal_store_forget(struct journal_store *store,
                                   bool (*is_watched)(void *context, const char *name),
                                   void *context);

/*
 * Copy the body of the newest event of an alarm, by its name. Returns its size; 0 when there is none
 * or it cannot be read.
 */
size_t journal_store_last(struct journal_store *store, const char *alarm, char ret[WIRE_BODY_MAX]);

/*
 * Let go of some of what journal_keep.h says need not be kept, in one transaction of at most
 * JOURNAL_KEEP_ROWS rows, and note now and then what has been confirmed. `ret_turn` says what came
 * of it. Returns 0, JOURNAL_E_DAMAGED or JOURNAL_E_FAILED; nothing has changed then.
 */
NODISCARD int journal_store_keep(struct journal_store *store, const struct journal_keep *keep,
                                 struct wall now, struct journal_keep_turn *ret_turn);

/*
 * Is the seal of the day of `now` still to be made? It is when events have been recorded since the
 * newest seal, and that is of another day. `ret_seal` is all of it but the ledger, key and signature.
 */
bool journal_store_wants_seal(struct journal_store *store, struct wall now,
                              struct journal_seal *ret_seal);

/*
 * Record a seal, which has a ledger, in a transaction of its own; nothing, if the event that it is about
 * is not here, or its number is not the next: `ret_recorded` says so. Returns 0, JOURNAL_E_DAMAGED or JOURNAL_E_FAILED.
 */
NODISCARD int journal_store_seal(struct journal_store *store, const struct journal_seal *seal,
                                 bool *ret_recorded);

/* Bytes of the file that are in use. */
uint64_t journal_store_bytes(struct journal_store *store);

/* What each sink has confirmed; 0 where it has nothing. */
void journal_store_confirmed(struct journal_store *store,
                             uint64_t ret[JOURNAL_SINK_COUNT][JOURNAL_LANE_COUNT]);

/* Of each field process the token of the newest event reading that was taken; 0 where there is none. */
void journal_store_tokens(struct journal_store *store, uint64_t ret[JOURNAL_FIELD_MAX]);

/*
 * Take over from a journal that was set aside beside this one what is needed to go on: the states of
 * alarms, tests, the flood and what sinks have confirmed, as far as they can be read. `ret_newest` is the
 * highest seq found in it, 0 if none can be read. Its events are still to be taken over then. One of
 * another site or gateway is `ret_foreign`, and nothing of it is taken. Returns 0, or JOURNAL_E_FAILED with
 * the reason when what can be read finds no room here: this file is then not to be gone on with.
 */
NODISCARD int journal_store_salvage(struct journal_store *store, const char *path,
                                    bool *ret_foreign, uint64_t *ret_newest);

/* What came of the events of a journal that was set aside. */
struct journal_salvaged {
    uint64_t kept;
    uint64_t lost;     /* those between the oldest and the newest that are not there any more */
    uint64_t unproven; /* kept for their form alone: what would prove them was lost */
    uint64_t mended;   /* kept by their bodies; what stood beside those had been changed */
};

/* Are there events to be taken over? Until they are, readers find no journal. */
bool journal_store_is_salvaging(struct journal_store *store);

/*
 * Take them over, before anything is recorded here. Each keeps its seq and is held against the digest
 * chain; one that cannot be what was recorded is left out. Takes seconds for a million of them.
 * Returns 0, JOURNAL_E_DAMAGED or JOURNAL_E_FAILED; then it begins again the next time.
 */
NODISCARD int journal_store_salvage_events(struct journal_store *store,
                                           struct journal_salvaged *ret_salvaged);

/*
 * Give the write-ahead log its full length in advance. A commit that also makes its file longer
 * waits for the file system's own journal besides its data, which nearly doubles it. Nothing is
 * lost if that fails, and it is not tried where room is scarce. The file's bytes behind the last frame mean nothing to SQLite.
 */
void journal_store_lay_out_log(struct journal_store *store);

/* Pages that wait in the write-ahead log, and moving them into the file as far as readers permit.
 */
uint32_t journal_store_wal_pages(const struct journal_store *store);
void journal_store_checkpoint(struct journal_store *store);

#endif
