/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_JOURNAL_STORY_H
#define TESTS_SUPPORT_JOURNAL_STORY_H

/*
 * Numbered events and alarm states for a journal, and looking for them in its file
 *
 * Each event carries a number, one higher than the one before it, and the state that goes with it
 * has the number as its occurrence. What reports have told is written down in a ledger; what stands
 * in the file is read with SQLite and hashed with OpenSSL, not with the product's own code, and held
 * against the ledger.
 */

#include "gateway/journal/journal.h"

enum { STORY_ALARMS = 4, STORY_SEQ_MAX = 16384, STORY_LIVES_MAX = 64 };

/* What was told of the event with a seq. */
struct story_told {
    uint32_t number; /* 0: nothing was told */
    uint64_t early;  /* it was recorded that it went out as u<early> */
    uint64_t boot;
};

struct story_ledger {
    struct story_told told[STORY_SEQ_MAX];
    uint64_t newest_seq; /* highest that was told */
    uint64_t told_count;
    uint32_t number;                      /* of the last event that was made */
    uint32_t life_first[STORY_LIVES_MAX]; /* the first number that each life made */
    uint32_t lives;
    uint64_t boot;                       /* highest that anything was told under */
    uint64_t boot_now;                   /* of this life; 0: it has none of a journal */
    uint32_t alarm_number[STORY_ALARMS]; /* newest recorded state */
    uint64_t confirmed;                  /* highest recorded confirmation */
    uint64_t ticket;
    bool recording;
};

/* What is wrong with a file that was left behind, by kind. */
struct story_findings {
    uint32_t refused;   /* the opening did not take it, or called it damaged */
    uint32_t lost;      /* events that were told and are not there, or are others */
    uint32_t gaps;      /* seq with gaps, or events that nobody made, or out of order */
    uint32_t broken;    /* digests that do not follow */
    uint32_t reused;    /* boot numbers that were used before */
    uint32_t states;    /* alarm states that are not those of the newest event */
    uint32_t confirmed; /* confirmations that are gone */
    uint32_t unlinked;  /* early events of which this is not known any more */
};

/* For journal_new(); keeps `directory`. */
struct journal_conf story_conf(const char *directory);

/* Begin a life of the ledger with this journal. */
void story_begin(struct story_ledger *ledger, const struct journal *journal);

/* Make the next event with its state, and add both. `early` > 0: it has gone out already. */
void story_add(struct story_ledger *ledger, struct journal *journal, uint64_t early);

/* Take the report, and write down what it tells. */
void story_take(struct story_ledger *ledger, struct journal *journal);

/* The control that must be found: write down as told what was only handed over. */
void story_pretend(struct story_ledger *ledger);

/*
 * Open what is in `directory` with the journal's own code, then look at its file. Adds what is wrong
 * to `findings`. Returns the number of events in it.
 */
uint64_t story_check(const struct story_ledger *ledger, const char *directory,
                     struct story_findings *findings);

uint32_t story_findings_sum(const struct story_findings *findings);

#endif
