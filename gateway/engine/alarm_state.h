/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_ALARM_STATE_H
#define GATEWAY_ENGINE_ALARM_STATE_H

/*
 * The state of an alarm as the journal keeps it
 */

#include "gateway/journal/journal_event.h"

/* What an alarm was decided by, and when something about it last happened. */
struct alarm_decision {
    double value;
    uint32_t quality; /* enum quality */
    struct wall changed;
};

/* Take the state of `alarm`, which has `memory_count` memories, now. NULL without memory. */
struct journal_alarm *alarm_state_new(const struct core *core, uint32_t alarm,
                                      uint32_t memory_count, const struct alarm_decision *decision,
                                      struct instant now, struct wall wall);

#endif
