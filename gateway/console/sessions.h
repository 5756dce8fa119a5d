/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_SESSIONS_H
#define GATEWAY_CONSOLE_SESSIONS_H

/*
 * Who is signed in
 *
 * A session is a cookie of 32 random bytes, of which only the SHA-256 is kept here: whoever reads our memory or the
 * disk cannot sign in with it. It ends when it was not used for SESSIONS_IDLE_S, SESSIONS_S after it began, when its
 * person signs out, is removed, or gets another role or password. The one that was not used for longest makes room for a
 * new one: of that person, who has SESSIONS_PER_PERSON at most, or of all where there are SESSIONS_MAX.
 *
 * Sessions live in sessions.bin, so that a console that is started anew signs nobody out. Their age is counted in real
 * time while the console runs, and by wall time only from the last time it was saved to the next start: a clock that is
 * set, or that begins in 1970, signs nobody out and lets no session live longer.
 *
 * From where and by what a session was used last is known from its first use on after a start; the file does not have it.
 *
 *     __Host-tocsin=…; Secure; HttpOnly; SameSite=Strict; Path=/       (RFC 6265bis, 4.1.3)
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/console/people.h"
#include "gateway/log.h"
#include "rules/instant.h"

enum {
    SESSIONS_MAX = 2000,
    SESSIONS_PER_PERSON =
        16, /* or of one screen: a phone, a desk, and all that were never signed out */
    SESSIONS_IDLE_S = 7 * 86400, /* a phone that was a week in a drawer */
    SESSIONS_S = 90 * 86400,
    SESSIONS_SAVE_S = 600, /* for that a session was used; what begins or ends is saved at once */
    SESSIONS_RETRY_S = 10, /* after the disk did not take it, which is `sessions->unsaved` */
    SESSION_TOKEN_SIZE = 2 * 32 + 1,
    SESSION_DIGEST_SIZE = 32,
    SESSION_NAME_SIZE = 2 * 8 + 1,
    SESSION_ADDRESS_SIZE = 46,
    SESSION_AGENT_SIZE = 160, /* of a browser's name for itself; what is longer is cut */
};

struct session_row {
    unsigned char digest[SESSION_DIGEST_SIZE];
    char id[PEOPLE_ID_SIZE];
    /* Of the person's role and password as they were: with another the session has ended. */
    unsigned char bond[SESSION_DIGEST_SIZE];
    int64_t begun_real_ns, used_real_ns; /* below 0: before the machine was started */
};

/* Where it was used last, and by what; "": not since the console began. */
struct session_seen {
    char address[SESSION_ADDRESS_SIZE];
    char agent[SESSION_AGENT_SIZE]; /* printable ASCII */
};

struct sessions {
    const struct people *people;
    int directory;
    struct session_row *rows;
    struct session_seen *seen; /* of the rows */
    uint32_t count;
    uint64_t displaced;     /* by new ones, because there were too many */
    uint64_t displaced_own; /* by new ones of the same person, who had too many */
    struct log_limiter told;
    struct wall wall;      /* what it was at … */
    uint64_t wall_real_ns; /* … this real time */
    uint64_t save_real_ns; /* when it is to be saved; UINT64_MAX: nothing has changed */
    bool unsaved; /* the disk did not take it: with the next start it is as it was before */
    struct log_limiter told_unsaved;
};

/* Keeps `people`. Sessions that cannot be read are none: people sign in anew. */
NODISCARD int sessions_open(struct sessions *sessions, const struct people *people, int directory,
                            struct wall now, uint64_t real_ns);
void sessions_close(struct sessions *sessions);

/* Begin one for a person of the list, and write its cookie's value. Returns 0 or a negative errno. */
NODISCARD int sessions_begin(struct sessions *sessions, const struct person *person,
                             uint64_t real_ns, char ret_token[SESSION_TOKEN_SIZE]);

/* How many the person of this id has. */
uint32_t sessions_of(const struct sessions *sessions, const char *id);

/* Whose session is it? NULL: nobody's, or it has ended. */
const struct person *sessions_find(struct sessions *sessions, const char *token, uint64_t real_ns);

/* When the session of this token, which was found, ends however much it is used. */
uint64_t sessions_until_real_ns(const struct sessions *sessions, const char *token);

/* The session of this token, if there is one, is used from `address` by `agent` (NULL: it does not say). */
void sessions_saw(struct sessions *sessions, const char *token, const char *address,
                  const char *agent);

void sessions_end(struct sessions *sessions, const char *token);

/* What a session is called where people look at it. Nobody signs in with that. */
void session_name_format(const struct session_row *session, char ret_name[SESSION_NAME_SIZE]);

/* Is it the session of this token? */
bool session_is(const struct session_row *session, const char *token);

/* End the session of this name of the person, or with "" all that the person has. Returns how many. */
uint32_t sessions_end_of(struct sessions *sessions, const char *id, const char *name);

/* Drop those that have ended and save what has changed, when it is time. Each second. */
void sessions_tick(struct sessions *sessions, struct wall now, uint64_t real_ns);

#endif
