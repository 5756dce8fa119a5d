/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A start with a journal that can be read and not written
 *
 * The state directory lies on a small disk (small_disk.h). A process of its own lives there and ends; then
 * the disk can only be read, or is full to the last byte.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/journal_directory.h"
#include "gateway/journal/journal_reader.h"
#include "gateway/site.h"
#include "tests/support/cmocka.h"
#include "tests/support/database.h"
#include "tests/support/small_disk.h"

#define DEADLINE_NS (200 * NS_PER_S)

enum { DISK_MIB = 8 }; /* so small that there is no reserve */

enum { FIELD = 2, TOKEN = 77, TIMELINE = 1, LATER_TIMELINE = 2, LATER_GENERATION = 7 };

/* How the life before ended, and why nothing can be written in the next one. */
struct end {
    bool killed;    /* … with all that it recorded in the log alone */
    bool index_too; /* a power cut took the log's index */
    bool full;      /* else the disk can only be read */
};

struct scene {
    struct small_disk disk;
    char state[96], database[128], log[160];
    struct journal *journal;
    uint64_t recorded, added;
    unsigned renewals;
    bool recording;
};

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "emergency_call/room-%" PRIu32, alarm);
}

static int scene_setup(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    small_disk_make(&scene->disk, "recall", DISK_MIB);
    /* A name with all that means something in the address of a file. */
    (void)snprintf(scene->state, sizeof scene->state, "%s/50%% #1?", scene->disk.path);
    (void)snprintf(scene->database, sizeof scene->database, "%s/journal.db", scene->state);
    (void)snprintf(scene->log, sizeof scene->log, "%s-wal", scene->database);
    *state = scene;
    return 0;
}

static int scene_teardown(void **state) {
    struct scene *scene = *state;
    (void)journal_free(scene->journal);
    int r = small_disk_remove(&scene->disk);
    free(scene);
    return r;
}

static void scene_open(struct scene *scene, uint64_t timeline, uint64_t generation) {
    const struct journal_conf conf = {
        .directory = scene->state,
        .identity = {.site = "gulou-demo", .gateway = "main", .alarm_name = alarm_name},
        .alarm_count = 1,
        .timeline = timeline,
        .generation = generation,
        .keep = {.keep_ns = JOURNAL_WEEK_NS, .size = UINT64_C(1) << 30},
    };
    assert_int_equal(journal_new(&conf, &scene->journal), 0);
}

static void scene_add_event(struct scene *scene) {
    static const char text[] = ",\"data\":1}";
    struct journal_event *event;
    assert_int_equal(journal_event_new(text, 0, sizeof text - 1, &event), 0);
    event->lane = LANE_ALARM;
    event->type = EVENT_ALARM_RAISED;
    event->alarm = 0;
    atomic_init(&event->early, 0);
    journal_add_event(scene->journal, event);
    scene->added++;
    (void)journal_submit(scene->journal);
}

static void scene_until_recorded(struct scene *scene) {
    uint64_t until_ns = clock_real_ns() + DEADLINE_NS;
    while (scene->recorded < scene->added) {
        struct pollfd ready = {.fd = journal_fd(scene->journal), .events = POLLIN};
        struct journal_report report;
        assert_true(clock_real_ns() < until_ns);
        (void)poll(&ready, 1, 100);
        journal_take(scene->journal, &report);
        scene->renewals += report.renewed;
        scene->recording = report.recording;
        while (report.events != NULL) {
            struct journal_event *event = report.events;
            report.events = event->next;
            assert_int_equal(event->seq, ++scene->recorded);
            (void)journal_event_free(event);
        }
        while (report.alarms != NULL) {
            struct journal_alarm *alarm = report.alarms;
            report.alarms = alarm->next;
            free(alarm);
        }
    }
}

static void scene_add_present(struct scene *scene) {
    struct journal_present *present;
    assert_int_equal(journal_present_new(2, &present), 0);
    present->points[0] = (struct journal_point){.point = "care/hall/button"};
    present->points[1] = (struct journal_point){.point = "care/talk/button", .value = 1};
    present->count = 2;
    journal_add_present(scene->journal, present);
}

