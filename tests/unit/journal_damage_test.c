/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Damage at every page of a journal
 *
 * A small journal with all kinds of pages in it is damaged in one place at a time: bytes flipped, the
 * page zeroed, the file cut off there. Whatever was hit, the next life records, what it keeps of the
 * events is what was recorded, and no more is lost than what stood on the damaged pages.
 */

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "gateway/clock.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/journal_inspection.h"
#include "gateway/journal/journal_pages.h"
#include "gateway/site.h"
#include "tests/support/cmocka.h"

enum {
    EVENTS = 90,
    LONG_EVERY = 15,
    PATH_SIZE = 256,
    ROW_SIZE = WIRE_BODY_MAX + 64,
    PAGES_MAX = 200
};

#define DEADLINE_NS (60 * NS_PER_S)

enum pattern { FLIPPED, ZEROED, CUT_OFF, PATTERN_COUNT };

/* Body and digest of an event as it was recorded. */
struct original {
    size_t size;
    unsigned char bytes[ROW_SIZE];
};

struct scene {
    char root[64];
    char sound[PATH_SIZE]; /* directories: the sound journal, and a copy that is damaged */
    char state[PATH_SIZE];
    char database[PATH_SIZE];
    struct original originals[EVENTS + 1];
    uint32_t pages;
    uint32_t events_on[PAGES_MAX + 1]; /* at most, by page from 1 */
};

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "fire_alarm/room-%" PRIu32, alarm);
}

static struct journal *open_inspected_after(const char *directory, uint64_t span_ns) {
    struct journal_conf conf = {
        .directory = directory,
        .identity = {.site = "gulou-demo", .gateway = "main", .alarm_name = alarm_name},
        .alarm_count = 1,
        .keep = {.keep_ns = JOURNAL_WEEK_NS, .size = UINT64_C(1) << 30},
        .inspect_after_ns = span_ns,
    };
    struct journal *journal;
    assert_int_equal(journal_new(&conf, &journal), 0);
    return journal;
}

static struct journal *open_at(const char *directory) {
    return open_inspected_after(directory, DEADLINE_NS);
}

/* Some are so long that they need pages of their own. */
static void add_event(struct journal *journal, uint64_t number) {
    char text[JOURNAL_TEXT_MAX];
    int filling = number % LONG_EVERY == 0 ? 6000 : 300;
    int size = snprintf(text, sizeof text, ",\"data\":{\"number\":%" PRIu64 ",\"text\":\"%0*d\"}}",
                        number, filling, 0);
    struct journal_event *event;
    assert_int_equal(journal_event_new(text, 0, (size_t)size, &event), 0);
    bool alarm = number % 3 != 0;
    event->lane = alarm ? LANE_ALARM : LANE_ACTIVITY;
    event->type = alarm ? EVENT_ALARM_RAISED : EVENT_ACCESS_GRANTED;
    event->alarm = alarm ? 0 : RULESET_NONE;
    atomic_init(&event->early, 0);
    journal_add_event(journal, event);
}

/* Record what was added; the last report is left in `ret_report` without its lists. */
static void record(struct journal *journal) {
    struct journal_report report = {.ticket = 0};
    uint64_t until_ns = clock_real_ns() + DEADLINE_NS;
    uint64_t ticket = journal_submit(journal);
    while (report.ticket < ticket && clock_real_ns() < until_ns) {
        struct pollfd ready = {.fd = journal_fd(journal), .events = POLLIN};
        (void)poll(&ready, 1, 1000);
        journal_take(journal, &report);
        while (report.events != NULL) {
            struct journal_event *event = report.events;
            report.events = event->next;
            (void)journal_event_free(event);
        }
        assert_null(report.dropped);
        assert_null(report.alarms);
    }
    assert_true(report.ticket >= ticket);
    assert_true(report.recording);
}

/* ---- the sound journal ---- */

static void copy_file(const char *from, const char *to, const char *name) {
    char path[2 * PATH_SIZE];
    char buffer[65536];
    (void)snprintf(path, sizeof path, "%s/%s", from, name);
    int in = open(path, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        return; /* a log that there is not */
    }
    (void)snprintf(path, sizeof path, "%s/%s", to, name);
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(out >= 0);
    ssize_t got;
    while ((got = read(in, buffer, sizeof buffer)) > 0) {
        assert_int_equal(write(out, buffer, (size_t)got), got);
    }
    assert_int_equal(got, 0);
    assert_int_equal(close(out), 0);
    (void)close(in);
}

