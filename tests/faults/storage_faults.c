/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The disk fails at every operation of the journal, and every event is told and recorded all the same
 *
 *     storage_faults [--step N] [--control deaf]
 *
 * The engine's recorder and its journal live through ENOSPC, EIO, a disk that became read-only and a
 * slow one, at the n-th operation for n = 1, 1 + N, 1 + 2 N … until none is left that could fail:
 * once, and until the fault is lifted; in a new directory, and in one with a journal. Each time all
 * of this has to hold:
 *
 *     every event is told, recorded or early, while the fault stands
 *     who was told early was also told that the storage is not well
 *     a fault that stands is told, at the latest when the next event meets it
 *     when it is lifted, every event is recorded and told with its seq, and the storage is well
 *     no journal is set aside, and the next opening finds every event, without a gap
 *
 * The control is deaf to what is told of the storage, and must fail. The last line has the counts.
 */

#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <event2/event.h>
#include <sqlite3.h>

#include "gateway/clock.h"
#include "gateway/engine/recorder.h"
#include "tests/support/console_site.h"
#include "tests/support/fast_clock.h"
#include "tests/support/fault_disk.h"
#include "tests/support/fault_vfs.h"
#include "tests/support/quiet_log.h"
#include "tests/support/scratch.h"

enum { BATCHES = 5, BATCH_EVENTS = 4, HISTORY = 8, EVENTS_MAX = 64, PATH_SIZE = 128 };

/* So many operations of a start that finds a journal fail one by one whatever N: it must not be set aside. */
enum { START_OPERATIONS = 40 };

/* By the fast clock: a minute of the real one. */
#define DEADLINE_NS (60 * FAST_CLOCK_RATE * NS_PER_S)

static const char *const kind_names[FAULT_KIND_COUNT] = {"none", "power",     "ENOSPC",
                                                         "EIO",  "read-only", "slow"};

static bool is_deaf;

struct life {
    struct site site;
    struct event_base *base;
    struct recorder *recorder;
    char path[PATH_SIZE];
    uint32_t events; /* pressed */
    bool told[EVENTS_MAX], recorded[EVENTS_MAX];
    uint32_t told_count, recorded_count, early_count;
    bool was_unwell; /* heard of; the control is deaf to it */
    bool is_well, unwell_told;
};

/* ---- the engine's side ---- */

static void life_event(void *context, const struct wire_event *message,
                       const struct journal_event *event) {
    struct life *life = context;
    const char *at = strstr(event->text, "\"occurrence\":");
    uint32_t number = at != NULL ? (uint32_t)strtoul(at + strlen("\"occurrence\":"), NULL, 10) : 0;
    assert(number > 0 && number < EVENTS_MAX);
    life->told_count += !life->told[number];
    life->told[number] = true;
    if (message->seq > 0) {
        life->recorded_count += !life->recorded[number];
        life->recorded[number] = true;
    } else {
        life->early_count++;
    }
}

static void life_storage(void *context, bool well) {
    struct life *life = context;
    life->is_well = well;
    life->unwell_told = life->unwell_told || !well;
    life->was_unwell = life->was_unwell || (!well && !is_deaf);
}

static void life_alarm(void *context, const struct journal_alarm *alarm) {
    (void)context;
    (void)alarm;
}

static void life_early(void *context) {
    (void)context;
}

static void life_settled(void *context, uint64_t ticket) {
    (void)context;
    (void)ticket;
}

static void life_renewed(void *context) {
    (void)context;
}

static void life_begin(struct life *life) {
    static const struct recorder_callbacks callbacks = {life_event,   life_alarm,   life_early,
                                                        life_settled, life_storage, life_renewed};
    life->site = console_site(life->path);
    life->is_well = true;
    life->base = event_base_new();
    assert(life->base != NULL);
    int r = recorder_new(&life->site, life->path, life->base, &callbacks, life, &life->recorder);
    assert(r == 0);
    r = recorder_start(life->recorder);
    assert(r == 0);
    if (!recorder_is_well(life->recorder)) {
        life_storage(life, false); /* as the engine asks for it at its start */
    }
}

static void life_end(struct life *life) {
    life->recorder = recorder_free(life->recorder);
    event_base_free(life->base);
}

