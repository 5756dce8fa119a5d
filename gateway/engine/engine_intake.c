/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What peers say, when they come and go, and what they are owed
 */
#include <inttypes.h>
#include <string.h>

#include "gateway/engine/calling.h"
#include "gateway/engine/engine_parts.h"

enum {
    /* Live values wait so long for others to go with them; events never wait. */
    ENGINE_POINTS_MS = 5,
};

/* ---- answers that were owed ---- */

void engine_send_results(struct engine *engine) {
    uint32_t console = engine_component(engine->site, WIRE_ROLE_CONSOLE, 0);
    struct engine_peer *peer = engine_peers_find(engine->peers, console);
    const struct receipts_result *due;
    while ((due = receipts_next(&engine->results)) != NULL) {
        const struct wire_command_result message = {
            .header = wire_header_of(WIRE_COMMAND_RESULT, sizeof message),
            .request = due->request,
            .refusal = due->refusal,
            .recorded = due->recorded ? 1 : 0,
            .seq = due->seq,
            .calling = due->calling,
        };
        if (peer != NULL && engine_peer_send(peer, &message) == WIRE_E_FULL) {
            return; /* goes on when it is writable */
        }
        receipts_pop(&engine->results);
    }
}

void engine_send_recorded(struct engine *engine, struct engine_peer *peer) {
    struct receipts_tokens *tokens = &engine->tokens[peer->component];
    if (tokens->due == 0) {
        return;
    }
    const struct wire_recorded message = {.header = wire_header_of(WIRE_RECORDED, sizeof message),
                                          .token = tokens->due};
    if (engine_peer_send(peer, &message) == 0) {
        tokens->due = 0;
    }
}

/* ---- whom webhooks call, and what is sent again ---- */

static int engine_send_uplink(void *context, const void *message) {
    return engine_peer_send(context, message);
}

void engine_send_notices(struct engine *engine) {
    uint32_t uplink = engine_component(engine->site, WIRE_ROLE_UPLINK, 0);
    struct engine_peer *peer = engine_peers_find(engine->peers, uplink);
    if (peer != NULL) {
        notices_flush(&engine->notices, engine_send_uplink, peer);
        resends_flush(&engine->resends, engine_send_uplink, peer);
    }
}

/* ---- what peers say ---- */

static bool engine_generation_is_ours(struct engine *engine, uint64_t generation, uint32_t count) {
    if (generation == engine->site->header->generation) {
        return true;
    }
    uint64_t kept_back;
    engine->readings_dropped += count;
    if (log_permit(&engine->drop_limiter, &kept_back)) {
        log_line(LOG_WARNING, "readings_dropped",
                 "dropped=%" PRIu64
                 " effect=\"they belong to another configuration and could mean another room\"",
                 engine->readings_dropped);
    }
    return false;
}

void engine_points_due(evutil_socket_t fd, short what, void *context) {
    struct engine *engine = context;
    (void)fd;
    (void)what;
    engine->points_wait = false;
    teller_flush(engine->teller);
}

static void engine_plan_points(struct engine *engine) {
    if (!engine->points_wait && teller_has_points(engine->teller)) {
        engine->points_wait = true;
        engine_arm(engine->points, ENGINE_POINTS_MS * NS_PER_MS);
    }
}

/*
 * The point has said something: what it said in an engine before is not to be found again, should this one
 * die. What it says now a field process that lives says again. Without memory the next reading tries it.
 */
static void engine_spend_value(struct engine *engine, uint32_t point) {
    uint64_t row = present_row(engine->present, point);
    if (row != 0 && journal_forget_point(recorder_journal(engine->recorder), row) == 0) {
        present_spend(engine->present, point);
    }
}

/*
 * Was this event reading taken before? Its field process says it again, because it could not know. A token
 * says in its upper half whose life it is of, and counts up in the lower (gateway/field/holding.h).
 */
static bool engine_knows_token(const struct engine *engine, uint32_t field, uint64_t token) {
    uint64_t newest = journal_token(recorder_journal(engine->recorder), field);
    return token != 0 && token >> 32 == newest >> 32 && token <= newest;
}

