/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/push/push.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "gateway/clock.h"
#include "gateway/uplink/push/push_parts.h"

enum {
    TOKEN_BYTES = 16,
    /* What phones confirm is written down so often at most. */
    WRITE_EVERY_S = 60,
    RETRY_AFTER_MAX_S = 600,
    REASON_SIZE = 128,
};
_Static_assert((int)PUSH_TOKEN_SIZE == (int)BASE64URL_SIZE(TOKEN_BYTES), "a token's text");

/* The key of a test, which no notice has. */
static const struct webhook_key test_key = {UINT32_MAX, UINT32_MAX, UINT32_MAX};

struct push_times push_times_default(void) {
    return (struct push_times){.retry_ms_first = 1000,
                               .retry_ms_max = 60000,
                               .attempt_ms = 10000,
                               .age_ms_max = 600000,
                               .receipt_ms_max = 3600000};
}

/* ---- phones ---- */

static void push_save(struct push *push) {
    int r = push_phones_write(&push->phones);
    push->written_ns = clock_real_ns();
    if (r != 0) {
        log_failure("phones_not_written", r,
                    "a phone that came or went is not known after the next start");
    }
}

static void push_changed(struct push *push) {
    push->callbacks.changed(push->context);
}

static int64_t latest_s(int64_t a, int64_t b) {
    return a > b ? a : b;
}

struct push_reach push_reach(const struct push *push, uint32_t webhook) {
    struct push_reach reach = {0};
    struct wall now = clock_wall();
    for (uint32_t i = 0; i < push->phones.count; i++) {
        const struct push_phone *phone = &push->phones.list[i];
        if (push_phone_is_of(phone, push->conf.site, webhook)) {
            reach.phones++;
            reach.reachable += push_phone_is_reachable(phone, now);
            reach.received_s = latest_s(reach.received_s, phone->received_s);
            reach.tested_s = latest_s(reach.tested_s, phone->tested_s);
        }
    }
    return reach;
}

static void phone_note_failing(struct push *push, struct push_phone *phone, bool failing) {
    if (phone->failing != failing) {
        phone->failing = failing;
        push_changed(push);
    }
}

/* ---- parcels ---- */

static bool key_is(const struct webhook_key *a, const struct webhook_key *b) {
    return a->alarm == b->alarm && a->step == b->step && a->run == b->run;
}

/* May anything still come of a notice? */
static bool push_awaits(const struct push *push, const struct webhook_key *key) {
    for (uint32_t i = 0; i < PUSH_PARCELS_MAX; i++) {
        const struct parcel *parcel = &push->parcels[i];
        if (parcel->state != PARCEL_FREE && !parcel->test && key_is(&parcel->key, key)) {
            return true;
        }
    }
    return false;
}

static void parcel_free(struct push *push, struct parcel *parcel) {
    parcel_stop(push, parcel);
    free(parcel->text);
    *parcel = (struct parcel){.state = PARCEL_FREE};
}

/* Nothing will come of it; if it was the last of its notice, nobody has received that. */
static void parcel_fail(struct push *push, struct parcel *parcel) {
    const struct webhook_key key = parcel->key;
    bool test = parcel->test;
    parcel_free(push, parcel);
    if (!test && !push_awaits(push, &key)) {
        push->callbacks.answered(push->context, &key, false);
    }
}

/*
 * A free place; where there is none, the oldest that was handed over and never confirmed goes, else, for an
 * emergency, the oldest that is none.
 */
static struct parcel *push_place(struct push *push, bool emergency) {
    struct parcel *handed = NULL, *lesser = NULL;
    for (uint32_t i = 0; i < PUSH_PARCELS_MAX; i++) {
        struct parcel *parcel = &push->parcels[i];
        if (parcel->state == PARCEL_FREE) {
            return parcel;
        } else if (parcel->state == PARCEL_HANDED &&
                   (handed == NULL || parcel->born_ns < handed->born_ns)) {
            handed = parcel;
        } else if (!parcel->emergency && (lesser == NULL || parcel->born_ns < lesser->born_ns)) {
            lesser = parcel;
        }
    }
    push->counts.dropped++;
    struct parcel *given = handed != NULL ? handed : emergency ? lesser : NULL;
    if (given != NULL) {
        parcel_fail(push, given);
    }
    return given;
}

