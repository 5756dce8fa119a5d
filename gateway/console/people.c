/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/people.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "gateway/console/people_file.h"
#include "gateway/digest.h"
#include "gateway/hex.h"

/* What a screen's hash begins with; no password's does. */
#define TOKEN_PREFIX "token$"

/* ---- ids and names ---- */

static bool person_id_is_sound(const char *id) {
    size_t len = strlen(id);
    return len > 0 && len < PEOPLE_ID_SIZE && strspn(id, PEOPLE_ID_LETTERS) == len;
}

/* One line of UTF-8, for the journal. jansson takes nothing else than UTF-8. */
static bool person_name_is_sound(const char *name) {
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f) {
            return false;
        }
    }
    return len > 0 && len < PEOPLE_NAME_SIZE;
}

/* The blanks that keyboards add: that of Chinese ones, and the one that does not break, too. */
static size_t blank_size(const char *at) {
    return *at == ' ' || *at == '\t'             ? 1
           : strncmp(at, "\xc2\xa0", 2) == 0     ? 2
           : strncmp(at, "\xe3\x80\x80", 3) == 0 ? 3
                                                 : 0;
}

/* Where the text begins and how long it is, without the blanks around it. */
static const char *text_trim(const char *text, size_t *ret_len) {
    while (blank_size(text) > 0) {
        text += blank_size(text);
    }
    *ret_len = 0;
    for (size_t i = 0; text[i] != '\0';) {
        size_t blank = blank_size(text + i);
        i += blank > 0 ? blank : 1;
        *ret_len = blank > 0 ? *ret_len : i;
    }
    return text;
}

static bool names_are_alike(const char *a, const char *b) {
    size_t a_len = 0, b_len = 0;
    a = text_trim(a, &a_len);
    b = text_trim(b, &b_len);
    return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

bool person_id_read(const char *text, char ret_id[PEOPLE_ID_SIZE]) {
    size_t len = 0;
    text = text_trim(text, &len);
    ret_id[0] = '\0';
    if (len >= PEOPLE_ID_SIZE) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        bool capital = text[i] >= 'A' && text[i] <= 'Z';
        ret_id[i] = (char)(capital ? text[i] - 'A' + 'a' : text[i]);
    }
    ret_id[len] = '\0';
    bool sound = person_id_is_sound(ret_id);
    ret_id[0] = (char)(sound ? ret_id[0] : '\0');
    return sound;
}

bool person_name(struct person *person, const char *id, const char *name) {
    struct person named = {.screen = false};
    size_t len = 0;
    name = text_trim(name, &len);
    if (!person_id_read(id, named.id) || len >= sizeof named.name) {
        return false;
    }
    memcpy(named.name, name, len);
    if (!person_name_is_sound(named.name)) {
        return false;
    }
    memcpy(person->id, named.id, sizeof named.id);
    memcpy(person->name, named.name, sizeof named.name);
    return true;
}

bool person_is_sound(const struct person *person) {
    return person_id_is_sound(person->id) && person_name_is_sound(person->name) &&
           person->role < ROLE_COUNT;
}

/* ---- the list ---- */

/* An empty list, with room for a full one, unless there is no memory for it. */
static bool people_make(struct people *people, int directory) {
    *people = (struct people){.directory = directory};
    people->rows = calloc(PEOPLE_MAX, sizeof *people->rows);
    people->deeds = calloc(PEOPLE_DEEDS_MAX, sizeof *people->deeds);
    if (people->rows == NULL || people->deeds == NULL) {
        people_close(people);
        return false;
    }
    return true;
}

bool people_are_whole(const char *bytes, size_t size) {
    struct people people;
    bool whole = people_make(&people, -1) && people_file_parse(&people, bytes, size) == 0;
    people_close(&people);
    return whole;
}

