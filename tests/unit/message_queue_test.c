/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sensors/message_queue.h"

enum { TOPICS = MESSAGE_QUEUE_MAX + 1, LONGEST = 8 };

static int start(void **state) {
    *state = message_queue_new(TOPICS);
    return *state == NULL ? -1 : 0;
}

static int end(void **state) {
    return message_queue_free(*state) == NULL ? 0 : -1;
}

static enum message_fate add(struct message_queue *queue, uint32_t topic, const char *text) {
    char copy[32];
    (void)snprintf(copy, sizeof copy, "%s", text);
    const struct message message = {.topic = topic, .size = strlen(copy), .payload = copy};
    return message_queue_add(queue, &message, LONGEST);
}

static enum message_fate add_moment(struct message_queue *queue, uint32_t topic, int number) {
    char text[12];
    (void)snprintf(text, sizeof text, "%d", number);
    const struct message message = {
        .topic = topic, .moment = true, .size = strlen(text), .payload = text};
    return message_queue_add(queue, &message, LONGEST);
}

static enum message_fate add_number(struct message_queue *queue, uint32_t topic, int number) {
    char text[12];
    (void)snprintf(text, sizeof text, "%d", number);
    return add(queue, topic, text);
}

/* The oldest is this one; returns how many of its topic it stands for. */
static uint32_t expect(struct message_queue *queue, uint32_t topic, const char *text) {
    struct message message;
    assert_true(message_queue_take(queue, &message));
    assert_int_equal(message.topic, topic);
    assert_int_equal(message.size, strlen(text));
    assert_memory_equal(message.payload, text, strlen(text));
    free(message.payload);
    return message.passed_over;
}

static uint32_t expect_number(struct message_queue *queue, uint32_t topic, int number) {
    char text[12];
    (void)snprintf(text, sizeof text, "%d", number);
    return expect(queue, topic, text);
}

static void messages_come_out_as_they_went_in(void **state) {
    struct message message;
    assert_false(message_queue_take(*state, &message));
    for (int round = 0; round < 3; round++) { /* and once around the ring */
        for (int i = 0; i < 300; i++) {
            assert_int_equal(add_number(*state, (uint32_t)i, i), MESSAGE_QUEUED);
        }
        for (int i = 0; i < 300; i++) {
            assert_int_equal(expect_number(*state, (uint32_t)i, i), 0);
        }
    }
    assert_false(message_queue_take(*state, &message));
}

static void a_topic_has_its_share_and_behind_it_only_its_newest_counts(void **state) {
    for (int i = 0; i < MESSAGE_QUEUE_SHARE; i++) {
        assert_int_equal(add_number(*state, 3, i), MESSAGE_QUEUED);
    }
    assert_int_equal(add(*state, 3, "x"), MESSAGE_IN_PLACE);
    assert_int_equal(add(*state, 3, "newest"), MESSAGE_IN_PLACE);
    assert_int_equal(add(*state, 4, "other"), MESSAGE_QUEUED);
    for (int i = 0; i < MESSAGE_QUEUE_SHARE - 1; i++) {
        assert_int_equal(expect_number(*state, 3, i), 0);
    }
    assert_int_equal(expect(*state, 3, "newest"), 2);
    assert_int_equal(expect(*state, 4, "other"), 0);
    assert_int_equal(add(*state, 3, "again"), MESSAGE_QUEUED);
    assert_int_equal(expect(*state, 3, "again"), 0);
}

static void the_last_places_are_kept_for_topics_of_which_nothing_waits(void **state) {
    enum { OPEN = MESSAGE_QUEUE_MAX - MESSAGE_QUEUE_KEPT, TALKERS = OPEN / MESSAGE_QUEUE_SHARE };
    for (int i = 0; i < OPEN; i++) {
        assert_int_equal(add_number(*state, (uint32_t)i % TALKERS, i), MESSAGE_QUEUED);
    }
    for (uint32_t topic = 0; topic < MESSAGE_QUEUE_KEPT; topic++) {
        assert_int_equal(add(*state, TALKERS + topic, "first"), MESSAGE_QUEUED);
    }
    assert_int_equal(add(*state, TALKERS, "second"), MESSAGE_IN_PLACE);
    assert_int_equal(add(*state, TOPICS - 1, "none"), MESSAGE_LOST);
    for (int i = 0; i < OPEN; i++) {
        assert_int_equal(expect_number(*state, (uint32_t)i % TALKERS, i), 0);
    }
    assert_int_equal(expect(*state, TALKERS, "second"), 1);
    for (uint32_t topic = 1; topic < MESSAGE_QUEUE_KEPT; topic++) {
        assert_int_equal(expect(*state, TALKERS + topic, "first"), 0);
    }
}