static void originals_learn(struct scene *scene, const char *database) {
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT seq, body, digest FROM event", -1, &statement, NULL),
        SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        struct original *original = &scene->originals[sqlite3_column_int(statement, 0)];
        size_t size = (size_t)sqlite3_column_bytes(statement, 1);
        memcpy(original->bytes, sqlite3_column_text(statement, 1), size);
        memcpy(original->bytes + size, sqlite3_column_blob(statement, 2), JOURNAL_DIGEST_SIZE);
        original->size = size + JOURNAL_DIGEST_SIZE;
    }
    (void)sqlite3_finalize(statement);
    /* A leaf holds so many of them; a page that one goes on on holds part of one. */
    assert_int_equal(
        sqlite3_prepare_v2(db,
                           "SELECT pageno, CASE pagetype WHEN 'leaf' THEN ncell ELSE 1 "
                           "END FROM dbstat WHERE name='event' AND pagetype<>'internal'",
                           -1, &statement, NULL),
        SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        assert_in_range(sqlite3_column_int(statement, 0), 1, PAGES_MAX);
        scene->events_on[sqlite3_column_int(statement, 0)] =
            (uint32_t)sqlite3_column_int(statement, 1);
    }
    (void)sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int scene_setup(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    char database[PATH_SIZE + 16];
    struct stat file;
    assert_non_null(scene);
    (void)snprintf(scene->root, sizeof scene->root, "/tmp/tocsin-damage-XXXXXX");
    assert_non_null(mkdtemp(scene->root));
    (void)snprintf(scene->sound, sizeof scene->sound, "%s/sound", scene->root);
    (void)snprintf(scene->state, sizeof scene->state, "%s/state", scene->root);
    (void)snprintf(scene->database, sizeof scene->database, "%s/state/journal.db", scene->root);
    struct journal *journal = open_at(scene->sound);
    assert_int_equal(journal_start(journal), 0);
    for (uint64_t number = 1; number <= EVENTS; number++) {
        add_event(journal, number);
        record(journal);
    }
    (void)journal_free(journal);
    (void)snprintf(database, sizeof database, "%s/journal.db", scene->sound);
    originals_learn(scene, database);
    assert_int_equal(stat(database, &file), 0);
    scene->pages = (uint32_t)(file.st_size / JOURNAL_PAGE_BYTES);
    assert_in_range(scene->pages, 30, PAGES_MAX);
    *state = scene;
    return 0;
}

static int scene_remove(const char *path, const struct stat *found, int kind, struct FTW *walk) {
    (void)found;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int scene_teardown(void **state) {
    struct scene *scene = *state;
    int r = nftw(scene->root, scene_remove, 8, FTW_DEPTH | FTW_PHYS);
    free(scene);
    return r;
}

/* ---- damage, and what comes of it ---- */

static void scene_renew(const struct scene *scene) {
    (void)nftw(scene->state, scene_remove, 8, FTW_DEPTH | FTW_PHYS);
    assert_int_equal(mkdir(scene->state, 0700), 0);
    copy_file(scene->sound, scene->state, "journal.db");
    copy_file(scene->sound, scene->state, "boot");
    copy_file(scene->sound, scene->state, "witness");
}

static void damage(const char *path, uint32_t page, enum pattern pattern) {
    unsigned char bytes[JOURNAL_PAGE_BYTES];
    off_t offset = (off_t)(page - 1) * JOURNAL_PAGE_BYTES;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, bytes, sizeof bytes, offset), sizeof bytes);
    switch (pattern) {
    case FLIPPED:
        for (uint32_t i = 0; i < 16; i++) {
            bytes[(page * 977 + i * 263) % sizeof bytes] ^= (unsigned char)(1u << i % 8);
        }
        assert_int_equal(pwrite(fd, bytes, sizeof bytes, offset), sizeof bytes);
        break;
    case ZEROED:
        memset(bytes, 0, sizeof bytes);
        assert_int_equal(pwrite(fd, bytes, sizeof bytes, offset), sizeof bytes);
        break;
    case CUT_OFF:
        assert_int_equal(ftruncate(fd, offset), 0);
        break;
    case PATTERN_COUNT:
        break;
    }
    assert_int_equal(close(fd), 0);
}

/*
 * How many of the events are there. Each has to be what was recorded, but for one that stands behind a
 * hole on a page whose bits were flipped: nothing is left that could prove it, and the journal says so.
 */
