/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The journal with a disk of its own: a scratch directory per test
 *
 * The file is looked at with SQLite and hashed with OpenSSL here, not with the product's own code,
 * so that a mistake shared by its writer and its checks does not hide. What only a dying process
 * can show is done in a forked child, which never returns into the test runner.
 *
 * Each event carries a number, and tests number them so that it equals the seq it must get.
 */

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/sha.h>
#include <sqlite3.h>

#include "gateway/clock.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/journal_boot.h"
#include "gateway/site.h"
#include "tests/support/cmocka.h"
#include "tests/support/database.h"
#include "tests/support/scratch.h"

enum { ALARMS = 4, MEMORIES = 2, PATH_SIZE = 256, KILLS = 24 };

/* How long anything may take before a test gives up. */
#define DEADLINE_NS (60 * NS_PER_S)

struct scene {
    char root[64];
    char state[PATH_SIZE];
    char database[PATH_SIZE];
};

/* ---- the scratch directory ---- */

static int scene_setup(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    (void)snprintf(scene->root, sizeof scene->root, "/tmp/tocsin-journal-XXXXXX");
    assert_non_null(mkdtemp(scene->root));
    (void)snprintf(scene->state, sizeof scene->state, "%s/state", scene->root);
    (void)snprintf(scene->database, sizeof scene->database, "%s/state/journal.db", scene->root);
    *state = scene;
    return 0;
}

static int scene_teardown(void **state) {
    struct scene *scene = *state;
    int r = scratch_remove(scene->root);
    free(scene);
    return r;
}

/* How many damaged journals stand in the state directory; the path of one of them. */
static int scene_bad_count(const struct scene *scene, char ret_path[2 * PATH_SIZE]) {
    static const char prefix[] = "journal.db.bad-";
    DIR *directory = opendir(scene->state);
    assert_non_null(directory);
    int count = 0;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
            strstr(entry->d_name, "-wal") == NULL) {
            (void)snprintf(ret_path, 2 * PATH_SIZE, "%s/%.200s", scene->state, entry->d_name);
            count++;
        }
    }
    (void)closedir(directory);
    return count;
}

/* ---- a journal and its events ---- */

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "emergency_call/room-%" PRIu32, alarm);
}

static struct journal *journal_open_on(const struct scene *scene, uint64_t timeline) {
    struct journal_conf conf = {
        .timeline = timeline,
        .directory = scene->state,
        .identity = {.site = "gulou-demo", .gateway = "main", .alarm_name = alarm_name},
        .alarm_count = ALARMS,
        .keep = {.keep_ns = JOURNAL_WEEK_NS, .size = UINT64_C(1) << 30},
        .inspect_after_ns = 10 * NS_PER_S,
    };
    struct journal *journal;
    return journal_new(&conf, &journal) == 0 ? journal : NULL;
}

static struct journal *journal_open_for(const struct scene *scene) {
    return journal_open_on(scene, 0);
}

static struct journal_event *event_make(uint64_t number, enum core_lane lane) {
    static const char head[] = ",\"source\":\"/tocsin/gulou-demo/main\"";
    char text[JOURNAL_TEXT_MAX];
    int size =
        snprintf(text, sizeof text, "%s,\"data\":{\"number\":%" PRIu64 ",\"text\":\"%0200d\"}}",
                 head, number, 0);
    struct journal_event *event;
    if (journal_event_new(text, strlen(head), (size_t)size, &event) != 0) {
        abort();
    }
    event->wall = (struct wall){(int64_t)number};
    event->lane = (uint8_t)lane;
    event->type = lane == LANE_ALARM ? EVENT_ALARM_RAISED : EVENT_ACCESS_GRANTED;
    event->alarm = lane == LANE_ALARM ? 1 : RULESET_NONE;
    event->place = "care/day-care";
    atomic_init(&event->early, 0);
    return event;
}

/* The state of alarm 1, recognisable by its occurrence. */
static struct journal_alarm *state_make(uint64_t number) {
    struct journal_alarm *alarm;
    if (journal_alarm_new(1, MEMORIES, &alarm) != 0) {
        abort();
    }
    alarm->at = (struct instant){number};
    alarm->changed = (struct wall){(int64_t)number};
    alarm->value = 1;
    alarm->record = (struct alarm_record){
        .axes = {.active = true,
                 .latched = true,
                 .open = true,
                 .silenced = (number & 1) != 0,
                 .test = (number & 2) != 0,
                 .shelved = (number & 4) != 0,
                 .by_design = (number & 8) != 0,
                 .out_of_service = (number & 16) != 0,
                 .investigated = (number & 3) == 1,
                 .real = (number & 3) == 2,
                 .promoted = (number & 5) == 4,
                 .chattering = (number & 5) == 5,
                 .agreed = (number & 9) == 9},
        .condition = TRUTH_TRUE,
        .disposition = (uint8_t)(number % DISPOSITION_COUNT),
        .occurrence = (uint32_t)number,
        .raises = 1,
        .raised = {(int64_t)number},
        .condition_identity = UINT64_MAX - number,
    };
    for (uint32_t i = 0; i < ALARM_CLOCK_COUNT; i++) {
        alarm->record.left_ds[i] = UINT32_MAX - 2 - (uint32_t)number - i;
    }
    alarm->chain = (struct chain_record){.age_ns = number << 40,
                                         .receipt_ns = number << 33,
                                         .run = (uint32_t)(UINT32_MAX - number),
                                         .state = (uint8_t)(number % CHAIN_STATE_COUNT),
                                         .reached = (uint8_t)number};
    for (uint32_t m = 0; m < MEMORIES; m++) {
        alarm->memories[m] = (struct memory_record){.identity = UINT64_MAX / (number + m),
                                                    .true_age_ns = number + m,
                                                    .unknown_age_ns = UINT64_MAX,
                                                    .now = TRUTH_TRUE,
                                                    .kind = EXPR_MEMORY_WITHIN};
    }
    return alarm;
}

/* What reports have told so far. */
struct heard {
    uint64_t ticket, newest_seq;
    uint64_t events, dropped, alarms, last_seq;
    bool in_order;
    bool renewed;
    bool recording;
};

static void heard_take(struct heard *heard, struct journal *journal) {
    struct journal_report report;
    journal_take(journal, &report);
    heard->ticket = report.ticket;
    heard->newest_seq = report.newest_seq;
    heard->recording = report.recording;
    heard->renewed = heard->renewed || report.renewed;
    while (report.events != NULL) {
        struct journal_event *event = report.events;
        report.events = event->next;
        heard->in_order = heard->in_order && event->seq > heard->last_seq;
        heard->last_seq = event->seq;
        heard->events++;
        (void)journal_event_free(event);
    }
    while (report.dropped != NULL) {
        struct journal_event *event = report.dropped;
        report.dropped = event->next;
        heard->dropped++;
        (void)journal_event_free(event);
    }
    while (report.alarms != NULL) {
        struct journal_alarm *alarm = report.alarms;
        report.alarms = alarm->next;
        heard->alarms++;
        free(alarm);
    }
}

/* Wait until everything up to `ticket` is recorded; false after the deadline. */
static bool heard_wait(struct heard *heard, struct journal *journal, uint64_t ticket) {
    uint64_t until_ns = clock_real_ns() + DEADLINE_NS;
    heard_take(heard, journal);
    while (heard->ticket < ticket && clock_real_ns() < until_ns) {
        struct pollfd ready = {.fd = journal_fd(journal), .events = POLLIN};
        (void)poll(&ready, 1, 1000);
        heard_take(heard, journal);
    }
    return heard->ticket >= ticket;
}

/* Record events `first` … `last` in one life of the journal. */
static void scene_record(const struct scene *scene, uint64_t first, uint64_t last) {
    struct journal *journal = journal_open_for(scene);
    struct heard heard = {.in_order = true};
    assert_non_null(journal);
    assert_int_equal(journal_start(journal), 0);
    uint64_t ticket = 0;
    for (uint64_t n = first; n <= last; n++) {
        journal_add_event(journal, event_make(n, LANE_ALARM));
        journal_add_alarm(journal, state_make(n));
        ticket = journal_submit(journal);
    }
    assert_true(heard_wait(&heard, journal, ticket));
    assert_true(heard.in_order);
    assert_int_equal(heard.events, last - first + 1);
    assert_int_equal(heard.newest_seq, last);
    (void)journal_free(journal);
}

/* ---- looking at the file ---- */

