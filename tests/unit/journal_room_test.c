/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A disk that is really full
 *
 * The state directory lies on a small disk (small_disk.h), and another file fills it to the last byte.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "gateway/clock.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/journal_reserve.h"
#include "gateway/log.h"
#include "gateway/site.h"
#include "tests/support/cmocka.h"
#include "tests/support/database.h"
#include "tests/support/small_disk.h"

enum { DISK_MIB = 192, RESERVE_MIB = DISK_MIB / JOURNAL_RESERVE_SHARE };

#define DEADLINE_NS (200 * NS_PER_S)
#define MIB         (UINT64_C(1) << 20)

struct scene {
    struct small_disk disk;
    char state[96], reserve[128], database[128];
    struct journal *journal;
    struct journal_report report; /* the newest, without its lists */
    uint64_t added, recorded;
};

/* ---- what is told ---- */

/* Lines since the test began, which the journal's writer wrote. */
static atomic_uint lines_failed, lines_crowded, lines_about_the_disk, lines_about_the_broker;

void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...)
    __attribute__((format(printf, 3, 4)));

void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...) {
    char text[1024];
    va_list arguments;
    (void)level;
    va_start(arguments, fields);
    (void)vsnprintf(text, sizeof text, fields, arguments);
    va_end(arguments);
    lines_failed += strcmp(event, "journal_failed") == 0;
    if (strcmp(event, "journal_crowded") == 0) {
        lines_crowded++;
        lines_about_the_disk += strstr(text, "make room on the disk") != NULL;
        lines_about_the_broker += strstr(text, "why the broker") != NULL;
    }
}

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "fire_alarm/room-%" PRIu32, alarm);
}

