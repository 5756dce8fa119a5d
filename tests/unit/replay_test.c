/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Replay: a day at the example site is recorded as the engine records it, and heard again. Under the
 * same rules the same is said, to the byte; what is not as it was is noticed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/config/config.h"
#include "gateway/engine/recording_ring.h"
#include "gateway/replay/comparison.h"
#include "gateway/replay/replay.h"
#include "gateway/zone.h"
#include "tests/support/cmocka.h"
#include "tests/support/ring_wait.h"
#include "tests/support/scratch.h"

enum { PATH_SIZE = 512, LIST_SIZE = 1024, SIZE = 16 << 20, REMARKS = 32 };

/* Events as one text. */
struct script {
    char *text;
    size_t size;
    FILE *out;
    unsigned count;
};

struct scene {
    char directory[PATH_SIZE];
    struct config_result result, other_result;
    struct site site, other;
    struct recording_ring *ring;
    struct rehearsal live; /* in the place of the engine */
    struct script said;    /* by the engine */
    struct instant now;
    uint64_t seed;
    unsigned segments;
    char remarks[REMARKS + 1]; /* of the last replay, one letter each */
    uint64_t count;            /* of the last that tells a place or a number of files */
};

static struct scene scene;

static const struct wall wall_begin = {1795446000000000000}; /* a Monday at eleven in the evening */

static struct wall wall_now(void) {
    return (struct wall){wall_begin.ns + (int64_t)scene.now.ns};
}

/* ---- what is said ---- */

static void script_begin(struct script *script) {
    *script = (struct script){.text = NULL};
    script->out = open_memstream(&script->text, &script->size);
    assert_non_null(script->out);
}

static void script_end(struct script *script) {
    if (script->out != NULL) {
        assert_int_equal(fclose(script->out), 0);
        script->out = NULL;
    }
}

static void script_free(struct script *script) {
    script_end(script);
    free(script->text);
    script->text = NULL;
}

static void script_told(void *context, const struct rehearsal *rehearsal,
                        const struct core_event *event, const struct event_json *json) {
    struct script *script = context;
    (void)rehearsal;
    script->count++;
    fprintf(script->out, "%llu %.*s\n", (unsigned long long)event->at.ns, (int)json->size,
            json->text);
}

/* ---- recording ---- */

static void site_load(const char *rules, struct config_result *result, struct site *ret_site) {
    char setting[PATH_SIZE + 16];
    const char *settings[] = {setting};
    snprintf(setting, sizeof setting, "gateway.state=%s", scene.directory);
    const struct config_options options = {
        .settings = settings, .setting_count = 1, .rules = rules};
    int r = config_load(TEST_SOURCE_DIR "/deploy/example/site.yaml", &options, result);
    if (r != 0) {
        config_print(result, LANGUAGE_EN, stderr);
    }
    assert_int_equal(r, 0);
    assert_int_equal(site_view(result->image, result->image_size, ret_site), 0);
}

static void segment_begin(void) {
    const struct recording_moment moment = {
        .at = scene.now, .wall = wall_now(), .rate = 1, .boot = "17", .next_seq = 1};
    recording_ring_begin(scene.ring, scene.live.core, &moment);
    scene.segments++;
}

static void hear(struct input input) {
    input.at = scene.now;
    input.wall = wall_now();
    recording_ring_add(scene.ring, &input);
    rehearsal_take(&scene.live, &input);
}

/* xorshift64*, Vigna 2016: the same day everywhere. */
static uint32_t random_below(uint32_t bound) {
    scene.seed ^= scene.seed >> 12;
    scene.seed ^= scene.seed << 25;
    scene.seed ^= scene.seed >> 27;
    return (uint32_t)((scene.seed * 2685821657736338717u) >> 33) % bound;
}

static void hear_command(void) {
    struct command command = {.verb = (enum command_verb)random_below(COMMAND_VERB_COUNT),
                              .alarm = random_below(scene.site.ruleset.alarm_count),
                              .place = random_below(scene.site.ruleset.place_count),
                              .second_role = ROLE_COUNT,
                              .duration_s = 60,
                              .actor = "wang",
                              .reason = "on my way"};
    hear((struct input){.kind = INPUT_COMMAND, .command = &command});
}

