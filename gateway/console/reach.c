/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/reach.h"

#include <string.h>

#include "gateway/clock.h"
#include "gateway/engine/calendar.h"
#include "gateway/zone.h"

void reach_take(struct reach *reach, const struct wire_reach *message, uint64_t real_ns) {
    memset(&reach->said, 0, sizeof reach->said);
    memcpy(&reach->said, message, message->header.size);
    reach->said_real_ns = real_ns;
}

static json_t *reach_time(int64_t at_s) {
    char text[CLOCK_TEXT_SIZE];
    if (at_s == 0) {
        return json_null();
    }
    clock_format((struct wall){at_s * (int64_t)NS_PER_S}, text);
    return json_string(text);
}

static json_t *reach_truth(uint32_t truth) {
    return truth == TRUTH_UNKNOWN ? json_null() : json_boolean(truth == TRUTH_TRUE);
}

/* Is the audience to be reached now? A single person is asked for no hours. */
static bool reach_on_duty(const struct site *site, uint32_t webhook) {
    uint64_t shifts =
        webhook < site->ruleset.listener_count ? site->ruleset.listener_shifts[webhook] : 0;
    const struct calendar calendar = calendar_of_site(site, zone_east_s);
    const struct calendar_moment moment = calendar_moment(&calendar, clock_wall());
    bool duty = shifts == 0;
    for (uint32_t i = 0; i < site->ruleset.shift_count; i++) {
        duty = duty || ((shifts >> i & 1) != 0 && calendar_is_on_duty(&calendar, i, moment));
    }
    return duty;
}

/* `row` NULL: nobody knows. */
static json_t *reach_row(const struct site *site, uint32_t webhook,
                         const struct wire_reach_row *row) {
    static const char *const words[] = {[CHAIN_TO_ROLE] = "role",
                                        [CHAIN_TO_SHIFT] = "shift",
                                        [CHAIN_TO_PERSON] = "person",
                                        [CHAIN_TO_EVERYONE] = "everyone"};
    const struct site_webhook *audience = &site->webhooks[webhook];
    json_t *body =
        json_pack("{s:s, s:s, s:b}", "to", words[audience->to], "name",
                  site_text(site, audience->id), "on_duty", reach_on_duty(site, webhook));
    if (row == NULL) {
        (void)json_object_set_new(body, "reachable", json_null());
        return body;
    }
    (void)json_object_update_new(
        body, json_pack("{s:o, s:o, s:i, s:i, s:i, s:o, s:o, s:o}", "reachable",
                        reach_truth(row->reachable), "webhook",
                        audience->url != 0 ? reach_truth(row->webhook) : json_null(), "phones",
                        (int)row->phones, "phones_reachable", (int)row->phones_reachable, "pages",
                        (int)row->pages, "received", reach_time(row->received_s), "tested",
                        reach_time(row->tested_s), "since", reach_time(row->since_s)));
    return body;
}

static json_t *reach_pages(const struct people *people, const struct wire_pages *pages) {
    json_t *rows = json_array();
    for (uint32_t i = 0; i < pages->count; i++) {
        const struct wire_page *page = &pages->people[i];
        const struct person *person = people_find(people, page->person);
        if (person != NULL) {
            (void)json_array_append_new(
                rows, json_pack("{s:s, s:s, s:s, s:i}", "person", person->id, "name", person->name,
                                "role", role_name(person->role), "pages", (int)page->pages));
        }
    }
    return rows;
}

json_t *reach_body(const struct reach *reach, const struct site *site, const struct people *people,
                   const struct wire_pages *pages, bool present, uint64_t real_ns) {
    bool fresh = present && reach->said_real_ns != 0 &&
                 real_ns - reach->said_real_ns < REACH_FRESH_MS * NS_PER_MS;
    json_t *rows = json_array();
    for (uint32_t i = 0; i < site->webhook_count; i++) {
        bool known = fresh && i < reach->said.count;
        if (people != NULL || site->webhooks[i].to != CHAIN_TO_PERSON) {
            (void)json_array_append_new(rows,
                                        reach_row(site, i, known ? &reach->said.rows[i] : NULL));
        }
    }
    json_t *body = json_pack("{s:b, s:o}", "fresh", fresh, "audiences", rows);
    if (people != NULL) {
        (void)json_object_set_new(body, "pages", reach_pages(people, pages));
    }
    return body;
}