int people_open(struct people *people, int directory) {
    if (!people_make(people, directory)) {
        return err_origin(-ENOMEM);
    }
    int r = directory < 0 ? 0 : people_file_read(people);
    if (r == PEOPLE_E_DAMAGED) {
        people_file_put_aside(people);
    }
    people->unread = r < 0;
    return r;
}

void people_close(struct people *people) {
    free(people->rows);
    free(people->deeds);
    *people = (struct people){.directory = -1};
}

static void token_hash(const char *token, char ret[PEOPLE_HASH_SIZE]) {
    unsigned char digest[DIGEST_SIZE];
    digest_of(token, strnlen(token, PEOPLE_TOKEN_SIZE), digest);
    memcpy(ret, TOKEN_PREFIX, sizeof TOKEN_PREFIX);
    hex_format(digest, sizeof digest, ret + strlen(TOKEN_PREFIX));
}

static struct person *people_at(const struct people *people, const char *id) {
    for (uint32_t i = 0; i < people->count; i++) {
        if (strcmp(people->rows[i].id, id) == 0) {
            return &people->rows[i];
        }
    }
    return NULL;
}

const struct person *people_find(const struct people *people, const char *id) {
    return people_at(people, id);
}

bool people_alike(const struct people *people, const struct person **ret_one,
                  const struct person **ret_other) {
    for (uint32_t i = 0; i < people->count; i++) {
        for (uint32_t j = i + 1; j < people->count; j++) {
            if (names_are_alike(people->rows[i].name, people->rows[j].name)) {
                *ret_one = &people->rows[i];
                *ret_other = &people->rows[j];
                return true;
            }
        }
    }
    return false;
}

const struct person *people_find_token(const struct people *people, const char *token) {
    char hash[PEOPLE_HASH_SIZE];
    token_hash(token, hash);
    const struct person *found = NULL;
    for (uint32_t i = 0; i < people->count; i++) {
        const struct person *person = &people->rows[i];
        if (person->screen && strlen(person->hash) == strlen(hash) &&
            CRYPTO_memcmp(person->hash, hash, strlen(hash)) == 0) {
            found = person;
        }
    }
    return found;
}

const char *person_role_name(const struct person *person) {
    return person->screen ? PEOPLE_ROLE_WALL : role_name(person->role);
}

int people_make_key(char ret_key[PEOPLE_KEY_SIZE]) {
    unsigned char bytes[PEOPLE_KEY_SIZE / 2];
    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        return err_origin(-EIO);
    }
    hex_format(bytes, sizeof bytes, ret_key);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return 0;
}

/* A token is as random as a key. */
_Static_assert((int)PEOPLE_TOKEN_SIZE == (int)PEOPLE_KEY_SIZE, "one is made like the other");

int people_token(char ret_token[PEOPLE_TOKEN_SIZE], char ret_hash[PEOPLE_HASH_SIZE]) {
    int r = people_make_key(ret_token);
    if (r == 0) {
        token_hash(ret_token, ret_hash);
    }
    return err_trace(r);
}

/* ---- changing ---- */

static void people_tell_unsaved(struct people *people) {
    uint64_t kept_back = 0;
    if (log_permit(&people->told_unsaved, &kept_back)) {
        log_line(
            LOG_WARNING, "people_unsaved",
            "file=%s kept_back=%" PRIu64
            " effect=\"what was changed is in force, and after a restart it is as it was: an old "
            "password signs in again, who was removed is back\" advice=\"make room on the disk of "
            "the state directory: it is saved within seconds then\"",
            PEOPLE_FILE_NAME, kept_back);
    }
}

static void people_save(struct people *people) {
    bool was_unsaved = people->unsaved;
    if (people->unread) {
        people_file_put_aside(people);
        people->unread = false;
    }
    people->unsaved = !people_file_write(people);
    if (people->unsaved && people->directory >= 0) {
        people_tell_unsaved(people);
    } else if (was_unsaved && !people->unsaved) {
        log_line(LOG_NOTICE, "people_saved", "file=%s effect=\"all changes outlast a restart\"",
                 PEOPLE_FILE_NAME);
    }
}

