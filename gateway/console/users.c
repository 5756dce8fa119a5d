/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/users.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <event2/http.h>
#include <openssl/crypto.h>

#include "gateway/console/call.h"
#include "gateway/console/cookie.h"
#include "gateway/log.h"

bool password_will_do(const char *password, const char *id) {
    size_t characters = 0;
    bool all_same = true;
    for (const char *at = password; *at != '\0'; at++) {
        characters += ((unsigned char)*at & 0xc0) != 0x80; /* those that begin one in UTF-8 */
        all_same = all_same && *at == password[0];
    }
    return characters >= PEOPLE_PASSWORD_MIN && strlen(password) <= PEOPLE_PASSWORD_MAX &&
           !all_same && strcmp(password, id) != 0;
}

/* ---- answers ---- */

static json_t *user_body(const struct person *person) {
    return json_pack("{s:s, s:s, s:s, s:b}", "id", person->id, "name", person->name, "role",
                     person_role_name(person), "has_key", person->key[0] != '\0');
}

void answer_users(struct call *call) {
    const struct people *people = &call->console->staff.people;
    json_t *list = json_array();
    for (uint32_t i = 0; i < people->count; i++) {
        const struct person *person = &people->rows[i];
        json_t *user = user_body(person);
        uint32_t count = sessions_of(&call->console->staff.sessions, person->id);
        (void)json_object_set_new(user, "sessions", json_integer(count));
        (void)json_array_append_new(list, user);
    }
    reply_json(
        call->request, 200,
        json_pack("{s:o, s:b}", "users", list, "saved", staff_is_saved(&call->console->staff)));
}

static enum problem user_problem(int r) {
    switch (r) {
    case PEOPLE_E_FULL:
        return PROBLEM_USERS_FULL;
    case PEOPLE_E_TAKEN:
        return PROBLEM_USER_TAKEN;
    case PEOPLE_E_NAME:
        return PROBLEM_USER_NAME;
    case PEOPLE_E_UNKNOWN:
        return PROBLEM_USER_UNKNOWN;
    case PEOPLE_E_LAST:
        return PROBLEM_USER_LAST;
    case PEOPLE_E_DEEDS:
        return PROBLEM_USERS_UNRECORDED;
    default:
        return PROBLEM_USER_BODY;
    }
}

/*
 * A change is in force, or was refused; `secret` is what is shown this once, under the name `secret_name`, or both are
 * NULL.
 */
static void user_changed(struct console *console, struct evhttp_request *request,
                         enum site_language language, int r, const struct asker *by,
                         const char *event, const char *id, int status, const char *secret_name,
                         const char *secret) {
    if (r != 0) {
        reply_problem(request, user_problem(r), language, id);
        return;
    }
    const struct people *people = &console->staff.people;
    const struct person *person = people_find(people, id);
    deeds_flush(&console->deeds, &console->staff.people, console->engine);
    streams_end_of(&console->streams, id);
    phones_people_changed(&console->phones);
    char quoted[64];
    log_line(LOG_NOTICE, event, "id=%s by=%s role=%s%s", id,
             log_quote(by->name, quoted, sizeof quoted), role_name(by->role),
             people->unsaved
                 ? " effect=\"the disk did not take it: it is forgotten with the next start; look "
                   "at the state directory\""
                 : "");
    json_t *body = person == NULL ? json_pack("{s:s}", "id", id) : user_body(person);
    (void)json_object_set_new(body, "saved", json_boolean(!people->unsaved));
    if (secret_name != NULL) {
        (void)json_object_set_new(body, secret_name, json_string(secret));
    }
    if (people->count > 0) {
        claim_end(&console->staff.claim);
    }
    reply_json(request, status, body);
}

/* Whoever makes the next change is recorded with it. */
static void user_sign(struct console *console, const struct asker *by) {
    char actor[LIMIT_ACTOR];
    asker_actor_format(by->kind, by->name, by->role, actor);
    people_sign(&console->staff.people, actor, by->role, clock_wall());
}

/* ---- adding ---- */

static bool user_role(struct person *person, const char *role) {
    person->screen = strcmp(role, PEOPLE_ROLE_WALL) == 0;
    person->role = person->screen ? ROLE_SECURITY : role_find(role, strlen(role));
    return person->role < ROLE_COUNT;
}