/* What comes in a moment: readings mostly, now and then a heartbeat, a lost device, a person. */
static void hear_something(void) {
    const struct ruleset *ruleset = &scene.site.ruleset;
    scene.now.ns += random_below(200) * NS_PER_MS;
    if (core_deadline(scene.live.core).ns <= scene.now.ns) {
        hear((struct input){.kind = INPUT_TICK});
    }
    uint32_t dice = random_below(1000);
    if (dice < 3) {
        hear((struct input){.kind = INPUT_DEVICE,
                            .subject = random_below(ruleset->device_count),
                            .state = (enum truth)random_below(2)});
    } else if (dice < 10) {
        hear_command();
    } else if (dice < 200) {
        hear((struct input){.kind = INPUT_HEARTBEAT, .subject = dice % ruleset->device_count});
    } else {
        uint32_t point = random_below(ruleset->point_count);
        bool rare = random_below(40) == 0;
        hear((struct input){.kind = INPUT_READING,
                            .reading = {.point = point,
                                        .quality = (uint8_t)(rare && dice % 3 == 0 ? 3 : 0),
                                        .value = rare ? 1 : 0,
                                        .measured = wall_now()}});
    }
}

/* Hear things until `segments` have begun in all. */
static void live_until(unsigned segments) {
    while (scene.segments < segments) {
        for (unsigned i = 0; i < 500; i++) {
            hear_something();
        }
        recording_ring_flush(scene.ring, true);
        ring_await_written(scene.ring);
        if (recording_ring_is_due(scene.ring)) {
            segment_begin();
            ring_await_written(scene.ring);
        }
    }
    for (unsigned i = 0; i < 2000; i++) {
        hear_something();
    }
}

static int set_up(void **state) {
    (void)state;
    memset(&scene, 0, sizeof scene);
    strcpy(scene.directory, "/tmp/tocsin-replay.XXXXXX");
    assert_non_null(mkdtemp(scene.directory));
    site_load(NULL, &scene.result, &scene.site);
    zone_init("Asia/Shanghai");
    scene.now.ns = 5 * NS_PER_S;
    scene.seed = 7;
    script_begin(&scene.said);
    assert_int_equal(
        rehearsal_init(&scene.live, &scene.site, 1, scene.now, script_told, &scene.said), 0);
    assert_int_equal(recording_ring_new(&scene.site, SIZE, &scene.ring), 0);
    segment_begin();
    hear((struct input){.kind = INPUT_START, .state = TRUTH_TRUE});
    for (uint32_t i = 0; i < scene.site.ruleset.calendar_count; i++) {
        hear((struct input){.kind = INPUT_CALENDAR, .subject = i, .state = TRUTH_FALSE});
    }
    ring_await_written(scene.ring);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    scene.ring = recording_ring_free(scene.ring);
    rehearsal_deinit(&scene.live);
    script_free(&scene.said);
    config_result_deinit(&scene.result);
    config_result_deinit(&scene.other_result);
    assert_int_equal(scratch_remove(scene.directory), 0);
    return 0;
}

static void stop(void) {
    scene.ring = recording_ring_free(scene.ring);
    script_end(&scene.said);
}

/* ---- replaying ---- */

static void remarked(void *context, const struct replay_told *told) {
    static const char letters[REPLAY_REMARK_COUNT] = {
        [REPLAY_BEGINS] = 'B',   [REPLAY_BEGINS_FRESH] = 'F', [REPLAY_UNREADABLE] = 'U',
        [REPLAY_NO_SITE] = 'N',  [REPLAY_DROPPED] = 'D',      [REPLAY_DAMAGED] = 'X',
        [REPLAY_STRAYED] = 'S',  [REPLAY_ENDS] = 'E',         [REPLAY_CUT] = 'C',
        [REPLAY_NO_FILES] = 'M', [REPLAY_NO_INPUTS] = 'I',    [REPLAY_NO_MORE] = 'L',
    };
    (void)context;
    size_t len = strlen(scene.remarks);
    assert_true(len < REMARKS);
    scene.remarks[len] = letters[told->remark];
    scene.remarks[len + 1] = '\0';
    if (told->remark == REPLAY_DAMAGED || told->remark == REPLAY_CUT ||
        told->remark == REPLAY_NO_FILES) {
        scene.count = told->count;
    }
}

