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
 * What is answered to a wrong password is the same, and takes as long, whether there is such a person or not. Who guesses
 * waits (guard.h): 429 with Retry-After.
 */

#include "gateway/console/reply.h"
#include "gateway/console/staff.h"

void answer_session(struct call *call);
void answer_sign_in(struct call *call);
void answer_sign_out(struct call *call);
void answer_password(struct call *call);
void answer_claim(struct call *call);

/*
 * A row (staff.h) for comparing the password of `id`, whose hash is in its `person`: "" for whom there is not. NULL, and the
 * request is answered, when the try may not be made now. What fails is counted as a guess.
 */
struct staff_wait *sign_in_take(struct call *call, const char *id);
void sign_in_refused(struct console *console, struct staff_wait *wait, enum problem problem);

#endif
