/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/sign_in.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <event2/http.h>
#include <openssl/crypto.h>

#include "gateway/console/call.h"
#include "gateway/console/cookie.h"
#include "gateway/console/line.h"
#include "gateway/console/users.h"
#include "gateway/log.h"

/* Of one name from one place: one that is looked at, and one that waits for that. */
enum { SIGN_IN_SAME_MAX = 2 };

/* ---- what is answered ---- */

static json_t *session_body(const struct console *console, const struct asker *asker,
                            const char *role) {
    char time[CLOCK_TEXT_SIZE];
    clock_format((struct wall){clock_wall().ns + (int64_t)SESSIONS_IDLE_S * (int64_t)NS_PER_S},
                 time);
    return json_pack("{s:{s:s, s:s, s:s}, s:s, s:b, s:b}", "user", "id", asker->id, "name",
                     asker->name, "role", role, "expires", time, "claimed",
                     console->staff.people.count > 0, "saved", staff_is_saved(&console->staff));
}

/* Somebody is in: a session begins, and the device is known from now on. */
static void session_begin(struct console *console, struct evhttp_request *request,
                          enum site_language language, const struct person *person, int status) {
    struct staff *staff = &console->staff;
    char token[SESSION_TOKEN_SIZE], device[DEVICE_COOKIE_SIZE];
    if (sessions_begin(&staff->sessions, person, clock_real_ns(), token) != 0) {
        reply_problem(request, PROBLEM_BUSY, language, NULL);
        return;
    }
    staff->signed_in++;
    /* A request whose connection is gone has no headers to set. */
    if (evhttp_request_get_connection(request) != NULL) {
        cookie_set(request, COOKIE_SESSION, token, SESSIONS_S);
        devices_mark(&staff->devices, person->id, device);
        if (!person->screen && device[0] != '\0') {
            cookie_set(request, COOKIE_DEVICE, device, DEVICE_COOKIE_S);
        }
    }
    struct asker asker = {.kind = ASKER_PERSON};
    memcpy(asker.id, person->id, sizeof asker.id);
    memcpy(asker.name, person->name, sizeof asker.name);
    reply_json(request, status, session_body(console, &asker, person_role_name(person)));
}

void answer_session(struct call *call) {
    const struct asker *asker = &call->asker;
    if (asker->kind != ASKER_NOBODY) {
        reply_json(call->request, 200, session_body(call->console, asker, asker_role_name(asker)));
    } else if (call->console->staff.people.count == 0) {
        call_problem(call, PROBLEM_UNCLAIMED, NULL);
    } else {
        call_problem(call, PROBLEM_SIGNED_OUT, NULL);
    }
}

void answer_sign_out(struct call *call) {
    char token[SESSION_TOKEN_SIZE];
    if (cookie_read(call->request, COOKIE_SESSION, token, sizeof token)) {
        sessions_end(&call->console->staff.sessions, token);
        /* The other pages of this browser hear no more. Other browsers of the person come back at once, where they were. */
        if (call->asker.id[0] != '\0') {
            streams_end_of(&call->console->streams, call->asker.id);
        }
        cookie_set(call->request, COOKIE_SESSION, "", 0);
    }
    reply_empty(call->request);
}

/* ---- guessing ---- */

/* Names that nobody has are one to the guard. */
static struct guard_try wait_try(const struct staff *staff, const struct staff_wait *wait) {
    const struct person *person = people_find(&staff->people, wait->person.id);
    bool is_nobody = wait->person.id[0] != '\0' && (person == NULL || person->screen);
    return (struct guard_try){.address = wait->address,
                              .id = is_nobody ? GUARD_NOBODY : wait->person.id,
                              .device = wait->device};
}

/* Must the one wait for what the other comes to? Side by side they would not be counted in time. */
static bool tries_are_alike(const struct staff *staff, const struct staff_wait *wait,
                            const struct staff_wait *other) {
    const struct guard_try a = wait_try(staff, wait), b = wait_try(staff, other);
    bool same_id = strcmp(a.id, b.id) == 0;
    if (a.device[0] != '\0' || b.device[0] != '\0') {
        return strcmp(a.device, b.device) == 0 && same_id;
    }
    return same_id || strcmp(a.address, b.address) == 0;
}

