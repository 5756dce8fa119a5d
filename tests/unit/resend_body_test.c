/* SPDX-License-Identifier: Apache-2.0 */

/* What people may send to have events sent again: both sides of each limit, and what is not taken. */
#include <stdio.h>
#include <string.h>

#include "gateway/console/resend_body.h"
#include "gateway/zone.h"
#include "tests/support/cmocka.h"

/* 2026-11-22T07:17:00Z */
#define NOW ((struct wall){INT64_C(1795331820000000000)})

static struct wire_resend wish;
static const char *wrong;

static bool taken(const char *body) {
    const struct asker asker = {.kind = ASKER_LOCAL, .role = ROLE_ENGINEER, .name = "root"};
    return resend_body_read(body, strlen(body), &asker, NOW, &wish, &wrong);
}

/* Refused for this member; NULL: for the whole. */
static void refused(const char *body, const char *member) {
    assert_false(taken(body));
    if (member == NULL) {
        assert_null(wrong);
    } else {
        assert_non_null(wrong);
        assert_string_equal(wrong, member);
    }
}

static void a_number_is_enough_and_means_all_from_there_on(void **state) {
    (void)state;
    assert_true(taken("{\"since\":1}"));
    assert_int_equal(wish.header.kind, WIRE_RESEND);
    assert_int_equal(wish.header.size, sizeof wish);
    assert_int_equal(wish.sink, JOURNAL_SINK_MQTT);
    assert_int_equal(wish.first_seq, 1);
    assert_true(wish.last_seq == INT64_MAX);
    assert_true(wish.since.ns == INT64_MIN && wish.until.ns == INT64_MAX);
    assert_string_equal(wish.actor, "root (engineer, local)");
    refused("{\"since\":0}", "since");
    refused("{\"since\":-1}", "since");
    refused("{\"since\":1.5}", "since");
    refused("{\"since\":\"1\"}", "since");
    refused("{}", "since");
}

static void a_time_has_a_zone_and_has_been(void **state) {
    (void)state;
    assert_true(taken("{\"since\":\"2026-11-22T15:17:00+08:00\"}"));
    assert_true(wish.since.ns == NOW.ns);
    assert_int_equal(wish.first_seq, 1);
    refused("{\"since\":\"2026-11-22T07:17:01Z\"}", "since");
    refused("{\"since\":\"2026-11-22T07:17:00\"}", "since");
    refused("{\"since\":\"yesterday\"}", "since");
}

static void what_has_not_been_is_told_apart_from_what_is_no_time(void **state) {
    (void)state;
    refused("{\"since\":\"2026-11-22T07:17:01Z\"}", "since");
    assert_true(wish.since.ns == NOW.ns + INT64_C(1000000000));
    refused("{\"since\":\"yesterday\"}", "since");
    assert_true(wish.since.ns <= NOW.ns);
}

static void a_day_is_one_of_the_site_and_whole(void **state) {
    (void)state;
    zone_init("Asia/Shanghai");
    const int64_t midnight = NOW.ns - (15 * 3600 + 17 * 60) * INT64_C(1000000000);
    assert_true(taken("{\"since\":\"2026-11-22\",\"until\":\"2026-11-22\"}"));
    assert_true(wish.since.ns == midnight);
    assert_true(wish.until.ns == midnight + INT64_C(86400000000000) - 1);
    refused("{\"since\":\"2026-11-23\"}", "since"); /* has not been */
    refused("{\"since\":\"2026-02-30\"}", "since");
    refused("{\"since\":\"2026-11-2\"}", "since");
    refused("{\"since\":\"26-11-22ab\"}", "since");
    refused("{\"since\":\"2026-11-22\",\"until\":\"2026-11-21\"}", "until");
}

static void a_day_on_which_the_clocks_change_has_all_its_hours(void **state) {
    (void)state;
    zone_init("Europe/Berlin");
    assert_true(taken("{\"since\":\"2026-10-25\",\"until\":\"2026-10-25\"}"));
    assert_true(wish.until.ns - wish.since.ns == INT64_C(25) * 3600 * 1000000000 - 1);
    assert_true(taken("{\"since\":\"2026-03-29\",\"until\":\"2026-03-29\"}"));
    assert_true(wish.until.ns - wish.since.ns == INT64_C(23) * 3600 * 1000000000 - 1);
}

static void the_last_is_not_before_the_first(void **state) {
    (void)state;
    assert_true(taken("{\"since\":5,\"until\":5}"));
    assert_int_equal(wish.last_seq, 5);
    refused("{\"since\":5,\"until\":4}", "until");
    refused("{\"since\":5,\"until\":0}", "until");
    assert_true(taken("{\"since\":\"2026-11-22T07:00:00Z\",\"until\":\"2026-11-22T07:00:00Z\"}"));
    assert_true(wish.until.ns == wish.since.ns);
    refused("{\"since\":\"2026-11-22T07:00:00Z\",\"until\":\"2026-11-22T06:59:59Z\"}", "until");
    assert_true(taken("{\"since\":\"2026-11-22T07:00:00Z\",\"until\":9}"));
    refused("{\"since\":1,\"until\":\"later\"}", "until");
    refused("{\"since\":1,\"until\":null}", "until");
}

static void a_sink_is_one_of_two(void **state) {
    (void)state;
    assert_true(taken("{\"since\":1,\"to\":\"database\"}"));
    assert_int_equal(wish.sink, JOURNAL_SINK_DATABASE);
    assert_true(taken("{\"since\":1,\"to\":\"broker\"}"));
    assert_int_equal(wish.sink, JOURNAL_SINK_MQTT);
    refused("{\"since\":1,\"to\":\"moon\"}", "to");
    refused("{\"since\":1,\"to\":1}", "to");
}

static void a_name_is_short_and_one_line(void **state) {
    (void)state;
    char body[256];
    assert_true(taken("{\"since\":1,\"by\":\"王\"}"));
    assert_string_equal(wish.actor, "王 (engineer, local)");
    (void)snprintf(body, sizeof body, "{\"since\":1,\"by\":\"%0*d\"}", (int)PEER_BY_MAX, 0);
    assert_true(taken(body));
    (void)snprintf(body, sizeof body, "{\"since\":1,\"by\":\"%0*d\"}", (int)PEER_BY_MAX + 1, 0);
    refused(body, "by");
    refused("{\"since\":1,\"by\":\"\"}", "by");
    refused("{\"since\":1,\"by\":\"a\\nb\"}", "by");
    refused("{\"since\":1,\"by\":1}", "by");
}

static void nothing_else_is_taken(void **state) {
    (void)state;
    refused("", NULL);
    refused("[]", NULL);
    refused("{\"since\":1", NULL);
    refused("{\"since\":1,\"since\":2}", NULL);
    refused("{\"since\":1,\"untill\":2}", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_enough_and_means_all_from_there_on),
        cmocka_unit_test(a_time_has_a_zone_and_has_been),
        cmocka_unit_test(what_has_not_been_is_told_apart_from_what_is_no_time),
        cmocka_unit_test(a_day_is_one_of_the_site_and_whole),
        cmocka_unit_test(a_day_on_which_the_clocks_change_has_all_its_hours),
        cmocka_unit_test(the_last_is_not_before_the_first),
        cmocka_unit_test(a_sink_is_one_of_two),
        cmocka_unit_test(a_name_is_short_and_one_line),
        cmocka_unit_test(nothing_else_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