static bool engine_take_readings(struct engine *engine, struct engine_peer *peer,
                                 const struct wire_readings *message) {
    if (!engine_generation_is_ours(engine, message->generation, message->count)) {
        return true;
    }
    uint64_t token = 0;
    for (uint32_t i = 0; i < message->count; i++) {
        const struct wire_reading *reading = &message->readings[i];
        if (reading->reading.point >= engine->site->ruleset.point_count ||
            reading->reading.quality >= QUALITY_COUNT) {
            return false;
        }
        token = reading->token > token ? reading->token : token;
        if (engine_knows_token(engine, peer->component, reading->token)) {
            continue;
        }
        struct input input = {.kind = INPUT_READING, .reading = reading->reading};
        if (reading->heard.ns != 0) {
            input.age_ns = instant_span_ns(reading->heard, engine_now(engine));
        }
        (void)engine_apply(engine, &input, NULL);
        engine_spend_value(engine, reading->reading.point);
        teller_reading(engine->teller, reading->reading.point, reading->reading.measured);
        if (reading->token != 0) {
            journal_add_token(recorder_journal(engine->recorder), peer->component, reading->token);
        }
    }
    engine->readings += message->count;
    engine_hand_over(engine);
    if (token > 0) {
        receipts_expect(&engine->tokens[peer->component], engine->ticket, token);
        /* A reading that changed nothing may be covered by what is recorded already. */
        receipts_settle(&engine->tokens[peer->component], engine->settled);
        engine_send_recorded(engine, peer);
    }
    engine_plan_points(engine);
    return true;
}

static bool engine_take_heartbeats(struct engine *engine, const struct wire_heartbeats *message) {
    if (!engine_generation_is_ours(engine, message->generation, 0)) {
        return true;
    }
    for (uint32_t i = 0; i < message->count; i++) {
        engine_apply_state(engine, INPUT_HEARTBEAT, message->devices[i], TRUTH_TRUE);
    }
    engine_hand_over(engine);
    return true;
}

static bool engine_take_device(struct engine *engine, const struct wire_device *message) {
    if (engine_generation_is_ours(engine, message->generation, 0)) {
        engine_apply_state(engine, INPUT_DEVICE, message->device,
                           message->answering != 0 ? TRUTH_TRUE : TRUTH_FALSE);
        engine_hand_over(engine);
    }
    return true;
}

static bool engine_take_confirmed(struct engine *engine, const struct wire_confirmed *message) {
    if (message->lane > LANE_ACTIVITY || message->sink >= JOURNAL_SINK_COUNT) {
        return false;
    }
    journal_confirm(recorder_journal(engine->recorder), (enum journal_sink)message->sink,
                    (enum core_lane)message->lane, message->seq);
    engine->ticket = recorder_submit(engine->recorder);
    return true;
}

static bool engine_take_uplink(struct engine *engine, const struct wire_uplink_state *message) {
    bool delivers = message->connected != 0 && message->delivers != 0;
    engine->uplink_connected = message->connected != 0 ? TRUTH_TRUE : TRUTH_FALSE;
    engine->uplink_delivers = delivers ? TRUTH_TRUE : TRUTH_FALSE;
    (void)snprintf(engine->uplink_reason, sizeof engine->uplink_reason, "%.*s",
                   WIRE_REASON_SIZE - 1, message->connected != 0 ? "" : message->reason);
    /* A broker that is there and takes no alarm is of no more use than one that is gone. */
    engine_apply_state(engine, INPUT_UPLINK, 0, engine->uplink_delivers);
    engine_hand_over(engine);
    return true;
}

static bool engine_take_receipt(struct engine *engine, const struct wire_receipt *message) {
    struct input input = {.kind = INPUT_RECEIPT,
                          .subject = message->alarm,
                          .state = message->received != 0 ? TRUTH_TRUE : TRUTH_FALSE,
                          .step = message->step,
                          .run = message->run};
    notices_settle(&engine->notices, message->alarm, message->step, message->run);
    (void)engine_apply(engine, &input, NULL);
    engine_hand_over(engine);
    return true;
}

static bool engine_take_listener(struct engine *engine, const struct wire_listener *message) {
    if (message->webhook >= engine->site->ruleset.listener_count ||
        message->reachable >= TRUTH_COUNT) {
        return false;
    }
    engine_apply_state(engine, INPUT_LISTENER, message->webhook, (enum truth)message->reachable);
    engine_hand_over(engine);
    return true;
}