/* How many of the kind are in this state? */
static uint32_t tries_alike(const struct staff *staff, const struct staff_wait *wait,
                            enum staff_trial trial) {
    uint32_t count = 0;
    for (size_t i = 0; i < STAFF_WAITS_MAX; i++) {
        const struct staff_wait *other = &staff->waits[i];
        count += other != wait && other->number != 0 && other->trial == trial &&
                 tries_are_alike(staff, wait, other);
    }
    return count;
}

/* Of the same name from the same place: how many are here already? */
static uint32_t tries_same(const struct staff *staff, const struct staff_wait *wait) {
    const struct guard_try try = wait_try(staff, wait);
    uint32_t count = 0;
    for (size_t i = 0; i < STAFF_WAITS_MAX; i++) {
        const struct staff_wait *other = &staff->waits[i];
        if (other != wait && other->number != 0 && other->trial != TRIAL_NONE) {
            const struct guard_try its = wait_try(staff, other);
            count += strcmp(its.id, try.id) == 0 && strcmp(its.address, try.address) == 0 &&
                     strcmp(its.device, try.device) == 0;
        }
    }
    return count;
}

static void try_put_off(struct staff_wait *wait, uint32_t wait_s) {
    reply_retry_after(wait->request, wait_s > 0 ? wait_s : 1);
    reply_problem(wait->request, PROBLEM_SIGN_IN_RATE, wait->language, NULL);
    staff_release(wait);
}

static void try_held_up(struct console *console, const struct staff_wait *wait, uint64_t real_ns) {
    console->staff.guard.held_up++;
    deeds_held_up(&console->deeds, &console->staff.people, console->engine, wait->person.id,
                  wait->address, clock_wall(), real_ns);
}

/* May the try be made now, or within `patience_s`? If not, it is answered and its row free. */
static bool try_may(struct call *call, struct staff_wait *wait, uint32_t patience_s) {
    struct staff *staff = &call->console->staff;
    const struct guard_try try = wait_try(staff, wait);
    uint32_t wait_s = guard_wait_s(&staff->guard, &try, call->real_ns);
    if (wait_s > 0) {
        try_held_up(call->console, wait, call->real_ns);
    }
    if (wait_s > patience_s || tries_same(staff, wait) >= SIGN_IN_SAME_MAX) {
        try_put_off(wait, wait_s);
        return false;
    }
    return true;
}

/* ---- places for strangers ---- */

/* A row as the line sees it: free, unless a stranger has it. */
static struct line_place wait_place(const struct staff *staff, const struct staff_wait *wait,
                                    uint64_t real_ns) {
    const struct guard_try try = wait_try(staff, wait);
    if (wait->number == 0 || wait->known_device) {
        return (struct line_place){.may_go = false};
    }
    return (struct line_place){.try = try,
                               .pressure = guard_pressure(&staff->guard, &try, real_ns),
                               .may_go = wait->trial == TRIAL_WAITS};
}

/* LINE_ROOM, LINE_FULL, or the row that makes room. */
static int sign_in_place(const struct staff *staff, const struct line_place *newcomer,
                         uint64_t real_ns) {
    struct line_place places[STAFF_WAITS_MAX];
    for (size_t i = 0; i < STAFF_WAITS_MAX; i++) {
        places[i] = wait_place(staff, &staff->waits[i], real_ns);
    }
    return line_find_place(places, STAFF_WAITS_MAX, newcomer);
}

/* Is there a place in the line, or does somebody make room? If not, it is answered: come back. */
static bool sign_in_has_place(struct call *call, const struct person *person) {
    struct staff *staff = &call->console->staff;
    struct staff_wait newcomer;
    staff_wait_init(&newcomer, call, person->id);
    newcomer.person = *person;
    if (newcomer.known_device) {
        return true;
    }
    const struct guard_try try = wait_try(staff, &newcomer);
    const struct line_place wanted = {
        .try = try, .pressure = guard_pressure(&staff->guard, &try, call->real_ns)};
    int found = sign_in_place(staff, &wanted, call->real_ns);
    while (found >= 0) {
        try_put_off(&staff->waits[found], GUARD_WAIT_S);
        found = sign_in_place(staff, &wanted, call->real_ns);
    }
    if (found == LINE_FULL) {
        staff->full++;
        reply_retry_after(call->request, GUARD_WAIT_S);
        call_problem(call, PROBLEM_SIGN_IN_RATE, NULL);
    }
    return found == LINE_ROOM;
}

