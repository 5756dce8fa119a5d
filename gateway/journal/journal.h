/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_H
#define GATEWAY_JOURNAL_JOURNAL_H

/*
 * The journal: record, then tell
 *
 * The engine's loop hands over what happened, a writer thread records it, and only what has been
 * recorded comes back to be told. The writer takes whatever has gathered while it was busy and
 * records that in one transaction, so that a single event waits for nothing and a flood shares its
 * commits:
 *
 *     loop     add, add … submit ──▶ gathered ──▶ in flight ──▶ done ──▶ journal_take(): tell
 * everybody ▲            │ failed writer                            └────────────┘ kept in order;
 * tried again after 100 ms … 5 s
 *
 * Nothing is lost by a failure: a transaction that cannot be written stays in front of what comes
 * after it. What waits is bounded per lane; beyond the bound the oldest of that lane goes, is
 * counted and comes back as dropped. Without a usable directory all of this goes on in memory, the
 * boot is `r` and 64 random bits for the whole life of the process, and the directory is tried
 * again every 10 s. A journal that is there and cannot be written is read all the same: what the life
 * before had recorded is known as at any other start.
 *
 * The start looks at the newest events only. All of them are inspected later, at leisure and once a
 * day, by a thread of its own; a file that is found damaged is given up as at a start.
 *
 * What need not be kept any longer goes in small turns while nothing waits; see journal_keep.h.
 *
 * Where there is a signing key, the end of the digest chain is signed once a day; see journal_seal.h.
 *
 * A ticket numbers each submit; what the report's ticket covers is on the disk.
 *
 * All functions are the loop's, but for what the writer thread does inside. Real time throughout:
 * how long a disk may take has nothing to do with `--clock`.
 */

#include "gateway/journal/journal_store.h"

enum {
    /* Events that wait for their commit; about a KiB each. Minutes of the worst storm on record. */
    JOURNAL_ALARM_EVENTS_MAX = 8192,
    JOURNAL_ACTIVITY_EVENTS_MAX = 2048,
    /* A decimal number, or `r` and 16 hex digits. */
    JOURNAL_BOOT_SIZE = 24,
};

struct journal_conf {
    const char *directory;
    struct journal_identity identity;
    uint32_t alarm_count;
    uint64_t generation; /* of the site */
    uint64_t timeline;   /* of the instants that it is given; see clock_timeline() */
    struct journal_keep keep;
    const char *signing_key; /* a file, see journal_seal.h; NULL: the journal is not signed */
    /* Real, from journal_start() to the first inspection; 0: there is none. */
    uint64_t inspect_after_ns;
};

/* What the writer has done since the last report. */
struct journal_report {
    struct journal_event *events;  /* recorded, by seq; to be freed one by one */
    struct journal_event *dropped; /* given up because too many wait; likewise */
    struct journal_alarm *alarms;  /* recorded states, in no order; likewise, with free() */
    uint64_t ticket;               /* everything submitted up to here is recorded */
    uint64_t newest_seq;
    bool recording; /* the last attempt succeeded */
    bool renewed;   /* it is a new file, or this life began without: hand every alarm over again */
    bool crowded;   /* lately it had no room for all that it should keep */
    bool unsealed;  /* a checkpoint is due and cannot be signed, again and again */
};

struct journal_stats {
    uint64_t commits, failures, commit_ns_max;
    uint64_t pending;         /* events that wait for their commit */
    uint64_t commit_begun_ns; /* real, when the commit that runs began; 0: none runs */
    uint64_t dropped[JOURNAL_LANE_COUNT];
    uint64_t bytes; /* of the file, in use */
    /* let go of: in their time; activity for want of room, that everybody had or that somebody lacks */
    uint64_t expired, shortened, lost;
    uint64_t reserve_bytes, reserves_spent;
    uint64_t inspected; /* events found sound by the present or latest inspection */
    bool inspection_done;
    uint64_t seal_failures;     /* a checkpoint was due and could not be signed, by attempts */
    uint64_t salvaged, damaged; /* events taken over from damaged files, and those that were lost */
};

struct journal;

/*
 * Open the journal in `conf->directory`, or begin without one. What is wrong with the directory or
 * the file is logged and told by journal_is_recording() and journal_was_damaged(); it is no error.
 * Keeps what `conf` points to. Returns 0 or <0.
 */
NODISCARD int journal_new(const struct journal_conf *conf, struct journal **ret_journal);

/* Start the writer, once everything has been loaded. */
NODISCARD int journal_start(struct journal *journal);

