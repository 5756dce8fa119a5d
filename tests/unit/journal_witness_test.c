/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A journal that has lost its newest events, and the witness that knows of them
 *
 * A child records and is gone at once, as in a crash: everything it recorded is in the log, the file
 * beside it has next to nothing. Then the log or the file is taken away, cut off or changed. Whatever
 * it was, the next life tells it, keeps what can be read, and gives no number a second time.
 */

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/journal_audit.h"
#include "gateway/journal/journal_backup.h"
#include "gateway/journal/journal_witness.h"
#include "gateway/site.h"
#include "tests/support/cmocka.h"
#include "tests/support/database.h"
#include "tests/support/scratch.h"

enum { PATH_SIZE = 128, EVENTS = 40 };

#define DEADLINE_NS (60 * NS_PER_S)

struct scene {
    char root[64];
    char state[PATH_SIZE], database[PATH_SIZE], log[PATH_SIZE], witness[PATH_SIZE];
    uint64_t timeline;
};

/* ---- lives ---- */

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "fire_alarm/room-%" PRIu32, alarm);
}

static struct journal *scene_open(const struct scene *scene) {
    struct journal_conf conf = {
        .directory = scene->state,
        .timeline = scene->timeline,
        .identity = {.site = "gulou-demo", .gateway = "main", .alarm_name = alarm_name},
        .alarm_count = 1,
        .keep = {.keep_ns = JOURNAL_WEEK_NS, .size = UINT64_C(1) << 30},
    };
    struct journal *journal;
    return journal_new(&conf, &journal) == 0 ? journal : NULL;
}

static void add_event(struct journal *journal) {
    static const char text[] = ",\"data\":{\"text\":\"it burns\"}}";
    struct journal_event *event;
    if (journal_event_new(text, 0, strlen(text), &event) != 0) {
        abort();
    }
    event->lane = LANE_ALARM;
    event->type = EVENT_ALARM_RAISED;
    event->alarm = 0;
    atomic_init(&event->early, 0);
    journal_add_event(journal, event);
}

/* Record so many events, each in a commit of its own; returns the seq of the last, 0 if that failed. */
static uint64_t record(struct journal *journal, int count) {
    struct journal_report report = {.ticket = 0};
    uint64_t until_ns = clock_real_ns() + DEADLINE_NS;
    uint64_t newest = 0;
    for (int i = 0; i < count; i++) {
        add_event(journal);
        uint64_t ticket = journal_submit(journal);
        while (report.ticket < ticket && clock_real_ns() < until_ns) {
            struct pollfd ready = {.fd = journal_fd(journal), .events = POLLIN};
            (void)poll(&ready, 1, 1000);
            journal_take(journal, &report);
            while (report.events != NULL) {
                struct journal_event *event = report.events;
                report.events = event->next;
                newest = event->seq;
                (void)journal_event_free(event);
            }
        }
        if (report.ticket < ticket || !report.recording) {
            return 0;
        }
    }
    return newest;
}

