/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_SIGN_IN_H
#define GATEWAY_CONSOLE_SIGN_IN_H

/*
 * Signing in and out
 *
 *     GET    /api/v1/session            who is signed in; 401 for nobody
 *     POST   /api/v1/session            {"id", "password"}, or {"token"} of a screen
 *     DELETE /api/v1/session            out again
 *     PUT    /api/v1/session/password   {"old", "new"}
 *     POST   /api/v1/claim              {"code", "id", "name", "password"}: the first person, an engineer
 *
 * What is answered to a wrong password is the same, and takes as long, whether there is such a person or not. An id is
 * read without the blanks around it and in small letters, which a phone's keyboard adds; a password as it is.
 *
 * Who guesses waits (guard.h), and so does a second try at the same name while the first is looked at: here, up to
 * SIGN_IN_PATIENCE_S, in the order in which they came. Who has waited so long, is the third of one name from one place,
 * or finds no place in the line (line.h), is told to come back: 429 with Retry-After. A screen's token and the claim code
 * are not guessed at: one that is right is taken at once.
 */

#include "gateway/console/reply.h"
#include "gateway/console/staff.h"

void answer_session(struct call *call);
void answer_sign_in(struct call *call);
void answer_sign_out(struct call *call);
void answer_password(struct call *call);
void answer_claim(struct call *call);

enum {
    SIGN_IN_PATIENCE_S = 2 * GUARD_WAIT_S + 2
}; /* also behind another one; the app waits longer */

/*
 * A row (staff.h) for comparing the password of `id`, whose hash is in its `person`: "" for whom there is not. NULL, and the
 * request is answered, when too many wait already. What fails is counted as a guess.
 */
struct staff_wait *sign_in_take(struct call *call, const char *id);

/* Have it compared when its turn has come; the row goes on with its `then`, or is told to come back. */
void sign_in_compare(struct console *console, struct staff_wait *wait, const char *password);

/* Each second: whose turn is it, and who has waited long enough? */
void sign_in_tick(struct console *console, uint64_t real_ns);

/* The person of the row, if the password was theirs (`same`) and still is: they may have been given another meanwhile, or gone. */
const struct person *sign_in_confirmed(const struct staff *staff, const struct staff_wait *wait,
                                       bool same);

void sign_in_refused(struct console *console, struct staff_wait *wait, enum problem problem);

#endif
