/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/handover.h"

#include <string.h>

#include <jansson.h>

#include "gateway/clock.h"
#include "gateway/console/call.h"

/* ---- the body ---- */

static bool handover_read_shift(const struct site *site, const json_t *value, uint32_t *ret) {
    const char *id = json_string_value(value);
    for (uint32_t i = 0; id != NULL && i < site->ruleset.shift_count; i++) {
        if (strcmp(site_text(site, site->shifts[i].id), id) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

/* Some time in the last days; what is to come nobody hands over. */
static bool handover_read_since(const json_t *value, struct wall now, struct wall *ret) {
    const char *text = json_string_value(value);
    return text != NULL && clock_parse_wall(text, ret) == 0 && ret->ns <= now.ns &&
           now.ns - ret->ns <= (int64_t)HANDOVER_SINCE_MAX_S * (int64_t)NS_PER_S;
}

static bool handover_read_note(const json_t *value, char ret[LIMIT_REASON]) {
    const char *text = json_string_value(value);
    if (text == NULL || json_string_length(value) >= LIMIT_REASON) {
        return false;
    }
    for (size_t i = 0; i < json_string_length(value); i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return false;
        }
    }
    memcpy(ret, text, json_string_length(value) + 1);
    return true;
}

const char *handover_read(const struct site *site, const char *bytes, size_t size, struct wall now,
                          struct takeover *ret) {
    json_t *body =
        size == 0 ? json_object() : json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    const char *wrong = json_is_object(body) ? NULL : "";
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value) {
        if (wrong != NULL) {
            break;
        }
        if (strcmp(key, "shift") == 0) {
            wrong = handover_read_shift(site, value, &ret->shift) ? NULL : "shift";
        } else if (strcmp(key, "since") == 0) {
            wrong = handover_read_since(value, now, &ret->since) ? NULL : "since_of_shift";
        } else if (strcmp(key, "note") == 0) {
            wrong = handover_read_note(value, ret->note) ? NULL : "note";
        } else {
            wrong = "";
        }
    }
    json_decref(body);
    return wrong;
}

/* ---- what is open ---- */

void handover_count(const struct view *view, uint32_t ret_counts[TAKEOVER_COUNTS]) {
    const struct site *site = view->site;
    memset(ret_counts, 0, TAKEOVER_COUNTS * sizeof *ret_counts);
    for (uint32_t i = 0; i < site->ruleset.alarm_count; i++) {
        const struct alarm_axes axes = view->alarms[i].record.axes;
        if (axes.out_of_service) {
            ret_counts[TAKEOVER_OUT_OF_SERVICE]++;
        } else if (alarm_axes_are_suppressed(axes)) {
            ret_counts[TAKEOVER_ASIDE]++;
        } else if (axes.open && site->ruleset.alarms[i].priority != PRIORITY_JOURNAL) {
            ret_counts[axes.acked ? TAKEOVER_ACKNOWLEDGED : TAKEOVER_UNACKNOWLEDGED]++;
        }
    }
    for (uint32_t i = 0; i < site->ruleset.place_count; i++) {
        ret_counts[TAKEOVER_TESTS] += view_is_tested(view, i);
    }
    for (uint32_t i = 0; i < site->ruleset.device_count; i++) {
        ret_counts[TAKEOVER_DEVICES_LOST] += view_device_is_lost(view, i);
    }
}

/* ---- the answer ---- */

static bool handover_may(const struct site *site, const struct takeover *takeover,
                         const struct asker *asker) {
    uint32_t whose = takeover->shift == TAKEOVER_NO_SHIFT ? (uint32_t)ROLE_COUNT
                                                          : site->shifts[takeover->shift].role;
    return whose >= ROLE_COUNT || role_covers(asker->role, (enum role)whose);
}

void answer_handover(struct call *call) {
    const struct view *view = &call->console->view;
    struct takeover takeover = {.actor_role = call->asker.role, .shift = TAKEOVER_NO_SHIFT};
    size_t size = 0;
    const char *bytes = call_body(call, &size);
    const char *wrong = handover_read(view->site, bytes, size, clock_wall(), &takeover);
    if (wrong != NULL) {
        call_problem(call, PROBLEM_BODY, wrong[0] == '\0' ? NULL : wrong);
        return;
    }
    if (!handover_may(view->site, &takeover, &call->asker)) {
        call_problem(call, PROBLEM_SHIFT_ROLE, asker_role_name(&call->asker));
        return;
    }
    /* What is counted must be the present. */
    if (view_engine(view, call->real_ns) != VIEW_PRESENT) {
        call_problem(call, PROBLEM_ENGINE_AWAY, NULL);
        return;
    }
    handover_count(view, takeover.counts);
    asker_actor_format(call->asker.kind, call->asker.name, call->asker.role, takeover.actor);
    orders_send_takeover(&call->console->orders, call->console->engine, &takeover, call->request,
                         call->language, call->real_ns);
}
