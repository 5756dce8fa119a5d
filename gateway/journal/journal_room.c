/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <sys/statvfs.h>

#include "gateway/clock.h"
#include "gateway/journal/journal_parts.h"
#include "gateway/journal/journal_reserve.h"

/* Real time. What need not be kept is looked for so often, and so soon again where there is more. */
#define KEEP_NS       (60 * NS_PER_S)
#define KEEP_PAUSE_NS (20 * NS_PER_MS)
/* The reserve and the disk are looked at so often, it grows at such a pace, and is tried again where
 * it did not. */
#define RESERVE_NS       (5 * NS_PER_S)
#define RESERVE_PAUSE_NS (10 * NS_PER_MS)
#define RESERVE_RETRY_NS (2 * NS_PER_S)
/* How long the want of room is told after activity had to go for it. */
#define CROWDED_NS (600 * NS_PER_S)

/* A disk with less than this is full, and one with more than that is not any more. */
#define FULL_BYTES  (UINT64_C(1) << 20)
#define FREED_BYTES (UINT64_C(2) << 20)

/* A file so much larger than it may be, one part of these, does not wait for silence to let go. */
enum { KEEP_EXCESS = 16 };

/* Tell the loop whether there is room for all that should be kept. */
static void room_tell(struct journal *journal) {
    bool crowded = journal->cramped || clock_real_ns() < journal->crowded_until;
    (void)pthread_mutex_lock(&journal->lock);
    if (journal->crowded != crowded) {
        journal->crowded = crowded;
        journal_wake(journal);
    }
    (void)pthread_mutex_unlock(&journal->lock);
}

static void room_log_crowded(struct journal *journal, uint64_t size,
                             const struct journal_keep_turn *turn) {
    uint64_t kept_back;
    if (log_permit(&journal->crowded_limiter, &kept_back)) {
        log_line(LOG_ERROR, "journal_crowded",
                 "bytes=%" PRIu64 " size=%" PRIu64 " activity_shortened=%u activity_lost=%u "
                 "not_printed=%" PRIu64 " effect=\"%s; all rooms are watched\" advice=\"%s\"",
                 turn->bytes, size, turn->shortened, turn->lost, kept_back,
                 turn->crowded ? "alarms that must be kept make the journal larger than it may be"
                               : "the oldest activity is let go of before its time",
                 journal->spent ? "make room on the disk of the state directory: it is what is full"
                                : "see why the broker or the database does not confirm, or give "
                                  "`gateway.journal.size` more");
    }
}

void journal_keep_turn(struct journal *journal) {
    struct journal_keep keep = journal->conf.keep;
    struct journal_keep_turn turn;
    uint64_t now_ns = clock_real_ns();
    journal->chores_at[CHORE_KEEP] = now_ns + KEEP_NS;
    journal->keep_is_urgent = false;
    keep.leaves = journal->conf.signing_key != NULL;
    if (journal->store == NULL || keep.size == 0) {
        return;
    }
    if (journal->spent) {
        /* No larger than it was then: the reserve is for what is new of the alarms. */
        journal->spent_bytes =
            journal->spent_bytes > 0 ? journal->spent_bytes : journal_store_bytes(journal->store);
        keep.size = journal->spent_bytes < keep.size ? journal->spent_bytes : keep.size;
    }
    /* What fails here fails the next commit as well, which tells. */
    if (journal_store_keep(journal->store, &keep, clock_wall(), &turn) != 0) {
        return;
    }
    if (turn.shortened + turn.lost > 0 || (turn.crowded && !journal->spent)) {
        /* A full disk is told for itself. */
        journal->crowded_until = journal->spent ? 0 : now_ns + CROWDED_NS;
        room_log_crowded(journal, keep.size, &turn);
    }
    if (turn.more) {
        journal->chores_at[CHORE_KEEP] = now_ns + KEEP_PAUSE_NS;
        journal->keep_is_urgent = turn.bytes > keep.size + keep.size / KEEP_EXCESS;
    }
    (void)pthread_mutex_lock(&journal->lock);
    journal->stats.bytes = turn.bytes;
    journal->stats.expired += turn.expired;
    journal->stats.shortened += turn.shortened;
    journal->stats.lost += turn.lost;
    (void)pthread_mutex_unlock(&journal->lock);
    room_tell(journal);
}

