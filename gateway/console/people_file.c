/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/people_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "gateway/disk.h"
#include "gateway/state_file.h"

/* ---- reading ---- */

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

/* One that is none of ours keeps nobody out: it is as good as not there. */
static bool deed_read(const json_t *row, struct deed *ret) {
    json_int_t number = 0, what = 0, actor_role = 0, at = 0;
    struct deed deed = {.number = 0};
    if (json_unpack((json_t *)row, "{s:I, s:I, s:I, s:I}", "number", &number, "what", &what,
                    "actor_role", &actor_role, "at", &at) != 0 ||
        number <= 0 || what <= 0 || what > DEED_ALL || actor_role < 0 || actor_role >= ROLE_COUNT ||
        !member_copy(row, "actor", deed.actor, sizeof deed.actor) ||
        !member_copy(row, "person", deed.person, sizeof deed.person) ||
        !member_copy(row, "name", deed.name, sizeof deed.name) ||
        !member_copy(row, "name_before", deed.name_before, sizeof deed.name_before) ||
        !member_copy(row, "role", deed.role, sizeof deed.role) ||
        !member_copy(row, "role_before", deed.role_before, sizeof deed.role_before)) {
        return false;
    }
    deed.number = (uint64_t)number;
    deed.what = (uint32_t)what;
    deed.actor_role = (uint32_t)actor_role;
    deed.at.ns = at;
    *ret = deed;
    return true;
}

static void deeds_read(struct people *people, const json_t *document) {
    const json_t *list = json_object_get(document, "deeds");
    json_int_t number = json_integer_value(json_object_get(document, "deed"));
    people->deed_number = number > 0 ? (uint64_t)number : 0;
    for (size_t i = 0; i < json_array_size(list) && people->deed_count < PEOPLE_DEEDS_MAX; i++) {
        struct deed *deed = &people->deeds[people->deed_count];
        people->deed_count += deed_read(json_array_get(list, i), deed);
    }
}

int people_file_parse(struct people *people, const char *bytes, size_t size) {
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
    if (sound) {
        deeds_read(people, document);
    }
    json_decref(document);
    people->count = sound ? people->count : 0;
    return sound ? 0 : PEOPLE_E_DAMAGED;
}

int people_file_read(struct people *people) {
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
    r = r == 0 ? people_file_parse(people, bytes, size) : r;
    free(bytes);
    return r;
}

/* ---- writing ---- */

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

/* Likewise the deeds that wait. */
static json_t *deeds_list(const struct people *people) {
    json_t *list = json_array();
    for (uint32_t i = 0; list != NULL && i < people->deed_count; i++) {
        const struct deed *deed = &people->deeds[i];
        json_t *row =
            json_pack("{s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "number",
                      (json_int_t)deed->number, "what", (json_int_t)deed->what, "actor_role",
                      (json_int_t)deed->actor_role, "at", (json_int_t)deed->at.ns, "actor",
                      deed->actor, "person", deed->person, "name", deed->name, "name_before",
                      deed->name_before, "role", deed->role, "role_before", deed->role_before);
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

bool people_file_write(const struct people *people) {
    json_t *document = json_pack("{s:o, s:I, s:o}", "people", people_list(people), "deed",
                                 (json_int_t)people->deed_number, "deeds", deeds_list(people));
    char *text = document == NULL ? NULL : json_dumps(document, JSON_INDENT(1));
    bool written = text != NULL && text_is(text, document) && people->directory >= 0 &&
                   disk_replace(people->directory, PEOPLE_FILE_NAME, text, strlen(text)) == 0;
    free(text);
    json_decref(document);
    return written;
}

void people_file_put_aside(const struct people *people) {
    (void)renameat(people->directory, PEOPLE_FILE_NAME, people->directory, PEOPLE_DAMAGED);
}
