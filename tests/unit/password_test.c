/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Passwords: the hash is the scrypt of RFC 7914 with the parameters that stand in it, and garbage is nobody's
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "gateway/console/password.h"
#include "gateway/hex.h"
#include "tests/support/cmocka.h"

static const char password[] = "绿豆汤 2026";

int __real_EVP_PBE_scrypt(const char *pass, size_t passlen, const unsigned char *salt,
                          size_t saltlen, uint64_t N, uint64_t r, uint64_t p, uint64_t maxmem,
                          unsigned char *key, size_t keylen);
int __wrap_EVP_PBE_scrypt(const char *pass, size_t passlen, const unsigned char *salt,
                          size_t saltlen, uint64_t N, uint64_t r, uint64_t p, uint64_t maxmem,
                          unsigned char *key, size_t keylen);

/* What was asked of scrypt last, and how often; `spares`: what is as costly as a new hash is not worked out. */
static struct {
    uint64_t n, r, p;
    unsigned count;
    bool spares;
} asked;

int __wrap_EVP_PBE_scrypt(const char *pass, size_t passlen, const unsigned char *salt,
                          size_t saltlen, uint64_t N, uint64_t r, uint64_t p, uint64_t maxmem,
                          unsigned char *key, size_t keylen) {
    asked.n = N;
    asked.r = r;
    asked.p = p;
    asked.count++;
    return __real_EVP_PBE_scrypt(pass, passlen, salt, saltlen, asked.spares && N >= 16384 ? 2 : N,
                                 r, p, maxmem, key, keylen);
}

static bool is(const char *hash) {
    return password_is(password, sizeof password - 1, hash);
}

/* A hash of these parameters, whose salt is 16 zeros, made without our code. */
static void make(char ret[PASSWORD_HASH_SIZE], unsigned cost, unsigned lanes) {
    static const unsigned char salt[16];
    unsigned char key[32];
    char text[65];
    assert_int_equal(__real_EVP_PBE_scrypt(password, sizeof password - 1, salt, sizeof salt,
                                           UINT64_C(1) << cost, 8, lanes, UINT64_C(1) << 30, key,
                                           sizeof key),
                     1);
    hex_format(key, sizeof key, text);
    (void)snprintf(ret, PASSWORD_HASH_SIZE, "scrypt$%u$%u$%032d$%s", cost, lanes, 0, text);
}

static void a_password_is_its_own_hash_and_no_others(void **state) {
    (void)state;
    char hash[PASSWORD_HASH_SIZE];
    assert_int_equal(password_hash(password, sizeof password - 1, hash), 0);
    assert_true(is(hash));
    assert_false(password_is(password, sizeof password - 2, hash));
    assert_false(password_is("", 0, hash));
}

/* N = 2^14, r = 8, p = 5, as the header promises; what another program makes of them is the same. */
static void a_hash_is_scrypt_by_the_rfc_with_the_parameters_in_it(void **state) {
    (void)state;
    char hash[PASSWORD_HASH_SIZE], other[PASSWORD_HASH_SIZE], again[PASSWORD_HASH_SIZE];
    assert_int_equal(password_hash(password, sizeof password - 1, hash), 0);
    assert_int_equal(strncmp(hash, "scrypt$14$5$", 12), 0);
    make(other, 14, 5);
    assert_int_equal(strlen(hash), strlen(other));
    assert_true(is(other));
    assert_int_equal(password_hash(password, sizeof password - 1, again), 0);
    assert_string_not_equal(hash, again); /* another salt */
}

/* RFC 7914, 12: the vector that has r = 8 and 64 bytes of key, of which ours are the first 32. */
static void the_vector_of_the_rfc_is_met_by_what_is_under_it(void **state) {
    (void)state;
    static const char wanted[] = "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2";
    unsigned char key[32];
    char text[65];
    assert_int_equal(EVP_PBE_scrypt("pleaseletmein", 13, (const unsigned char *)"SodiumChloride",
                                    14, 16384, 8, 1, UINT64_C(1) << 30, key, sizeof key),
                     1);
    hex_format(key, sizeof key, text);
    assert_string_equal(text, wanted);
}

