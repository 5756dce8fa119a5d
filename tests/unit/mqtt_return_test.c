/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Back to the first broker, on a clock of our own: its other parts are not there, and a broker is a socket that
 * is listened to.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/uplink/mqtt_link_parts.h"
#include "gateway/uplink/names.h"
#include "tests/support/cmocka.h"

enum { RETURN_MS = 60000, DOUBLINGS = 8 };

static struct mqtt_link line;
static char address[64];
static const char *const brokers[] = {address};
static int listener = -1;
static unsigned closed;
static uint64_t now_ns;

void link_anew(struct mqtt_link *closing, const char *reason) {
    assert_ptr_equal(closing, &line);
    assert_non_null(strstr(reason, "first broker"));
    link_return_end(closing);
    closed++;
}

uint64_t link_ns(uint32_t ms) {
    return ms * (uint64_t)NS_PER_MS;
}

enum names_state names_look(const char *looked, char ret_reason[NAMES_REASON_SIZE]) {
    (void)looked;
    ret_reason[0] = '\0';
    return NAMES_FINE;
}

bool names_host(const char *asked, char ret_host[NAMES_HOST_SIZE]) {
    (void)asked;
    (void)snprintf(ret_host, NAMES_HOST_SIZE, "127.0.0.1");
    return true;
}

static void listen_somewhere(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    (void)snprintf(address, sizeof address, "tcp://127.0.0.1:%u", ntohs(at.sin_port));
}

/* The second broker serves from now on. */
static void the_second_serves(void) {
    line.reconnect.broker = 1;
    line.since_ns = now_ns;
}

static int set_up(void **state) {
    (void)state;
    listen_somewhere();
    memset(&line, 0, sizeof line);
    line.returning.fd = -1;
    line.conf.brokers = brokers;
    line.conf.return_ms = RETURN_MS;
    line.window = 1;
    now_ns = 1000 * NS_PER_S;
    closed = 0;
    the_second_serves();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    link_return_end(&line);
    if (listener >= 0) {
        (void)close(listener);
        listener = -1;
    }
    return 0;
}

/* How many seconds pass, of `most`, until the line goes back. */
static unsigned seconds_until_back(unsigned most) {
    unsigned before = closed;
    for (unsigned second = 1; second <= most; second++) {
        now_ns += NS_PER_S;
        link_return_tick(&line, now_ns);
        int taken = accept(listener, NULL, NULL); /* or its queue would be full some day */
        if (taken >= 0) {
            (void)close(taken);
        }
        if (closed != before) {
            return second;
        }
    }
    return most + 1;
}

static void the_line_goes_back_after_a_minute_in_which_the_first_broker_was_there(void **state) {
    (void)state;
    /* Three looks, of which the first is answered with the second. */
    assert_in_range(seconds_until_back(200), 60, 80);
}

static void each_time_that_the_first_does_not_last_the_next_wait_is_twice_as_long(void **state) {
    (void)state;
    unsigned wait_s = RETURN_MS / 1000;
    for (unsigned time = 0; time <= DOUBLINGS + 1; time++) {
        /* A look comes each third of a minute. */
        assert_in_range(seconds_until_back(wait_s + 200), wait_s, wait_s + 20);
        the_second_serves();
        wait_s = time < DOUBLINGS ? 2 * wait_s : wait_s; /* four hours and a quarter at most */
    }
}

static void a_first_broker_that_lasts_for_the_wait_is_trusted_as_at_first(void **state) {
    (void)state;
    for (unsigned time = 0; time < 3; time++) {
        assert_in_range(seconds_until_back(1000), 60U << time, (60U << time) + 20);
        the_second_serves();
    }
    line.reconnect.broker = 0;
    line.since_ns = now_ns;
    assert_int_equal(seconds_until_back(60), 61); /* it serves, and nothing is to go back to */
    the_second_serves();
    assert_in_range(seconds_until_back(1000), 60, 80);
}

static void a_first_broker_that_is_not_there_is_not_gone_back_to(void **state) {
    (void)state;
    (void)close(listener);
    listener = -1;
    assert_int_equal(seconds_until_back(1000), 1001);
}

/* It would go on holding that the gateway is online. */
static void a_broker_is_not_left_while_it_cannot_be_told_so(void **state) {
    (void)state;
    line.flights.count = line.window;
    assert_int_equal(seconds_until_back(200), 201);
    line.flights.count = 0;
    assert_int_equal(seconds_until_back(1), 1);
}

/* Descriptor 0 is one like any other: a process that was started without a standard input has it free. */
static void a_look_may_have_the_first_descriptor_of_all(void **state) {
    (void)state;
    int standard_input = dup(STDIN_FILENO);
    (void)close(STDIN_FILENO);
    unsigned seconds = seconds_until_back(200);
    bool left = close(STDIN_FILENO) == 0;
    if (standard_input >= 0) {
        (void)dup2(standard_input, STDIN_FILENO);
        (void)close(standard_input);
    }
    assert_in_range(seconds, 60, 80);
    assert_false(left);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            the_line_goes_back_after_a_minute_in_which_the_first_broker_was_there, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            each_time_that_the_first_does_not_last_the_next_wait_is_twice_as_long, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            a_first_broker_that_lasts_for_the_wait_is_trusted_as_at_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_first_broker_that_is_not_there_is_not_gone_back_to,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_broker_is_not_left_while_it_cannot_be_told_so, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_look_may_have_the_first_descriptor_of_all, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
