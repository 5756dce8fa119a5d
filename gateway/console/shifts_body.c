/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/shifts_body.h"

#include "gateway/console/body.h"
#include "gateway/engine/calendar.h"
#include "gateway/zone.h"

enum { DAY_S = 86400 };

static json_t *shift_began(const struct calendar *calendar, uint32_t shift,
                           struct calendar_moment moment) {
    struct calendar_moment began;
    if (!calendar_turn_began(calendar, shift, moment, &began)) {
        return json_null();
    }
    int64_t utc_s = zone_utc_s((int64_t)began.day * DAY_S + began.second);
    return body_wall((struct wall){utc_s * (int64_t)NS_PER_S});
}

json_t *shifts_body(const struct site *site, struct wall now) {
    const struct calendar calendar = calendar_of_site(site, zone_east_s);
    struct calendar_moment moment = calendar_moment(&calendar, now);
    json_t *rows = json_array();
    for (uint32_t i = 0; i < calendar.shift_count; i++) {
        (void)json_array_append_new(rows, json_pack("{s:s, s:b, s:o}", "shift",
                                                    site_text(site, site->shifts[i].id), "on_duty",
                                                    calendar_is_on_duty(&calendar, i, moment),
                                                    "began", shift_began(&calendar, i, moment)));
    }
    return json_pack("{s:o}", "shifts", rows);
}
