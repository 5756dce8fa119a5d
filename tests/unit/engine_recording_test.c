/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The ring of recordings: what was heard is read back from disk, however the writing ended, and
 * neither a slow nor a full nor a missing disk is felt by who records.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/config/config.h"
#include "gateway/engine/recording_reader.h"
#include "gateway/engine/recording_ring.h"
#include "gateway/engine/recording_segment.h"
#include "gateway/log.h"
#include "tests/support/cmocka.h"
#include "tests/support/ring_wait.h"
#include "tests/support/scratch.h"

enum { PATH_SIZE = 512, SIZE = 16 << 20, SEGMENTS_MAX = 64, INPUTS = 5000 };

struct scene {
    char directory[PATH_SIZE]; /* the state */
    struct config_result result;
    struct site site;
    void *block;
    struct core *core;
    struct recording_ring *ring;
    struct step step;
    struct instant now;
};

static struct scene scene;

/* ---- a disk that hangs, on a clock of the test's own ---- */

static _Atomic uint64_t clock_stands_ns; /* 0: it goes as ever */
static atomic_bool disk_hangs;
static unsigned hang_lines;
static char hang_text[1024];

uint64_t __real_clock_real_ns(void);
uint64_t __wrap_clock_real_ns(void);
bool __real_recording_segment_block(struct recording_segment *segment, enum recording_block kind,
                                    const void *body, size_t size);
bool __wrap_recording_segment_block(struct recording_segment *segment, enum recording_block kind,
                                    const void *body, size_t size);
void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...)
    __attribute__((format(printf, 3, 4)));

uint64_t __wrap_clock_real_ns(void) {
    uint64_t stands_ns = atomic_load(&clock_stands_ns);
    return stands_ns > 0 ? stands_ns : __real_clock_real_ns();
}

bool __wrap_recording_segment_block(struct recording_segment *segment, enum recording_block kind,
                                    const void *body, size_t size) {
    while (atomic_load(&disk_hangs)) {
        sched_yield();
    }
    return __real_recording_segment_block(segment, kind, body, size);
}

void __wrap_log_line(enum log_level level, const char *event, const char *fields, ...) {
    if (strcmp(event, "recording_hangs") == 0) {
        va_list arguments;
        assert_int_equal(level, LOG_WARNING);
        va_start(arguments, fields);
        (void)vsnprintf(hang_text, sizeof hang_text, fields, arguments);
        va_end(arguments);
        hang_lines++;
    }
}

static const struct wall wall_begin = {1700000000000000000};

static struct wall wall_now(void) {
    return (struct wall){wall_begin.ns + (int64_t)scene.now.ns};
}

static int set_up(void **state) {
    (void)state;
    char setting[PATH_SIZE + 16];
    const char *settings[] = {setting};
    const struct config_options options = {.settings = settings, .setting_count = 1};
    memset(&scene, 0, sizeof scene);
    strcpy(scene.directory, "/tmp/tocsin-recording.XXXXXX");
    assert_non_null(mkdtemp(scene.directory));
    snprintf(setting, sizeof setting, "gateway.state=%s", scene.directory);
    assert_int_equal(
        config_load(TEST_SOURCE_DIR "/deploy/example/site.yaml", &options, &scene.result), 0);
    assert_int_equal(site_view(scene.result.image, scene.result.image_size, &scene.site), 0);
    size_t size = core_size(&scene.site.ruleset);
    scene.block = calloc(1, size);
    scene.step.events = calloc(core_events_max(&scene.site.ruleset), sizeof *scene.step.events);
    assert_non_null(scene.block);
    assert_non_null(scene.step.events);
    scene.now.ns = 5;
    scene.core = core_init(scene.block, &scene.site.ruleset, scene.now);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    scene.ring = recording_ring_free(scene.ring);
    free(scene.step.events);
    free(scene.block);
    config_result_deinit(&scene.result);
    assert_int_equal(scratch_remove(scene.directory), 0);
    return 0;
}

/* ---- acting as the engine does ---- */