/* The row says in its body what it is: its id, its sequence, and the number it was given. */
static void row_check(uint64_t seq, const char *boot, const char *body) {
    char id[128];
    char sequence[64];
    char number[64];
    (void)snprintf(id, sizeof id, "\"id\":\"gulou-demo.main.%s.%" PRIu64 "\"", boot, seq);
    (void)snprintf(sequence, sizeof sequence, ",\"sequence\":%" PRIu64 ",", seq);
    (void)snprintf(number, sizeof number, "{\"number\":%" PRIu64 ",", seq);
    assert_non_null(strstr(body, id));
    assert_non_null(strstr(body, sequence));
    assert_non_null(strstr(body, number));
}

/* Every row from `first` to `last` is there, in order, and hashed onto the one before it. */
static void database_check(const char *path, uint64_t first, uint64_t last) {
    unsigned char chained[SHA256_DIGEST_LENGTH + WIRE_BODY_MAX] = {0};
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT seq,boot,body,digest FROM event ORDER BY seq",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    uint64_t expected = first;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *body = (const char *)sqlite3_column_text(statement, 2);
        size_t size = (size_t)sqlite3_column_bytes(statement, 2);
        unsigned char digest[SHA256_DIGEST_LENGTH];
        assert_int_equal(sqlite3_column_int64(statement, 0), expected);
        row_check(expected, (const char *)sqlite3_column_text(statement, 1), body);
        assert_true(size <= WIRE_BODY_MAX);
        memcpy(chained + SHA256_DIGEST_LENGTH, body, size);
        (void)SHA256(chained, SHA256_DIGEST_LENGTH + size, digest);
        assert_int_equal(sqlite3_column_bytes(statement, 3), SHA256_DIGEST_LENGTH);
        assert_memory_equal(sqlite3_column_blob(statement, 3), digest, sizeof digest);
        memcpy(chained, digest, sizeof digest);
        expected++;
    }
    assert_int_equal(expected, last + 1);
    (void)sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Every axis and every clock is as it was made. */
static void alarm_is_whole(const struct journal_alarm *alarm) {
    struct journal_alarm *made = state_make(alarm->record.occurrence);
    assert_memory_equal(&alarm->record.axes, &made->record.axes, sizeof made->record.axes);
    assert_memory_equal(alarm->record.left_ds, made->record.left_ds, sizeof made->record.left_ds);
    assert_int_equal(alarm->record.disposition, made->record.disposition);
    assert_memory_equal(&alarm->chain, &made->chain, sizeof made->chain);
    free(made);
}

/* An alarm without its past: what it remembers is nobody's. */
static void alarm_remember_bare(void *context, const char *name, struct journal_alarm *alarm) {
    uint64_t *occurrence = context;
    assert_string_equal(name, "emergency_call/room-1");
    assert_true(alarm->record.axes.active && alarm->record.axes.latched && alarm->record.axes.open);
    assert_false(alarm->record.axes.acked || alarm->record.axes.pending);
    assert_int_equal(alarm->memory_count, 0);
    assert_int_equal(alarm->record.condition_identity, 0);
    *occurrence = alarm->record.occurrence;
}

static void alarm_remember(void *context, const char *name, struct journal_alarm *alarm) {
    uint64_t *occurrence = context;
    assert_string_equal(name, "emergency_call/room-1");
    assert_true(alarm->record.axes.active && alarm->record.axes.latched && alarm->record.axes.open);
    assert_false(alarm->record.axes.acked || alarm->record.axes.pending);
    struct journal_alarm *made = state_make(alarm->record.occurrence);
    assert_int_equal(alarm->memory_count, MEMORIES);
    assert_memory_equal(alarm->memories, made->memories, MEMORIES * sizeof made->memories[0]);
    assert_int_equal(alarm->record.condition_identity, made->record.condition_identity);
    free(made);
    *occurrence = alarm->record.occurrence;
}

static void alarm_remember_all_but_past(void *context, const char *name,
                                        struct journal_alarm *alarm) {
    alarm_remember_bare(context, name, alarm);
    alarm_is_whole(alarm);
}

static void alarm_remember_whole(void *context, const char *name, struct journal_alarm *alarm) {
    alarm_remember(context, name, alarm);
    alarm_is_whole(alarm);
}

/* The number that the recorded state of alarm 1 carries; 0 when there is none. */
static uint64_t alarm_recorded(struct journal *journal) {
    uint64_t occurrence = 0;
    assert_int_equal(journal_alarms(journal, alarm_remember, &occurrence), 0);
    return occurrence;
}

/* Likewise of a state that has lost its past. */
static uint64_t alarm_recorded_bare(struct journal *journal) {
    uint64_t occurrence = 0;
    assert_int_equal(journal_alarms(journal, alarm_remember_bare, &occurrence), 0);
    return occurrence;
}

/* Likewise, and yet with every axis, clock and escalation. */
static uint64_t alarm_recorded_all_but_past(struct journal *journal) {
    uint64_t occurrence = 0;
    assert_int_equal(journal_alarms(journal, alarm_remember_all_but_past, &occurrence), 0);
    return occurrence;
}

/* ---- restarts ---- */

static void the_chain_goes_on_over_a_restart_without_a_gap(void **state) {
    const struct scene *scene = *state;
    scene_record(scene, 1, 7);
    database_check(scene->database, 1, 7);
    scene_record(scene, 8, 20);
    scene_record(scene, 21, 21);
    database_check(scene->database, 1, 21);
}

/* The boot that the file beside the journal holds. */
static uint64_t boot_in_file(const struct scene *scene) {
    struct journal_boot boot = {0};
    int directory = open(scene->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(directory >= 0);
    assert_int_equal(journal_boot_read(directory, &boot), 0);
    assert_int_equal(close(directory), 0);
    return boot.boot;
}

/* Open and close; returns the boot of that life. */
static uint64_t boot_live(const struct scene *scene) {
    char text[JOURNAL_BOOT_SIZE];
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    uint64_t boot = strtoull(journal_boot(journal), NULL, 10);
    (void)snprintf(text, sizeof text, "%" PRIu64, boot);
    assert_string_equal(journal_boot(journal), text);
    (void)journal_free(journal);
    assert_int_equal(boot_in_file(scene), boot);
    return boot;
}

static void every_life_has_a_boot_of_its_own(void **state) {
    const struct scene *scene = *state;
    uint64_t before = boot_live(scene);
    for (int life = 1; life <= 3; life++) {
        uint64_t boot = boot_live(scene);
        assert_in_range(boot, before + 1, before + JOURNAL_BOOT_STEP_MAX);
        before = boot;
    }
}

/* A snapshot of the machine, or a copy of the directory: nothing in it knows of what was lived since. */
static void a_directory_that_is_put_back_begins_no_life_a_second_time(void **state) {
    const struct scene *scene = *state;
    char command[4 * PATH_SIZE];
    uint64_t used[3 * 4];
    (void)boot_live(scene);
    (void)snprintf(command, sizeof command, "cp -a '%s' '%s.snapshot'", scene->state, scene->state);
    assert_int_equal(system(command), 0);
    (void)snprintf(command, sizeof command, "rm -r '%s' && cp -a '%s.snapshot' '%s'", scene->state,
                   scene->state, scene->state);
    for (size_t i = 0; i < sizeof used / sizeof *used; i++) {
        if (i % 3 == 0) {
            assert_int_equal(system(command), 0);
        }
        used[i] = boot_live(scene);
        for (size_t before = 0; before < i; before++) {
            assert_true(used[before] != used[i]);
        }
    }
}

static void the_next_boot_is_larger_and_stays_below_what_json_keeps(void **state) {
    (void)state;
    const uint64_t end = UINT64_C(1) << 53;
    const uint64_t known[] = {1, end - JOURNAL_BOOT_STEP_MAX - 1, end - JOURNAL_BOOT_STEP_MAX,
                              end - 3, end - 2};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint64_t largest = 0;
        for (int chance = 0; chance < 1000; chance++) {
            uint64_t next = journal_boot_next(known[i]);
            assert_in_range(next, known[i] + 1, end - 1);
            assert_true(next - known[i] <= JOURNAL_BOOT_STEP_MAX);
            largest = next > largest ? next : largest;
        }
        /* All of 1000 in the lower half: never; where there is no room for a step, always. */
        assert_true(i > 2 || largest - known[i] > JOURNAL_BOOT_STEP_MAX / 2);
    }
    assert_int_equal(journal_boot_next(end - 2), end - 1);
    assert_int_equal(journal_boot_next(end - 1), end); /* it is still larger */
}