static bool engine_take_certificate(struct engine *engine, const struct wire_certificate *message) {
    struct input input = {.kind = INPUT_CERTIFICATE,
                          .subject = message->certificate,
                          .state = (enum truth)message->well,
                          .generation = message->until_s};
    if (message->certificate >= CERTIFICATE_COUNT || message->well >= TRUTH_COUNT) {
        return false;
    }
    (void)engine_apply(engine, &input, NULL);
    engine_hand_over(engine);
    return true;
}

/* Who could end the calls that go on for the alarm of an acknowledgement. */
static uint32_t engine_calling(const struct engine *engine, const struct command *command) {
    const struct ruleset *ruleset = &engine->site->ruleset;
    struct chain_record record;
    if (command->verb != COMMAND_ACKNOWLEDGE || command->alarm >= ruleset->alarm_count) {
        return 0;
    }
    core_record_chain(engine->core, command->alarm, engine->newest, &record);
    return calling_roles(ruleset, command->alarm, &record);
}

/* Whoever asked hears of it once its event, if there is one, is recorded. */
static void engine_answer(struct engine *engine, struct receipts_result result) {
    /* The events may be told while they are handed over, so the answer must be expected before. */
    result.ticket = UINT64_MAX;
    bool expected = receipts_add(&engine->results, &result);
    engine_hand_over(engine);
    if (expected) {
        uint32_t last = (engine->results.first + engine->results.count - 1) % RECEIPTS_RESULTS_MAX;
        if (engine->results.count > 0 && engine->results.list[last].request == result.request) {
            engine->results.list[last].ticket = engine->ticket;
        }
    } else {
        log_line(LOG_WARNING, "answers_full",
                 "effect=\"a command was carried out, its answer is not kept\"");
    }
    engine_send_results(engine);
}

static bool engine_take_command(struct engine *engine, const struct wire_command *message) {
    struct command command = message->command;
    command.actor[sizeof command.actor - 1] = '\0';
    command.second_actor[sizeof command.second_actor - 1] = '\0';
    command.reason[sizeof command.reason - 1] = '\0';
    if (command.verb >= COMMAND_VERB_COUNT || command.actor[0] == '\0' ||
        command.role >= ROLE_COUNT || command.second_role > ROLE_COUNT ||
        command.disposition >= DISPOSITION_COUNT) {
        return false;
    }
    struct receipts_result result = {.request = message->request};
    struct input input = {.kind = INPUT_COMMAND, .command = &command};
    result.refusal = (uint32_t)second_person_refuse(engine->core, &engine->site->ruleset, &command,
                                                    engine_now(engine));
    if (result.refusal == COMMAND_ACCEPTED) {
        result.refusal = (uint32_t)engine_apply(engine, &input, &result.event);
    }
    result.calling = engine_calling(engine, &command);
    result.due = result.refusal != COMMAND_ACCEPTED;
    engine_answer(engine, result);
    return true;
}

static struct event_moment engine_moment(struct engine *engine) {
    return (struct event_moment){
        .at = engine_now(engine),
        .wall = engine_wall(engine),
        .clock_behind = core_clock_behind_ns(engine->core, engine->newest) > 0,
    };
}

static bool engine_take_takeover(struct engine *engine, const struct wire_takeover *message) {
    const struct takeover *takeover = &message->takeover;
    const struct event_moment moment = engine_moment(engine);
    struct receipts_result result = {.request = message->request};
    if (!takeover_is_sound(engine->site, takeover)) {
        return false;
    }
    int r = recorder_add_takeover(engine->recorder, takeover, &moment, &result.event);
    if (r != 0) {
        log_failure("takeover_not_recorded", r, "whoever takes over hears so, and signs again");
        result.due = true; /* as not recorded */
    }
    engine_answer(engine, result);
    return true;
}