/* A topic that is below its share takes none of the places that are kept. */
static void a_full_queue_lets_a_topic_that_waits_put_its_newest_forward(void **state) {
    enum { OPEN = MESSAGE_QUEUE_MAX - MESSAGE_QUEUE_KEPT };
    for (int i = 0; i < OPEN; i++) {
        assert_int_equal(add(*state, (uint32_t)i, "old"), MESSAGE_QUEUED);
    }
    assert_int_equal(add(*state, 7, "new"), MESSAGE_IN_PLACE);
    for (int i = 0; i < OPEN; i++) {
        assert_int_equal(expect(*state, (uint32_t)i, i == 7 ? "new" : "old"), i == 7);
    }
}

static void of_a_message_that_is_too_long_only_the_size_is_kept(void **state) {
    struct message message;
    assert_int_equal(add(*state, 0, "12345678"), MESSAGE_QUEUED);
    assert_int_equal(add(*state, 0, "123456789"), MESSAGE_QUEUED);
    assert_int_equal(expect(*state, 0, "12345678"), 0);
    assert_true(message_queue_take(*state, &message));
    assert_int_equal(message.size, LONGEST + 1);
    free(message.payload);
}

static void of_moments_each_is_kept_that_a_broker_hands_over_at_once(void **state) {
    for (int i = 0; i < MESSAGE_QUEUE_MOMENTS_SHARE; i++) {
        assert_int_equal(add_moment(*state, 3, i), MESSAGE_QUEUED);
    }
    assert_int_equal(add_moment(*state, 3, 7), MESSAGE_IN_PLACE);
    for (int i = 0; i < MESSAGE_QUEUE_MOMENTS_SHARE - 1; i++) {
        assert_int_equal(expect_number(*state, 3, i), 0);
    }
    assert_int_equal(expect_number(*state, 3, 7), 1);
}

static void
moments_and_states_take_no_place_of_each_other_and_come_out_in_their_order(void **state) {
    enum { MOMENTS = MESSAGE_QUEUE_MOMENTS_MAX - MESSAGE_QUEUE_MOMENTS_KEPT };
    enum { READERS = MOMENTS / MESSAGE_QUEUE_MOMENTS_SHARE + 1 };
    for (int i = 0; i < MOMENTS; i++) {
        assert_int_equal(add_moment(*state, (uint32_t)i % READERS, i), MESSAGE_QUEUED);
    }
    assert_int_equal(add_moment(*state, 0, 1), MESSAGE_IN_PLACE);
    for (uint32_t topic = 0; topic < MESSAGE_QUEUE_MOMENTS_KEPT; topic++) {
        assert_int_equal(add_moment(*state, READERS + topic, 2), MESSAGE_QUEUED);
    }
    assert_int_equal(add_moment(*state, TOPICS - 1, 2), MESSAGE_LOST);
    assert_int_equal(add(*state, TOPICS - 2, "button"), MESSAGE_QUEUED);
    for (int i = 0; i < MOMENTS; i++) {
        bool last = i == MOMENTS - READERS + (READERS - MOMENTS % READERS) % READERS;
        assert_int_equal(expect_number(*state, (uint32_t)i % READERS, last ? 1 : i), last);
    }
    for (uint32_t topic = 0; topic < MESSAGE_QUEUE_MOMENTS_KEPT; topic++) {
        assert_int_equal(expect_number(*state, READERS + topic, 2), 0);
    }
    assert_int_equal(expect(*state, TOPICS - 2, "button"), 0);
}

static void the_memory_of_moments_is_bounded(void **state) {
    enum { LARGE = 8192, ROOM = MESSAGE_QUEUE_MOMENTS_BYTES / LARGE };
    char *text = calloc(1, LARGE);
    const struct message message = {.moment = true, .size = LARGE, .payload = text};
    struct message taken;
    for (int i = 0; i < ROOM; i++) {
        assert_int_equal(message_queue_add(*state, &message, LARGE), MESSAGE_QUEUED);
    }
    assert_int_equal(message_queue_add(*state, &message, LARGE), MESSAGE_IN_PLACE);
    assert_true(message_queue_take(*state, &taken));
    free(taken.payload);
    assert_int_equal(message_queue_add(*state, &message, LARGE), MESSAGE_QUEUED);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_come_out_as_they_went_in, start, end),
        cmocka_unit_test_setup_teardown(a_topic_has_its_share_and_behind_it_only_its_newest_counts,
                                        start, end),
        cmocka_unit_test_setup_teardown(the_last_places_are_kept_for_topics_of_which_nothing_waits,
                                        start, end),
        cmocka_unit_test_setup_teardown(a_full_queue_lets_a_topic_that_waits_put_its_newest_forward,
                                        start, end),
        cmocka_unit_test_setup_teardown(of_moments_each_is_kept_that_a_broker_hands_over_at_once,
                                        start, end),
        cmocka_unit_test_setup_teardown(
            moments_and_states_take_no_place_of_each_other_and_come_out_in_their_order, start, end),
        cmocka_unit_test_setup_teardown(the_memory_of_moments_is_bounded, start, end),
        cmocka_unit_test_setup_teardown(of_a_message_that_is_too_long_only_the_size_is_kept, start,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
