/* SPDX-License-Identifier: Apache-2.0 */

/* What is a secret in a file and what is not: both sides of each limit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/secret_file.h"
#include "tests/support/cmocka.h"

static char path[] = "/tmp/tocsin-secret-XXXXXX";
static char secret[SECRET_SIZE];

static int path_setup(void **state) {
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int path_teardown(void **state) {
    (void)state;
    return unlink(path);
}

static void file_write(const char *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* What the file of these bytes is: NULL for a secret. */
static const char *found(const char *bytes, size_t size) {
    file_write(bytes, size);
    const char *fault = secret_file_read(path, secret);
    const char *again = secret_file_fault(path);
    assert_true(fault == again);
    return fault;
}

static void is_secret(const char *bytes, size_t size, const char *wanted) {
    assert_null(found(bytes, size));
    assert_string_equal(secret, wanted);
}

static void is_none(const char *bytes, size_t size, const char *why) {
    const char *fault = found(bytes, size);
    assert_non_null(fault);
    assert_non_null(strstr(fault, why));
    assert_string_equal(secret, "");
}

static void the_first_line_is_the_secret(void **state) {
    (void)state;
    is_secret("hush", 4, "hush");
    is_secret("hush\n", 5, "hush");
    is_secret("hush\r\n", 6, "hush");
    is_secret("hush\nmore", 9, "hush");
    is_secret(" hush \n", 7, " hush ");
    is_secret("hush\n\0", 6, "hush"); /* what is behind it is not looked at */
}

static void an_empty_line_is_no_secret(void **state) {
    (void)state;
    is_none("", 0, "nothing in its first line");
    is_none("\n", 1, "nothing in its first line");
    is_none("\r\nhush\n", 7, "nothing in its first line");
}

static void a_nul_is_not_taken_for_an_end(void **state) {
    (void)state;
    is_none("hu\0sh\n", 6, "a NUL byte");
    is_none("\0", 1, "a NUL byte");
}

static void a_line_that_is_too_long_is_not_cut(void **state) {
    (void)state;
    char bytes[SECRET_SIZE + 1];
    memset(bytes, 'x', sizeof bytes);
    assert_null(found(bytes, SECRET_SIZE - 1));
    assert_int_equal(strlen(secret), SECRET_SIZE - 1);
    is_none(bytes, SECRET_SIZE, "more than 1023 bytes");
    is_none(bytes, SECRET_SIZE + 1, "more than 1023 bytes");
    bytes[SECRET_SIZE - 1] = '\n';
    assert_null(found(bytes, SECRET_SIZE + 1));
}

/* What the shared secret in a file of these bytes is. */
static int found_shared(const char *bytes, size_t size, struct secret_shared *ret_secret) {
    file_write(bytes, size);
    return secret_file_read_shared(path, ret_secret);
}

static void a_shared_secret_is_the_file_without_the_white_space_around_it(void **state) {
    (void)state;
    struct secret_shared shared;
    static const char text[] = " \n0123456789 abcdef\r\n\n";
    assert_int_equal(found_shared(text, sizeof text - 1, &shared), 0);
    assert_int_equal(shared.size, 17);
    assert_memory_equal(shared.bytes, "0123456789 abcdef", 17);
}

static void a_shared_secret_has_16_to_1024_bytes(void **state) {
    (void)state;
    static const struct {
        size_t before, size, behind; /* white space, the secret, white space */
        int result;
    } rows[] = {
        {0, 0, 0, SECRET_E_SHORT},
        {9, 0, 9, SECRET_E_SHORT},
        {9, SECRET_SHARED_SIZE_MIN - 1, 9, SECRET_E_SHORT},
        {9, SECRET_SHARED_SIZE_MIN, 9, 0},
        {9, SECRET_SHARED_SIZE_MAX, 9, 0},
        {0, SECRET_SHARED_SIZE_MAX, SECRET_SHARED_FILE_MAX - SECRET_SHARED_SIZE_MAX, 0},
        {0, SECRET_SHARED_SIZE_MAX, SECRET_SHARED_FILE_MAX - SECRET_SHARED_SIZE_MAX + 1,
         SECRET_E_LONG},
        {0, SECRET_SHARED_SIZE_MAX + 1, 0, SECRET_E_LONG},
        {9, SECRET_SHARED_SIZE_MAX + 1, 9, SECRET_E_LONG},
        {0, SECRET_SHARED_FILE_MAX + 1, 0, SECRET_E_LONG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char bytes[SECRET_SHARED_FILE_MAX + 1];
        struct secret_shared shared;
        memset(bytes, ' ', sizeof bytes);
        memset(bytes + rows[i].before, 'k', rows[i].size);
        size_t size = rows[i].before + rows[i].size + rows[i].behind;
        assert_int_equal(found_shared(bytes, size, &shared), rows[i].result);
        assert_true(rows[i].result != 0 || shared.size == rows[i].size);
    }
}

static void white_space_within_a_longer_shared_secret_is_not_its_end(void **state) {
    (void)state;
    char bytes[SECRET_SHARED_SIZE_MAX + 2];
    struct secret_shared shared;
    memset(bytes, 'k', sizeof bytes);
    for (size_t at = SECRET_SHARED_SIZE_MAX - 1; at <= SECRET_SHARED_SIZE_MAX; at++) {
        bytes[at] = ' ';
        assert_int_equal(found_shared(bytes, sizeof bytes, &shared), SECRET_E_LONG);
        bytes[at] = 'k';
    }
    bytes[SECRET_SHARED_SIZE_MAX - 2] = ' ';
    assert_int_equal(found_shared(bytes, SECRET_SHARED_SIZE_MAX, &shared), 0);
    assert_int_equal(shared.size, SECRET_SHARED_SIZE_MAX);
}

static void what_is_no_file_is_not_read(void **state) {
    (void)state;
    assert_non_null(strstr(secret_file_read("/tmp", secret), "cannot be read"));
    assert_non_null(strstr(secret_file_read("/tmp/tocsin-none/x", secret), "cannot be read"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_non_null(strstr(secret_file_read(path, secret), "cannot be read")); /* nor waited for */
    struct secret_shared shared;
    assert_int_equal(secret_file_read_shared("/tmp", &shared), SECRET_E_ABSENT);
    assert_int_equal(secret_file_read_shared("/tmp/tocsin-none/x", &shared), SECRET_E_ABSENT);
    assert_int_equal(secret_file_read_shared(path, &shared), SECRET_E_ABSENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_is_the_secret),
        cmocka_unit_test(an_empty_line_is_no_secret),
        cmocka_unit_test(a_nul_is_not_taken_for_an_end),
        cmocka_unit_test(a_line_that_is_too_long_is_not_cut),
        cmocka_unit_test(a_shared_secret_is_the_file_without_the_white_space_around_it),
        cmocka_unit_test(a_shared_secret_has_16_to_1024_bytes),
        cmocka_unit_test(white_space_within_a_longer_shared_secret_is_not_its_end),
        cmocka_unit_test(what_is_no_file_is_not_read),
    };
    return cmocka_run_group_tests(tests, path_setup, path_teardown);
}