static void ring_new(uint64_t size) {
    assert_int_equal(recording_ring_new(&scene.site, size, &scene.ring), 0);
}

static void begin(void) {
    const struct recording_moment moment = {
        .at = scene.now, .wall = wall_now(), .rate = 1, .boot = "17", .next_seq = 4201};
    recording_ring_begin(scene.ring, scene.core, &moment);
}

static struct input input_make(unsigned number) {
    struct input input = {.kind = number == 0 ? INPUT_START : INPUT_READING};
    scene.now.ns += 1000003;
    input.at = scene.now;
    input.wall = wall_now();
    if (number > 0) {
        input.reading.point = number * 7 % scene.site.ruleset.point_count;
        input.reading.value = number / 16 % 2;
        input.reading.measured = wall_now();
    }
    return input;
}

static void hear(unsigned number) {
    struct input input = input_make(number);
    uint32_t alarms[16];
    recording_ring_add(scene.ring, &input);
    core_step(scene.core, &input, &scene.step);
    while (core_changed(scene.core, alarms, 16) > 0) {
    }
}

static void stop(void) {
    scene.ring = recording_ring_free(scene.ring);
}

/* ---- looking at the files ---- */

struct listing {
    char names[SEGMENTS_MAX][RECORDING_NAME_SIZE]; /* of segments, sorted */
    unsigned segments, others;
    uint64_t bytes;
};

static int name_compare(const void *a, const void *b) {
    return strcmp(a, b);
}

