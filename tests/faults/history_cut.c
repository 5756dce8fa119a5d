/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The power goes at every operation of the history on its disk
 *
 *     history_cut [--points N] [--seed S] [--control early|lying]
 *
 * A chain of lives shares one disk (tests/support/fault_disk.h). Each life opens the store with its own code
 * and adds minute after minute, now and then after a gap that goes over the hour or the day, until the power
 * goes at the operation whose turn it is. What that leaves is opened by a check and by the next life. Of each
 * minute the book below knows what was said of it, and so:
 *
 *     it was added            it comes back as it was
 *     it was being added      it comes back whole or is a gap
 *     nobody added it         it is a gap
 *     a quarter of an hour    has each of the minutes that come back once, and nothing else
 *
 * and no file is taken for one of another version.
 *
 * Ends with 0 when all of that holds. With a control the book believes in minutes that are only just being
 * added, or the disk confirms a sync and does nothing; that ends with 0 when it was found. The last line has the
 * counts.
 */

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/console/trend/trend_store.h"
#include "tests/support/cut_chain.h"
#include "tests/support/cut_options.h"
#include "tests/support/dice.h"
#include "tests/support/fault_disk.h"
#include "tests/support/fault_vfs.h"
#include "tests/support/quiet_log.h"

enum {
    LIVES = 10,           /* of a chain */
    CUT_OPERATIONS = 150, /* the power goes at the first … so many-th operation */
    MINUTES = 23 * 60,    /* of a chain: fewer than are kept */
    POINTS = 3,
};

/* So that a chain goes over the end of a day. */
#define BEGIN          (INT64_C(20000) * 24 * 60 - 600)
#define SIZE_MAX_BYTES (1ull << 30)

enum control { CONTROL_NONE, CONTROL_EARLY, CONTROL_LYING, CONTROL_COUNT };

static const char *const control_names[CONTROL_COUNT] = {"none", "early", "lying"};

static const uint64_t ids[POINTS] = {30, 10, 20};
static enum control control;
static struct dice dice;

/* ---- the book ---- */

enum fate { FATE_NONE, FATE_TRIED, FATE_STORED };

struct book {
    enum fate minutes[MINUTES];
    uint32_t next;
};

struct counts {
    uint64_t cut_points, after_end, stored, turned_over, torn;
};

/* What a point did: a quiet one, and others that tell one minute from another. */
static struct trend_bucket bucket_of(uint32_t minute, uint32_t point) {
    double value = minute * 10.0 + point;
    if (point == 0) {
        return (struct trend_bucket){5, 5, 5, 5, 0, 60000, 60000};
    }
    return (struct trend_bucket){value - 1, value + 2, value, value + 1, 1, 60000, 60000};
}

/* ---- a life ---- */

static struct trend_store *store_open(const char *directory) {
    struct trend_store *store = NULL;
    const struct trend_columns columns = {.ids = ids, .count = POINTS};
    int r = trend_store_new(directory, columns, SIZE_MAX_BYTES, &store);
    assert(r == 0 || fault_disk_met() > 0);
    return store;
}

static void life_add(struct book *book, struct trend_store *store, struct counts *counts) {
    struct trend_bucket buckets[POINTS];
    uint32_t minute = book->next++;
    for (uint32_t p = 0; p < POINTS; p++) {
        buckets[p] = bucket_of(minute, p);
    }
    book->minutes[minute] = control == CONTROL_EARLY ? FATE_STORED : FATE_TRIED;
    uint64_t written = trend_store_stats(store).minutes_written;
    int r = trend_store_add(store, BEGIN + minute, buckets);
    assert(fault_disk_met() > 0 || r == 0);
    if (trend_store_stats(store).minutes_written > written) {
        book->minutes[minute] = FATE_STORED;
        counts->stored++;
    }
}

static void life_run(struct book *book, const char *directory, struct counts *counts) {
    struct trend_store *store = store_open(directory);
    uint32_t deeds = 10 + dice_below(&dice, 60);
    for (uint32_t i = 0; store != NULL && i < deeds && fault_disk_met() == 0; i++) {
        uint32_t gap = dice_below(&dice, 12) == 0 ? dice_below(&dice, 120) : 0;
        uint32_t hour = book->next / 60;
        if (book->next + gap + 1 >= MINUTES) {
            break;
        }
        book->next += gap;
        counts->turned_over += book->next / 60 != hour;
        life_add(book, store, counts);
    }
    (void)trend_store_free(store);
    counts->after_end += fault_disk_met() == 0;
}

/* ---- what is left ---- */

struct findings {
    uint32_t lost, wrong, made_up, quarters, strange;
};

static bool is_same(const struct trend_bucket *a, const struct trend_bucket *b) {
    return a->min == b->min && a->max == b->max && a->mean == b->mean && a->last == b->last &&
           a->changes == b->changes && a->good_ms == b->good_ms && a->watched_ms == b->watched_ms;
}

static struct trend_bucket minutes[POINTS * MINUTES];
static struct trend_bucket quarters[POINTS * (MINUTES / TREND_MINUTES + 1)];

