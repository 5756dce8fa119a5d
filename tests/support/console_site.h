/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CONSOLE_SITE_H
#define TESTS_SUPPORT_CONSOLE_SITE_H

/*
 * A site of one room for the console's tests
 *
 * Built in memory, without a file: a care centre with a day-care room, in it a call button, a smoke
 * detector, a thermometer and a card reader; a rule for calls, one for fire, and the product's own
 * for the broker. All of it is static: a test may use it and forget it.
 */

#include "gateway/console/metrics.h"
#include "gateway/site.h"

enum {
    CONSOLE_SITE_PLACE_CARE,
    CONSOLE_SITE_PLACE_ROOM,
    CONSOLE_SITE_PLACES,
};

enum {
    CONSOLE_SITE_BUTTON,
    CONSOLE_SITE_SMOKE,
    CONSOLE_SITE_TEMPERATURE,
    CONSOLE_SITE_READER,
    CONSOLE_SITE_POINTS,
};

enum {
    CONSOLE_SITE_CALL,   /* emergency_call/care/day-care/button-1 */
    CONSOLE_SITE_FIRE,   /* fire_alarm/care/day-care/smoke-1 */
    CONSOLE_SITE_UPLINK, /* system_uplink_lost/gateway */
    CONSOLE_SITE_ALARMS,
};

enum { CONSOLE_SITE_GENERATION = 7, CONSOLE_SITE_COMPONENTS = 4 };

/* More than have figures of their own; the first has an address that must be escaped. */
enum { CONSOLE_SITE_BUSES = METRICS_BUSES_MAX + 2 };

/* The site, with its journal in `state_directory`, which outlives it. */
struct site console_site(const char *state_directory);

#endif
