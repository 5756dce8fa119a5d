/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_OUTBOX_H
#define GATEWAY_UPLINK_OUTBOX_H

/*
 * The outbox: which recorded event goes to the broker next
 *
 * The journal holds every event; this module holds only numbers. It decides, and neither reads the
 * journal nor talks to the broker, so that each of its promises is tested as a story.
 *
 *     journal:   … 7A 8a 9A 10A 11a 12A 13A …          A: alarm lane, a: activity lane
 *                   │        │          │
 *           confirmed     examined    newest             (of the alarm lane)
 *
 * Per lane, everything up to `examined` was sent or is not of this lane; everything up to
 * `confirmed` was taken by the broker. A lane whose `examined` reaches `newest` is live: its next
 * event is sent the moment it arrives. Otherwise it has a backlog, which is read from the journal
 * in order of seq, the alarm lane before the activity lane.
 *
 * A new alarm event never waits for a backlog. Its alarm is put among the overtakers: all that the
 * journal holds of that alarm is sent first, in order, then the new event, then the backlog goes
 * on. What went ahead is remembered in a bounded set, so that the backlog leaves it out later. Alarms that keep
 * coming do not stop the backlog for ever (O7), and those that nobody is called for leave room in the set for calls.
 *
 *     O1  confirmed moves only over events that the broker has taken, without a gap in the lane;
 * over others only by O6, which is counted.
 *     O2  within one session no seq is sent twice, unless it, or an older one of its alarm, was
 * refused (O4).
 *     O3  events of one alarm are sent in order of their seq. While one that was refused waits, no
 * newer one of its alarm is sent. An event that goes ahead because the journal stays unreadable (O8) is
 * the one exception.
 *     O4  a refused event is sent again after a pause, and holds up nothing but its own alarm: a
 * broker that does not allow one class must not silence the others. After each pause the oldest that
 * waits of each alarm is tried once, one of a lane at a time; when it is taken, the next of its alarm
 * follows. News of an alarm that is held up tries its oldest at once.
 *     O5  what waits for its turn in the journal costs no memory here, however long the broker is
 * away.
 *     O6  when the table of a lane is full, and its oldest event is refused still after
 * OUTBOX_ROUNDS_MIN rounds of tries although events behind it were taken, it is passed over and
 * counted: it would stop the lane for ever. A broker that refuses everything is waited for, and
 * nothing is passed over.
 *
 *     O7  while a long backlog of the alarm lane is overtaken, its oldest have a share of what is sent: four of
 * sixteen, and four of 64 while an urgent alarm overtakes. An urgent one that arrives goes before the rest
 * of such a share.
 *
 *     O8  while the journal cannot be read for longer than its reader has patience, a new alarm event goes
 * ahead of what the journal has of its alarm, and each that does is counted: an emergency must not wait for a
 * disk. What comes after it, and had happened before, is in order by `sequence`.
 *
 * Several events of one alarm may be in flight when the first of them is refused, and the broker may
 * take those behind it: what it took out of order is sent once more after the refused one, under the
 * same id, so that what a consumer hears last of an alarm is its newest event. And from then on, until
 * a session has gone by without a refusal, only one event of an alarm is in flight at a time, so that
 * it does not happen again. (That is not done always: the backlog of one busy alarm would travel at
 * one event for each way to the broker and back.) A consumer that orders by `sequence` sees it right
 * in any case.
 *
 * Activity events have no such order: a refused one holds up no other.
 *
 * After a lost connection a lane begins again after `confirmed`. What the broker had taken beyond
 * it is not sent again in the alarm lane, unless an older one of its alarm is; the activity lane
 * repeats it, under the same ids.
 */

#include "rules/core.h"

enum {
    OUTBOX_LANES = 2,
    /* Sent and not below `confirmed`: in flight, or taken while an older one is not. */
    OUTBOX_SENT_MAX = 1024,
    /* Gone ahead of the backlog; beyond it new alarms queue behind the backlog, which is counted.
     */
    OUTBOX_AHEAD_MAX = 4096,
    /* … of which so many are for alarms that are urgent. */
    OUTBOX_AHEAD_URGENT = 1024,
    /* Before an event is given up: more than five minutes by the pauses of the feeder, so that a quota
       that is used up for a while, by a flood of alarms, costs no event. */
    OUTBOX_ROUNDS_MIN = 8,
    /* Alarms that overtake at the same time. */
    OUTBOX_OVERTAKERS_MAX = 64,
    /* O7: after so many that overtook, and after so many while an urgent alarm does, … */
    OUTBOX_OVERTAKEN_MAX = 12,
    OUTBOX_OVERTAKEN_URGENT_MAX = 60,
    /* … so many of a backlog that is as long as this at least; a shorter one is not worth a read for it. */
    OUTBOX_SHARE = 4,
    OUTBOX_SHARE_BACKLOG_MIN = 256,
};