/* Later, or not at all when it is too old by then. */
static void parcel_retry(struct push *push, struct parcel *parcel, uint32_t said_s) {
    uint64_t now_ns = clock_real_ns();
    uint32_t wait_ms = said_s > 0 ? said_s * 1000 : parcel->wait_ms;
    parcel_stop(push, parcel);
    push->counts.failures++;
    parcel->state = PARCEL_WAITS;
    parcel->due_ns = now_ns + wait_ms * NS_PER_MS;
    parcel->wait_ms = parcel->wait_ms * 2 < push->times.retry_ms_max ? parcel->wait_ms * 2
                                                                     : push->times.retry_ms_max;
    if (parcel->due_ns - parcel->born_ns > push->times.age_ms_max * NS_PER_MS) {
        push->counts.given_up++;
        parcel_fail(push, parcel);
    }
}

static void parcel_attempt(struct push *push, struct parcel *parcel) {
    const struct push_phone *phone = push_phones_find(&push->phones, parcel->phone);
    if (phone == NULL) {
        parcel_fail(push, parcel); /* it has gone meanwhile */
        return;
    }
    push->counts.attempts++;
    if (!parcel_begin(push, parcel, phone)) {
        parcel_retry(push, parcel, 0);
    }
}

/* 16 bytes that nobody can guess. */
static bool token_make(char ret[PUSH_TOKEN_SIZE]) {
    unsigned char bytes[TOKEN_BYTES];
    bool made = RAND_bytes(bytes, sizeof bytes) == 1;
    if (made) {
        base64url_write(bytes, sizeof bytes, ret);
    }
    return made;
}

/* What the service knows parcels of one alarm by; it says nothing of which alarm that is. */
static void topic_make(const struct push *push, uint32_t alarm, char ret[PUSH_TOKEN_SIZE]) {
    unsigned char text[PUSH_PRIVATE_SIZE + sizeof alarm], digest[EVP_MAX_MD_SIZE] = {0};
    memcpy(text, push->phones.key.private, PUSH_PRIVATE_SIZE);
    memcpy(text + PUSH_PRIVATE_SIZE, &alarm, sizeof alarm);
    (void)EVP_Digest(text, sizeof text, digest, NULL, EVP_sha256(), NULL);
    OPENSSL_cleanse(text, sizeof text);
    base64url_write(digest, TOKEN_BYTES, ret);
}

/* `notice` NULL: a test. Returns whether there is a parcel for the phone now. */
static bool parcel_make(struct push *push, uint32_t id, const struct push_notice *notice) {
    const struct push_phone *phone = push_phones_find(&push->phones, id);
    assert(phone != NULL);
    struct parcel made = {
        .state = PARCEL_WAITS,
        .key = notice != NULL ? notice->key : test_key,
        .phone = id,
        .test = notice == NULL,
        .emergency = notice != NULL && notice->emergency,
        .born_ns = clock_real_ns(),
        .wait_ms = push->times.retry_ms_first,
    };
    if (!token_make(made.token)) {
        push->counts.dropped++;
        return false;
    }
    topic_make(push, made.key.alarm, made.topic);
    made.text = notice != NULL ? parcel_text(made.token, phone, notice->body, notice->body_size)
                               : parcel_test_text(made.token, phone->language);
    struct parcel *parcel = made.text != NULL ? push_place(push, made.emergency) : NULL;
    if (parcel == NULL) {
        push->counts.dropped += made.text == NULL;
        free(made.text);
        return false;
    }
    *parcel = made;
    parcel_attempt(push, parcel);
    return true;
}

/* ---- what comes of an attempt ---- */

static void push_tell_failure(struct push *push, const struct push_phone *phone,
                              const char *reason) {
    uint64_t kept_back = 0;
    if (log_permit(&push->failures, &kept_back)) {
        char origin[PUSH_ORIGIN_SIZE] = "", quoted[REASON_SIZE + 16];
        (void)push_origin(phone->endpoint, origin); /* the rest of it is as good as a key */
        log_line(LOG_WARNING, "push_failed",
                 "person=%s service=%s reason=%s kept_back=%" PRIu64
                 " effect=\"this phone hears of no alarm until its service takes them\"",
                 phone->person, origin, log_quote(reason, quoted, sizeof quoted), kept_back);
    }
}

