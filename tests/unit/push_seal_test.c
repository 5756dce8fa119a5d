/* SPDX-License-Identifier: Apache-2.0 */

/* Messages that are sealed for a phone, and the token that says who sends them. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base64.h"
#include "gateway/uplink/push/push_seal.h"
#include "tests/support/cmocka.h"

static void unpack(const char *text, unsigned char *ret, size_t size) {
    assert_true(base64url_read(text, ret, size));
}

/* RFC 8291, section 5 and appendix A. */
static void a_message_is_sealed_as_in_the_example_of_rfc_8291(void **state) {
    (void)state;
    static const char text[] = "When I grow up, I want to be a watermelon";
    unsigned char private[PUSH_PRIVATE_SIZE], salt[PUSH_SALT_SIZE], public[PUSH_PUBLIC_SIZE];
    unsigned char made[sizeof text - 1 + PUSH_SEAL_SIZE], wanted[sizeof made];
    struct push_peer peer;
    struct push_key ours;
    unpack("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", private, sizeof private);
    unpack(
        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
        public, sizeof public);
    unpack(
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        peer.public, sizeof peer.public);
    unpack("BTBZMqHH6r4Tts7J_aSIgg", peer.auth, sizeof peer.auth);
    unpack("DGv6ra1nlYgDCS1FRnbzlw", salt, sizeof salt);
    unpack(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
        wanted, sizeof wanted);
    assert_true(push_key_of(private, &ours));
    assert_memory_equal(ours.public, public, sizeof public);
    assert_int_equal(push_seal(&peer, &ours, salt, text, sizeof text - 1, made), 0);
    assert_memory_equal(made, wanted, sizeof made);
}

static void a_key_that_is_no_point_of_the_curve_is_refused(void **state) {
    (void)state;
    struct push_key key;
    struct push_peer peer = {.auth = {1}};
    unsigned char made[1 + PUSH_SEAL_SIZE];
    assert_int_equal(push_key_make(&key), 0);
    assert_true(push_public_is_good(key.public));
    unsigned char salt[PUSH_SALT_SIZE] = {0};
    for (int i = 0; i < PUSH_PUBLIC_SIZE; i++) {
        memcpy(peer.public, key.public, sizeof peer.public);
        peer.public[i] ^= 1;
        assert_false(push_public_is_good(peer.public));
        assert_true(push_seal(&peer, &key, salt, "x", 1, made) < 0);
    }
    memset(peer.public, 0, sizeof peer.public);
    assert_false(push_public_is_good(peer.public));
    /* compressed points are 33 bytes: the same key in another form is none */
    memcpy(peer.public, key.public, sizeof peer.public);
    peer.public[0] = 2;
    assert_false(push_public_is_good(peer.public));
}

static void a_private_key_out_of_range_is_none(void **state) {
    (void)state;
    unsigned char private[PUSH_PRIVATE_SIZE] = {0};
    struct push_key key;
    assert_false(push_key_of(private, &key));
    memset(private, 0xff, sizeof private);
    assert_false(push_key_of(private, &key));
    private[0] = 0;
    assert_true(push_key_of(private, &key));
}

static void only_https_has_an_origin(void **state) {
    (void)state;
    char origin[PUSH_ORIGIN_SIZE];
    assert_true(push_origin("https://push.example:444/a/b?c#d", origin));
    assert_string_equal(origin, "https://push.example:444");
    assert_true(push_origin("https://push.example", origin));
    assert_string_equal(origin, "https://push.example");
    static const char *const wrong[] = {"",           "https://",   "http://push.example/",
                                        "HTTPS://a/", "https:///x", "ftp://a"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(push_origin(wrong[i], origin));
    }
    char longer[400] = "https://";
    memset(longer + 8, 'a', 300);
    assert_false(push_origin(longer, origin));
}

/* That the signature is right is seen by whoever did not make it: tests/e2e/test_push.py. */
static void the_token_names_the_service_its_end_and_the_contact(void **state) {
    (void)state;
    struct push_key key;
    char header[PUSH_VAPID_SIZE];
    assert_int_equal(push_key_make(&key), 0);
    assert_int_equal(push_vapid(&key, "https://push.example/x/1", "mailto:duty@site.example",
                                (struct wall){1763796000 * (int64_t)NS_PER_S}, header),
                     0);
    const char *claims = "{\"aud\":\"https://push.example\",\"exp\":1763796000,"
                         "\"sub\":\"mailto:duty@site.example\"}";
    char wanted[BASE64URL_SIZE(160)], public[BASE64URL_SIZE(PUSH_PUBLIC_SIZE)];
    base64url_write((const unsigned char *)claims, strlen(claims), wanted);
    base64url_write(key.public, sizeof key.public, public);
    assert_non_null(strstr(header, "Authorization: vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9."));
    assert_non_null(strstr(header, wanted));
    assert_non_null(strstr(header, public));
    assert_int_equal(push_vapid(&key, "https://push.example/x/1", "", (struct wall){0}, header), 0);
    assert_true(push_vapid(&key, "http://push.example/x/1", "", (struct wall){0}, header) < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_sealed_as_in_the_example_of_rfc_8291),
        cmocka_unit_test(a_key_that_is_no_point_of_the_curve_is_refused),
        cmocka_unit_test(a_private_key_out_of_range_is_none),
        cmocka_unit_test(only_https_has_an_origin),
        cmocka_unit_test(the_token_names_the_service_its_end_and_the_contact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