static void other_parameters_are_taken_up_to_their_bounds(void **state) {
    (void)state;
    static const struct {
        unsigned cost, lanes;
        bool taken;
    } rows[] = {
        {1, 1, true}, {10, 1, true}, {10, 16, true}, {10, 17, false}, {17, 1, true}, {18, 1, false},
    };
    char hash[PASSWORD_HASH_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        make(hash, rows[i].cost, rows[i].lanes);
        print_message("%s\n", hash);
        assert_int_equal(is(hash), rows[i].taken);
    }
}

/* How long an answer takes does not tell whether somebody exists. */
static bool is_nobodys(const char *hash) {
    asked.count = 0;
    bool same = is(hash);
    return !same && asked.count == 1 && asked.n == 16384 && asked.r == 8 && asked.p == 5;
}

/* Of a hash that is right but for one place. */
static void garbage_is_nobodys_password_and_takes_as_long(void **state) {
    (void)state;
    asked.spares = true;
    static const struct {
        const char *is, *becomes;
    } changes[] = {
        {"scrypt", "Scrypt"}, {"scrypt", " scrypt"}, {"scrypt$", "scrypt"}, {"scrypt", ""},
        {"$1$1$", "$1$1$0"},  {"$1$1$0", "$1$1$"},   {"$1$1$", "$1 1$"},    {"$1$1$", "$1$8$1$"},
        {"$1$1$", "$-1$1$"},  {"$1$1$", "$1$-1$"},   {"$1$1$", "$0$1$"},    {"$1$1$", "$1$0$"},
        {"$1$1$0", "$1$1$x"}, {"$1$1$0", "$1$1$ "},  {"$1$1$", "$1$1$$"},   {"$1$1$", "$1$1"},
        {"$1$1$", "$99$1$"},  {"$1$1$", "$1$99$"},   {"$1$1$", "$100$1$"},  {"$1$1$", "$1$1$0x"},
    };
    char hash[PASSWORD_HASH_SIZE], changed[2 * PASSWORD_HASH_SIZE];
    make(hash, 1, 1);
    assert_true(is(hash));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *at = strstr(hash, changes[i].is);
        assert_non_null(at);
        (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - hash), hash,
                       changes[i].becomes, at + strlen(changes[i].is));
        print_message("%s\n", changed);
        assert_true(is_nobodys(changed));
    }
    (void)snprintf(changed, sizeof changed, "%s0", hash);
    assert_true(is_nobodys(changed));
    static const char *const none[] = {
        "",
        "$",
        "scrypt$",
        "scrypt$0$1$",
        "scrypt$14$5$",
        "scrypt$14$0$$",
        "token$abc",
        "x",
        "scrypt$14$5$00000000000000000000000000000000$",
        ("scrypt$14$5$00000000000000000000000000000000$"
         "0000000000000000000000000000000000000000000000000000000000000000"),
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_true(is_nobodys(none[i]));
        assert_false(password_is("", 0, none[i]));
    }
}

static void damage_at_any_letter_makes_it_nobodys(void **state) {
    (void)state;
    asked.spares = true;
    char hash[PASSWORD_HASH_SIZE];
    make(hash, 1, 1);
    for (size_t at = 0; at < strlen(hash); at++) {
        char kept = hash[at];
        hash[at] = kept == '2' ? '3' : '2';
        assert_false(is(hash));
        hash[at] = kept;
    }
    for (size_t len = 0; len < strlen(hash); len++) {
        char cut[PASSWORD_HASH_SIZE];
        (void)snprintf(cut, sizeof cut, "%.*s", (int)len, hash);
        assert_false(is(cut));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_is_its_own_hash_and_no_others),
        cmocka_unit_test(a_hash_is_scrypt_by_the_rfc_with_the_parameters_in_it),
        cmocka_unit_test(the_vector_of_the_rfc_is_met_by_what_is_under_it),
        cmocka_unit_test(other_parameters_are_taken_up_to_their_bounds),
        cmocka_unit_test(garbage_is_nobodys_password_and_takes_as_long),
        cmocka_unit_test(damage_at_any_letter_makes_it_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
