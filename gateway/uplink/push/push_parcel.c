/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One parcel: its text, its seal, its attempts
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "gateway/clock.h"
#include "gateway/uplink/notice_text.h"
#include "gateway/uplink/push/push_parts.h"

enum {
    STATUS_GONE = 410,
    STATUS_NOT_FOUND = 404,
    STATUS_TOO_MANY = 429,
    STATUS_SERVER = 500,
    /* The token of a request is good for so long: the services take a day at most. */
    VAPID_S = 12 * 3600,
    /* How long a service keeps a parcel for a phone that is off. */
    KEEP_S = 3600,
};

static const char *const languages[] = {[LANGUAGE_ZH] = "zh", [LANGUAGE_EN] = "en"};

/* ---- what it says ---- */

static char *text_dump(json_t *parcel) {
    char *text = parcel != NULL ? json_dumps(parcel, JSON_COMPACT) : NULL;
    json_decref(parcel);
    if (text != NULL && strlen(text) > PUSH_TEXT_MAX) {
        free(text);
        return NULL;
    }
    return text;
}

/* What is escaped in JSON takes up to six bytes: texts are cut so that all of it fits in any case. */
enum { BODY_SIZE = 600, TITLE_SIZE = 400 };

char *parcel_text(const char *token, const struct push_phone *phone, const char *body,
                  size_t size) {
    struct notice_text words;
    char title[TITLE_SIZE], text[BODY_SIZE], whole[NOTICE_RESPONSE_SIZE + NOTICE_FOOT_SIZE + 2];
    if (!notice_text_read(body, size, phone->language, &words)) {
        return NULL;
    }
    notice_text_cut(words.title, title, sizeof title);
    (void)snprintf(whole, sizeof whole, "%s%s%s", words.response,
                   words.response[0] != '\0' ? "\n" : "", words.foot);
    notice_text_cut(whole, text, sizeof text);
    json_t *event = json_loadb(body, size, 0, NULL);
    const json_t *data = json_object_get(event, "data");
    const char *rule = json_string_value(json_object_get(data, "rule"));
    const char *subject = json_string_value(json_object_get(event, "subject"));
    const char *priority = json_string_value(json_object_get(data, "priority"));
    char alarm[SITE_ALARM_NAME_SIZE];
    (void)snprintf(alarm, sizeof alarm, "%s/%s", rule != NULL ? rule : "",
                   subject != NULL ? subject : "");
    json_t *parcel = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s}", "token", token, "title", title, "body", text, "alarm",
        alarm, "priority", priority != NULL ? priority : "", "lang", languages[phone->language]);
    json_decref(event);
    return text_dump(parcel);
}

char *parcel_test_text(const char *token, enum site_language language) {
    static const char *const titles[] = {
        [LANGUAGE_ZH] = "守望：每日测试", [LANGUAGE_EN] = "Tocsin: daily test"};
    static const char *const bodies[] = {
        [LANGUAGE_ZH] = "这部手机能收到告警。无需处理。",
        [LANGUAGE_EN] = "Alarms reach this phone. There is nothing to do.",
    };
    return text_dump(json_pack("{s:s, s:s, s:s, s:b, s:s}", "token", token, "title",
                               titles[language], "body", bodies[language], "test", 1, "lang",
                               languages[language]));
}

/* ---- an attempt ---- */

/* What the service says beside its status is nobody's business. */
static size_t parcel_swallow(char *bytes, size_t size, size_t count, void *context) {
    (void)bytes;
    (void)context;
    return size * count;
}

static bool parcel_header(struct parcel *parcel, const char *line) {
    struct curl_slist *longer = curl_slist_append(parcel->headers, line);
    if (longer != NULL) {
        parcel->headers = longer;
    }
    return longer != NULL;
}