static void user_made(struct console *console, struct staff_wait *wait, bool same,
                      const char *hash) {
    (void)same;
    if (staff_right_ended(&console->staff, wait)) {
        return;
    }
    if (hash[0] == '\0') {
        reply_problem(wait->request, PROBLEM_BUSY, wait->language, NULL);
    } else {
        (void)snprintf(wait->person.hash, sizeof wait->person.hash, "%s", hash);
        user_sign(console, &wait->asker);
        int r = people_add(&console->staff.people, &wait->person);
        user_changed(console, wait->request, wait->language, r, &wait->asker, "user_added",
                     wait->person.id, 201, NULL, NULL);
    }
    staff_release(wait);
}

static void user_add_screen(struct call *call, struct person *screen) {
    char token[PEOPLE_TOKEN_SIZE];
    if (people_token(token, screen->hash) != 0) {
        call_problem(call, PROBLEM_BUSY, NULL);
        return;
    }
    user_sign(call->console, &call->asker);
    int r = people_add(&call->console->staff.people, screen);
    user_changed(call->console, call->request, call->language, r, &call->asker, "screen_added",
                 screen->id, 201, "token", token);
}

/* What is wrong with it already? Asked before a hash is made, and once more after. */
static int user_fault(const struct people *people, const struct person *person) {
    if (people_find(people, person->id) != NULL) {
        return PEOPLE_E_TAKEN;
    }
    return people->count == PEOPLE_MAX ? PEOPLE_E_FULL : 0;
}

static void user_add_person(struct call *call, const struct person *person, const char *password) {
    struct staff *staff = &call->console->staff;
    int r = user_fault(&staff->people, person);
    if (!password_will_do(password, person->id)) {
        call_problem(call, PROBLEM_PASSWORD, NULL);
    } else if (r != 0) {
        call_problem(call, user_problem(r), person->id);
    } else {
        struct staff_wait *wait = staff_take(call, person->id);
        if (wait != NULL) {
            wait->person = *person;
            wait->then = user_made;
            staff_make(staff, wait, password);
        }
    }
}

void answer_user_add(struct call *call) {
    const char *id = NULL, *name = NULL, *role = NULL, *password = NULL;
    struct person person = {0};
    json_t *body = call_json(call);
    if (json_unpack(body, "{s:s, s:s, s:s, s?s!}", "id", &id, "name", &name, "role", &role,
                    "password", &password) != 0 ||
        !person_name(&person, id, name) || !user_role(&person, role) ||
        person.screen != (password == NULL)) {
        call_problem(call, PROBLEM_USER_BODY, NULL);
    } else if (person.screen) {
        user_add_screen(call, &person);
    } else {
        user_add_person(call, &person, password);
    }
    json_decref(body);
}

/* ---- changing ---- */

/* What of a person is to be another: `name` "" and `role` ROLE_COUNT stay as they are, and so does a password whose hash is NULL. */
static void user_change(struct console *console, struct evhttp_request *request,
                        enum site_language language, const struct person *change,
                        const struct asker *by, const char *hash) {
    struct people *people = &console->staff.people;
    const struct person *person = people_find(people, change->id);
    int r = PEOPLE_E_UNKNOWN;
    /* While the hash was made somebody may have gone, and a screen have come for them. */
    if (person != NULL && !(person->screen && hash != NULL)) {
        char name[PEOPLE_NAME_SIZE];
        memcpy(name, change->name[0] == '\0' ? person->name : change->name, sizeof name);
        enum role role = change->role == ROLE_COUNT ? person->role : change->role;
        user_sign(console, by);
        r = people_change(people, change->id, name, role, hash);
    }
    user_changed(console, request, language, r, by, "user_changed", change->id, 200, NULL, NULL);
}

static void user_change_made(struct console *console, struct staff_wait *wait, bool same,
                             const char *hash) {
    (void)same;
    if (staff_right_ended(&console->staff, wait)) {
        return;
    }
    if (hash[0] == '\0') {
        reply_problem(wait->request, PROBLEM_BUSY, wait->language, NULL);
    } else {
        user_change(console, wait->request, wait->language, &wait->person, &wait->asker, hash);
    }
    staff_release(wait);
}