/* The browser has taken its subscription back, or the service has. */
static void push_end(struct push *push, struct parcel *parcel, const struct push_phone *phone) {
    uint64_t kept_back = 0;
    push->counts.ended++;
    if (log_permit(&push->ended, &kept_back)) {
        log_line(LOG_NOTICE, "push_ended",
                 "person=%s kept_back=%" PRIu64
                 " effect=\"this phone is not called until it opens the console again\"",
                 phone->person, kept_back);
    }
    push_phones_remove(&push->phones, parcel->phone);
    push_save(push);
    parcel_fail(push, parcel);
    push_changed(push);
}

static void push_ended(void *context, CURL *transfer, CURLcode result) {
    struct push *push = context;
    char *private = NULL;
    (void)curl_easy_getinfo(transfer, CURLINFO_PRIVATE, &private);
    struct parcel *parcel = (struct parcel *)(void *)private;
    struct push_phone *phone = push_phones_find(&push->phones, parcel->phone);
    char reason[REASON_SIZE];
    curl_off_t said_s = 0;
    (void)curl_easy_getinfo(transfer, CURLINFO_RETRY_AFTER, &said_s);
    enum parcel_answer answer = parcel_judge(parcel, result, reason, sizeof reason);
    if (phone == NULL) {
        parcel_fail(push, parcel);
        return;
    } else if (answer == PARCEL_TAKEN) {
        push->counts.handed++;
        parcel_stop(push, parcel);
        free(parcel->text);
        parcel->text = NULL;
        parcel->state = PARCEL_HANDED;
        phone_note_failing(push, phone, false);
        return;
    } else if (answer == PARCEL_ENDED) {
        push_end(push, parcel, phone);
        return;
    }
    push_tell_failure(push, phone, reason);
    phone_note_failing(push, phone, true);
    if (answer == PARCEL_WRONG) {
        push->counts.failures++;
        parcel_fail(push, parcel);
    } else {
        uint32_t wait_s = said_s < RETRY_AFTER_MAX_S ? (uint32_t)said_s : RETRY_AFTER_MAX_S;
        parcel_retry(push, parcel, wait_s);
    }
}

/* ---- verbs ---- */

/* Has this phone a parcel of the notice? */
static bool push_has(const struct push *push, uint32_t phone, const struct webhook_key *key) {
    for (uint32_t i = 0; i < PUSH_PARCELS_MAX; i++) {
        const struct parcel *parcel = &push->parcels[i];
        if (parcel->state != PARCEL_FREE && parcel->phone == phone && key_is(&parcel->key, key)) {
            return true;
        }
    }
    return false;
}

void push_send(struct push *push, const struct push_notice *notice) {
    /* A service that ends a subscription at once would move those behind it. */
    uint32_t ids[PUSH_PHONES_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < push->phones.count; i++) {
        if (push_phone_is_of(&push->phones.list[i], push->conf.site, notice->webhook)) {
            ids[count++] = push->phones.ids[i];
        }
    }
    bool any = false;
    for (uint32_t i = 0; i < count; i++) {
        any = push_has(push, ids[i], &notice->key) || parcel_make(push, ids[i], notice) || any;
    }
    if (!any) {
        push->callbacks.answered(push->context, &notice->key, false);
    }
}

void push_withdraw(struct push *push, uint32_t alarm, uint32_t run) {
    for (uint32_t i = 0; i < PUSH_PARCELS_MAX; i++) {
        struct parcel *parcel = &push->parcels[i];
        if ((parcel->state == PARCEL_WAITS || parcel->state == PARCEL_UNDER_WAY) && !parcel->test &&
            parcel->key.alarm == alarm && parcel->key.run == run) {
            parcel_free(push, parcel);
        }
    }
}

bool push_receive(struct push *push, const char *token) {
    struct parcel *parcel = NULL;
    for (uint32_t i = 0; i < PUSH_PARCELS_MAX && parcel == NULL; i++) {
        struct parcel *at = &push->parcels[i];
        /* One that is still under way may be confirmed before its service has answered us. */
        bool known = at->state == PARCEL_HANDED || at->state == PARCEL_UNDER_WAY;
        if (known && strlen(token) == PUSH_TOKEN_SIZE - 1 &&
            CRYPTO_memcmp(at->token, token, PUSH_TOKEN_SIZE - 1) == 0) {
            parcel = at;
        }
    }
    if (parcel == NULL) {
        return false;
    }
    const struct webhook_key key = parcel->key;
    bool test = parcel->test;
    struct push_phone *phone = push_phones_find(&push->phones, parcel->phone);
    parcel_free(push, parcel);
    push->counts.received++;
    if (phone != NULL) {
        phone->received_s = clock_wall().ns / (int64_t)NS_PER_S;
        phone->failing = false;
        push->phones.unwritten = true;
        push_changed(push);
    }
    if (!test) {
        push->callbacks.answered(push->context, &key, true);
    }
    return true;
}

