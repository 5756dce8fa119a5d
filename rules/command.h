/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RULES_COMMAND_H
#define RULES_COMMAND_H

/*
 * Commands: what people do about alarms
 *
 * A command names an alarm or a place, and carries who does it, in what capacity, and what that
 * verb needs besides: a reason, how long, a second person, what it turned out to be. What is not
 * needed is ignored, what is missing is a reason to refuse. A command that is refused changes
 * nothing, and the refusal says by which rule.
 */

#include <stdint.h>

#include "rules/limits.h"
#include "rules/role.h"

enum command_verb {
    COMMAND_ACKNOWLEDGE, /* may carry a disposition */
    COMMAND_ATTEND,
    COMMAND_INVESTIGATE, /* real or false */
    COMMAND_SILENCE,     /* for duration_s; 0: as long as a silence may last */
    COMMAND_RESET,       /* may carry a disposition */
    COMMAND_SHELVE,      /* for duration_s, with a reason */
    COMMAND_UNSHELVE,
    COMMAND_OUT_OF_SERVICE, /* for duration_s, with a reason; managed: with a second person */
    COMMAND_IN_SERVICE,
    COMMAND_DISPOSITION,
    /* The rest are about a place and all below it. */
    COMMAND_TEST_BEGIN, /* for duration_s, with a reason */
    COMMAND_TEST_END,
    COMMAND_VERB_COUNT,
};

/* "acknowledge", "out-of-service", "test-begin" … Static storage. */
const char *command_verb_name(enum command_verb verb);

/* Find a verb by its word of `len` bytes; COMMAND_VERB_COUNT when there is none. */
enum command_verb command_verb_find(const char *word, size_t len);

/* Is the verb about a place, not an alarm? */
bool command_verb_is_about_place(enum command_verb verb);

/* What an alarm turned out to be. */
enum disposition {
    DISPOSITION_UNSTATED,
    DISPOSITION_GENUINE,
    DISPOSITION_EQUIPMENT,
    DISPOSITION_MISUSE,
    DISPOSITION_TEST,
    DISPOSITION_DRILL,
    DISPOSITION_DUPLICATE,
    DISPOSITION_NO_ANSWER,
    DISPOSITION_COUNT,
};

/* "unstated", "genuine" … Static storage. */
const char *disposition_name(enum disposition disposition);

/* Find a disposition by its word of `len` bytes; DISPOSITION_COUNT when there is none. */
enum disposition disposition_find(const char *word, size_t len);

/* Why a command changed nothing. The names are part of the API. */
enum command_refusal {
    COMMAND_ACCEPTED,
    COMMAND_REFUSED_UNKNOWN,         /* "unknown_alarm": no such alarm */
    COMMAND_REFUSED_UNKNOWN_PLACE,   /* "unknown_place": no such place */
    COMMAND_REFUSED_ROLE,            /* "role_not_permitted": the role looks and does not act */
    COMMAND_REFUSED_NORMAL,          /* "not_raised": it is normal, there is nothing to act on */
    COMMAND_REFUSED_ACKED,           /* "already_acknowledged" */
    COMMAND_REFUSED_ATTENDED,        /* "already_attended" */
    COMMAND_REFUSED_ACK_REQUIRED,    /* "ack_required": acknowledge first */
    COMMAND_REFUSED_STILL_ACTIVE,    /* "still_active": the condition is still true */
    COMMAND_REFUSED_QUALITY,         /* "quality_not_good": its point cannot say that it is over */
    COMMAND_REFUSED_UNKNOWN_STATE,   /* "condition_unknown": nor can what else its rule looks at */
    COMMAND_REFUSED_ATTEND_REQUIRED, /* "attend_required": nobody has been at the place */
    COMMAND_REFUSED_NOT_LATCHED,     /* "not_latched": it closes by itself */
    COMMAND_REFUSED_NOT_FIRE,        /* "not_fire": only a fire is investigated */
    COMMAND_REFUSED_INVESTIGATED,    /* "already_investigated", with the same result */
    COMMAND_REFUSED_SILENCED,        /* "already_silenced" */
    COMMAND_REFUSED_TOO_LONG,        /* "too_long": longer than the rule allows */
    COMMAND_REFUSED_NO_DURATION,     /* "duration_required": it must end by itself */
    COMMAND_REFUSED_NO_REASON,       /* "reason_required" */
    COMMAND_REFUSED_MANAGED,         /* "managed": such an alarm is never shelved */
    COMMAND_REFUSED_SECOND_ROLE,     /* "second_role_required": two people in two roles */
    COMMAND_REFUSED_SHELVED,         /* "already_shelved" */
    COMMAND_REFUSED_NOT_SHELVED,     /* "not_shelved" */
    COMMAND_REFUSED_OUT_OF_SERVICE,  /* "already_out_of_service" */
    COMMAND_REFUSED_IN_SERVICE,      /* "not_out_of_service" */
    COMMAND_REFUSED_NO_DISPOSITION,  /* "disposition_required" */
    COMMAND_REFUSED_TOO_LATE,        /* "too_late": it was closed too long ago */
    COMMAND_REFUSED_TESTING,         /* "already_testing" */
    COMMAND_REFUSED_NOT_TESTING,     /* "not_testing" */
    COMMAND_REFUSED_IN_EARNEST,      /* "in_earnest": it was to be of a test, and is not any more */
    COMMAND_REFUSAL_COUNT,
};

/* "accepted", or the word that stands beside the refusal above. Static storage. */
const char *command_refusal_name(enum command_refusal refusal);

struct command {
    enum command_verb verb;
    uint32_t alarm;               /* RULESET_NONE for a verb about a place */
    uint32_t place;               /* RULESET_NONE for a verb about an alarm */
    uint32_t duration_s;          /* 0: not given */
    enum role role;               /* in which the actor acts */
    enum role second_role;        /* ROLE_COUNT: there is no second person */
    enum disposition disposition; /* DISPOSITION_UNSTATED: not given */
    uint8_t real;                 /* INVESTIGATE: 1 when it is real, 0 when it is false */
    uint8_t of_test; /* 1: only if the alarm comes from a test, as whoever gives it has seen */
    char actor[LIMIT_ACTOR]; /* who: never empty */
    char second_actor[LIMIT_ACTOR];
    char reason[LIMIT_REASON]; /* why; may be empty */
};

/*
 * What must be said of anything that people hear nothing of for a while: for how long, at most
 * `max_s`, and why.
 */
enum command_refusal command_refuse_span(const struct command *command, uint32_t max_s);

#endif