/* An open alarm, its event that is confirmed, and two points of which one has spoken since. */
static void scene_live(struct scene *scene, bool killed) {
    struct journal_alarm *alarm;
    scene_open(scene, TIMELINE, 1);
    assert_int_equal(journal_start(scene->journal), 0);
    assert_int_equal(journal_alarm_new(0, 0, &alarm), 0);
    alarm->record.axes = (struct alarm_axes){.latched = true, .open = true};
    journal_add_alarm(scene->journal, alarm);
    journal_add_token(scene->journal, FIELD, TOKEN);
    scene_add_present(scene);
    scene_add_event(scene);
    scene_until_recorded(scene);
    journal_confirm(scene->journal, JOURNAL_SINK_MQTT, LANE_ALARM, 1);
    assert_int_equal(journal_forget_point(scene->journal, 1), 0);
    scene_add_event(scene);
    scene_until_recorded(scene);
    if (!killed) {
        scene->journal = journal_free(scene->journal);
    }
    _exit(0);
}

static void scene_end_life(const struct scene *scene, const struct end *end) {
    char index[160];
    int status;
    struct scene other = *scene;
    pid_t child = fork();
    if (child == 0) {
        scene_live(&other, end->killed);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    (void)snprintf(index, sizeof index, "%s-shm", scene->database);
    assert_true(!end->index_too || unlink(index) == 0);
}

static void scene_close_disk(const struct scene *scene, bool full) {
    if (full) {
        small_disk_fill(&scene->disk);
    } else {
        small_disk_close(&scene->disk, true);
    }
}

static void scene_mend_disk(const struct scene *scene, bool full) {
    if (full) {
        assert_int_equal(unlink(scene->disk.filler), 0);
    } else {
        small_disk_close(&scene->disk, false);
    }
}

/* Bytes of the log; it is there to the last one after it has only been read. */
static uint64_t scene_log_bytes(const struct scene *scene) {
    struct stat found;
    return stat(scene->log, &found) == 0 ? (uint64_t)found.st_size : 0;
}

struct known {
    unsigned open;
    unsigned foreign; /* … of an instant that means nothing now */
    uint64_t row;
};

static void know_alarm(void *context, const char *name, struct journal_alarm *alarm) {
    struct known *known = context;
    assert_string_equal(name, "emergency_call/room-0");
    known->open += alarm->record.axes.open && alarm->record.axes.latched;
    known->foreign += alarm->at.ns == JOURNAL_INSTANT_FOREIGN.ns;
}

static void know_point(void *context, const struct journal_present *taken,
                       const struct journal_point *point) {
    struct known *known = context;
    (void)taken;
    assert_string_equal(point->point, "care/talk/button");
    known->row = point->row;
}

/* All that the life before had recorded is known. Returns where the point's last word stands. */
static uint64_t scene_recall(struct scene *scene) {
    struct known known = {0};
    scene_open(scene, LATER_TIMELINE, LATER_GENERATION);
    assert_false(journal_is_recording(scene->journal));
    assert_int_equal(journal_boot(scene->journal)[0], 'r');
    assert_int_equal(journal_generation_before(scene->journal), 1);
    assert_int_equal(journal_newest(scene->journal), 2);
    assert_int_equal(journal_confirmed(scene->journal, JOURNAL_SINK_MQTT, LANE_ALARM), 1);
    assert_int_equal(journal_token(scene->journal, FIELD), TOKEN);
    assert_int_equal(journal_alarms(scene->journal, know_alarm, &known), 0);
    assert_int_equal(known.open, 1);
    assert_int_equal(known.foreign, 1);
    assert_int_equal(journal_points(scene->journal, know_point, &known), 0);
    assert_int_equal(known.row, 2); /* its number in the file, where the first was forgotten */
    return known.row;
}

/* The file has all that it had, and what came after it, once. */
static void scene_look(const struct scene *scene) {
    static const struct {
        const char *sql;
        uint64_t answer;
    } asked[] = {
        {"SELECT count(*) FROM event", 4},
        {"SELECT max(seq) FROM event", 4},
        {"SELECT count(*) FROM alarm WHERE open AND latched", 1},
        {"SELECT count(*) FROM present", 0},
        {"SELECT CAST(value AS INTEGER) FROM meta WHERE key='timeline'", LATER_TIMELINE},
        {"SELECT CAST(value AS INTEGER) FROM meta WHERE key='generation'", LATER_GENERATION},
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        assert_int_equal(database_ask(scene->database, asked[i].sql), asked[i].answer);
    }
}

static void scene_run(struct scene *scene, const struct end *end) {
    if (!scene->disk.mounted) {
        skip(); /* see small_disk.h */
    }
    scene_end_life(scene, end);
    uint64_t log_bytes = scene_log_bytes(scene);
    assert_int_equal(log_bytes > 0, end->killed);
    scene_close_disk(scene, end->full);
    uint64_t row = scene_recall(scene);
    assert_int_equal(scene_log_bytes(scene), log_bytes);
    assert_int_equal(journal_start(scene->journal), 0);
    scene->recorded = scene->added = 2;
    assert_int_equal(journal_forget_point(scene->journal, row), 0);
    scene_add_event(scene);
    scene_mend_disk(scene, end->full);
    scene_until_recorded(scene);
    assert_true(scene->recording);
    assert_int_equal(scene->renewals, 1); /* whoever knows more than the file is asked for it, … */
    scene_add_event(scene);
    scene_until_recorded(scene);
    assert_int_equal(scene->renewals, 1); /* … once */
    scene->journal = journal_free(scene->journal);
    scene_look(scene);
}

static void what_was_open_is_known_on_a_disk_that_can_only_be_read(void **state) {
    scene_run(*state, &(struct end){.killed = false});
}

static void the_newest_is_known_from_a_log_that_a_crash_left_there(void **state) {
    scene_run(*state, &(struct end){.killed = true});
}

static void the_newest_is_known_from_a_log_whose_index_a_power_cut_took(void **state) {
    scene_run(*state, &(struct end){.killed = true, .index_too = true});
}

static void what_was_open_is_known_on_a_full_disk_after_a_stop_in_good_order(void **state) {
    scene_run(*state, &(struct end){.full = true});
}

static void a_full_disk_hides_nothing_of_a_log_without_its_index(void **state) {
    scene_run(*state, &(struct end){.full = true, .killed = true, .index_too = true});
}

static void nothing_is_taken_of_a_journal_of_another_gateway(void **state) {
    struct scene *scene = *state;
    static const struct journal_identity other = {"gulou-demo", "spare", alarm_name, NULL};
    char reason[JOURNAL_REASON_SIZE];
    struct journal_store *store = NULL;
    if (!scene->disk.mounted) {
        skip(); /* see small_disk.h */
    }
    scene_end_life(scene, &(struct end){.killed = false});
    assert_int_equal(journal_store_recall(scene->database, &other, &store, reason),
                     JOURNAL_E_FAILED);
    assert_non_null(strstr(reason, "another"));
    assert_null(store);
    assert_int_equal(unlink(scene->database), 0);
    assert_int_equal(journal_store_recall(scene->database, &other, &store, reason),
                     JOURNAL_E_FAILED);
    assert_int_equal(access(scene->database, F_OK), -1);
}

static bool count_row(void *context, const struct journal_row *row) {
    *(uint32_t *)context += row->type != NULL;
    return true;
}

/* So many events as whoever shows the journal finds there. */
static uint32_t scene_shown(struct journal_reader *reader) {
    const struct journal_query query = {.until_seq = UINT64_MAX, .lane = -1, .limit = 100};
    uint64_t last_seq = 0;
    uint32_t count = 0;
    assert_int_equal(journal_read(reader, &query, count_row, &count, &last_seq), 0);
    return count;
}

/* … and what comes after the disk has been mended, by the same reader. */
static void scene_show(struct scene *scene, const struct end *end) {
    struct journal_reader *reader;
    if (!scene->disk.mounted) {
        skip(); /* see small_disk.h */
    }
    scene_end_life(scene, end);
    scene_close_disk(scene, false);
    assert_int_equal(journal_reader_new(scene->state, &reader), 0);
    assert_int_equal(scene_shown(reader), 2);
    assert_int_equal(scene_shown(reader), 2);
    scene_mend_disk(scene, false);
    scene_open(scene, LATER_TIMELINE, LATER_GENERATION);
    assert_int_equal(journal_start(scene->journal), 0);
    scene->recorded = scene->added = 2;
    scene_add_event(scene);
    scene_until_recorded(scene);
    assert_int_equal(scene_shown(reader), 3);
    (void)journal_reader_free(reader);
}

static void events_are_shown_from_a_disk_that_can_only_be_read(void **state) {
    scene_show(*state, &(struct end){.killed = false});
}

static void the_newest_are_shown_from_a_log_whose_index_is_gone(void **state) {
    scene_show(*state, &(struct end){.killed = true, .index_too = true});
}

/* Pages that are left on a disk which is otherwise full. */
static void scene_leave_room(const struct scene *scene, unsigned pages) {
    struct stat filler;
    scene_close_disk(scene, true);
    assert_int_equal(stat(scene->disk.filler, &filler), 0);
    assert_int_equal(truncate(scene->disk.filler, filler.st_size - (off_t)pages * 4096), 0);
}

/* Begin in place of a journal that is not to be trusted. Says whether that could be done. */
static bool scene_begin_anew(const struct scene *scene) {
    static struct journal_directory directory;
    static struct journal_finding finding;
    const struct journal_identity identity = {
        .site = "gulou-demo", .gateway = "main", .alarm_name = alarm_name};
    struct journal_store *store = NULL;
    assert_int_equal(journal_directory_init(&directory, scene->state, TIMELINE), 0);
    int r = journal_directory_open(&directory, &identity, "it is damaged", &store, &finding);
    if (r != 0) {
        assert_true(finding.reason[0] != '\0');
    }
    (void)journal_store_free(store, false);
    journal_directory_deinit(&directory);
    return r == 0;
}

static void however_little_room_there_is_no_salvage_gives_up_what_was_open(void **state) {
    struct scene *scene = *state;
    unsigned refused = 0;
    bool begun = false;
    if (!scene->disk.mounted) {
        skip(); /* see small_disk.h */
    }
    scene_end_life(scene, &(struct end){.killed = true});
    for (unsigned pages = 0; !begun; pages++) {
        assert_true(pages < 1000);
        scene_leave_room(scene, pages);
        begun = scene_begin_anew(scene);
        scene_mend_disk(scene, true);
        assert_int_equal(
            database_ask(scene->database, "SELECT count(*) FROM alarm WHERE open AND latched"), 1);
        refused += !begun;
    }
    assert_true(refused > 0);
}

int main(void) {
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE(what_was_open_is_known_on_a_disk_that_can_only_be_read),
        SCENE(the_newest_is_known_from_a_log_that_a_crash_left_there),
        SCENE(the_newest_is_known_from_a_log_whose_index_a_power_cut_took),
        SCENE(what_was_open_is_known_on_a_full_disk_after_a_stop_in_good_order),
        SCENE(a_full_disk_hides_nothing_of_a_log_without_its_index),
        SCENE(nothing_is_taken_of_a_journal_of_another_gateway),
        SCENE(events_are_shown_from_a_disk_that_can_only_be_read),
        SCENE(the_newest_are_shown_from_a_log_whose_index_is_gone),
        SCENE(however_little_room_there_is_no_salvage_gives_up_what_was_open),
    };
    return cmocka_run_group_tests(tests, small_disk_group_setup, NULL);
}
