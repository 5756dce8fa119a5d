/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/people.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "gateway/digest.h"
#include "gateway/disk.h"
#include "gateway/hex.h"
#include "gateway/state_file.h"

/* What a screen's hash begins with; no password's does. */
#define TOKEN_PREFIX "token$"

/* ---- reading ---- */

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

bool person_name(struct person *person, const char *id, const char *name) {
    if (!person_id_is_sound(id) || !person_name_is_sound(name)) {
        return false;
    }
    memcpy(person->id, id, strlen(id) + 1);
    memcpy(person->name, name, strlen(name) + 1);
    return true;
}

static bool person_is_sound(const struct person *person) {
    return person_id_is_sound(person->id) && person_name_is_sound(person->name) &&
           person->role < ROLE_COUNT;
}

static bool member_copy(const json_t *row, const char *key, char *ret, size_t size) {
    const char *text = json_string_value(json_object_get(row, key));
    if (text == NULL || strlen(text) >= size) {
        return false;
    }
    memcpy(ret, text, strlen(text) + 1);
    return true;
}

/* A key that is none of ours is none at all, and nobody is kept out for it. */
static void person_read_key(const json_t *row, struct person *person) {
    char key[PEOPLE_KEY_SIZE];
    if (!person->screen && member_copy(row, "key", key, sizeof key) &&
        strspn(key, "0123456789abcdef") == PEOPLE_KEY_SIZE - 1) {
        memcpy(person->key, key, sizeof key);
    }
}

static bool person_read(const json_t *row, struct person *ret) {
    struct person person = {.role = ROLE_COUNT};
    const char *role = json_string_value(json_object_get(row, "role"));
    if (role != NULL && strcmp(role, PEOPLE_ROLE_WALL) == 0) {
        person.screen = true;
        person.role = ROLE_SECURITY; /* whose desk the screen hangs over */
    } else if (role != NULL) {
        person.role = role_find(role, strlen(role));
    }
    if (!member_copy(row, "id", person.id, sizeof person.id) ||
        !member_copy(row, "name", person.name, sizeof person.name) ||
        !member_copy(row, "password", person.hash, sizeof person.hash) ||
        !person_is_sound(&person)) {
        return false;
    }
    person_read_key(row, &person);
    *ret = person;
    return true;
}

static int people_parse(struct people *people, const char *bytes, size_t size) {
    json_t *document = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *list = json_object_get(document, "people");
    size_t count = json_array_size(list);
    bool sound = json_is_array(list) && count <= PEOPLE_MAX;
    for (size_t i = 0; sound && i < count; i++) {
        struct person person;
        sound =
            person_read(json_array_get(list, i), &person) && people_find(people, person.id) == NULL;
        if (sound) {
            people->rows[people->count++] = person;
        }
    }
    json_decref(document);
    people->count = sound ? people->count : 0;
    return sound ? 0 : PEOPLE_E_DAMAGED;
}

bool people_are_whole(const char *bytes, size_t size) {
    struct people people = {.directory = -1};
    people.rows = calloc(PEOPLE_MAX, sizeof *people.rows);
    bool whole = people.rows != NULL && people_parse(&people, bytes, size) == 0;
    people_close(&people);
    return whole;
}

static int people_read(struct people *people) {
    int fd = state_file_open(people->directory, PEOPLE_FILE_NAME, O_RDONLY);
    if (fd < 0) {
        return errno == ENOENT ? 0 : errno == EINVAL ? PEOPLE_E_DAMAGED : err_origin(-errno);
    }
    struct stat found;
    int r = fstat(fd, &found) == 0 ? 0 : err_origin(-errno);
    if (r == 0 && found.st_size > PEOPLE_FILE_MAX) {
        r = PEOPLE_E_DAMAGED;
    }
    size_t size = r == 0 ? (size_t)found.st_size : 0;
    char *bytes = r == 0 ? malloc(size + 1) : NULL;
    if (r == 0 && bytes == NULL) {
        r = err_origin(-ENOMEM);
    } else if (r == 0 && !disk_read_at(fd, bytes, size, 0)) {
        r = err_origin(-EIO);
    }
    (void)close(fd);
    r = r == 0 ? people_parse(people, bytes, size) : r;
    free(bytes);
    return r;
}