static bool parcel_headers(const struct push *push, struct parcel *parcel,
                           const struct push_phone *phone) {
    char vapid[PUSH_VAPID_SIZE], keep[32], topic[64];
    struct wall until = clock_wall();
    until.ns += VAPID_S * (int64_t)NS_PER_S;
    (void)snprintf(keep, sizeof keep, "TTL: %d", KEEP_S);
    (void)snprintf(topic, sizeof topic, "Topic: %s", parcel->topic);
    return push_vapid(&push->phones.key, phone->endpoint, push->conf.contact, until, vapid) == 0 &&
           parcel_header(parcel, vapid) && parcel_header(parcel, keep) &&
           parcel_header(parcel, topic) &&
           parcel_header(parcel, parcel->test        ? "Urgency: low"
                                 : parcel->emergency ? "Urgency: high"
                                                     : "Urgency: normal") &&
           parcel_header(parcel, "Content-Type: application/octet-stream") &&
           parcel_header(parcel, "Content-Encoding: aes128gcm") && parcel_header(parcel, "Expect:");
}

/* With a key and a salt of its own, each time. Returns the size, or 0. */
static size_t parcel_seal(struct parcel *parcel, const struct push_phone *phone) {
    struct push_key once;
    unsigned char salt[PUSH_SALT_SIZE];
    size_t size = strlen(parcel->text);
    parcel->sealed = malloc(size + PUSH_SEAL_SIZE);
    bool sealed = parcel->sealed != NULL && push_key_make(&once) == 0 &&
                  RAND_bytes(salt, sizeof salt) == 1 &&
                  push_seal(&phone->peer, &once, salt, parcel->text, size, parcel->sealed) == 0;
    OPENSSL_cleanse(&once, sizeof once);
    return sealed ? size + PUSH_SEAL_SIZE : 0;
}

bool parcel_begin(struct push *push, struct parcel *parcel, const struct push_phone *phone) {
    assert(parcel->state == PARCEL_WAITS);
    size_t size = parcel_seal(parcel, phone);
    parcel->transfer = size > 0 && parcel_headers(push, parcel, phone) ? curl_easy_init() : NULL;
    if (parcel->transfer == NULL) {
        return false;
    }
    transfers_options(parcel->transfer, phone->endpoint, "", push->times.attempt_ms);
    (void)curl_easy_setopt(parcel->transfer, CURLOPT_PROTOCOLS_STR, "https");
    if (push->conf.ca[0] != '\0') {
        /* Beside the authorities of the system, which stay in its directory of them. */
        (void)curl_easy_setopt(parcel->transfer, CURLOPT_CAINFO, push->conf.ca);
    }
    (void)curl_easy_setopt(parcel->transfer, CURLOPT_HTTPHEADER, parcel->headers);
    (void)curl_easy_setopt(parcel->transfer, CURLOPT_POSTFIELDS, (const char *)parcel->sealed);
    (void)curl_easy_setopt(parcel->transfer, CURLOPT_POSTFIELDSIZE, (long)size);
    (void)curl_easy_setopt(parcel->transfer, CURLOPT_WRITEFUNCTION, parcel_swallow);
    (void)curl_easy_setopt(parcel->transfer, CURLOPT_PRIVATE, (char *)parcel);
    parcel->state = PARCEL_UNDER_WAY;
    return transfers_begin(push->transfers, parcel->transfer);
}

void parcel_stop(struct push *push, struct parcel *parcel) {
    if (parcel->transfer != NULL) {
        transfers_end(push->transfers, parcel->transfer);
        parcel->transfer = NULL;
    }
    curl_slist_free_all(parcel->headers);
    parcel->headers = NULL;
    free(parcel->sealed);
    parcel->sealed = NULL;
}

enum parcel_answer parcel_judge(const struct parcel *parcel, CURLcode result, char *ret_reason,
                                size_t size) {
    long status = 0;
    (void)curl_easy_getinfo(parcel->transfer, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK) {
        (void)snprintf(ret_reason, size, "%s", curl_easy_strerror(result));
        return PARCEL_LATER;
    }
    (void)snprintf(ret_reason, size, "it answers with HTTP status %ld", status);
    if (status >= 200 && status <= 299) {
        return PARCEL_TAKEN;
    } else if (status == STATUS_GONE || status == STATUS_NOT_FOUND) {
        return PARCEL_ENDED;
    }
    return status == STATUS_TOO_MANY || status >= STATUS_SERVER ? PARCEL_LATER : PARCEL_WRONG;
}
