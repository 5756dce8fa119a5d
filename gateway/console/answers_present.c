/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>

#include "gateway/console/answers.h"
#include "gateway/console/body.h"
#include "gateway/console/devices_body.h"
#include "gateway/console/health_body.h"
#include "gateway/console/metrics.h"
#include "gateway/console/openapi.h"
#include "gateway/console/rules_body.h"
#include "gateway/console/shifts_body.h"

/* What each list is made from. */
enum {
    TABLES_ALARMS = 1 << VIEW_TABLE_ALARMS | 1 << VIEW_TABLE_HEAD,
    /* The fault of a card reader is its alarm's. */
    TABLES_POINTS = 1 << VIEW_TABLE_POINTS | TABLES_ALARMS,
    TABLES_PLACES = 0, /* the site alone */
    TABLES_DEVICES = 1 << VIEW_TABLE_BUSES | TABLES_POINTS,
    TABLES_RULES = 1 << VIEW_TABLE_TRUTHS | 1 << VIEW_TABLE_QUALITIES | TABLES_ALARMS,
};

/* An alarm that waits for its delay shows what its point says now. */
static unsigned tables_of_alarms(const struct view *view) {
    return view->pending_count > 0 ? TABLES_ALARMS | 1 << VIEW_TABLE_POINTS : TABLES_ALARMS;
}

void answer_alarms(struct call *call) {
    const struct view *view = &call->console->view;
    uint32_t first = 0;
    bool all = false;
    if (call_first(call, &first) && call_flag(call, "all", &all) &&
        !call_is_known(call, tables_of_alarms(view))) {
        reply_json(call->request, 200, body_alarms(view, all, first, call->real_ns));
    }
}

void answer_alarm(struct call *call) {
    const struct view *view = &call->console->view;
    uint32_t alarm = site_alarm_find(view->site, call->path);
    if (alarm == RULESET_NONE) {
        reply_refusal(call->request, COMMAND_REFUSED_UNKNOWN, view->site->ruleset.times,
                      call->language, "alarm", call->path);
        return;
    }
    json_t *body = body_alarm(view, alarm);
    (void)json_object_set_new(body, "engine",
                              json_string(view_engine_name(view_engine(view, call->real_ns))));
    reply_json(call->request, 200, body);
}

void answer_points(struct call *call) {
    const struct view *view = &call->console->view;
    const char *id = call_parameter(call, "place");
    uint32_t place = RULESET_NONE;
    uint32_t first = 0;
    if (!call_first(call, &first)) {
        return;
    }
    if (id != NULL && (place = site_place_find(view->site, id)) == RULESET_NONE) {
        call_problem(call, PROBLEM_NOT_FOUND, id);
        return;
    }
    if (!call_is_known(call, TABLES_POINTS)) {
        reply_json(call->request, 200,
                   body_points(view, place, first, clock_wall(), call->real_ns));
    }
}

void answer_places(struct call *call) {
    uint32_t first = 0;
    if (call_first(call, &first) && !call_is_known(call, TABLES_PLACES)) {
        reply_json(call->request, 200, body_places(&call->console->view, first));
    }
}

void answer_plan(struct call *call) {
    const struct site *site = call->console->view.site;
    uint32_t place = site_place_find(site, call->path);
    const struct site_plan *plan = place != RULESET_NONE ? site_plan_of(site, place) : NULL;
    char tag[20];
    if (plan == NULL) {
        call_problem(call, PROBLEM_NOT_FOUND, call->path);
        return;
    }
    (void)snprintf(tag, sizeof tag, "\"%016" PRIx64 "\"", plan->digest);
    if (call_has(call, tag)) {
        return;
    }
    struct evbuffer *out = evbuffer_new();
    assert(out != NULL);
    (void)evbuffer_add(out, site_text(site, plan->drawing), strlen(site_text(site, plan->drawing)));
    reply_bytes(call->request, "image/svg+xml", out);
    evbuffer_free(out);
}

void answer_shifts(struct call *call) {
    reply_json(call->request, 200, shifts_body(call->console->view.site, clock_wall()));
}

void answer_devices(struct call *call) {
    uint32_t first = 0;
    if (call_first(call, &first) && !call_is_known(call, TABLES_DEVICES)) {
        reply_json(call->request, 200,
                   devices_body(&call->console->view, first, clock_wall(), call->real_ns));
    }
}

void answer_rules(struct call *call) {
    uint32_t first = 0;
    if (call_first(call, &first) && !call_is_known(call, TABLES_RULES)) {
        reply_json(call->request, 200, rules_body(&call->console->view, first, call->real_ns));
    }
}

void answer_version(struct call *call) {
    reply_json(call->request, 200, body_version(&call->console->view));
}

void answer_health(struct call *call) {
    const struct view *view = &call->console->view;
    enum door_state door = door_state(&call->console->door);
    int status = health_of(view, door, call->real_ns) == HEALTH_FAILED ? 503 : 200;
    reply_json(call->request, status, health_body(view, door, call->real_ns));
}

void answer_metrics(struct call *call) {
    const struct console *console = call->console;
    struct trends_stats history = {0};
    if (console->feed.trends != NULL) {
        trends_stats(console->feed.trends, &history);
    }
    const struct staff *staff = &console->staff;
    const struct connections_counts doors = door_counts(&console->door);
    const struct metrics_console own = {
        .requests = console->requests,
        .strangers = console->strangers,
        .streams = console->streams.count,
        .streams_over = console->streams.over,
        .streams_cut = console->streams.cut,
        .streams_refused = console->streams.refused,
        .commands_waiting = console->orders.waiting,
        .commands_refused_full = console->orders.refused_full,
        .remote_passed_on = console->remote.passed_on,
        .remote_refused = console->remote.refused,
        .remote_unsigned = console->remote.unsigned_count,
        .phones_refused_full = console->phones.refused_full,
        .pages_refused_full = console->pages.refused_full,
        .history_bytes = history.store.bytes,
        .history_dropped = history.dropped,
        .history_damaged = history.store.damaged,
        .connections = doors.open,
        .connections_refused = doors.refused_full + doors.refused_address,
        .connections_slow = doors.too_slow,
        .connections_plain = console->door.plain,
        .connections_waiting = doors.refused_waiting,
        .sign_ins = staff->signed_in,
        .sign_ins_refused = staff->refused,
        .sign_ins_held_up = staff->guard.held_up + staff->full,
        .sessions = staff->sessions.count,
        .sessions_displaced = staff->sessions.displaced,
        .sessions_displaced_own = staff->sessions.displaced_own,
        .door_open = door_state(&console->door) == DOOR_OPEN,
        .certificate_faults = console->door.tls.faults,
        .certificate_until_s = (uint64_t)console->door.tls.until_s,
    };
    struct evbuffer *out = evbuffer_new();
    assert(out != NULL);
    metrics_write(out, &console->view, &own, clock_wall(), call->real_ns);
    reply_bytes(call->request, METRICS_CONTENT_TYPE, out);
    evbuffer_free(out);
}

void answer_openapi(struct call *call) {
    struct openapi text = openapi_text();
    struct evbuffer *out = evbuffer_new();
    assert(out != NULL);
    (void)evbuffer_add_reference(out, text.bytes, text.size, NULL, NULL);
    reply_bytes(call->request, "application/yaml", out); /* RFC 9512 */
    evbuffer_free(out);
}