/* Record what still waits, if that works at once, and close. Reports not taken are freed. */
struct journal *journal_free(struct journal *journal);

const char *journal_boot(const struct journal *journal);

/* "<site>.<gateway>.<boot>." */
const char *journal_id_prefix(const struct journal *journal);

/* Before journal_start(): does it record? Was an earlier journal damaged or missing? */
bool journal_is_recording(const struct journal *journal);
bool journal_was_damaged(const struct journal *journal);

/* The generation of the site in the life before this one, 0 if it is not known. */
uint64_t journal_generation_before(const struct journal *journal);

/* Highest seq that a report has told of, or that was there at the start. */
uint64_t journal_newest(const struct journal *journal);

/*
 * Hand out what was recorded of each alarm, by name; valid, and the callback's to change, during the
 * call. Before journal_start(); nothing without a journal.
 */
NODISCARD int journal_alarms(struct journal *journal,
                             void (*alarm)(void *context, const char *name,
                                           struct journal_alarm *alarm),
                             void *context);

/*
 * Forget what the expressions remember, and what their delays wait on, of all alarms whose name
 * `is_watched` denies. Before journal_start().
 */
NODISCARD int journal_forget(struct journal *journal,
                             bool (*is_watched)(void *context, const char *name), void *context);

/*
 * Hand out each test that ran, and what is known of the flood, likewise. `standing` says when that
 * was recorded; its list of tests means nothing here.
 */
NODISCARD int journal_tests(struct journal *journal,
                            void (*test)(void *context, const struct journal_standing *standing,
                                         const struct journal_test *test),
                            void *context);
NODISCARD int journal_flood(struct journal *journal, struct flood_record *ret_flood);

/* Likewise each trip, each round of walk tests, and what is known of the clock: clock_good. */
NODISCARD int journal_trips(struct journal *journal,
                            void (*trip)(void *context, const struct journal_standing *standing,
                                         const struct journal_trip *trip),
                            void *context);
NODISCARD int journal_walks(struct journal *journal,
                            void (*walk)(void *context, const struct journal_standing *standing,
                                         const struct journal_walk *walk),
                            void *context);
NODISCARD int journal_clock(struct journal *journal, struct wall *ret_good);

/*
 * Hand out what each point had said last when an engine ended in good order, and has not said anything
 * else since: whoever takes it gives each row to journal_forget_point() once its point has, so that nobody
 * takes it for the present when this life ends without a word. Before journal_start().
 */
NODISCARD int journal_points(struct journal *journal, journal_point_taker *take, void *context);

/*
 * Copy the body of an alarm's newest event, by the alarm's name. Returns its size; 0 when there is
 * none. Before journal_start().
 */
size_t journal_last(struct journal *journal, const char *alarm, char ret[WIRE_BODY_MAX]);

/* Highest seq that a sink has confirmed in a lane, recorded or not yet. */
uint64_t journal_confirmed(const struct journal *journal, enum journal_sink sink,
                           enum core_lane lane);

/*
 * The token of the newest event reading that was taken of a field process, in this life or before; 0: none.
 * journal_add_token() is recorded with what it led to, so that the same reading is known when it comes again.
 */
uint64_t journal_token(const struct journal *journal, uint32_t field);
void journal_add_token(struct journal *journal, uint32_t field, uint64_t token);

/* Each takes what it is given; nothing moves before journal_submit(). */
void journal_add_event(struct journal *journal, struct journal_event *event);
void journal_add_alarm(struct journal *journal, struct journal_alarm *alarm);
void journal_add_standing(struct journal *journal, struct journal_standing *standing);
void journal_add_present(struct journal *journal, struct journal_present *present);

/* The point of this row of journal_points() has said something else. Without memory it stays. */
NODISCARD int journal_forget_point(struct journal *journal, uint64_t row);

/* `seq` was sent as `u<early>` and recorded without saying so. */
NODISCARD int journal_add_link(struct journal *journal, uint64_t seq, uint64_t early);

/* A sink has taken everything of a lane up to `seq`; lower numbers than before are ignored. */
void journal_confirm(struct journal *journal, enum journal_sink sink, enum core_lane lane,
                     uint64_t seq);

/* Hand everything added since the last time to the writer. Returns its ticket. */
uint64_t journal_submit(struct journal *journal);

/* A descriptor that is readable while there is something to take. */
int journal_fd(const struct journal *journal);

/* Take the report; its lists are the caller's. */
void journal_take(struct journal *journal, struct journal_report *ret_report);

void journal_stats(struct journal *journal, struct journal_stats *ret_stats);

#endif