/* Play everything; what is said is the caller's to free. Returns how many inputs there were. */
static uint64_t play(const struct site *site, struct script *script) {
    char reason[RECORDING_REASON_SIZE];
    struct tape tape;
    struct replay replay = {
        .sides = {{.site = site, .told = script_told, .context = script}},
        .side_count = 1,
        .remark = remarked,
    };
    scene.remarks[0] = '\0';
    script_begin(script);
    assert_int_equal(tape_open(&tape, scene.directory, reason), 0);
    assert_int_equal(replay_tape(&replay, &tape), 0);
    tape_close(&tape);
    script_end(script);
    return replay.inputs;
}

static void a_replay_says_what_was_said_and_arrives_at_each_snapshot(void **state) {
    struct script script;
    (void)state;
    live_until(3);
    stop();
    uint64_t inputs = play(NULL, &script);
    assert_string_equal(scene.remarks, "BE");
    assert_true(inputs > 10000);
    assert_true(scene.said.count > 500);
    assert_int_equal(script.count, scene.said.count);
    assert_string_equal(script.text, scene.said.text);
    script_free(&script);

    play(&scene.site, &script); /* the same site, given */
    assert_string_equal(scene.remarks, "BE");
    assert_string_equal(script.text, scene.said.text);
    script_free(&script);
}

/* Change one byte of a block of a file and make its sum right again. */
static void block_change(const char *name, enum recording_block kind, size_t at) {
    char path[2 * PATH_SIZE];
    struct recording_block_head head;
    size_t offset = 0;
    snprintf(path, sizeof path, "%s/%s/%s", scene.directory, RECORDING_DIRECTORY, name);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    for (;;) {
        assert_int_equal(pread(fd, &head, sizeof head, (off_t)offset), sizeof head);
        if (head.kind == (uint32_t)kind) {
            break;
        }
        offset += sizeof head + head.size;
    }
    unsigned char *body = malloc(head.size);
    assert_non_null(body);
    assert_int_equal(pread(fd, body, head.size, (off_t)(offset + sizeof head)), head.size);
    body[at < head.size ? at : head.size - 1] ^= 1;
    head = recording_block_of(kind, body, head.size);
    assert_int_equal(pwrite(fd, &head, sizeof head, (off_t)offset), sizeof head);
    assert_int_equal(pwrite(fd, body, head.size, (off_t)(offset + sizeof head)), head.size);
    assert_int_equal(close(fd), 0);
    free(body);
}

static void segment_name(unsigned number, char ret[RECORDING_NAME_SIZE]) {
    recording_name_format(number, scene.site.header->generation, ret);
}

/* Were replay and engine ever to differ, the next snapshot would show it. */
static void a_replay_that_strays_is_noticed(void **state) {
    char name[RECORDING_NAME_SIZE];
    struct script script;
    (void)state;
    live_until(2);
    stop();
    segment_name(2, name);
    block_change(name, RECORDING_CORE, SIZE_MAX);
    play(NULL, &script);
    assert_string_equal(scene.remarks, "BSE");
    script_free(&script);
}

static void a_recording_of_another_build_begins_from_what_was_known(void **state) {
    char name[RECORDING_NAME_SIZE];
    struct script script;
    (void)state;
    live_until(2);
    stop();
    segment_name(1, name);
    block_change(name, RECORDING_HEAD, offsetof(struct recording_head, build));
    play(NULL, &script);
    assert_string_equal(scene.remarks, "FE");
    assert_true(script.count > 100);
    script_free(&script);
}

static void an_unreadable_segment_is_told_and_the_next_one_begins_anew(void **state) {
    char name[RECORDING_NAME_SIZE];
    struct script script;
    (void)state;
    live_until(3);
    stop();
    segment_name(2, name);
    block_change(name, RECORDING_HEAD, 0);
    play(NULL, &script);
    assert_string_equal(scene.remarks, "BEUBE");
    script_free(&script);
}

/* ---- recordings that are not whole ---- */

/* What is said must be what was said but for what is missing: a beginning and an end of it. */
static void assert_has_a_hole(const struct script *script) {
    size_t begin = 0;
    assert_true(script->size > 0 && script->size < scene.said.size);
    while (script->text[begin] == scene.said.text[begin]) {
        begin++;
    }
    size_t rest = script->size - begin;
    const char *end = scene.said.text + scene.said.size - rest;
    assert_memory_equal(script->text + begin, end, rest);
}

