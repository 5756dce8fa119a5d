/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_PROBLEM_H
#define GATEWAY_CONSOLE_PROBLEM_H

/*
 * Problems, in words
 *
 * What went wrong is a problem after RFC 9457: a status, a type that programs can match, and a sentence for people that
 * says which rule stood in the way and what to do about it, in the language that the client asked for. An answer by HTTP
 * ends with one (reply.h), and one by the broker carries it (remote.h).
 */

#include <jansson.h>

#include "gateway/site.h"
#include "rules/alarm.h"

/* What a program can match in `type`: "tocsin:problem/engine_away". */
enum problem {
    PROBLEM_STRANGER,
    PROBLEM_ROLE,         /* the role looks and does not act */
    PROBLEM_ROLE_UNKNOWN, /* no such role */
    PROBLEM_NOT_FOUND,
    PROBLEM_METHOD,
    PROBLEM_PARAMETER,
    PROBLEM_PARAMETER_UNKNOWN, /* the address has no such parameter */
    PROBLEM_ADDRESS_LONG,
    PROBLEM_HEADERS_LONG,
    PROBLEM_FRAMING,     /* it can be read in two ways */
    PROBLEM_UNREADABLE,  /* it is no HTTP, or far too long */
    PROBLEM_EXPECTATION, /* it expects what nobody here does */
    PROBLEM_BODY_LONG,
    PROBLEM_BODY,
    PROBLEM_ENGINE_AWAY,
    PROBLEM_ENGINE_LOST, /* went away while the command was on its way */
    PROBLEM_ENGINE_LATE,
    PROBLEM_BUSY,
    PROBLEM_JOURNAL,
    PROBLEM_RESEND,       /* the body of a wish to have events sent again */
    PROBLEM_RESEND_EARLY, /* what is to be sent again has not happened yet */
    PROBLEM_RESEND_ROLE,  /* only an engineer may have events sent again */
    PROBLEM_NO_SINK,
    PROBLEM_NO_EVENTS,
    PROBLEM_HISTORY,    /* the history cannot be read at present */
    PROBLEM_NO_HISTORY, /* of this point none is kept */
    PROBLEM_SIGNED_OUT, /* nobody is signed in */
    PROBLEM_UNCLAIMED,  /* nobody can sign in yet */
    PROBLEM_SIGN_IN,    /* no such person, or another password */
    PROBLEM_SIGN_IN_BODY,
    PROBLEM_SIGN_IN_RATE, /* wait before the next try */
    PROBLEM_CLAIM_CODE,
    PROBLEM_CLAIMED,
    PROBLEM_PASSWORD,      /* too short, or too easy */
    PROBLEM_SECOND_PERSON, /* the second of two people did not sign */
    PROBLEM_MEDIA_TYPE,
    PROBLEM_USER_BODY,
    PROBLEM_USER_TAKEN,
    PROBLEM_USER_NAME,
    PROBLEM_USER_UNKNOWN,
    PROBLEM_USER_LAST,
    PROBLEM_USERS_FULL,
    PROBLEM_USERS_ROLE,
    PROBLEM_SHIFT_ROLE,       /* the shift is another role's */
    PROBLEM_USERS_UNRECORDED, /* too many changes are not in the journal yet */
    PROBLEM_PUSH_BODY,        /* no browser says such a thing */
    PROBLEM_PUSH_PERSON,      /* a phone belongs to who is signed in on it */
    PROBLEM_PUSH_UNKNOWN,     /* no such phone, or nothing is known by this token */
    PROBLEM_PUSH_FULL,        /* there are too many phones */
    PROBLEM_PUSH_KEPT,        /* the disk does not take it */
    PROBLEM_PUSH_AWAY,        /* the uplink is away, or does not answer */
    /* Of commands by the broker. */
    PROBLEM_REMOTE_BODY,
    PROBLEM_REMOTE_LONG,
    PROBLEM_REMOTE_TOPIC, /* the answer was to go where none may */
    PROBLEM_REMOTE_SIGNATURE,
    PROBLEM_REMOTE_TIME,
    PROBLEM_REMOTE_OLD, /* the clock was set back, or what was taken is not known */
    PROBLEM_REMOTE_REPEATED,
    PROBLEM_REMOTE_FULL,
    PROBLEM_REMOTE_DISK,
    PROBLEM_PAGE_BODY,   /* no page of ours says such a thing */
    PROBLEM_PAGE_PERSON, /* a page belongs to who is signed in on it */
    PROBLEM_COUNT,
};

/* The object of a problem, or of a refusal about `subject`, which is an `about`; NULL without memory. The caller's reference. */
json_t *problem_object(enum problem problem, enum site_language language, const char *about);
json_t *refusal_object(enum command_refusal refusal, const struct alarm_times *times,
                       enum site_language language, const char *about, const char *subject);

/* 404 for what is not there, else 409. */
int refusal_status(enum command_refusal refusal);

/* As it stands in `type`. Static storage. */
const char *problem_name(enum problem problem);

/* The status that a problem has. */
int problem_status(enum problem problem);

/*
 * Write the sentence that says which rule refused a command about the alarm or place `subject`, with the
 * site's own times, and what to do.
 */
enum { PROBLEM_REFUSAL_SIZE = 640 };
void problem_refusal_format(enum command_refusal refusal, const struct alarm_times *times,
                            enum site_language language, const char *subject,
                            char ret[PROBLEM_REFUSAL_SIZE]);

#endif
