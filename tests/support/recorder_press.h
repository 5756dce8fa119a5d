/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_RECORDER_PRESS_H
#define TESTS_SUPPORT_RECORDER_PRESS_H

/*
 * A press of the button of console_site.h, as the core tells it to the recorder
 */

#include "gateway/clock.h"
#include "gateway/engine/recorder.h"
#include "tests/support/cmocka.h"
#include "tests/support/console_site.h"

/* Have the call recorded as its `occurrence`-th. Returns the ticket that covers it. */
static inline uint64_t recorder_press(struct recorder *recorder, uint32_t occurrence) {
    const struct core_event event = {
        .type = EVENT_ALARM_RAISED,
        .wall = clock_wall(),
        .alarm = CONSOLE_SITE_CALL,
        .place = CONSOLE_SITE_PLACE_ROOM,
        .point = CONSOLE_SITE_BUTTON,
        .axes = {.active = true, .latched = true, .open = true},
        .occurrence = occurrence,
        .raises = 1,
        .value = 1,
        .measured = clock_wall(),
    };
    const struct event_context context = {.raised = event.wall};
    assert_int_equal(recorder_add(recorder, &event, &context, NULL), 0);
    return recorder_submit(recorder);
}

#endif
