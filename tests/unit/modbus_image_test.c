/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What leaves the driver: only points whose value changed, and by enough.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sensors/modbus_image.h"
#include "tests/support/sink_recorder.h"

#define ANY_NUMBER .scale = 1, .min = -(double)INFINITY, .max = (double)INFINITY

static const struct mbimage_point points[] = {
    {.point = 10,
     .table = MBFRAME_HOLDING,
     .address = 0,
     .format = {.type = REGISTER_U16, .bit = 0, .truth = true}},
    {.point = 11,
     .table = MBFRAME_HOLDING,
     .address = 0,
     .format = {.type = REGISTER_U16, .bit = 1, .truth = true}},
    {.point = 12,
     .table = MBFRAME_HOLDING,
     .address = 1,
     .format = {.type = REGISTER_I16, .bit = -1, .scale = 0.5, .min = -40, .max = 100},
     .deadband = 1},
    {.point = 13,
     .table = MBFRAME_HOLDING,
     .address = 4,
     .format = {.type = REGISTER_F32, .bit = -1, ANY_NUMBER}},
};

struct fixture {
    struct mbimage image;
    struct sink_recorder *recorder;
    struct sensor_sink sink;
};

static struct fixture fixture_new(void) {
    struct fixture fixture = {.recorder = recorder_new()};
    fixture.sink = recorder_sink(fixture.recorder);
    assert_int_equal(mbimage_init(&fixture.image, points, sizeof points / sizeof *points), 0);
    assert_int_equal(fixture.image.request_count, 1); /* holding 0 to 5 */
    return fixture;
}

static void fixture_free(struct fixture *fixture) {
    mbimage_deinit(&fixture->image);
    mbimage_deinit(&fixture->image); /* twice is harmless */
    recorder_free(fixture->recorder);
}

/* Take an answer and compare what is reported with "10=1 12=20": point and value, ! for a fault. */
static void assert_reports(struct fixture *fixture, const char *bytes, const char *want) {
    size_t from = recorder_readings(fixture->recorder);
    (void)mbimage_update(&fixture->image, 0, (const uint8_t *)bytes, 3, &fixture->sink);
    char got[256] = "";
    for (size_t i = from; i < recorder_readings(fixture->recorder); i++) {
        struct reading reading = recorder_reading(fixture->recorder, i);
        size_t len = strlen(got);
        (void)snprintf(got + len, sizeof got - len, "%s%u=%g%s", i == from ? "" : " ",
                       reading.point, reading.value, reading.quality == QUALITY_FAULT ? "!" : "");
    }
    assert_string_equal(got, want);
}

static void the_first_answer_reports_every_point_and_an_equal_one_none(void **state) {
    (void)state;
    struct fixture fixture = fixture_new();
    assert_reports(&fixture, "\0\x01\0\x28\0\0\0\0\x3F\x80\0\0", "10=1 11=0 12=20 13=1");
    assert_reports(&fixture, "\0\x01\0\x28\0\0\0\0\x3F\x80\0\0", "");
    fixture_free(&fixture);
}

static void of_two_points_in_one_register_only_the_changed_one_is_reported(void **state) {
    (void)state;
    struct fixture fixture = fixture_new();
    assert_reports(&fixture, "\0\x01\0\x28\0\0\0\0\x3F\x80\0\0", "10=1 11=0 12=20 13=1");
    assert_reports(&fixture, "\0\x03\0\x28\0\0\0\0\x3F\x80\0\0", "11=1");
    assert_reports(&fixture, "\x80\x02\0\x28\0\0\0\0\x3F\x80\0\0", "10=0");
    assert_reports(&fixture, "\x40\x02\0\x28\0\0\0\0\x3F\x80\0\0", "");     /* bits of nobody */
    assert_reports(&fixture, "\x40\x02\0\x28\x12\x34\0\0\x3F\x80\0\0", ""); /* the gap */
    fixture_free(&fixture);
}

static void a_number_is_reported_when_it_has_moved_by_its_deadband(void **state) {
    (void)state;
    struct fixture fixture = fixture_new();
    assert_reports(&fixture, "\0\0\0\x28\0\0\0\0\0\0\0\0", "10=0 11=0 12=20 13=0");
    assert_reports(&fixture, "\0\0\0\x29\0\0\0\0\0\0\0\0", "");      /* 20.5 */
    assert_reports(&fixture, "\0\0\0\x2A\0\0\0\0\0\0\0\0", "12=21"); /* since 20, not since 20.5 */
    assert_reports(&fixture, "\0\0\0\x29\0\0\0\0\0\0\0\0", "");
    assert_reports(&fixture, "\0\0\0\x28\0\0\0\0\0\0\0\0", "12=20");
    fixture_free(&fixture);
}

