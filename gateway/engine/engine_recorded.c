/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the recorder says: an event is told, a state is recorded, the disk does not answer
 */
#include <stdlib.h>

#include "gateway/engine/engine_parts.h"

void engine_event_told(void *context, const struct wire_event *message,
                       const struct journal_event *event) {
    struct engine *engine = context;
    teller_event(engine->teller, message);
    notices_add(&engine->notices, message, event->step, event->run);
    receipts_told(&engine->results, event, message->seq);
}

void engine_alarm_recorded(void *context, const struct journal_alarm *alarm) {
    struct engine *engine = context;
    index_set_remove(&engine->unrecorded, alarm->alarm);
    teller_alarm(engine->teller, alarm);
}

/* The disk does not answer: what is known of alarms is told as it is. */
void engine_told_early(void *context) {
    struct engine *engine = context;
    for (uint32_t alarm = index_set_next(&engine->unrecorded, 0); alarm != INDEX_NONE;
         alarm = index_set_next(&engine->unrecorded, alarm + 1)) {
        struct journal_alarm *state = engine_alarm_state(engine, alarm);
        if (state != NULL) {
            state->ticket = engine->ticket;
            teller_alarm(engine->teller, state);
            free(state);
        }
    }
    teller_flush(engine->teller);
    engine_send_notices(engine);
    engine_send_results(engine);
}

/* The disk has answered: it has taken what it was tried with, or failed. */
static void engine_settle_disk(struct engine *engine, uint64_t ticket) {
    if (engine->disk_ticket != 0 &&
        (ticket >= engine->disk_ticket || !recorder_is_recording(engine->recorder))) {
        engine->disk_ticket = 0;
        process_disk_answers();
    }
}

void engine_settled(void *context, uint64_t ticket) {
    struct engine *engine = context;
    engine->settled = ticket;
    engine_settle_losses(engine, ticket);
    engine_settle_disk(engine, ticket);
    receipts_settle_results(&engine->results, ticket);
    for (uint32_t i = 0; i < LIMIT_COMPONENTS; i++) {
        struct engine_peer *peer = engine_peers_find(engine->peers, i);
        receipts_settle(&engine->tokens[i], ticket);
        if (peer != NULL) {
            engine_send_recorded(engine, peer);
        }
    }
    engine_send_results(engine);
    engine_send_notices(engine);
    teller_flush(engine->teller);
}

void engine_storage(void *context, bool well) {
    struct engine *engine = context;
    log_line(
        well ? LOG_NOTICE : LOG_ERROR, well ? "storage_well" : "storage_unwell",
        well
            ? "effect=\"events are recorded again before they are told\""
            : "effect=\"alarms go out at once, though not recorded first, not kept long, or not signed; "
              "the lines of the journal before this one say which, and what to do\"");
    engine_apply_state(engine, INPUT_STORAGE, 0, well ? TRUTH_TRUE : TRUTH_FALSE);
    engine_hand_over(engine);
}

/* A new journal knows nothing yet: hand over every alarm that has a life to remember. */
void engine_renewed(void *context) {
    struct engine *engine = context;
    for (uint32_t alarm = 0; alarm < engine->site->ruleset.alarm_count; alarm++) {
        const struct alarm *state = core_alarm(engine->core, alarm);
        if (state->occurrence > 0 || !alarm_axes_are_idle(state->axes)) {
            engine_record_alarm(engine, alarm);
        }
    }
    engine->standing.changed = true;
    engine_hand_over(engine);
}