static void check_minute(struct book *book, uint32_t minute, struct findings *findings) {
    uint32_t found = 0, whole = 0;
    for (uint32_t p = 0; p < POINTS; p++) {
        const struct trend_bucket *bucket = &minutes[p * MINUTES + minute];
        struct trend_bucket wanted = bucket_of(minute, p);
        found += !trend_bucket_is_empty(bucket);
        whole += is_same(bucket, &wanted);
    }
    enum fate fate = book->minutes[minute];
    findings->lost += fate == FATE_STORED && found == 0;
    findings->made_up += fate == FATE_NONE && found > 0;
    findings->wrong += found > 0 && whole < POINTS;
    book->minutes[minute] = found > 0 ? FATE_STORED : FATE_NONE;
}

static void check_quarter(uint32_t quarter, uint32_t quarter_count, struct findings *findings) {
    for (uint32_t p = 0; p < POINTS; p++) {
        const struct trend_bucket *found = &quarters[p * quarter_count + quarter];
        struct trend_bucket sum = {0};
        for (uint32_t m = quarter * TREND_MINUTES; m < (quarter + 1) * TREND_MINUTES; m++) {
            trend_bucket_add(&sum, &minutes[p * MINUTES + m]);
        }
        findings->quarters += sum.watched_ms != found->watched_ms ||
                              sum.changes != found->changes || sum.min != found->min ||
                              sum.max != found->max || sum.last != found->last;
    }
}

static struct findings check(struct book *book, const char *directory, struct counts *counts) {
    struct findings findings = {0};
    const uint32_t quarter_count = MINUTES / TREND_MINUTES;
    struct trend_store *store = store_open(directory);
    memset(minutes, 0, sizeof minutes);
    memset(quarters, 0, sizeof quarters);
    int r = trend_store_read(store, TREND_MINUTE_S, ids, POINTS, BEGIN, MINUTES, minutes);
    assert(r == 0);
    r = trend_store_read(store, TREND_QUARTER_S, ids, POINTS, BEGIN / TREND_MINUTES, quarter_count,
                         quarters);
    assert(r == 0);
    for (uint32_t m = 0; m < MINUTES; m++) {
        check_minute(book, m, &findings);
    }
    for (uint32_t q = 0; q < quarter_count; q++) {
        check_quarter(q, quarter_count, &findings);
    }
    findings.strange = (uint32_t)trend_store_stats(store).strange;
    counts->torn += trend_store_stats(store).damaged > 0;
    (void)trend_store_free(store);
    return findings;
}

/* ---- a chain ---- */

/* What a chain's lives share. */
struct story {
    struct book *book;
    struct counts *counts;
};

static void story_run(void *context, const char *directory) {
    const struct story *story = context;
    life_run(story->book, directory, story->counts);
}

static uint32_t story_check(void *context, const char *directory) {
    const struct story *story = context;
    const struct findings found = check(story->book, directory, story->counts);
    const uint32_t wrong =
        found.lost + found.wrong + found.made_up + found.quarters + found.strange;
    story->counts->cut_points++;
    if (wrong > 0) {
        printf("lost=%" PRIu32 " wrong=%" PRIu32 " made_up=%" PRIu32 " quarters=%" PRIu32
               " strange=%" PRIu32 "\n",
               found.lost, found.wrong, found.made_up, found.quarters, found.strange);
    }
    return wrong;
}

/* Returns what was wrong. */
static uint32_t chain_run(uint64_t seed, struct counts *counts) {
    struct book *book = calloc(1, sizeof *book);
    assert(book != NULL);
    struct story story = {.book = book, .counts = counts};
    const struct cut_chain chain = {
        .name = "history",
        .lives = LIVES,
        .first_cut = seed * LIVES,
        .operations = CUT_OPERATIONS,
        .lying = control == CONTROL_LYING,
        .run = story_run,
        .check = story_check,
        .context = &story,
    };
    uint32_t wrong = cut_chain_run(&chain, &dice, seed);
    free(book);
    return wrong;
}

int main(int argc, char **argv) {
    const struct cut_options options =
        cut_options_read(argc, argv, 300, control_names, CONTROL_COUNT);
    uint64_t seed = options.seed;
    struct counts counts = {0};
    uint32_t wrong = 0;
    control = (enum control)options.control;
    fault_vfs_register();
    while (counts.cut_points < options.points && (wrong == 0 || control == CONTROL_NONE)) {
        wrong += chain_run(seed, &counts);
        seed++;
    }
    printf("row: history_cut control=%s seeds=%" PRIu64 "..%" PRIu64 " cut_points=%" PRIu64
           " after_end=%" PRIu64 " stored=%" PRIu64 " turned_over=%" PRIu64 " torn=%" PRIu64
           " wrong=%" PRIu32 "\n",
           control_names[control], options.seed, seed - 1, counts.cut_points, counts.after_end,
           counts.stored, counts.turned_over, counts.torn, wrong);
    /* A run in which nothing was at stake shows nothing. */
    bool at_stake = counts.stored > 0 && counts.cut_points > counts.after_end;
    bool all_seen = options.points < 200 || (counts.torn > 0 && counts.turned_over > 0);
    return at_stake && (control != CONTROL_NONE ? wrong > 0 : wrong == 0 && all_seen) ? 0 : 1;
}
