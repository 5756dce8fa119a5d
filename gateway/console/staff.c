/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/staff.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/http.h>
#include <openssl/crypto.h>

#include "gateway/console/call.h"
#include "gateway/console/connections.h"
#include "gateway/console/cookie.h"
#include "gateway/console/line.h"
#include "gateway/log.h"

_Static_assert((int)SESSION_ADDRESS_SIZE == (int)CONNECTIONS_ADDRESS_SIZE, "an address fits");
_Static_assert((int)STAFF_ADDRESS_SIZE == (int)CONNECTIONS_ADDRESS_SIZE, "an address fits");
_Static_assert((int)PEOPLE_NAME_SIZE == PEER_BY_MAX + 1, "a name can be recorded");

/* ---- waiting ---- */

static struct staff_wait *staff_row(struct staff *staff, uint64_t number) {
    for (size_t i = 0; i < STAFF_WAITS_MAX; i++) {
        if (staff->waits[i].number == number) {
            return &staff->waits[i];
        }
    }
    return NULL;
}

static uint32_t staff_strangers(const struct staff *staff) {
    uint32_t count = 0;
    for (size_t i = 0; i < STAFF_WAITS_MAX; i++) {
        count += staff->waits[i].number != 0 && !staff->waits[i].known_device;
    }
    return count;
}

_Static_assert((int)LINE_MAX_STRANGERS == STAFF_WAITS_MAX / 2, "half of the rows are theirs");

void staff_wait_init(struct staff_wait *wait, struct call *call, const char *id) {
    char cookie[DEVICE_COOKIE_SIZE];
    *wait = (struct staff_wait){
        .request = call->request,
        .language = call->language,
        .asker = call->asker,
        .asked_real_ns = call->real_ns,
    };
    (void)cookie_read(call->request, COOKIE_DEVICE, cookie, sizeof cookie);
    wait->known_device = devices_know(&call->console->staff.devices, cookie, id, wait->device) ||
                         call->asker.kind == ASKER_PERSON || call->asker.kind == ASKER_LOCAL;
    (void)cookie_read(call->request, COOKIE_SESSION, wait->session, sizeof wait->session);
    connections_address(call->request, wait->address);
}

struct staff_wait *staff_take(struct call *call, const char *id) {
    struct staff *staff = &call->console->staff;
    struct staff_wait taken;
    staff_wait_init(&taken, call, id);
    struct staff_wait *wait = staff_row(staff, 0);
    if (wait == NULL || (!taken.known_device && staff_strangers(staff) >= LINE_MAX_STRANGERS)) {
        staff->full++;
        call_problem(call, PROBLEM_BUSY, NULL);
        return NULL;
    }
    taken.number = ++staff->next_number;
    *wait = taken;
    return wait;
}

void staff_release(struct staff_wait *wait) {
    OPENSSL_cleanse(wait, sizeof *wait);
}

bool staff_right_ended(struct staff *staff, struct staff_wait *wait) {
    /* A user of this machine is who the kernel says; everybody else who may change something is signed in. */
    const struct person *person = sessions_find(&staff->sessions, wait->session, clock_real_ns());
    if (wait->asker.kind == ASKER_LOCAL ||
        (person != NULL && strcmp(person->id, wait->asker.id) == 0)) {
        return false;
    }
    reply_problem(wait->request, PROBLEM_SIGNED_OUT, wait->language, NULL);
    staff_release(wait);
    return true;
}

static void staff_ask(struct staff *staff, struct staff_wait *wait, const char *password,
                      const char *hash) {
    struct hasher_job job = {.number = wait->number, .compares = hash != NULL};
    (void)snprintf(job.password, sizeof job.password, "%s", password);
    (void)snprintf(job.hash, sizeof job.hash, "%s", hash == NULL ? "" : hash);
    /* There are as many places for jobs as there are rows. */
    int r = hasher_ask(staff->hasher, &job);
    OPENSSL_cleanse(&job, sizeof job);
    if (r != 0) {
        reply_problem(wait->request, PROBLEM_BUSY, wait->language, NULL);
        staff_release(wait);
    }
}

void staff_compare(struct staff *staff, struct staff_wait *wait, const char *password,
                   const char *hash) {
    staff_ask(staff, wait, password, hash);
}

void staff_make(struct staff *staff, struct staff_wait *wait, const char *password) {
    staff_ask(staff, wait, password, NULL);
}

static void staff_hashed(void *context, uint64_t number, bool same, const char *hash) {
    struct staff *staff = context;
    struct staff_wait *wait = staff_row(staff, number);
    if (wait != NULL) {
        wait->trial = TRIAL_NONE;
        wait->then(staff->console, wait, same, hash);
    }
}

/* ---- who asks ---- */

static struct asker asker_of(const struct person *person) {
    struct asker asker = {
        .kind = person->screen ? ASKER_SCREEN : ASKER_PERSON,
        .role = person->screen ? ROLE_AUDITOR : person->role,
    };
    memcpy(asker.id, person->id, sizeof asker.id);
    memcpy(asker.name, person->name, sizeof asker.name);
    return asker;
}

