/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_STAFF_H
#define GATEWAY_CONSOLE_STAFF_H

/*
 * The people of the house, and who of them is signed in
 *
 * Brings together who may sign in (people), who is (sessions), the way in of the first one (claim), what slows down
 * those who guess (guard, device) and the thread that hashes passwords (hasher). A request that needs a hash waits here,
 * in a row of its own, and goes on where staff_hashed says:
 *
 *     sign_in, users ──staff_compare(), staff_make()──▶ hasher … ──▶ the row's `then`
 *
 * Half of the rows are for devices that somebody has signed in with before: however many strangers guess, a caregiver's
 * own phone finds one. How the others are shared out among strangers is in line.h.
 */

#include "gateway/console/asker.h"
#include "gateway/console/claim.h"
#include "gateway/console/device.h"
#include "gateway/console/guard.h"
#include "gateway/console/hasher.h"
#include "gateway/console/people.h"
#include "gateway/console/sessions.h"
#include "gateway/site.h"
#include "rules/core.h"

struct call;
struct console;
struct evhttp_request;
struct staff_wait;

/* Goes on with the request: `same` is what a comparison found, `hash` what was made, "" if that failed. Ends the request or waits again. */
typedef void staff_then(struct console *console, struct staff_wait *wait, bool same,
                        const char *hash);

enum { STAFF_WAITS_MAX = HASHER_JOBS_MAX, STAFF_ADDRESS_SIZE = 46 };

struct staff_wait {
    uint64_t number; /* 0: free */
    struct evhttp_request *request;
    enum site_language language;
    staff_then *then;
    struct person person; /* whom it is about, as far as it is known */
    bool known_device;
    char address[STAFF_ADDRESS_SIZE];
    char device[DEVICE_NAME_SIZE];
    /* A password that is tried: it waits for its turn, or is being compared (sign_in.c). */
    enum staff_trial { TRIAL_NONE, TRIAL_WAITS, TRIAL_GOES_ON } trial;
    uint64_t asked_real_ns;
    char tried[PEOPLE_PASSWORD_MAX + 1];    /* while it waits */
    char password[PEOPLE_PASSWORD_MAX + 1]; /* to be made next; "" */
    struct asker asker;
    char session[SESSION_TOKEN_SIZE]; /* by which the asker asks; "" */
    struct command command;           /* of two people: what the second one signs */
};

struct staff {
    struct console *console;
    int directory; /* state/console; -1: cannot be opened */
    struct people people;
    struct sessions sessions;
    struct guard guard;
    struct devices devices;
    struct claim claim;
    struct hasher *hasher;
    struct staff_wait waits[STAFF_WAITS_MAX];
    uint64_t next_number;
    uint64_t signed_in, refused, full;
};

/* Returns 0 or a negative errno. Says in the log how the first person comes in while there is none. */
NODISCARD int staff_open(struct staff *staff, struct console *console);

/* What waits for a hash is answered: try again. */
void staff_close(struct staff *staff);

/* Each second. */
void staff_tick(struct staff *staff, struct wall now, uint64_t real_ns);

/* Does the disk have who may sign in, and who is? If not, a start brings back what was before. */
bool staff_is_saved(const struct staff *staff);

/* What is known of a request for something about the person `id`: who asks, from where, and is the device known? */
void staff_wait_init(struct staff_wait *wait, struct call *call, const char *id);

/*
 * A row for a request that needs a hash, its `person`, `then` and the rest to be filled by the caller. NULL, and the request
 * is answered, when all that it may have are taken. `id` is of whom it is about.
 */
struct staff_wait *staff_take(struct call *call, const char *id);

/* Have `password` compared with `hash`, or hashed. The row goes on with its `then`. */
void staff_compare(struct staff *staff, struct staff_wait *wait, const char *password,
                   const char *hash);
void staff_make(struct staff *staff, struct staff_wait *wait, const char *password);

/*
 * May the asker no longer do what waits here: have they been signed out meanwhile, removed, or given another role or
 * password? Then the request is answered and its row free. Asked before anything that has waited is done.
 */
bool staff_right_ended(struct staff *staff, struct staff_wait *wait);

/* The row is free again; whoever calls has ended its request. */
void staff_release(struct staff_wait *wait);

/* Who asks, by the cookie or the bearer's token of a request that came by HTTPS. */
struct asker staff_asker(struct staff *staff, struct evhttp_request *request);

#endif
