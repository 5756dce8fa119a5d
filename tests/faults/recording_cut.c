/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The power goes at every operation of the recordings on their disk
 *
 *     recording_cut [--points N] [--seed S] [--control unsummed|unsynced]
 *
 * Recordings are not synced: a power cut may cost what the kernel still held, which is every block
 * of a segment, in any order and with holes. What may not be lost is the truth of what is left. A
 * chain of lives shares one disk (tests/support/fault_disk.h); each life records numbered inputs
 * through the ring of the engine until the power goes at the operation whose turn it is. Of what
 * that leaves, and of what the next life makes of it, this has to hold:
 *
 *     a segment is read, or refused with a reason
 *     what is read of it is what was heard, from its first input on, without a hole
 *     the site beside it is whole or is not there
 *     the next life records on, and what it records can be replayed: its site is there
 *
 * Ends with 0 when it does. With a control the sums of the blocks are all taken for right, or what
 * is synced is not; that ends with 0 when it was found. The last line has the counts.
 */

#include <assert.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/clock.h"
#include "gateway/config/config.h"
#include "gateway/engine/recording_ring.h"
#include "gateway/replay/tape.h"
#include "tests/support/cut_options.h"
#include "tests/support/dice.h"
#include "tests/support/fault_disk.h"
#include "tests/support/fault_vfs.h"
#include "tests/support/quiet_log.h"
#include "tests/support/scratch.h"

enum {
    LIVES = 6,           /* of a chain */
    CUT_OPERATIONS = 60, /* the power goes at the first … so many-th operation */
    INPUTS_MAX = 90000,  /* of a life */
    BLOCK_INPUTS = 4000, /* at most so many are handed over at a time */
    RING_SIZE = 16 << 20,
    PATH_SIZE = 128,
};

#define LIFE_NS (UINT64_C(3600) * NS_PER_S) /* so far apart are the instants of two lives */

enum control { CONTROL_NONE, CONTROL_UNSUMMED, CONTROL_UNSYNCED, CONTROL_COUNT };

static const char *const control_names[CONTROL_COUNT] = {"none", "unsummed", "unsynced"};

static enum control control;
static struct dice dice;

/* What the lives heard: input number n of life l is at instant l × LIFE_NS + n, and no other is. */
struct book {
    struct config_result result;
    struct site site;
    void *block;
    struct core *core;
    uint32_t heard[LIVES + 2]; /* inputs of each life, the last one of which is not cut */
};

struct counts {
    uint64_t cut_points, after_end, segments, inputs, read, refused, torn, ended;
};

/* ---- what is put between the recordings and the world ---- */

struct recording_block_head __real_recording_block_of(enum recording_block kind, const void *body,
                                                      size_t size);
struct recording_block_head __wrap_recording_block_of(enum recording_block kind, const void *body,
                                                      size_t size);

struct recording_block_head __wrap_recording_block_of(enum recording_block kind, const void *body,
                                                      size_t size) {
    struct recording_block_head head = __real_recording_block_of(kind, body, size);
    head.sum = control == CONTROL_UNSUMMED ? 0 : head.sum;
    return head;
}

/* ---- a life ---- */

static struct input input_make(const struct book *book, uint32_t life, uint32_t number) {
    struct dice of_input = {number};
    struct input input = {
        .kind = INPUT_READING,
        .at = {life * LIFE_NS + number},
        .wall = {(int64_t)(life * LIFE_NS) + number},
    };
    input.reading.point = dice_below(&of_input, book->site.ruleset.point_count);
    input.reading.value = number;
    input.reading.code = dice_next(&of_input);
    input.reading.measured = input.wall;
    return input;
}

static void ring_settle(struct recording_ring *ring) {
    struct recording_ring_stats stats;
    do {
        recording_ring_stats(ring, &stats);
    } while (stats.writing && sched_yield() == 0);
}

static void life_begin_segment(struct book *book, struct recording_ring *ring, uint32_t life,
                               struct counts *counts) {
    char boot[16];
    (void)snprintf(boot, sizeof boot, "%" PRIu32, life);
    const struct recording_moment moment = {
        .at = {life * LIFE_NS + book->heard[life]},
        .wall = {(int64_t)(life * LIFE_NS) + book->heard[life]},
        .rate = 1,
        .boot = boot,
        .next_seq = 1,
    };
    recording_ring_begin(ring, book->core, &moment);
    counts->segments++;
}