/* ---- whose turn it is ---- */

static bool try_goes_on(const struct staff *staff, const struct staff_wait *wait,
                        uint64_t real_ns) {
    const struct guard_try try = wait_try(staff, wait);
    return wait->trial == TRIAL_WAITS && tries_alike(staff, wait, TRIAL_GOES_ON) == 0 &&
           guard_wait_s(&staff->guard, &try, real_ns) == 0;
}

/* Whose turn is it? Of those who may go on, who came first: a guesser who has had his try stands behind the others. */
static struct staff_wait *sign_in_first(struct staff *staff, uint64_t real_ns) {
    struct staff_wait *first = NULL;
    for (size_t i = 0; i < STAFF_WAITS_MAX; i++) {
        struct staff_wait *wait = &staff->waits[i];
        if (try_goes_on(staff, wait, real_ns) && (first == NULL || wait->number < first->number)) {
            first = wait;
        }
    }
    return first;
}

static void sign_in_next(struct console *console, uint64_t real_ns) {
    struct staff *staff = &console->staff;
    struct staff_wait *wait = NULL;
    while ((wait = sign_in_first(staff, real_ns)) != NULL) {
        char tried[PEOPLE_PASSWORD_MAX + 1];
        memcpy(tried, wait->tried, sizeof tried);
        OPENSSL_cleanse(wait->tried, sizeof wait->tried);
        wait->trial = TRIAL_GOES_ON;
        staff_compare(staff, wait, tried, wait->person.hash);
        OPENSSL_cleanse(tried, sizeof tried);
    }
}

void sign_in_compare(struct console *console, struct staff_wait *wait, const char *password) {
    (void)snprintf(wait->tried, sizeof wait->tried, "%s", password);
    wait->trial = TRIAL_WAITS;
    sign_in_next(console, wait->asked_real_ns);
}

void sign_in_tick(struct console *console, uint64_t real_ns) {
    sign_in_next(console, real_ns);
    for (size_t i = 0; i < STAFF_WAITS_MAX; i++) {
        struct staff_wait *wait = &console->staff.waits[i];
        if (wait->trial == TRIAL_WAITS &&
            real_ns - wait->asked_real_ns >= SIGN_IN_PATIENCE_S * NS_PER_S) {
            const struct guard_try try = wait_try(&console->staff, wait);
            try_put_off(wait, guard_wait_s(&console->staff.guard, &try, real_ns));
        }
    }
}

void sign_in_refused(struct console *console, struct staff_wait *wait, enum problem problem) {
    struct staff *staff = &console->staff;
    const struct guard_try try = wait_try(staff, wait);
    static struct log_limiter limiter;
    uint64_t kept_back = 0;
    char quoted[64];
    guard_failed(&staff->guard, &try, clock_real_ns());
    staff->refused++;
    if (log_permit(&limiter, &kept_back)) {
        log_line(LOG_WARNING, "sign_in_refused",
                 "address=%s id=%s kept_back=%" PRIu64
                 " effect=\"whoever goes on guessing has one try in eight seconds\"",
                 wait->address[0] == '\0' ? "local" : wait->address,
                 log_quote(wait->person.id, quoted, sizeof quoted), kept_back);
    }
    reply_problem(wait->request, problem, wait->language, NULL);
    staff_release(wait);
    sign_in_next(console, clock_real_ns());
}

const struct person *sign_in_confirmed(const struct staff *staff, const struct staff_wait *wait,
                                       bool same) {
    const struct person *person = people_find(&staff->people, wait->person.id);
    bool confirmed =
        same && person != NULL && !person->screen && strcmp(person->hash, wait->person.hash) == 0;
    return confirmed ? person : NULL;
}

