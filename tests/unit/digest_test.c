/* SPDX-License-Identifier: Apache-2.0 */

/* SHA-256 against the examples of its standard, in one piece and in any. */
#include <string.h>

#include "gateway/digest.h"
#include "tests/support/cmocka.h"

static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
/* FIPS 180-2, B.2. */
static const unsigned char two_blocks_digest[DIGEST_SIZE] = {
    0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26, 0x93, 0x0c, 0x3e, 0x60, 0x39,
    0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff, 0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1,
};

static void a_digest_is_that_of_the_standard(void **state) {
    (void)state;
    /* FIPS 180-2, B.1. */
    static const unsigned char one_block[DIGEST_SIZE] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
        0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
        0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    };
    unsigned char digest[DIGEST_SIZE];
    digest_of("abc", 3, digest);
    assert_memory_equal(digest, one_block, DIGEST_SIZE);
    digest_of(two_blocks, strlen(two_blocks), digest);
    assert_memory_equal(digest, two_blocks_digest, DIGEST_SIZE);
}

static void pieces_have_the_digest_of_the_whole(void **state) {
    (void)state;
    struct digest made = {0};
    for (size_t cut = 0; cut <= strlen(two_blocks); cut++) {
        unsigned char digest[DIGEST_SIZE];
        digest_begin(&made);
        digest_add(&made, two_blocks, cut);
        digest_add(&made, two_blocks + cut, strlen(two_blocks) - cut);
        digest_end(&made, digest);
        assert_memory_equal(digest, two_blocks_digest, DIGEST_SIZE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digest_is_that_of_the_standard),
        cmocka_unit_test(pieces_have_the_digest_of_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
