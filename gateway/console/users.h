/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_USERS_H
#define GATEWAY_CONSOLE_USERS_H

/*
 * The list of those who may sign in, for engineers
 *
 *     GET    /api/v1/users          without anything of their passwords
 *     POST   /api/v1/users          {"id", "name", "role", "password"}; a screen has the role "wall" and no password: the answer
 *                                   holds its token, this once
 *     PUT    /api/v1/users/<id>     {"name", "role", "password"}, each optional; a screen's token stays
 *     DELETE /api/v1/users/<id>
 *     POST   /api/v1/users/<id>/key the key with which the person signs commands that go by the broker (remote_text.h): the
 *                                   answer holds it, this once. One from before ends
 *     DELETE /api/v1/users/<id>/key
 *     GET    /api/v1/users/<id>/sessions            where the person is signed in
 *     DELETE /api/v1/users/<id>/sessions            out again everywhere
 *     DELETE /api/v1/users/<id>/sessions/<session>  there
 *
 * A person who gets another role or password, or is removed, is signed out everywhere.
 */

#include <stdbool.h>
#include <stddef.h>

struct call;

void answer_users(struct call *call);
void answer_user_add(struct call *call);
void answer_user_change(struct call *call);
void answer_user_remove(struct call *call);
void answer_user_key(struct call *call);
void answer_user_sessions(struct call *call);

/* May it be a password? It has PEOPLE_PASSWORD_MIN characters, not all of them the same, and is not the id. */
bool password_will_do(const char *password, const char *id);

#endif
