/* SPDX-License-Identifier: Apache-2.0 */

/* What the robots of group chats are sent, and what is made of their answers. */
#include <stdlib.h>
#include <string.h>

#include "gateway/base64.h"
#include "gateway/uplink/chat.h"
#include "gateway/uplink/turns.h"
#include "tests/support/cmocka.h"

static const struct secret_shared secret = {.bytes = "SECa1b2c3d4e5f60718", .size = 19};
static const struct wall wall = {1763796000123456789};

static void is_url(enum site_format format, const struct secret_shared *key, const char *wanted) {
    char *url = chat_url(format, "https://chat.example/send", "to/ken+1", key, wall);
    assert_non_null(url);
    assert_string_equal(url, wanted);
    free(url);
}

static void is_body(enum site_format format, const struct secret_shared *key, const char *wanted) {
    char *body = chat_body(format, "【紧急】\"call\"\n2", key, wall);
    assert_non_null(body);
    assert_string_equal(body, wanted);
    free(body);
}

/* The signatures were made apart, with Python's hmac, after the example in each maker's description. */
static void an_address_carries_the_token_and_the_signature_of_dingtalk(void **state) {
    (void)state;
    is_url(SITE_FORMAT_WECOM, NULL, "https://chat.example/send?key=to%2Fken%2B1");
    is_url(SITE_FORMAT_FEISHU, &secret, "https://chat.example/send/to%2Fken%2B1");
    is_url(SITE_FORMAT_DINGTALK, NULL, "https://chat.example/send?access_token=to%2Fken%2B1");
    is_url(SITE_FORMAT_DINGTALK, &secret,
           "https://chat.example/send?access_token=to%2Fken%2B1&timestamp=1763796000123"
           "&sign=%2F4Hfy%2FzFubTgxi2Nkvh8Qq8530Jmz1O5%2BasIVaJroKA%3D");
}

static void a_message_is_in_the_format_of_its_chat(void **state) {
    (void)state;
    const char *text = "{\"msgtype\":\"text\",\"text\":{\"content\":\"【紧急】\\\"call\\\"\\n2\"}}";
    is_body(SITE_FORMAT_WECOM, NULL, text);
    is_body(SITE_FORMAT_DINGTALK, &secret, text);
    is_body(SITE_FORMAT_FEISHU, NULL,
            "{\"msg_type\":\"text\",\"content\":{\"text\":\"【紧急】\\\"call\\\"\\n2\"}}");
    is_body(
        SITE_FORMAT_FEISHU, &secret,
        "{\"msg_type\":\"text\",\"content\":{\"text\":\"【紧急】\\\"call\\\"\\n2\"},"
        "\"timestamp\":\"1763796000\",\"sign\":\"XMYN9+nFSa67o6FfobrScp2Y8po0SKDCGrz4pNTsBK4=\"}");
}

static void a_text_that_is_no_utf_8_is_no_message(void **state) {
    (void)state;
    assert_null(chat_body(SITE_FORMAT_WECOM, "\xff\xfe", NULL, wall));
}