static void segment_path(unsigned number, char ret[2 * PATH_SIZE]) {
    char name[RECORDING_NAME_SIZE];
    segment_name(number, name);
    snprintf(ret, 2 * PATH_SIZE, "%s/%s/%s", scene.directory, RECORDING_DIRECTORY, name);
}

static void segment_remove(unsigned number) {
    char path[2 * PATH_SIZE];
    segment_path(number, path);
    assert_int_equal(unlink(path), 0);
}

static off_t segment_size(unsigned number) {
    char path[2 * PATH_SIZE];
    struct stat status;
    segment_path(number, path);
    assert_int_equal(stat(path, &status), 0);
    return status.st_size;
}

static void missing_segments_are_told_wherever_they_were(void **state) {
    struct script script;
    (void)state;
    live_until(5);
    stop();
    segment_remove(3);
    uint64_t inputs = play(NULL, &script);
    assert_string_equal(scene.remarks, "BEMBE");
    assert_int_equal(scene.count, 1);
    assert_has_a_hole(&script);
    script_free(&script);

    segment_remove(2);
    assert_true(play(NULL, &script) < inputs);
    assert_string_equal(scene.remarks, "BEMBE");
    assert_int_equal(scene.count, 2);
    assert_has_a_hole(&script);
    script_free(&script);

    segment_remove(5);
    play(NULL, &script);
    assert_string_equal(scene.remarks, "BEMBLE");
    script_free(&script);

    segment_remove(1); /* the oldest are what a ring loses: nothing is missing in between */
    play(NULL, &script);
    assert_string_equal(scene.remarks, "BLE");
    script_free(&script);
}

static void a_changed_byte_in_the_middle_is_told_and_the_next_segment_is_heard(void **state) {
    struct script script;
    char path[2 * PATH_SIZE];
    unsigned char byte;
    (void)state;
    live_until(3);
    stop();
    off_t at = segment_size(2) - 50000; /* its snapshot is at the other end */
    segment_path(2, path);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    assert_int_equal(close(fd), 0);
    play(NULL, &script);
    assert_string_equal(scene.remarks, "BXEBE");
    assert_true(scene.count <= (uint64_t)at && scene.count + RECORDING_INPUTS_MAX > (uint64_t)at);
    assert_has_a_hole(&script);
    script_free(&script);
}

/* The tail that a kill leaves is normal at the end of a boot, and nowhere else. */
static void a_cut_end_is_told_unless_it_is_the_last(void **state) {
    struct script script;
    char path[2 * PATH_SIZE];
    (void)state;
    live_until(3);
    stop();
    segment_path(3, path);
    assert_int_equal(truncate(path, segment_size(3) - 100), 0);
    play(NULL, &script);
    assert_string_equal(scene.remarks, "BE");
    script_free(&script);
    segment_path(2, path);
    assert_int_equal(truncate(path, segment_size(2) - 100), 0);
    play(NULL, &script);
    assert_string_equal(scene.remarks, "BECBE");
    assert_true(scene.count <= (uint64_t)segment_size(2));
    script_free(&script);
}

