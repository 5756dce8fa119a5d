/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads have their values where the site's pointers look for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sensors/sim/sim_payload.h"

static struct sim_point_conf point_at(const char *pointer, bool truth) {
    return (struct sim_point_conf){.pointer = pointer,
                                   .encoding = {.truth = truth, .scale = 1, .bit = -1}};
}

static void assert_payload(const json_t *payload, const char *want) {
    char *text = json_dumps(payload, JSON_COMPACT);
    assert_string_equal(text, want);
    free(text);
}

static void a_truth_is_true_and_a_count_is_an_integer(void **state) {
    (void)state;
    struct sim_point_conf open = point_at("/open", true);
    struct sim_point_conf count = point_at("/count", false);
    json_t *payload = json_object();
    assert_int_equal(sim_payload_put(payload, &open, 1), 0);
    assert_int_equal(sim_payload_put(payload, &count, 7), 0);
    assert_payload(payload, "{\"open\":true,\"count\":7}");
    open.encoding.invert = true;
    count.encoding.scale = 0.5;
    assert_int_equal(sim_payload_put(payload, &open, 1), 0);
    assert_int_equal(sim_payload_put(payload, &count, 0.75), 0);
    assert_payload(payload, "{\"open\":false,\"count\":1.5}");
    json_decref(payload);
}

static void points_of_one_topic_share_its_objects(void **state) {
    (void)state;
    struct sim_point_conf left = point_at("/door/left", true);
    struct sim_point_conf right = point_at("/door/right", true);
    struct sim_point_conf odd = point_at("/a~1b/~0c", false);
    json_t *payload = json_object();
    assert_int_equal(sim_payload_put(payload, &left, 1), 0);
    assert_int_equal(sim_payload_put(payload, &right, 0), 0);
    assert_int_equal(sim_payload_put(payload, &odd, 3), 0);
    assert_payload(payload, "{\"door\":{\"left\":true,\"right\":false},\"a/b\":{\"~c\":3}}");
    json_decref(payload);
}

static void what_was_put_is_found_again(void **state) {
    (void)state;
    static const char *const pointers[] = {"/open", "/door/left", "/a~1b/~0c"};
    for (size_t i = 0; i < 3; i++) {
        for (int truth = 0; truth < 2; truth++) {
            struct sim_point_conf point = point_at(pointers[i], truth);
            point.encoding.invert = truth;
            json_t *payload = json_object();
            double value = -1;
            assert_false(sim_payload_value(payload, &point, &value));
            assert_int_equal(sim_payload_put(payload, &point, 1), 0);
            assert_true(sim_payload_value(payload, &point, &value));
            assert_true(value == 1);
            json_decref(payload);
        }
    }
}

static void a_pointer_that_meets_no_object_is_refused(void **state) {
    (void)state;
    struct sim_point_conf door = point_at("/door", true);
    struct sim_point_conf below = point_at("/door/left", true);
    json_t *payload = json_object();
    double value;
    assert_int_equal(sim_payload_put(payload, &door, 1), 0);
    assert_int_equal(sim_payload_put(payload, &below, 1), -1);
    assert_false(sim_payload_value(payload, &below, &value));
    struct sim_point_conf wrong = point_at("/a~2", true);
    assert_int_equal(sim_payload_put(payload, &wrong, 1), -1);
    struct sim_point_conf whole = point_at("", true);
    assert_int_equal(sim_payload_put(payload, &whole, 1), -1);
    json_decref(payload);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_truth_is_true_and_a_count_is_an_integer),
        cmocka_unit_test(points_of_one_topic_share_its_objects),
        cmocka_unit_test(what_was_put_is_found_again),
        cmocka_unit_test(a_pointer_that_meets_no_object_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
