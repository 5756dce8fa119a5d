/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/metrics.h"

#include <inttypes.h>

#include <event2/buffer.h>

enum metric_type { METRIC_GAUGE, METRIC_COUNTER };

/* Announce a family; OpenMetrics wants it once, before its samples, and units as the name's ending.
 */
static void metric_family(struct evbuffer *out, const char *name, enum metric_type type,
                          const char *unit, const char *help) {
    (void)evbuffer_add_printf(out, "# TYPE tocsin_%s %s\n", name,
                              type == METRIC_COUNTER ? "counter" : "gauge");
    if (unit != NULL) {
        (void)evbuffer_add_printf(out, "# UNIT tocsin_%s %s\n", name, unit);
    }
    (void)evbuffer_add_printf(out, "# HELP tocsin_%s %s\n", name, help);
}

static void metric_gauge(struct evbuffer *out, const char *name, const char *help, uint64_t value) {
    metric_family(out, name, METRIC_GAUGE, NULL, help);
    (void)evbuffer_add_printf(out, "tocsin_%s %" PRIu64 "\n", name, value);
}

static void metric_seconds(struct evbuffer *out, const char *name, const char *help, uint64_t ns) {
    metric_family(out, name, METRIC_GAUGE, "seconds", help);
    (void)evbuffer_add_printf(out, "tocsin_%s %" PRIu64 ".%09" PRIu64 "\n", name,
                              (uint64_t)(ns / NS_PER_S), (uint64_t)(ns % NS_PER_S));
}

static void metric_counter(struct evbuffer *out, const char *name, const char *help,
                           uint64_t value) {
    metric_family(out, name, METRIC_COUNTER, NULL, help);
    (void)evbuffer_add_printf(out, "tocsin_%s_total %" PRIu64 "\n", name, value);
}

static void metrics_build(struct evbuffer *out) {
    (void)evbuffer_add_printf(out,
                              "# TYPE tocsin_build info\n"
                              "# HELP tocsin_build The program that answers.\n"
                              "tocsin_build_info{version=\"%s\"} 1\n",
                              TOCSIN_VERSION);
}

static void metrics_console(struct evbuffer *out, const struct metrics_console *console) {
    metric_counter(out, "console_requests", "Requests answered.", console->requests);
    metric_counter(out, "console_strangers", "Requests of users who may not ask.",
                   console->strangers);
    metric_gauge(out, "console_streams", "Open event streams.", console->streams);
    metric_counter(
        out, "console_streams_over",
        "Streams of who is signed in that came to their end; the client comes back by itself.",
        console->streams_over);
    metric_counter(out, "console_streams_cut", "Streams ended because the client did not read.",
                   console->streams_cut);
    metric_counter(out, "console_streams_refused", "Streams refused because there were too many.",
                   console->streams_refused);
    metric_gauge(out, "console_commands_waiting", "Commands that the engine has not answered yet.",
                 console->commands_waiting);
    metric_counter(out, "console_commands_refused", "Commands refused because too many wait.",
                   console->commands_refused_full);
    metric_counter(out, "console_broker_commands",
                   "Commands by the broker that were signed, new, and went on to the engine.",
                   console->remote_passed_on);
    metric_counter(out, "console_broker_commands_refused",
                   "Commands by the broker that did not get as far as the engine.",
                   console->remote_refused);
    metric_counter(out, "console_broker_commands_unsigned",
                   "Of those, the ones that nobody with a key had signed.",
                   console->remote_unsigned);
    metric_counter(out, "console_phone_requests_refused",
                   "Requests about phones refused because too many wait.",
                   console->phones_refused_full);
    metric_counter(out, "console_page_words_refused",
                   "Pages that found no place, and calls shown that were too many in a second.",
                   console->pages_refused_full);
    metric_gauge(out, "history_bytes", "What the history for charts takes on the disk.",
                 console->history_bytes);
    metric_counter(out, "history_dropped",
                   "Minutes and quarters of the history that the disk did not take.",
                   console->history_dropped);
    metric_counter(out, "history_damaged", "Pieces of the history that could not be read back.",
                   console->history_damaged);
}

