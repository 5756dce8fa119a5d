/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The power goes at every operation of the database's spool on its disk
 *
 *     spool_cut [--points N] [--seed S] [--control early|lying]
 *
 * A chain of lives shares one disk (tests/support/fault_disk.h). Each life opens the spool with its
 * own code, appends numbered records and gets some of them done, until the power goes at the
 * operation whose turn it is. What that leaves is opened by a check and by the next life. Of each
 * record the book below knows what was said of it, and so:
 *
 *     it was appended            it comes back, unless it was done or had to make room
 *     it was being appended      it comes back whole or not at all
 *     something is not whole     that is counted, and what is whole comes back all the same
 *
 * in the order in which they were appended. One chain in four has records so large that files are
 * full, and one in sixteen more of them than the spool has room for.
 *
 * Ends with 0 when all of that holds. With a control the book believes in records that are only just
 * being appended, or the disk confirms a sync and does nothing; that ends with 0 when it was found.
 * The last line has the counts.
 */

#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/uplink/database/spool.h"
#include "tests/support/cut_chain.h"
#include "tests/support/cut_options.h"
#include "tests/support/dice.h"
#include "tests/support/fault_disk.h"
#include "tests/support/fault_vfs.h"
#include "tests/support/quiet_log.h"

enum {
    LIVES = 12,           /* of a chain */
    CUT_OPERATIONS = 120, /* the power goes at the first … so many-th operation */
    RECORDS_MAX = 4096,   /* of a chain */
    HEAD_SIZE = 16,       /* what the spool adds to a record */
    PATH_SIZE = 128,
};

enum control { CONTROL_NONE, CONTROL_EARLY, CONTROL_LYING, CONTROL_COUNT };

static const char *const control_names[CONTROL_COUNT] = {"none", "early", "lying"};

static enum control control;
static struct dice dice;

/* ---- the book ---- */

enum fate { FATE_NONE, FATE_TRIED, FATE_STORED, FATE_DONE, FATE_MADE_ROOM };

struct entry {
    enum fate fate;
    struct spool_place place;
    bool was_found;
    bool was_unsure; /* a cut came while it was appended or marked: the mark may stay damaged */
};

/* Record number n is entries[n]; there is no number 0. */
struct book {
    struct entry entries[RECORDS_MAX];
    uint32_t count;
    uint32_t large; /* 0, or the size of a record in this chain */
};

static uint32_t record_size(const struct book *book, uint32_t number) {
    struct dice of_record = {number};
    return book->large > 0 ? book->large + number : 8 + dice_below(&of_record, 2000);
}

static uint32_t record_lines(uint32_t number) {
    return 1 + number % 5;
}

/* Its number, then bytes that follow from it. */
static const unsigned char *record_make(const struct book *book, uint32_t number) {
    static unsigned char bytes[SPOOL_RECORD_MAX];
    struct dice of_record = {number};
    unsigned char salt = (unsigned char)dice_next(&of_record);
    uint32_t size = record_size(book, number);
    for (uint32_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(salt + i * 7 + (i >> 8));
    }
    memcpy(bytes, &number, sizeof number);
    return bytes;
}

/* The number of a record that is what was appended under it, else 0. */
static uint32_t record_number(const struct book *book, const struct spool_record *record) {
    uint32_t number;
    if (record->size < sizeof number) {
        return 0;
    }
    memcpy(&number, record->bytes, sizeof number);
    return number > 0 && number < book->count && record->size == record_size(book, number) &&
                   record->lines == record_lines(number) &&
                   memcmp(record->bytes, record_make(book, number), record->size) == 0
               ? number
               : 0;
}

/* ---- the files ---- */

struct files {
    uint64_t oldest; /* number of; UINT64_MAX: there is none */
    uint64_t bytes;
};

static struct files files_look(const char *directory) {
    struct files files = {.oldest = UINT64_MAX};
    DIR *listing = opendir(directory);
    const struct dirent *entry;
    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        struct stat found;
        if (entry->d_name[0] != '.' && fstatat(dirfd(listing), entry->d_name, &found, 0) == 0) {
            uint64_t number = strtoull(entry->d_name, NULL, 10);
            files.oldest = number < files.oldest ? number : files.oldest;
            files.bytes += (uint64_t)found.st_size;
        }
    }
    if (listing != NULL) {
        (void)closedir(listing);
    }
    return files;
}