/* A child records so many, and is gone. */
static void scene_crash(const struct scene *scene, int count) {
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct journal *journal = scene_open(scene);
        bool done = journal != NULL && journal_start(journal) == 0 && record(journal, count) > 0;
        _exit(done ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The next life in good order: what it takes over, and the number that it gives first. */
struct life {
    bool was_damaged;
    uint64_t salvaged, damaged, first;
};

static struct life scene_live(const struct scene *scene) {
    struct journal_stats stats;
    struct life life;
    struct journal *journal = scene_open(scene);
    assert_non_null(journal);
    assert_true(journal_is_recording(journal));
    life.was_damaged = journal_was_damaged(journal);
    assert_int_equal(journal_start(journal), 0);
    life.first = record(journal, 1);
    journal_stats(journal, &stats);
    life.salvaged = stats.salvaged;
    life.damaged = stats.damaged;
    (void)journal_free(journal);
    return life;
}

static int scene_setup(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    (void)snprintf(scene->root, sizeof scene->root, "/tmp/tocsin-witness-XXXXXX");
    assert_non_null(mkdtemp(scene->root));
    (void)snprintf(scene->state, sizeof scene->state, "%s/state", scene->root);
    (void)snprintf(scene->database, sizeof scene->database, "%s/state/journal.db", scene->root);
    (void)snprintf(scene->log, sizeof scene->log, "%s/state/journal.db-wal", scene->root);
    (void)snprintf(scene->witness, sizeof scene->witness, "%s/state/witness", scene->root);
    scene->timeline = 7;
    *state = scene;
    return 0;
}

static int scene_teardown(void **state) {
    struct scene *scene = *state;
    int r = scratch_remove(scene->root);
    free(scene);
    return r;
}

static void scene_renew(const struct scene *scene) {
    assert_int_equal(scratch_remove(scene->state), 0);
    scene_crash(scene, EVENTS);
}

static int scene_set_aside(const struct scene *scene) {
    DIR *directory = opendir(scene->state);
    const struct dirent *entry;
    int count = 0;
    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        count += strstr(entry->d_name, ".bad-") != NULL && strstr(entry->d_name, "-wal") == NULL;
    }
    (void)closedir(directory);
    return count;
}

static struct journal_witness scene_said(const struct scene *scene) {
    int directory = open(scene->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(directory >= 0);
    struct journal_witness said = journal_witness_read(directory);
    assert_int_equal(close(directory), 0);
    return said;
}

static void scene_say(const struct scene *scene, struct journal_witness witness) {
    int fd = open(scene->witness, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    journal_witness_write(fd, &witness, false);
    assert_int_equal(close(fd), 0);
}

static struct journal_audit scene_audit(const struct scene *scene) {
    struct journal_audit audit;
    char reason[JOURNAL_REASON_SIZE];
    assert_int_equal(journal_audit(scene->database, NULL, &audit, reason), 0);
    return audit;
}

/* The audit names the place where the newest events were lost. */
static void scene_misses(const struct scene *scene, uint64_t after_seq, uint64_t next_seq) {
    struct journal_audit audit = scene_audit(scene);
    assert_false(journal_audit_is_good(&audit));
    assert_true(journal_audit_is_whole(&audit)); /* a backup of it is one to go on with */
    assert_int_equal(audit.fault, AUDIT_LOST);
    assert_int_equal(audit.fault_seq, after_seq);
    assert_int_equal(audit.fault_last, next_seq);
    assert_int_equal(audit.skipped, 0);
    assert_int_equal(audit.unproven, 0);
    assert_int_equal(audit.lost_ends, 1);
}

/* ---- nothing is lost ---- */

static void a_crash_alone_is_no_loss_and_leaves_no_number_out(void **state) {
    const struct scene *scene = *state;
    scene_crash(scene, EVENTS);
    assert_int_equal(scene_said(scene).seq, EVENTS);
    struct life life = scene_live(scene);
    assert_false(life.was_damaged);
    assert_int_equal(life.first, EVENTS + 1);
    assert_int_equal(scene_set_aside(scene), 0);
}

/* The witness is not waited for: what it says may be from any moment before. */
static void a_power_cut_that_leaves_an_older_witness_is_no_loss(void **state) {
    struct scene *scene = *state;
    const uint64_t seqs[] = {0, 1, EVENTS - 1, EVENTS};
    for (size_t i = 0; i < sizeof seqs / sizeof *seqs; i++) {
        scene->timeline = 7;
        if (i > 0) {
            scene_renew(scene);
        } else {
            scene_crash(scene, EVENTS);
        }
        scene_say(scene, (struct journal_witness){seqs[i], seqs[i] + JOURNAL_WITNESS_AHEAD, 7});
        scene->timeline = 8;
        struct life life = scene_live(scene);
        assert_false(life.was_damaged);
        assert_int_equal(life.first, EVENTS + 1);
    }
}

static void without_a_witness_a_journal_is_what_it_looks_like(void **state) {
    const struct scene *scene = *state;
    scene_crash(scene, EVENTS);
    assert_int_equal(unlink(scene->witness), 0);
    struct life life = scene_live(scene);
    assert_false(life.was_damaged);
    assert_int_equal(life.first, EVENTS + 1);
    assert_int_equal(scene_said(scene).seq, EVENTS + 1);
}

/* ---- the newest are lost ---- */

static void the_log_is_deleted(const struct scene *scene) {
    assert_int_equal(unlink(scene->log), 0);
}

static void the_log_is_cut_off(const struct scene *scene) {
    assert_int_equal(truncate(scene->log, 100000), 0);
}

static void bytes_change(const char *path, off_t from, size_t count) {
    unsigned char byte;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pread(fd, &byte, 1, from + (off_t)i), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, from + (off_t)i), 1);
    }
    assert_int_equal(close(fd), 0);
}

