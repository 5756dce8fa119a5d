/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/routes.h"

#include <stdio.h>
#include <string.h>

#include <event2/http.h>

#include "gateway/console/answers.h"
#include "gateway/console/sign_in.h"
#include "gateway/console/users.h"

/*
 * `below`: the path goes on after the words with a slash and more. `refused` is what those hear who may
 * not.
 */
static const struct route {
    enum evhttp_cmd_type method;
    bool below;
    const char *words;
    enum audience audience;
    enum problem refused;
    void (*answer)(struct call *call);
} routes[] = {
    {EVHTTP_REQ_GET, false, "/api/v1/alarms", AUDIENCE_ALL, PROBLEM_ROLE, answer_alarms},
    {EVHTTP_REQ_GET, true, "/api/v1/alarms", AUDIENCE_ALL, PROBLEM_ROLE, answer_alarm},
    {EVHTTP_REQ_POST, true, "/api/v1/alarms", AUDIENCE_ACTORS, PROBLEM_ROLE, answer_command},
    {EVHTTP_REQ_GET, false, "/api/v1/points", AUDIENCE_ALL, PROBLEM_ROLE, answer_points},
    {EVHTTP_REQ_GET, false, "/api/v1/places", AUDIENCE_ALL, PROBLEM_ROLE, answer_places},
    {EVHTTP_REQ_POST, true, "/api/v1/places", AUDIENCE_ACTORS, PROBLEM_ROLE, answer_place_command},
    {EVHTTP_REQ_GET, false, "/api/v1/shifts", AUDIENCE_ALL, PROBLEM_ROLE, answer_shifts},
    {EVHTTP_REQ_GET, false, "/api/v1/devices", AUDIENCE_ALL, PROBLEM_ROLE, answer_devices},
    {EVHTTP_REQ_GET, false, "/api/v1/rules", AUDIENCE_ALL, PROBLEM_ROLE, answer_rules},
    {EVHTTP_REQ_GET, false, "/api/v1/history", AUDIENCE_ALL, PROBLEM_ROLE, answer_history},
    {EVHTTP_REQ_GET, true, "/api/v1/history", AUDIENCE_ALL, PROBLEM_ROLE, answer_history_point},
    {EVHTTP_REQ_GET, false, "/api/v1/events", AUDIENCE_ALL, PROBLEM_ROLE, answer_events},
    {EVHTTP_REQ_POST, false, "/api/v1/resend", AUDIENCE_ENGINEER, PROBLEM_RESEND_ROLE,
     answer_resend},
    {EVHTTP_REQ_GET, false, "/api/v1/audit", AUDIENCE_PEOPLE, PROBLEM_ROLE, answer_audit},
    {EVHTTP_REQ_POST, false, "/api/v1/audit", AUDIENCE_PEOPLE, PROBLEM_ROLE, answer_audit_begin},
    {EVHTTP_REQ_GET, false, "/api/v1/stream", AUDIENCE_ALL, PROBLEM_ROLE, answer_stream},
    {EVHTTP_REQ_GET, false, "/api/v1/version", AUDIENCE_ALL, PROBLEM_ROLE, answer_version},
    {EVHTTP_REQ_GET, false, "/api/v1/health", AUDIENCE_ALL, PROBLEM_ROLE, answer_health},
    {EVHTTP_REQ_GET, false, "/api/v1/metrics", AUDIENCE_ALL, PROBLEM_ROLE, answer_metrics},
    {EVHTTP_REQ_GET, false, "/api/v1/openapi", AUDIENCE_ALL, PROBLEM_ROLE, answer_openapi},
    {EVHTTP_REQ_GET, false, "/api/v1/session", AUDIENCE_ANYBODY, PROBLEM_ROLE, answer_session},
    {EVHTTP_REQ_POST, false, "/api/v1/session", AUDIENCE_ANYBODY, PROBLEM_ROLE, answer_sign_in},
    {EVHTTP_REQ_DELETE, false, "/api/v1/session", AUDIENCE_ANYBODY, PROBLEM_ROLE, answer_sign_out},
    {EVHTTP_REQ_PUT, false, "/api/v1/session/password", AUDIENCE_PEOPLE, PROBLEM_ROLE,
     answer_password},
    {EVHTTP_REQ_POST, false, "/api/v1/claim", AUDIENCE_ANYBODY, PROBLEM_ROLE, answer_claim},
    {EVHTTP_REQ_GET, false, "/api/v1/users", AUDIENCE_ENGINEER, PROBLEM_USERS_ROLE, answer_users},
    {EVHTTP_REQ_POST, false, "/api/v1/users", AUDIENCE_ENGINEER, PROBLEM_USERS_ROLE,
     answer_user_add},
    {EVHTTP_REQ_POST, true, "/api/v1/users", AUDIENCE_ENGINEER, PROBLEM_USERS_ROLE,
     answer_user_key},
    {EVHTTP_REQ_PUT, true, "/api/v1/users", AUDIENCE_ENGINEER, PROBLEM_USERS_ROLE,
     answer_user_change},
    {EVHTTP_REQ_DELETE, true, "/api/v1/users", AUDIENCE_ENGINEER, PROBLEM_USERS_ROLE,
     answer_user_remove},
    {EVHTTP_REQ_GET, false, "/api/v1/push/key", AUDIENCE_PEOPLE, PROBLEM_ROLE, answer_push_key},
    {EVHTTP_REQ_GET, false, "/api/v1/push/subscriptions", AUDIENCE_PEOPLE, PROBLEM_ROLE,
     answer_push_list},
    {EVHTTP_REQ_POST, false, "/api/v1/push/subscriptions", AUDIENCE_PEOPLE, PROBLEM_ROLE,
     answer_push_subscribe},
    {EVHTTP_REQ_DELETE, false, "/api/v1/push/subscriptions", AUDIENCE_PEOPLE, PROBLEM_ROLE,
     answer_push_leave},
    {EVHTTP_REQ_POST, false, "/api/v1/push/receipts", AUDIENCE_ANYBODY, PROBLEM_ROLE,
     answer_push_receipt},
    {EVHTTP_REQ_POST, false, "/api/v1/pages", AUDIENCE_PEOPLE, PROBLEM_ROLE, answer_page},
    {EVHTTP_REQ_GET, false, "/api/v1/reach", AUDIENCE_ALL, PROBLEM_ROLE, answer_reach},
    {EVHTTP_REQ_GET, false, "/health", AUDIENCE_ALL, PROBLEM_ROLE, answer_health},
    {EVHTTP_REQ_GET, false, "/metrics", AUDIENCE_ALL, PROBLEM_ROLE, answer_metrics},
};