/* An event read from the journal this soon after it happened is as good as live. */
#define OUTBOX_REPLAY_AGE_NS (10 * NS_PER_S)

/* What stands for the alarm of an event: events with the same one keep their order. */
enum { OUTBOX_NO_ORDER = 0 };

enum outbox_state {
    OUTBOX_FLYING, /* sent, and not answered */
    OUTBOX_TAKEN,  /* the broker has it */
    OUTBOX_WAITING, /* to be sent (again): it was refused, or an older one of its alarm holds it up */
};

/* A place for an event whose turn has come and that is not yet below `confirmed`. */
struct outbox_sent {
    uint64_t seq;
    uint32_t order;
    uint32_t refused_in; /* the round in which it was refused last; 0: it was not, or is due */
    uint32_t refused_at; /* … in which it was refused first */
    uint8_t state;       /* enum outbox_state */
    bool refused;        /* it was, and was not taken since */
    bool out_of_order;   /* in flight since before an older one of its alarm was refused */
    bool passed;         /* … for so long, while newer ones were, that it may be given up */
};

struct outbox_lane {
    uint64_t confirmed;
    uint64_t examined;
    uint32_t waiting; /* entries in that state, those ahead included */
    uint32_t round;   /* of tries, from 1: in each a refused event is tried once at most */
    uint64_t trying;  /* the refused one that is in flight again; 0: none is */
    uint64_t tried;   /* the last that was sent after it had waited */
    bool idle;        /* nothing that waits is due, until something changes */
    uint64_t passed_over, passed_over_seq;    /* by O6: how many, and the newest */
    uint32_t first, count;                    /* of the ring */
    struct outbox_sent sent[OUTBOX_SENT_MAX]; /* ring, in order of seq */
};

struct outbox_overtaker {
    uint32_t alarm;
    uint64_t live_seq; /* the newest event of it that arrived: the others are replayed */
    uint64_t done_seq; /* its events up to here have been offered */
    bool urgent;       /* comes before those that are not */
};

struct outbox {
    uint64_t newest;         /* recorded, as far as known */
    uint64_t session_newest; /* what was recorded when the session began: all a backlog */
    bool connected;
    bool journal_absent; /* cannot be read, and was waited for long enough (O8) */
    bool refused;        /* something was, in this session */
    bool careful;        /* … or in the one before: one event of an alarm at a time */
    struct outbox_lane lanes[OUTBOX_LANES];
    uint32_t ahead_count;
    struct outbox_sent ahead[OUTBOX_AHEAD_MAX]; /* alarm lane, in order of seq */
    uint32_t overtaker_count;
    struct outbox_overtaker overtakers[OUTBOX_OVERTAKERS_MAX]; /* urgent first, then oldest */
    uint32_t overtaken;         /* O7: events that overtook since the backlog had its share, … */
    uint32_t shared;            /* … and what it has had of it */
    uint64_t overtakes_refused; /* no room in one of the two tables */
    /* O8: how many; and the first and the last of those that nobody was told of, 0: all were. */
    uint64_t ahead_of_journal, ahead_first_seq, ahead_last_seq;
};

/* Nothing known yet and not connected. */
void outbox_init(struct outbox *outbox);

/*
 * The engine says how far its journal goes and what it knows as confirmed. Our own confirmed
 * numbers stand if they are higher (the engine had not saved them), unless the journal now ends
 * before them: then it is another journal, and the engine's numbers count. Where the engine knows more, from the
 * process before this one, what is in flight beyond that stays in flight.
 */
void outbox_welcome(struct outbox *outbox, uint64_t newest, const uint64_t confirmed[OUTBOX_LANES]);

/*
 * Before the first session: the broker has this event of the alarm lane, by what the process before this
 * one has left (taken_note.h). False when it is confirmed, not recorded, known, or beyond OUTBOX_AHEAD_MAX.
 */
bool outbox_recall(struct outbox *outbox, uint64_t seq, uint32_t order);