static void a_boot_is_never_used_again_when_both_its_places_are_lost(void **state) {
    const struct scene *scene = *state;
    char boot_file[PATH_SIZE + 8];
    (void)snprintf(boot_file, sizeof boot_file, "%s/boot", scene->state);
    uint64_t used[2 * 8];
    for (size_t i = 0; i < 8; i++) {
        used[2 * i] = boot_live(scene);
        used[2 * i + 1] = boot_live(scene);
        assert_int_equal(unlink(boot_file), 0);
        assert_int_equal(unlink(scene->database), 0);
    }
    for (size_t i = 0; i < sizeof used / sizeof *used; i++) {
        assert_true(used[i] < UINT64_C(1) << 53);
        for (size_t before = 0; before < i; before++) {
            assert_true(used[before] != used[i]);
        }
    }
}

static void a_later_beginning_is_larger_and_any_clock_gives_a_number(void **state) {
    (void)state;
    static const int64_t seconds[] = {-1, 0, 1577836800, 1577836801, 1795611786, 1795611787};
    uint64_t first[sizeof seconds / sizeof *seconds];
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        first[i] = journal_boot_first((struct wall){seconds[i] * (int64_t)NS_PER_S});
        assert_true(first[i] >= 1);
    }
    assert_true(first[2] < first[3] && first[3] < first[4] && first[4] < first[5]);
    assert_true(first[2] <= UINT64_C(1) << 22);
}

static void a_boot_survives_the_loss_of_either_of_its_two_places(void **state) {
    const struct scene *scene = *state;
    char boot_file[PATH_SIZE + 8];
    (void)snprintf(boot_file, sizeof boot_file, "%s/boot", scene->state);
    scene_record(scene, 1, 2);
    uint64_t first = boot_in_file(scene);
    assert_int_equal(unlink(boot_file), 0);
    uint64_t second = boot_live(scene);
    assert_in_range(second, first + 1, first + JOURNAL_BOOT_STEP_MAX);
    assert_int_equal(unlink(scene->database), 0);
    assert_in_range(boot_live(scene), second + 1, second + JOURNAL_BOOT_STEP_MAX);
}

static void what_a_sink_has_confirmed_is_known_after_a_restart(void **state) {
    const struct scene *scene = *state;
    struct heard heard = {.in_order = true};
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(journal_start(journal), 0);
    journal_confirm(journal, JOURNAL_SINK_MQTT, LANE_ALARM, 9);
    journal_confirm(journal, JOURNAL_SINK_MQTT, LANE_ACTIVITY, 4);
    journal_confirm(journal, JOURNAL_SINK_MQTT, LANE_ALARM, 8);
    assert_true(heard_wait(&heard, journal, journal_submit(journal)));
    (void)journal_free(journal);
    journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(journal_confirmed(journal, JOURNAL_SINK_MQTT, LANE_ALARM), 9);
    assert_int_equal(journal_confirmed(journal, JOURNAL_SINK_MQTT, LANE_ACTIVITY), 4);
    (void)journal_free(journal);
}

/* Not by their size: each life of a field process begins anywhere. */
static void the_newest_token_of_each_field_process_is_known_after_a_restart(void **state) {
    const struct scene *scene = *state;
    struct heard heard = {.in_order = true};
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(journal_token(journal, 0), 0);
    assert_int_equal(journal_start(journal), 0);
    journal_add_token(journal, 0, UINT64_C(0xfedcba9800000007));
    (void)journal_submit(journal);
    journal_add_token(journal, 0, 3);
    journal_add_token(journal, JOURNAL_FIELD_MAX - 1, UINT64_C(0xfedcba9800000008));
    assert_int_equal(journal_token(journal, 0), 3);
    assert_true(heard_wait(&heard, journal, journal_submit(journal)));
    (void)journal_free(journal);
    journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(journal_token(journal, 0), 3);
    assert_int_equal(journal_token(journal, 1), 0);
    assert_int_equal(journal_token(journal, JOURNAL_FIELD_MAX - 1), UINT64_C(0xfedcba9800000008));
    (void)journal_free(journal);
}

static void an_event_that_went_out_early_is_linked_to_its_seq(void **state) {
    const struct scene *scene = *state;
    struct heard heard = {.in_order = true};
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(journal_start(journal), 0);
    struct journal_event *event = event_make(1, LANE_ALARM);
    atomic_store(&event->early, 5);
    journal_add_event(journal, event);
    journal_add_event(journal, event_make(2, LANE_ALARM));
    (void)journal_submit(journal);
    assert_int_equal(journal_add_link(journal, 2, 6), 0);
    assert_true(heard_wait(&heard, journal, journal_submit(journal)));
    (void)journal_free(journal);
    assert_int_equal(database_ask(scene->database, "SELECT n FROM first_sent WHERE seq=1"), 5);
    assert_int_equal(database_ask(scene->database, "SELECT n FROM first_sent WHERE seq=2"), 6);
}

/* ---- SIGKILL ---- */

/* What the child tells through its pipe: first its boot, then each newest seq it was told of. */
struct told {
    uint64_t boot;
    uint64_t seq;
};

/* Record bursts of events until somebody kills us. An alarm's state goes with each burst. */
static void child_write(const struct scene *scene, int pipe_fd, unsigned seed) {
    struct journal *journal = journal_open_for(scene);
    struct heard heard = {.in_order = true};
    if (journal == NULL || journal_start(journal) != 0) {
        _exit(2);
    }
    struct told told = {.boot = strtoull(journal_boot(journal), NULL, 10)};
    uint64_t number = journal_newest(journal);
    while (write(pipe_fd, &told, sizeof told) == (ssize_t)sizeof told) {
        uint64_t ticket = 0;
        for (int submits = 0; submits < 3; submits++) {
            uint64_t burst = 1 + (unsigned)rand_r(&seed) % 12;
            while (burst-- > 0) {
                journal_add_event(journal, event_make(++number, LANE_ALARM));
            }
            journal_add_alarm(journal, state_make(number));
            ticket = journal_submit(journal);
        }
        if (!heard_wait(&heard, journal, ticket) || !heard.in_order) {
            _exit(3);
        }
        told.seq = heard.newest_seq;
    }
    _exit(4);
}

/* Let a child write, kill it at a moment that `seed` chooses, and say what it told last. */
static struct told scene_kill(const struct scene *scene, unsigned seed) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        child_write(scene, ends[1], seed);
    }
    (void)close(ends[1]);
    struct told last = {0};
    struct told told;
    /* Every fourth child dies while it opens or early on; the others in the middle of their work.
     */
    unsigned rounds = seed % 4 == 0 ? 0 : (unsigned)rand_r(&seed) % 30;
    for (unsigned i = 0; i < rounds; i++) {
        assert_int_equal(read(ends[0], &told, sizeof told), sizeof told);
        last = told;
    }
    struct timespec moment = {.tv_nsec = rand_r(&seed) % (6 * (long)NS_PER_MS)};
    (void)nanosleep(&moment, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    while (read(ends[0], &told, sizeof told) == (ssize_t)sizeof told) {
        last = told;
    }
    (void)close(ends[0]);
    return last;
}

static void nothing_that_was_reported_is_lost_when_the_writer_is_killed(void **state) {
    const struct scene *scene = *state;
    uint64_t boot = 0;
    uint64_t reported = 0;
    for (unsigned n = 0; n < KILLS; n++) {
        struct told told = scene_kill(scene, 4711 + n);
        struct journal *journal = journal_open_for(scene);
        assert_non_null(journal);
        uint64_t next_boot = strtoull(journal_boot(journal), NULL, 10);
        uint64_t newest = journal_newest(journal);
        reported = told.seq > reported ? told.seq : reported;
        assert_true(journal_is_recording(journal));
        assert_false(journal_was_damaged(journal));
        assert_true(newest >= reported);
        reported = newest;
        assert_true(told.boot == 0 || told.boot > boot);
        assert_true(next_boot > boot && next_boot > told.boot);
        boot = next_boot;
        /* The state went into the transaction of its events: neither is there without the other.
         */
        assert_int_equal(alarm_recorded(journal), newest);
        (void)journal_free(journal);
        database_check(scene->database, 1, newest);
    }
    assert_true(reported > 0);
}

/* ---- damage ---- */

/* What is left of the events, each as it was recorded; `_` for one that is lost. */
static void database_holds(const char *path, const char *expected) {
    char left[64] = {0};
    sqlite3 *db;
    sqlite3_stmt *statement;
    memset(left, '_', strlen(expected));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT seq,boot,body FROM event", -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        uint64_t seq = (uint64_t)sqlite3_column_int64(statement, 0);
        assert_in_range(seq, 1, strlen(expected));
        row_check(seq, (const char *)sqlite3_column_text(statement, 1),
                  (const char *)sqlite3_column_text(statement, 2));
        left[seq - 1] = '!';
    }
    (void)sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_string_equal(left, expected);
}

