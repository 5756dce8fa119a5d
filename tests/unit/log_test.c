/* SPDX-License-Identifier: Apache-2.0 */

/* A log line is one line, whatever a device puts into it; a repeated one is kept back and counted.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/log.h"
#include "tests/support/cmocka.h"

static void a_quoted_text_cannot_break_out_of_its_field(void **state) {
    (void)state;
    char ret[64];
    assert_string_equal(log_quote("plain", ret, sizeof ret), "\"plain\"");
    assert_string_equal(log_quote("say \"hi\"\\", ret, sizeof ret), "\"say \\\"hi\\\"\\\\\"");
    assert_string_equal(log_quote("two\nlines\x1b[31m", ret, sizeof ret), "\"two lines [31m\"");
}

static void a_long_text_is_cut_between_characters(void **state) {
    (void)state;
    char ret[12];
    for (unsigned size = 8; size <= sizeof ret; size++) {
        (void)log_quote("守望守望守望", ret, size);
        size_t len = strlen(ret);
        assert_true(len < size);
        assert_int_equal((len - 2) % 3, 0); /* whole characters of three bytes, and two quotes */
        assert_int_equal(ret[0], '"');
        assert_int_equal(ret[len - 1], '"');
    }
}

static void a_repeated_line_is_kept_back_and_counted(void **state) {
    (void)state;
    struct log_limiter limiter = {0};
    uint64_t kept_back = 99;
    assert_true(log_permit(&limiter, &kept_back));
    assert_int_equal(kept_back, 0);
    for (int i = 0; i < 5; i++) {
        assert_false(log_permit(&limiter, &kept_back));
    }
    limiter.next_ns = 0; /* a minute later */
    assert_true(log_permit(&limiter, &kept_back));
    assert_int_equal(kept_back, 5);
}

static void each_reason_is_told_at_once_and_then_once_a_minute(void **state) {
    (void)state;
    struct log_reasons reasons = {0};
    uint64_t kept_back = 99;
    assert_true(log_permit_reason(&reasons, "the broker has closed the connection", &kept_back));
    assert_int_equal(kept_back, 0);
    assert_false(log_permit_reason(&reasons, "the broker has closed the connection", &kept_back));
    assert_true(log_permit_reason(&reasons, "its certificate has expired", &kept_back));
    assert_int_equal(kept_back, 1);
    assert_false(log_permit_reason(&reasons, "the broker has closed the connection", &kept_back));
    assert_false(log_permit_reason(&reasons, "its certificate has expired", &kept_back));
    reasons.list[1].next_ns = 1; /* a minute later */
    assert_true(log_permit_reason(&reasons, "its certificate has expired", &kept_back));
    assert_int_equal(kept_back, 2);
}

static void
as_many_reasons_as_there_is_room_for_are_told_in_a_minute_and_not_one_more(void **state) {
    (void)state;
    struct log_reasons reasons = {0};
    uint64_t kept_back = 99;
    char reason[16];
    for (int i = 0; i <= LOG_REASONS_MAX; i++) {
        (void)snprintf(reason, sizeof reason, "reason %d", i);
        bool told = log_permit_reason(&reasons, reason, &kept_back);
        assert_int_equal(told, i < LOG_REASONS_MAX);
    }
    reasons.list[0].next_ns = 1;
    assert_true(log_permit_reason(&reasons, reason, &kept_back));
    assert_int_equal(kept_back, 1);
    assert_false(log_permit_reason(&reasons, "reason 0", &kept_back)); /* its place was taken */
}

/* A pipe in the place of standard error, with a reader that stands still. */
static void nobody_who_stops_reading_is_waited_for_and_lost_lines_are_counted(void **state) {
    (void)state;
    int pipe_fds[2];
    int real = dup(STDERR_FILENO);
    assert_true(real >= 0);
    assert_int_equal(pipe(pipe_fds), 0);
    assert_int_equal(dup2(pipe_fds[1], STDERR_FILENO), STDERR_FILENO);
    log_never_wait();
    int other_flags = fcntl(pipe_fds[1], F_GETFL);
    char block[4096];
    memset(block, '.', sizeof block);
    while (write(STDERR_FILENO, block, sizeof block) > 0) {
    }
    for (int i = 0; i < 3; i++) {
        log_line(LOG_WARNING, "unheard", "number=%d", i);
    }
    static char text[1 << 20];
    ssize_t filled = read(pipe_fds[0], text, sizeof text);
    log_line(LOG_NOTICE, "heard", "number=%d", 3);
    log_line(LOG_NOTICE, "heard", "number=%d", 4);
    ssize_t size = read(pipe_fds[0], text, sizeof text - 1);
    (void)dup2(real, STDERR_FILENO);
    (void)close(real);
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
    assert_int_equal(other_flags & O_NONBLOCK, 0); /* whoever else writes to it is left alone */
    assert_true(filled > 0 && size > 0);
    text[size] = '\0';
    assert_null(strstr(text, "unheard"));
    const char *lost = strstr(text, "<4>process=tocsin event=log_lines_lost count=3 ");
    assert_ptr_equal(lost, text);
    assert_non_null(strstr(text, "\n<5>process=tocsin event=heard number=3\n"));
    assert_non_null(strstr(text, "number=3\n<5>process=tocsin event=heard number=4\n"));
}

static int failing(void) {
    return err_origin(-EIO);
}

static int passing_on(void) {
    return err_trace(failing());
}

static void an_error_tells_where_it_began_and_which_way_it_came(void **state) {
    (void)state;
    assert_int_equal(passing_on(), -EIO);
    const char *origin = strstr(err_path(), "failing ");
    const char *way = strstr(err_path(), "passing_on ");
    assert_non_null(origin);
    assert_non_null(way);
    assert_true(origin < way);
    assert_int_equal(err_fold(7), -ENOTRECOVERABLE);
    assert_null(strstr(err_path(), "failing ")); /* a new error begins a new path */
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reason_is_told_at_once_and_then_once_a_minute),
        cmocka_unit_test(
            as_many_reasons_as_there_is_room_for_are_told_in_a_minute_and_not_one_more),
        cmocka_unit_test(a_quoted_text_cannot_break_out_of_its_field),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
        cmocka_unit_test(a_repeated_line_is_kept_back_and_counted),
        cmocka_unit_test(nobody_who_stops_reading_is_waited_for_and_lost_lines_are_counted),
        cmocka_unit_test(an_error_tells_where_it_began_and_which_way_it_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
