/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The reader on journals that the product's own writer made
 *
 * Event n has seq n. Every third one is activity; the others belong to one of two alarms in turn.
 * Nothing here leaves a writer thread behind.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/journal/journal.h"
#include "gateway/journal/journal_reader.h"
#include "gateway/site.h"
#include "tests/support/cmocka.h"
#include "tests/support/scratch.h"

enum { ALARMS = 2, EVENTS = 30, ROWS_MAX = 64, PATH_SIZE = 96, EARLY_SEQ = 5, EARLY = 3 };

struct scene {
    char root[64];
    char state[PATH_SIZE];
    char database[PATH_SIZE];
    struct journal_reader *reader;
};

static int scene_setup(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    (void)snprintf(scene->root, sizeof scene->root, "/tmp/tocsin-reader-XXXXXX");
    assert_non_null(mkdtemp(scene->root));
    (void)snprintf(scene->state, sizeof scene->state, "%s/state", scene->root);
    (void)snprintf(scene->database, sizeof scene->database, "%s/state/journal.db", scene->root);
    assert_int_equal(journal_reader_new(scene->state, &scene->reader), 0);
    *state = scene;
    return 0;
}

static int scene_teardown(void **state) {
    struct scene *scene = *state;
    (void)journal_reader_free(scene->reader);
    int r = scratch_remove(scene->root);
    free(scene);
    return r;
}

/* ---- writing ---- */

static enum core_lane lane_of(uint64_t seq) {
    return seq % 3 == 0 ? LANE_ACTIVITY : LANE_ALARM;
}

static void alarm_name(const void *context, uint32_t alarm, char *ret) {
    (void)context;
    (void)snprintf(ret, SITE_ALARM_NAME_SIZE, "fire_alarm/room-%" PRIu32, alarm);
}

static struct journal_event *event_make(uint64_t seq) {
    char text[128];
    int size = snprintf(text, sizeof text, ",\"data\":%" PRIu64 "}", seq);
    struct journal_event *event;
    assert_int_equal(journal_event_new(text, 0, (size_t)size, &event), 0);
    event->wall = (struct wall){(int64_t)seq * 1000};
    event->lane = (uint8_t)lane_of(seq);
    event->type = lane_of(seq) == LANE_ALARM ? EVENT_ALARM_CLEARED : EVENT_PATROL_CHECKPOINT;
    event->alarm = lane_of(seq) == LANE_ALARM ? (uint32_t)(seq % ALARMS) : RULESET_NONE;
    atomic_init(&event->early, seq == EARLY_SEQ ? EARLY : 0);
    return event;
}

/* Record events `first` … `last`: closing records what waits. */
static void scene_record(const struct scene *scene, uint64_t first, uint64_t last) {
    struct journal_conf conf = {
        .directory = scene->state,
        .identity = {.site = "gulou-demo", .gateway = "main", .alarm_name = alarm_name},
        .alarm_count = ALARMS,
        .keep = {.keep_ns = JOURNAL_WEEK_NS, .size = UINT64_C(1) << 30},
        .inspect_after_ns = 10 * NS_PER_S,
    };
    struct journal *journal;
    assert_int_equal(journal_new(&conf, &journal), 0);
    assert_int_equal(journal_newest(journal), first - 1);
    for (uint64_t seq = first; seq <= last; seq++) {
        journal_add_event(journal, event_make(seq));
    }
    (void)journal_submit(journal);
    assert_int_equal(journal_start(journal), 0);
    (void)journal_free(journal);
}

/* ---- reading ---- */

struct rows {
    uint64_t seqs[ROWS_MAX];
    uint32_t count;
    uint32_t stop_after; /* 0: never */
};

