/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Shipments against a database in memory that finds some lines wrong, and a table of answers.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/uplink/database/shipment.h"
#include "tests/support/cmocka.h"

enum { LINES_MAX = 5000, LINE_SIZE = 16, REQUESTS_MAX = 20000 };

/* A line is a letter, a number and a feed; a bad one begins with `b`. */
struct scene {
    char text[LINES_MAX * LINE_SIZE];
    size_t size;
    bool taken[LINES_MAX], refused[LINES_MAX];
    unsigned requests;
    size_t bytes_max; /* that the database takes at once */
};

static struct scene scene;

static void scene_lines(unsigned count, bool (*bad)(unsigned line)) {
    memset(&scene, 0, sizeof scene);
    scene.bytes_max = SIZE_MAX;
    for (unsigned i = 0; i < count; i++) {
        scene.size += (size_t)sprintf(scene.text + scene.size, "%c%u\n", bad(i) ? 'b' : 'g', i);
    }
}

static void note(bool marks[LINES_MAX], const char *line) {
    unsigned long number = strtoul(line + 1, NULL, 10);
    assert_true(number < LINES_MAX);
    assert_false(marks[number]);
    marks[number] = true;
}

static void on_refused(void *context, const char *line, size_t size) {
    (void)context;
    assert_int_equal(line[size - 1], '\n');
    assert_int_equal(strcspn(line, "\n"), size - 1);
    note(scene.refused, line);
}

/* Answer as a database does that takes all of a request or nothing. */
static enum answer scene_answer(struct line_range range) {
    if (range.end - range.begin > scene.bytes_max) {
        return ANSWER_TOO_LARGE;
    }
    for (size_t at = range.begin; at < range.end; at += strcspn(scene.text + at, "\n") + 1) {
        if (scene.text[at] == 'b') {
            return ANSWER_LINES_WRONG;
        }
    }
    for (size_t at = range.begin; at < range.end; at += strcspn(scene.text + at, "\n") + 1) {
        note(scene.taken, scene.text + at);
    }
    return ANSWER_TAKEN;
}

static enum shipment_step scene_run(struct shipment *shipment, bool proven) {
    enum shipment_step step;
    do {
        struct line_range range = shipment_next(shipment, SIZE_MAX);
        assert_true(range.begin < range.end && scene.text[range.end - 1] == '\n');
        assert_true(++scene.requests < REQUESTS_MAX);
        step = shipment_answered(shipment, scene_answer(range), proven, on_refused, NULL);
    } while (step == SHIPMENT_ON);
    return step;
}

static bool none(unsigned line) {
    (void)line;
    return false;
}

static bool all(unsigned line) {
    (void)line;
    return true;
}

static bool number_4321(unsigned line) {
    return line == 4321;
}

static bool every_seventh(unsigned line) {
    return line % 7 == 0;
}

static bool first_half(unsigned line) {
    return line < LINES_MAX / 2;
}

static void each_good_line_is_taken_once_and_each_bad_one_refused_once(void **state) {
    (void)state;
    bool (*const kinds[])(unsigned) = {none, number_4321, every_seventh};
    static const unsigned requests[] = {1, 32, 2 * LINES_MAX};
    static const unsigned counts[] = {1, 2, 3, 100, LINES_MAX};
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            struct shipment shipment;
            scene_lines(counts[i], kinds[kind]);
            shipment_begin(&shipment, scene.text, scene.size);
            assert_int_equal(scene_run(&shipment, true), SHIPMENT_OVER);
            assert_true(scene.requests <= requests[kind]);
            for (unsigned line = 0; line < counts[i]; line++) {
                assert_int_equal(scene.refused[line], kinds[kind](line));
                assert_int_equal(scene.taken[line], !kinds[kind](line));
            }
        }
    }
}