static uint32_t kept(const struct scene *scene) {
    sqlite3 *db;
    sqlite3_stmt *statement;
    uint32_t count = 0;
    assert_int_equal(sqlite3_open(scene->database, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db,
                           "SELECT seq, body, digest FROM event LEFT JOIN run ON first=seq "
                           "WHERE first IS NULL OR before IS NOT NULL",
                           -1, &statement, NULL),
        SQLITE_OK);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        int seq = sqlite3_column_int(statement, 0);
        assert_in_range(seq, 1, EVENTS + 1);
        if (seq > EVENTS) {
            continue;
        }
        size_t size = (size_t)sqlite3_column_bytes(statement, 1);
        const struct original *original = &scene->originals[seq];
        assert_int_equal(size + JOURNAL_DIGEST_SIZE, original->size);
        assert_memory_equal(sqlite3_column_text(statement, 1), original->bytes, size);
        assert_memory_equal(sqlite3_column_blob(statement, 2), original->bytes + size,
                            JOURNAL_DIGEST_SIZE);
        count++;
    }
    assert_int_equal(result, SQLITE_DONE);
    (void)sqlite3_finalize(statement);
    /* One that comes after all of them says that the newest of them are lost. */
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT count(*) FROM run WHERE before IS NULL AND first<=?1", -1,
                           &statement, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_bind_int(statement, 1, EVENTS), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    count += (uint32_t)sqlite3_column_int(statement, 0);
    (void)sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return count;
}

static void on_alarm(void *context, const char *name, struct journal_alarm *alarm) {
    (void)context;
    (void)name;
    (void)alarm;
}

static void on_test(void *context, const struct journal_standing *standing,
                    const struct journal_test *test) {
    (void)context;
    (void)standing;
    (void)test;
}

static void on_walk(void *context, const struct journal_standing *standing,
                    const struct journal_walk *walk) {
    (void)context;
    (void)standing;
    (void)walk;
}

static void on_point(void *context, const struct journal_present *taken,
                     const struct journal_point *point) {
    (void)context;
    (void)taken;
    (void)point;
}

/* All that an engine asks a journal for at its start can be read. */
static void can_be_begun_with(struct journal *journal) {
    struct flood_record flood;
    struct wall good;
    assert_int_equal(journal_flood(journal, &flood), 0);
    assert_int_equal(journal_tests(journal, on_test, NULL), 0);
    assert_int_equal(journal_walks(journal, on_walk, NULL), 0);
    assert_int_equal(journal_clock(journal, &good), 0);
    assert_int_equal(journal_alarms(journal, on_alarm, NULL), 0);
    assert_int_equal(journal_points(journal, on_point, NULL), 0);
}

/* Another life on the damaged copy: it records, and nothing is lost beyond `most`. */
static void life(const struct scene *scene, uint32_t most) {
    struct journal_stats stats;
    struct journal *journal = open_at(scene->state);
    assert_true(journal_is_recording(journal));
    assert_int_equal(journal_newest(journal), EVENTS);
    can_be_begun_with(journal);
    assert_int_equal(journal_start(journal), 0);
    add_event(journal, EVENTS + 1);
    record(journal);
    journal_stats(journal, &stats);
    (void)journal_free(journal);
    uint32_t left = kept(scene);
    assert_in_range(EVENTS - left, 0, most);
    if (stats.salvaged + stats.damaged > 0) {
        assert_int_equal(stats.salvaged, left);
        assert_int_equal(stats.damaged, EVENTS - left);
    } else {
        assert_int_equal(left, EVENTS);
    }
    /* The life after that one finds nothing to complain of. */
    journal = open_at(scene->state);
    assert_true(journal_is_recording(journal));
    assert_false(journal_was_damaged(journal));
    assert_int_equal(journal_newest(journal), EVENTS + 1);
    (void)journal_free(journal);
}

static void every_page_is_damaged(const struct scene *scene, enum pattern pattern) {
    uint32_t behind = 0;
    /* A file without any page is a new one; what is said of that stands in another test. */
    for (uint32_t page = scene->pages; page >= (pattern == CUT_OFF ? 2 : 1); page--) {
        uint32_t on = scene->events_on[page];
        behind += on;
        scene_renew(scene);
        damage(scene->database, page, pattern);
        /* Body and digest that are both changed take the event after it along, on whatever page that is. */
        life(scene, pattern == CUT_OFF ? behind : pattern == FLIPPED && on > 0 ? on + 1 : on);
    }
}

static void flipped_bits_cost_no_more_than_their_page(void **state) {
    every_page_is_damaged(*state, FLIPPED);
}

static void a_zeroed_page_costs_no_more_than_what_stood_on_it(void **state) {
    every_page_is_damaged(*state, ZEROED);
}

static void a_file_that_was_cut_off_keeps_what_stands_before_the_cut(void **state) {
    every_page_is_damaged(*state, CUT_OFF);
}

/* ---- inspection ---- */

/* Inspect the copy to the end, a row at a time. */
static enum journal_inspection_state inspect(const struct scene *scene, uint64_t *ret_events) {
    struct journal_inspection *inspection;
    enum journal_inspection_state state;
    assert_int_equal(journal_inspection_new(scene->database, &inspection), 0);
    do {
        state = journal_inspection_step(inspection, 0);
    } while (state == INSPECTION_GOES_ON);
    *ret_events = journal_inspection_events(inspection);
    assert_int_equal(state == INSPECTION_DAMAGED, journal_inspection_reason(inspection)[0] != '\0');
    (void)journal_inspection_free(inspection);
    return state;
}

