/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The power goes at every operation of the journal on its disk
 *
 *     power_cut [--points N] [--seed S] [--control off|early|digest|hasty]
 *
 * A chain of lives shares one disk (tests/support/fault_disk.h). Each life opens the journal with its
 * own code, records numbered events in group commits until the power goes at the operation whose
 * turn it is, and leaves behind what was synced and some of the rest. That is opened twice: by a
 * check, which looks for everything that a report had told (tests/support/journal_story.h), and by
 * the next life, whose opening may be cut as well. A life that ends before its operation is cut right
 * after its end.
 *
 * Ends with 0 when nothing is missing; a control breaks the journal on purpose, and then ends with 0
 * when that was found. The last line has the counts.
 */

#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <sqlite3.h>

#include "gateway/journal/journal_digest.h"
#include "gateway/journal/journal_directory.h"
#include "tests/support/cut_chain.h"
#include "tests/support/cut_options.h"
#include "tests/support/dice.h"
#include "tests/support/fast_clock.h"
#include "tests/support/fault_disk.h"
#include "tests/support/fault_vfs.h"
#include "tests/support/journal_story.h"
#include "tests/support/quiet_log.h"

enum {
    LIVES = 12,           /* of a chain */
    CUT_OPERATIONS = 240, /* the power goes at the first … so many-th operation */
    BATCHES_MAX = 24,
    BATCH_EVENTS_MAX = 24,
    BROKEN_DIGEST = 40, /* this one is wrong, with the control */
};

enum control {
    CONTROL_NONE,
    CONTROL_OFF,
    CONTROL_EARLY,
    CONTROL_DIGEST,
    CONTROL_HASTY,
    CONTROL_COUNT
};

static const char *const control_names[CONTROL_COUNT] = {"none", "off", "early", "digest", "hasty"};

static enum control control;
static struct dice dice;
static bool disk_is_roomy; /* enough for the log to be laid out */
static uint64_t digests;

struct counts {
    uint64_t cut_points, mid_opening, after_end, told, lives, found_rows;
};

/* ---- what is put between the journal and the world ---- */

int __real_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *context, char **ret_error);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *context, char **ret_error);
void __real_journal_digest_next(struct journal_hasher *hasher, const unsigned char *previous,
                                const void *body, size_t body_size, unsigned char *ret);
void __wrap_journal_digest_next(struct journal_hasher *hasher, const unsigned char *previous,
                                const void *body, size_t body_size, unsigned char *ret);
int __real_statvfs(const char *path, struct statvfs *ret_disk);
void __real_journal_directory_expect(struct journal_directory *directory, uint64_t seq);
void __wrap_journal_directory_expect(struct journal_directory *directory, uint64_t seq);
int __wrap_statvfs(const char *path, struct statvfs *ret_disk);