static void a_database_that_takes_nothing_is_given_no_line_up(void **state) {
    (void)state;
    struct shipment shipment;
    static const unsigned counts[] = {1, 2, SHIPMENT_SUSPECTS_MAX, LINES_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        scene_lines(counts[i], all);
        shipment_begin(&shipment, scene.text, scene.size);
        assert_int_equal(scene_run(&shipment, false), SHIPMENT_FAILED);
        assert_true(scene.requests < 64);
        for (unsigned line = 0; line < counts[i]; line++) {
            assert_false(scene.refused[line]);
        }
        struct line_range next = shipment_next(&shipment, SIZE_MAX);
        assert_int_equal(next.begin, 0);
        assert_int_equal(next.end, scene.size);
    }
}

static void one_line_that_is_taken_shows_that_the_others_are_bad(void **state) {
    (void)state;
    struct shipment shipment;
    scene_lines(8, every_seventh);
    shipment_begin(&shipment, scene.text, scene.size);
    assert_int_equal(scene_run(&shipment, false), SHIPMENT_OVER);
    assert_true(scene.refused[0] && scene.refused[7]);
    assert_true(scene.taken[1] && scene.taken[6]);
}

static void lines_set_apart_wait_with_the_rest_and_go_when_there_is_proof(void **state) {
    (void)state;
    struct shipment shipment;
    scene_lines(LINES_MAX, first_half);
    shipment_begin(&shipment, scene.text, scene.size);
    assert_int_equal(scene_run(&shipment, false), SHIPMENT_FAILED);
    assert_false(scene.refused[0]);
    assert_int_equal(scene_run(&shipment, true), SHIPMENT_OVER);
    for (unsigned line = 0; line < LINES_MAX; line++) {
        assert_int_equal(scene.refused[line], first_half(line));
        assert_int_equal(scene.taken[line], !first_half(line));
    }
}

static void what_is_too_large_goes_in_parts(void **state) {
    (void)state;
    struct shipment shipment;
    scene_lines(1000, none);
    scene.bytes_max = 100;
    shipment_begin(&shipment, scene.text, scene.size);
    assert_int_equal(scene_run(&shipment, false), SHIPMENT_OVER);
    for (unsigned line = 0; line < 1000; line++) {
        assert_true(scene.taken[line] && !scene.refused[line]);
    }
    assert_true(scene.requests < 2 * 2 * scene.size / 100);
}

static void a_known_limit_is_kept_from_the_start(void **state) {
    (void)state;
    struct shipment shipment;
    scene_lines(1000, none);
    shipment_begin(&shipment, scene.text, scene.size);
    struct line_range range = shipment_next(&shipment, 100);
    assert_true(range.end - range.begin <= 100);
    range = shipment_next(&shipment, 1);
    assert_int_equal(range.end, strlen("g0\n"));
}

static void what_was_taken_before_a_failure_is_not_sent_again(void **state) {
    (void)state;
    struct shipment shipment;
    scene_lines(4, none);
    scene.bytes_max = 6;
    shipment_begin(&shipment, scene.text, scene.size);
    struct line_range range = shipment_next(&shipment, 6);
    assert_int_equal(range.end, 6);
    assert_int_equal(shipment_answered(&shipment, ANSWER_TAKEN, false, on_refused, NULL),
                     SHIPMENT_ON);
    (void)shipment_next(&shipment, 6);
    assert_int_equal(shipment_answered(&shipment, ANSWER_LATER, true, on_refused, NULL),
                     SHIPMENT_FAILED);
    range = shipment_next(&shipment, SIZE_MAX);
    assert_int_equal(range.begin, 6);
    assert_int_equal(range.end, 12);
}

static void a_line_among_long_ones_is_found(void **state) {
    (void)state;
    static char text[40000];
    size_t size = 0;
    struct shipment shipment;
    memset(&scene, 0, sizeof scene);
    scene.bytes_max = SIZE_MAX;
    /* 1, 2, 4 … bytes: each half of any range is one line or nearly all of it */
    for (unsigned i = 0; i < 14; i++) {
        size += (size_t)sprintf(text + size, "%c%u ", i == 5 ? 'b' : 'g', i);
        memset(text + size, 'x', (size_t)1 << i);
        size += (size_t)1 << i;
        text[size++] = '\n';
    }
    assert_true(size < sizeof scene.text);
    memcpy(scene.text, text, size);
    scene.size = size;
    shipment_begin(&shipment, scene.text, scene.size);
    assert_int_equal(scene_run(&shipment, true), SHIPMENT_OVER);
    for (unsigned i = 0; i < 14; i++) {
        assert_int_equal(scene.refused[i], i == 5);
        assert_int_equal(scene.taken[i], i != 5);
    }
}