/* ---- signing in ---- */

static void sign_in_compared(struct console *console, struct staff_wait *wait, bool same,
                             const char *hash) {
    (void)hash;
    struct staff *staff = &console->staff;
    const struct person *person = sign_in_confirmed(staff, wait, same);
    if (person == NULL) {
        sign_in_refused(console, wait, PROBLEM_SIGN_IN);
        return;
    }
    const struct guard_try try = wait_try(staff, wait);
    guard_succeeded(&staff->guard, &try);
    session_begin(console, wait->request, wait->language, person, 200);
    staff_release(wait);
    sign_in_next(console, clock_real_ns());
}

/* Nobody comes upon a token by guessing: it has 256 bits. So a right one never waits for those who try wrong ones there. */
static void sign_in_screen(struct call *call, const char *token) {
    const struct person *screen = people_find_token(&call->console->staff.people, token);
    if (screen != NULL) {
        session_begin(call->console, call->request, call->language, screen, 200);
        return;
    }
    struct staff_wait *wait = staff_take(call, "");
    if (wait != NULL && try_may(call, wait, 0)) {
        sign_in_refused(call->console, wait, PROBLEM_SIGN_IN);
    }
}

struct staff_wait *sign_in_take(struct call *call, const char *id) {
    struct staff *staff = &call->console->staff;
    struct person named = {.screen = false};
    if (!person_id_read(id, named.id)) {
        (void)snprintf(named.id, sizeof named.id, GUARD_NOBODY);
    }
    const struct person *person = people_find(&staff->people, named.id);
    if (!sign_in_has_place(call, &named)) {
        return NULL;
    }
    struct staff_wait *wait = staff_take(call, named.id);
    if (wait == NULL) {
        return NULL;
    }
    wait->person = person != NULL && !person->screen ? *person : named;
    return try_may(call, wait, SIGN_IN_PATIENCE_S) ? wait : NULL;
}

static void sign_in_person(struct call *call, const char *id, const char *password) {
    struct staff_wait *wait = sign_in_take(call, id);
    if (wait != NULL) {
        wait->then = sign_in_compared;
        sign_in_compare(call->console, wait, password);
    }
}

void answer_sign_in(struct call *call) {
    const char *id = NULL, *password = NULL, *token = NULL;
    json_t *body = call_json(call);
    if (json_unpack(body, "{s:s!}", "token", &token) == 0) {
        sign_in_screen(call, token);
    } else if (json_unpack(body, "{s:s, s:s!}", "id", &id, "password", &password) == 0 &&
               strlen(password) <= PEOPLE_PASSWORD_MAX) {
        sign_in_person(call, id, password);
    } else {
        call_problem(call, PROBLEM_SIGN_IN_BODY, NULL);
    }
    json_decref(body);
}

/* ---- the first person ---- */

/* Whoever comes in by the code is the one who lets them in. */
static bool claim_add(struct staff *staff, const struct person *person) {
    char actor[LIMIT_ACTOR];
    asker_actor_format(ASKER_PERSON, person->name, person->role, actor);
    people_sign_claim(&staff->people, actor, clock_wall());
    return people_add(&staff->people, person) == 0;
}

static void claim_made(struct console *console, struct staff_wait *wait, bool same,
                       const char *hash) {
    (void)same;
    struct staff *staff = &console->staff;
    (void)snprintf(wait->person.hash, sizeof wait->person.hash, "%s", hash);
    if (staff->people.count > 0) {
        reply_problem(wait->request, PROBLEM_CLAIMED, wait->language, NULL);
    } else if (hash[0] == '\0' || !claim_add(staff, &wait->person)) {
        reply_problem(wait->request, PROBLEM_BUSY, wait->language, NULL);
    } else {
        claim_end(&staff->claim);
        deeds_flush(&console->deeds, &staff->people, console->engine);
        log_line(LOG_NOTICE, "console_claimed", "id=%s effect=\"the first person can sign in\"",
                 wait->person.id);
        session_begin(console, wait->request, wait->language,
                      people_find(&staff->people, wait->person.id), 201);
    }
    staff_release(wait);
}