static void metrics_door(struct evbuffer *out, const struct metrics_console *console) {
    metric_gauge(out, "console_connections", "Open connections of people's browsers.",
                 console->connections);
    metric_counter(out, "console_connections_refused",
                   "Connections refused because there were too many, or too many of one address.",
                   console->connections_refused);
    metric_counter(out, "console_connections_slow",
                   "Connections ended because a request did not come in in time.",
                   console->connections_slow);
    metric_counter(out, "console_connections_plain",
                   "Requests refused because there was no memory for TLS.",
                   console->connections_plain);
    metric_counter(out, "console_connections_waiting",
                   "Requests refused because their address left too many bytes of answers unread.",
                   console->connections_waiting);
    metric_counter(out, "console_sign_ins", "Times that somebody signed in.", console->sign_ins);
    metric_counter(out, "console_sign_ins_refused", "Wrong passwords, tokens and codes.",
                   console->sign_ins_refused);
    metric_counter(out, "console_sign_ins_held_up",
                   "Tries that were told to wait, or for which there was no room.",
                   console->sign_ins_held_up);
    metric_gauge(out, "console_sessions", "Sessions of people and screens.", console->sessions);
    metric_counter(out, "console_sessions_displaced", "Sessions ended because there were too many.",
                   console->sessions_displaced);
    metric_counter(out, "console_sessions_displaced_own",
                   "Sessions ended because their person had too many.",
                   console->sessions_displaced_own);
    metric_gauge(
        out, "console_door_open",
        "1 while people's browsers can open the console, with the certificate that is meant.",
        console->door_open);
    metric_counter(out, "console_certificate_faults",
                   "Times that a certificate was found that cannot be shown.",
                   console->certificate_faults);
    metric_gauge(out, "console_certificate_expires_timestamp_seconds",
                 "When the certificate that is shown ends, in seconds since 1970; 0: not known.",
                 console->certificate_until_s);
}

static void metrics_components(struct evbuffer *out, const struct view *view) {
    metric_family(out, "component_up", METRIC_GAUGE, NULL,
                  "1 while a process of the gateway is there.");
    for (uint32_t i = 0; i < site_component_engine(view->site); i++) {
        char name[32];
        site_component_name(view->site, i, name, sizeof name);
        if (view->components.present[i] != TRUTH_UNKNOWN) {
            (void)evbuffer_add_printf(out, "tocsin_component_up{component=\"%s\"} %d\n", name,
                                      view->components.present[i] == TRUTH_TRUE);
        }
    }
}

static void metrics_engine(struct evbuffer *out, const struct view *view) {
    const struct wire_components *told = &view->components;
    metrics_components(out, view);
    metric_gauge(out, "site_refused",
                 "1 while the site file is wrong, and the site before it in force.",
                 told->site_refused);
    metric_gauge(out, "journal_up", "1 while the journal records.", told->journal_ok != 0);
    metric_gauge(out, "journal_newest_seq", "The newest recorded event.", view->newest_seq);
    metric_gauge(out, "journal_pending", "Events that wait for their commit.",
                 told->journal_pending);
    metric_seconds(out, "commit_max_seconds", "The longest commit so far.", told->commit_ns_max);
    metric_counter(out, "readings", "Readings taken.", told->readings);
    metric_counter(out, "readings_dropped", "Readings of another configuration, dropped.",
                   told->readings_dropped);
    metric_counter(out, "events", "Events decided.", told->events);
    metric_counter(out, "commits", "Commits of the journal.", told->commits);
    metric_counter(out, "commit_failures", "Commits that failed.", told->commit_failures);
    if (told->uplink_connected != TRUTH_UNKNOWN) {
        metric_gauge(out, "uplink_connected", "1 while the broker is connected.",
                     told->uplink_connected == TRUTH_TRUE);
        metric_gauge(out, "uplink_delivers", "1 while the broker takes all that it is given.",
                     told->uplink_delivers == TRUTH_TRUE);
    }
    metric_family(out, "uplink_confirmed_seq", METRIC_GAUGE, NULL,
                  "The newest event that the broker has confirmed.");
    (void)evbuffer_add_printf(out,
                              "tocsin_uplink_confirmed_seq{lane=\"alarm\"} %" PRIu64 "\n"
                              "tocsin_uplink_confirmed_seq{lane=\"activity\"} %" PRIu64 "\n",
                              told->uplink_confirmed_alarm, told->uplink_confirmed_activity);
}

/* One gauge per priority: of alarms for which `counts` holds. */
static void metrics_by_priority(
    struct evbuffer *out, const struct view *view, const char *name, const char *help,
    bool (*counts)(const struct view *view, uint32_t alarm, struct wall now), struct wall now) {
    uint64_t sums[PRIORITY_COUNT] = {0};
    for (uint32_t i = 0; i < view->site->ruleset.alarm_count; i++) {
        sums[view->site->ruleset.alarms[i].priority] += counts(view, i, now);
    }
    metric_family(out, name, METRIC_GAUGE, NULL, help);
    for (enum priority priority = 0; priority < PRIORITY_COUNT; priority++) {
        (void)evbuffer_add_printf(out, "tocsin_%s{priority=\"%s\"} %" PRIu64 "\n", name,
                                  priority_name(priority), sums[priority]);
    }
}

static bool metrics_is_active(const struct view *view, uint32_t alarm, struct wall now) {
    (void)now;
    return view->alarms[alarm].record.axes.active;
}