/* Does this record stand where it was put? Another file may have the number by now. */
static bool record_is_there(const struct book *book, uint32_t number, const char *directory) {
    const struct spool_place *place = &book->entries[number].place;
    static unsigned char bytes[SPOOL_RECORD_MAX];
    char path[PATH_SIZE + 32];
    (void)snprintf(path, sizeof path, "%s/%010" PRIu64 ".lines", directory, place->file);
    FILE *file = fopen(path, "re");
    size_t size = record_size(book, number);
    bool is_there = file != NULL && fseek(file, (long)place->offset + HEAD_SIZE, SEEK_SET) == 0 &&
                    fread(bytes, 1, size, file) == size &&
                    memcmp(bytes, record_make(book, number), size) == 0;
    if (file != NULL) {
        (void)fclose(file);
    }
    return is_there;
}

/* ---- a life ---- */

struct counts {
    uint64_t cut_points, after_end, stored, done, made_room, torn, files;
};

/* The oldest files went, with `lines` that waited; one whose removal met the cut may still be seen. */
static void book_make_room(struct book *book, const char *directory, uint64_t lines,
                           struct counts *counts) {
    uint64_t oldest = files_look(directory).oldest;
    uint64_t gone = 0;
    uint64_t last = 0;
    for (uint32_t i = 1; i < book->count; i++) {
        struct entry *entry = &book->entries[i];
        bool removed = entry->place.file < oldest || entry->place.file == last ||
                       (fault_disk_met() > 0 && gone < lines);
        if (entry->fate == FATE_STORED && removed) {
            entry->fate = FATE_MADE_ROOM;
            counts->made_room++;
            gone += record_lines(i);
            last = entry->place.file;
        }
    }
}

static void life_append(struct book *book, struct spool *spool, const char *directory,
                        struct counts *counts) {
    uint32_t number = book->count;
    struct entry *entry = &book->entries[number];
    uint64_t dropped = spool_stats(spool).dropped_lines;
    assert(number < RECORDS_MAX);
    book->count++;
    entry->fate = control == CONTROL_EARLY ? FATE_STORED : FATE_TRIED;
    int r = spool_append(spool, record_make(book, number), record_size(book, number),
                         record_lines(number), &entry->place);
    dropped = spool_stats(spool).dropped_lines - dropped;
    if (dropped > 0) {
        book_make_room(book, directory, dropped, counts);
    }
    if (r == 0) {
        entry->fate = FATE_STORED;
        counts->stored++;
        counts->files += entry->place.offset == 0;
    }
}

/* The oldest that waits was sent; or, as with live data, one that has just been appended. */
static void life_done(struct book *book, struct spool *spool, bool newest, struct counts *counts) {
    struct spool_record record;
    uint32_t number = book->count - 1;
    if (newest && number > 0 && book->entries[number].fate == FATE_STORED &&
        control != CONTROL_EARLY) {
        book->entries[number].fate = FATE_DONE;
        spool_done(spool, book->entries[number].place);
        counts->done++;
    } else if (!newest && spool_oldest(spool, &record) == 0) {
        number = record_number(book, &record);
        if (number > 0) {
            book->entries[number].fate = FATE_DONE;
            counts->done++;
        }
        spool_done(spool, record.place);
    }
}

static void life_run(struct book *book, const char *directory, struct counts *counts) {
    struct spool *spool;
    uint32_t deeds = 16 + dice_below(&dice, 48);
    int r = spool_new(directory, SPOOL_SIZE_MIN, &spool);
    assert(r == 0); /* opening only reads */
    for (uint32_t i = 0; i < deeds && fault_disk_met() == 0; i++) {
        uint32_t deed = dice_below(&dice, 8);
        if (deed < 6) {
            life_append(book, spool, directory, counts);
        } else {
            life_done(book, spool, deed == 6, counts);
        }
    }
    (void)spool_free(spool);
    counts->after_end += fault_disk_met() == 0;
}

/* ---- what is left ---- */

struct findings {
    uint32_t lost, wrong, disorder, untold;
};

/*
 * Take everything that comes back, and note it in the book. Returns how many bytes of files it took.
 */