static struct listing list(void) {
    static struct listing listing;
    char path[2 * PATH_SIZE];
    memset(&listing, 0, sizeof listing);
    snprintf(path, sizeof path, "%s/%s", scene.directory, RECORDING_DIRECTORY);
    DIR *stream = opendir(path);
    for (struct dirent *entry = stream != NULL ? readdir(stream) : NULL; entry != NULL;
         entry = readdir(stream)) {
        uint64_t number, generation;
        struct stat status;
        /* The oldest may go while this looks. */
        if (entry->d_name[0] == '.' || fstatat(dirfd(stream), entry->d_name, &status, 0) != 0) {
            continue;
        }
        listing.bytes += (uint64_t)status.st_size;
        if (recording_name_parse(entry->d_name, &number, &generation)) {
            assert_true(listing.segments < SEGMENTS_MAX);
            strcpy(listing.names[listing.segments++], entry->d_name);
        } else {
            listing.others++;
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
    qsort(listing.names, listing.segments, sizeof listing.names[0], name_compare);
    return listing;
}

static void path_of(const char *name, char ret[2 * PATH_SIZE]) {
    snprintf(ret, 2 * PATH_SIZE, "%s/%s/%s", scene.directory, RECORDING_DIRECTORY, name);
}

static struct recording_reader *reader_open(const char *name) {
    char path[2 * PATH_SIZE];
    char reason[RECORDING_REASON_SIZE] = "";
    struct recording_reader *reader = NULL;
    path_of(name, path);
    int r = recording_reader_new(path, &reader, reason);
    if (r != 0) {
        fail_msg("%s: %s", name, reason);
    }
    return reader;
}

/* Read all inputs; returns how many. */
static unsigned read_all(struct recording_reader *reader) {
    struct input input;
    unsigned count = 0;
    recording_reader_rewind(reader, RECORDING_INPUTS);
    while (recording_reader_next(reader, &input)) {
        count++;
    }
    return count;
}

/* ---- tests ---- */

static void what_was_heard_is_read_back(void **state) {
    (void)state;
    ring_new(SIZE);
    assert_true(recording_ring_is_due(scene.ring));
    begin();
    struct instant began = scene.now;
    void *before = malloc(core_size(&scene.site.ruleset));
    assert_non_null(before);
    core_snapshot(scene.core, before);
    for (unsigned i = 0; i < INPUTS; i++) {
        hear(i);
        recording_ring_flush(scene.ring, i % 100 == 0);
    }
    assert_false(recording_ring_is_due(scene.ring));
    stop();

    struct listing listing = list();
    assert_int_equal(listing.segments, 1);
    struct recording_reader *reader = reader_open(listing.names[0]);
    const struct recording_head *head = recording_reader_head(reader);
    assert_string_equal(head->boot, "17");
    assert_string_equal(head->site, "gulou-demo");
    assert_int_equal(head->next_seq, 4201);
    assert_int_equal(head->number, 1);
    assert_int_equal(head->follows, 0);
    assert_int_equal(head->generation, scene.site.header->generation);
    size_t size;
    const void *core = recording_reader_core(reader, &size);
    assert_int_equal(size, core_size(&scene.site.ruleset));
    assert_memory_equal(core, before, size);

    scene.now = began;
    struct input input;
    for (unsigned i = 0; i < INPUTS; i++) {
        struct input wanted = input_make(i);
        assert_true(recording_reader_next(reader, &input));
        assert_int_equal(input.at.ns, wanted.at.ns);
        assert_int_equal(input.wall.ns, wanted.wall.ns);
        assert_int_equal(input.kind, wanted.kind);
        assert_int_equal(input.reading.point, wanted.reading.point);
        assert_true(input.reading.value == wanted.reading.value);
    }
    assert_false(recording_reader_next(reader, &input));
    assert_int_equal(recording_reader_verdict(reader).ending, RECORDING_ENDED_STOPPED);

    recording_reader_rewind(reader, RECORDING_PICTURE);
    assert_true(recording_reader_next(reader, &input));
    assert_int_equal(input.kind, INPUT_START);
    assert_int_equal(input.at.ns, began.ns);
    assert_int_equal(read_all(reader), INPUTS); /* and from the beginning again */
    reader = recording_reader_free(reader);
    free(before);
}

static void the_site_is_kept_beside_its_recordings(void **state) {
    char name[RECORDING_NAME_SIZE];
    char path[2 * PATH_SIZE];
    struct site site;
    (void)state;
    ring_new(SIZE);
    begin();
    stop();
    recording_site_name_format(scene.site.header->generation, name);
    path_of(name, path);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    void *bytes = malloc(scene.site.size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, scene.site.size, file), scene.site.size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(site_view(bytes, scene.site.size, &site), 0);
    unsigned char own[RECORDING_DIGEST_SIZE], kept[RECORDING_DIGEST_SIZE];
    recording_rules_digest(&scene.site, own);
    recording_rules_digest(&site, kept);
    assert_memory_equal(own, kept, sizeof own);
    free(bytes);

    /* That of a site of which no recording is left goes with the next segment. */
    path_of("0123456789abcdef.site", path);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    ring_new(SIZE);
    begin();
    stop();
    assert_int_equal(access(path, F_OK), -1);
    struct listing listing = list();
    assert_int_equal(listing.segments, 2);
    assert_int_equal(listing.others, 1);
}

/* Sixteen segments share the size; the oldest goes, and each goes on where the one before ended. */
static void a_full_ring_loses_its_oldest_segment_and_no_input_between(void **state) {
    const uint64_t size = 12 << 20; /* of the smallest segments that hold a buffer */
    unsigned begun = 1, heard = 0, highest = 0;
    (void)state;
    ring_new(size);
    begin();
    while (begun < 25) {
        for (unsigned i = 0; i < 3000; i++) {
            hear(++heard);
        }
        recording_ring_flush(scene.ring, true);
        ring_await_written(scene.ring);
        if (recording_ring_is_due(scene.ring)) {
            begin();
            begun++;
            ring_await_written(scene.ring);
        }
        uint64_t bytes = list().bytes;
        highest = bytes > highest ? (unsigned)bytes : highest;
    }
    stop();
    assert_true(highest <= size);
    struct listing listing = list();
    assert_true(listing.segments >= RECORDING_SEGMENTS / 2 && listing.segments < begun);
    uint64_t last = 0;
    for (unsigned i = 0; i < listing.segments; i++) {
        struct recording_reader *reader = reader_open(listing.names[i]);
        assert_true(i == 0 || recording_reader_head(reader)->number == last + 1);
        assert_true(i == 0 || recording_reader_head(reader)->follows == 1);
        last = recording_reader_head(reader)->number;
        assert_true((read_all(reader) >= 3000) == (i + 1 < listing.segments)); /* the last is new */
        assert_int_equal(recording_reader_verdict(reader).ending,
                         i + 1 < listing.segments ? RECORDING_ENDED_FULL : RECORDING_ENDED_STOPPED);
        reader = recording_reader_free(reader);
    }
    assert_int_equal(last, begun);
}

/* Nobody takes what gathers: as much as the buffer holds is kept, the rest is counted. */
static void a_slow_disk_costs_inputs_and_the_gap_is_never_hidden(void **state) {
    struct recording_ring_stats stats;
    unsigned heard = 0;
    (void)state;
    ring_new(SIZE);
    begin();
    do {
        hear(++heard);
        recording_ring_stats(scene.ring, &stats);
    } while (stats.dropped == 0);
    assert_int_equal(stats.inputs, heard - 1);
    assert_true(stats.inputs > RECORDING_INPUTS_MAX / 32);
    for (unsigned i = 0; i < 9; i++) {
        hear(++heard);
    }
    ring_await_written(scene.ring);
    assert_true(recording_ring_is_due(scene.ring));
    begin();
    hear(++heard);
    stop();
    struct listing listing = list();
    assert_int_equal(listing.segments, 2);
    struct recording_reader *reader = reader_open(listing.names[0]);
    assert_int_equal(read_all(reader), stats.inputs);
    assert_int_equal(recording_reader_verdict(reader).ending, RECORDING_ENDED_DROPPED);
    assert_int_equal(recording_reader_verdict(reader).dropped, 10);
    reader = recording_reader_free(reader);
    reader = reader_open(listing.names[1]);
    assert_int_equal(recording_reader_head(reader)->follows, 0);
    assert_int_equal(read_all(reader), 1);
    reader = recording_reader_free(reader);
}

/* Write some segment with several blocks and return its bytes. */
static unsigned char *small_segment(size_t *ret_size, size_t ends[3]) {
    char path[2 * PATH_SIZE];
    struct stat status;
    ring_new(SIZE);
    begin();
    ring_await_written(scene.ring);
    for (unsigned block = 0; block < 2; block++) {
        for (unsigned i = 0; i < 40; i++) {
            hear(block * 40 + i);
        }
        recording_ring_flush(scene.ring, true);
        ring_await_written(scene.ring);
    }
    stop();
    path_of(list().names[0], path);
    assert_int_equal(stat(path, &status), 0);
    unsigned char *bytes = malloc((size_t)status.st_size);
    FILE *file = fopen(path, "rb");
    assert_non_null(bytes);
    assert_non_null(file);
    *ret_size = (size_t)status.st_size;
    assert_int_equal(fread(bytes, 1, *ret_size, file), *ret_size);
    assert_int_equal(fclose(file), 0);
    struct recording_block_head head;
    size_t at = 0;
    for (unsigned i = 0; i < 3; i++) { /* HEAD CORE PICTURE */
        memcpy(&head, bytes + at, sizeof head);
        at += sizeof head + head.size;
        ends[i] = at;
    }
    return bytes;
}

static void file_write(const char *path, const unsigned char *bytes, size_t size) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(close(fd), 0);
}

static void a_segment_cut_at_any_byte_is_read_up_to_its_last_whole_block(void **state) {
    size_t size, ends[3];
    char path[2 * PATH_SIZE];
    char reason[RECORDING_REASON_SIZE];
    struct recording_reader *reader;
    unsigned opened = 0, most = 0;
    (void)state;
    unsigned char *bytes = small_segment(&size, ends);
    path_of("cut", path);
    for (size_t cut = 0; cut < size; cut += cut < ends[2] && cut > ends[0] ? 211 : 1) {
        file_write(path, bytes, cut);
        int r = recording_reader_new(path, &reader, reason);
        assert_int_equal(r, cut < ends[2] ? RECORDING_E_FILE : 0);
        if (r != 0) {
            assert_true(strlen(reason) > 10);
            continue;
        }
        unsigned count = read_all(reader);
        struct recording_verdict verdict = recording_reader_verdict(reader);
        assert_true(count >= most && count <= 80); /* a longer file never tells less */
        most = count;
        assert_int_equal(verdict.ending, RECORDING_ENDED_OPEN);
        assert_true(verdict.offset <= cut);
        reader = recording_reader_free(reader);
        opened++;
    }
    assert_true(opened > 200);
    assert_int_equal(most, 80);
    free(bytes);
}

/*
 * Read the file at `path`, one byte of which is not as it was written. What is read must be what was
 * heard, and the end must be told as damage that begins not behind that byte.
 */
static void damage_is_told(const char *path, size_t at, const size_t ends[3],
                           struct instant began) {
    char reason[RECORDING_REASON_SIZE];
    struct recording_reader *reader;
    struct input input;
    int r = recording_reader_new(path, &reader, reason);
    assert_int_equal(r, at < ends[2] ? RECORDING_E_FILE : 0);
    if (r != 0) {
        return;
    }
    scene.now = began;
    for (unsigned i = 0; recording_reader_next(reader, &input); i++) {
        struct input wanted = input_make(i);
        assert_true(i < 80);
        assert_int_equal(input.at.ns, wanted.at.ns);
        assert_int_equal(input.reading.point, wanted.reading.point);
        assert_true(input.reading.value == wanted.reading.value);
    }
    struct recording_verdict verdict = recording_reader_verdict(reader);
    assert_int_equal(verdict.ending, RECORDING_ENDED_DAMAGED);
    assert_true(verdict.offset >= ends[2] && verdict.offset <= at);
    assert_true(verdict.unread > 0 && strlen(verdict.reason) > 10);
    reader = recording_reader_free(reader);
}

/* A file in memory, which costs no disk; `path` opens it. */
static int memory_file(const unsigned char *bytes, size_t size, char path[2 * PATH_SIZE]) {
    int fd = memfd_create("segment", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    snprintf(path, 2 * PATH_SIZE, "/proc/self/fd/%d", fd);
    return fd;
}

/* Each byte, of a segment that was ended and of one that is still being written. */
static void a_changed_byte_anywhere_is_told_and_nothing_wrong_is_read(void **state) {
    static const unsigned char flips[] = {0x01, 0x20, 0x80};
    struct instant began = scene.now;
    size_t size, ends[3];
    char path[2 * PATH_SIZE];
    (void)state;
    unsigned char *bytes = small_segment(&size, ends);
    for (unsigned open = 0; open < 2; open++) {
        size_t until =
            size -
            (open != 0 ? sizeof(struct recording_block_head) + sizeof(struct recording_end) : 0);
        int fd = memory_file(bytes, until, path);
        /* The snapshot is one long block: every byte of its head, and some of its body. */
        for (size_t at = 0; at < until; at += at < ends[2] && at > ends[0] + 12 ? 211 : 1) {
            for (unsigned i = 0; i < sizeof flips; i++) {
                unsigned char flipped = bytes[at] ^ flips[i];
                assert_int_equal(pwrite(fd, &flipped, 1, (off_t)at), 1);
                damage_is_told(path, at, ends, began);
                assert_int_equal(pwrite(fd, bytes + at, 1, (off_t)at), 1);
            }
        }
        assert_int_equal(close(fd), 0);
    }
    free(bytes);
}

/* A kill takes from the end only. */
static void bytes_that_are_gone_in_the_middle_are_told(void **state) {
    struct instant began = scene.now;
    size_t size, ends[3];
    char path[2 * PATH_SIZE];
    (void)state;
    unsigned char *bytes = small_segment(&size, ends);
    size_t end_at = size - sizeof(struct recording_block_head) - sizeof(struct recording_end);
    for (size_t at = ends[2]; at < end_at; at++) {
        int fd = memory_file(bytes, at, path);
        assert_int_equal(write(fd, bytes + at + 1, size - at - 1), size - at - 1);
        damage_is_told(path, at, ends, began);
        assert_int_equal(close(fd), 0);
    }
    free(bytes);
}

/* A child records and dies by SIGKILL; what it had handed over is there, and numbering goes on. */
static void a_killed_engine_leaves_what_it_had_handed_over(void **state) {
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        ring_new(SIZE);
        begin();
        for (unsigned i = 0; i < 50; i++) {
            hear(i);
        }
        ring_await_written(scene.ring);
        recording_ring_flush(scene.ring, true);
        ring_await_written(scene.ring);
        hear(50);
        recording_ring_flush(scene.ring, true);
        ring_await_written(scene.ring);
        hear(51); /* never handed over */
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    ring_new(SIZE);
    begin();
    stop();
    struct listing listing = list();
    assert_int_equal(listing.segments, 2);
    struct recording_reader *reader = reader_open(listing.names[0]);
    assert_int_equal(read_all(reader), 51);
    assert_int_equal(recording_reader_verdict(reader).ending, RECORDING_ENDED_OPEN);
    reader = recording_reader_free(reader);
    reader = reader_open(listing.names[1]);
    assert_int_equal(recording_reader_head(reader)->number, 2);
    assert_int_equal(recording_reader_head(reader)->follows, 0);
    reader = recording_reader_free(reader);
}

/* Let the ring do what it owes, as the engine's loop does, until nothing is left to write. */
static void ring_await_paid(void) {
    struct pollfd done = {.fd = recording_ring_fd(scene.ring), .events = POLLIN};
    struct recording_ring_stats stats;
    do {
        assert_int_equal(poll(&done, 1, 10000), 1);
        recording_ring_written(scene.ring);
        recording_ring_stats(scene.ring, &stats);
    } while (stats.writing);
}

/* A child dies soon after its start: what events came of was handed over while the head was written. */
static void what_is_to_be_written_while_the_thread_is_busy_does_not_wait_for_more(void **state) {
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        ring_new(SIZE);
        begin();
        for (unsigned i = 0; i < 20; i++) { /* faster than a file is made */
            hear(i);
            recording_ring_flush(scene.ring, true);
        }
        ring_await_paid();
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    struct listing listing = list();
    assert_int_equal(listing.segments, 1);
    struct recording_reader *reader = reader_open(listing.names[0]);
    assert_int_equal(read_all(reader), 20);
    assert_int_equal(recording_reader_verdict(reader).ending, RECORDING_ENDED_OPEN);
    reader = recording_reader_free(reader);
}

static void a_disk_that_takes_nothing_is_counted_and_not_asked_again_at_once(void **state) {
    char path[2 * PATH_SIZE];
    struct recording_ring_stats stats;
    (void)state;
    snprintf(path, sizeof path, "%s/%s", scene.directory, RECORDING_DIRECTORY);
    file_write(path, (const unsigned char *)"", 0); /* a file where the directory should be */
    ring_new(SIZE);
    begin();
    ring_await_written(scene.ring);
    for (unsigned i = 0; i < 100; i++) {
        hear(i);
        recording_ring_flush(scene.ring, true);
    }
    recording_ring_stats(scene.ring, &stats);
    assert_int_equal(stats.failures, 1);
    assert_int_equal(stats.dropped, 100);
    assert_false(recording_ring_is_due(scene.ring));
}

static void a_disk_that_hangs_is_told_after_ten_seconds_and_once_a_minute(void **state) {
    const uint64_t begun_ns = __real_clock_real_ns();
    (void)state;
    hang_lines = 0;
    atomic_store(&clock_stands_ns, begun_ns);
    atomic_store(&disk_hangs, true);
    ring_new(SIZE);
    begin();
    const struct {
        uint64_t after_ms;
        unsigned lines;
    } looks[] = {{9999, 0}, {10000, 1}, {69999, 1}, {70000, 2}};
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        atomic_store(&clock_stands_ns, begun_ns + looks[i].after_ms * NS_PER_MS);
        hear((unsigned)i);
        recording_ring_flush(scene.ring, true);
        assert_int_equal(hang_lines, looks[i].lines);
    }
    assert_non_null(strstr(hang_text, scene.directory));
    assert_non_null(strstr(hang_text, "waited_s=70 "));
    atomic_store(&disk_hangs, false);
    atomic_store(&clock_stands_ns, 0);
    ring_await_paid();
    assert_int_equal(hang_lines, 2);
    stop();
    assert_int_equal(list().segments, 1);
}

static void a_ring_of_no_size_or_too_little_is_off(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        ring_new(i == 0 ? 0 : core_size(&scene.site.ruleset));
        assert_false(recording_ring_is_due(scene.ring));
        hear(i);
        recording_ring_flush(scene.ring, true);
        stop();
        assert_int_equal(list().segments, 0);
    }
}