static void a_bit_of_the_logs_head_flips(const struct scene *scene) {
    bytes_change(scene->log, 17, 1);
}

static void a_bit_of_a_frames_head_flips(const struct scene *scene) {
    bytes_change(scene->log, 32 + 3 * (24 + 4096) + 17, 1);
}

static void the_file_is_emptied(const struct scene *scene) {
    assert_int_equal(truncate(scene->database, 0), 0);
}

static void the_file_is_deleted(const struct scene *scene) {
    assert_int_equal(unlink(scene->database), 0);
}

static void both_are_deleted(const struct scene *scene) {
    the_log_is_deleted(scene);
    the_file_is_deleted(scene);
}

static const struct {
    const char *name;
    void (*deed)(const struct scene *scene);
    bool all_can_be_read; /* of the events, afterwards */
} deeds[] = {
    {"the log is deleted", the_log_is_deleted, false},
    {"the log is cut off", the_log_is_cut_off, false},
    {"a bit of the log's head flips", a_bit_of_the_logs_head_flips, true},
    {"a bit of a frame's head flips", a_bit_of_a_frames_head_flips, true},
    {"the file is emptied", the_file_is_emptied, true},
    {"the file is deleted", the_file_is_deleted, true},
    {"both are deleted", both_are_deleted, false},
};

static void whatever_takes_the_newest_is_told_and_no_number_comes_twice(void **state) {
    const struct scene *scene = *state;
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        print_message("%s\n", deeds[i].name);
        if (i > 0) {
            scene_renew(scene);
        } else {
            scene_crash(scene, EVENTS);
        }
        deeds[i].deed(scene);
        struct life life = scene_live(scene);
        assert_true(life.was_damaged);
        assert_int_equal(life.first, EVENTS + 1);
        bool is_there = deeds[i].deed != both_are_deleted;
        assert_int_equal(life.salvaged + life.damaged, is_there ? EVENTS : 0);
        if (deeds[i].all_can_be_read) {
            assert_int_equal(life.damaged, 0);
        }
        assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM event"),
                         life.salvaged + 1);
        uint64_t kept = life.salvaged;
        /* Told once … */
        life = scene_live(scene);
        assert_false(life.was_damaged);
        assert_int_equal(life.first, EVENTS + 2);
        /* … and known for ever, if something is lost. */
        if (kept < EVENTS) {
            scene_misses(scene, kept, EVENTS + 1);
        } else {
            assert_int_equal(scene_audit(scene).fault, AUDIT_SOUND);
            assert_int_equal(scene_audit(scene).noted, 0);
        }
    }
}

/* Since the machine started anew the witness may be old: the bound is what it cannot be behind. */
static void after_a_power_cut_the_numbers_go_on_behind_the_bound(void **state) {
    struct scene *scene = *state;
    scene_crash(scene, EVENTS);
    uint64_t bound = scene_said(scene).bound;
    assert_true(bound > EVENTS);
    the_log_is_deleted(scene);
    scene->timeline = 8;
    struct life life = scene_live(scene);
    assert_true(life.was_damaged);
    assert_int_equal(life.first, bound + 1);
    assert_int_equal(life.salvaged, 0);
    assert_int_equal(life.damaged, EVENTS); /* those that were left out were never there */
    life = scene_live(scene);
    assert_false(life.was_damaged);
    assert_int_equal(life.first, bound + 2);
    scene_misses(scene, 0, bound + 1);
}

static void the_bound_is_ahead_before_a_number_behind_it_is_given(void **state) {
    struct scene *scene = *state;
    struct journal *journal = scene_open(scene);
    assert_non_null(journal);
    assert_int_equal(journal_start(journal), 0);
    assert_int_equal(scene_said(scene).bound, JOURNAL_WITNESS_AHEAD);
    for (int i = 0; i < JOURNAL_WITNESS_AHEAD - 1; i++) {
        add_event(journal);
    }
    assert_int_equal(record(journal, 1), JOURNAL_WITNESS_AHEAD);
    assert_int_equal(scene_said(scene).bound, JOURNAL_WITNESS_AHEAD);
    assert_int_equal(record(journal, 1), JOURNAL_WITNESS_AHEAD + 1);
    assert_int_equal(scene_said(scene).bound, 2 * JOURNAL_WITNESS_AHEAD + 1);
    (void)journal_free(journal);
}