/* The broker is there, or gone. A new session starts after what is confirmed. */
void outbox_session_begin(struct outbox *outbox);
void outbox_session_end(struct outbox *outbox);

/* The journal has grown up to `newest`; single events were not told. */
void outbox_grown(struct outbox *outbox, uint64_t newest);

/* An event that has just been recorded. */
struct outbox_news {
    enum core_lane lane;
    uint64_t seq;
    uint32_t alarm; /* its index; RULESET_NONE in the activity lane */
    uint32_t order; /* OUTBOX_NO_ORDER there */
    bool urgent;    /* overtakes others that overtake, and takes the place of one that is not */
};

/*
 * Returns true when it shall be sent now: it then counts as sent. False: its turn comes from the
 * journal. `room` says whether the window has a place for it.
 */
bool outbox_live(struct outbox *outbox, const struct outbox_news *news, bool room);

/*
 * O8: news of the alarm lane that outbox_live() left to the journal goes ahead of it now. There is room in the
 * window. Returns false when it has been sent since, or there is no room for it among what went ahead.
 */
bool outbox_go_ahead(struct outbox *outbox, uint64_t seq, uint32_t order);

/* Likewise an event of `alarm`, at `seq` at the latest, that was not told one by one: it overtakes. */
void outbox_overtake(struct outbox *outbox, uint32_t alarm, uint64_t seq, bool urgent);

/* What to read from the journal. */
struct outbox_read {
    enum core_lane lane;
    uint32_t alarm; /* only this alarm's, which overtakes; RULESET_NONE: the lane's backlog */
    uint64_t after_seq;
    uint64_t until_seq;
    bool again;    /* the one event that waited */
    uint32_t most; /* so many of them may be sent */
};

/* Does the lane want anything from the journal? For the alarm lane, overtakers come first. */
bool outbox_next(struct outbox *outbox, enum core_lane lane, struct outbox_read *ret_read);

/* What to do with a row that was read. */
enum outbox_verdict {
    OUTBOX_SEND, /* counts as sent now */
    OUTBOX_SKIP, /* was sent before */
    OUTBOX_HELD, /* not now: an older one of its alarm has to be taken first */
    OUTBOX_STOP, /* no room in the tables: read again when something was confirmed */
};

enum outbox_verdict outbox_offer(struct outbox *outbox, const struct outbox_read *read,
                                 uint64_t seq, uint32_t order);

/*
 * A read has ended. `more` is true when it was stopped early or by its limit; otherwise the journal
 * holds nothing further that fits it.
 */
void outbox_read_done(struct outbox *outbox, const struct outbox_read *read, bool more);

/* Is the journal there, or may be again in a moment? While it is not, new alarms go ahead of it (O8). */
void outbox_journal(struct outbox *outbox, bool present);

/*
 * Is the row a replay of something past, rather than news? News is the event whose arrival made its
 * alarm overtake, and what was recorded in this session and is younger than OUTBOX_REPLAY_AGE_NS.
 * A short jam of the window must not mark a new call as old.
 */
bool outbox_is_replay(const struct outbox *outbox, const struct outbox_read *read, uint64_t seq,
                      uint64_t age_ns);

/* The broker has taken an event. One that is not known any more changes nothing. */
void outbox_taken(struct outbox *outbox, enum core_lane lane, uint64_t seq);

/*
 * The broker has refused an event: it waits (O4). outbox_resume() begins another round of tries. What
 * has no part in it goes on meanwhile, until the tables are full of what cannot be confirmed before it.
 */
void outbox_refused(struct outbox *outbox, enum core_lane lane, uint64_t seq);
void outbox_resume(struct outbox *outbox);

/* The broker has refused it because it is too large: it is sent again at once, in a shorter form. */
void outbox_refused_as_large(struct outbox *outbox, enum core_lane lane, uint64_t seq);

/* How many events have been refused or wait behind one that was, and are not taken yet? 0: none. */
uint32_t outbox_waiting(const struct outbox *outbox);

/* How many have been refused themselves in this session, and are not taken yet? */
uint32_t outbox_unheard(const struct outbox *outbox);

uint64_t outbox_confirmed(const struct outbox *outbox, enum core_lane lane);

/* Has everything recorded been confirmed? */
bool outbox_is_done(const struct outbox *outbox);

/* Abort if the tables are out of order. */
void outbox_check(const struct outbox *outbox);

#endif