void people_tick(struct people *people, uint64_t real_ns) {
    if (people->unsaved && people->directory >= 0 && real_ns >= people->retry_real_ns) {
        people->retry_real_ns = real_ns + PEOPLE_RETRY_S * NS_PER_S;
        people_save(people);
    }
}

/* Would there be an engineer without this one? */
static bool people_has_another_engineer(const struct people *people, const struct person *but) {
    for (uint32_t i = 0; i < people->count; i++) {
        if (&people->rows[i] != but && people->rows[i].role == ROLE_ENGINEER &&
            !people->rows[i].screen) {
            return true;
        }
    }
    return false;
}

/* Has somebody else than `but` this name? */
static bool people_has_name(const struct people *people, const char *name,
                            const struct person *but) {
    for (uint32_t i = 0; i < people->count; i++) {
        if (&people->rows[i] != but && names_are_alike(people->rows[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* ---- deeds ---- */

void people_sign(struct people *people, const char *actor, enum role role, struct wall now) {
    people->signer = (struct deed){.actor_role = role, .at = now};
    (void)snprintf(people->signer.actor, sizeof people->signer.actor, "%s", actor);
}

void people_sign_claim(struct people *people, const char *actor, struct wall now) {
    people_sign(people, actor, ROLE_ENGINEER, now);
    people->signer.what = DEED_CLAIMED;
}

void people_recorded(struct people *people, uint64_t number) {
    uint32_t done = 0;
    while (done < people->deed_count && people->deeds[done].number <= number) {
        done++;
    }
    people->deed_count -= done;
    memmove(people->deeds, people->deeds + done, people->deed_count * sizeof *people->deeds);
}

/* Whoever has signed has done so for one change, also for one that is refused. */
static struct deed people_signed(struct people *people) {
    struct deed signer = people->signer;
    people->signer = (struct deed){.number = 0};
    return signer;
}

static bool deeds_are_full(const struct people *people, const struct deed *signer) {
    return signer->actor[0] != '\0' && people_deeds_are_full(people);
}

/* Numbers of another list are none of this one: each has a life of its own, in the upper half. */
static uint64_t people_next_deed(struct people *people) {
    uint32_t life = 0;
    if (people->deed_number == 0 && RAND_bytes((unsigned char *)&life, sizeof life) == 1) {
        people->deed_number = (uint64_t)(life & 0x7fffffff) << 32;
    }
    return ++people->deed_number;
}

/* `person` is as it is now, or was. Keeps the deed, to be saved with the change. */
static void people_keep_deed(struct people *people, struct deed *signer, uint32_t what,
                             const struct person *person) {
    if (signer->actor[0] == '\0' || (signer->what | what) == 0) {
        return;
    }
    signer->number = people_next_deed(people);
    signer->what |= what;
    memcpy(signer->person, person->id, sizeof person->id);
    memcpy(signer->name, person->name, sizeof person->name);
    (void)snprintf(signer->role, sizeof signer->role, "%s", person_role_name(person));
    people->deeds[people->deed_count++] = *signer;
}

/* ---- changes ---- */

int people_add(struct people *people, const struct person *person) {
    struct deed signer = people_signed(people);
    if (deeds_are_full(people, &signer)) {
        return PEOPLE_E_DEEDS;
    } else if (!person_is_sound(person)) {
        return PEOPLE_E_ID;
    } else if (people_find(people, person->id) != NULL) {
        return PEOPLE_E_TAKEN;
    } else if (people_has_name(people, person->name, NULL)) {
        return PEOPLE_E_NAME;
    } else if (people->count == PEOPLE_MAX) {
        return PEOPLE_E_FULL;
    }
    people->rows[people->count++] = *person;
    people_keep_deed(people, &signer, signer.what == 0 ? DEED_ADDED : 0, person);
    people_save(people);
    return 0;
}

int people_change(struct people *people, const char *id, const char *name, enum role role,
                  const char *hash) {
    struct person *person = people_at(people, id);
    struct deed signer = people_signed(people);
    if (deeds_are_full(people, &signer)) {
        return PEOPLE_E_DEEDS;
    } else if (person == NULL) {
        return PEOPLE_E_UNKNOWN;
    } else if (!person_name_is_sound(name) || role >= ROLE_COUNT) {
        return PEOPLE_E_ID;
    } else if (strcmp(person->name, name) != 0 && people_has_name(people, name, person)) {
        return PEOPLE_E_NAME;
    } else if (person->role == ROLE_ENGINEER && role != ROLE_ENGINEER &&
               !people_has_another_engineer(people, person)) {
        return PEOPLE_E_LAST;
    }
    uint32_t what = hash == NULL ? 0 : DEED_PASSWORD;
    if (person->role != role) {
        what |= DEED_ROLE;
        (void)snprintf(signer.role_before, sizeof signer.role_before, "%s",
                       person_role_name(person));
    }
    if (what != 0 && person->key[0] != '\0') {
        what |= DEED_KEY_ENDED;
        OPENSSL_cleanse(person->key, sizeof person->key);
    }
    if (strcmp(person->name, name) != 0) {
        what |= DEED_NAME;
        memcpy(signer.name_before, person->name, sizeof person->name);
    }
    person->role = role;
    memmove(person->name, name, strlen(name) + 1);
    if (hash != NULL) {
        memcpy(person->hash, hash, strlen(hash) + 1);
    }
    people_keep_deed(people, &signer, what, person);
    people_save(people);
    return 0;
}

int people_own_password(struct people *people, const char *id, const char *hash) {
    struct person *person = people_at(people, id);
    struct deed signer = people_signed(people);
    if (deeds_are_full(people, &signer)) {
        return PEOPLE_E_DEEDS;
    } else if (person == NULL || person->screen) {
        return PEOPLE_E_UNKNOWN;
    }
    memcpy(person->hash, hash, strlen(hash) + 1);
    people_keep_deed(people, &signer, DEED_PASSWORD, person);
    people_save(people);
    return 0;
}

int people_key(struct people *people, const char *id, const char *key) {
    struct person *person = people_at(people, id);
    struct deed signer = people_signed(people);
    if (deeds_are_full(people, &signer)) {
        return PEOPLE_E_DEEDS;
    } else if (person == NULL || person->screen) {
        return PEOPLE_E_UNKNOWN;
    }
    memcpy(person->key, key, strlen(key) + 1);
    people_keep_deed(people, &signer, key[0] == '\0' ? DEED_KEY_ENDED : DEED_KEY_MADE, person);
    people_save(people);
    return 0;
}

int people_remove(struct people *people, const char *id) {
    struct person *person = people_at(people, id);
    struct deed signer = people_signed(people);
    if (deeds_are_full(people, &signer)) {
        return PEOPLE_E_DEEDS;
    } else if (person == NULL) {
        return PEOPLE_E_UNKNOWN;
    } else if (person->role == ROLE_ENGINEER && !people_has_another_engineer(people, person)) {
        return PEOPLE_E_LAST;
    }
    people_keep_deed(people, &signer, DEED_REMOVED, person);
    *person = people->rows[--people->count];
    people_save(people);
    return 0;
}

bool people_deeds_are_full(const struct people *people) {
    return people->deed_count == PEOPLE_DEEDS_MAX;
}

void people_signed_out(struct people *people, const char *id) {
    const struct person *person = people_at(people, id);
    struct deed signer = people_signed(people);
    /* Who was removed a moment ago has sessions until the next second; that they are gone is in the journal. */
    if (person != NULL && !deeds_are_full(people, &signer)) {
        people_keep_deed(people, &signer, DEED_SIGNED_OUT, person);
        people_save(people);
    }
}