/* `events` is what is left of them, and of three that are recorded afterwards. */
static void damage_leaves(const struct scene *scene, uint64_t newest,
                          uint64_t (*recorded)(struct journal *journal), uint64_t kept,
                          const char *events) {
    char aside[2 * PATH_SIZE];
    uint64_t before = boot_in_file(scene);
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_true(journal_was_damaged(journal));
    assert_true(journal_is_recording(journal));
    assert_in_range(boot_in_file(scene), before + 1, before + JOURNAL_BOOT_STEP_MAX);
    assert_int_equal(journal_newest(journal), newest);
    assert_int_equal(recorded(journal), kept);
    (void)journal_free(journal);
    assert_int_equal(scene_bad_count(scene, aside), 1);
    scene_record(scene, newest + 1, newest + 3);
    database_holds(scene->database, events);
    journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_false(journal_was_damaged(journal));
    (void)journal_free(journal);
}

static void damage_is_noticed(const struct scene *scene, uint64_t newest, bool alarm_is_kept,
                              const char *events) {
    damage_leaves(scene, newest, alarm_recorded, alarm_is_kept ? newest : 0, events);
}

static void a_file_full_of_nonsense_is_set_aside_and_seq_goes_on(void **state) {
    const struct scene *scene = *state;
    char nonsense[16384];
    char aside[2 * PATH_SIZE];
    char kept[sizeof nonsense];
    scene_record(scene, 1, 5);
    memset(nonsense, 0x5a, sizeof nonsense);
    int fd = open(scene->database, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, nonsense, sizeof nonsense), sizeof nonsense);
    assert_int_equal(close(fd), 0);
    damage_is_noticed(scene, 5, false, "_____!!!");
    /* Whoever looks into it later finds it as it was. */
    assert_int_equal(scene_bad_count(scene, aside), 1);
    fd = open(aside, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, kept, sizeof kept), sizeof kept);
    assert_int_equal(close(fd), 0);
    assert_memory_equal(kept, nonsense, sizeof nonsense);
}

static void a_changed_body_is_noticed_and_open_alarms_move_over(void **state) {
    const struct scene *scene = *state;
    scene_record(scene, 1, 6);
    database_run(scene->database, "UPDATE event SET body=replace(body,'main','mein') WHERE seq=3");
    damage_is_noticed(scene, 6, true, "!!_!!!!!!");
}

static void a_boot_file_that_lags_does_not_make_a_seq_come_twice(void **state) {
    static const char lagging[] = "tocsin boot 1\nboot 1\nseq 2\n";
    const struct scene *scene = *state;
    char boot_file[PATH_SIZE + 8];
    (void)snprintf(boot_file, sizeof boot_file, "%s/boot", scene->state);
    scene_record(scene, 1, 6);
    int fd = open(boot_file, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, lagging, strlen(lagging)), strlen(lagging));
    assert_int_equal(close(fd), 0);
    database_run(scene->database, "UPDATE event SET digest=zeroblob(32) WHERE seq=4");
    damage_is_noticed(scene, 6, true, "!!!!!!!!!");
}

static void a_removed_row_is_noticed(void **state) {
    const struct scene *scene = *state;
    scene_record(scene, 1, 6);
    database_run(scene->database, "DELETE FROM event WHERE seq=4");
    damage_is_noticed(scene, 6, true, "!!!_!!!!!");
}

static void a_removed_first_row_is_noticed(void **state) {
    const struct scene *scene = *state;
    scene_record(scene, 1, 6);
    database_run(scene->database, "DELETE FROM event WHERE seq=1");
    damage_is_noticed(scene, 6, true, "_!!!!!!!!");
}

static void the_journal_of_another_site_is_set_aside(void **state) {
    const struct scene *scene = *state;
    scene_record(scene, 1, 6);
    database_run(scene->database, "UPDATE meta SET value='elsewhere' WHERE key='site';"
                                  "UPDATE event SET body=replace(body,'gulou-demo','elsewhere')");
    damage_is_noticed(scene, 6, false, "______!!!");
}

static void the_journal_of_another_gateway_is_set_aside(void **state) {
    const struct scene *scene = *state;
    scene_record(scene, 1, 6);
    database_run(scene->database, "UPDATE meta SET value='elsewhere' WHERE key='gateway';"
                                  "UPDATE event SET body=replace(body,'.main.','.elsewhere.')");
    damage_is_noticed(scene, 6, false, "______!!!");
}

static void a_journal_of_a_later_build_is_set_aside(void **state) {
    const struct scene *scene = *state;
    scene_record(scene, 1, 6);
    database_run(scene->database, "PRAGMA user_version=99");
    damage_is_noticed(scene, 6, true, "!!!!!!!!!");
}

/* ---- what stands beside the alarms ---- */

/* Tests of the two places, each with points ticked off, and a flood with a number. */
static struct journal_standing *standing_make(uint32_t incident, const char *place,
                                              const char *other) {
    const char *const places[] = {place, other};
    struct journal_standing *standing;
    assert_int_equal(journal_standing_new(&standing), 0);
    standing->at = (struct instant){77 * NS_PER_S};
    standing->at_wall = (struct wall){1234567};
    standing->flood = (struct flood_record){.incident = incident, .runs = 1};
    standing->clock_good = (struct wall){5000 + incident};
    for (size_t i = 0; i < 2 && places[i] != NULL; i++) {
        struct journal_test *test;
        char *tripped;
        assert_int_equal(journal_standing_add(standing, 64, &test, &tripped), 0);
        test->place = places[i];
        test->begun = (struct wall){1000 + (int64_t)i};
        test->left_ds = 6000 + (uint32_t)i;
        (void)snprintf(test->actor, sizeof test->actor, "wang");
        (void)snprintf(test->role, sizeof test->role, "engineer");
        (void)snprintf(test->reason, sizeof test->reason, "yearly %zu", i);
        (void)snprintf(tripped, 64, "%s/button-1 %s/smoke-1 ", places[i], places[i]);
        struct journal_walk *walk;
        assert_int_equal(journal_standing_add_walk(standing, 64, &walk, &tripped), 0);
        walk->place = places[i];
        walk->left_ds = 60000;
        (void)snprintf(tripped, 64, "care/smoke-1 ");
        const struct core_trip_record trip = {.earnest_age_ns = UINT64_MAX, .tested_age_ns = i};
        assert_int_equal(journal_standing_add_trip(standing, places[i], &trip), 0);
    }
    return standing;
}

/* The names of the tests that were handed out, with a comma after each. */
static void test_remember(void *context, const struct journal_standing *standing,
                          const struct journal_test *test) {
    char *names = context;
    char tripped[64];
    uint32_t i = test->left_ds - 6000;
    (void)snprintf(names + strlen(names), 200 - strlen(names), "%s,", test->place);
    (void)snprintf(tripped, sizeof tripped, "%s/button-1 %s/smoke-1 ", test->place, test->place);
    assert_string_equal(test->tripped, tripped);
    assert_int_equal(test->begun.ns, 1000 + i);
    assert_string_equal(test->actor, "wang");
    assert_string_equal(test->role, "engineer");
    assert_string_equal(test->reason, i == 0 ? "yearly 0" : "yearly 1");
    assert_int_equal(standing->at.ns, 77 * NS_PER_S);
    assert_int_equal(standing->at_wall.ns, 1234567);
}

/* What was recorded by standing_make() of the round of a place, if it was. */
static void walk_remember(void *context, const struct journal_standing *standing,
                          const struct journal_walk *walk) {
    char *names = context;
    (void)snprintf(names + strlen(names), 200 - strlen(names), "%s,", walk->place);
    assert_string_equal(walk->tripped, "care/smoke-1 ");
    assert_int_equal(walk->left_ds, 60000);
    assert_int_equal(standing->at.ns, 77 * NS_PER_S);
    assert_int_equal(standing->at_wall.ns, 1234567);
}

/* … and of the trip of a point that is called like the place. */
static void trip_remember(void *context, const struct journal_standing *standing,
                          const struct journal_trip *trip) {
    char *names = context;
    (void)snprintf(names + strlen(names), 200 - strlen(names), "%s,", trip->point);
    assert_int_equal(trip->record.earnest_age_ns, UINT64_MAX);
    assert_int_equal(trip->record.tested_age_ns, strcmp(names, "care,sport,") == 0);
    assert_int_equal(standing->at.ns, 77 * NS_PER_S);
    assert_int_equal(standing->at_wall.ns, 1234567);
}