static bool engine_take_resend(struct engine *engine, const struct wire_resend *message) {
    char actor[2 * sizeof message->actor];
    uint64_t newest = journal_newest(recorder_journal(engine->recorder));
    if (!resends_ask(&engine->resends, message, newest, clock_real_ns())) {
        return false;
    }
    const struct wire_resend *asked = &engine->resends.list[message->sink];
    log_line(LOG_NOTICE, "resend_asked",
             "to=%s first_seq=%" PRIu64 " last_seq=%" PRIu64
             " by=%s effect=\"events of this part of the journal go out once more, marked as "
             "replayed\"",
             resends_sink_name((enum journal_sink)message->sink), asked->first_seq, asked->last_seq,
             log_quote(asked->actor, actor, sizeof actor));
    engine_send_notices(engine);
    return true;
}

static bool engine_take_resent(struct engine *engine, const struct wire_resent *message) {
    const struct wire_resend *asked = resends_over(&engine->resends, message);
    if (asked != NULL) {
        log_line(LOG_NOTICE, "resend_over",
                 "to=%s first_seq=%" PRIu64 " last_seq=%" PRIu64
                 " effect=\"all that was asked for has been taken\"",
                 resends_sink_name((enum journal_sink)message->sink), asked->first_seq,
                 asked->last_seq);
    }
    return true;
}

/* The console, if it is there. */
struct engine_peer *engine_console(struct engine *engine) {
    return engine_peers_find(engine->peers, engine_component(engine->site, WIRE_ROLE_CONSOLE, 0));
}

/* Figures of another process are for the console; what it cannot take it gets with the next ones. */
static bool engine_take_figures(struct engine *engine, const struct engine_peer *peer,
                                const struct wire_figures *message) {
    struct engine_peer *console = engine_console(engine);
    bool own = message->owner ==
               (peer->role == WIRE_ROLE_FIELD ? FIGURE_OWNER_FIELD : FIGURE_OWNER_UPLINK);
    if (own && console != NULL) {
        struct wire_figures figures = *message;
        figures.component = peer->component;
        (void)!engine_peer_send(console, &figures);
    }
    return own;
}

static bool engine_take_buses(struct engine *engine, const struct wire_buses *message) {
    struct engine_peer *console = engine_console(engine);
    if (console != NULL) {
        (void)!engine_peer_send(console, message);
    }
    return true;
}

/* What is asked of the uplink for people's phones; it says itself what comes of it. */
static bool engine_take_push(struct engine *engine, const struct wire_push *message) {
    uint32_t uplink = engine_component(engine->site, WIRE_ROLE_UPLINK, 0);
    struct engine_peer *peer = engine_peers_find(engine->peers, uplink);
    struct engine_peer *console = engine_console(engine);
    if ((peer == NULL || engine_peer_send(peer, message) != 0) && console != NULL) {
        const struct wire_push_result away = {
            .header = wire_header_of(WIRE_PUSH_RESULT, wire_size(WIRE_PUSH_RESULT, 0)),
            .request = message->request,
            .outcome = WIRE_PUSH_AWAY,
        };
        (void)!engine_peer_send(console, &away); /* whoever asks waits no longer than a while */
    }
    return true;
}

/* What the console says of open pages goes to the uplink; it is said again, or the step waits in vain. */
static bool engine_pass_to_uplink(struct engine *engine, const struct wire_header *message) {
    struct engine_peer *peer =
        engine_peers_find(engine->peers, engine_component(engine->site, WIRE_ROLE_UPLINK, 0));
    if (peer != NULL) {
        (void)!engine_peer_send(peer, message);
    }
    return true;
}

static bool engine_pass_to_console(struct engine *engine, const struct wire_header *message) {
    struct engine_peer *console = engine_console(engine);
    if (console != NULL) {
        (void)!engine_peer_send(console, message);
    }
    return true;
}

/*
 * The console says it until it hears that it is recorded. Its token stands behind those of all field processes, whatever
 * the site has of those.
 */
enum { DEED_TOKEN = JOURNAL_FIELD_MAX - 1 };

static bool engine_take_deed(struct engine *engine, struct engine_peer *peer,
                             const struct wire_deed *message) {
    const struct deed *deed = &message->deed;
    const struct event_moment moment = engine_moment(engine);
    if (!deed_is_sound(deed)) {
        return false;
    }
    if (!engine_knows_token(engine, DEED_TOKEN, deed->number)) {
        int r = recorder_add_deed(engine->recorder, deed, &moment);
        if (r != 0) {
            log_failure("deed_not_recorded", r, "the console says it again with its next start");
            return true;
        }
        if (deed->number != 0) {
            journal_add_token(recorder_journal(engine->recorder), DEED_TOKEN, deed->number);
        }
        engine_hand_over(engine);
    }
    if (deed->number != 0) {
        receipts_expect(&engine->tokens[peer->component], engine->ticket, deed->number);
        receipts_settle(&engine->tokens[peer->component], engine->settled);
        engine_send_recorded(engine, peer);
    }
    return true;
}

