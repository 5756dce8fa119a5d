/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Cookies: the one that is asked for is found among others, and what is set is for our own pages alone
 */
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "gateway/console/cookie.h"
#include "tests/support/cmocka.h"

enum { VALUE_SIZE = 9 };

/* What a request with such a header has as the cookie; NULL: none. */
static const char *found(const char *header, const char *name) {
    static char value[VALUE_SIZE];
    struct evhttp_request *request = evhttp_request_new(NULL, NULL);
    assert_non_null(request);
    if (header != NULL) {
        assert_int_equal(
            evhttp_add_header(evhttp_request_get_input_headers(request), "Cookie", header), 0);
    }
    memset(value, 'x', sizeof value);
    bool is_there = cookie_read(request, name, value, sizeof value);
    evhttp_request_free(request);
    assert_true(is_there || value[0] == '\0');
    return is_there ? value : NULL;
}

static void is_none(const char *header) {
    assert_null(found(header, COOKIE_SESSION));
}

static void is(const char *header, const char *wanted) {
    const char *value = found(header, COOKIE_SESSION);
    assert_non_null(value);
    assert_string_equal(value, wanted);
}

static void it_is_found_wherever_it_stands_among_others(void **state) {
    (void)state;
    is("__Host-tocsin=abc", "abc");
    is("__Host-tocsin=abc; a=b", "abc");
    is("a=b; __Host-tocsin=abc", "abc");
    is("a=b; __Host-tocsin=abc; c=d", "abc");
    is("a=b;__Host-tocsin=abc;c=d", "abc");
    is(";; ; __Host-tocsin=abc; ;", "abc");
    is("__Host-tocsin=a=b=", "a=b=");
}

static void a_name_that_begins_or_ends_alike_is_another(void **state) {
    (void)state;
    is_none("__Host-tocsin-device=abc");
    is_none("x__Host-tocsin=abc");
    is_none("a=__Host-tocsin=abc");
    is_none("__Host-tocsi=abc");
    is_none("__host-tocsin=abc"); /* case counts: RFC 6265, 5.4 */
    is("__Host-tocsin-device=dev; __Host-tocsin=abc", "abc");
    assert_string_equal(found("__Host-tocsin=abc; __Host-tocsin-device=dev", COOKIE_DEVICE), "dev");
}

static void where_there_is_none_none_is_found(void **state) {
    (void)state;
    is_none(NULL);
    is_none("");
    is_none(" ");
    is_none(";");
    is_none("=");
    is_none("a=b");
    is_none("__Host-tocsin");
    is_none("__Host-tocsin ;=abc");
}

static void an_empty_value_is_a_value(void **state) {
    (void)state;
    is("__Host-tocsin=", "");
    is("__Host-tocsin=; a=b", "");
}

static void one_that_is_too_long_is_none_and_is_not_cut(void **state) {
    (void)state;
    is("__Host-tocsin=12345678", "12345678");
    is_none("__Host-tocsin=123456789");
    is_none("a=b; __Host-tocsin=123456789; c=d");
    is("__Host-tocsin=123456789; __Host-tocsin=abc", "abc");
    char header[4096];
    (void)snprintf(header, sizeof header, "__Host-tocsin=%04000d", 1);
    is_none(header);
}

static void the_first_of_two_counts(void **state) {
    (void)state;
    is("__Host-tocsin=abc; __Host-tocsin=def", "abc");
}

/* What cookie_set() has the answer set. */
static void is_set(const char *name, const char *value, uint32_t max_age_s, const char *wanted) {
    struct evhttp_request *request = evhttp_request_new(NULL, NULL);
    assert_non_null(request);
    cookie_set(request, name, value, max_age_s);
    assert_string_equal(
        evhttp_find_header(evhttp_request_get_output_headers(request), "Set-Cookie"), wanted);
    evhttp_request_free(request);
}

static void what_is_set_is_kept_from_scripts_other_sites_and_plain_http(void **state) {
    (void)state;
    is_set(COOKIE_SESSION, "abc", 7776000,
           "__Host-tocsin=abc; Secure; HttpOnly; SameSite=Strict; Path=/; Max-Age=7776000");
    is_set(COOKIE_SESSION, "", 0,
           "__Host-tocsin=; Secure; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
}

static void two_can_be_set_with_one_answer(void **state) {
    (void)state;
    struct evhttp_request *request = evhttp_request_new(NULL, NULL);
    assert_non_null(request);
    cookie_set(request, COOKIE_SESSION, "abc", 1);
    cookie_set(request, COOKIE_DEVICE, "def", 1);
    int count = 0;
    const struct evkeyval *header;
    TAILQ_FOREACH(header, evhttp_request_get_output_headers(request), next) {
        count += strcmp(header->key, "Set-Cookie") == 0;
    }
    assert_int_equal(count, 2);
    evhttp_request_free(request);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_found_wherever_it_stands_among_others),
        cmocka_unit_test(a_name_that_begins_or_ends_alike_is_another),
        cmocka_unit_test(where_there_is_none_none_is_found),
        cmocka_unit_test(an_empty_value_is_a_value),
        cmocka_unit_test(one_that_is_too_long_is_none_and_is_not_cut),
        cmocka_unit_test(the_first_of_two_counts),
        cmocka_unit_test(what_is_set_is_kept_from_scripts_other_sites_and_plain_http),
        cmocka_unit_test(two_can_be_set_with_one_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
