/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Once a second: what nobody says by itself
 */
#include <string.h>

#include "gateway/engine/engine_parts.h"

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

static void engine_send_components(struct engine *engine) {
    struct engine_peer *peer = engine_console(engine);
    if (peer == NULL) {
        return;
    }
    struct journal *journal = recorder_journal(engine->recorder);
    struct journal_stats stats;
    journal_stats(journal, &stats);
    struct wire_components message = {
        .header = wire_header_of(WIRE_COMPONENTS, sizeof message),
        .count = engine->site->header->component_count,
        .journal_ok = recorder_is_well(engine->recorder) ? 1 : 0,
        .uplink_connected = (uint8_t)engine->uplink_connected,
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
    /* After the tests, or not at all: it says that those were all. A full socket gets the next one. */
    if (engine_send_tests(engine, peer)) {
        (void)!engine_peer_send(peer, &message);
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
                [FIGURE_ENGINE_NOTICES_WAITING] = engine->notices.count,
                [FIGURE_ENGINE_NOTICES_DISPLACED] = engine->notices.displaced,
                [FIGURE_ENGINE_RECORDING_INPUTS] = recording.inputs,
                [FIGURE_ENGINE_RECORDING_DROPPED] = recording.dropped,
                [FIGURE_ENGINE_RECORDING_FAILURES] = recording.failures,
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

void engine_second(evutil_socket_t fd, short what, void *context) {
    struct engine *engine = context;
    (void)fd;
    (void)what;
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
}