static int scene_setup(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    small_disk_make(&scene->disk, "room", DISK_MIB);
    (void)snprintf(scene->state, sizeof scene->state, "%s/state", scene->disk.path);
    (void)snprintf(scene->reserve, sizeof scene->reserve, "%s/reserve", scene->state);
    (void)snprintf(scene->database, sizeof scene->database, "%s/journal.db", scene->state);
    lines_failed = lines_crowded = lines_about_the_disk = lines_about_the_broker = 0;
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

static struct journal_conf scene_conf(const struct scene *scene) {
    return (struct journal_conf){
        .directory = scene->state,
        .identity = {.site = "gulou-demo", .gateway = "main", .alarm_name = alarm_name},
        .alarm_count = 1,
        .keep = {.keep_ns = JOURNAL_WEEK_NS,
                 .size = UINT64_C(1) << 30,
                 .sinks = {[JOURNAL_SINK_MQTT] = true}},
        .inspect_after_ns = DEADLINE_NS,
    };
}

static void scene_open(struct scene *scene) {
    const struct journal_conf conf = scene_conf(scene);
    assert_int_equal(journal_new(&conf, &scene->journal), 0);
    assert_true(journal_is_recording(scene->journal));
    assert_int_equal(journal_start(scene->journal), 0);
}

static void scene_take(struct scene *scene) {
    struct pollfd ready = {.fd = journal_fd(scene->journal), .events = POLLIN};
    (void)poll(&ready, 1, 100);
    journal_take(scene->journal, &scene->report);
    while (scene->report.events != NULL) {
        struct journal_event *event = scene->report.events;
        scene->report.events = event->next;
        assert_int_equal(event->seq, ++scene->recorded);
        (void)journal_event_free(event);
    }
    while (scene->report.alarms != NULL) {
        struct journal_alarm *alarm = scene->report.alarms;
        scene->report.alarms = alarm->next;
        free(alarm);
    }
    assert_null(scene->report.dropped);
}

/* Wait until `done` says so. */
static void scene_until(struct scene *scene, bool (*done)(struct scene *scene)) {
    uint64_t until_ns = clock_real_ns() + DEADLINE_NS;
    while (!done(scene)) {
        assert_true(clock_real_ns() < until_ns);
        scene_take(scene);
    }
}

static void scene_add(struct scene *scene, enum core_lane lane, uint32_t count) {
    static char text[6000];
    if (text[0] == '\0') {
        memset(text, '.', sizeof text);
        memcpy(text, ",\"data\":\"", 9);
        memcpy(text + sizeof text - 2, "\"}", 2);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct journal_event *event;
        assert_int_equal(journal_event_new(text, 0, sizeof text, &event), 0);
        event->lane = (uint8_t)lane;
        event->type = lane == LANE_ALARM ? EVENT_ALARM_RAISED : EVENT_ACCESS_GRANTED;
        event->alarm = lane == LANE_ALARM ? 0 : RULESET_NONE;
        atomic_init(&event->early, 0);
        journal_add_event(scene->journal, event);
        scene->added++;
    }
    (void)journal_submit(scene->journal);
}

static bool all_recorded(struct scene *scene) {
    return scene->recorded == scene->added;
}

static bool all_recorded_or_failing(struct scene *scene) {
    return all_recorded(scene) || !scene->report.recording;
}

static bool reserve_is_whole(struct scene *scene) {
    struct stat file;
    return stat(scene->reserve, &file) == 0 && (uint64_t)file.st_size == RESERVE_MIB * MIB;
}

static bool is_crowded(struct scene *scene) {
    return scene->report.crowded;
}

static bool is_well(struct scene *scene) {
    return !scene->report.crowded && scene->report.recording;
}

/* ---- how much is held back ---- */

static void a_large_disk_has_the_whole_reserve_and_a_small_one_its_share(void **state) {
    (void)state;
    const uint64_t whole = JOURNAL_RESERVE_BYTES * JOURNAL_RESERVE_SHARE;
    assert_int_equal(journal_reserve_wanted(UINT64_C(1) << 40), JOURNAL_RESERVE_BYTES);
    assert_int_equal(journal_reserve_wanted(whole), JOURNAL_RESERVE_BYTES);
    assert_int_equal(journal_reserve_wanted(whole - 1),
                     JOURNAL_RESERVE_BYTES - JOURNAL_RESERVE_PIECE);
    assert_int_equal(journal_reserve_wanted(JOURNAL_RESERVE_SHARE * MIB), MIB);
    assert_int_equal(journal_reserve_wanted(JOURNAL_RESERVE_SHARE * MIB - 1), 0);
}

static void the_reserve_takes_no_room_that_is_scarce(void **state) {
    struct scene *scene = *state;
    uint64_t bytes;
    if (!scene->disk.mounted) {
        skip(); /* see small_disk.h */
    }
    int directory = open(scene->disk.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(directory >= 0);
    assert_false(journal_reserve_spend(directory));
    for (uint64_t piece = 1; piece < RESERVE_MIB; piece++) {
        assert_int_equal(journal_reserve_grow(directory, &bytes), RESERVE_GROWING);
        assert_int_equal(bytes, piece * MIB);
    }
    small_disk_fill(&scene->disk);
    assert_int_equal(journal_reserve_grow(directory, &bytes), RESERVE_NO_ROOM);
    assert_int_equal(bytes, (RESERVE_MIB - 1) * MIB);
    /* Twice of what is missing is enough, and a page less is not. */
    assert_int_equal(truncate(scene->disk.filler, (off_t)((DISK_MIB - RESERVE_MIB - 1) * MIB)), 0);
    struct stat filler;
    assert_int_equal(stat(scene->disk.filler, &filler), 0);
    assert_int_equal(truncate(scene->disk.filler, filler.st_size + 4096), 0);
    int fd = open(scene->disk.filler, O_WRONLY | O_CLOEXEC);
    assert_int_equal(posix_fallocate(fd, filler.st_size, 4096), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(journal_reserve_grow(directory, &bytes), RESERVE_NO_ROOM);
    assert_int_equal(truncate(scene->disk.filler, filler.st_size), 0);
    assert_int_equal(journal_reserve_grow(directory, &bytes), RESERVE_WHOLE);
    assert_int_equal(journal_reserve_grow(directory, &bytes), RESERVE_WHOLE);
    assert_int_equal(bytes, RESERVE_MIB * MIB);
    assert_true(journal_reserve_spend(directory));
    assert_false(journal_reserve_spend(directory));
    assert_int_equal(close(directory), 0);
}

/* ---- full ---- */

static void alarms_are_recorded_on_a_full_disk_and_it_recovers_alone(void **state) {
    struct scene *scene = *state;
    struct journal_stats stats;
    if (!scene->disk.mounted) {
        skip(); /* see small_disk.h */
    }
    scene_open(scene);
    scene_until(scene, reserve_is_whole);
    scene_add(scene, LANE_ALARM, 10);
    scene_until(scene, all_recorded);
    assert_false(scene->report.crowded);
    small_disk_fill(&scene->disk);
    /* Until the log and the file have no room for more, and then some: no commit is seen to fail. */
    for (uint32_t behind = 0; behind < 3;) {
        scene_add(scene, LANE_ALARM, 20);
        scene_until(scene, all_recorded);
        assert_true(scene->report.recording);
        journal_stats(scene->journal, &stats);
        behind += stats.reserves_spent > 0;
    }
    scene_until(scene, is_crowded);
    /* Nothing has failed that the reserve made good. */
    assert_int_equal(lines_failed, 0);
    assert_int_equal(stats.reserves_spent, 1);
    assert_int_equal(stats.reserve_bytes, 0);
    assert_int_equal(unlink(scene->disk.filler), 0);
    scene_until(scene, is_well);
    assert_true(reserve_is_whole(scene));
    scene_add(scene, LANE_ALARM, 1);
    scene_until(scene, all_recorded);
}

static void what_the_reserve_cannot_hold_is_kept_and_recorded_when_there_is_room(void **state) {
    struct scene *scene = *state;
    if (!scene->disk.mounted) {
        skip(); /* see small_disk.h */
    }
    scene_open(scene);
    scene_until(scene, reserve_is_whole);
    small_disk_fill(&scene->disk);
    do {
        scene_add(scene, LANE_ALARM, 100);
        scene_until(scene, all_recorded_or_failing);
    } while (scene->report.recording);
    assert_true(scene->recorded < scene->added);
    assert_true(lines_failed > 0);
    scene_add(scene, LANE_ALARM, 10);
    assert_int_equal(unlink(scene->disk.filler), 0);
    scene_until(scene, all_recorded);
    scene_until(scene, is_well);
}

/* The reserve is for alarms: old activity makes room for what is new, though nobody has it yet. */
static void old_activity_makes_room_on_a_full_disk(void **state) {
    struct scene *scene = *state;
    struct journal_stats stats;
    if (!scene->disk.mounted) {
        skip(); /* see small_disk.h */
    }
    scene_open(scene);
    scene_until(scene, reserve_is_whole);
    scene_add(scene, LANE_ALARM, 10);
    scene_add(scene, LANE_ACTIVITY, 1000);
    scene_until(scene, all_recorded);
    small_disk_fill(&scene->disk);
    uint64_t until_ns = clock_real_ns() + DEADLINE_NS;
    do {
        assert_true(clock_real_ns() < until_ns);
        scene_add(scene, LANE_ACTIVITY, 20);
        scene_until(scene, all_recorded);
        assert_true(scene->report.recording);
        journal_stats(scene->journal, &stats);
    } while (stats.lost < 500);
    assert_true(lines_crowded > 0);
    assert_int_equal(lines_about_the_disk, lines_crowded);
    assert_int_equal(lines_about_the_broker, 0);
    scene->journal = journal_free(scene->journal);
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM event WHERE lane=0"), 10);
    /* The oldest went. */
    assert_int_equal(
        database_ask(scene->database, "SELECT min(seq) - 10 > 500 FROM event WHERE lane=1"), 1);
    assert_int_equal(database_ask(scene->database, "SELECT max(seq) FROM event"), scene->added);
}

/* ---- full at the start ---- */

/* Record an alarm's state, and end; without a word of farewell where `killed`. */
static void scene_life(struct scene *scene, bool killed) {
    struct journal_alarm *alarm;
    scene_open(scene);
    scene_until(scene, reserve_is_whole);
    assert_int_equal(journal_alarm_new(0, 0, &alarm), 0);
    alarm->record.axes = (struct alarm_axes){.latched = true, .open = true};
    journal_add_alarm(scene->journal, alarm);
    scene_add(scene, LANE_ALARM, 1);
    scene_until(scene, all_recorded);
    if (killed) {
        _exit(0);
    }
    scene->journal = journal_free(scene->journal);
}

static void count_open(void *context, const char *name, struct journal_alarm *alarm) {
    unsigned *count = context;
    (void)name;
    *count += alarm->record.axes.open && alarm->record.axes.latched;
}

/* Begin the next life; returns how many alarms are known to be open. */
static unsigned scene_begin_again(struct scene *scene) {
    const struct journal_conf conf = scene_conf(scene);
    unsigned known = 0;
    assert_int_equal(journal_new(&conf, &scene->journal), 0);
    assert_int_equal(journal_alarms(scene->journal, count_open, &known), 0);
    return known;
}

static void a_full_disk_at_the_start_has_the_reserve_to_begin_with(void **state) {
    struct scene *scene = *state;
    struct journal_stats stats;
    if (!scene->disk.mounted) {
        skip(); /* see small_disk.h */
    }
    scene_life(scene, false);
    small_disk_fill(&scene->disk);
    assert_int_equal(scene_begin_again(scene), 1);
    assert_true(journal_is_recording(scene->journal));
    journal_stats(scene->journal, &stats);
    assert_int_equal(stats.reserves_spent, 1);
    assert_int_equal(journal_start(scene->journal), 0);
    scene_add(scene, LANE_ALARM, 1);
    scene_until(scene, all_recorded);
}

static void what_was_open_is_known_where_nothing_at_all_can_be_written(void **state) {
    struct scene *scene = *state;
    int status;
    if (!scene->disk.mounted) {
        skip(); /* see small_disk.h */
    }
    pid_t child = fork();
    if (child == 0) {
        scene_life(scene, true);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(unlink(scene->reserve), 0);
    small_disk_fill(&scene->disk);
    assert_int_equal(scene_begin_again(scene), 1);
    assert_false(journal_is_recording(scene->journal));
    assert_int_equal(journal_boot(scene->journal)[0], 'r');
    assert_int_equal(unlink(scene->disk.filler), 0);
    assert_int_equal(journal_start(scene->journal), 0);
    scene->recorded = scene->added = 1;
    scene_add(scene, LANE_ALARM, 1);
    scene_until(scene, all_recorded);
    assert_true(scene->report.recording);
}

int main(void) {
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_disk_has_the_whole_reserve_and_a_small_one_its_share),
        SCENE(the_reserve_takes_no_room_that_is_scarce),
        SCENE(alarms_are_recorded_on_a_full_disk_and_it_recovers_alone),
        SCENE(what_the_reserve_cannot_hold_is_kept_and_recorded_when_there_is_room),
        SCENE(old_activity_makes_room_on_a_full_disk),
        SCENE(a_full_disk_at_the_start_has_the_reserve_to_begin_with),
        SCENE(what_was_open_is_known_where_nothing_at_all_can_be_written),
    };
    return cmocka_run_group_tests(tests, small_disk_group_setup, NULL);
}