static void life_press(struct life *life) {
    for (uint32_t i = 0; i < BATCH_EVENTS; i++) {
        const struct core_event event = {
            .type = EVENT_ALARM_RAISED,
            .wall = clock_wall(),
            .alarm = CONSOLE_SITE_CALL,
            .place = CONSOLE_SITE_PLACE_ROOM,
            .point = CONSOLE_SITE_BUTTON,
            .axes = {.active = true, .latched = true, .open = true},
            .occurrence = ++life->events,
            .raises = 1,
            .value = 1,
            .measured = clock_wall(),
        };
        const struct event_context context = {.raised = event.wall};
        int r = recorder_add(life->recorder, &event, &context, NULL);
        assert(r == 0);
    }
    (void)recorder_submit(life->recorder);
}

static bool all_told(const struct life *life) {
    return life->told_count == life->events;
}

static bool all_recorded(const struct life *life) {
    return life->recorded_count == life->events;
}

static bool is_well(const struct life *life) {
    return life->is_well;
}

static bool unwell_is_told(const struct life *life) {
    return life->unwell_told;
}

/* Run the loop until `done` says so; false at the deadline. */
static bool life_until(struct life *life, bool (*done)(const struct life *life)) {
    const struct timeval step = {.tv_usec = 500};
    uint64_t deadline_ns = clock_real_ns() + DEADLINE_NS;
    while (!done(life) && clock_real_ns() < deadline_ns) {
        (void)event_base_loopexit(life->base, &step);
        (void)event_base_loop(life->base, EVLOOP_ONCE);
        recorder_tick(life->recorder);
    }
    return done(life);
}

/* ---- what is left ---- */

static uint64_t database_ask(sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement = NULL;
    uint64_t value = UINT64_MAX;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        value = (uint64_t)sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_finalize(statement);
    return value;
}

static bool is_set_aside(const char *path) {
    DIR *listing = opendir(path);
    const struct dirent *entry;
    bool found = false;
    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        found = found || strstr(entry->d_name, ".bad-") != NULL;
    }
    (void)closedir(listing);
    return found;
}

/* NULL, or what is wrong with the file. */
static const char *file_fault(const struct life *life, uint32_t rows, uint32_t early) {
    char database[PATH_SIZE + 16];
    struct site site = console_site(life->path);
    struct journal *journal;
    sqlite3 *db;
    const struct journal_conf conf = {
        .directory = life->path,
        .identity = {.site = site_text(&site, site.header->site_id),
                     .gateway = site_text(&site, site.header->gateway_id)},
        .alarm_count = 1,
        .keep = {.keep_ns = JOURNAL_WEEK_NS, .size = UINT64_C(1) << 30},
    };
    int r = journal_new(&conf, &journal);
    assert(r == 0);
    bool good = journal_is_recording(journal) && !journal_was_damaged(journal);
    (void)journal_free(journal);
    if (!good) {
        return "the next opening calls the journal damaged";
    } else if (is_set_aside(life->path)) {
        return "a journal was set aside";
    }
    (void)snprintf(database, sizeof database, "%s/journal.db", life->path);
    r = sqlite3_open_v2(database, &db, SQLITE_OPEN_READWRITE, NULL);
    assert(r == SQLITE_OK);
    good = database_ask(db, "SELECT count(*) FROM event") == rows &&
           database_ask(db, "SELECT max(seq) FROM event") == rows &&
           database_ask(db, "SELECT min(seq) FROM event") == 1;
    bool linked = database_ask(db, "SELECT count(*) FROM first_sent") == early;
    (void)sqlite3_close(db);
    return !good    ? "events are missing in the file, or twice"
           : linked ? NULL
                    : "the file does not know each event that went out early";
}

/* ---- a fault ---- */