/* The journal knows these tests, and this flood. */
static void standing_check(const struct scene *scene, const char *tests, uint32_t incident) {
    char names[200] = "";
    struct flood_record flood;
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    struct wall good = {-1};
    assert_int_equal(journal_tests(journal, test_remember, names), 0);
    assert_string_equal(names, tests);
    names[0] = '\0';
    assert_int_equal(journal_walks(journal, walk_remember, names), 0);
    assert_string_equal(names, tests);
    names[0] = '\0';
    assert_int_equal(journal_trips(journal, trip_remember, names), 0);
    assert_string_equal(names, tests);
    assert_int_equal(journal_clock(journal, &good), 0);
    assert_int_equal(good.ns, incident == 0 ? 0 : 5000 + incident);
    assert_int_equal(journal_flood(journal, &flood), 0);
    assert_int_equal(flood.incident, incident);
    assert_int_equal(flood.runs, incident > 0);
    (void)journal_free(journal);
}

/* Record all of them in one life; several before the writer looks are as good as the last. */
static void standing_record(const struct scene *scene, uint64_t number,
                            struct journal_standing *first, struct journal_standing *second) {
    struct journal *journal = journal_open_for(scene);
    struct heard heard = {.in_order = true};
    assert_non_null(journal);
    assert_int_equal(journal_start(journal), 0);
    journal_add_event(journal, event_make(number, LANE_ACTIVITY));
    journal_add_standing(journal, first);
    if (second != NULL) {
        journal_add_standing(journal, second);
    }
    assert_true(heard_wait(&heard, journal, journal_submit(journal)));
    (void)journal_free(journal);
}

static void tests_and_the_flood_are_known_after_a_restart_until_they_end(void **state) {
    const struct scene *scene = *state;
    standing_check(scene, "", 0);
    standing_record(scene, 1, standing_make(3, "care", "sport"), NULL);
    standing_check(scene, "care,sport,", 3);
    standing_record(scene, 2, standing_make(4, "care", NULL), standing_make(5, "sport", NULL));
    standing_check(scene, "sport,", 5);
    standing_record(scene, 3, standing_make(5, NULL, NULL), NULL);
    standing_check(scene, "", 5);
}

/* When each thing was recorded, as it is handed out. */
struct instants {
    struct instant alarm, test, walk, trip, present;
};

static void instant_of_alarm(void *context, const char *name, struct journal_alarm *alarm) {
    (void)name;
    ((struct instants *)context)->alarm = alarm->at;
}

static void instant_of_test(void *context, const struct journal_standing *standing,
                            const struct journal_test *test) {
    (void)test;
    ((struct instants *)context)->test = standing->at;
}

static void instant_of_walk(void *context, const struct journal_standing *standing,
                            const struct journal_walk *walk) {
    (void)walk;
    ((struct instants *)context)->walk = standing->at;
}

static void instant_of_trip(void *context, const struct journal_standing *standing,
                            const struct journal_trip *trip) {
    (void)trip;
    ((struct instants *)context)->trip = standing->at;
}

static void instant_of_present(void *context, const struct journal_present *present,
                               const struct journal_point *point) {
    (void)point;
    ((struct instants *)context)->present = present->at;
}

/* All five say `want_ns`, after a start on the timeline. */
static void instants_are(const struct scene *scene, uint64_t timeline, uint64_t want_ns) {
    struct instants instants = {{0}, {0}, {0}, {0}, {0}};
    struct journal *journal = journal_open_on(scene, timeline);
    assert_non_null(journal);
    assert_int_equal(journal_alarms(journal, instant_of_alarm, &instants), 0);
    assert_int_equal(journal_tests(journal, instant_of_test, &instants), 0);
    assert_int_equal(journal_walks(journal, instant_of_walk, &instants), 0);
    assert_int_equal(journal_trips(journal, instant_of_trip, &instants), 0);
    assert_int_equal(journal_points(journal, instant_of_present, &instants), 0);
    assert_int_equal(instants.trip.ns, want_ns);
    assert_int_equal(instants.alarm.ns, want_ns);
    assert_int_equal(instants.test.ns, want_ns);
    assert_int_equal(instants.walk.ns, want_ns);
    assert_int_equal(instants.present.ns, want_ns);
    (void)journal_free(journal);
}

/* Record one of each at 77 s. */
static void instants_record(const struct scene *scene, uint64_t timeline) {
    struct heard heard = {.in_order = true};
    struct journal *journal = journal_open_on(scene, timeline);
    struct journal_present *present;
    struct journal_alarm *alarm = state_make(1);
    assert_non_null(journal);
    assert_int_equal(journal_start(journal), 0);
    assert_int_equal(journal_present_new(1, &present), 0);
    present->at = alarm->at = (struct instant){77 * NS_PER_S};
    present->points[present->count++] = (struct journal_point){.point = "gate/door"};
    journal_add_alarm(journal, alarm);
    journal_add_standing(journal, standing_make(1, "care", NULL));
    journal_add_present(journal, present);
    assert_true(heard_wait(&heard, journal, journal_submit(journal)));
    (void)journal_free(journal);
}

/* After a boot of the machine the instants of before are later than all: no time has passed since. */
static void instants_of_another_timeline_mean_nothing(void **state) {
    const struct scene *scene = *state;
    instants_record(scene, UINT64_MAX - 1);
    instants_are(scene, UINT64_MAX - 1, 77 * NS_PER_S);
    instants_record(scene, UINT64_MAX - 1);
    instants_are(scene, 5, INT64_MAX);
    instants_record(scene, 5); /* they count again from the first that is recorded */
    instants_are(scene, 5, 77 * NS_PER_S);
    instants_record(scene, 5);
    instants_are(scene, UINT64_MAX - 1, INT64_MAX);
}

/* Nobody waits for an event then, and it is recorded at once all the same. */
static void what_stands_beside_the_alarms_is_recorded_without_an_event(void **state) {
    const struct scene *scene = *state;
    struct journal *journal = journal_open_for(scene);
    struct heard heard = {.in_order = true};
    assert_non_null(journal);
    assert_int_equal(journal_start(journal), 0);
    journal_add_standing(journal, standing_make(6, "care", NULL));
    assert_true(heard_wait(&heard, journal, journal_submit(journal)));
    (void)journal_free(journal);
    standing_check(scene, "care,", 6);
}

static struct journal_present *present_make(uint32_t count) {
    static const char *const names[] = {"gate/door", "care/cord", "desk/people"};
    struct journal_present *present;
    assert_int_equal(journal_present_new(count, &present), 0);
    present->at = (struct instant){77 * NS_PER_S};
    present->at_wall = (struct wall){1234567};
    for (present->count = 0; present->count < count; present->count++) {
        present->points[present->count] = (struct journal_point){
            .point = names[present->count],
            .source = UINT64_MAX - present->count,
            .value = 0.5 + present->count,
            .quality = QUALITY_UNCERTAIN,
            .measured = {99},
            .age_ns = UINT64_C(90000) * NS_PER_S,
        };
    }
    return present;
}

static void present_remember(void *context, const struct journal_present *present,
                             const struct journal_point *point) {
    char *names = context;
    size_t length = strlen(names);
    uint64_t number = UINT64_MAX - point->source;
    assert_int_equal(present->at.ns, 77 * NS_PER_S);
    assert_int_equal(present->at_wall.ns, 1234567);
    assert_true(point->value == 0.5 + (double)number);
    assert_int_equal(point->quality, QUALITY_UNCERTAIN);
    assert_int_equal(point->measured.ns, 99);
    assert_int_equal(point->age_ns, UINT64_C(90000) * NS_PER_S);
    (void)snprintf(names + length, 200 - length, "%s,", point->point);
}

static void present_check(const struct scene *scene, const char *points) {
    char names[200] = "";
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(journal_points(journal, present_remember, names), 0);
    assert_string_equal(names, points);
    (void)journal_free(journal);
}

/* Where the journal has each of present_make(). */
static void row_remember(void *context, const struct journal_present *present,
                         const struct journal_point *point) {
    uint64_t *rows = context;
    (void)present;
    rows[UINT64_MAX - point->source] = point->row;
}

/* A life in which a point says something, and which ends without a word. */
static void point_speaks(const struct scene *scene, unsigned point) {
    uint64_t rows[3] = {0};
    struct heard heard = {.in_order = true};
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(journal_points(journal, row_remember, rows), 0);
    assert_int_not_equal(rows[point], 0);
    assert_int_equal(journal_start(journal), 0);
    assert_int_equal(journal_forget_point(journal, rows[point]), 0);
    assert_true(heard_wait(&heard, journal, journal_submit(journal)));
    (void)journal_free(journal);
}

