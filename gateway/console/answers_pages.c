/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pages that are open, what they have shown, and who can be reached
 *
 *     {"page": "6f0c…", "shown": [{"alarm": "emergency_call/care/day-care/button-1", "step": 1, "run": 4}]}
 *     {"page": "6f0c…", "gone": true}
 */
#include <stdio.h>
#include <string.h>

#include "gateway/audience.h"
#include "gateway/console/answers.h"
#include "gateway/console/reach.h"

/* What the asker's page has shown of a call. False when it names no alarm of the site. */
static bool shown_read(const struct call *call, json_t *row, struct wire_shown *ret) {
    const char *alarm = NULL;
    json_int_t step = 0, run = 0;
    if (json_unpack(row, "{s:s, s:I, s:I!}", "alarm", &alarm, "step", &step, "run", &run) != 0 ||
        step < 1 || step > LIMIT_CHAIN_STEPS || run < 0 || run > UINT32_MAX) {
        return false;
    }
    memset(ret, 0, sizeof *ret);
    ret->header = wire_header_of(WIRE_SHOWN, sizeof *ret);
    ret->alarm = site_alarm_find(call->console->view.site, alarm);
    ret->step = (uint32_t)step;
    ret->run = (uint32_t)run;
    ret->role = (uint32_t)call->asker.role;
    ret->name = audience_name(call->asker.name);
    (void)snprintf(ret->person, sizeof ret->person, "%s", call->asker.id);
    return ret->alarm != RULESET_NONE;
}

/* Pass it on. Returns 0, or what the asker is told: it says it again then. */
static enum problem pages_show(struct call *call, json_t *shown) {
    struct console *console = call->console;
    size_t count = json_array_size(shown);
    struct wire_shown messages[PAGES_SHOWN_MAX];
    if (count > PAGES_SHOWN_MAX) {
        return PROBLEM_PAGE_BODY;
    }
    for (size_t i = 0; i < count; i++) {
        if (!shown_read(call, json_array_get(shown, i), &messages[i])) {
            return PROBLEM_PAGE_BODY;
        }
    }
    if (!pages_may_show(&console->pages, (uint32_t)count, call->real_ns)) {
        return PROBLEM_BUSY;
    }
    for (size_t i = 0; i < count; i++) {
        if (wire_client_send(console->engine, &messages[i]) != 0) {
            return PROBLEM_BUSY;
        }
    }
    return PROBLEM_COUNT;
}

static void pages_take(struct call *call, const char *page, bool gone, json_t *shown) {
    struct console *console = call->console;
    enum problem problem = PROBLEM_COUNT;
    if (gone) {
        pages_leave(&console->pages, page, call->asker.id);
    } else if (!pages_say(&console->pages, page, call->asker.id, call->real_ns)) {
        problem = PROBLEM_BUSY;
    } else {
        problem = pages_show(call, shown);
    }
    pages_tick(&console->pages, &console->staff.people, &console->streams, console->engine,
               call->real_ns);
    if (problem != PROBLEM_COUNT) {
        call_problem(call, problem, NULL);
    } else {
        reply_empty(call->request);
    }
}

void answer_page(struct call *call) {
    const char *page = "";
    int gone = 0;
    json_t *shown = NULL;
    json_t *body = call_json(call);
    bool read =
        json_unpack(body, "{s:s, s?b, s?o!}", "page", &page, "gone", &gone, "shown", &shown) == 0 &&
        pages_is_id(page) && (shown == NULL || json_is_array(shown));
    if (!read) {
        call_problem(call, PROBLEM_PAGE_BODY, NULL);
    } else if (call->asker.kind != ASKER_PERSON) {
        call_problem(call, PROBLEM_PAGE_PERSON, NULL);
    } else {
        pages_take(call, page, gone != 0, shown);
    }
    json_decref(body);
}

void answer_reach(struct call *call) {
    const struct console *console = call->console;
    bool present = view_engine(&console->view, call->real_ns) == VIEW_PRESENT;
    bool staff = call->asker.kind == ASKER_PERSON || call->asker.kind == ASKER_LOCAL;
    reply_json(call->request, 200,
               reach_body(&console->reach, console->view.site,
                          staff ? &console->staff.people : NULL, &console->pages.told, present,
                          call->real_ns));
}
