/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What was lost while no engine was there to see it: an engine before this one, above all
 *
 * The supervisor hands each new engine what no other has recorded. Each loss becomes two inputs, that
 * the component is gone and, of an engine, that it is there again; how and for how long goes along in
 * the first, so that a recording has it and a replay tells the same.
 *
 * An engine may have recorded a loss and ended before it could say so. Then the state of the alarm
 * lies in the journal, and was taken after that end: the loss is not told once more.
 */
#include <inttypes.h>

#include "gateway/engine/engine_parts.h"

/* The engine sees a connection break a little before the supervisor sees the process gone. */
#define LOSS_SEEN_EARLIER_NS NS_PER_S

void engine_note_recorded_loss(struct engine *engine, uint32_t alarm,
                               const struct journal_alarm *recorded) {
    const struct ruleset *ruleset = &engine->site->ruleset;
    const struct ruleset_alarm *bound = &ruleset->alarms[alarm];
    if (ruleset->rules[bound->rule].builtin == BUILTIN_COMPONENT_LOST &&
        recorded->at.ns != JOURNAL_INSTANT_FOREIGN.ns) {
        engine->losses_known[bound->entity] =
            (struct engine_known_loss){.at = recorded->at, .is_lost = recorded->record.axes.active};
    }
}

/* The component of a process; RULESET_NONE when this site has no such process. */
static uint32_t engine_loss_component(const struct engine *engine, const struct loss *loss) {
    const struct site *site = engine->site;
    switch ((enum process_role)loss->role) {
    case PROCESS_ENGINE:
        return site_component_engine(site);
    case PROCESS_FIELD:
        return loss->instance < site->header->field_count
                   ? engine_component(site, WIRE_ROLE_FIELD, loss->instance)
                   : RULESET_NONE;
    case PROCESS_UPLINK:
        return engine_component(site, WIRE_ROLE_UPLINK, 0);
    case PROCESS_CONSOLE:
        return engine_component(site, WIRE_ROLE_CONSOLE, 0);
    case PROCESS_ROLE_COUNT:
        break;
    }
    return RULESET_NONE;
}

/* How long ago by the clock of the instants something was at `real_ns`. */
static uint64_t engine_ago_ns(uint64_t real_ns) {
    uint64_t now_ns = clock_real_ns();
    return now_ns > real_ns ? (now_ns - real_ns) * clock_rate() : 0;
}

/* Does the journal say that an engine before this one has told it? */
static bool engine_loss_is_known(const struct engine *engine, const struct loss *loss,
                                 uint32_t component) {
    const struct engine_known_loss *known = &engine->losses_known[component];
    uint64_t ago_ns = engine_ago_ns(loss->ended_ns);
    uint64_t earlier_ns = known->is_lost ? LOSS_SEEN_EARLIER_NS * clock_rate() : 0;
    if (known->at.ns == 0 || ago_ns >= engine->newest.ns) {
        return false;
    }
    return known->at.ns + earlier_ns >= engine->newest.ns - ago_ns;
}

static void engine_tell_loss(struct engine *engine, const struct loss *loss, uint32_t component) {
    char how[LOSS_TEXT_SIZE];
    char name[PROCESS_NAME_SIZE];
    struct input lost = {
        .kind = INPUT_COMPONENT,
        .subject = component,
        .state = TRUTH_FALSE,
        .step = loss->end,
        .run = loss->code,
        .age_ns = engine_ago_ns(loss->since_ns),
    };
    /* One that was lost several times was there in between. */
    engine_apply_state(engine, INPUT_COMPONENT, component, TRUTH_TRUE);
    (void)engine_apply(engine, &lost, NULL);
    loss_text((enum loss_end)loss->end, loss->code, false, how);
    site_component_name(engine->site, component, name, sizeof name);
    log_line(LOG_WARNING, "loss_told", "component=%s how=\"%s\" gone_ms=%" PRIu64 " effect=\"%s\"",
             name, how, lost.age_ns / (uint64_t)NS_PER_MS,
             loss->role == PROCESS_ENGINE
                 ? "no alarm was decided meanwhile; what was read is decided now"
                 : "it was lost while the engine was away");
}

void engine_tell_losses(struct engine *engine) {
    const struct losses *losses = engine->process->losses;
    uint32_t self = site_component_engine(engine->site);
    for (uint32_t i = 0; i < losses->count; i++) {
        const struct loss *loss = &losses->list[i];
        uint32_t component = engine_loss_component(engine, loss);
        if (component != RULESET_NONE && loss->end < LOSS_END_COUNT &&
            !engine_loss_is_known(engine, loss, component)) {
            engine_tell_loss(engine, loss, component);
        }
    }
    if (losses->displaced > 0) {
        log_line(LOG_WARNING, "losses_not_told",
                 "count=%" PRIu32
                 " effect=\"more processes were lost in a row than are told one by one\"",
                 losses->displaced);
    }
    engine_apply_state(engine, INPUT_COMPONENT, self, TRUTH_TRUE);
}

void engine_settle_losses(struct engine *engine, uint64_t ticket) {
    if (engine->process->losses->count > 0 && !engine->losses_recorded && ticket >= engine->begun) {
        engine->losses_recorded = true;
        process_told();
    }
}