/* Note a row; each must say of itself what event_make() gave it. */
static bool rows_add(void *context, const struct journal_row *row) {
    struct rows *rows = context;
    char alarm[SITE_ALARM_NAME_SIZE];
    char sequence[48];
    assert_true(rows->count < ROWS_MAX);
    rows->seqs[rows->count++] = row->seq;
    assert_int_equal(row->lane, lane_of(row->seq));
    assert_int_equal(row->wall.ns, row->seq * 1000);
    assert_int_equal(row->early, row->seq == EARLY_SEQ ? EARLY : 0);
    if (lane_of(row->seq) == LANE_ALARM) {
        alarm_name(NULL, (uint32_t)(row->seq % ALARMS), alarm);
        assert_string_equal(row->alarm, alarm);
        assert_string_equal(row->type, "alarm.cleared");
    } else {
        assert_null(row->alarm);
        assert_string_equal(row->type, "patrol.checkpoint");
    }
    (void)snprintf(sequence, sizeof sequence, ",\"sequence\":%" PRIu64 ",\"data\":%" PRIu64 "}",
                   row->seq, row->seq);
    size_t size = strlen(sequence);
    assert_true(row->body_size > size);
    assert_memory_equal(row->body + row->body_size - size, sequence, size);
    return rows->count != rows->stop_after;
}

/* A query for everything, to be narrowed. */
static struct journal_query query_all(void) {
    return (struct journal_query){.until_seq = UINT64_MAX, .lane = -1, .limit = ROWS_MAX};
}

/*
 * Read all that `query` asks for, and return the last seq; 0: nothing. A read ends by itself after
 * 100 ms and is gone on with where it ended: on a busy machine that is anywhere.
 */
static uint64_t rows_read(struct scene *scene, const struct journal_query *query,
                          struct rows *rows) {
    struct journal_query rest = *query;
    uint64_t last_seq = 0, newer = UINT64_MAX;
    while (rest.limit > 0 && newer != 0) {
        uint32_t before = rows->count;
        assert_int_equal(journal_read(scene->reader, &rest, rows_add, rows, &newer), 0);
        last_seq = newer != 0 ? newer : last_seq;
        rest.limit -= rows->count - before;
        if (query->newest_first) {
            rest.until_seq = last_seq - 1;
        } else {
            rest.after_seq = last_seq;
        }
    }
    return last_seq;
}

/* Ask, and hold what comes against the same question answered by counting. */
static void query_check(struct scene *scene, const struct journal_query *query) {
    struct rows rows = {0};
    uint32_t expected = 0;
    uint64_t last_seq = rows_read(scene, query, &rows);
    for (uint64_t i = 1; i <= EVENTS && expected < query->limit; i++) {
        uint64_t seq = query->newest_first ? EVENTS + 1 - i : i;
        char alarm[SITE_ALARM_NAME_SIZE];
        alarm_name(NULL, (uint32_t)(seq % ALARMS), alarm);
        bool wanted = seq > query->after_seq && seq <= query->until_seq &&
                      (query->lane < 0 || query->lane == (int)lane_of(seq)) &&
                      (query->alarm == NULL ||
                       (lane_of(seq) == LANE_ALARM && strcmp(query->alarm, alarm) == 0));
        if (wanted) {
            assert_true(expected < rows.count);
            assert_int_equal(rows.seqs[expected], seq);
            expected++;
        }
    }
    assert_int_equal(rows.count, expected);
    assert_int_equal(last_seq, expected > 0 ? rows.seqs[expected - 1] : 0);
}

static void every_row_comes_once_and_in_order(void **state) {
    struct scene *scene = *state;
    struct journal_query query = query_all();
    scene_record(scene, 1, EVENTS);
    query_check(scene, &query);
    query.newest_first = true;
    query_check(scene, &query);
}

static void after_is_not_included_and_until_is(void **state) {
    struct scene *scene = *state;
    struct rows rows = {0};
    struct journal_query query = query_all();
    scene_record(scene, 1, EVENTS);
    query.after_seq = 10;
    query.until_seq = 12;
    assert_int_equal(rows_read(scene, &query, &rows), 12);
    assert_int_equal(rows.count, 2);
    assert_int_equal(rows.seqs[0], 11);
    assert_int_equal(rows.seqs[1], 12);
}

