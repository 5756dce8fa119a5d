/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_ROUTES_H
#define GATEWAY_CONSOLE_ROUTES_H

/*
 * Which address is answered by what, and to whom
 *
 * One table holds every address with its method, those who may use it and its answer. Nothing else
 * lets anybody in: an answer runs only after the table has said that its asker may have it. What a
 * command does to which alarm is decided once more, and finer, by the engine. openapi.yaml describes
 * the same addresses to programs, and a test holds the two together.
 */

#include <event2/http.h>

#include "gateway/console/call.h"

/* Those who may use an address: a set of these. */
enum audience {
    AUDIENCE_CAREGIVER = 1 << ROLE_CAREGIVER,
    AUDIENCE_SECURITY = 1 << ROLE_SECURITY,
    AUDIENCE_MANAGER = 1 << ROLE_MANAGER,
    AUDIENCE_ENGINEER = 1 << ROLE_ENGINEER,
    AUDIENCE_AUDITOR = 1 << ROLE_AUDITOR,
    AUDIENCE_SCREEN = 1 << ROLE_COUNT,
    AUDIENCE_NOBODY = 1 << (ROLE_COUNT + 1), /* not signed in */
    /* Who acts on alarms: role_acts(). */
    AUDIENCE_ACTORS = AUDIENCE_CAREGIVER | AUDIENCE_SECURITY | AUDIENCE_MANAGER | AUDIENCE_ENGINEER,
    AUDIENCE_PEOPLE = AUDIENCE_ACTORS | AUDIENCE_AUDITOR,
    AUDIENCE_ALL = AUDIENCE_PEOPLE | AUDIENCE_SCREEN,
    AUDIENCE_ANYBODY = AUDIENCE_ALL | AUDIENCE_NOBODY,
};

/*
 * Answer the call at `path`, decoded and without its query: 404 for an address that there is not, 405
 * with `Allow` for a method that it does not take, 415 for a body that is not said to be JSON, 403 for
 * somebody who may not, 400 for a parameter that it does not know. HEAD is answered like GET, without
 * the body.
 */
void routes_answer(struct call *call, const char *path);

/* Would this asker be answered there? For what comes in another way than by HTTP. */
bool routes_admit(enum evhttp_cmd_type method, const char *path, const struct asker *asker);

#endif
