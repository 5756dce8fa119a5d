/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/shifts_body.h"

#include "gateway/audience.h"
#include "gateway/console/body.h"
#include "gateway/engine/calendar.h"
#include "gateway/zone.h"

enum { DAY_S = 86400 };

static json_t *shift_time(struct calendar_moment at) {
    int64_t utc_s = zone_utc_s((int64_t)at.day * DAY_S + at.second);
    return body_wall((struct wall){utc_s * (int64_t)NS_PER_S});
}

/* When the turn began that was last at `moment`, and the one before it; null where there is none. */
static void shift_turns(const struct calendar *calendar, uint32_t shift,
                        struct calendar_moment moment, json_t **ret_began, json_t **ret_before) {
    struct calendar_moment began, before;
    if (!calendar_turn_began(calendar, shift, moment, &began)) {
        *ret_began = json_null();
        *ret_before = json_null();
        return;
    }
    *ret_began = shift_time(began);
    const struct calendar_moment just_before = {
        .day = began.second > 0 ? began.day : began.day - 1,
        .second = began.second > 0 ? began.second - 1 : DAY_S - 1,
    };
    *ret_before = calendar_turn_began(calendar, shift, just_before, &before) ? shift_time(before)
                                                                             : json_null();
}

/* What people call it, also where the site gives it no name. */
static json_t *shift_name(const struct site *site, uint32_t shift) {
    char zh[AUDIENCE_WORDS_SIZE], en[AUDIENCE_WORDS_SIZE];
    audience_words(site, CHAIN_TO_SHIFT, shift, LANGUAGE_ZH, zh);
    audience_words(site, CHAIN_TO_SHIFT, shift, LANGUAGE_EN, en);
    return json_pack("{s:s, s:s}", "zh", zh, "en", en);
}

json_t *shifts_body(const struct site *site, struct wall now) {
    const struct calendar calendar = calendar_of_site(site, zone_east_s);
    struct calendar_moment moment = calendar_moment(&calendar, now);
    json_t *rows = json_array();
    for (uint32_t i = 0; i < calendar.shift_count; i++) {
        const struct site_shift *shift = &site->shifts[i];
        json_t *role =
            shift->role < ROLE_COUNT ? json_string(role_name((enum role)shift->role)) : json_null();
        json_t *began, *before;
        shift_turns(&calendar, i, moment, &began, &before);
        (void)json_array_append_new(rows, json_pack("{s:s, s:o, s:o, s:b, s:o, s:o}", "shift",
                                                    site_text(site, shift->id), "name",
                                                    shift_name(site, i), "role", role, "on_duty",
                                                    calendar_is_on_duty(&calendar, i, moment),
                                                    "began", began, "began_before", before));
    }
    return json_pack("{s:o}", "shifts", rows);
}
