/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/health_body.h"

#include <string.h>

#include "gateway/clock.h"
#include "gateway/console/body.h"
#include "gateway/console/unheard.h"

/* How a component or a link is called in /health. */
static const char *health_presence(unsigned truth, const char *yes, const char *no) {
    return truth == TRUTH_TRUE ? yes : truth == TRUTH_FALSE ? no : "unknown";
}

/* How the line to the broker is called there. */
static const char *health_uplink_state(const struct view *view) {
    const struct wire_components *components = &view->components;
    if (view->site->broker_count == 0) {
        return "none";
    }
    bool refusing =
        components->uplink_connected == TRUTH_TRUE && components->uplink_delivers == TRUTH_FALSE;
    return refusing ? "refusing"
                    : health_presence(components->uplink_connected, "connected", "away");
}

/* How it is, why it is away, by which broker, since when, and how many events wait for it. */
static json_t *health_uplink(const struct view *view, bool fresh) {
    static const uint64_t nothing[FIGURE_COUNT] = {0};
    const uint64_t *told = fresh ? view_uplink_figures(view) : NULL;
    const uint64_t *figures = told != NULL ? told : nothing;
    const struct wire_components *components = &view->components;
    const struct site *site = view->site;
    uint64_t broker = figures[FIGURE_UPLINK_BROKER];
    bool is_known = broker >= 1 && broker <= site->broker_count;
    bool is_away = fresh && components->uplink_reason[0] != '\0';
    const struct wall since = {(int64_t)figures[FIGURE_UPLINK_SINCE] * (int64_t)NS_PER_S};
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I}", "state",
        fresh || site->broker_count == 0 ? health_uplink_state(view) : "unknown", "reason",
        is_away ? json_string(components->uplink_reason) : json_null(), "broker",
        is_known ? json_string(site_text(site, site->brokers[broker - 1])) : json_null(), "since",
        body_wall(since), "waiting", (json_int_t)figures[FIGURE_UPLINK_EVENTS_WAITING],
        "waiting_alarms", (json_int_t)figures[FIGURE_UPLINK_ALARMS_WAITING], "confirmed_alarm",
        (json_int_t)components->uplink_confirmed_alarm, "confirmed_activity",
        (json_int_t)components->uplink_confirmed_activity);
}

/* How the database is called there. */
static const char *health_database_state(const struct view *view) {
    const uint64_t *figures = view_uplink_figures(view);
    if (view->site->header->influx_url == 0) {
        return "none";
    } else if (figures == NULL || figures[FIGURE_UPLINK_DATABASE_SINCE] == 0) {
        return "unknown";
    } else if (figures[FIGURE_UPLINK_DATABASE_REACHABLE] != 0) {
        return "connected";
    }
    return figures[FIGURE_UPLINK_DATABASE_REFUSING] != 0 ? "refusing" : "away";
}

/* Since when, and what waits for it: on a disk that keeps so much, and drops the oldest beyond. */
static json_t *health_database(const struct view *view, bool fresh) {
    static const uint64_t nothing[FIGURE_COUNT] = {0};
    const uint64_t *told = fresh ? view_uplink_figures(view) : NULL;
    const uint64_t *figures = told != NULL ? told : nothing;
    bool is_some = view->site->header->influx_url != 0;
    const struct wall since = {(int64_t)figures[FIGURE_UPLINK_DATABASE_SINCE] * (int64_t)NS_PER_S};
    return json_pack(
        "{s:s, s:o, s:I, s:I, s:I, s:I}", "state",
        fresh || !is_some ? health_database_state(view) : "unknown", "since", body_wall(since),
        "spool_lines", (json_int_t)figures[FIGURE_UPLINK_SPOOL_LINES], "spool_bytes",
        (json_int_t)figures[FIGURE_UPLINK_SPOOL_BYTES], "spool_size",
        (json_int_t)(is_some ? view->site->header->influx_spool_size : 0), "lines_dropped",
        (json_int_t)(figures[FIGURE_UPLINK_SPOOL_DROPPED] + figures[FIGURE_UPLINK_DATABASE_LOST]));
}

/* Is there a database that takes nothing? One that nothing is known of yet may be well. */
static bool health_database_fails(const struct view *view) {
    const char *state = health_database_state(view);
    return strcmp(state, "away") == 0 || strcmp(state, "refusing") == 0;
}

/*
 * What is recorded for a replay, since this engine began. It says nothing of alarms, so that a gap in it
 * does not degrade the whole.
 */