static void room_log_disk(struct log_limiter *limiter, const char *event, const char *effect) {
    uint64_t kept_back;
    if (log_permit(limiter, &kept_back)) {
        log_line(LOG_ERROR, event,
                 "not_printed=%" PRIu64 " effect=\"%s; all rooms are watched\" advice=\"make room "
                 "on the disk of the state directory; nothing else has to be done\"",
                 kept_back, effect);
    }
}

/* Has the disk less room than that, whatever SQLite calls it? */
static bool room_is_below(int directory, uint64_t bytes) {
    struct statvfs disk;
    return directory >= 0 && fstatvfs(directory, &disk) == 0 &&
           (uint64_t)disk.f_bavail * disk.f_frsize < bytes;
}

/* The reserve is there: that the disk is full besides is told before anything fails of it. */
static void room_look(struct journal *journal, uint64_t reserve_bytes) {
    bool full = room_is_below(journal->directory.fd, journal->cramped ? FREED_BYTES : FULL_BYTES);
    if (full && !journal->cramped) {
        room_log_disk(&journal->full_limiter, "journal_disk_full",
                      "the disk is full: what happens now is still recorded, out of the "
                      "journal's reserve");
    } else if (!full && journal->cramped) {
        log_line(LOG_NOTICE, "journal_reserve_made",
                 "bytes=%" PRIu64 " effect=\"the disk has room again\"", reserve_bytes);
    }
    journal->cramped = full;
    journal->spent = false;
}

void journal_reserve_turn(struct journal *journal) {
    uint64_t bytes = 0;
    uint64_t pause_ns = RESERVE_RETRY_NS;
    if (journal->directory.fd < 0) {
        /* Why nothing is open is told by the attempts to record: it says nothing of the room. */
        journal->chores_at[CHORE_RESERVE] = clock_real_ns() + pause_ns;
        return;
    }
    enum journal_reserve_state state = journal_reserve_grow(journal->directory.fd, &bytes);
    switch (state) {
    case RESERVE_WHOLE:
        pause_ns = RESERVE_NS;
        room_look(journal, bytes);
        break;
    case RESERVE_GROWING:
        pause_ns = RESERVE_PAUSE_NS;
        break;
    case RESERVE_NO_ROOM:
        if (!journal->cramped) {
            room_log_disk(&journal->reserve_limiter, "journal_reserve_missing",
                          "the disk is nearly full and has no room for the journal's reserve");
        }
        journal->cramped = true;
        break;
    }
    journal->chores_at[CHORE_RESERVE] = clock_real_ns() + pause_ns;
    (void)pthread_mutex_lock(&journal->lock);
    journal->stats.reserve_bytes = bytes;
    (void)pthread_mutex_unlock(&journal->lock);
    room_tell(journal);
}

bool journal_make_room(struct journal *journal) {
    if (!room_is_below(journal->directory.fd, FULL_BYTES) ||
        !journal_reserve_spend(journal->directory.fd)) {
        return false;
    }
    (void)pthread_mutex_lock(&journal->lock);
    journal->stats.reserve_bytes = 0;
    journal->stats.reserves_spent++;
    (void)pthread_mutex_unlock(&journal->lock);
    journal->cramped = journal->spent = true;
    journal->spent_bytes = 0;
    journal->chores_at[CHORE_RESERVE] = clock_real_ns() + RESERVE_RETRY_NS;
    room_log_disk(&journal->reserve_limiter, "journal_reserve_spent",
                  "the disk is full: the journal's reserve was given up for what happens now, and "
                  "its oldest activity makes room");
    room_tell(journal);
    return true;
}
