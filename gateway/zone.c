/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/clock.h"

void zone_init(const char *name) {
    /* Only without memory this fails, and then UTC serves until the restart that follows soon. */
    (void)setenv("TZ", name, 1);
    tzset();
}

int32_t zone_east_s(int64_t utc_s) {
    struct tm local = {0};
    time_t at = (time_t)utc_s;
    return localtime_r(&at, &local) != NULL ? (int32_t)local.tm_gmtoff : 0;
}

int64_t zone_utc_s(int64_t local_s) {
    return local_s - zone_east_s(local_s - zone_east_s(local_s));
}

bool zone_parse_wall(const char *text, bool last, struct wall *ret_wall) {
    enum { DAY_LEN = sizeof "2026-11-25" - 1, DAY_S = 86400 };
    char midnight[DAY_LEN + sizeof "T00:00:00Z"];
    if (strlen(text) != DAY_LEN) {
        return clock_parse_wall(text, ret_wall) == 0;
    }
    (void)snprintf(midnight, sizeof midnight, "%sT00:00:00Z", text);
    if (clock_parse_wall(midnight, ret_wall) != 0) {
        return false;
    }
    /* The day on which the clocks change has an hour more or less. */
    int64_t local_s = ret_wall->ns / (int64_t)NS_PER_S + (last ? DAY_S : 0);
    return clock_wall_of(zone_utc_s(local_s), last ? -1 : 0, ret_wall);
}

void zone_format(struct wall wall, char ret[ZONE_TEXT_SIZE]) {
    int64_t utc_s = wall.ns / (int64_t)NS_PER_S;
    int64_t minute = (utc_s + zone_east_s(utc_s)) / 60;
    unsigned of_day = (unsigned)(minute >= 0 ? minute % 1440 : 0);
    (void)snprintf(ret, ZONE_TEXT_SIZE, "%02u:%02u", of_day / 60 % 24, of_day % 60);
}