/* As they stand in `Allow`; the other methods that evhttp knows are none of ours. */
static const struct {
    enum evhttp_cmd_type method;
    const char *name;
} methods[] = {
    {EVHTTP_REQ_GET, "GET, HEAD"},
    {EVHTTP_REQ_POST, "POST"},
    {EVHTTP_REQ_PUT, "PUT"},
    {EVHTTP_REQ_DELETE, "DELETE"},
};

/* Does `path` lie at the route? Sets what follows its words. */
static bool route_matches(const struct route *route, const char *path, const char **ret_rest) {
    size_t len = strlen(route->words);
    if (strncmp(path, route->words, len) != 0) {
        return false;
    }
    if (route->below ? path[len] != '/' || path[len + 1] == '\0' : path[len] != '\0') {
        return false;
    }
    *ret_rest = route->below ? path + len + 1 : path + len;
    return true;
}

static bool route_admits(const struct route *route, const struct asker *asker) {
    unsigned who = asker->kind == ASKER_NOBODY   ? AUDIENCE_NOBODY
                   : asker->kind == ASKER_SCREEN ? AUDIENCE_SCREEN
                                                 : 1U << asker->role;
    return ((unsigned)route->audience & who) != 0;
}

/* The address takes another method: one of `allowed`. */
static void routes_refuse_method(struct call *call, const char *path, unsigned allowed) {
    char names[32] = "";
    size_t len = 0;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if ((allowed & (unsigned)methods[i].method) != 0) {
            len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", len > 0 ? ", " : "",
                                    methods[i].name);
        }
    }
    (void)evhttp_add_header(evhttp_request_get_output_headers(call->request), "Allow", names);
    call_problem(call, PROBLEM_METHOD, path);
}

bool routes_admit(enum evhttp_cmd_type method, const char *path, const struct asker *asker) {
    const char *rest = NULL;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (routes[i].method == method && route_matches(&routes[i], path, &rest)) {
            return route_admits(&routes[i], asker);
        }
    }
    return false;
}

void routes_answer(struct call *call, const char *path) {
    enum evhttp_cmd_type method = evhttp_request_get_command(call->request);
    unsigned allowed = 0;
    if (method == EVHTTP_REQ_HEAD) {
        method = EVHTTP_REQ_GET;
    }
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const struct route *route = &routes[i];
        if (!route_matches(route, path, &call->path)) {
            continue;
        }
        allowed |= (unsigned)route->method;
        if (route->method != method) {
            continue;
        }
        if (route_admits(route, &call->asker)) {
            route->answer(call);
        } else if (call->asker.kind == ASKER_NOBODY) {
            call_problem(call, PROBLEM_SIGNED_OUT, NULL);
        } else {
            call_problem(call, route->refused, asker_role_name(&call->asker));
        }
        return;
    }
    if (allowed == 0 && call->asker.kind == ASKER_NOBODY) {
        call_problem(call, PROBLEM_SIGNED_OUT, NULL); /* what there is, is nobody's business */
    } else if (allowed == 0) {
        call_problem(call, PROBLEM_NOT_FOUND, path);
    } else {
        routes_refuse_method(call, path, allowed);
    }
}
