/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/routes.h"

#include <stdio.h>
#include <string.h>

#include <event2/http.h>

#include "gateway/console/answers.h"
#include "gateway/console/handover.h"
#include "gateway/console/sign_in.h"
#include "gateway/console/users.h"

/*
 * `below`: the path goes on after the words with a slash and more. `refused` is what those hear who may
 * not. `parameters` are those that its query may have, with a space between them; NULL: none.
 */
static const struct route {
    enum evhttp_cmd_type method;
    bool below;
    const char *words;
    enum audience audience;
    enum problem refused;
    void (*answer)(struct call *call);
    const char *parameters;
} routes[] = {
    {EVHTTP_REQ_GET, false, "/api/v1/alarms", AUDIENCE_ALL, PROBLEM_ROLE, answer_alarms,
     "all from"},
    {EVHTTP_REQ_GET, true, "/api/v1/alarms", AUDIENCE_ALL, PROBLEM_ROLE, answer_alarm, NULL},
    {EVHTTP_REQ_POST, true, "/api/v1/alarms", AUDIENCE_ACTORS, PROBLEM_ROLE, answer_command, NULL},
    {EVHTTP_REQ_GET, false, "/api/v1/points", AUDIENCE_ALL, PROBLEM_ROLE, answer_points,
     "place from"},
    {EVHTTP_REQ_GET, false, "/api/v1/places", AUDIENCE_ALL, PROBLEM_ROLE, answer_places, "from"},
    {EVHTTP_REQ_GET, true, "/api/v1/plans", AUDIENCE_ALL, PROBLEM_ROLE, answer_plan, NULL},
    {EVHTTP_REQ_POST, true, "/api/v1/places", AUDIENCE_ACTORS, PROBLEM_ROLE, answer_place_command,
     NULL},
    {EVHTTP_REQ_GET, false, "/api/v1/shifts", AUDIENCE_ALL, PROBLEM_ROLE, answer_shifts, NULL},
    {EVHTTP_REQ_POST, false, "/api/v1/handover", AUDIENCE_ACTORS, PROBLEM_ROLE, answer_handover,
     NULL},
    {EVHTTP_REQ_GET, false, "/api/v1/devices", AUDIENCE_ALL, PROBLEM_ROLE, answer_devices, "from"},
    {EVHTTP_REQ_GET, false, "/api/v1/rules", AUDIENCE_ALL, PROBLEM_ROLE, answer_rules, "from"},
    {EVHTTP_REQ_GET, false, "/api/v1/history", AUDIENCE_ALL, PROBLEM_ROLE, answer_history,
     "point step since until"},
    {EVHTTP_REQ_GET, true, "/api/v1/history", AUDIENCE_ALL, PROBLEM_ROLE, answer_history_point,
     "step since until"},
    {EVHTTP_REQ_GET, false, "/api/v1/events", AUDIENCE_ALL, PROBLEM_ROLE, answer_events,
     "after before limit lane alarm place point type class priority since until newest"},
    {EVHTTP_REQ_POST, false, "/api/v1/resend", AUDIENCE_ENGINEER, PROBLEM_RESEND_ROLE,
     answer_resend, NULL},
    {EVHTTP_REQ_GET, false, "/api/v1/audit", AUDIENCE_PEOPLE, PROBLEM_ROLE, answer_audit, NULL},
    {EVHTTP_REQ_POST, false, "/api/v1/audit", AUDIENCE_PEOPLE, PROBLEM_ROLE, answer_audit_begin,
     NULL},
    {EVHTTP_REQ_GET, false, "/api/v1/stream", AUDIENCE_ALL, PROBLEM_ROLE, answer_stream, "after"},
    {EVHTTP_REQ_GET, false, "/api/v1/version", AUDIENCE_ALL, PROBLEM_ROLE, answer_version, NULL},
    {EVHTTP_REQ_GET, false, "/api/v1/health", AUDIENCE_ALL, PROBLEM_ROLE, answer_health, NULL},
    {EVHTTP_REQ_GET, false, "/api/v1/metrics", AUDIENCE_ALL, PROBLEM_ROLE, answer_metrics, NULL},
    {EVHTTP_REQ_GET, false, "/api/v1/openapi", AUDIENCE_ALL, PROBLEM_ROLE, answer_openapi, NULL},
    {EVHTTP_REQ_GET, false, "/api/v1/session", AUDIENCE_ANYBODY, PROBLEM_ROLE, answer_session,
     NULL},
    {EVHTTP_REQ_POST, false, "/api/v1/session", AUDIENCE_ANYBODY, PROBLEM_ROLE, answer_sign_in,
     NULL},
    {EVHTTP_REQ_DELETE, false, "/api/v1/session", AUDIENCE_ANYBODY, PROBLEM_ROLE, answer_sign_out,
     NULL},
    {EVHTTP_REQ_PUT, false, "/api/v1/session/password", AUDIENCE_PEOPLE, PROBLEM_ROLE,
     answer_password, NULL},
    {EVHTTP_REQ_POST, false, "/api/v1/claim", AUDIENCE_ANYBODY, PROBLEM_ROLE, answer_claim, NULL},
    {EVHTTP_REQ_GET, false, "/api/v1/users", AUDIENCE_ENGINEER, PROBLEM_USERS_ROLE, answer_users,
     NULL},
    {EVHTTP_REQ_GET, true, "/api/v1/users", AUDIENCE_ENGINEER, PROBLEM_USERS_ROLE,
     answer_user_sessions, NULL},
    {EVHTTP_REQ_POST, false, "/api/v1/users", AUDIENCE_ENGINEER, PROBLEM_USERS_ROLE,
     answer_user_add, NULL},
    {EVHTTP_REQ_POST, true, "/api/v1/users", AUDIENCE_ENGINEER, PROBLEM_USERS_ROLE, answer_user_key,
     NULL},
    {EVHTTP_REQ_PUT, true, "/api/v1/users", AUDIENCE_ENGINEER, PROBLEM_USERS_ROLE,
     answer_user_change, NULL},
    {EVHTTP_REQ_DELETE, true, "/api/v1/users", AUDIENCE_ENGINEER, PROBLEM_USERS_ROLE,
     answer_user_remove, NULL},
    {EVHTTP_REQ_GET, false, "/api/v1/push/key", AUDIENCE_PEOPLE, PROBLEM_ROLE, answer_push_key,
     NULL},
    {EVHTTP_REQ_GET, false, "/api/v1/push/subscriptions", AUDIENCE_PEOPLE, PROBLEM_ROLE,
     answer_push_list, NULL},
    {EVHTTP_REQ_POST, false, "/api/v1/push/subscriptions", AUDIENCE_PEOPLE, PROBLEM_ROLE,
     answer_push_subscribe, NULL},
    {EVHTTP_REQ_DELETE, false, "/api/v1/push/subscriptions", AUDIENCE_PEOPLE, PROBLEM_ROLE,
     answer_push_leave, "endpoint"},
    {EVHTTP_REQ_POST, false, "/api/v1/push/receipts", AUDIENCE_ANYBODY, PROBLEM_ROLE,
     answer_push_receipt, NULL},
    {EVHTTP_REQ_POST, false, "/api/v1/pages", AUDIENCE_PEOPLE, PROBLEM_ROLE, answer_page, NULL},
    {EVHTTP_REQ_GET, false, "/api/v1/reach", AUDIENCE_ALL, PROBLEM_ROLE, answer_reach, NULL},
    {EVHTTP_REQ_GET, false, "/health", AUDIENCE_ALL, PROBLEM_ROLE, answer_health, NULL},
    {EVHTTP_REQ_GET, false, "/metrics", AUDIENCE_ALL, PROBLEM_ROLE, answer_metrics, NULL},
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

/* Is it one of `known`, which has a space between them? */
static bool parameter_is_known(const char *name, const char *known) {
    size_t len = strlen(name);
    for (const char *at = known; at != NULL; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (len > 0 && strncmp(at, name, len) == 0 && (at[len] == ' ' || at[len] == '\0')) {
            return true;
        }
    }
    return false;
}

/* A filter that is misspelt would be answered with everything: it is refused. */
static bool route_knows_parameters(const struct route *route, struct call *call) {
    const char *known = route->parameters == NULL ? "" : route->parameters;
    const struct evkeyval *pair = NULL;
    TAILQ_FOREACH(pair, &call->query, next) {
        if (!parameter_is_known(pair->key, known)) {
            reply_unknown_parameter(call->request, call->language, pair->key, known);
            return false;
        }
    }
    return true;
}

static void route_answer(const struct route *route, struct call *call) {
    if (call->body_is_foreign) {
        call_problem(call, PROBLEM_MEDIA_TYPE, NULL);
    } else if (!route_admits(route, &call->asker) && call->asker.kind == ASKER_NOBODY) {
        call_problem(call, PROBLEM_SIGNED_OUT, NULL);
    } else if (!route_admits(route, &call->asker)) {
        call_problem(call, route->refused, asker_role_name(&call->asker));
    } else if (route_knows_parameters(route, call)) {
        route->answer(call);
    }
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
        if (route->method == method) {
            route_answer(route, call);
            return;
        }
    }
    if (allowed == 0 && call->asker.kind == ASKER_NOBODY) {
        call_problem(call, PROBLEM_SIGNED_OUT, NULL); /* what there is, is nobody's business */
    } else if (allowed == 0) {
        call_problem(call, PROBLEM_NOT_FOUND, path);
    } else {
        routes_refuse_method(call, path, allowed);
    }
}
