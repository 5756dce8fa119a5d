/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Once a second: what nobody says by itself
 */
#include <inttypes.h>
#include <string.h>

#include "gateway/engine/engine_parts.h"

/* The engine looks at itself each second: one that has not for so long did not run. */
#define ENGINE_STANDSTILL_NS (2 * NS_PER_S + NS_PER_S / 2)

/* Values older than this are not believed without a new word of their devices. */
#define ENGINE_STANDSTILL_NS_MAX (60 * NS_PER_S)
/* Real time. A field process says each second which of its devices answer. */
#define ENGINE_FIELD_SILENT_NS (2 * NS_PER_S)

/* Tell of each test that runs; false when one did not fit. */
static bool engine_send_tests(struct engine *engine, struct engine_peer *peer) {
    struct wire_test test;
    uint32_t place = 0;
    bool fits = true;
    while (fits &&
           standing_next(&engine->standing, &place, engine_now(engine), clock_wall(), &test)) {
        fits = engine_peer_send(peer, &test) == 0;
    }
    return fits;
}

void engine_send_components(struct engine *engine) {
    struct engine_peer *peer = engine_console(engine);
    if (peer == NULL) {
        return;
    }
    struct journal *journal = recorder_journal(engine->recorder);
    struct journal_stats stats;
    journal_stats(journal, &stats);
    struct wire_components message = {
        .header = wire_header_of(WIRE_COMPONENTS, sizeof message),
        .count = engine->roster.count,
        .journal_ok = recorder_is_well(engine->recorder) ? 1 : 0,
        .journal_unsigned = recorder_is_sealing(engine->recorder) ? 0 : 1,
        .uplink_connected = (uint8_t)engine->uplink_connected,
        .uplink_delivers = (uint8_t)engine->uplink_delivers,
        .site_refused = engine->site_refused ? 1 : 0,
        .site_accepted = engine->process->site_accepted,
        .uplink_confirmed_alarm = journal_confirmed(journal, JOURNAL_SINK_MQTT, LANE_ALARM),
        .uplink_confirmed_activity = journal_confirmed(journal, JOURNAL_SINK_MQTT, LANE_ACTIVITY),
        .readings = engine->readings,
        .readings_dropped = engine->readings_dropped,
        .events = engine->event_count,
        .commits = stats.commits,
        .commit_failures = stats.failures,
        .commit_ns_max = stats.commit_ns_max,
        .journal_pending = stats.pending,
    };
    memcpy(message.present, engine->roster.present, sizeof message.present);
    memcpy(message.uplink_reason, engine->uplink_reason, sizeof message.uplink_reason);
    /* After the tests, or not at all: it says that those were all. A full socket gets the next one. */
    if (engine_send_tests(engine, peer)) {
        (void)!engine_peer_send(peer, &message);
    }
}

static void engine_send_truths(struct engine *engine) {
    struct engine_peer *peer = engine_console(engine);
    struct wire_truths truths;
    if (peer == NULL) {
        return;
    }
    for (int i = 0; i < TRUTHS_BLOCKS_A_SECOND; i++) {
        if (truths_look(&engine->truths, &truths) && engine_peer_send(peer, &truths) == 0) {
            truths_sent(&engine->truths,
                        &truths); /* one that finds no room goes in the next round */
        }
        if (engine->truths.next == 0) {
            return; /* that was the last of them */
        }
    }
}

static void engine_send_figures(struct engine *engine) {
    struct engine_peer *peer = engine_console(engine);
    struct journal_stats journal;
    struct recording_ring_stats recording;
    if (peer == NULL) {
        return;
    }
    journal_stats(recorder_journal(engine->recorder), &journal);
    recording_ring_stats(engine->recording, &recording);
    const struct wire_figures figures = {
        .header = wire_header_of(WIRE_FIGURES, sizeof figures),
        .owner = FIGURE_OWNER_ENGINE,
        .values =
            {
                [FIGURE_ENGINE_EVENTS_LOST] = engine->events_lost,
                [FIGURE_ENGINE_JOURNAL_ALARM_DROPPED] = journal.dropped[LANE_ALARM],
                [FIGURE_ENGINE_JOURNAL_ACTIVITY_DROPPED] = journal.dropped[LANE_ACTIVITY],
                [FIGURE_ENGINE_JOURNAL_BYTES] = journal.bytes,
                [FIGURE_ENGINE_JOURNAL_EXPIRED] = journal.expired,
                [FIGURE_ENGINE_JOURNAL_SHORTENED] = journal.shortened,
                [FIGURE_ENGINE_JOURNAL_LOST] = journal.lost,
                [FIGURE_ENGINE_JOURNAL_RESERVE_BYTES] = journal.reserve_bytes,
                [FIGURE_ENGINE_JOURNAL_RESERVES_SPENT] = journal.reserves_spent,
                [FIGURE_ENGINE_JOURNAL_INSPECTED] = journal.inspected,
                [FIGURE_ENGINE_JOURNAL_SOUND] = journal.inspection_done,
                [FIGURE_ENGINE_JOURNAL_SALVAGED] = journal.salvaged,
                [FIGURE_ENGINE_JOURNAL_DAMAGED] = journal.damaged,
                [FIGURE_ENGINE_JOURNAL_SEAL_FAILURES] = journal.seal_failures,
                [FIGURE_ENGINE_NOTICES_WAITING] = engine->notices.count,
                [FIGURE_ENGINE_NOTICES_DISPLACED] = engine->notices.displaced,
                [FIGURE_ENGINE_RECORDING_INPUTS] = recording.inputs,
                [FIGURE_ENGINE_RECORDING_DROPPED] = recording.dropped,
                [FIGURE_ENGINE_RECORDING_FAILURES] = recording.failures,
                [FIGURE_ENGINE_STANDSTILLS] = engine->standstills,
                [FIGURE_ENGINE_STRANGERS] = engine_peers_strangers(engine->peers),
            },
    };
    (void)!engine_peer_send(peer, &figures); /* a full socket gets the next ones */
}