static bool metrics_is_unacknowledged(const struct view *view, uint32_t alarm, struct wall now) {
    (void)now;
    struct alarm_axes axes = view->alarms[alarm].record.axes;
    return axes.open && !axes.acked;
}

/* Of those that people are told of: raised longer ago than its priority has to be acknowledged. */
static bool metrics_is_overdue(const struct view *view, uint32_t alarm, struct wall now) {
    const struct ruleset *ruleset = &view->site->ruleset;
    const struct alarm_record *record = &view->alarms[alarm].record;
    uint64_t within_s = ruleset->times->acknowledge_s[ruleset->alarms[alarm].priority];
    return metrics_is_unacknowledged(view, alarm, now) && !record->axes.test &&
           !alarm_axes_are_suppressed(record->axes) && within_s > 0 &&
           now.ns - record->raised.ns > (int64_t)(within_s * NS_PER_S);
}

static void metrics_alarms(struct evbuffer *out, const struct view *view, struct wall now) {
    metrics_by_priority(out, view, "alarms_active", "Alarms whose condition is true.",
                        metrics_is_active, now);
    metrics_by_priority(out, view, "alarms_unacknowledged", "Alarms nobody has acknowledged.",
                        metrics_is_unacknowledged, now);
    metrics_by_priority(out, view, "alarms_overdue",
                        "Unacknowledged alarms raised longer ago than acknowledge_within allows.",
                        metrics_is_overdue, now);
}

/* --- figures of the processes --- */