/* Each case is a segment, and the one after it. */
static void seams_tell_what_is_missing(void **state) {
    static const struct {
        uint64_t number, next;
        const char *boot, *next_boot;
        enum recording_ending ending;
        uint32_t follows;
        bool starts;
        enum seam seam;
    } cases[] = {
        {4, 5, "17", "17", RECORDING_ENDED_FULL, 1, false, SEAM_WHOLE},
        {4, 5, "17", "17", RECORDING_ENDED_FULL, 0, false, SEAM_INPUTS},
        {4, 5, "17", "17", RECORDING_ENDED_OPEN, 1, false, SEAM_CUT},
        {4, 5, "17", "17", RECORDING_ENDED_OPEN, 0, false, SEAM_INPUTS},
        {4, 5, "17", "17", RECORDING_ENDED_DROPPED, 0, false, SEAM_TOLD},
        {4, 5, "17", "17", RECORDING_ENDED_DAMAGED, 1, false, SEAM_TOLD},
        {4, 5, "17", "17", RECORDING_ENDED_STOPPED, 0, false, SEAM_INPUTS},
        {4, 5, "", "17", RECORDING_ENDED_DAMAGED, 1, false, SEAM_TOLD},
        {4, 6, "17", "17", RECORDING_ENDED_FULL, 1, false, SEAM_FILES},
        {4, 6, "", "17", RECORDING_ENDED_DAMAGED, 1, false, SEAM_FILES},
        /* a new boot */
        {4, 5, "17", "18", RECORDING_ENDED_STOPPED, 0, true, SEAM_WHOLE},
        {4, 5, "17", "18", RECORDING_ENDED_OPEN, 0, true, SEAM_WHOLE},
        {4, 5, "17", "18", RECORDING_ENDED_FULL, 0, true, SEAM_WHOLE},
        {4, 5, "17", "18", RECORDING_ENDED_STOPPED, 0, false, SEAM_INPUTS},
        {4, 6, "17", "18", RECORDING_ENDED_STOPPED, 0, true, SEAM_FILES},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct seam_end before = {
            .known = true, .number = cases[i].number, .ending = cases[i].ending};
        struct recording_head head = {.number = cases[i].next, .follows = cases[i].follows};
        uint64_t files;
        strcpy(before.boot, cases[i].boot);
        strcpy(head.boot, cases[i].next_boot);
        enum seam seam = seam_between(&before, &head, cases[i].starts, &files);
        if (seam != cases[i].seam) {
            fail_msg("case %u: %d", i, (int)seam);
        }
        assert_int_equal(files, cases[i].next - cases[i].number - 1);
        before.known = false;
        assert_int_equal(seam_between(&before, &head, cases[i].starts, &files), SEAM_WHOLE);
    }
}

static void without_its_site_only_the_same_rules_can_be_heard(void **state) {
    char path[2 * PATH_SIZE];
    char name[RECORDING_NAME_SIZE];
    struct script script;
    (void)state;
    live_until(1);
    stop();
    recording_site_name_format(scene.site.header->generation, name);
    snprintf(path, sizeof path, "%s/%s/%s", scene.directory, RECORDING_DIRECTORY, name);
    assert_int_equal(unlink(path), 0);
    play(NULL, &script);
    assert_string_equal(scene.remarks, "N");
    assert_int_equal(script.count, 0);
    script_free(&script);
    play(&scene.site, &script);
    assert_string_equal(scene.remarks, "BE");
    assert_string_equal(script.text, scene.said.text);
    script_free(&script);
}

/* ---- other rules ---- */

struct differences {
    struct wall overstay_before, overstay_after; /* when it was raised; 0: it was not */
    unsigned count[4];                           /* by enum comparison_kind */
    char last[256];
    int64_t apart_ns; /* of the last that moved */
};

static void difference_told(void *context, const struct comparison_difference *difference) {
    struct differences *differences = context;
    const struct comparison_event *one =
        difference->before != NULL ? difference->before : difference->after;
    differences->count[difference->kind]++;
    snprintf(differences->last, sizeof differences->last, "%s", one->subject);
    bool overstay = strcmp(one->subject, "alarm.raised bathroom_overstay/care/bath") == 0;
    if (overstay && difference->before != NULL) {
        differences->overstay_before = difference->before->wall;
    }
    if (overstay && difference->after != NULL) {
        differences->overstay_after = difference->after->wall;
    }
    if (difference->kind == COMPARISON_MOVED) {
        differences->apart_ns = difference->after->wall.ns - difference->before->wall.ns;
    }
}

static void before_told(void *context, const struct rehearsal *rehearsal,
                        const struct core_event *event, const struct event_json *json) {
    comparison_add(context, COMPARISON_BEFORE, rehearsal->site, event, json);
}

static void after_told(void *context, const struct rehearsal *rehearsal,
                       const struct core_event *event, const struct event_json *json) {
    comparison_add(context, COMPARISON_AFTER, rehearsal->site, event, json);
}