static void every_way_to_ask_gives_what_counting_gives(void **state) {
    struct scene *scene = *state;
    static const char *const alarms[] = {NULL, "fire_alarm/room-0", "fire_alarm/room-1",
                                         "fire_alarm/nowhere"};
    static const uint64_t ends[] = {0, 1, 7, EVENTS - 1, EVENTS, EVENTS + 9, UINT64_MAX};
    static const uint32_t limits[] = {1, 4, ROWS_MAX};
    enum { END_COUNT = sizeof ends / sizeof ends[0] };
    scene_record(scene, 1, EVENTS);
    for (unsigned form = 0; form < 4 * 3 * 2 * 3; form++) {
        struct journal_query query = query_all();
        query.alarm = alarms[form % 4];
        query.lane = (int)(form / 4 % 3) - 1;
        query.newest_first = form / 12 % 2 == 1;
        query.limit = limits[form / 24];
        for (unsigned span = 0; span < END_COUNT * END_COUNT; span++) {
            query.after_seq = ends[span % END_COUNT];
            query.until_seq = ends[span / END_COUNT];
            query_check(scene, &query);
        }
    }
}

static void a_row_can_be_the_last_one_and_the_next_read_goes_on(void **state) {
    struct scene *scene = *state;
    struct rows rows = {.stop_after = 1};
    uint64_t last_seq;
    struct journal_query query = query_all();
    scene_record(scene, 1, EVENTS);
    assert_int_equal(journal_read(scene->reader, &query, rows_add, &rows, &last_seq), 0);
    assert_int_equal(rows.count, 1);
    assert_int_equal(last_seq, 1);
    query.after_seq = last_seq;
    assert_int_equal(rows_read(scene, &query, &rows), EVENTS);
    assert_int_equal(rows.count, EVENTS);
    assert_int_equal(rows.seqs[1], 2);
}

/* Take the rows so slowly that a second one would come after the 100 ms of a transaction. */
static bool rows_add_slowly(void *context, const struct journal_row *row) {
    uint64_t begun_ns = clock_real_ns();
    while (clock_real_ns() - begun_ns < 100 * NS_PER_MS) {
    }
    return rows_add(context, row);
}

static void a_slow_taker_gets_what_is_there_and_holds_no_transaction(void **state) {
    struct scene *scene = *state;
    struct rows rows = {0};
    uint64_t last_seq;
    struct journal_query query = query_all();
    scene_record(scene, 1, EVENTS);
    assert_int_equal(journal_read(scene->reader, &query, rows_add_slowly, &rows, &last_seq), 0);
    assert_int_equal(rows.count, 1);
    assert_int_equal(last_seq, 1);
}

static void a_journal_without_rows_is_there_but_empty(void **state) {
    struct scene *scene = *state;
    struct rows rows = {0};
    uint64_t last_seq = 77;
    struct journal_query query = query_all();
    scene_record(scene, 1, 0);
    assert_int_equal(journal_read(scene->reader, &query, rows_add, &rows, &last_seq), 0);
    assert_int_equal(rows.count, 0);
    assert_int_equal(last_seq, 0);
}

static void an_absent_file_is_absent_until_it_is_there(void **state) {
    struct scene *scene = *state;
    struct rows rows = {0};
    uint64_t last_seq = 77;
    struct journal_query query = query_all();
    assert_int_equal(journal_read(scene->reader, &query, rows_add, &rows, &last_seq),
                     JOURNAL_E_ABSENT);
    assert_int_equal(last_seq, 77);
    /* Reading makes nothing: a file of the reader's would be taken for a lost journal. */
    assert_int_not_equal(access(scene->state, F_OK), 0);
    scene_record(scene, 1, EVENTS);
    assert_int_equal(rows_read(scene, &query, &rows), EVENTS);
    assert_int_equal(rows.count, EVENTS);
}