/* Nor upon the code, which has sixty. */
static void claim_try(struct call *call, const char *code, const struct person *first,
                      const char *password) {
    struct staff *staff = &call->console->staff;
    bool is_code = claim_is(&staff->claim, code);
    struct staff_wait *wait = staff_take(call, "");
    if (wait == NULL) {
        return;
    }
    if (is_code) {
        wait->person = *first;
        wait->then = claim_made;
        staff_make(staff, wait, password);
    } else if (try_may(call, wait, 0)) {
        sign_in_refused(call->console, wait, PROBLEM_CLAIM_CODE);
    }
}

void answer_claim(struct call *call) {
    const char *code = NULL, *id = NULL, *name = NULL, *password = NULL;
    struct person first = {.role = ROLE_ENGINEER};
    json_t *body = call_json(call);
    if (call->console->staff.people.count > 0) {
        call_problem(call, PROBLEM_CLAIMED, NULL);
    } else if (json_unpack(body, "{s:s, s:s, s:s, s:s!}", "code", &code, "id", &id, "name", &name,
                           "password", &password) != 0 ||
               !person_name(&first, id, name)) {
        call_problem(call, PROBLEM_USER_BODY, NULL);
    } else if (!password_will_do(password, first.id)) {
        call_problem(call, PROBLEM_PASSWORD, NULL);
    } else {
        claim_try(call, code, &first, password);
    }
    json_decref(body);
}

/* ---- another password ---- */

static void password_made(struct console *console, struct staff_wait *wait, bool same,
                          const char *hash) {
    (void)same;
    struct staff *staff = &console->staff;
    if (staff_right_ended(staff, wait)) {
        return;
    }
    if (hash[0] == '\0') {
        reply_problem(wait->request, PROBLEM_BUSY, wait->language, NULL);
        staff_release(wait);
        return;
    }
    char actor[LIMIT_ACTOR];
    asker_actor_format(ASKER_PERSON, wait->asker.name, wait->asker.role, actor);
    people_sign(&staff->people, actor, wait->asker.role, clock_wall());
    /* All sessions end with the old password, and one begins for this page. */
    if (people_own_password(&staff->people, wait->person.id, hash) != 0) {
        reply_problem(wait->request, PROBLEM_BUSY, wait->language, NULL);
    } else {
        deeds_flush(&console->deeds, &staff->people, console->engine);
        streams_end_of(&console->streams, wait->person.id);
        session_begin(console, wait->request, wait->language,
                      people_find(&staff->people, wait->person.id), 200);
    }
    staff_release(wait);
}

static void password_compared(struct console *console, struct staff_wait *wait, bool same,
                              const char *hash) {
    (void)hash;
    if (staff_right_ended(&console->staff, wait)) {
        return;
    }
    if (sign_in_confirmed(&console->staff, wait, same) == NULL) {
        sign_in_refused(console, wait, PROBLEM_SIGN_IN);
        return;
    }
    wait->then = password_made;
    staff_make(&console->staff, wait, wait->password);
}

void answer_password(struct call *call) {
    struct staff *staff = &call->console->staff;
    const char *old = NULL, *new = NULL;
    json_t *body = call_json(call);
    const struct person *person = people_find(&staff->people, call->asker.id);
    if (json_unpack(body, "{s:s, s:s!}", "old", &old, "new", &new) != 0 ||
        strlen(old) > PEOPLE_PASSWORD_MAX) {
        call_problem(call, PROBLEM_SIGN_IN_BODY, NULL);
    } else if (person == NULL || person->screen) {
        call_problem(call, PROBLEM_SIGNED_OUT, NULL);
    } else if (!password_will_do(new, person->id)) {
        call_problem(call, PROBLEM_PASSWORD, NULL);
    } else {
        struct staff_wait *wait = sign_in_take(call, person->id);
        if (wait != NULL) {
            wait->then = password_compared;
            (void)snprintf(wait->password, sizeof wait->password, "%s", new);
            sign_in_compare(call->console, wait, old);
        }
    }
    json_decref(body);
}