static void life_run(struct book *book, uint32_t life, uint32_t inputs, struct counts *counts) {
    struct recording_ring *ring;
    int r = recording_ring_new(&book->site, RING_SIZE, &ring);
    assert(r == 0);
    while (book->heard[life] < inputs && fault_disk_met() == 0) {
        uint32_t block = 1 + dice_below(&dice, BLOCK_INPUTS);
        if (recording_ring_is_due(ring)) {
            life_begin_segment(book, ring, life, counts);
        }
        for (uint32_t i = 0; i < block; i++) {
            struct input input = input_make(book, life, ++book->heard[life]);
            recording_ring_add(ring, &input);
        }
        recording_ring_flush(ring, true);
        ring_settle(ring);
    }
    (void)recording_ring_free(ring);
    counts->inputs += book->heard[life];
}

/* ---- what is left ---- */

/* What is known of the segment before: where the next one has to go on. 0: anywhere. */
struct seam {
    uint64_t number, at_ns;
};

/* NULL, or what is wrong with the inputs of a segment. */
static const char *segment_fault(struct book *book, struct recording_reader *reader,
                                 struct seam *seam, struct counts *counts) {
    const struct recording_head *head = recording_reader_head(reader);
    uint32_t life = (uint32_t)strtoul(head->boot, NULL, 10);
    uint64_t at_ns = head->at_ns;
    struct input input;
    if (life == 0 || life >= LIVES + 2 || at_ns < life * LIFE_NS) {
        return "a head that nobody wrote";
    } else if (seam->at_ns > 0 && head->follows == 1 && head->number == seam->number + 1 &&
               at_ns != seam->at_ns) {
        return "inputs are missing between two segments, and both say that none is";
    }
    while (recording_reader_next(reader, &input)) {
        struct input heard = input_make(book, life, (uint32_t)(++at_ns - life * LIFE_NS));
        if (at_ns > life * LIFE_NS + book->heard[life] || input.at.ns != heard.at.ns ||
            input.wall.ns != heard.wall.ns || input.kind != heard.kind ||
            input.reading.point != heard.reading.point ||
            input.reading.value != heard.reading.value ||
            input.reading.code != heard.reading.code) {
            return "an input that was not heard, or not there";
        }
        counts->read++;
    }
    struct recording_verdict verdict = recording_reader_verdict(reader);
    bool ended =
        verdict.ending == RECORDING_ENDED_FULL || verdict.ending == RECORDING_ENDED_STOPPED;
    *seam = (struct seam){.number = head->number, .at_ns = ended ? at_ns : 0};
    counts->torn += !ended;
    counts->ended += ended;
    return NULL;
}

static const char *image_fault(const struct book *book, struct tape *tape) {
    uint64_t generation = book->site.header->generation;
    char name[RECORDING_NAME_SIZE];
    char path[TAPE_PATH_SIZE + RECORDING_NAME_SIZE];
    struct stat found;
    recording_site_name_format(generation, name);
    (void)snprintf(path, sizeof path, "%s/%s", tape->directory, name);
    if (stat(path, &found) != 0) {
        return NULL;
    }
    const struct site *site = tape_site(tape, generation);
    return site != NULL && site->size == book->site.size &&
                   memcmp(site->header, book->site.header, site->size) == 0
               ? NULL
               : "the site beside the recordings is torn";
}

/* NULL, or what is wrong with the recordings below `directory`. */
static const char *directory_fault(struct book *book, const char *directory,
                                   struct counts *counts) {
    struct tape tape;
    struct seam seam = {0};
    char reason[RECORDING_REASON_SIZE] = "";
    const char *wrong = NULL;
    int r = tape_open(&tape, directory, reason);
    if (r == TAPE_E_NONE && reason[0] != '\0') {
        return NULL; /* nothing reached the disk */
    }
    assert(r == 0);
    for (uint32_t i = 0; i < tape.count && wrong == NULL; i++) {
        struct recording_reader *reader;
        reason[0] = '\0';
        if (tape_segment(&tape, i, &reader, reason) == 0) {
            wrong = segment_fault(book, reader, &seam, counts);
            (void)recording_reader_free(reader);
        } else {
            seam.at_ns = 0;
            counts->refused++;
            wrong = reason[0] != '\0' ? NULL : "a segment is refused without a reason";
        }
    }
    if (wrong == NULL) {
        wrong = image_fault(book, &tape);
    }
    tape_close(&tape);
    return wrong;
}

/* NULL, or why what an uncut life recorded cannot be replayed. */
static const char *last_life_fault(struct book *book, const char *directory) {
    struct tape tape;
    char reason[RECORDING_REASON_SIZE];
    int r = tape_open(&tape, directory, reason);
    if (r != 0) {
        return "a life without a fault recorded nothing";
    }
    struct recording_reader *reader;
    struct input input = {.at = {0}};
    const char *wrong = "its last segment cannot be read";
    if (tape_segment(&tape, tape.count - 1, &reader, reason) == 0) {
        while (recording_reader_next(reader, &input)) {
        }
        (void)recording_reader_free(reader);
        wrong = input.at.ns != (LIVES + 1) * LIFE_NS + book->heard[LIVES + 1]
                    ? "inputs of a life without a fault are missing"
                : tape_newest_site(&tape) == NULL ? "its site is missing"
                                                  : NULL;
    }
    tape_close(&tape);
    return wrong;
}

