/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/carry.h"

#include <stdlib.h>

#include "gateway/engine/alarm_state.h"
#include "gateway/engine/restore.h"

void carry_deinit(struct carry *carry) {
    for (uint32_t i = 0; carry->alarms != NULL && i < carry->count; i++) {
        free(carry->alarms[i]);
    }
    free(carry->alarms);
    *carry = (struct carry){.alarms = NULL};
}

int carry_take(struct carry *carry, const struct rehearsal *rehearsal, struct instant at,
               struct wall wall) {
    static const struct alarm_decision unknown = {.value = 0};
    const struct ruleset *ruleset = &rehearsal->site->ruleset;
    carry_deinit(carry);
    carry->alarms = calloc((size_t)ruleset->alarm_count + 1, sizeof *carry->alarms);
    carry->count = ruleset->alarm_count;
    carry->wall = wall;
    if (carry->alarms == NULL) {
        return err_origin(-ENOMEM);
    }
    for (uint32_t i = 0; i < carry->count; i++) {
        carry->alarms[i] = alarm_state_new(rehearsal->core, i, ruleset->alarms[i].memory_count,
                                           &unknown, at, wall);
        if (carry->alarms[i] == NULL) {
            carry_deinit(carry);
            return err_origin(-ENOMEM);
        }
    }
    return 0;
}

void carry_give(struct carry *carry, struct rehearsal *rehearsal, struct wall wall) {
    const struct ruleset *ruleset = &rehearsal->site->ruleset;
    struct instant now = rehearsal->newest;
    for (uint32_t i = 0; i < carry->count; i++) {
        struct journal_alarm *state = carry->alarms[i];
        restore_life(state, now, wall, ruleset->alarms[i].priority == PRIORITY_EMERGENCY);
        (void)core_restore(rehearsal->core, i, &state->record, state->memories, state->memory_count,
                           now); /* all is kept: the rules are the same */
        core_restore_chain(rehearsal->core, i, &state->chain, now);
    }
    calendar_told_levelled(&rehearsal->calendar_told, &rehearsal->calendar, carry->wall);
    carry_deinit(carry);
}