/* A life that ends before it has taken the events over, or recorded any, has lost none. */
static void what_was_told_and_not_yet_taken_over_is_not_given_up_again(void **state) {
    const struct scene *scene = *state;
    scene_crash(scene, EVENTS);
    a_bit_of_a_frames_head_flips(scene);
    for (int i = 0; i < 2; i++) {
        struct journal *journal = scene_open(scene);
        assert_non_null(journal);
        assert_int_equal(journal_was_damaged(journal), i == 0);
        (void)journal_free(journal);
        assert_int_equal(scene_set_aside(scene), 1);
    }
    struct life life = scene_live(scene);
    assert_false(life.was_damaged);
    assert_int_equal(life.salvaged, EVENTS);
    assert_int_equal(life.first, EVENTS + 1);
}

static void an_older_journal_put_in_its_place_is_noticed(void **state) {
    const struct scene *scene = *state;
    char command[4 * PATH_SIZE];
    scene_crash(scene, EVENTS);
    (void)scene_live(scene);
    (void)snprintf(command, sizeof command, "cp '%s' '%s/older'", scene->database, scene->root);
    assert_int_equal(system(command), 0);
    (void)scene_live(scene);
    (void)snprintf(command, sizeof command, "cp '%s/older' '%s'", scene->root, scene->database);
    assert_int_equal(system(command), 0);
    struct life life = scene_live(scene);
    assert_true(life.was_damaged);
    assert_int_equal(life.salvaged, EVENTS + 1);
    assert_int_equal(life.damaged, 1);
    assert_int_equal(life.first, EVENTS + 3);
    scene_misses(scene, EVENTS + 1, EVENTS + 3);
}

static void newest_events_that_are_deleted_are_missed_in_each_later_life(void **state) {
    const struct scene *scene = *state;
    scene_crash(scene, EVENTS);
    (void)scene_live(scene);
    database_run(scene->database, "DELETE FROM event WHERE seq > 36");
    assert_int_equal(scene_audit(scene).fault, AUDIT_CUT_OFF);
    struct life life = scene_live(scene);
    assert_true(life.was_damaged);
    /* What is deleted may still stand in a free page. */
    uint64_t kept = life.salvaged;
    for (int i = 0; i < 3; i++) {
        if (kept < EVENTS + 1) {
            scene_misses(scene, kept, EVENTS + 2);
        } else {
            assert_int_equal(scene_audit(scene).fault, AUDIT_SOUND);
        }
        (void)scene_live(scene);
    }
    /* The same again: each of them is noted. */
    database_run(scene->database, "PRAGMA secure_delete=ON; DELETE FROM event WHERE seq > 20");
    assert_true(scene_live(scene).was_damaged);
    scene_misses(scene, 20, EVENTS + 6);
}

/* What retention lets go of takes the digest along that the next one follows from: it is unproven then. */
static void a_lost_end_whose_events_before_it_were_let_go_of_is_told_as_unproven(void **state) {
    const struct scene *scene = *state;
    scene_crash(scene, EVENTS);
    (void)scene_live(scene);
    database_run(scene->database, "PRAGMA secure_delete=ON; DELETE FROM event WHERE seq > 36");
    assert_true(scene_live(scene).was_damaged);
    scene_misses(scene, 36, EVENTS + 2);
    database_run(scene->database, "DELETE FROM event WHERE seq <= 36; DELETE FROM run WHERE "
                                  "first <= 36");
    struct journal_audit audit = scene_audit(scene);
    assert_int_equal(audit.fault, AUDIT_SOUND);
    assert_int_equal(audit.unproven, 1);
    assert_int_equal(audit.noted, 1);
    assert_false(scene_live(scene).was_damaged);
}

/* Whoever restores a backup knows what is not in it. */
static void what_a_restore_gives_up_is_not_told_as_damage(void **state) {
    const struct scene *scene = *state;
    char reason[JOURNAL_REASON_SIZE];
    char backup_path[PATH_SIZE];
    struct journal_backup backup;
    (void)snprintf(backup_path, sizeof backup_path, "%s/backup", scene->root);
    scene_crash(scene, 3);
    assert_int_equal(journal_backup_make(scene->state, backup_path, NULL, clock_wall(), reason), 0);
    scene_crash(scene, EVENTS);
    the_file_is_deleted(scene);
    /* `restore` asks the clock for its timeline. */
    scene_say(scene, (struct journal_witness){EVENTS + 3, 5000, clock_timeline()});
    assert_int_equal(
        journal_backup_restore(backup_path, scene->state, NULL, clock_wall(), &backup, reason), 0);
    struct life life = scene_live(scene);
    assert_false(life.was_damaged);
    assert_int_equal(life.first, EVENTS + 4);
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM event"), 4);
}