/* In the order in which they were given, the newest of several; until its point says something else. */
static void what_a_point_said_last_is_known_until_it_says_something_else(void **state) {
    const struct scene *scene = *state;
    present_check(scene, "");
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(journal_start(journal), 0);
    journal_add_present(journal, present_make(2));
    journal_add_present(journal, present_make(3));
    (void)journal_submit(journal);
    (void)journal_free(journal);
    present_check(scene, "gate/door,care/cord,desk/people,");
    present_check(scene, "gate/door,care/cord,desk/people,");
    point_speaks(scene, 1);
    present_check(scene, "gate/door,desk/people,");
    point_speaks(scene, 0);
    point_speaks(scene, 2);
    present_check(scene, "");
}

static void tests_move_over_from_a_damaged_journal(void **state) {
    const struct scene *scene = *state;
    scene_record(scene, 1, 6);
    standing_record(scene, 7, standing_make(2, "care", "sport"), NULL);
    database_run(scene->database, "UPDATE event SET digest=zeroblob(32) WHERE seq=4");
    standing_check(scene, "care,sport,", 2);
}

/* Take the file back to what version 3 was; a past of 18 bytes each, as it had. */
static void database_make_version_3(const char *path) {
    database_run(path, "ALTER TABLE alarm RENAME TO newer");
    database_run(
        path,
        "CREATE TABLE alarm(name TEXT PRIMARY KEY, pending INTEGER NOT NULL, active INTEGER NOT "
        "NULL, acked INTEGER NOT NULL, latched INTEGER NOT NULL, attended INTEGER NOT NULL, open "
        "INTEGER NOT NULL, occurrence INTEGER NOT NULL, raises INTEGER NOT NULL, condition INTEGER "
        "NOT NULL, remaining_ns INTEGER NOT NULL, raised INTEGER NOT NULL, acked_at INTEGER NOT "
        "NULL, attended_at INTEGER NOT NULL, at_instant INTEGER NOT NULL, at_wall INTEGER NOT "
        "NULL, changed INTEGER NOT NULL, value REAL NOT NULL, quality INTEGER NOT NULL, memories "
        "BLOB NOT NULL, silenced INTEGER NOT NULL DEFAULT 0, test INTEGER NOT NULL DEFAULT 0, "
        "shelved INTEGER NOT NULL DEFAULT 0, by_design INTEGER NOT NULL DEFAULT 0, out_of_service "
        "INTEGER NOT NULL DEFAULT 0, investigated INTEGER NOT NULL DEFAULT 0, real INTEGER NOT "
        "NULL DEFAULT 0, promoted INTEGER NOT NULL DEFAULT 0, chattering INTEGER NOT NULL DEFAULT "
        "0, disposition INTEGER NOT NULL DEFAULT 0, silence_left INTEGER NOT NULL DEFAULT 0, "
        "shelve_left INTEGER NOT NULL DEFAULT 0, service_left INTEGER NOT NULL DEFAULT 0, "
        "realarm_left INTEGER NOT NULL DEFAULT 0, promotion_left INTEGER NOT NULL DEFAULT 0, "
        "disposition_left INTEGER NOT NULL DEFAULT 0, chain_state INTEGER NOT NULL DEFAULT 0, "
        "chain_run INTEGER NOT NULL DEFAULT 0, chain_reached INTEGER NOT NULL DEFAULT 0, "
        "chain_age_ns INTEGER NOT NULL DEFAULT 0, chain_receipt_ns INTEGER NOT NULL DEFAULT 0) "
        "WITHOUT ROWID");
    database_run(
        path,
        "INSERT INTO alarm SELECT name, pending, active, acked, latched, attended, open, "
        "occurrence, raises, condition, remaining_ns, raised, acked_at, attended_at, at_instant, "
        "at_wall, changed, value, quality, zeroblob(18 * 13), silenced, test, shelved, by_design, "
        "out_of_service, investigated, real, promoted, chattering, disposition, silence_left, "
        "shelve_left, service_left, realarm_left, promotion_left, disposition_left, chain_state, "
        "chain_run, chain_reached, chain_age_ns, chain_receipt_ns FROM newer");
    database_run(path, "DROP TABLE newer");
    database_run(path, "DROP TABLE test");
    database_run(path, "DROP TABLE flood");
    database_run(path, "DROP TABLE walk");
    database_run(path, "DROP TABLE trip");
    database_run(path, "DROP TABLE clock");
    database_run(path, "DROP TABLE present");
    database_run(path, "DROP TABLE run");
    database_run(path, "DROP TABLE mark");
    database_run(path, "DROP TABLE seal");
    database_run(path, "DROP TABLE gone");
    database_run(path, "PRAGMA user_version=3");
}

/* Take the file back to what version 1 was. */
static void database_make_old(const char *path) {
    static const char *const columns[] = {
        "silenced",         "test",         "shelved",        "by_design",
        "investigated",     "real",         "promoted",       "out_of_service",
        "chattering",       "disposition",  "silence_left",   "shelve_left",
        "service_left",     "realarm_left", "promotion_left", "disposition_left",
        "chain_state",      "chain_run",    "chain_reached",  "chain_age_ns",
        "chain_receipt_ns",
    };
    database_make_version_3(path);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        char sql[96];
        (void)snprintf(sql, sizeof sql, "ALTER TABLE alarm DROP COLUMN %s", columns[i]);
        database_run(path, sql);
    }
    database_run(path, "PRAGMA user_version=1");
}

static void every_axis_clock_and_escalation_is_kept(void **state) {
    const struct scene *scene = *state;
    for (uint64_t number = 1; number <= 32; number++) {
        uint64_t occurrence = 0;
        scene_record(scene, number, number);
        struct journal *journal = journal_open_for(scene);
        assert_non_null(journal);
        assert_int_equal(journal_alarms(journal, alarm_remember_whole, &occurrence), 0);
        assert_int_equal(occurrence, number);
        (void)journal_free(journal);
    }
}

static void is_brought_up(const struct scene *scene,
                          uint64_t (*recorded)(struct journal *journal)) {
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_false(journal_was_damaged(journal));
    assert_int_equal(journal_newest(journal), 6);
    assert_int_equal(recorded(journal), 6);
    (void)journal_free(journal);
    scene_record(scene, 7, 9);
    database_check(scene->database, 1, 9);
    journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(alarm_recorded(journal), 9); /* and from now on with its past */
    (void)journal_free(journal);
}

static void a_journal_of_version_1_is_brought_up_and_keeps_its_alarms(void **state) {
    const struct scene *scene = *state;
    scene_record(scene, 1, 6);
    database_make_old(scene->database);
    is_brought_up(scene, alarm_recorded_bare);
}

static void alarms_move_over_from_a_damaged_journal_of_version_1(void **state) {
    const struct scene *scene = *state;
    scene_record(scene, 1, 6);
    database_make_old(scene->database);
    database_run(scene->database, "UPDATE event SET digest=zeroblob(32) WHERE seq=4");
    damage_leaves(scene, 6, alarm_recorded_bare, 6, "!!!!!!!!!");
}

/* Its memories do not say of what they are, also where their bytes could be read as if they did. */
static void a_journal_of_version_3_keeps_all_but_memories_that_are_nobodys(void **state) {
    const struct scene *scene = *state;
    scene_record(scene, 1, 6);
    database_make_version_3(scene->database);
    is_brought_up(scene, alarm_recorded_all_but_past);
}

static void a_damaged_journal_of_version_3_gives_all_but_memories(void **state) {
    const struct scene *scene = *state;
    scene_record(scene, 1, 6);
    database_make_version_3(scene->database);
    database_run(scene->database, "UPDATE event SET digest=zeroblob(32) WHERE seq=4");
    damage_leaves(scene, 6, alarm_recorded_all_but_past, 6, "!!!!!!!!!");
}

/* ---- what is watched no longer ---- */

struct watch {
    bool watched;
    unsigned asked;
};

static bool watch_answer(void *context, const char *name) {
    struct watch *watch = context;
    assert_string_equal(name, "emergency_call/room-1");
    watch->asked++;
    return watch->watched;
}

static void what_a_watched_alarm_remembers_is_not_forgotten(void **state) {
    const struct scene *scene = *state;
    struct watch watch = {.watched = true};
    scene_record(scene, 1, 6);
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(journal_forget(journal, watch_answer, &watch), 0);
    assert_int_equal(watch.asked, 1);
    assert_int_equal(alarm_recorded(journal), 6);
    (void)journal_free(journal);
}