/* A command that came by the broker is the console's to judge. */
static bool engine_take_remote(struct engine *engine, struct engine_peer *peer,
                               const struct wire_remote *message) {
    if (message->flaw >= WIRE_REMOTE_FLAW_COUNT) {
        return false;
    }
    struct engine_peer *console = engine_console(engine);
    if (console == NULL || engine_peer_send(console, message) != 0) {
        const struct wire_remote_answer away = {
            .header = wire_header_of(WIRE_REMOTE_ANSWER, wire_size(WIRE_REMOTE_ANSWER, 0)),
            .number = message->number,
        };
        (void)!engine_peer_send(peer, &away); /* or it finds out in a while */
    }
    return true;
}

static bool engine_take_remote_answer(struct engine *engine,
                                      const struct wire_remote_answer *message) {
    uint32_t uplink = engine_component(engine->site, WIRE_ROLE_UPLINK, 0);
    struct engine_peer *peer = engine_peers_find(engine->peers, uplink);
    if (peer != NULL) {
        (void)!engine_peer_send(peer, message); /* likewise */
    }
    return true;
}

bool engine_receive(void *context, struct engine_peer *peer, const struct wire_header *message) {
    struct engine *engine = context;
    bool field = peer->role == WIRE_ROLE_FIELD;
    bool uplink = peer->role == WIRE_ROLE_UPLINK;
    bool console = peer->role == WIRE_ROLE_CONSOLE;
    engine->heard[peer->component].ns = clock_real_ns();
    switch ((enum wire_kind)message->kind) {
    case WIRE_READINGS:
        return field && engine_take_readings(engine, peer, (const struct wire_readings *)message);
    case WIRE_HEARTBEATS:
        return field && engine_take_heartbeats(engine, (const struct wire_heartbeats *)message);
    case WIRE_DEVICE:
        return field && engine_take_device(engine, (const struct wire_device *)message);
    case WIRE_CONFIRMED:
        return uplink && engine_take_confirmed(engine, (const struct wire_confirmed *)message);
    case WIRE_RECEIPT:
        return uplink && engine_take_receipt(engine, (const struct wire_receipt *)message);
    case WIRE_LISTENER:
        return uplink && engine_take_listener(engine, (const struct wire_listener *)message);
    case WIRE_CERTIFICATE:
        return uplink && engine_take_certificate(engine, (const struct wire_certificate *)message);
    case WIRE_UPLINK_STATE:
        return uplink && engine_take_uplink(engine, (const struct wire_uplink_state *)message);
    case WIRE_FIGURES:
        return (field || uplink) &&
               engine_take_figures(engine, peer, (const struct wire_figures *)message);
    case WIRE_BUSES:
        return field && engine_take_buses(engine, (const struct wire_buses *)message);
    case WIRE_COMMAND:
        return console && engine_take_command(engine, (const struct wire_command *)message);
    case WIRE_RESEND:
        return console && engine_take_resend(engine, (const struct wire_resend *)message);
    case WIRE_PUSH:
        return console && engine_take_push(engine, (const struct wire_push *)message);
    case WIRE_PUSH_RESULT:
    case WIRE_REACH:
        return uplink && engine_pass_to_console(engine, message);
    case WIRE_PAGES:
    case WIRE_SHOWN:
        return console && engine_pass_to_uplink(engine, message);
    case WIRE_TAKEOVER:
        return console && engine_take_takeover(engine, (const struct wire_takeover *)message);
    case WIRE_DEED:
        return console && engine_take_deed(engine, peer, (const struct wire_deed *)message);
    case WIRE_REMOTE:
        return uplink && engine_take_remote(engine, peer, (const struct wire_remote *)message);
    case WIRE_REMOTE_ANSWER:
        return console &&
               engine_take_remote_answer(engine, (const struct wire_remote_answer *)message);
    case WIRE_RESENT:
        return uplink && engine_take_resent(engine, (const struct wire_resent *)message);
    case WIRE_HELLO:
    case WIRE_GOODBYE:
    case WIRE_WELCOME:
    case WIRE_OUTPUTS:
    case WIRE_RECORDED:
    case WIRE_EVENT:
    case WIRE_JOURNAL:
    case WIRE_ALARM_STATE:
    case WIRE_POINT_VALUES:
    case WIRE_COMPONENTS:
    case WIRE_TEST:
    case WIRE_TRUTHS:
    case WIRE_COMMAND_RESULT:
    case WIRE_NOTICE:
    case WIRE_KIND_COUNT:
        break;
    }
    return false;
}

