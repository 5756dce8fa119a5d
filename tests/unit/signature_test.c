/* SPDX-License-Identifier: Apache-2.0 */

/* The signature of a call. */
#include "gateway/uplink/signature.h"
#include "tests/support/cmocka.h"

static void the_hash_is_hmac_sha256_over_time_and_body(void **state) {
    (void)state;
    const struct secret_shared secret = {.bytes = "Jefe", .size = 4};
    char header[SIGNATURE_HEADER_SIZE];
    /* Made apart with: printf '1763796000.{"a":1}' | openssl dgst -sha256 -hmac Jefe, and with Python's hmac */
    assert_int_equal(
        signature_header(&secret, (struct wall){1763796000999999999}, "{\"a\":1}", 7, header), 0);
    assert_string_equal(header, "Tocsin-Signature: t=1763796000,v1="
                                "22d5baaf1ecefbb3b191bb2d503a3aefffce32e6406e3f058b731805b0867b9f");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_hmac_sha256_over_time_and_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
