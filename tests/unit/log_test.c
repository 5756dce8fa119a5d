/* SPDX-License-Identifier: Apache-2.0 */

/* A log line is one line, whatever a device puts into it; a repeated one is kept back and counted.
 */
#include <string.h>

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
        cmocka_unit_test(a_quoted_text_cannot_break_out_of_its_field),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
        cmocka_unit_test(a_repeated_line_is_kept_back_and_counted),
        cmocka_unit_test(an_error_tells_where_it_began_and_which_way_it_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
