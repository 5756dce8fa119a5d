/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_PARTS_H
#define GATEWAY_JOURNAL_JOURNAL_PARTS_H

/*
 * The journal's parts, for its own files only
 *
 *     journal.c         the loop's side, birth and death
 *     journal_writer.c  the writer thread: commits, and the chores between them
 *     journal_room.c    … its chores that see to room: what is let go of, and the reserve
 *     journal_opening.c opening the file, also again after it had to be let go
 *     journal_inspector.c  the inspector thread
 *     journal_signer.c  the signer thread, and the writer's chore that gives it work
 *
 * One lock guards the three gathers between the threads, and is held for pointer moves only, never
 * across a system call of SQLite's. The fourth, `staged`, is the loop's alone: what one input
 * caused becomes visible to the writer in one piece.
 */

#include <pthread.h>

#include "gateway/journal/journal.h"
#include "gateway/journal/journal_directory.h"
#include "gateway/journal/journal_ledger.h"
#include "gateway/log.h"

/* What the writer does between commits, each when its time has come, real: … */
enum journal_chore { CHORE_TIDY, CHORE_KEEP, CHORE_RESERVE, CHORE_SEAL, JOURNAL_CHORE_COUNT };

/* … never, or at once, before the next commit. */
#define JOURNAL_NEVER   UINT64_MAX
#define JOURNAL_AT_ONCE UINT64_C(0)

/* How far the writer and the signer are with a seal. */
enum journal_sealing { SEALING_IDLE, SEALING_ASKED, SEALING_DONE, SEALING_FAILED };

/* Real time. How often an unusable directory is tried. */
#define JOURNAL_DIRECTORY_NS (10 * NS_PER_S)

struct journal {
    struct journal_conf conf;
    char boot[JOURNAL_BOOT_SIZE];
    char id_prefix[JOURNAL_ID_PREFIX_SIZE];
    uint64_t boot_number; /* 0: it is random … */
    bool joined;          /* … and the file knows of the life all the same */
    uint64_t generation_before;
    bool damaged_at_start;
    int wake;
    pthread_t writer, inspector, signer;
    bool writer_runs, inspector_runs, signer_runs;
    struct log_limiter signer_limiter; /* the signer's */

    /* the loop's */
    struct journal_gather staged;
    struct journal_event *dropped;
    uint64_t confirmed[JOURNAL_SINK_COUNT][JOURNAL_LANE_COUNT];
    uint64_t tokens[JOURNAL_FIELD_MAX];
    uint64_t told_seq;
    uint64_t dropped_counts[JOURNAL_LANE_COUNT];

    /* the writer's */
    struct journal_directory directory;
    struct journal_store *store; /* NULL while there is none */
    struct journal_gather in_flight;
    uint64_t committed_seq;
    uint64_t retry_ns; /* the present back-off; 0 while all is well */
    uint64_t retry_at;
    uint64_t chores_at[JOURNAL_CHORE_COUNT];
    bool keep_is_urgent;                /* the file is too large to wait for silence */
    bool cramped;                       /* the disk is full, or was: there is no whole reserve */
    bool spent;                         /* the reserve was given up, … */
    uint64_t spent_bytes;               /* … when the file was so large; 0: not looked yet */
    char distrust[JOURNAL_REASON_SIZE]; /* why the present file is to be given up; "": it is not */
    bool salvaging;                     /* events are still to be taken over */
    uint64_t crowded_until;             /* activity had to go for want of room before that */
    struct log_limiter failure_limiter, crowded_limiter, reserve_limiter, full_limiter;

    pthread_mutex_t lock;                  /* guards everything below */
    pthread_cond_t changed, inspect, sign; /* for the writer, the inspector and the signer */
    struct journal_gather gathered;
    struct journal_gather done;
    uint64_t ticket; /* the last one given out */
    uint64_t done_ticket;
    uint64_t in_flight_count;
    uint64_t lazy_at; /* when what is not urgent is due; 0: nothing waits */
    struct journal_stats stats;
    uint64_t newest_seq;
    bool recording;
    bool renewed;
    bool crowded;
    uint32_t seal_failures; /* since the newest seal, one after another */
    bool stop;
    enum journal_sealing sealing;
    struct journal_seal seal; /* that is asked for, or made */
    char inspection
        [JOURNAL_REASON_SIZE]; /* what the inspector found wrong, for the writer; "": nothing */
};

/* --- journal_opening.c --- */

/*
 * Open the journal for the first time, and number this life; or begin without one. What is wrong is
 * logged.
 */
void journal_begin(struct journal *journal);

/* The writer opens it again. Returns 0, or JOURNAL_E_FAILED with the reason in `finding`, or <0. */
int journal_reopen(struct journal *journal, struct journal_finding *finding);

/* --- journal_writer.c --- */

/* The writer thread's body. */
void *journal_write(void *journal);

/* Make journal_fd() readable. */
void journal_wake(struct journal *journal);

/* With the lock held: sleep until `until_ns`, real, or until `condition` is signalled. */
void journal_rest(struct journal *journal, pthread_cond_t *condition, uint64_t until_ns);

/* --- journal_room.c --- */

/* Let go of what need not be kept, one turn of it; add a piece to the reserve if one is missing. */
void journal_keep_turn(struct journal *journal);
void journal_reserve_turn(struct journal *journal);

/* An attempt has failed for want of room: give up the reserve. True if there was one. */
bool journal_make_room(struct journal *journal);

/* --- journal_inspector.c --- */

/* The inspector thread's body. */
void *journal_inspect(void *journal);

/* --- journal_signer.c --- */

/* The signer thread's body. */
void *journal_sign(void *journal);

/* Ask for the seal of the day if it is due, or record the one that has been made. */
void journal_seal_turn(struct journal *journal);

#endif