/* Whoever has had the time to connect and is not here is lost, unless all are being stopped. */
static void engine_miss_components(struct engine *engine) {
    uint32_t missing;
    if (process_is_closing(engine->process)) {
        return;
    }
    while ((missing = roster_expire(&engine->roster, clock_real_ns())) < engine->roster.count) {
        engine_apply_state(engine, INPUT_COMPONENT, missing, TRUTH_FALSE);
    }
}

/* What an engine before this one began to wait for, and never came. */
static void engine_miss_points(struct engine *engine) {
    struct input input;
    while (present_missed(engine->present, engine_now(engine), &input)) {
        (void)engine_apply(engine, &input, NULL);
    }
}

/* For each second that was missed the core hears that nobody could be heard. */
static void engine_excuse_devices(struct engine *engine, struct instant from, struct instant to) {
    uint64_t second_ns = NS_PER_S * clock_rate(); /* heartbeats come each real second */
    struct instant at = from;
    bool is_last;
    do {
        struct input input = {.kind = INPUT_STANDSTILL};
        is_last = instant_reached(at, to);
        (void)engine_apply_at(engine, at, &input, NULL);
        at = instant_earlier(instant_after(at, second_ns), to);
    } while (!is_last);
}

void engine_bridge_standstill(struct engine *engine) {
    struct instant now = engine_now(engine);
    uint64_t stood_ns = clock_real_span_ns(instant_span_ns(engine->awake, now));
    if (stood_ns < ENGINE_STANDSTILL_NS) {
        return;
    }
    struct instant from = engine->stepped.ns > engine->awake.ns ? engine->stepped : engine->awake;
    bool is_excused = stood_ns <= ENGINE_STANDSTILL_NS_MAX;
    engine->awake = now;
    engine->standstills++;
    log_line(LOG_WARNING, "stood_still",
             "stood_ms=%" PRIu64
             " effect=\"%s\" advice=\"see what kept the machine from running: it may "
             "have been suspended, or have far too much to do\"",
             stood_ns / (uint64_t)NS_PER_MS,
             is_excused
                 ? "nothing was watched for so long; no device is blamed for it"
                 : "nothing was watched for so long; devices count as lost until they answer");
    if (is_excused) {
        engine_excuse_devices(engine, from, now);
    }
}

/* How many devices are polled by the field process. */
static uint32_t engine_field_devices(const struct site *site, uint32_t instance) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < site->ruleset.device_count; i++) {
        count += site->buses[site->devices[i].bus].field == instance;
    }
    return count;
}

/*
 * A field process that is there and says nothing is the one cause of all that its devices are about to be
 * blamed for: it is named first. Who did not run itself has heard nobody.
 */
static void engine_watch_fields(struct engine *engine, bool stood_still) {
    uint64_t now_ns = clock_real_ns();
    for (uint32_t i = 0; i < engine->site->header->field_count; i++) {
        bool is_there = engine_peers_find(engine->peers, i) != NULL;
        if (stood_still) {
            engine->heard[i].ns = now_ns;
        }
        uint64_t silent_ns = now_ns - engine->heard[i].ns;
        bool silent = is_there && silent_ns >= ENGINE_FIELD_SILENT_NS;
        if (silent && !engine->heard[i].silent) {
            char name[PROCESS_NAME_SIZE];
            site_component_name(engine->site, i, name, sizeof name);
            log_line(
                LOG_ERROR, "field_silent",
                "component=%s silent_ms=%" PRIu64 " devices=%" PRIu32
                " effect=\"this process is stopped or hangs, and nothing is heard of the rooms "
                "that it watches: its devices count as lost next, though nothing is wrong with "
                "them or their lines; it is replaced when it stays so\"",
                name, silent_ns / (uint64_t)NS_PER_MS, engine_field_devices(engine->site, i));
        }
        engine->heard[i].silent = silent;
    }
}

void engine_second(evutil_socket_t fd, short what, void *context) {
    struct engine *engine = context;
    (void)fd;
    (void)what;
    uint64_t standstills = engine->standstills;
    engine_bridge_standstill(engine);
    engine_watch_fields(engine, engine->standstills != standstills);
    engine->awake = engine_now(engine);
    engine_watch_clock(engine);
    recorder_tick(engine->recorder);
    recording_ring_flush(engine->recording, true);
    engine_miss_components(engine);
    engine_miss_points(engine);
    engine_hand_over(engine);
    teller_scan(engine->teller);
    teller_flush(engine->teller);
    engine_send_components(engine);
    engine_send_figures(engine);
    engine_send_truths(engine);
}