/* Compare the site's own rules with these, over the tape. */
static struct differences compare(const char *rules) {
    char path[2 * PATH_SIZE];
    char reason[RECORDING_REASON_SIZE];
    struct comparison comparison = {.error = 0};
    struct differences differences = {.count = {0}};
    struct tape tape;
    snprintf(path, sizeof path, "%s/rules.yaml", scene.directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(rules, file);
    assert_int_equal(fclose(file), 0);
    site_load(path, &scene.other_result, &scene.other);
    struct replay replay = {
        .sides = {{.site = &scene.site, .told = before_told, .context = &comparison},
                  {.site = &scene.other, .told = after_told, .context = &comparison}},
        .side_count = 2,
        .remark = remarked,
    };
    scene.remarks[0] = '\0';
    assert_int_equal(tape_open(&tape, scene.directory, reason), 0);
    assert_int_equal(replay_tape(&replay, &tape), 0);
    tape_close(&tape);
    assert_true(comparison.lists[COMPARISON_BEFORE].count > 0);
    assert_true(comparison_run(&comparison, difference_told, &differences) >= 0);
    comparison_deinit(&comparison);
    return differences;
}

/* Count the differences of one event about the site, as its two sides say it. */
static int64_t compare_site_events(const char *before, const char *after) {
    const struct core_event event = {
        .type = EVENT_SYSTEM_CONFIG_CHANGED, .alarm = RULESET_NONE, .point = RULESET_NONE};
    struct comparison comparison = {.error = 0};
    struct differences differences = {.count = {0}};
    struct event_json json = {.size = strlen(before)};
    memcpy(json.text, before, json.size);
    comparison_add(&comparison, COMPARISON_BEFORE, &scene.site, &event, &json);
    json.size = strlen(after);
    memcpy(json.text, after, json.size);
    comparison_add(&comparison, COMPARISON_AFTER, &scene.site, &event, &json);
    int64_t count = comparison_run(&comparison, difference_told, &differences);
    comparison_deinit(&comparison);
    return count;
}

static void that_the_sides_are_two_sites_is_no_difference(void **state) {
    (void)state;
    assert_int_equal(
        compare_site_events(
            ",\"data\":{\"class\":\"x\",\"generation\":\"16377ed974e5fd20\",\"generation_before\":"
            "\"96d9c8bf9ab1efc0\"}}",
            ",\"data\":{\"class\":\"x\",\"generation\":\"26377ed974e5fd21\",\"generation_before\":"
            "\"96d9c8bf9ab1efc0\"}}"),
        0);
    assert_int_equal(
        compare_site_events(
            ",\"data\":{\"class\":\"x\",\"generation\":\"16377ed974e5fd20\",\"generation_before\":"
            "\"96d9c8bf9ab1efc0\"}}",
            ",\"data\":{\"class\":\"x\",\"generation\":\"16377ed974e5fd20\",\"generation_before\":"
            "null}}"),
        1);
}

/* "moved alarm.escalated … 1 at 1900; " of each difference, in the order in which they are told. */
static void difference_listed(void *context, const struct comparison_difference *difference) {
    static const char *const kinds[] = {"only before", "only after", "moved", "changed"};
    const struct comparison_event *shown =
        difference->after != NULL ? difference->after : difference->before;
    char *list = context;
    size_t len = strlen(list);
    snprintf(list + len, LIST_SIZE - len, "%s %s at %d; ", kinds[difference->kind], shown->subject,
             (int)(shown->wall.ns / (int64_t)NS_PER_S));
}

static void compare_add(struct comparison *comparison, enum comparison_side side,
                        struct core_event event, int64_t at_s) {
    struct event_json json = {.size = 2};
    memcpy(json.text, "{}", 2);
    event.point = RULESET_NONE;
    event.wall.ns = at_s * (int64_t)NS_PER_S;
    comparison_add(comparison, side, &scene.site, &event, &json);
}

/* A call that comes a quarter of an hour later has each of its steps as much later. */
static void a_step_of_a_chain_is_compared_with_the_same_step(void **state) {
    (void)state;
    char list[LIST_SIZE] = "";
    char expected[2 * LIST_SIZE];
    char name[SITE_ALARM_NAME_SIZE];
    struct comparison comparison = {.error = 0};
    struct core_event step = {.type = EVENT_ALARM_ESCALATED};
    const struct core_event raised = {.type = EVENT_ALARM_RAISED};
    site_alarm_format(&scene.site, 0, name);
    compare_add(&comparison, COMPARISON_BEFORE, raised, 1015);
    compare_add(&comparison, COMPARISON_AFTER, raised, 1915);
    for (uint32_t i = 1; i <= 3; i++) {
        step.escalation.step = i;
        compare_add(&comparison, COMPARISON_BEFORE, step, 1000 + 15 * (int64_t)i);
        compare_add(&comparison, COMPARISON_AFTER, step, 1900 + 15 * (int64_t)i);
    }
    /* What is told stands in the order of the times that are told. */
    compare_add(&comparison, COMPARISON_AFTER, (struct core_event){.type = EVENT_ALARM_CLEARED},
                1500);
    assert_int_equal(comparison_run(&comparison, difference_listed, list), 5);
    comparison_deinit(&comparison);
    snprintf(
        expected, sizeof expected,
        "only after alarm.cleared %s at 1500; moved alarm.raised %s at 1915; moved alarm.escalated %s 1 at 1915; "
        "moved alarm.escalated %s 2 at 1930; moved alarm.escalated %s 3 at 1945; ",
        name, name, name, name, name);
    assert_string_equal(list, expected);
}

/* The example's own rules as a text. */
static char *own_rules(void) {
    FILE *file = fopen(TEST_SOURCE_DIR "/deploy/example/rules.yaml", "r");
    char *text = NULL;
    size_t size = 0;
    assert_non_null(file);
    assert_true(getdelim(&text, &size, '\0', file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void text_change(char *text, const char *from, const char *to) {
    char *at = strstr(text, from);
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
}

static void the_same_rules_make_no_difference(void **state) {
    (void)state;
    live_until(1);
    stop();
    char *rules = own_rules();
    struct differences differences = compare(rules);
    free(rules);
    assert_string_equal(scene.remarks, "FE");
    for (unsigned kind = 0; kind < 4; kind++) {
        assert_int_equal(differences.count[kind], 0);
    }
}

/* Every device answers, and nothing changes. */
static void hear_nothing_new(unsigned seconds) {
    for (unsigned s = 0; s < seconds; s++) {
        scene.now.ns += NS_PER_S;
        for (uint32_t i = 0; i < scene.site.ruleset.device_count; i++) {
            hear((struct input){.kind = INPUT_HEARTBEAT, .subject = i});
        }
    }
}

/* A door is held open; other rules would have said so ten seconds earlier. */
static void a_shorter_delay_moves_its_alarm_and_nothing_else(void **state) {
    uint32_t door;
    (void)state;
    door = site_point_find(&scene.site, "hall/gate/door");
    hear((struct input){.kind = INPUT_READING, .reading = {.point = door, .value = 1}});
    hear_nothing_new(60);
    stop();
    char *rules = own_rules();
    text_change(rules, "raise_after: 30 s\n    class: door.held",
                "raise_after: 20 s\n    class: door.held");
    struct differences differences = compare(rules);
    free(rules);
    assert_int_equal(differences.count[COMPARISON_MOVED], 1);
    assert_string_equal(differences.last, "alarm.raised door_held/hall/gate/door");
    assert_int_equal(differences.apart_ns, -10 * (int64_t)NS_PER_S);
    assert_int_equal(differences.count[COMPARISON_ONLY_BEFORE] +
                         differences.count[COMPARISON_ONLY_AFTER] +
                         differences.count[COMPARISON_CHANGED],
                     0);
}

/*
 * Somebody is in the bathroom for 1,000 s when the segment begins that is the first to be read, and
 * 1,000 s more; 30 minutes are 1,800 s. Compare with rules whose expression is `raise`.
 */
static struct differences compare_overstay(const char *raise) {
    char name[RECORDING_NAME_SIZE];
    uint32_t presence = site_point_find(&scene.site, "care/bath/presence");
    hear((struct input){.kind = INPUT_READING, .reading = {.point = presence, .value = 1}});
    hear_nothing_new(1000);
    segment_begin();
    ring_await_written(scene.ring);
    hear_nothing_new(1000);
    stop();
    segment_name(1, name);
    block_change(name, RECORDING_HEAD, 0);
    char *rules = own_rules();
    text_change(rules, "held(any(presence), 30 min)", raise);
    struct differences differences = compare(rules);
    free(rules);
    assert_string_equal(scene.remarks, "UFE");
    return differences;
}

static void other_rules_go_on_with_the_same_past_for_another_time(void **state) {
    (void)state;
    struct differences differences = compare_overstay("held(any(presence), 31 min)");
    assert_int_equal(differences.overstay_before.ns, wall_now().ns - 200 * (int64_t)NS_PER_S);
    assert_int_equal(differences.overstay_after.ns, wall_now().ns - 140 * (int64_t)NS_PER_S);
}

static void other_rules_do_not_inherit_the_past_of_something_else(void **state) {
    (void)state;
    struct differences differences = compare_overstay("held(all(presence), 30 min)");
    assert_int_equal(differences.overstay_before.ns, wall_now().ns - 200 * (int64_t)NS_PER_S);
    assert_int_equal(differences.overstay_after.ns, 0);
}

static void a_rule_that_is_gone_leaves_its_alarms_out_and_a_new_word_changes_them(void **state) {
    (void)state;
    uint32_t button = site_point_find(&scene.site, "care/day-care/button-1");
    uint32_t smoke = site_point_find(&scene.site, "care/club/smoke-1");
    hear((struct input){.kind = INPUT_READING, .reading = {.point = button, .value = 1}});
    hear((struct input){.kind = INPUT_READING, .reading = {.point = smoke, .value = 1}});
    stop();
    struct differences differences = compare("rules:\n"
                                             "  - rule: emergency_call\n"
                                             "    each: point emergency_button\n"
                                             "    raise: value\n"
                                             "    class: call.emergency\n"
                                             "    message: {zh: 救命, en: Help}\n"
                                             "    response: {zh: 去, en: Go}\n");
    assert_true(differences.count[COMPARISON_CHANGED] >= 1);
    assert_true(differences.count[COMPARISON_ONLY_BEFORE] >= 1);
    assert_int_equal(differences.count[COMPARISON_ONLY_AFTER], 0);
    assert_int_equal(differences.count[COMPARISON_MOVED], 0);
}

static void a_history_is_heard_with_the_sites_own_hours_and_no_device_is_missed(void **state) {
    struct script script;
    struct history_row rows[3];
    uint32_t door = site_point_find(&scene.site, "hall/gate/door");
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        rows[i] =
            (struct history_row){.wall = {wall_begin.ns + (int64_t)i * 7200 * (int64_t)NS_PER_S},
                                 .point = door,
                                 .value = i == 0 ? 1 : 0};
    }
    stop();
    const struct history history = {.rows = rows, .count = 3};
    struct replay replay = {
        .sides = {{.site = &scene.site, .told = script_told, .context = &script}},
        .side_count = 1,
        .remark = remarked,
    };
    script_begin(&script);
    assert_int_equal(replay_history(&replay, &history), 0);
    script_end(&script);
    assert_int_equal(replay.inputs, 3);
    /* The hall is closed by the site's own hours, and the door stands open. */
    assert_non_null(strstr(script.text, "\"rule\":\"door_held\""));
    assert_non_null(strstr(script.text, "tocsin.alarm.cleared"));
    assert_null(strstr(script.text, "system_device_lost"));
    script_free(&script);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_replay_says_what_was_said_and_arrives_at_each_snapshot),
        TEST(a_replay_that_strays_is_noticed),
        TEST(a_recording_of_another_build_begins_from_what_was_known),
        TEST(an_unreadable_segment_is_told_and_the_next_one_begins_anew),
        TEST(missing_segments_are_told_wherever_they_were),
        TEST(a_changed_byte_in_the_middle_is_told_and_the_next_segment_is_heard),
        TEST(a_cut_end_is_told_unless_it_is_the_last),
        cmocka_unit_test(seams_tell_what_is_missing),
        TEST(without_its_site_only_the_same_rules_can_be_heard),
        TEST(a_step_of_a_chain_is_compared_with_the_same_step),
        TEST(the_same_rules_make_no_difference),
        TEST(that_the_sides_are_two_sites_is_no_difference),
        TEST(a_shorter_delay_moves_its_alarm_and_nothing_else),
        TEST(other_rules_go_on_with_the_same_past_for_another_time),
        TEST(other_rules_do_not_inherit_the_past_of_something_else),
        TEST(a_rule_that_is_gone_leaves_its_alarms_out_and_a_new_word_changes_them),
        TEST(a_history_is_heard_with_the_sites_own_hours_and_no_device_is_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