int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *context, char **ret_error) {
    int result = __real_sqlite3_exec(db, sql, row, context, ret_error);
    if (result == SQLITE_OK && control == CONTROL_OFF && strstr(sql, "synchronous=FULL") != NULL) {
        result = __real_sqlite3_exec(db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
    }
    return result;
}

void __wrap_journal_digest_next(struct journal_hasher *hasher, const unsigned char *previous,
                                const void *body, size_t body_size, unsigned char *ret) {
    __real_journal_digest_next(hasher, previous, body, body_size, ret);
    if (control == CONTROL_DIGEST && ++digests == BROKEN_DIGEST) {
        ret[0] ^= 1;
    }
}

/* The witness is to follow the commit: one that is ahead of it finds loss where there is none. */
void __wrap_journal_directory_expect(struct journal_directory *directory, uint64_t seq) {
    __real_journal_directory_expect(directory, seq);
    if (control == CONTROL_HASTY) {
        journal_directory_witness(directory, seq);
    }
}

int __wrap_statvfs(const char *path, struct statvfs *ret_disk) {
    int r = __real_statvfs(path, ret_disk);
    if (!disk_is_roomy) {
        ret_disk->f_bavail = 0;
    }
    return r;
}

/* ---- a life ---- */

/* Wait until everything up to `ticket` is recorded, or the power is gone. */
static void life_wait(struct story_ledger *ledger, struct journal *journal, uint64_t ticket) {
    story_take(ledger, journal);
    while (ledger->ticket < ticket && fault_disk_met() == 0) {
        struct pollfd ready = {.fd = journal_fd(journal), .events = POLLIN};
        (void)poll(&ready, 1, 2); /* a chore that meets the cut wakes nobody */
        story_take(ledger, journal);
    }
}

static void life_record(struct story_ledger *ledger, struct journal *journal) {
    uint32_t batches = dice_below(&dice, BATCHES_MAX);
    uint64_t ticket = 0;
    for (uint32_t batch = 0; batch < batches && fault_disk_met() == 0; batch++) {
        uint32_t events = 1 + dice_below(&dice, BATCH_EVENTS_MAX);
        for (uint32_t i = 0; i < events; i++) {
            story_add(ledger, journal, dice_below(&dice, 8) == 0 ? ledger->number : 0);
            if (control == CONTROL_EARLY) {
                story_pretend(ledger);
            }
        }
        uint64_t confirms = dice_below(&dice, 4) == 0 ? ledger->newest_seq : 0;
        if (confirms > 0) {
            journal_confirm(journal, JOURNAL_SINK_MQTT, LANE_ALARM, confirms);
        }
        ticket = journal_submit(journal);
        if (confirms > 0 || dice_below(&dice, 3) != 0) {
            life_wait(ledger, journal, ticket);
            if (confirms > ledger->confirmed && ledger->ticket >= ticket) {
                ledger->confirmed = confirms;
            }
        }
    }
    life_wait(ledger, journal, ticket);
}

static void life_run(struct story_ledger *ledger, const char *directory, struct counts *counts) {
    struct journal_conf conf = story_conf(directory);
    struct journal *journal;
    int r = journal_new(&conf, &journal);
    assert(r == 0);
    story_begin(ledger, journal);
    counts->lives++;
    if (journal_is_recording(journal)) {
        r = journal_start(journal);
        assert(r == 0);
        life_record(ledger, journal);
    } else {
        counts->mid_opening++;
    }
    story_take(ledger, journal);
    (void)journal_free(journal);
    counts->after_end += fault_disk_met() == 0;
}

/* ---- a chain ---- */

/* What a chain's lives share. */
struct lives {
    struct story_ledger *ledger;
    struct counts *counts;
};

static void lives_run(void *context, const char *directory) {
    const struct lives *lives = context;
    disk_is_roomy = dice_below(&dice, 8) == 0;
    life_run(lives->ledger, directory, lives->counts);
}

static uint32_t lives_check(void *context, const char *directory) {
    const struct lives *lives = context;
    struct story_findings found = {0};
    lives->counts->found_rows += story_check(lives->ledger, directory, &found);
    lives->counts->cut_points++;
    uint32_t wrong = story_findings_sum(&found);
    if (wrong > 0) {
        printf("refused=%" PRIu32 " lost=%" PRIu32 " gaps=%" PRIu32 " broken_digests=%" PRIu32
               " reused_boots=%" PRIu32 " wrong_states=%" PRIu32 " lost_confirmations=%" PRIu32
               " lost_links=%" PRIu32 "\n",
               found.refused, found.lost, found.gaps, found.broken, found.reused, found.states,
               found.confirmed, found.unlinked);
    }
    return wrong;
}

/* Returns what was wrong. */
static uint32_t chain_run(uint64_t seed, struct counts *counts) {
    struct story_ledger *ledger = calloc(1, sizeof *ledger);
    assert(ledger != NULL);
    struct lives lives = {.ledger = ledger, .counts = counts};
    const struct cut_chain chain = {
        .name = "power",
        .lives = LIVES,
        .first_cut =
            seed * LIVES, /* a chain's lives follow each other: each operation has its turn */
        .operations = CUT_OPERATIONS,
        .run = lives_run,
        .check = lives_check,
        .context = &lives,
    };
    digests = 0;
    uint32_t wrong = cut_chain_run(&chain, &dice, seed);
    counts->told += ledger->told_count;
    free(ledger);
    return wrong;
}

int main(int argc, char **argv) {
    const struct cut_options options =
        cut_options_read(argc, argv, 300, control_names, CONTROL_COUNT);
    uint64_t seed = options.seed;
    struct counts counts = {0};
    uint32_t lost = 0;
    control = (enum control)options.control;
    fault_vfs_register();
    while (counts.cut_points < options.points &&
           (lost == 0 || counts.told == 0 || control == CONTROL_NONE)) {
        lost += chain_run(seed, &counts);
        seed++;
    }
    printf("row: power_cut control=%s seeds=%" PRIu64 "..%" PRIu64 " cut_points=%" PRIu64
           " while_opening=%" PRIu64 " after_end=%" PRIu64 " told=%" PRIu64 " lost=%" PRIu32 "\n",
           control_names[control], options.seed, seed - 1, counts.cut_points, counts.mid_opening,
           counts.after_end, counts.told, lost);
    /* A run in which nothing was at stake shows nothing. */
    bool at_stake = counts.told > 0 && counts.cut_points > counts.after_end + counts.mid_opening;
    return at_stake && (lost > 0) == (control != CONTROL_NONE) ? 0 : 1;
}