static void what_is_no_recording_is_refused_with_a_reason(void **state) {
    char path[2 * PATH_SIZE];
    char reason[RECORDING_REASON_SIZE];
    struct recording_reader *reader;
    (void)state;
    snprintf(path, sizeof path, "%s/nothing", scene.directory);
    assert_int_equal(recording_reader_new(path, &reader, reason), RECORDING_E_FILE);
    assert_string_equal(reason, "No such file or directory");
    file_write(path, (const unsigned char *)"tocsin: 1\n", 10);
    assert_int_equal(recording_reader_new(path, &reader, reason), RECORDING_E_FILE);
    assert_string_equal(reason, "it is not a recording, or its beginning is damaged");
    assert_int_equal(recording_reader_new(scene.directory, &reader, reason), RECORDING_E_FILE);
    assert_string_equal(reason, "it is not a recording");
}

static void only_the_names_of_segments_are_taken_for_segments(void **state) {
    static const char *const others[] = {
        "0123456789abcdef.site",
        "17-0123456789abcdef.recording",
        "0000000017-0123456789abcde.recording",
        "0000000017-0123456789ABCDEF.recording",
        "0000000017-0123456789abcdef.recording.old",
        "0000000017_0123456789abcdef.recording",
        "00000000-1-0123456789abcdef.recording",
        "partial",
        "",
    };
    char name[RECORDING_NAME_SIZE];
    uint64_t number, generation;
    (void)state;
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(recording_name_parse(others[i], &number, &generation));
    }
    recording_name_format(17, 0x0123456789abcdef, name);
    assert_string_equal(name, "0000000017-0123456789abcdef.recording");
    assert_true(recording_name_parse(name, &number, &generation));
    assert_int_equal(number, 17);
    assert_int_equal(generation, 0x0123456789abcdef);
}