/* ---- the file ---- */

static void only_its_own_form_is_a_witness(void **state) {
    static const char good[] = "tocsin witness 1\nseq 00000000000000000005\n"
                               "bound 00000000000000000009\ntimeline 00000000000000ff\n";
    const struct scene *scene = *state;
    assert_int_equal(mkdir(scene->state, 0700), 0);
    assert_int_equal(scene_said(scene).seq, 0); /* there is none */
    for (size_t i = 0; i <= sizeof good; i++) {
        char text[sizeof good + 1];
        memcpy(text, good, sizeof good);
        size_t size = sizeof good - 1;
        if (i < size) {
            text[i] ^= 0x40; /* no digit is one then */
        } else if (i > size) {
            text[size++] = '\n';
        }
        int fd = open(scene->witness, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, text, size), size);
        assert_int_equal(close(fd), 0);
        assert_int_equal(scene_said(scene).seq, i == sizeof good - 1 ? 5 : 0);
        assert_int_equal(truncate(scene->witness, (off_t)i / 2), 0);
        assert_int_equal(scene_said(scene).seq, 0);
    }
    /* A seq behind the bound cannot be. */
    scene_say(scene, (struct journal_witness){9, 9, 1});
    assert_int_equal(scene_said(scene).seq, 9);
    scene_say(scene, (struct journal_witness){10, 9, 1});
    assert_int_equal(scene_said(scene).seq, 0);
}

/* ---- what is no file ---- */

/* A pipe, a directory or a socket takes the place of `name`; the next life records all the same. */
static void scene_live_beside(const struct scene *scene, const char *name, mode_t kind) {
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%.60s/%s", scene->state, name);
    scene_crash(scene, 1);
    (void)unlink(path);
    assert_int_equal(S_ISDIR(kind) ? mkdir(path, 0700) : mknod(path, kind | 0600, 0), 0);
    scene_crash(scene, 1);
    assert_int_equal(S_ISDIR(kind) ? rmdir(path) : unlink(path), 0);
}

static void what_takes_the_place_of_a_file_keeps_no_engine_waiting(void **state) {
    const struct scene *scene = *state;
    (void)alarm(60); /* real time: this process and its children would wait for ever */
    scene_live_beside(scene, "witness", S_IFIFO);
    scene_live_beside(scene, "witness", S_IFSOCK);
    scene_live_beside(scene, "witness", S_IFDIR);
    scene_live_beside(scene, "boot", S_IFIFO);
    scene_live_beside(scene, "boot", S_IFSOCK);
    (void)alarm(0);
    assert_int_equal(database_ask(scene->database, "SELECT count(*) FROM event"), 10);
    assert_int_equal(database_ask(scene->database, "SELECT max(seq) FROM event"), 10);
}

int main(void) {
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        SCENE(a_crash_alone_is_no_loss_and_leaves_no_number_out),
        SCENE(a_power_cut_that_leaves_an_older_witness_is_no_loss),
        SCENE(without_a_witness_a_journal_is_what_it_looks_like),
        SCENE(whatever_takes_the_newest_is_told_and_no_number_comes_twice),
        SCENE(after_a_power_cut_the_numbers_go_on_behind_the_bound),
        SCENE(the_bound_is_ahead_before_a_number_behind_it_is_given),
        SCENE(what_was_told_and_not_yet_taken_over_is_not_given_up_again),
        SCENE(an_older_journal_put_in_its_place_is_noticed),
        SCENE(newest_events_that_are_deleted_are_missed_in_each_later_life),
        SCENE(a_lost_end_whose_events_before_it_were_let_go_of_is_told_as_unproven),
        SCENE(what_a_restore_gives_up_is_not_told_as_damage),
        SCENE(only_its_own_form_is_a_witness),
        SCENE(what_takes_the_place_of_a_file_keeps_no_engine_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