static const char *bearer_token(struct evhttp_request *request) {
    static const char scheme[] = "Bearer ";
    const char *header =
        evhttp_find_header(evhttp_request_get_input_headers(request), "Authorization");
    return header != NULL && strncmp(header, scheme, sizeof scheme - 1) == 0
               ? header + sizeof scheme - 1
               : NULL;
}

struct asker staff_asker(struct staff *staff, struct evhttp_request *request) {
    char cookie[SESSION_TOKEN_SIZE];
    const char *token = bearer_token(request);
    const struct person *person = NULL;
    if (token != NULL) {
        person = people_find_token(&staff->people, token);
    } else if (cookie_read(request, COOKIE_SESSION, cookie, sizeof cookie)) {
        person = sessions_find(&staff->sessions, cookie, clock_real_ns());
    }
    if (person == NULL) {
        return (struct asker){.kind = ASKER_NOBODY, .role = ROLE_AUDITOR};
    }
    struct asker asker = asker_of(person);
    if (token == NULL) {
        char address[CONNECTIONS_ADDRESS_SIZE];
        connections_address(request, address);
        sessions_saw(&staff->sessions, cookie, address,
                     evhttp_find_header(evhttp_request_get_input_headers(request), "User-Agent"));
        asker.session_until_real_ns = sessions_until_real_ns(&staff->sessions, cookie);
    }
    return asker;
}

/* ---- opening ---- */

static int staff_directory(const struct site *site) {
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/" PEOPLE_DIRECTORY,
                       site_text(site, site->header->state_directory));
    return len > 0 && (size_t)len < sizeof path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                                                : -1;
}

static void staff_tell_people(int r) {
    if (r == PEOPLE_E_DAMAGED) {
        log_line(
            LOG_ERROR, "people_damaged",
            "effect=\"nobody can sign in; watching goes on\" advice=\"console/people.json of the state directory was "
            "put aside as " PEOPLE_DAMAGED
            ": restore it from a backup, or begin anew with the claim code\"");
    } else if (r != 0) {
        log_failure("people_unreadable", r,
                    "nobody can sign in; watching goes on; look at the state directory's disk");
    }
}

/* Lists of before names were compared without case may hold such two, who go on signing in. */
static void staff_tell_alike(const struct people *people) {
    const struct person *one = NULL, *other = NULL;
    char quoted[2 * PEOPLE_NAME_SIZE];
    if (people_alike(people, &one, &other)) {
        log_line(
            LOG_WARNING, "people_alike",
            "id=%s other_id=%s name=%s effect=\"both sign in as before; who reads the journal may take one for the "
            "other\" advice=\"give one of them another name, on the page of the users\"",
            one->id, other->id, log_quote(one->name, quoted, sizeof quoted));
    }
}

/* The way in of the first person is told for as long as there is none. */
static int staff_open_claim(struct staff *staff) {
    if (staff->people.count > 0) {
        return 0;
    }
    int r = claim_open(&staff->claim, staff->directory);
    if (r == 0) {
        log_line(
            LOG_NOTICE, "console_claim",
            "code=%s effect=\"nobody can sign in yet: whoever opens the console and enters this code becomes its first "
            "person, an engineer; `tocsin user add` does it too\"",
            staff->claim.code);
    }
    return err_trace(r);
}

int staff_open(struct staff *staff, struct console *console) {
    *staff = (struct staff){.console = console};
    staff->directory = staff_directory(&console->process->site);
    if (staff->directory < 0) {
        log_line(
            LOG_ERROR, "console_directory",
            "reason=\"%s\" effect=\"whoever signs in or is added is forgotten with the next start; watching goes on\"",
            strerror(errno));
    }
    int r = people_open(&staff->people, staff->directory);
    bool is_told = r == PEOPLE_E_DAMAGED || (r != 0 && staff->people.rows != NULL);
    if (is_told) {
        staff_tell_people(r);
        r = 0;
    }
    if (r == 0) {
        staff_tell_alike(&staff->people);
        r = sessions_open(&staff->sessions, &staff->people, staff->directory, clock_wall(),
                          clock_real_ns());
    }
    if (r == 0) {
        r = devices_open(&staff->devices, staff->directory);
    }
    if (r == 0) {
        r = staff_open_claim(staff);
    }
    if (r == 0) {
        r = hasher_new(console->process->base, staff_hashed, staff, &staff->hasher);
    }
    return err_trace(r);
}

void staff_close(struct staff *staff) {
    staff->hasher = hasher_free(staff->hasher);
    for (size_t i = 0; i < STAFF_WAITS_MAX; i++) {
        struct staff_wait *wait = &staff->waits[i];
        if (wait->number != 0) {
            reply_problem(wait->request, PROBLEM_BUSY, wait->language, NULL);
            staff_release(wait);
        }
    }
    sessions_close(&staff->sessions);
    people_close(&staff->people);
    if (staff->directory >= 0) {
        (void)close(staff->directory);
        staff->directory = -1;
    }
}

void staff_tick(struct staff *staff, struct wall now, uint64_t real_ns) {
    people_tick(&staff->people, real_ns);
    sessions_tick(&staff->sessions, now, real_ns);
}

bool staff_is_saved(const struct staff *staff) {
    return !staff->people.unsaved && !staff->sessions.unsaved;
}