/* The check value of the CRC catalogue for CRC-32/ISO-HDLC. */
static void the_sum_is_the_one_that_everybody_knows(void **state) {
    (void)state;
    assert_int_equal(recording_sum(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(recording_sum(recording_sum(0, "1234", 4), "56789", 5), 0xcbf43926);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_heard_is_read_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_site_is_kept_beside_its_recordings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_ring_loses_its_oldest_segment_and_no_input_between,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_disk_costs_inputs_and_the_gap_is_never_hidden,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_segment_cut_at_any_byte_is_read_up_to_its_last_whole_block, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_changed_byte_anywhere_is_told_and_nothing_wrong_is_read,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_that_are_gone_in_the_middle_are_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            what_is_to_be_written_while_the_thread_is_busy_does_not_wait_for_more, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(a_killed_engine_leaves_what_it_had_handed_over, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_disk_that_takes_nothing_is_counted_and_not_asked_again_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_disk_that_hangs_is_told_after_ten_seconds_and_once_a_minute, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_ring_of_no_size_or_too_little_is_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_recording_is_refused_with_a_reason, set_up,
                                        tear_down),
        cmocka_unit_test(only_the_names_of_segments_are_taken_for_segments),
        cmocka_unit_test(the_sum_is_the_one_that_everybody_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
