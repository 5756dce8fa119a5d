/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/push/push_phones.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "gateway/base64.h"
#include "gateway/log.h"
#include "gateway/uplink/note_file.h"

enum {
    /* A phone's row, generously, and all of them. */
    ROW_SIZE = PUSH_ENDPOINT_SIZE + 512,
    FILE_SIZE = PUSH_PHONES_MAX * ROW_SIZE,
};

static const char key_name[] = "push.key";
static const char phones_name[] = "phones";
static const char *const languages[] = {[LANGUAGE_ZH] = "zh", [LANGUAGE_EN] = "en"};

/* ---- the list ---- */

static void phones_drop(struct push_phones *phones, uint32_t index) {
    uint32_t after = phones->count - index - 1;
    memmove(&phones->list[index], &phones->list[index + 1], after * sizeof phones->list[0]);
    memmove(&phones->ids[index], &phones->ids[index + 1], after * sizeof phones->ids[0]);
    phones->count--;
    phones->unwritten = true;
}

static uint32_t phones_at(const struct push_phones *phones, const char *endpoint) {
    uint32_t i = 0;
    while (i < phones->count && strcmp(phones->list[i].endpoint, endpoint) != 0) {
        i++;
    }
    return i;
}

/* Where the person has too many already: the one that was heard of least lately goes. */
static void phones_make_room(struct push_phones *phones, const char *person) {
    uint32_t own = 0, last = 0;
    int64_t last_s = INT64_MAX;
    for (uint32_t i = 0; i < phones->count; i++) {
        const struct push_phone *phone = &phones->list[i];
        int64_t heard_s = phone->received_s > 0 ? phone->received_s : phone->since_s;
        if (strcmp(phone->person, person) != 0) {
            continue;
        }
        own++;
        if (heard_s < last_s) {
            last_s = heard_s;
            last = i;
        }
    }
    if (own >= PUSH_PHONES_PER_PERSON) {
        phones_drop(phones, last);
    }
}

int push_phones_add(struct push_phones *phones, const struct push_phone *phone) {
    uint32_t at = phones_at(phones, phone->endpoint);
    if (at < phones->count) {
        struct push_phone *known = &phones->list[at];
        bool same = strcmp(known->person, phone->person) == 0 && known->role == phone->role &&
                    known->name == phone->name && known->language == phone->language &&
                    memcmp(&known->peer, &phone->peer, sizeof known->peer) == 0;
        if (same) {
            return 0;
        }
        phones_drop(phones, at); /* another person's now, or with other keys: it begins anew */
    }
    phones_make_room(phones, phone->person);
    if (phones->count == PUSH_PHONES_MAX) {
        return PUSH_E_FULL;
    }
    phones->ids[phones->count] = ++phones->next_id;
    phones->list[phones->count++] = *phone;
    phones->unwritten = true;
    return 0;
}

struct push_phone *push_phones_find(struct push_phones *phones, uint32_t id) {
    for (uint32_t i = 0; i < phones->count; i++) {
        if (phones->ids[i] == id) {
            return &phones->list[i];
        }
    }
    return NULL;
}

void push_phones_remove(struct push_phones *phones, uint32_t id) {
    for (uint32_t i = 0; i < phones->count; i++) {
        if (phones->ids[i] == id) {
            phones_drop(phones, i);
            return;
        }
    }
}

uint32_t push_phones_leave(struct push_phones *phones, const char *person, const char *endpoint) {
    uint32_t before = phones->count;
    for (uint32_t i = phones->count; i-- > 0;) {
        const struct push_phone *phone = &phones->list[i];
        if (strcmp(phone->person, person) == 0 &&
            (endpoint == NULL || strcmp(phone->endpoint, endpoint) == 0)) {
            phones_drop(phones, i);
        }
    }
    return before - phones->count;
}

uint32_t push_phones_promote(struct push_phones *phones, const char *person, enum role role,
                             uint64_t name) {
    uint32_t changed = 0;
    for (uint32_t i = 0; i < phones->count; i++) {
        struct push_phone *phone = &phones->list[i];
        bool other = phone->role != role || phone->name != name;
        if (strcmp(phone->person, person) == 0 && other) {
            phone->role = role;
            phone->name = name;
            phones->unwritten = true;
            changed++;
        }
    }
    return changed;
}

/* ---- their file ---- */

static json_t *row_of(const struct push_phone *phone) {
    char p256dh[BASE64URL_SIZE(PUSH_PUBLIC_SIZE)], auth[BASE64URL_SIZE(PUSH_AUTH_SIZE)];
    base64url_write(phone->peer.public, sizeof phone->peer.public, p256dh);
    base64url_write(phone->peer.auth, sizeof phone->peer.auth, auth);
    return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "person", phone->person,
                     "name", (json_int_t)phone->name, "role", role_name(phone->role), "lang",
                     languages[phone->language], "endpoint", phone->endpoint, "p256dh", p256dh,
                     "auth", auth, "since", (json_int_t)phone->since_s, "received",
                     (json_int_t)phone->received_s, "tested", (json_int_t)phone->tested_s);
}

static const char *row_text(const json_t *row, const char *key) {
    const char *text = json_string_value(json_object_get(row, key));
    return text != NULL ? text : "";
}