static void a_sound_journal_is_found_to_be_sound(void **state) {
    const struct scene *scene = *state;
    uint64_t events;
    scene_renew(scene);
    assert_int_equal(inspect(scene, &events), INSPECTION_SOUND);
    assert_int_equal(events, EVENTS);
}

static void no_lost_page_escapes_an_inspection(void **state) {
    const struct scene *scene = *state;
    uint64_t events;
    for (uint32_t page = 1; page <= scene->pages; page++) {
        scene_renew(scene);
        damage(scene->database, page, ZEROED);
        assert_int_equal(inspect(scene, &events), INSPECTION_DAMAGED);
    }
}

static void what_the_chain_does_not_cover_is_inspected_too(void **state) {
    static const char *const tampering[] = {
        "UPDATE event SET body=replace(body,'main','mein') WHERE seq=7",
        "DELETE FROM event WHERE seq=40",
        ("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql=replace(sql,'lane = 0','lane = 9') "
         "WHERE name='event_alarm'"),
    };
    const struct scene *scene = *state;
    for (size_t i = 0; i < sizeof tampering / sizeof tampering[0]; i++) {
        sqlite3 *db;
        uint64_t events;
        scene_renew(scene);
        assert_int_equal(sqlite3_open(scene->database, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, tampering[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        assert_int_equal(inspect(scene, &events), INSPECTION_DAMAGED);
    }
}

/* Damage that comes about while the journal is open: found, told, and the events are taken over. */
static void damage_in_the_middle_of_a_life_is_found_and_told(void **state) {
    const struct scene *scene = *state;
    uint32_t page = scene->pages;
    struct journal_report report = {.renewed = false};
    uint64_t until_ns = clock_real_ns() + DEADLINE_NS;
    while (scene->events_on[page] < 2) {
        page--;
    }
    scene_renew(scene);
    struct journal *journal = open_inspected_after(scene->state, 1);
    assert_false(journal_was_damaged(journal));
    damage(scene->database, page, ZEROED);
    assert_int_equal(journal_start(journal), 0);
    while (!report.renewed && clock_real_ns() < until_ns) {
        struct pollfd ready = {.fd = journal_fd(journal), .events = POLLIN};
        (void)poll(&ready, 1, 1000);
        journal_take(journal, &report);
    }
    assert_true(report.renewed);
    add_event(journal, EVENTS + 1);
    record(journal);
    (void)journal_free(journal);
    assert_int_equal(kept(scene), EVENTS - scene->events_on[page]);
}

/* What was never moved into the file is found in its log. */
static void events_in_the_log_outlive_the_file(void **state) {
    const struct scene *scene = *state;
    char path[PATH_SIZE + 16];
    (void)nftw(scene->state, scene_remove, 8, FTW_DEPTH | FTW_PHYS);
    (void)snprintf(path, sizeof path, "%s/aside", scene->root);
    struct journal *journal = open_at(path);
    assert_int_equal(journal_start(journal), 0);
    for (uint64_t number = 1; number <= EVENTS; number++) {
        add_event(journal, number);
    }
    record(journal);
    assert_int_equal(mkdir(scene->state, 0700), 0);
    copy_file(path, scene->state, "journal.db-wal");
    copy_file(path, scene->state, "boot");
    (void)journal_free(journal);
    int fd = open(scene->database, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 4 * JOURNAL_PAGE_BYTES), 0);
    assert_int_equal(write(fd, "nonsense", 8), 8);
    assert_int_equal(close(fd), 0);
    journal = open_at(scene->state);
    assert_true(journal_is_recording(journal));
    assert_int_equal(journal_start(journal), 0);
    add_event(journal, EVENTS + 1);
    record(journal);
    struct journal_stats stats;
    journal_stats(journal, &stats);
    assert_int_equal(stats.salvaged, EVENTS);
    (void)journal_free(journal);
    originals_learn(*state,
                    (snprintf(path, sizeof path, "%s/aside/journal.db", scene->root), path));
    assert_int_equal(kept(scene), EVENTS);
}

int main(void) {
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE(flipped_bits_cost_no_more_than_their_page),
        SCENE(a_zeroed_page_costs_no_more_than_what_stood_on_it),
        SCENE(a_file_that_was_cut_off_keeps_what_stands_before_the_cut),
        SCENE(events_in_the_log_outlive_the_file),
        SCENE(a_sound_journal_is_found_to_be_sound),
        SCENE(no_lost_page_escapes_an_inspection),
        SCENE(what_the_chain_does_not_cover_is_inspected_too),
        SCENE(damage_in_the_middle_of_a_life_is_found_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