/* ---- a chain ---- */

static void book_open(struct book *book, const char *state) {
    char setting[PATH_SIZE + 16];
    const char *settings[] = {setting};
    const struct config_options options = {.settings = settings, .setting_count = 1};
    (void)snprintf(setting, sizeof setting, "gateway.state=%s", state);
    int r = config_load(TEST_SOURCE_DIR "/deploy/example/site.yaml", &options, &book->result);
    r = r == 0 ? site_view(book->result.image, book->result.image_size, &book->site) : r;
    assert(r == 0);
    book->block = calloc(1, core_size(&book->site.ruleset));
    assert(book->block != NULL);
    book->core = core_init(book->block, &book->site.ruleset, (struct instant){1});
}

static void book_close(struct book *book) {
    free(book->block);
    config_result_deinit(&book->result);
    free(book);
}

/* Cut the power of a life, and put what survives in the place of its state. */
static const char *life_cut(struct book *book, const char *root, const char *state, uint32_t life,
                            uint64_t cut, struct counts *counts) {
    char left[PATH_SIZE + 8];
    (void)snprintf(left, sizeof left, "%s/left", root);
    fault_disk_mount(state);
    fault_disk_lie(control == CONTROL_UNSYNCED);
    fault_disk_plan(FAULT_POWER, cut, true);
    life_run(book, life, INPUTS_MAX, counts);
    counts->after_end += fault_disk_met() == 0;
    int r = mkdir(left, 0700);
    assert(r == 0);
    fault_disk_survive(left, dice_next(&dice));
    fault_disk_unmount();
    r = scratch_remove(state);
    assert(r == 0);
    r = rename(left, state);
    assert(r == 0);
    counts->cut_points++;
    return directory_fault(book, state, counts);
}

/* NULL, or what was wrong; stops at the first life with something wrong. */
static const char *chain_run(uint64_t seed, struct counts *counts) {
    struct book *book = calloc(1, sizeof *book);
    char root[] = "/tmp/tocsin-recordings-XXXXXX";
    char state[PATH_SIZE];
    const char *wrong = NULL;
    uint32_t life = 0;
    assert(book != NULL && mkdtemp(root) != NULL);
    (void)snprintf(state, sizeof state, "%s/state", root);
    int r = mkdir(state, 0700);
    assert(r == 0);
    dice = (struct dice){seed};
    book_open(book, state);
    while (life < LIVES && wrong == NULL) {
        life++;
        wrong =
            life_cut(book, root, state, life, 1 + (seed * LIVES + life) % CUT_OPERATIONS, counts);
    }
    if (wrong == NULL) {
        life = LIVES + 1;
        life_run(book, life, BLOCK_INPUTS, counts);
        wrong = last_life_fault(book, state);
    }
    if (wrong != NULL) {
        printf("seed=%" PRIu64 " life=%" PRIu32 ": %s\n", seed, life, wrong);
    }
    (void)scratch_remove(root);
    book_close(book);
    return wrong;
}

int main(int argc, char **argv) {
    const struct cut_options options =
        cut_options_read(argc, argv, 120, control_names, CONTROL_COUNT);
    uint64_t seed = options.seed;
    struct counts counts = {0};
    uint32_t lost = 0;
    control = (enum control)options.control;
    fault_vfs_register();
    while (counts.cut_points < options.points && (lost == 0 || control == CONTROL_NONE)) {
        lost += chain_run(seed, &counts) != NULL;
        seed++;
    }
    printf("row: recording_cut control=%s seeds=%" PRIu64 "..%" PRIu64 " cut_points=%" PRIu64
           " after_end=%" PRIu64 " segments=%" PRIu64 " inputs=%" PRIu64 " read_back=%" PRIu64
           " whole=%" PRIu64 " torn=%" PRIu64 " refused=%" PRIu64 " lost=%" PRIu32 "\n",
           control_names[control], options.seed, seed - 1, counts.cut_points, counts.after_end,
           counts.segments, counts.inputs, counts.read, counts.ended, counts.torn, counts.refused,
           lost);
    /* A run in which nothing was at stake shows nothing. */
    bool at_stake = counts.cut_points > counts.after_end;
    bool all_seen = options.points < 100 ||
                    (counts.read > 0 && counts.torn > 0 && counts.refused > 0 && counts.ended > 0);
    return at_stake && (control != CONTROL_NONE ? lost > 0 : lost == 0 && all_seen) ? 0 : 1;
}