static void a_file_that_is_no_journal_is_absent(void **state) {
    struct scene *scene = *state;
    struct rows rows = {0};
    uint64_t last_seq = 77;
    struct journal_query query = query_all();
    assert_int_equal(mkdir(scene->state, 0700), 0);
    FILE *file = fopen(scene->database, "w");
    assert_non_null(file);
    for (int i = 0; i < 4096; i++) {
        assert_int_not_equal(fputc('z', file), EOF);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(journal_read(scene->reader, &query, rows_add, &rows, &last_seq),
                     JOURNAL_E_ABSENT);
    assert_int_equal(rows.count, 0);
    assert_int_equal(last_seq, 77);
}

static void rows_recorded_after_the_first_read_are_seen(void **state) {
    struct scene *scene = *state;
    struct rows rows = {0};
    struct journal_query query = query_all();
    scene_record(scene, 1, 9);
    assert_int_equal(rows_read(scene, &query, &rows), 9);
    scene_record(scene, 10, EVENTS);
    query_check(scene, &query);
}

static void a_replaced_file_is_opened_anew(void **state) {
    struct scene *scene = *state;
    struct rows rows = {0};
    char aside[PATH_SIZE + 8];
    uint64_t last_seq;
    struct journal_query query = query_all();
    scene_record(scene, 1, 9);
    query.limit = 1;
    assert_int_equal(journal_read(scene->reader, &query, rows_add, &rows, &last_seq), 0);
    assert_int_equal(last_seq, 1);
    /* The old file stays open with us and lives on under another name: only the path tells. */
    (void)snprintf(aside, sizeof aside, "%s.bad", scene->database);
    assert_int_equal(rename(scene->database, aside), 0);
    scene_record(scene, 10, 12);
    assert_int_equal(journal_read(scene->reader, &query, rows_add, &rows, &last_seq), 0);
    assert_int_equal(last_seq, 10);
}

static const struct journal_row filter_row = {
    .seq = 1,
    .lane = LANE_ALARM,
    .wall = {7 * (int64_t)NS_PER_MS + 400}, /* told as …007 */
    .type = "alarm.raised",
    .alarm = "fire_alarm/care/day-care/smoke-1",
    .place = "care/day-care",
    .point = "care/day-care/smoke-2",
    .body = "{\"data\":{\"class\":\"fire.alarm\",\"priority\":\"emergency\",\"reason\":"
            "\"he said \\\"priority\\\":\\\"low\\\"\"}}",
};

static bool fits(struct journal_filter filter) {
    filter.until.ns = filter.until.ns != 0 ? filter.until.ns : INT64_MAX;
    return journal_filter_fits(&filter, &filter_row);
}

#define FITS(...) fits((struct journal_filter){.lane = -1, __VA_ARGS__})

static void an_event_fits_by_its_own_words_and_by_what_they_begin_with(void **state) {
    (void)state;
    assert_true(FITS(.since = {7 * (int64_t)NS_PER_MS}, .until = {7 * (int64_t)NS_PER_MS}));
    assert_false(FITS(.since = {8 * (int64_t)NS_PER_MS}));
    assert_false(FITS(.until = {6 * (int64_t)NS_PER_MS}));
    assert_true(FITS(.place = "care"));
    assert_true(FITS(.place = "care/day-care"));
    assert_false(FITS(.place = "care/day"));
    assert_false(FITS(.place = "care/day-care/bed"));
    assert_true(FITS(.point = "care/day-care/smoke-1"));
    assert_false(FITS(.point = "care/day-care/smoke"));
    assert_false(FITS(.point = "care/day-care/smoke-2")); /* it was only the last that decided */
    assert_true(FITS(.type = "alarm.raised"));
    assert_true(FITS(.type = "alarm"));
    assert_false(FITS(.type = "al"));
    assert_true(FITS(.class = "fire"));
    assert_true(FITS(.class = "fire.alarm"));
    assert_false(FITS(.class = "fire.al"));
    assert_true(FITS(.priority = "emergency"));
    assert_false(FITS(.place = "care", .priority = "urgent"));
    assert_false(fits((struct journal_filter){.lane = LANE_ACTIVITY}));
}

static void what_people_wrote_is_taken_for_no_member(void **state) {
    (void)state;
    assert_non_null(strstr(filter_row.body, "low"));
    assert_false(FITS(.priority = "low"));
}

static bool no_row(void *context, const struct journal_row *row) {
    (void)context;
    (void)row;
    fail_msg("a row that does not fit was handed out");
    return false;
}

/* On a busy machine a call may end before it has looked at as many: it never looks at more. */
static void what_nothing_fits_looks_at_so_many_rows_and_says_where_to_go_on(void **state) {
    enum { PIECE = 2500, MANY = JOURNAL_SCAN_MAX + PIECE }; /* more do not wait for a writer */
    struct scene *scene = *state;
    const struct journal_filter filter = {.lane = -1, .until = {INT64_MAX}, .type = "access"};
    struct journal_query query = query_all();
    query.filter = &filter;
    for (uint64_t first = 1; first <= MANY; first += PIECE) {
        scene_record(scene, first, first + PIECE - 1);
    }
    for (int newest = 0; newest < 2; newest++) {
        uint64_t seen = 0, last_seq = 0;
        query.newest_first = newest == 1;
        query.after_seq = 0;
        query.until_seq = UINT64_MAX;
        do {
            assert_int_equal(journal_read(scene->reader, &query, no_row, NULL, &last_seq), 0);
            if (last_seq != 0) {
                uint64_t now_seen = newest == 1 ? MANY + 1 - last_seq : last_seq;
                assert_in_range(now_seen - seen, 1, JOURNAL_SCAN_MAX);
                seen = now_seen;
            }
            query.after_seq = newest == 1 ? 0 : last_seq;
            query.until_seq = newest == 1 ? last_seq - 1 : UINT64_MAX;
        } while (last_seq != 0 && query.until_seq != 0);
        assert_int_equal(seen, MANY);
    }
}

static void of_those_that_fit_come_no_more_than_asked_for(void **state) {
    struct scene *scene = *state;
    struct rows rows = {0};
    const struct journal_filter filter = {.lane = LANE_ACTIVITY, .until = {INT64_MAX}};
    struct journal_query query = query_all();
    query.filter = &filter;
    query.limit = 2;
    scene_record(scene, 1, EVENTS);
    assert_int_equal(rows_read(scene, &query, &rows), 6);
    assert_int_equal(rows.count, 2);
    assert_int_equal(rows.seqs[0], 3);
    assert_int_equal(rows.seqs[1], 6);
}

int main(void) {
#define CASE(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        CASE(every_row_comes_once_and_in_order),
        CASE(after_is_not_included_and_until_is),
        CASE(every_way_to_ask_gives_what_counting_gives),
        CASE(a_row_can_be_the_last_one_and_the_next_read_goes_on),
        CASE(a_slow_taker_gets_what_is_there_and_holds_no_transaction),
        CASE(a_journal_without_rows_is_there_but_empty),
        CASE(an_absent_file_is_absent_until_it_is_there),
        CASE(a_file_that_is_no_journal_is_absent),
        CASE(rows_recorded_after_the_first_read_are_seen),
        CASE(a_replaced_file_is_opened_anew),
        cmocka_unit_test(an_event_fits_by_its_own_words_and_by_what_they_begin_with),
        cmocka_unit_test(what_people_wrote_is_taken_for_no_member),
        CASE(what_nothing_fits_looks_at_so_many_rows_and_says_where_to_go_on),
        CASE(of_those_that_fit_come_no_more_than_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