int push_subscribe(struct push *push, const struct push_phone *phone) {
    int r = push_phones_add(&push->phones, phone);
    if (r == 0 && (push->phones.unwritten || push->phones.key_unwritten)) {
        r = err_trace(push_phones_write(&push->phones));
        push_changed(push);
    }
    push_tick(push);
    return r;
}

uint32_t push_leave(struct push *push, const char *person, const char *endpoint) {
    uint32_t left = push_phones_leave(&push->phones, person, endpoint);
    if (left > 0) {
        push_save(push);
        push_changed(push);
    }
    return left;
}

uint32_t push_promote(struct push *push, const char *person, enum role role, uint64_t name) {
    uint32_t changed = push_phones_promote(&push->phones, person, role, name);
    if (changed > 0) {
        push_save(push);
        push_changed(push);
    }
    return changed;
}

void push_tick(struct push *push) {
    uint64_t now_ns = clock_real_ns();
    struct wall now = clock_wall();
    for (uint32_t i = 0; i < PUSH_PARCELS_MAX; i++) {
        struct parcel *parcel = &push->parcels[i];
        if (parcel->state == PARCEL_WAITS && now_ns >= parcel->due_ns) {
            parcel_attempt(push, parcel);
        } else if (parcel->state == PARCEL_HANDED &&
                   now_ns - parcel->born_ns > push->times.receipt_ms_max * NS_PER_MS) {
            push->counts.given_up++;
            parcel_fail(push, parcel);
        }
    }
    for (uint32_t i = 0; i < push->phones.count; i++) {
        struct push_phone *phone = &push->phones.list[i];
        if (push_phone_is_due(phone, now)) {
            phone->tested_s = now.ns / (int64_t)NS_PER_S;
            push->phones.unwritten = true;
            (void)parcel_make(push, push->phones.ids[i], NULL);
        }
    }
    if (push->phones.unwritten && now_ns - push->written_ns >= WRITE_EVERY_S * NS_PER_S) {
        push_save(push);
    }
}

void push_public_key(const struct push *push, char ret[BASE64URL_SIZE(PUSH_PUBLIC_SIZE)]) {
    base64url_write(push->phones.key.public, PUSH_PUBLIC_SIZE, ret);
}

const struct push_phones *push_phones(const struct push *push) {
    return &push->phones;
}

struct push_counts push_counts(const struct push *push) {
    struct push_counts counts = push->counts;
    struct wall now = clock_wall();
    counts.phones = push->phones.count;
    for (uint32_t i = 0; i < push->phones.count; i++) {
        counts.phones_reachable += push_phone_is_reachable(&push->phones.list[i], now);
    }
    for (uint32_t i = 0; i < PUSH_PARCELS_MAX; i++) {
        enum parcel_state state = push->parcels[i].state;
        counts.waiting += state == PARCEL_WAITS || state == PARCEL_UNDER_WAY;
    }
    return counts;
}

/* ---- birth and death ---- */

int push_new(struct event_base *base, const struct push_conf *conf, const struct push_times *times,
             const struct push_callbacks *callbacks, void *context, struct push **ret_push) {
    struct push *push = calloc(1, sizeof *push);
    if (push == NULL) {
        return err_origin(-ENOMEM);
    }
    push->base = base;
    push->conf = *conf;
    push->times = *times;
    push->callbacks = *callbacks;
    push->context = context;
    int r = err_trace(push_phones_init(&push->phones, conf->state_directory));
    if (r == 0) {
        r = err_trace(transfers_new(base, push_ended, push, &push->transfers));
    }
    if (r != 0) {
        (void)push_free(push);
        return r;
    }
    *ret_push = push;
    return 0;
}

struct push *push_free(struct push *push) {
    if (push == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < PUSH_PARCELS_MAX; i++) {
        parcel_free(push, &push->parcels[i]);
    }
    if (push->transfers != NULL) {
        push->transfers = transfers_free(push->transfers);
    }
    if (push->phones.unwritten) {
        push_save(push);
    }
    OPENSSL_cleanse(&push->phones.key, sizeof push->phones.key);
    free(push);
    return NULL;
}
