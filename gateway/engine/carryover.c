/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/carryover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/log.h"

/* What people write for what is remembered. */
static const char *const words[EXPR_MEMORY_KIND_COUNT] = {
    [EXPR_MEMORY_WITHIN] = "within",
    [EXPR_MEMORY_HELD] = "held",
    [EXPR_MEMORY_SINCE] = "since",
    [EXPR_MEMORY_COUNTED] = "counter",
};

int carryover_init(struct carryover *carryover, const struct site *site) {
    *carryover = (struct carryover){0};
    carryover->rules = calloc((size_t)site->ruleset.rule_count + 1, sizeof *carryover->rules);
    return carryover->rules != NULL ? 0 : err_origin(-ENOMEM);
}

void carryover_deinit(struct carryover *carryover) {
    free(carryover->rules);
    carryover->rules = NULL;
}

void carryover_add(struct carryover *carryover, const struct site *site, uint32_t alarm,
                   const struct core_kept *kept) {
    struct carryover_rule *rule = &carryover->rules[site->ruleset.alarms[alarm].rule];
    rule->alarms += kept->anew > 0 || kept->dropped > 0 || kept->delay_ended;
    rule->kept += kept->kept;
    rule->anew += kept->anew;
    rule->dropped += kept->dropped;
    rule->anew_kinds |= kept->anew_kinds;
    rule->delays += kept->delay_ended;
    carryover->kept += kept->kept;
    carryover->anew += kept->anew;
    carryover->dropped += kept->dropped;
}

void carryover_words(uint32_t kinds, char ret[CARRYOVER_WORDS_SIZE]) {
    size_t at = 0;
    ret[0] = '\0';
    for (unsigned kind = 0; kind < EXPR_MEMORY_KIND_COUNT; kind++) {
        if ((kinds >> kind & 1) != 0 && words[kind] != NULL) {
            (void)snprintf(ret + at, CARRYOVER_WORDS_SIZE - at, "%s%s", at > 0 ? ", " : "",
                           words[kind]);
            at += strlen(ret + at);
        }
    }
}

static void carryover_tell_rule(const struct carryover_rule *rule, const char *id) {
    char anew[CARRYOVER_WORDS_SIZE];
    bool begins = rule->anew > 0 || rule->delays > 0;
    carryover_words(rule->anew_kinds, anew);
    log_line(LOG_WARNING, "past_not_kept",
             "rule=%s alarms=%u kept=%u anew=%u dropped=%u delays=%u begins_anew=\"%s\" "
             "effect=\"the rule was changed, or its points: %s; open alarms stay open\"",
             id, rule->alarms, rule->kept, rule->anew, rule->dropped, rule->delays, anew,
             begins ? "what it does not know of the past begins anew now, as at a first start"
                    : "what its former parts knew of the past is forgotten");
}

uint32_t carryover_tell(const struct carryover *carryover, const struct site *site) {
    uint32_t told = 0;
    for (uint32_t i = 0; i < site->ruleset.rule_count; i++) {
        const struct carryover_rule *rule = &carryover->rules[i];
        if (rule->alarms > 0 && told++ < CARRYOVER_RULES_TOLD) {
            carryover_tell_rule(rule, site_text(site, site->rules[i].id));
        }
    }
    if (told > CARRYOVER_RULES_TOLD) {
        log_line(LOG_WARNING, "past_not_kept",
                 "more_rules=%u effect=\"so it is with these as well\"",
                 told - CARRYOVER_RULES_TOLD);
    }
    return told;
}
