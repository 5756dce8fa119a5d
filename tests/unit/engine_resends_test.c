/* SPDX-License-Identifier: Apache-2.0 */

/* What somebody wants sent again is kept until it is over, whatever becomes of the uplink. */
#include <stdio.h>
#include <string.h>

#include "gateway/engine/resends.h"
#include "tests/support/cmocka.h"

static struct wire_resend wish(enum journal_sink sink, uint64_t first, uint64_t last) {
    struct wire_resend message = {
        .header = wire_header_of(WIRE_RESEND, sizeof message),
        .sink = sink,
        .first_seq = first,
        .last_seq = last,
    };
    (void)snprintf(message.actor, sizeof message.actor, "wang (engineer, local)");
    return message;
}

struct uplink {
    uint32_t room, count;
    uint64_t numbers[8];
};

static int uplink_take(void *context, const void *message) {
    struct uplink *uplink = context;
    if (uplink->room == 0) {
        return WIRE_E_FULL;
    }
    uplink->room--;
    assert_true(uplink->count < 8);
    uplink->numbers[uplink->count++] = ((const struct wire_resend *)message)->number;
    return 0;
}

static void end(struct resends *resends, enum journal_sink sink, uint64_t number, bool known) {
    const struct wire_resent message = {.sink = sink, .number = number};
    assert_int_equal(resends_over(resends, &message) != NULL, known);
}

static void each_uplink_is_told_once_until_it_is_over(void **state) {
    (void)state;
    struct resends resends = {0};
    struct uplink uplink = {.room = 8};
    struct wire_resend broker = wish(JOURNAL_SINK_MQTT, 1, 9);
    struct wire_resend database = wish(JOURNAL_SINK_DATABASE, 1, 9);
    resends_flush(&resends, uplink_take, &uplink);
    assert_int_equal(uplink.count, 0);
    assert_true(resends_ask(&resends, &broker, 100, 11));
    assert_true(resends_ask(&resends, &database, 100, 12));
    resends_flush(&resends, uplink_take, &uplink);
    resends_flush(&resends, uplink_take, &uplink);
    assert_int_equal(uplink.count, 2);
    resends_renew(&resends); /* another process */
    resends_flush(&resends, uplink_take, &uplink);
    assert_int_equal(uplink.count, 4);
    end(&resends, JOURNAL_SINK_MQTT, 11, true);
    end(&resends, JOURNAL_SINK_MQTT, 11, false);
    resends_renew(&resends);
    resends_flush(&resends, uplink_take, &uplink);
    assert_int_equal(uplink.count, 5);
    assert_int_equal(uplink.numbers[4], 12);
}

static void what_does_not_fit_the_socket_is_told_later(void **state) {
    (void)state;
    struct resends resends = {0};
    struct uplink uplink = {.room = 0};
    struct wire_resend broker = wish(JOURNAL_SINK_MQTT, 1, 9);
    assert_true(resends_ask(&resends, &broker, 100, 11));
    resends_flush(&resends, uplink_take, &uplink);
    assert_int_equal(uplink.count, 0);
    uplink.room = 1;
    resends_flush(&resends, uplink_take, &uplink);
    assert_int_equal(uplink.count, 1);
}

static void a_newer_wish_takes_the_place_and_the_end_of_the_old_one_is_none(void **state) {
    (void)state;
    struct resends resends = {0};
    struct uplink uplink = {.room = 8};
    struct wire_resend first = wish(JOURNAL_SINK_MQTT, 1, 9);
    struct wire_resend second = wish(JOURNAL_SINK_MQTT, 5, 9);
    assert_true(resends_ask(&resends, &first, 100, 11));
    resends_flush(&resends, uplink_take, &uplink);
    assert_true(resends_ask(&resends, &second, 100, 12));
    resends_flush(&resends, uplink_take, &uplink);
    assert_int_equal(uplink.numbers[1], 12);
    end(&resends, JOURNAL_SINK_MQTT, 11, false);
    end(&resends, JOURNAL_SINK_DATABASE, 12, false);
    end(&resends, JOURNAL_SINK_COUNT, 12, false);
    end(&resends, JOURNAL_SINK_MQTT, 0, false);
    end(&resends, JOURNAL_SINK_MQTT, 12, true);
}

static void what_is_still_to_come_belongs_to_no_wish(void **state) {
    (void)state;
    struct resends resends = {0};
    struct wire_resend broker = wish(JOURNAL_SINK_MQTT, 1, INT64_MAX);
    assert_true(resends_ask(&resends, &broker, 100, 11));
    assert_int_equal(resends.list[JOURNAL_SINK_MQTT].last_seq, 100);
    broker.last_seq = 99;
    assert_true(resends_ask(&resends, &broker, 100, 12));
    assert_int_equal(resends.list[JOURNAL_SINK_MQTT].last_seq, 99);
}

static void a_message_that_no_console_sends_changes_nothing(void **state) {
    (void)state;
    struct resends resends = {0};
    struct wire_resend bad = wish(JOURNAL_SINK_COUNT, 1, 9);
    assert_false(resends_ask(&resends, &bad, 100, 11));
    bad = wish(JOURNAL_SINK_MQTT, 0, 9);
    assert_false(resends_ask(&resends, &bad, 100, 11));
    bad = wish(JOURNAL_SINK_MQTT, 1, 9);
    bad.actor[0] = '\0';
    assert_false(resends_ask(&resends, &bad, 100, 11));
    memset(bad.actor, 'x', sizeof bad.actor);
    assert_false(resends_ask(&resends, &bad, 100, 11));
    assert_int_equal(resends.list[JOURNAL_SINK_MQTT].number, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_uplink_is_told_once_until_it_is_over),
        cmocka_unit_test(what_does_not_fit_the_socket_is_told_later),
        cmocka_unit_test(a_newer_wish_takes_the_place_and_the_end_of_the_old_one_is_none),
        cmocka_unit_test(what_is_still_to_come_belongs_to_no_wish),
        cmocka_unit_test(a_message_that_no_console_sends_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