/* Kept for whoever looks into it: the next change would replace it. */
static void people_put_aside(const struct people *people) {
    (void)renameat(people->directory, PEOPLE_FILE_NAME, people->directory, PEOPLE_DAMAGED);
}

int people_open(struct people *people, int directory) {
    *people = (struct people){.directory = directory};
    people->rows = calloc(PEOPLE_MAX, sizeof *people->rows);
    if (people->rows == NULL) {
        return err_origin(-ENOMEM);
    }
    int r = directory < 0 ? 0 : people_read(people);
    if (r == PEOPLE_E_DAMAGED) {
        people_put_aside(people);
    }
    people->unread = r < 0;
    return r;
}

void people_close(struct people *people) {
    free(people->rows);
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

/* All of them, or NULL: a list with somebody missing would keep out who is missing. */
static json_t *people_list(const struct people *people) {
    json_t *list = json_array();
    for (uint32_t i = 0; list != NULL && i < people->count; i++) {
        const struct person *person = &people->rows[i];
        json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "id", person->id, "name", person->name,
                                "role", person_role_name(person), "password", person->hash);
        if (person->key[0] != '\0' &&
            json_object_set_new(row, "key", json_string(person->key)) != 0) {
            json_decref(row);
            row = NULL;
        }
        if (json_array_append_new(list, row) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

/* jansson 2.14 leaves out what it had no memory to write, and says nothing. */
static bool text_is(const char *text, const json_t *document) {
    json_t *read = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    bool same = read != NULL && json_equal(read, document);
    json_decref(read);
    return same;
}

static void people_save(struct people *people) {
    if (people->unread) {
        people_put_aside(people);
        people->unread = false;
    }
    json_t *document = json_pack("{s:o}", "people", people_list(people));
    char *text = document == NULL ? NULL : json_dumps(document, JSON_INDENT(1));
    people->unsaved = text == NULL || !text_is(text, document) || people->directory < 0 ||
                      disk_replace(people->directory, PEOPLE_FILE_NAME, text, strlen(text)) != 0;
    free(text);
    json_decref(document);
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
        if (&people->rows[i] != but && strcmp(people->rows[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

int people_add(struct people *people, const struct person *person) {
    if (!person_is_sound(person)) {
        return PEOPLE_E_ID;
    } else if (people_find(people, person->id) != NULL) {
        return PEOPLE_E_TAKEN;
    } else if (people_has_name(people, person->name, NULL)) {
        return PEOPLE_E_NAME;
    } else if (people->count == PEOPLE_MAX) {
        return PEOPLE_E_FULL;
    }
    people->rows[people->count++] = *person;
    people_save(people);
    return 0;
}

int people_change(struct people *people, const char *id, const char *name, enum role role,
                  const char *hash) {
    struct person *person = people_at(people, id);
    if (person == NULL) {
        return PEOPLE_E_UNKNOWN;
    } else if (!person_name_is_sound(name) || role >= ROLE_COUNT) {
        return PEOPLE_E_ID;
    } else if (people_has_name(people, name, person)) {
        return PEOPLE_E_NAME;
    } else if (person->role == ROLE_ENGINEER && role != ROLE_ENGINEER &&
               !people_has_another_engineer(people, person)) {
        return PEOPLE_E_LAST;
    }
    if (person->role != role) {
        OPENSSL_cleanse(person->key, sizeof person->key);
    }
    person->role = role;
    memcpy(person->name, name, strlen(name) + 1);
    if (hash != NULL) {
        memcpy(person->hash, hash, strlen(hash) + 1);
    }
    people_save(people);
    return 0;
}

int people_key(struct people *people, const char *id, const char *key) {
    struct person *person = people_at(people, id);
    if (person == NULL || person->screen) {
        return PEOPLE_E_UNKNOWN;
    }
    memcpy(person->key, key, strlen(key) + 1);
    people_save(people);
    return 0;
}

int people_remove(struct people *people, const char *id) {
    struct person *person = people_at(people, id);
    if (person == NULL) {
        return PEOPLE_E_UNKNOWN;
    } else if (person->role == ROLE_ENGINEER && !people_has_another_engineer(people, person)) {
        return PEOPLE_E_LAST;
    }
    *person = people->rows[--people->count];
    people_save(people);
    return 0;
}