static json_t *health_recordings(const struct view *view, bool fresh) {
    static const uint64_t nothing[FIGURE_COUNT] = {0};
    bool is_told = fresh && view->round > 0 && view->engine_figures.round == view->round;
    const uint64_t *figures = is_told ? view->engine_figures.values : nothing;
    uint64_t dropped = figures[FIGURE_ENGINE_RECORDING_DROPPED];
    uint64_t failures = figures[FIGURE_ENGINE_RECORDING_FAILURES];
    const char *state = view->site->header->recordings_size == 0      ? "none"
                        : !is_told                                    ? "unknown"
                        : dropped > 0 || failures > 0                 ? "gaps"
                        : figures[FIGURE_ENGINE_RECORDING_INPUTS] > 0 ? "ok"
                                                                      : "nothing";
    return json_pack("{s:s, s:I, s:I, s:I}", "state", state, "inputs",
                     (json_int_t)figures[FIGURE_ENGINE_RECORDING_INPUTS], "inputs_dropped",
                     (json_int_t)dropped, "failures", (json_int_t)failures);
}

/* How the journal is called there. */
static const char *health_journal(const struct wire_components *components) {
    return components->journal_ok == 0         ? "failed"
           : components->journal_unsigned != 0 ? "unsigned"
                                               : "ok";
}

/* How the door for people's browsers is called there. */
static const char *health_door(enum door_state door) {
    static const char *const words[] = {
        [DOOR_NONE] = "none",
        [DOOR_OPEN] = "open",
        [DOOR_ENDING_CERTIFICATE] = "ending_certificate",
        [DOOR_OLD_CERTIFICATE] = "old_certificate",
        [DOOR_UNKNOWN_CERTIFICATE] = "unknown_certificate",
        [DOOR_CLOSED] = "closed",
    };
    return words[door];
}

enum health health_of(const struct view *view, enum door_state door, uint64_t real_ns) {
    if (view_engine(view, real_ns) != VIEW_PRESENT || !view->components_known) {
        return HEALTH_FAILED;
    }
    const struct wire_components *components = &view->components;
    bool delivers = view->site->broker_count == 0 || components->uplink_delivers == TRUTH_TRUE;
    bool well = components->journal_ok != 0 && components->journal_unsigned == 0 &&
                components->site_refused == 0 && delivers && !health_database_fails(view) &&
                (door == DOOR_NONE || door == DOOR_OPEN);
    for (uint32_t i = 0; i < site_component_engine(view->site); i++) {
        well = well && components->present[i] == TRUTH_TRUE;
    }
    return well ? HEALTH_OK : HEALTH_DEGRADED;
}

static json_t *health_component_rows(const struct view *view, bool fresh) {
    json_t *rows = json_array();
    for (uint32_t i = 0; i < site_component_engine(view->site); i++) {
        char name[32];
        site_component_name(view->site, i, name, sizeof name);
        unsigned truth = fresh ? view->components.present[i] : TRUTH_UNKNOWN;
        (void)json_array_append_new(rows, json_pack("{s:s, s:s}", "name", name, "state",
                                                    health_presence(truth, "present", "lost")));
    }
    return rows;
}

/* Is what the site file says in force, and since when is what is? */
static json_t *health_site(const struct wire_components *components, bool fresh) {
    char accepted[CLOCK_TEXT_SIZE];
    clock_format(components->site_accepted, accepted);
    return json_pack("{s:s, s:o}", "state",
                     !fresh                          ? "unknown"
                     : components->site_refused != 0 ? "refused"
                                                     : "ok",
                     "accepted", fresh ? json_string(accepted) : json_null());
}

json_t *health_body(const struct view *view, enum door_state door, uint64_t real_ns) {
    static const char *const words[] = {
        [HEALTH_OK] = "ok",
        [HEALTH_DEGRADED] = "degraded",
        [HEALTH_FAILED] = "failed",
    };
    const struct wire_components *components = &view->components;
    enum view_engine engine = view_engine(view, real_ns);
    bool fresh = view->components_known && (engine == VIEW_PRESENT || engine == VIEW_SYNCING);
    json_t *body = body_head(view, real_ns);
    (void)json_object_set_new(body, "status", json_string(words[health_of(view, door, real_ns)]));
    (void)json_object_set_new(body, "site", health_site(components, fresh));
    (void)json_object_set_new(body, "components", health_component_rows(view, fresh));
    (void)json_object_set_new(body, "journal",
                              json_pack("{s:s, s:I, s:I}", "state",
                                        fresh ? health_journal(components) : "unknown", "pending",
                                        (json_int_t)components->journal_pending, "newest_seq",
                                        (json_int_t)view->newest_seq));
    (void)json_object_set_new(body, "uplink", health_uplink(view, fresh));
    (void)json_object_set_new(body, "database", health_database(view, fresh));
    (void)json_object_set_new(body, "recordings", health_recordings(view, fresh));
    (void)json_object_set_new(body, "door", json_pack("{s:s}", "state", health_door(door)));
    (void)json_object_set_new(body, "unheard", unheard_body(view, fresh));
    return body;
}