/* Live through it; returns NULL or what was not as promised. */
static const char *life_run(struct life *life, enum fault_kind kind, uint64_t at, bool stays,
                            uint64_t *ret_met) {
    fault_disk_plan(kind, at, stays);
    life_begin(life);
    bool told = true;
    for (uint32_t batch = 0; batch < BATCHES && told; batch++) {
        life_press(life);
        told = life_until(life, all_told);
    }
    *ret_met = fault_disk_met();
    bool must_tell = told && stays && kind != FAULT_SLOW && *ret_met > 0;
    if (must_tell && !life->unwell_told) {
        /* It may have met only what follows the last commit, of which no event depends: the next one does. */
        life_press(life);
        told = life_until(life, all_told) && life_until(life, unwell_is_told);
    }
    bool fault_told = !must_tell || life->was_unwell;
    fault_disk_plan(FAULT_NONE, 0, false);
    bool recorded = told && life_until(life, all_recorded) && life_until(life, is_well);
    life_end(life);
    return !told                                        ? "an event was not told"
           : life->early_count > 0 && !life->was_unwell ? "told early, and nothing of the storage"
           : !fault_told                                ? "a fault that stands was not told"
           : !recorded                                  ? "it did not recover alone"
                                                        : NULL;
}

/* Returns how many went out early even so, on a machine that is busy. */
static uint32_t history_record(const char *path) {
    struct life *life = calloc(1, sizeof *life);
    assert(life != NULL);
    (void)snprintf(life->path, sizeof life->path, "%s", path);
    life_begin(life);
    life_press(life);
    life_press(life);
    bool recorded = life_until(life, all_recorded);
    assert(recorded);
    life_end(life);
    uint32_t early = life->early_count;
    free(life);
    return early;
}

struct counts {
    uint64_t faults, failed, early;
    uint64_t of[FAULT_KIND_COUNT];
};

/* Returns whether there was an operation left to fail. */
static bool fault_run(enum fault_kind kind, uint64_t at, bool stays, bool history,
                      struct counts *counts) {
    char root[] = "/tmp/tocsin-storage-XXXXXX";
    struct life *life = calloc(1, sizeof *life);
    uint64_t met;
    assert(life != NULL && mkdtemp(root) != NULL);
    (void)snprintf(life->path, sizeof life->path, "%s/state", root);
    int r = mkdir(life->path, 0700);
    assert(r == 0);
    uint32_t early_before = history ? history_record(life->path) : 0;
    fault_disk_mount(life->path);
    const char *wrong = life_run(life, kind, at, stays, &met);
    fault_disk_unmount();
    if (wrong == NULL) {
        wrong = file_fault(life, life->events + (history ? HISTORY : 0),
                           early_before + life->early_count);
    }
    if (wrong != NULL) {
        printf("%s at operation %" PRIu64 "%s%s: %s\n", kind_names[kind], at,
               stays ? " and after" : "", history ? ", with a journal" : "", wrong);
        counts->failed++;
    }
    counts->faults += met > 0;
    counts->of[kind] += met > 0;
    counts->early += life->early_count;
    (void)scratch_remove(root);
    free(life);
    return met > 0;
}

int main(int argc, char **argv) {
    uint64_t step = 1;
    struct counts counts = {0};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--step") == 0) {
            step = strtoumax(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--control") == 0 && strcmp(argv[i + 1], "deaf") == 0) {
            is_deaf = true;
        } else {
            (void)fprintf(stderr, "%s: cannot take '%s %s'\n", argv[0], argv[i], argv[i + 1]);
            return 2;
        }
    }
    fault_vfs_register();
    for (enum fault_kind kind = FAULT_FULL; kind < FAULT_KIND_COUNT; kind++) {
        for (int how = 0; how < 4; how++) {
            uint64_t at = 1;
            while (fault_run(kind, at, (how & 1) != 0, (how & 2) != 0, &counts)) {
                at += how == 2 && kind == FAULT_IO && at < START_OPERATIONS ? 1 : step;
            }
        }
    }
    printf("row: storage_faults control=%s faults=%" PRIu64, is_deaf ? "deaf" : "none",
           counts.faults);
    for (enum fault_kind kind = FAULT_FULL; kind < FAULT_KIND_COUNT; kind++) {
        printf(" %s=%" PRIu64, kind_names[kind], counts.of[kind]);
    }
    printf(" told_early=%" PRIu64 " lost=%" PRIu64 "\n", counts.early, counts.failed);
    bool at_stake = counts.faults > 0 && counts.early > 0;
    return at_stake && (counts.failed > 0) == is_deaf ? 0 : 1;
}