static void what_an_alarm_remembers_is_forgotten_when_nobody_watches(void **state) {
    const struct scene *scene = *state;
    struct watch watch = {.watched = false};
    scene_record(scene, 1, 6);
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(journal_forget(journal, watch_answer, &watch), 0);
    assert_int_equal(alarm_recorded_all_but_past(journal), 6);
    (void)journal_free(journal);
    journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(alarm_recorded_all_but_past(journal), 6);
    assert_int_equal(journal_forget(journal, watch_answer, &watch), 0);
    assert_int_equal(watch.asked, 1); /* there is nothing left to ask for */
    (void)journal_free(journal);
}

/* What cannot be brought up as a whole is not touched at all. */
static void a_journal_that_cannot_be_brought_up_is_set_aside_as_it_was(void **state) {
    const struct scene *scene = *state;
    char aside[2 * PATH_SIZE];
    scene_record(scene, 1, 6);
    database_run(scene->database, "ALTER TABLE alarm DROP COLUMN disposition_left");
    database_run(scene->database, "ALTER TABLE alarm DROP COLUMN silenced");
    database_run(scene->database, "PRAGMA user_version=1"); /* which it is not */
    damage_is_noticed(scene, 6, true, "!!!!!!!!!");
    assert_int_equal(scene_bad_count(scene, aside), 1);
    database_run(aside, "ALTER TABLE alarm ADD COLUMN silenced"); /* it was not added */
}

static void a_deleted_journal_is_missed_and_seq_goes_on(void **state) {
    const struct scene *scene = *state;
    scene_record(scene, 1, 6);
    assert_int_equal(unlink(scene->database), 0);
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_true(journal_was_damaged(journal));
    (void)journal_free(journal);
    scene_record(scene, 7, 9);
    database_check(scene->database, 7, 9);
}

static void a_journal_deleted_under_us_is_begun_anew_and_says_so(void **state) {
    const struct scene *scene = *state;
    struct heard heard = {.in_order = true};
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(journal_start(journal), 0);
    journal_add_event(journal, event_make(1, LANE_ALARM));
    assert_true(heard_wait(&heard, journal, journal_submit(journal)));
    assert_false(heard.renewed);
    assert_int_equal(unlink(scene->database), 0);
    journal_add_event(journal, event_make(2, LANE_ALARM));
    assert_true(heard_wait(&heard, journal, journal_submit(journal)));
    assert_true(heard.renewed);
    assert_int_equal(heard.last_seq, 2);
    (void)journal_free(journal);
    database_check(scene->database, 1, 2); /* the first was still in the log */
}

/* ---- no directory ---- */

/* A file stands where the directory's parent should be: not even root can make one there. */
static void scene_block(struct scene *scene) {
    char blocked[PATH_SIZE];
    (void)snprintf(blocked, sizeof blocked, "%s/blocked", scene->root);
    (void)snprintf(scene->state, sizeof scene->state, "%s/blocked/state", scene->root);
    (void)snprintf(scene->database, sizeof scene->database, "%s/blocked/state/journal.db",
                   scene->root);
    int fd = open(blocked, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static void scene_unblock(const struct scene *scene) {
    char blocked[PATH_SIZE];
    (void)snprintf(blocked, sizeof blocked, "%s/blocked", scene->root);
    assert_int_equal(unlink(blocked), 0);
    assert_int_equal(mkdir(blocked, 0700), 0);
}

static void without_a_directory_the_boot_is_random_and_events_are_kept(void **state) {
    struct scene *scene = *state;
    struct heard heard = {.in_order = true};
    struct journal_stats stats;
    char boot[JOURNAL_BOOT_SIZE];
    scene_block(scene);
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_false(journal_is_recording(journal));
    (void)snprintf(boot, sizeof boot, "%s", journal_boot(journal));
    assert_int_equal(boot[0], 'r');
    assert_int_equal(strlen(boot), 17);
    assert_int_equal(strspn(boot + 1, "0123456789abcdef"), 16);
    assert_int_equal(journal_start(journal), 0);
    for (uint64_t n = 1; n <= 3; n++) {
        journal_add_event(journal, event_make(n, LANE_ALARM));
    }
    journal_add_alarm(journal, state_make(3));
    uint64_t ticket = journal_submit(journal);
    heard_take(&heard, journal);
    assert_true(heard.ticket < ticket);
    assert_false(heard.recording);
    journal_stats(journal, &stats);
    assert_int_equal(stats.pending, 3);
    /* Once the directory is there it is found by itself, and the boot stays what it was. */
    scene_unblock(scene);
    assert_true(heard_wait(&heard, journal, ticket));
    assert_true(heard.recording && heard.in_order);
    assert_int_equal(heard.events, 3);
    assert_int_equal(heard.alarms, 1);
    assert_string_equal(journal_boot(journal), boot);
    (void)journal_free(journal);
    database_check(scene->database, 1, 3);
    /* The next life is numbered again. */
    journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(strspn(journal_boot(journal), "0123456789"), strlen(journal_boot(journal)));
    assert_int_equal(alarm_recorded(journal), 3);
    (void)journal_free(journal);
}

static void two_lives_without_a_directory_never_share_a_boot(void **state) {
    struct scene *scene = *state;
    scene_block(scene);
    struct journal *first = journal_open_for(scene);
    struct journal *second = journal_open_for(scene);
    assert_non_null(first);
    assert_non_null(second);
    assert_string_not_equal(journal_boot(first), journal_boot(second));
    (void)journal_free(first);
    (void)journal_free(second);
}

static void what_is_kept_too_long_is_dropped_oldest_first_and_counted(void **state) {
    struct scene *scene = *state;
    struct journal_report report;
    struct journal_stats stats;
    enum { OVER = 5 };
    scene_block(scene);
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(journal_start(journal), 0);
    journal_add_event(journal, event_make(9999, LANE_ALARM));
    for (uint64_t n = 1; n <= JOURNAL_ACTIVITY_EVENTS_MAX + OVER; n++) {
        journal_add_event(journal, event_make(n, LANE_ACTIVITY));
        (void)journal_submit(journal);
    }
    journal_stats(journal, &stats);
    assert_int_equal(stats.dropped[LANE_ACTIVITY], OVER);
    assert_int_equal(stats.dropped[LANE_ALARM], 0);
    assert_int_equal(stats.pending, JOURNAL_ACTIVITY_EVENTS_MAX + 1);
    journal_take(journal, &report);
    assert_null(report.events);
    unsigned oldest = 0;
    while (report.dropped != NULL) {
        struct journal_event *event = report.dropped;
        report.dropped = event->next;
        assert_int_equal(event->lane, LANE_ACTIVITY);
        assert_true(event->wall.ns >= 1 && event->wall.ns <= OVER);
        oldest |= 1u << event->wall.ns;
        (void)journal_event_free(event);
    }
    assert_int_equal(oldest, 0x3e);
    (void)journal_free(journal);
}

/* ---- a full disk ---- */

static void child_limit(rlim_t bytes) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0) {
        _exit(10);
    }
    limit.rlim_cur = bytes;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        _exit(11);
    }
}

/*
 * Write at least so many events until nothing more fits, make room, and see everything recorded.
 * Exits 0 if so.
 */
static void child_fill(const struct scene *scene, uint64_t least) {
    struct heard heard = {.in_order = true};
    struct journal_stats stats = {0};
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR) {
        _exit(12);
    }
    struct journal *journal = journal_open_for(scene);
    if (journal == NULL || journal_start(journal) != 0) {
        _exit(13);
    }
    child_limit(128 * 1024);
    /* Events go on coming while attempts are made and fail: each must stay behind those before it.
     */
    uint64_t ticket = 0;
    uint64_t last = 0;
    uint64_t until_ns = clock_real_ns() + DEADLINE_NS;
    while ((last < least || stats.failures < 4) && clock_real_ns() < until_ns) {
        struct pollfd ready = {.fd = journal_fd(journal), .events = POLLIN};
        last++;
        journal_add_event(journal, event_make(last, last % 3 == 0 ? LANE_ACTIVITY : LANE_ALARM));
        journal_add_alarm(journal, state_make(last));
        ticket = journal_submit(journal);
        if (last > least) {
            (void)poll(&ready, 1, 1);
        }
        heard_take(&heard, journal);
        journal_stats(journal, &stats);
    }
    if (stats.failures < 4) {
        _exit(14);
    }
    if (heard.ticket >= ticket || heard.recording || stats.pending + heard.events != last) {
        _exit(15);
    }
    child_limit(RLIM_INFINITY);
    if (!heard_wait(&heard, journal, ticket)) {
        _exit(16);
    }
    bool all = heard.in_order && heard.events == last && heard.last_seq == last &&
               heard.dropped == 0 && heard.recording;
    (void)journal_free(journal);
    _exit(all ? 0 : 17);
}

