/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/second_person.h"

/* Does a rule of the site's raise fire alarms at the place or below it? */
static bool place_has_fire_alarms(const struct ruleset *ruleset, uint32_t place) {
    bool found = false;
    for (uint32_t i = 0; i < ruleset->alarm_count && !found; i++) {
        const struct ruleset_alarm *alarm = &ruleset->alarms[i];
        const struct ruleset_rule *rule = &ruleset->rules[alarm->rule];
        bool is_fire = rule->class == CLASS_FIRE_ALARM || rule->class == CLASS_FIRE_CONFIRMED;
        found = is_fire && rule->builtin == BUILTIN_NONE && alarm->place != RULESET_NONE &&
                alarm->place >= place && alarm->place < ruleset->places[place].end;
    }
    return found;
}

/* Does a test run at the place, around it or in it? Whoever begins another is told that first. */
static bool place_is_tested(const struct core *core, const struct ruleset *ruleset, uint32_t place,
                            struct instant now) {
    bool tested = false;
    for (uint32_t i = place; i < ruleset->places[place].end && !tested; i++) {
        tested = core_test_left_ds(core, i, now) > 0;
    }
    for (uint32_t i = ruleset->places[place].parent; i != RULESET_NONE && !tested;
         i = ruleset->places[i].parent) {
        tested = core_test_left_ds(core, i, now) > 0;
    }
    return tested;
}

/* Is there a second person, who acts in another role? */
static bool command_has_second(const struct command *command) {
    return command->second_actor[0] != '\0' && command->second_role < ROLE_COUNT &&
           role_acts(command->second_role) && command->second_role != command->role;
}

enum command_refusal second_person_refuse(const struct core *core, const struct ruleset *ruleset,
                                          const struct command *command, struct instant now) {
    bool begins = command->verb == COMMAND_TEST_BEGIN && command->place < ruleset->place_count &&
                  command->role < ROLE_COUNT && role_acts(command->role) &&
                  command_refuse_span(command, ruleset->times->test_max_s) == COMMAND_ACCEPTED;
    if (!begins || command_has_second(command) ||
        place_is_tested(core, ruleset, command->place, now) ||
        !place_has_fire_alarms(ruleset, command->place)) {
        return COMMAND_ACCEPTED;
    }
    return COMMAND_REFUSED_SECOND_ROLE;
}