static bool row_read(const json_t *row, struct push_phone *ret) {
    const char *person = row_text(row, "person");
    const char *role = row_text(row, "role");
    *ret = (struct push_phone){
        .role = role_find(role, strlen(role)),
        .language =
            strcmp(row_text(row, "lang"), languages[LANGUAGE_EN]) == 0 ? LANGUAGE_EN : LANGUAGE_ZH,
        .name = (uint64_t)json_integer_value(json_object_get(row, "name")),
        .since_s = json_integer_value(json_object_get(row, "since")),
        .received_s = json_integer_value(json_object_get(row, "received")),
        .tested_s = json_integer_value(json_object_get(row, "tested")),
    };
    if (ret->tested_s > ret->received_s) {
        ret->tested_s = 0; /* that test went with the process before this one: another is due now */
    }
    (void)snprintf(ret->person, sizeof ret->person, "%s", person);
    return push_person_is_good(person) && ret->role < ROLE_COUNT &&
           push_phone_read(row_text(row, "endpoint"), row_text(row, "p256dh"),
                           row_text(row, "auth"), ret) == NULL;
}

/* The key comes first: phones that are bound to one that is lost are no phones. */
static int key_write(struct push_phones *phones) {
    char path[NOTE_FILE_PATH_SIZE], text[BASE64URL_SIZE(PUSH_PRIVATE_SIZE)];
    int r = err_trace(note_file_path(phones->state_directory, key_name, path));
    if (r == 0) {
        base64url_write(phones->key.private, sizeof phones->key.private, text);
        r = err_trace(note_file_write(path, text));
        OPENSSL_cleanse(text, sizeof text);
    }
    phones->key_unwritten = r != 0;
    return r;
}

int push_phones_write(struct push_phones *phones) {
    char path[NOTE_FILE_PATH_SIZE];
    int r = phones->key_unwritten ? err_trace(key_write(phones)) : 0;
    if (r != 0) {
        return r;
    }
    json_t *rows = json_array();
    for (uint32_t i = 0; i < phones->count; i++) {
        (void)json_array_append_new(rows, row_of(&phones->list[i]));
    }
    char *text = json_array_size(rows) == phones->count ? json_dumps(rows, JSON_INDENT(0)) : NULL;
    json_decref(rows);
    if (text == NULL) {
        return err_origin(-ENOMEM);
    }
    r = err_trace(note_file_path(phones->state_directory, phones_name, path));
    if (r == 0) {
        r = err_trace(note_file_write(path, text));
    }
    OPENSSL_cleanse(text, strlen(text));
    free(text);
    phones->unwritten = r != 0;
    return r;
}

static void phones_read(struct push_phones *phones, char *text) {
    char path[NOTE_FILE_PATH_SIZE];
    if (note_file_path(phones->state_directory, phones_name, path) != 0) {
        return; /* writing will say so */
    }
    note_file_read(path, text, FILE_SIZE);
    json_t *rows = json_loads(text, 0, NULL);
    phones->damaged += rows == NULL && text[0] != '\0';
    for (size_t i = 0; i < json_array_size(rows); i++) {
        struct push_phone phone;
        bool good = row_read(json_array_get(rows, i), &phone);
        phones->damaged += !good || push_phones_add(phones, &phone) != 0;
    }
    phones->unwritten = phones->damaged > 0;
    json_decref(rows);
}

/* ---- the key ---- */

static int key_make(struct push_phones *phones) {
    int r = err_trace(push_key_make(&phones->key));
    int written = r == 0 ? key_write(phones) : 0;
    if (written != 0) {
        log_failure("push_key_not_written", written,
                    "no phone can be called until this file can be written: uplink/push.key");
    }
    return r;
}

/* Returns 0, also when there is none yet: `ret_new` then. */
static int key_read(struct push_phones *phones, bool *ret_new) {
    char path[NOTE_FILE_PATH_SIZE], text[BASE64URL_SIZE(PUSH_PRIVATE_SIZE) + 8];
    unsigned char private[PUSH_PRIVATE_SIZE];
    int r = err_trace(note_file_path(phones->state_directory, key_name, path));
    if (r != 0) {
        return r;
    }
    note_file_read(path, text, sizeof text);
    text[strcspn(text, "\r\n")] = '\0';
    bool read = base64url_read(text, private, sizeof private) && push_key_of(private, &phones->key);
    if (!read && text[0] != '\0') {
        log_line(LOG_WARNING, "push_key_damaged",
                 "file=uplink/push.key effect=\"a new key is made; every phone has to open the "
                 "console once before it is called again\"");
    }
    OPENSSL_cleanse(private, sizeof private);
    OPENSSL_cleanse(text, sizeof text);
    *ret_new = !read;
    return read ? 0 : key_make(phones);
}

int push_phones_init(struct push_phones *phones, const char *state_directory) {
    bool made = false;
    memset(phones, 0, sizeof *phones);
    int len =
        snprintf(phones->state_directory, sizeof phones->state_directory, "%s", state_directory);
    if (len < 0 || (size_t)len >= sizeof phones->state_directory) {
        return err_origin(-ENAMETOOLONG);
    }
    int r = key_read(phones, &made);
    char *text = r == 0 && !made ? malloc(FILE_SIZE) : NULL;
    if (text != NULL) {
        phones_read(phones, text);
        OPENSSL_cleanse(text, FILE_SIZE);
        free(text);
    } else if (r == 0 && !made) {
        r = err_origin(-ENOMEM);
    }
    if (phones->damaged > 0) {
        log_line(LOG_WARNING, "phones_damaged",
                 "rows=%u effect=\"their phones are not called until they open the console "
                 "again\"",
                 phones->damaged);
    }
    return r;
}