static void what_did_not_fit_is_recorded_in_order_once_there_is_room(void **state) {
    const struct scene *scene = *state;
    enum { EVENTS_LEAST = 800 };
    char aside[2 * PATH_SIZE];
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        child_fill(scene, EVENTS_LEAST);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    uint64_t newest = database_ask(scene->database, "SELECT max(seq) FROM event");
    assert_true(newest >= EVENTS_LEAST);
    database_check(scene->database, 1, newest);
    /* A full disk is no damage. */
    assert_int_equal(scene_bad_count(scene, aside), 0);
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(alarm_recorded(journal), newest);
    (void)journal_free(journal);
}

/* ---- one transaction ---- */

static void an_alarm_state_is_never_recorded_without_its_event(void **state) {
    const struct scene *scene = *state;
    struct heard heard = {.in_order = true};
    struct journal_stats stats = {0};
    scene_record(scene, 1, 2);
    /* Whoever records a state is refused; the event of the same hand-over must not stay alone. */
    database_run(scene->database,
                 "CREATE TRIGGER refuse BEFORE INSERT ON alarm WHEN NEW.occurrence=3 "
                 "BEGIN SELECT RAISE(ABORT,'not this one'); END");
    struct journal *journal = journal_open_for(scene);
    assert_non_null(journal);
    assert_int_equal(journal_start(journal), 0);
    journal_add_event(journal, event_make(3, LANE_ALARM));
    journal_add_alarm(journal, state_make(3));
    uint64_t ticket = journal_submit(journal);
    uint64_t until_ns = clock_real_ns() + DEADLINE_NS;
    while (stats.failures == 0 && clock_real_ns() < until_ns) {
        struct pollfd ready = {.fd = journal_fd(journal), .events = POLLIN};
        (void)poll(&ready, 1, 1000);
        heard_take(&heard, journal);
        journal_stats(journal, &stats);
    }
    assert_true(stats.failures > 0);
    assert_true(heard.ticket < ticket);
    assert_int_equal(heard.events, 0);
    assert_int_equal(database_ask(scene->database, "SELECT max(seq) FROM event"), 2);
    assert_int_equal(database_ask(scene->database, "SELECT occurrence FROM alarm"), 2);
    database_run(scene->database, "DROP TRIGGER refuse");
    assert_true(heard_wait(&heard, journal, ticket));
    assert_int_equal(heard.last_seq, 3);
    (void)journal_free(journal);
    database_check(scene->database, 1, 3);
    assert_int_equal(database_ask(scene->database, "SELECT occurrence FROM alarm"), 3);
}

static void a_gather_that_was_refused_can_be_given_to_the_same_store_again(void **state) {
    const struct scene *scene = *state;
    const struct journal_identity identity = {
        .site = "gulou-demo", .gateway = "main", .alarm_name = alarm_name};
    char reason[JOURNAL_REASON_SIZE];
    struct journal_gather gather;
    struct journal_store *store;
    scene_record(scene, 1, 2);
    database_run(scene->database, "CREATE TRIGGER refuse BEFORE INSERT ON alarm "
                                  "BEGIN SELECT RAISE(ABORT,'not this one'); END");
    assert_int_equal(journal_store_open(scene->database, &identity, &store, reason), 0);
    assert_int_equal(journal_gather_init(&gather, ALARMS), 0);
    journal_gather_add_event(&gather, event_make(3, LANE_ALARM));
    journal_gather_add_event(&gather, event_make(4, LANE_ALARM));
    journal_gather_add_alarm(&gather, state_make(4));
    assert_true(journal_store_commit(store, &gather, "1", "gulou-demo.main.1.") > 0);
    assert_non_null(strstr(journal_store_reason(store), "not this one"));
    assert_int_equal(journal_store_newest(store), 2);
    database_run(scene->database, "DROP TRIGGER refuse");
    assert_int_equal(journal_store_commit(store, &gather, "1", "gulou-demo.main.1."), 0);
    assert_int_equal(journal_store_newest(store), 4);
    /* And once more, as after a commit that only seemed to fail: nothing is there twice. */
    assert_int_equal(journal_store_commit(store, &gather, "1", "gulou-demo.main.1."), 0);
    assert_int_equal(journal_store_newest(store), 4);
    journal_gather_deinit(&gather);
    (void)journal_store_free(store, true);
    database_check(scene->database, 1, 4);
}

/* Commits that never pause: the log is tidied all the same, and keeps the length it was laid at. */
static void the_log_is_laid_out_once_and_does_not_outgrow_it_under_work(void **state) {
    struct scene *scene = *state;
    enum { COMMITS = 900 };
    struct journal *journal = journal_open_for(scene);
    struct heard heard = {.in_order = true};
    struct stat log;
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s-wal", scene->database);
    assert_int_equal(journal_start(journal), 0);
    for (uint64_t n = 1; n <= COMMITS; n++) {
        journal_add_event(journal, event_make(n, LANE_ALARM));
        journal_add_alarm(journal, state_make(n));
        assert_true(heard_wait(&heard, journal, journal_submit(journal)));
        assert_int_equal(stat(path, &log), 0);
        assert_in_range(log.st_size, JOURNAL_LOG_BYTES, JOURNAL_LOG_BYTES + 256 * 1024);
    }
    struct journal_stats stats;
    journal_stats(journal, &stats);
    assert_int_equal(stats.commits, COMMITS);
    (void)journal_free(journal);
    database_check(scene->database, 1, COMMITS);
}

int main(void) {
#define CASE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        CASE(the_chain_goes_on_over_a_restart_without_a_gap),
        CASE(every_life_has_a_boot_of_its_own),
        CASE(a_directory_that_is_put_back_begins_no_life_a_second_time),
        cmocka_unit_test(the_next_boot_is_larger_and_stays_below_what_json_keeps),
        CASE(a_boot_survives_the_loss_of_either_of_its_two_places),
        CASE(a_boot_is_never_used_again_when_both_its_places_are_lost),
        CASE(a_later_beginning_is_larger_and_any_clock_gives_a_number),
        CASE(what_a_sink_has_confirmed_is_known_after_a_restart),
        CASE(the_newest_token_of_each_field_process_is_known_after_a_restart),
        CASE(an_event_that_went_out_early_is_linked_to_its_seq),
        CASE(nothing_that_was_reported_is_lost_when_the_writer_is_killed),
        CASE(a_file_full_of_nonsense_is_set_aside_and_seq_goes_on),
        CASE(a_changed_body_is_noticed_and_open_alarms_move_over),
        CASE(a_boot_file_that_lags_does_not_make_a_seq_come_twice),
        CASE(a_removed_row_is_noticed),
        CASE(a_removed_first_row_is_noticed),
        CASE(the_journal_of_another_site_is_set_aside),
        CASE(the_journal_of_another_gateway_is_set_aside),
        CASE(a_journal_of_a_later_build_is_set_aside),
        CASE(every_axis_clock_and_escalation_is_kept),
        CASE(tests_and_the_flood_are_known_after_a_restart_until_they_end),
        CASE(instants_of_another_timeline_mean_nothing),
        CASE(what_stands_beside_the_alarms_is_recorded_without_an_event),
        CASE(what_a_point_said_last_is_known_until_it_says_something_else),
        CASE(tests_move_over_from_a_damaged_journal),
        CASE(a_journal_of_version_1_is_brought_up_and_keeps_its_alarms),
        CASE(alarms_move_over_from_a_damaged_journal_of_version_1),
        CASE(a_journal_of_version_3_keeps_all_but_memories_that_are_nobodys),
        CASE(a_damaged_journal_of_version_3_gives_all_but_memories),
        CASE(what_a_watched_alarm_remembers_is_not_forgotten),
        CASE(what_an_alarm_remembers_is_forgotten_when_nobody_watches),
        CASE(a_journal_that_cannot_be_brought_up_is_set_aside_as_it_was),
        CASE(a_deleted_journal_is_missed_and_seq_goes_on),
        CASE(a_journal_deleted_under_us_is_begun_anew_and_says_so),
        CASE(without_a_directory_the_boot_is_random_and_events_are_kept),
        CASE(two_lives_without_a_directory_never_share_a_boot),
        CASE(what_is_kept_too_long_is_dropped_oldest_first_and_counted),
        CASE(what_did_not_fit_is_recorded_in_order_once_there_is_room),
        CASE(an_alarm_state_is_never_recorded_without_its_event),
        CASE(a_gather_that_was_refused_can_be_given_to_the_same_store_again),
        CASE(the_log_is_laid_out_once_and_does_not_outgrow_it_under_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
