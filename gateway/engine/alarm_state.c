/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/alarm_state.h"

struct journal_alarm *alarm_state_new(const struct core *core, uint32_t alarm,
                                      uint32_t memory_count, const struct alarm_decision *decision,
                                      struct instant now, struct wall wall) {
    struct journal_alarm *state = NULL;
    if (journal_alarm_new(alarm, memory_count, &state) != 0) {
        return NULL;
    }
    state->at = now;
    state->at_wall = wall;
    state->changed = decision->changed;
    state->value = decision->value;
    state->quality = decision->quality;
    core_record(core, alarm, now, &state->record);
    core_record_memories(core, alarm, now, state->memories);
    core_record_chain(core, alarm, now, &state->chain);
    return state;
}