static const struct {
    enum figure_owner owner;
    enum metric_type type;
    const char *name, *help;
} figures[FIGURE_COUNT] = {
#define FIGURE(owner, tag, name, type, help)                                                       \
    [FIGURE_##owner##_##tag] = {FIGURE_OWNER_##owner, METRIC_##type, name, help},
#include "gateway/figures.def"
#undef FIGURE
};

/* Of the present connection, and of a process that is there: others would be of the past. */
static bool metrics_has_figures(const struct view *view, uint32_t component) {
    return view->figures[component].round == view->round &&
           view->components.present[component] == TRUTH_TRUE;
}

static void metrics_field_figure(struct evbuffer *out, const struct view *view,
                                 enum figure figure) {
    bool counter = figures[figure].type == METRIC_COUNTER;
    metric_family(out, figures[figure].name, figures[figure].type, NULL, figures[figure].help);
    for (uint32_t i = 0; i < view->site->header->field_count; i++) {
        char name[32];
        site_component_name(view->site, i, name, sizeof name);
        if (metrics_has_figures(view, i)) {
            (void)evbuffer_add_printf(out, "tocsin_%s%s{component=\"%s\"} %" PRIu64 "\n",
                                      figures[figure].name, counter ? "_total" : "", name,
                                      view->figures[i].values[figure]);
        }
    }
}

static void metrics_figure(struct evbuffer *out, enum figure figure, uint64_t value) {
    if (figures[figure].type == METRIC_COUNTER) {
        metric_counter(out, figures[figure].name, figures[figure].help, value);
    } else {
        metric_gauge(out, figures[figure].name, figures[figure].help, value);
    }
}

static void metrics_figures(struct evbuffer *out, const struct view *view) {
    uint32_t uplink = view->site->header->field_count; /* components: fields, uplink, console */
    for (enum figure figure = 0; figure < FIGURE_COUNT; figure++) {
        switch (figures[figure].owner) {
        case FIGURE_OWNER_FIELD:
            metrics_field_figure(out, view, figure);
            break;
        case FIGURE_OWNER_UPLINK:
            if (metrics_has_figures(view, uplink)) {
                metrics_figure(out, figure, view->figures[uplink].values[figure]);
            }
            break;
        case FIGURE_OWNER_ENGINE:
            if (view->engine_figures.round == view->round) {
                metrics_figure(out, figure, view->engine_figures.values[figure]);
            }
            break;
        case FIGURE_OWNER_COUNT:
            break;
        }
    }
}

/* --- buses --- */

/* What is counted of a bus; its figures in the order of struct wire_bus. */
static const struct {
    const char *name, *help;
} bus_families[] = {
    {"bus_polls", "Polls begun on a Modbus bus."},
    {"bus_answers", "Polls that brought a good answer."},
    {"bus_polls_skipped", "Polls that were left out because the bus was busy."},
};
enum { BUS_POLLS, BUS_ANSWERS, BUS_SKIPPED, BUS_FAMILIES };

static uint64_t metrics_bus_figure(const struct wire_bus *bus, int family) {
    return family == BUS_POLLS ? bus->polls : family == BUS_ANSWERS ? bus->answers : bus->skipped;
}

/* One series: the bus by its address, escaped as OpenMetrics wants it, and a cause or none. */
static void metrics_bus_sample(struct evbuffer *out, const char *family, const char *bus,
                               const char *cause, uint64_t value) {
    (void)evbuffer_add_printf(out, "tocsin_%s_total{bus=\"", family);
    for (const char *at = bus; *at != '\0'; at++) {
        (void)evbuffer_add_printf(out, *at == '"' || *at == '\\' ? "\\%c" : "%c", *at);
    }
    (void)evbuffer_add_printf(out, "\"");
    if (cause != NULL) {
        (void)evbuffer_add_printf(out, ",cause=\"%s\"", cause);
    }
    (void)evbuffer_add_printf(out, "} %" PRIu64 "\n", value);
}

static void metrics_bus_add(struct wire_bus *sum, const struct wire_bus *bus) {
    sum->polls += bus->polls;
    sum->answers += bus->answers;
    sum->skipped += bus->skipped;
    for (int cause = 0; cause < SENSOR_CAUSE_COUNT; cause++) {
        sum->failures[cause] += bus->failures[cause];
    }
}

/* The rows to print: each known bus, up to the bound, and the rest as one. */
struct bus_rows {
    uint32_t count;
    const char *names[METRICS_BUSES_MAX + 1];
    struct wire_bus counts[METRICS_BUSES_MAX + 1];
};

static void metrics_bus_rows(const struct view *view, struct bus_rows *ret_rows) {
    ret_rows->count = 0;
    for (uint32_t i = 0; i < view->site->bus_count; i++) {
        const struct site_bus *bus = &view->site->buses[i];
        const struct wire_bus *counts = view_bus_counts(view, i);
        if (counts == NULL) {
            continue;
        } else if (ret_rows->count < METRICS_BUSES_MAX) {
            ret_rows->names[ret_rows->count] = site_text(view->site, bus->address);
            ret_rows->counts[ret_rows->count++] = *counts;
            continue;
        } else if (ret_rows->count == METRICS_BUSES_MAX) {
            ret_rows->names[ret_rows->count] = "others";
            ret_rows->counts[ret_rows->count++] = (struct wire_bus){0};
        }
        metrics_bus_add(&ret_rows->counts[METRICS_BUSES_MAX], counts);
    }
}

static void metrics_buses(struct evbuffer *out, const struct view *view) {
    struct bus_rows rows;
    metrics_bus_rows(view, &rows);
    for (int family = 0; family < BUS_FAMILIES; family++) {
        metric_family(out, bus_families[family].name, METRIC_COUNTER, NULL,
                      bus_families[family].help);
        for (uint32_t i = 0; i < rows.count; i++) {
            metrics_bus_sample(out, bus_families[family].name, rows.names[i], NULL,
                               metrics_bus_figure(&rows.counts[i], family));
        }
    }
    metric_family(out, "bus_failures", METRIC_COUNTER, NULL,
                  "Requests on a Modbus bus that brought no value, by cause.");
    for (uint32_t i = 0; i < rows.count; i++) {
        for (enum sensor_cause cause = SENSOR_CAUSE_NONE + 1; cause < SENSOR_CAUSE_COUNT; cause++) {
            metrics_bus_sample(out, "bus_failures", rows.names[i], sensor_cause_name(cause),
                               rows.counts[i].failures[cause]);
        }
    }
}

static void metrics_points(struct evbuffer *out, const struct view *view, enum view_engine engine) {
    uint64_t sums[QUALITY_COUNT] = {0};
    for (uint32_t i = 0; i < view->site->ruleset.point_count; i++) {
        sums[view_point_quality(view, i, engine)]++;
    }
    metric_family(out, "points", METRIC_GAUGE, NULL, "Points by the quality of their value.");
    for (enum quality quality = 0; quality < QUALITY_COUNT; quality++) {
        (void)evbuffer_add_printf(out, "tocsin_points{quality=\"%s\"} %" PRIu64 "\n",
                                  quality_name(quality), sums[quality]);
    }
}

void metrics_write(struct evbuffer *out, const struct view *view,
                   const struct metrics_console *console, struct wall now, uint64_t real_ns) {
    enum view_engine engine = view_engine(view, real_ns);
    metrics_build(out);
    metric_gauge(out, "engine_up", "1 while the engine is connected and speaks.",
                 engine == VIEW_PRESENT || engine == VIEW_SYNCING);
    metric_seconds(out, "engine_message_age_seconds", "Since the last message of the engine.",
                   view_silence_ns(view, real_ns));
    if (engine == VIEW_PRESENT) {
        metrics_alarms(out, view, now);
        metrics_points(out, view, engine);
        if (view->components_known) {
            metrics_engine(out, view);
            metrics_figures(out, view);
            metrics_buses(out, view);
        }
    }
    metrics_console(out, console);
    metrics_door(out, console);
    (void)evbuffer_add_printf(out, "# EOF\n");
}