static void a_bad_value_is_a_fault_once_with_a_note_and_good_again_when_it_is(void **state) {
    (void)state;
    struct fixture fixture = fixture_new();
    assert_reports(&fixture, "\0\0\0\x28\0\0\0\0\0\0\0\0", "10=0 11=0 12=20 13=0");
    assert_reports(&fixture, "\0\0\x7F\xFF\0\0\0\0\x7F\xC0\0\0", "12=0! 13=0!"); /* range, NaN */
    assert_int_equal(recorder_notes(fixture.recorder, SENSOR_VALUE_REFUSED), 2);
    struct sensor_note note = recorder_await_note(fixture.recorder, SENSOR_VALUE_REFUSED, 2);
    assert_int_equal(note.point, 13);
    assert_int_equal(note.device, 3);
    assert_reports(&fixture, "\0\0\x7F\xFE\0\0\0\0\x7F\xC0\0\x01", ""); /* another bad one */
    assert_reports(&fixture, "\0\0\0\x28\0\0\0\0\0\0\0\0", "12=20 13=0");
    fixture_free(&fixture);
}

static void a_forgotten_image_reports_everything_anew(void **state) {
    (void)state;
    struct fixture fixture = fixture_new();
    assert_reports(&fixture, "\0\0\0\x28\0\0\0\0\0\0\0\0", "10=0 11=0 12=20 13=0");
    mbimage_forget(&fixture.image);
    assert_reports(&fixture, "\0\0\0\x28\0\0\0\0\0\0\0\0", "10=0 11=0 12=20 13=0");
    fixture_free(&fixture);
}

static void a_refused_request_makes_its_points_faults_once(void **state) {
    (void)state;
    struct fixture fixture = fixture_new();
    assert_reports(&fixture, "\0\0\0\x28\0\0\0\0\0\0\0\0", "10=0 11=0 12=20 13=0");
    mbimage_refused(&fixture.image, 0, &fixture.sink);
    mbimage_refused(&fixture.image, 0, &fixture.sink);
    assert_int_equal(recorder_readings(fixture.recorder), 8);
    assert_reports(&fixture, "\0\0\0\x28\0\0\0\0\0\0\0\0", "10=0 11=0 12=20 13=0");
    fixture_free(&fixture);
}

static void without_gaps_the_same_points_are_read_by_more_requests(void **state) {
    (void)state;
    struct fixture fixture = fixture_new();
    mbimage_without_gaps(&fixture.image);
    assert_int_equal(fixture.image.request_count, 2);
    assert_reports(&fixture, "\0\x01\0\x28", "10=1 11=0 12=20");
    assert_int_equal(
        mbimage_update(&fixture.image, 1, (const uint8_t *)"\x3F\x80\0\0", 3, &fixture.sink), 1);
    fixture_free(&fixture);
}

static void bits_are_taken_from_their_place_in_the_answer(void **state) {
    (void)state;
    static const struct mbimage_point bits[] = {
        {.point = 0, .table = MBFRAME_DISCRETE, .address = 3, .format = {.truth = true}},
        {.point = 1,
         .table = MBFRAME_DISCRETE,
         .address = 12,
         .format = {.truth = true, .invert = true}},
    };
    struct fixture fixture = {.recorder = recorder_new()};
    fixture.sink = recorder_sink(fixture.recorder);
    assert_int_equal(mbimage_init(&fixture.image, bits, 2), 0);
    assert_reports(&fixture, "\x01\x02", "0=1 1=0"); /* discrete 3 to 12 */
    assert_reports(&fixture, "\x00\x02", "0=0");
    assert_reports(&fixture, "\xFE\x00", "1=1");
    fixture_free(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_answer_reports_every_point_and_an_equal_one_none),
        cmocka_unit_test(of_two_points_in_one_register_only_the_changed_one_is_reported),
        cmocka_unit_test(a_number_is_reported_when_it_has_moved_by_its_deadband),
        cmocka_unit_test(a_bad_value_is_a_fault_once_with_a_note_and_good_again_when_it_is),
        cmocka_unit_test(a_forgotten_image_reports_everything_anew),
        cmocka_unit_test(a_refused_request_makes_its_points_faults_once),
        cmocka_unit_test(without_gaps_the_same_points_are_read_by_more_requests),
        cmocka_unit_test(bits_are_taken_from_their_place_in_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
