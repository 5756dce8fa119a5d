/* SPDX-License-Identifier: Apache-2.0 */

/* The signature of a call, and which files are secrets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/uplink/signature.h"
#include "tests/support/cmocka.h"

struct file {
    char path[40];
};

static void file_write(struct file *file, const char *bytes, size_t size) {
    (void)snprintf(file->path, sizeof file->path, "/tmp/tocsin-secret-XXXXXX");
    int fd = mkstemp(file->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    assert_int_equal(close(fd), 0);
}

static void the_hash_is_hmac_sha256_over_time_and_body(void **state) {
    (void)state;
    const struct signature_secret secret = {.bytes = "Jefe", .size = 4};
    char header[SIGNATURE_HEADER_SIZE];
    /* Made apart with: printf '1763796000.{"a":1}' | openssl dgst -sha256 -hmac Jefe, and with Python's hmac */
    assert_int_equal(
        signature_header(&secret, (struct wall){1763796000999999999}, "{\"a\":1}", 7, header), 0);
    assert_string_equal(header, "Tocsin-Signature: t=1763796000,v1="
                                "22d5baaf1ecefbb3b191bb2d503a3aefffce32e6406e3f058b731805b0867b9f");
}

static void a_secret_is_the_file_without_the_white_space_around_it(void **state) {
    (void)state;
    struct file file;
    struct signature_secret secret;
    static const char text[] = " \n0123456789 abcdef\r\n\n";
    file_write(&file, text, sizeof text - 1);
    assert_int_equal(signature_read(file.path, &secret), 0);
    assert_int_equal(secret.size, 17);
    assert_memory_equal(secret.bytes, "0123456789 abcdef", 17);
    assert_int_equal(unlink(file.path), 0);
    assert_int_equal(signature_read(file.path, &secret), SIGNATURE_E_ABSENT);
}

static void a_secret_has_16_to_1024_bytes(void **state) {
    (void)state;
    static const struct {
        size_t size;
        int result;
    } rows[] = {{0, SIGNATURE_E_WEAK},    {15, SIGNATURE_E_WEAK},  {16, 0}, {1024, 0},
                {1025, SIGNATURE_E_WEAK}, {5000, SIGNATURE_E_WEAK}};
    char bytes[5000];
    memset(bytes, 'k', sizeof bytes);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct file file;
        struct signature_secret secret;
        file_write(&file, bytes, rows[i].size);
        assert_int_equal(signature_read(file.path, &secret), rows[i].result);
        assert_int_equal(unlink(file.path), 0);
    }
}

static void a_directory_is_no_secret(void **state) {
    (void)state;
    struct signature_secret secret;
    assert_int_equal(signature_read("/", &secret), SIGNATURE_E_ABSENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_hmac_sha256_over_time_and_body),
        cmocka_unit_test(a_secret_is_the_file_without_the_white_space_around_it),
        cmocka_unit_test(a_secret_has_16_to_1024_bytes),
        cmocka_unit_test(a_directory_is_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