/* ---- peers coming and going ---- */

static void engine_welcome(struct engine *engine, struct engine_peer *peer) {
    const struct journal *journal = recorder_journal(engine->recorder);
    struct wire_welcome welcome = {
        .header = wire_header_of(WIRE_WELCOME, sizeof welcome),
        .generation = engine->site->header->generation,
        .newest_seq = journal_newest(journal),
    };
    strncpy(welcome.boot, journal_boot(journal), sizeof welcome.boot - 1);
    if (peer->role == WIRE_ROLE_UPLINK) {
        welcome.confirmed_alarm = journal_confirmed(journal, JOURNAL_SINK_MQTT, LANE_ALARM);
        welcome.confirmed_activity = journal_confirmed(journal, JOURNAL_SINK_MQTT, LANE_ACTIVITY);
        uint64_t alarm = journal_confirmed(journal, JOURNAL_SINK_DATABASE, LANE_ALARM);
        uint64_t activity = journal_confirmed(journal, JOURNAL_SINK_DATABASE, LANE_ACTIVITY);
        welcome.confirmed_database = alarm < activity ? alarm : activity;
    }
    (void)!engine_peer_send(peer,
                            &welcome); /* a fresh socket has room; one that is gone is noticed */
}

void engine_joined(void *context, struct engine_peer *peer) {
    struct engine *engine = context;
    engine_welcome(engine, peer);
    if (peer->role == WIRE_ROLE_FIELD) {
        engine->tokens[peer->component] = (struct receipts_tokens){0}; /* of an earlier process */
        switchboard_join(&engine->switchboard, peer);
    } else {
        teller_join(engine->teller, peer);
    }
    if (peer->role == WIRE_ROLE_CONSOLE) {
        engine->tokens[peer->component] = (struct receipts_tokens){0};
        truths_forget(&engine->truths);
    }
    if (peer->role == WIRE_ROLE_UPLINK) {
        notices_renew(&engine->notices);
        resends_renew(&engine->resends);
        engine_send_notices(engine);
    }
    engine_gain(engine, peer);
    engine_hand_over(engine);
}

void engine_left(void *context, struct engine_peer *peer, bool clean) {
    struct engine *engine = context;
    if (peer->role != WIRE_ROLE_FIELD) {
        teller_leave(engine->teller, peer);
    }
    if (peer->role == WIRE_ROLE_UPLINK) {
        engine->uplink_connected = TRUTH_UNKNOWN;
        engine->uplink_delivers = TRUTH_UNKNOWN;
        engine->uplink_reason[0] = '\0';
        engine_apply_state(engine, INPUT_UPLINK, 0, TRUTH_UNKNOWN);
        for (uint32_t i = 0; i < engine->site->ruleset.listener_count; i++) {
            engine_apply_state(engine, INPUT_LISTENER, i, TRUTH_UNKNOWN);
        }
    }
    /* One that was told to stop is no fault; one that died is, at once. */
    engine_lose(engine, peer, clean || process_is_closing(engine->process));
    engine_hand_over(engine);
}

void engine_writable(void *context, struct engine_peer *peer) {
    struct engine *engine = context;
    if (peer->role == WIRE_ROLE_FIELD) {
        switchboard_writable(&engine->switchboard, peer);
        engine_send_recorded(engine, peer);
        return;
    }
    if (peer->role == WIRE_ROLE_CONSOLE) {
        engine_send_results(engine);
        engine_send_recorded(engine, peer);
    } else {
        engine_send_notices(engine);
    }
    teller_writable(engine->teller, peer);
}