static uint64_t check_take(struct book *book, struct spool *spool, struct findings *findings) {
    struct spool_record record;
    uint32_t last = 0;
    uint64_t bytes = 0;
    while (spool_oldest(spool, &record) == 0) {
        uint32_t number = record_number(book, &record);
        if (number == 0) {
            findings->wrong++;
        } else {
            struct entry *entry = &book->entries[number];
            findings->disorder += number <= last;
            last = number;
            entry->was_found = true;
            entry->place = record.place;
        }
        bytes += HEAD_SIZE + record.size;
        spool_done(spool, record.place);
    }
    return bytes;
}

/* What came back waits again, whatever was said of it; what is missing is missing once. */
static void check_settle(struct book *book, struct findings *findings) {
    for (uint32_t i = 1; i < book->count; i++) {
        struct entry *entry = &book->entries[i];
        findings->lost += entry->fate == FATE_STORED && !entry->was_found;
        entry->fate = entry->was_found           ? FATE_STORED
                      : entry->fate == FATE_DONE ? FATE_DONE
                                                 : FATE_NONE;
        entry->was_found = false;
    }
}

static struct findings check(struct book *book, const char *directory, struct counts *counts) {
    struct findings findings = {0};
    struct spool *spool;
    uint64_t whole = 0;
    uint64_t there = files_look(directory).bytes;
    /* Those that were done and need not come back stand there all the same, marked. */
    bool has_done[RECORDS_MAX] = {false};
    for (uint32_t i = 1; i < book->count; i++) {
        has_done[i] = book->entries[i].fate == FATE_DONE && record_is_there(book, i, directory);
    }
    int r = spool_new(directory, SPOOL_SIZE_MIN, &spool);
    assert(r == 0);
    whole = check_take(book, spool, &findings);
    bool unsure_came_back = false;
    for (uint32_t i = 1; i < book->count; i++) {
        if (has_done[i] && !book->entries[i].was_found) {
            whole += HEAD_SIZE + record_size(book, i);
        }
        struct entry *entry = &book->entries[i];
        entry->was_unsure = entry->was_unsure || has_done[i] || entry->fate == FATE_TRIED;
        unsure_came_back = unsure_came_back || (entry->was_unsure && entry->was_found);
    }
    /* A mark that is damaged is told too: then what was done, or only tried, comes back. */
    bool told = spool_stats(spool).damaged > 0;
    findings.untold = whole != there ? !told : told && !unsure_came_back;
    counts->torn += whole != there;
    (void)spool_free(spool);
    check_settle(book, &findings);
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
    const uint32_t wrong = found.lost + found.wrong + found.disorder + found.untold;
    story->counts->cut_points++;
    if (wrong > 0) {
        printf("lost=%" PRIu32 " wrong=%" PRIu32 " out_of_order=%" PRIu32 " damage_untold=%" PRIu32
               "\n",
               found.lost, found.wrong, found.disorder, found.untold);
    }
    return wrong;
}

/* Returns what was wrong. */
static uint32_t chain_run(uint64_t seed, struct counts *counts) {
    struct book *book = calloc(1, sizeof *book);
    assert(book != NULL);
    book->count = 1;
    book->large = seed % 16 == 3 ? 1500000 : seed % 4 == 1 ? 150000 : 0;
    struct story story = {.book = book, .counts = counts};
    const struct cut_chain chain = {
        .name = "spool",
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
    uint32_t lost = 0;
    control = (enum control)options.control;
    fault_vfs_register();
    while (counts.cut_points < options.points && (lost == 0 || control == CONTROL_NONE)) {
        lost += chain_run(seed, &counts);
        seed++;
    }
    printf("row: spool_cut control=%s seeds=%" PRIu64 "..%" PRIu64 " cut_points=%" PRIu64
           " after_end=%" PRIu64 " stored=%" PRIu64 " done=%" PRIu64 " made_room=%" PRIu64
           " files=%" PRIu64 " torn=%" PRIu64 " lost=%" PRIu32 "\n",
           control_names[control], options.seed, seed - 1, counts.cut_points, counts.after_end,
           counts.stored, counts.done, counts.made_room, counts.files, counts.torn, lost);
    /* A run in which nothing was at stake shows nothing. */
    bool at_stake = counts.stored > 0 && counts.cut_points > counts.after_end;
    bool all_seen =
        options.points < 200 || (counts.torn > 0 && counts.made_room > 0 && counts.done > 0);
    return at_stake && (control != CONTROL_NONE ? lost > 0 : lost == 0 && all_seen) ? 0 : 1;
}