static void only_a_clear_answer_is_taken(void **state) {
    (void)state;
    static const struct {
        enum site_format format;
        long status;
        const char *answer;
        enum chat_verdict verdict;
        const char *reason; /* part of it */
    } cases[] = {
        {SITE_FORMAT_WECOM, 200, "{\"errcode\":0,\"errmsg\":\"ok\"}", CHAT_TAKEN, ""},
        {SITE_FORMAT_WECOM, 200, "{\"errcode\":93000,\"errmsg\":\"invalid webhook url\"}",
         CHAT_REFUSED, "code 93000: invalid webhook url"},
        {SITE_FORMAT_WECOM, 200, "{\"errcode\":45009}", CHAT_LIMITED, "45009"},
        {SITE_FORMAT_WECOM, 429, "", CHAT_LIMITED, "429"},
        {SITE_FORMAT_WECOM, 500, "{\"errcode\":0}", CHAT_REFUSED, "500"},
        {SITE_FORMAT_DINGTALK, 200, "{\"errcode\":0}", CHAT_TAKEN, ""},
        {SITE_FORMAT_DINGTALK, 200, "{\"errcode\":310000,\"errmsg\":\"sign not match\"}",
         CHAT_REFUSED, "sign not match"},
        {SITE_FORMAT_DINGTALK, 200, "{\"errcode\":130101}", CHAT_LIMITED, "130101"},
        {SITE_FORMAT_DINGTALK, 302, "", CHAT_REFUSED, "302"},
        {SITE_FORMAT_FEISHU, 200, "{\"code\":0,\"msg\":\"success\"}", CHAT_TAKEN, ""},
        {SITE_FORMAT_FEISHU, 200, "{\"StatusCode\":0}", CHAT_TAKEN, ""},
        {SITE_FORMAT_FEISHU, 200, "{\"code\":19021,\"StatusCode\":0,\"msg\":\"sign match fail\"}",
         CHAT_REFUSED, "19021: sign match fail"},
        {SITE_FORMAT_FEISHU, 200, "{\"code\":11232}", CHAT_LIMITED, "11232"},
        {SITE_FORMAT_FEISHU, 400, "{\"code\":99991400}", CHAT_LIMITED, "99991400"},
        /* not an answer of theirs at all */
        {SITE_FORMAT_WECOM, 200, "", CHAT_REFUSED, "not as a chat"},
        {SITE_FORMAT_WECOM, 200, "<html>sign in</html>", CHAT_REFUSED, "not as a chat"},
        {SITE_FORMAT_WECOM, 200, "[0]", CHAT_REFUSED, "not as a chat"},
        {SITE_FORMAT_WECOM, 200, "{\"errcode\":\"0\"}", CHAT_REFUSED, "not as a chat"},
        {SITE_FORMAT_WECOM, 200, "{\"errcode\":null}", CHAT_REFUSED, "not as a chat"},
        {SITE_FORMAT_WECOM, 200, "{\"errcode\":1,\"errcode\":0}", CHAT_REFUSED, "not as a chat"},
        {SITE_FORMAT_WECOM, 200, "{\"code\":0}", CHAT_REFUSED, "not as a chat"},
        {SITE_FORMAT_FEISHU, 200, "{\"errcode\":0}", CHAT_REFUSED, "not as a chat"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char reason[CHAT_REASON_SIZE] = "";
        assert_int_equal(chat_judge(cases[i].format, cases[i].status, cases[i].answer,
                                    strlen(cases[i].answer), reason),
                         cases[i].verdict);
        assert_non_null(strstr(reason, cases[i].reason));
    }
}

static void a_long_reason_is_cut_between_characters(void **state) {
    (void)state;
    char answer[700] = "{\"errcode\":7,\"errmsg\":\"";
    char reason[CHAT_REASON_SIZE];
    for (int i = 0; i < 100; i++) {
        strcat(answer, "错");
    }
    strcat(answer, "\"}");
    assert_int_equal(chat_judge(SITE_FORMAT_WECOM, 200, answer, strlen(answer), reason),
                     CHAT_REFUSED);
    assert_string_equal(reason + strlen(reason) - 6, "错…");
}

/* A message a second for ten minutes, whatever is let through: its maker would shut out for the 21st. */
static void no_minute_has_more_than_nineteen_turns(void **state) {
    (void)state;
    struct turns turns = {0};
    uint64_t taken[2000];
    unsigned count = 0;
    for (uint64_t ms = 5; ms < 600000; ms += 500) {
        if (turns_take(&turns, TURN_MS, true, ms * NS_PER_MS) == 0) {
            taken[count++] = ms;
        }
    }
    assert_true(count > 100);
    for (unsigned i = 19; i < count; i++) {
        assert_true(taken[i] - taken[i - 19] >= 60000);
    }
}

static void the_last_turns_are_kept_for_emergencies(void **state) {
    (void)state;
    struct turns turns = {0};
    unsigned taken = 0;
    while (turns_take(&turns, TURN_MS, false, NS_PER_S) == 0) {
        taken++;
    }
    assert_int_equal(taken, TURNS_MAX - TURNS_FOR_EMERGENCIES);
    for (int i = 0; i < TURNS_FOR_EMERGENCIES; i++) {
        assert_int_equal(turns_take(&turns, TURN_MS, true, NS_PER_S), 0);
    }
    uint32_t wait_ms = turns_take(&turns, TURN_MS, true, NS_PER_S);
    assert_in_range(wait_ms, 1, TURN_MS + 1);
    assert_int_equal(turns_take(&turns, TURN_MS, true, NS_PER_S + wait_ms * NS_PER_MS), 0);
}

static void a_chat_that_is_shut_has_no_turns_until_it_opens(void **state) {
    (void)state;
    struct turns turns = {0};
    turns_shut(&turns, 70 * NS_PER_S);
    uint32_t wait_ms = turns_take(&turns, TURN_MS, true, 10 * NS_PER_S);
    assert_int_equal(wait_ms, 60001);
    assert_int_equal(turns_take(&turns, TURN_MS, true, 70 * NS_PER_S), 0);
}

static void base64_is_that_of_rfc_4648(void **state) {
    (void)state;
    static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    static const char *const coded[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        char text[16];
        unsigned char bytes[8] = {0};
        base64_write((const unsigned char *)plain[i], strlen(plain[i]), text);
        assert_string_equal(text, coded[i]);
        assert_true(base64url_read(coded[i], bytes, i));
        assert_memory_equal(bytes, plain[i], i);
        base64url_write((const unsigned char *)plain[i], i, text);
        assert_true(base64url_read(text, bytes, i));
    }
    unsigned char bytes[4];
    char text[8];
    base64url_write((const unsigned char *)"\xfb\xff\xfe", 3, text);
    assert_string_equal(text, "-__-");
    /* another length, foreign characters, bits beyond the last byte, too much padding */
    static const char *const wrong[] = {"Zm9", "Zm9vYg", "Zm+v", "Zm/v", "Zm v"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(base64url_read(wrong[i], bytes, 3));
    }
    assert_false(base64url_read("Zh", bytes, 1));
    assert_false(base64url_read("Zg===", bytes, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_carries_the_token_and_the_signature_of_dingtalk),
        cmocka_unit_test(a_message_is_in_the_format_of_its_chat),
        cmocka_unit_test(a_text_that_is_no_utf_8_is_no_message),
        cmocka_unit_test(only_a_clear_answer_is_taken),
        cmocka_unit_test(a_long_reason_is_cut_between_characters),
        cmocka_unit_test(no_minute_has_more_than_nineteen_turns),
        cmocka_unit_test(the_last_turns_are_kept_for_emergencies),
        cmocka_unit_test(a_chat_that_is_shut_has_no_turns_until_it_opens),
        cmocka_unit_test(base64_is_that_of_rfc_4648),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