static void the_answers_of_databases(void **state) {
    (void)state;
    static const struct {
        long status;
        const char *text;
        enum answer answer;
    } cases[] = {
        {204, "", ANSWER_TAKEN},
        {200, "<html>", ANSWER_REFUSED},
        {202, "", ANSWER_REFUSED},
        {400, "{\"error\":\"unable to parse 'x': missing fields\"}\n", ANSWER_LINES_WRONG},
        {400, "{\"error\":\"partial write: field type conflict: x dropped=1\"}\n",
         ANSWER_LINES_WRONG},
        {400, "{\"error\":\"partial write: points beyond retention policy dropped=37\"}\n",
         ANSWER_TOO_OLD},
        {422, "", ANSWER_LINES_WRONG},
        {413, "", ANSWER_TOO_LARGE},
        {429, "", ANSWER_LATER},
        {408, "", ANSWER_LATER},
        {425, "", ANSWER_LATER},
        {500, "{\"error\":\"timeout\"}", ANSWER_LATER},
        {502, "", ANSWER_LATER},
        {503, "", ANSWER_LATER},
        {599, "", ANSWER_LATER},
        {0, "", ANSWER_LATER},
        {100, "", ANSWER_LATER},
        {301, "", ANSWER_REFUSED},
        {399, "", ANSWER_REFUSED},
        {401, "", ANSWER_REFUSED},
        {403, "", ANSWER_REFUSED},
        {404, "{\"error\":\"database not found: \\\"tocsin\\\"\"}\n", ANSWER_REFUSED},
        {405, "", ANSWER_REFUSED},
        {499, "", ANSWER_REFUSED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(answer_of(cases[i].status, cases[i].text), cases[i].answer);
    }
    assert_int_equal(answer_dropped(cases[5].text), 37);
    assert_int_equal(answer_dropped(cases[3].text), 0);
}

static void the_words_of_databases_are_told_on_one_line(void **state) {
    (void)state;
    char reason[64];
    answer_reason(404, "{\"error\":\"database not found: \\\"tocsin\\\"\"}\n", reason,
                  sizeof reason);
    assert_string_equal(reason, "status 404: database not found: \"tocsin\"");
    answer_reason(401, "{\"code\":\"unauthorized\",\"message\":\"no token\"}", reason,
                  sizeof reason);
    assert_string_equal(reason, "status 401: no token");
    answer_reason(502, "<html>\r\n<head>", reason, sizeof reason);
    assert_string_equal(reason, "status 502: <html>");
    answer_reason(503, "", reason, sizeof reason);
    assert_string_equal(reason, "status 503");
    answer_reason(400, "{\"error\":\"a word that is far longer than there is room for it here\"}",
                  reason, 24);
    assert_string_equal(reason, "status 400: a word that");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_good_line_is_taken_once_and_each_bad_one_refused_once),
        cmocka_unit_test(a_database_that_takes_nothing_is_given_no_line_up),
        cmocka_unit_test(one_line_that_is_taken_shows_that_the_others_are_bad),
        cmocka_unit_test(lines_set_apart_wait_with_the_rest_and_go_when_there_is_proof),
        cmocka_unit_test(what_is_too_large_goes_in_parts),
        cmocka_unit_test(a_known_limit_is_kept_from_the_start),
        cmocka_unit_test(what_was_taken_before_a_failure_is_not_sent_again),
        cmocka_unit_test(a_line_among_long_ones_is_found),
        cmocka_unit_test(the_answers_of_databases),
        cmocka_unit_test(the_words_of_databases_are_told_on_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
