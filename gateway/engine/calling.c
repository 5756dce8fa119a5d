/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/calling.h"

#include <assert.h>

uint32_t calling_roles(const struct ruleset *ruleset, uint32_t alarm,
                       const struct chain_record *record) {
    assert(alarm < ruleset->alarm_count);
    if (record->state != CHAIN_RUNNING) {
        return 0;
    }
    const struct ruleset_rule *rule = &ruleset->rules[ruleset->alarms[alarm].rule];
    const struct ruleset_chain *conf = &ruleset->chains[rule->chain];
    assert(record->reached <= conf->step_count);
    const struct chain chain = {.reached = record->reached};
    uint32_t roles = 0;
    for (enum role role = 0; role < ROLE_COUNT; role++) {
        bool ends = chain_accepts(&chain, &ruleset->steps[conf->step_first], role);
        roles |= ends ? UINT32_C(1) << role : 0;
    }
    return roles;
}
