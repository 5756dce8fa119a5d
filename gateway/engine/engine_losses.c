/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which processes are lost: told once each, whoever sees it first
 *
 * The engine sees the connection of a process break, and the supervisor sees its end, that of an engine
 * and of a process that had no connection included, and hands over each that is not known to be recorded
 * (losses.h). Processes have numbers, so that both are known for the same.
 *
 * A loss that was handed over becomes two inputs, that the component was there and that it is gone; how and
 * for how long goes along in the second, so that a recording has it and a replay tells the same.
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
        engine->losses.known[bound->entity] =
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
    const struct engine_known_loss *known = &engine->losses.known[component];
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
                 : "it does nothing until another has taken its place");
}

/*
 * Is it told as lost, and has not been there since? Then it is still the same: one that cannot start, or
 * dies before it has said hello, is not raised again with each attempt.
 */
static bool engine_is_missing(const struct engine *engine, uint32_t component) {
    return engine->losses.is_begun && engine->roster.present[component] == TRUTH_FALSE;
}

/* The component of a loss that was told just now: is another process there already? */
static void engine_place_loss(struct engine *engine, const struct loss *loss, uint32_t component) {
    const struct engine_peer *peer = engine_peers_find(engine->peers, component);
    if (peer != NULL && peer->number > loss->number) {
        engine_apply_state(engine, INPUT_COMPONENT, component, TRUTH_TRUE);
    } else {
        roster_leave(&engine->roster, component, false, clock_real_ns());
    }
}

static void engine_take_loss(struct engine *engine, const struct loss *loss, uint32_t component) {
    struct engine_losses *losses = &engine->losses;
    bool is_self = loss->role == PROCESS_ENGINE;
    losses->dead[component] = loss->number;
    if (loss->number <= losses->told[component]) {
        return;
    }
    losses->told[component] = loss->number;
    if (engine_loss_is_known(engine, loss, component) ||
        (!is_self && engine_is_missing(engine, component))) {
        return;
    }
    engine_tell_loss(engine, loss, component);
    if (!is_self) {
        engine_place_loss(engine, loss, component);
    }
}

/* Tell what the supervisor has said and was not told. */
static void engine_tell_losses(struct engine *engine) {
    const struct losses *said = process_losses(engine->process);
    if (said->newest <= engine->losses.newest) {
        return;
    }
    for (uint32_t i = 0; i < said->count; i++) {
        const struct loss *loss = &said->list[i];
        uint32_t component = engine_loss_component(engine, loss);
        if (component != RULESET_NONE && loss->end < LOSS_END_COUNT) {
            engine_take_loss(engine, loss, component);
        }
    }
    engine->losses.newest = said->newest;
    engine->losses.is_owed = said->count > 0;
    engine->losses.ticket = UINT64_MAX;
}

void engine_begin_losses(struct engine *engine) {
    uint32_t displaced = process_losses(engine->process)->displaced;
    engine_tell_losses(engine);
    if (displaced > 0) {
        log_line(LOG_WARNING, "losses_not_told",
                 "count=%" PRIu32
                 " effect=\"more processes were lost in a row than are told one by one\"",
                 displaced);
    }
    engine_apply_state(engine, INPUT_COMPONENT, site_component_engine(engine->site), TRUTH_TRUE);
    engine->losses.is_begun = true;
}

void engine_hear_losses(void *context) {
    struct engine *engine = context;
    engine_tell_losses(engine);
    if (!engine->losses.is_owed) {
        engine->losses.is_owed = true;
        engine->losses.ticket = UINT64_MAX;
    }
    engine_hand_over(engine);
}

void engine_gain(struct engine *engine, const struct engine_peer *peer) {
    struct engine_losses *losses = &engine->losses;
    engine_tell_losses(engine);
    if (peer->number <= losses->dead[peer->component]) {
        return; /* its connection breaks next */
    }
    losses->known[peer->component] = (struct engine_known_loss){0};
    if (losses->told[peer->component] >= peer->number) {
        /* It had lost its connection alone; its end is yet to be told. */
        losses->told[peer->component] = peer->number - 1;
    }
    engine->heard[peer->component].ns = clock_real_ns();
    roster_join(&engine->roster, peer->component);
    engine_apply_state(engine, INPUT_COMPONENT, peer->component, TRUTH_TRUE);
}

void engine_lose(struct engine *engine, const struct engine_peer *peer, bool clean) {
    struct engine_losses *losses = &engine->losses;
    /* If the supervisor has seen it first, it says also how it ended. */
    engine_tell_losses(engine);
    if (peer->number <= losses->told[peer->component]) {
        return;
    }
    if (!clean) {
        losses->told[peer->component] = peer->number;
    }
    roster_leave(&engine->roster, peer->component, clean, clock_real_ns());
    engine_apply_state(engine, INPUT_COMPONENT, peer->component,
                       clean ? TRUTH_UNKNOWN : TRUTH_FALSE);
}

void engine_hand_over_losses(struct engine *engine) {
    if (engine->losses.is_owed && engine->losses.ticket == UINT64_MAX) {
        engine->losses.ticket = engine->ticket;
        engine_settle_losses(engine, engine->settled);
    }
}

void engine_settle_losses(struct engine *engine, uint64_t ticket) {
    if (engine->losses.is_owed && ticket >= engine->losses.ticket) {
        engine->losses.is_owed = false;
        process_told(engine->losses.newest);
    }
}