/* What the body says of `person`, and no more: what it does not say is nobody's to put back once a hash was made. */
static bool user_change_read(const json_t *body, const struct person *person,
                             struct person *ret_change, const char **ret_password) {
    const char *name = NULL, *role = NULL;
    *ret_change = (struct person){.role = ROLE_COUNT};
    memcpy(ret_change->id, person->id, sizeof ret_change->id);
    if (json_unpack((json_t *)body, "{s?s, s?s, s?s!}", "name", &name, "role", &role, "password",
                    ret_password) != 0) {
        return false;
    }
    return (name == NULL || person_name(ret_change, person->id, name)) &&
           (role == NULL ||
            (user_role(ret_change, role) && ret_change->screen == person->screen)) &&
           !(person->screen && *ret_password != NULL);
}

void answer_user_change(struct call *call) {
    struct staff *staff = &call->console->staff;
    char wanted[PEOPLE_ID_SIZE];
    (void)person_id_read(call->path, wanted);
    const struct person *person = people_find(&staff->people, wanted);
    const char *password = NULL;
    json_t *body = call_json(call);
    struct person change;
    if (person == NULL) {
        call_problem(call, PROBLEM_USER_UNKNOWN, call->path);
    } else if (!user_change_read(body, person, &change, &password)) {
        call_problem(call, PROBLEM_USER_BODY, NULL);
    } else if (password == NULL) {
        user_change(call->console, call->request, call->language, &change, &call->asker, NULL);
    } else if (!password_will_do(password, change.id)) {
        call_problem(call, PROBLEM_PASSWORD, NULL);
    } else {
        struct staff_wait *wait = staff_take(call, change.id);
        if (wait != NULL) {
            wait->person = change;
            wait->then = user_change_made;
            staff_make(staff, wait, password);
        }
    }
    json_decref(body);
}

/* ---- whose, and what of theirs ---- */

/* call->path is `<id>`, whose part is NULL, or `<id>/<part>`. Answers itself and returns false when it is nobody's. */
static bool user_path_read(struct call *call, char ret_id[PEOPLE_ID_SIZE], const char **ret_part) {
    char entered[PEOPLE_ID_SIZE];
    size_t len = strcspn(call->path, "/");
    *ret_part = call->path[len] == '/' ? call->path + len + 1 : NULL;
    memcpy(entered, call->path, len < sizeof entered ? len : 0);
    entered[len < sizeof entered ? len : 0] = '\0';
    if (!person_id_read(entered, ret_id)) {
        call_problem(call, PROBLEM_USER_UNKNOWN, call->path);
        return false;
    }
    return true;
}

/* ---- where they are signed in ---- */

static json_t *session_body(const struct call *call, uint32_t index) {
    const struct sessions *sessions = &call->console->staff.sessions;
    const struct session_row *row = &sessions->rows[index];
    const struct session_seen *seen = &sessions->seen[index];
    int64_t wall_off_ns = clock_wall().ns - (int64_t)call->real_ns;
    char name[SESSION_NAME_SIZE], since[CLOCK_TEXT_SIZE], used[CLOCK_TEXT_SIZE];
    char own[SESSION_TOKEN_SIZE];
    bool has_own = cookie_read(call->request, COOKIE_SESSION, own, sizeof own);
    session_name_format(row, name);
    clock_format((struct wall){row->begun_real_ns + wall_off_ns}, since);
    clock_format((struct wall){row->used_real_ns + wall_off_ns}, used);
    return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:b}", "session", name, "since", since, "seen",
                     used, "address", seen->address[0] == '\0' ? NULL : seen->address, "agent",
                     seen->agent[0] == '\0' ? NULL : seen->agent, "own",
                     has_own && session_is(row, own));
}

/* call->path is `<id>/sessions`. */
void answer_user_sessions(struct call *call) {
    const struct sessions *sessions = &call->console->staff.sessions;
    char id[PEOPLE_ID_SIZE];
    const char *part = NULL;
    if (!user_path_read(call, id, &part)) {
        return;
    }
    if (part == NULL || strcmp(part, "sessions") != 0 ||
        people_find(sessions->people, id) == NULL) {
        call_problem(call, PROBLEM_USER_UNKNOWN, call->path);
        return;
    }
    json_t *list = json_array();
    for (uint32_t i = 0; i < sessions->count; i++) {
        if (strcmp(sessions->rows[i].id, id) == 0) {
            (void)json_array_append_new(list, session_body(call, i));
        }
    }
    reply_json(call->request, 200, json_pack("{s:o}", "sessions", list));
}

/* `name` is of one of them, or "": all. */
static void user_sessions_end(struct call *call, const char *id, const char *name) {
    struct console *console = call->console;
    if (people_deeds_are_full(&console->staff.people)) {
        call_problem(call, PROBLEM_USERS_UNRECORDED, id);
        return;
    }
    uint32_t ended = sessions_end_of(&console->staff.sessions, id, name);
    if (ended == 0 && (name[0] != '\0' || people_find(&console->staff.people, id) == NULL)) {
        call_problem(call, PROBLEM_USER_UNKNOWN, call->path);
        return;
    }
    char quoted[64];
    if (ended > 0) {
        user_sign(console, &call->asker);
        people_signed_out(&console->staff.people, id);
        deeds_flush(&console->deeds, &console->staff.people, console->engine);
    }
    streams_end_of(&console->streams, id); /* those of other sessions come back at once */
    log_line(LOG_NOTICE, "user_sessions_ended", "id=%s sessions=%" PRIu32 " by=%s role=%s", id,
             ended, log_quote(call->asker.name, quoted, sizeof quoted),
             role_name(call->asker.role));
    reply_json(call->request, 200,
               json_pack("{s:s, s:i, s:b}", "id", id, "ended", (int)ended, "saved",
                         staff_is_saved(&console->staff)));
}

/* ---- keys for commands by the broker ---- */

/* The person's next key, or "": none any more. */
static void user_key_change(struct call *call, const char *id, const char *key) {
    bool ends = key[0] == '\0';
    user_sign(call->console, &call->asker);
    int r = people_key(&call->console->staff.people, id, key);
    user_changed(call->console, call->request, call->language, r, &call->asker,
                 ends ? "user_key_ended" : "user_key_made", id, ends ? 200 : 201,
                 ends ? NULL : "key", key);
}

/* call->path is `<id>/key`. */
void answer_user_key(struct call *call) {
    char id[PEOPLE_ID_SIZE], key[PEOPLE_KEY_SIZE];
    const char *part = NULL;
    if (!user_path_read(call, id, &part)) {
        return;
    }
    if (part == NULL || strcmp(part, "key") != 0) {
        call_problem(call, PROBLEM_USER_UNKNOWN, call->path);
        return;
    }
    if (people_make_key(key) != 0) {
        call_problem(call, PROBLEM_BUSY, NULL);
        return;
    }
    user_key_change(call, id, key);
    OPENSSL_cleanse(key, sizeof key);
}

/* ---- removing ---- */

static void user_remove(struct call *call, const char *id) {
    user_sign(call->console, &call->asker);
    int r = people_remove(&call->console->staff.people, id);
    user_changed(call->console, call->request, call->language, r, &call->asker, "user_removed", id,
                 200, NULL, NULL);
}

/* call->path is `<id>`, `<id>/key`, `<id>/sessions` or `<id>/sessions/<session>`. */
void answer_user_remove(struct call *call) {
    static const char sessions[] = "sessions/";
    char id[PEOPLE_ID_SIZE];
    const char *part = NULL;
    if (!user_path_read(call, id, &part)) {
        return;
    }
    if (part == NULL) {
        user_remove(call, id);
    } else if (strcmp(part, "key") == 0) {
        user_key_change(call, id, "");
    } else if (strcmp(part, "sessions") == 0) {
        user_sessions_end(call, id, "");
    } else if (strncmp(part, sessions, sizeof sessions - 1) == 0 &&
               part[sizeof sessions - 1] != '\0') {
        user_sessions_end(call, id, part + sizeof sessions - 1);
    } else {
        call_problem(call, PROBLEM_USER_UNKNOWN, call->path);
    }
}
