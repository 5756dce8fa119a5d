/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/view.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The product's own rules stand last, and have an alarm for each device in the order of these. */
static uint32_t view_find_device_alarms(const struct ruleset *ruleset) {
    for (uint32_t i = 0; i < ruleset->rule_count; i++) {
        const struct ruleset_rule *rule = &ruleset->rules[i];
        if (rule->builtin == BUILTIN_DEVICE_LOST && rule->alarm_count == ruleset->device_count) {
            return rule->alarm_first;
        }
    }
    return RULESET_NONE;
}

int view_init(struct view *view, const struct site *site, uint64_t real_ns) {
    *view = (struct view){.site = site, .heard_real_ns = real_ns};
    /* One more of each, because a site without alarms or points is no reason to fail. */
    view->alarms = calloc((size_t)site->ruleset.alarm_count + 1, sizeof *view->alarms);
    view->points = calloc((size_t)site->ruleset.point_count + 1, sizeof *view->points);
    view->truths = calloc((size_t)site->ruleset.alarm_count + 1, 1);
    view->buses = calloc((size_t)site->bus_count + 1, sizeof *view->buses);
    view->tests = calloc((size_t)site->ruleset.place_count + 1, sizeof *view->tests);
    if (view->alarms == NULL || view->points == NULL || view->truths == NULL ||
        view->buses == NULL || view->tests == NULL) {
        view_deinit(view);
        return err_origin(-ENOMEM);
    }
    memset(view->truths, VIEW_TRUTH_UNTOLD, site->ruleset.alarm_count);
    view->device_alarm_first = view_find_device_alarms(&site->ruleset);
    return 0;
}

void view_deinit(struct view *view) {
    free(view->alarms);
    free(view->points);
    free(view->truths);
    free(view->buses);
    free(view->tests);
    view->alarms = NULL;
    view->points = NULL;
    view->truths = NULL;
    view->buses = NULL;
    view->tests = NULL;
}

void view_welcome(struct view *view, const struct wire_welcome *welcome, uint64_t real_ns) {
    view->connected = true;
    view->complete = false;
    view->round++;
    view->heard_real_ns = real_ns;
    view->heard_ever = true;
    view->newest_seq = welcome->newest_seq;
    memset(view->truths, VIEW_TRUTH_UNTOLD, view->site->ruleset.alarm_count);
    view->revisions[VIEW_TABLE_HEAD]++;
    memcpy(view->boot, welcome->boot, sizeof view->boot);
    view->boot[sizeof view->boot - 1] = '\0';
}

/* The snapshot is complete: what it did not name has become normal while we were not connected. */
static void view_snapshot_end(struct view *view) {
    for (uint32_t i = 0; i < view->site->ruleset.alarm_count; i++) {
        struct view_alarm *alarm = &view->alarms[i];
        if (alarm->round != view->round) {
            view->pending_count -= alarm->record.axes.pending;
            alarm->record.axes = (struct alarm_axes){0};
            alarm->calling = 0;
        }
    }
    view->complete = true;
}

static void view_alarm_state(struct view *view, const struct wire_alarm_state *message) {
    view->revisions[VIEW_TABLE_ALARMS]++;
    if (message->snapshot == 2) {
        view_snapshot_end(view);
        return;
    }
    if (message->alarm >= view->site->ruleset.alarm_count || message->quality >= QUALITY_COUNT) {
        view->faults++;
        return;
    }
    view->pending_count -= view->alarms[message->alarm].record.axes.pending;
    view->pending_count += message->record.axes.pending;
    view->alarms[message->alarm] = (struct view_alarm){
        .record = message->record,
        .taken = message->taken,
        .changed = message->changed,
        .value = message->value,
        .quality = message->quality,
        .calling = message->calling,
        .round = view->round,
    };
}

/* What it said last and since when; what is not usable says nothing. */
static void view_point_say(struct view_point *point, const struct view_point *before) {
    bool usable = quality_usable((enum quality)point->quality) && point->heard.ns != 0;
    bool first = before->round == 0 || before->heard.ns == 0;
    point->said = usable ? point->value : before->said;
    point->since = before->since;
    if (usable && !first && point->said != before->said) {
        point->since = point->measured;
    }
}

static void view_point_values(struct view *view, const struct wire_point_values *message) {
    for (uint32_t i = 0; i < message->count; i++) {
        const struct wire_point_value *value = &message->values[i];
        if (value->point >= view->site->ruleset.point_count || value->quality >= QUALITY_COUNT) {
            view->faults++;
            continue;
        }
        struct view_point *point = &view->points[value->point];
        const struct view_point before = *point;
        *point = (struct view_point){
            .value = isfinite(value->value) ? value->value : 0,
            .measured = value->measured,
            .heard = value->heard,
            .quality = isfinite(value->value) ? (uint8_t)value->quality : QUALITY_FAULT,
            .round = view->round,
        };
        view_point_say(point, &before);
        view->revisions[VIEW_TABLE_POINTS]++;
        view->revisions[VIEW_TABLE_QUALITIES] += point->quality != before.quality ||
                                                 point->round != before.round ||
                                                 (point->heard.ns == 0) != (before.heard.ns == 0);
    }
}

static void view_take_truths(struct view *view, const struct wire_truths *message) {
    uint32_t alarm_count = view->site->ruleset.alarm_count;
    if (message->first > alarm_count ||
        message->count > wire_truths_rows(alarm_count - message->first)) {
        view->faults++;
        return;
    }
    for (uint32_t i = 0; i < message->count * WIRE_TRUTHS_EACH && message->first + i < alarm_count;
         i++) {
        view->truths[message->first + i] = (uint8_t)wire_truths_take(message, i);
    }
    view->revisions[VIEW_TABLE_TRUTHS]++;
}

static void view_take_figures(struct view *view, const struct wire_figures *message) {
    struct view_figures *figures = &view->engine_figures;
    if (message->owner >= FIGURE_OWNER_COUNT || message->component >= LIMIT_COMPONENTS) {
        view->faults++;
        return;
    } else if (message->owner != FIGURE_OWNER_ENGINE) {
        figures = &view->figures[message->component];
    }
    figures->round = view->round;
    memcpy(figures->values, message->values, sizeof figures->values);
}

static void view_take_buses(struct view *view, const struct wire_buses *message) {
    for (uint32_t i = 0; i < message->count; i++) {
        uint32_t bus = message->buses[i].bus;
        if (bus >= view->site->bus_count) {
            view->faults++;
            continue;
        }
        view->buses[bus] = (struct view_bus){.round = view->round, .counts = message->buses[i]};
        view->revisions[VIEW_TABLE_BUSES]++;
    }
}

static void view_test(struct view *view, const struct wire_test *message) {
    if (message->place >= view->site->ruleset.place_count || message->role >= ROLE_COUNT) {
        view->faults++;
        return;
    }
    struct view_test *test = &view->tests[message->place];
    view->revisions[VIEW_TABLE_HEAD]++;
    view->tests_told = true;
    *test = (struct view_test){
        .round = view->tests_round + 1, /* of the components that follow */
        .role = (enum role)message->role,
        .begun = message->begun,
        .until = message->until,
    };
    memcpy(test->actor, message->actor, sizeof test->actor - 1);
    memcpy(test->reason, message->reason, sizeof test->reason - 1);
}

/* Whatever is told with them may be gone with the next ones: the last test that ran, for one. */
static void view_take_components(struct view *view, const struct wire_components *message) {
    bool same = view->components_known && !view->tests_told &&
                memcmp(view->components.present, message->present, sizeof message->present) == 0;
    bool any_tests = false;
    for (uint32_t i = 0; i < view->site->ruleset.place_count && !same; i++) {
        any_tests = any_tests || view->tests[i].round == view->tests_round + 1;
    }
    view->revisions[VIEW_TABLE_HEAD] += !same;
    view->tests_told = any_tests;
    view->components = *message;
    view->components_known = true;
    view->tests_round++;
}

bool view_is_tested(const struct view *view, uint32_t place) {
    const struct view_test *test = &view->tests[place];
    return test->round != 0 && test->round == view->tests_round;
}

static void view_newest(struct view *view, uint64_t seq) {
    if (seq > view->newest_seq) {
        view->newest_seq = seq;
    }
}

void view_receive(struct view *view, const struct wire_header *message, uint64_t real_ns) {
    view->heard_real_ns = real_ns;
    switch (message->kind) {
    case WIRE_ALARM_STATE:
        view_alarm_state(view, (const struct wire_alarm_state *)message);
        return;
    case WIRE_POINT_VALUES:
        view_point_values(view, (const struct wire_point_values *)message);
        return;
    case WIRE_TRUTHS:
        view_take_truths(view, (const struct wire_truths *)message);
        return;
    case WIRE_COMPONENTS:
        view_take_components(view, (const struct wire_components *)message);
        return;
    case WIRE_TEST:
        view_test(view, (const struct wire_test *)message);
        return;
    case WIRE_FIGURES:
        view_take_figures(view, (const struct wire_figures *)message);
        return;
    case WIRE_BUSES:
        view_take_buses(view, (const struct wire_buses *)message);
        return;
    case WIRE_EVENT:
        view_newest(view, ((const struct wire_event *)message)->seq);
        return;
    case WIRE_JOURNAL:
        view_newest(view, ((const struct wire_journal *)message)->newest_seq);
        return;
    default: /* the others are not for the tables */
        return;
    }
}

void view_lost(struct view *view) {
    view->connected = false;
    view->complete = false;
    view->revisions[VIEW_TABLE_HEAD]++;
}

enum view_engine view_engine(const struct view *view, uint64_t real_ns) {
    if (!view->connected) {
        return VIEW_AWAY;
    }
    if (view_silence_ns(view, real_ns) > VIEW_SILENT_MS * NS_PER_MS) {
        return VIEW_SILENT;
    }
    return view->complete ? VIEW_PRESENT : VIEW_SYNCING;
}

const char *view_engine_name(enum view_engine engine) {
    static const char *const names[] = {
        [VIEW_AWAY] = "away",
        [VIEW_SYNCING] = "syncing",
        [VIEW_PRESENT] = "present",
        [VIEW_SILENT] = "silent",
    };
    assert(engine <= VIEW_SILENT);
    return names[engine];
}

const uint64_t *view_uplink_figures(const struct view *view) {
    uint32_t uplink = view->site->header->field_count; /* behind the field processes (site.h) */
    bool told = view->components_known && view->components.present[uplink] == TRUTH_TRUE &&
                view->figures[uplink].round == view->round && view->round > 0;
    return told ? view->figures[uplink].values : NULL;
}

uint64_t view_silence_ns(const struct view *view, uint64_t real_ns) {
    return real_ns > view->heard_real_ns ? real_ns - view->heard_real_ns : 0;
}

uint32_t view_device_alarm(const struct view *view, uint32_t device) {
    uint32_t first = view->device_alarm_first;
    return first == RULESET_NONE ? RULESET_NONE : first + device;
}

bool view_device_is_lost(const struct view *view, uint32_t device) {
    uint32_t alarm = view_device_alarm(view, device);
    return alarm != RULESET_NONE && view->alarms[alarm].record.axes.active;
}

const struct wire_bus *view_bus_counts(const struct view *view, uint32_t bus) {
    bool told = view->buses[bus].round == view->round && view->round > 0 &&
                view->components.present[view->site->buses[bus].field] == TRUTH_TRUE;
    return told ? &view->buses[bus].counts : NULL;
}

/*
 * A reader whose cards are understood and of another time than now is at fault by its alarm alone; that stands
 * last among those that read the point (ruleset.h).
 */
static bool view_reader_is_at_fault(const struct view *view, uint32_t point) {
    const struct ruleset *ruleset = &view->site->ruleset;
    enum point_kind kind = (enum point_kind)ruleset->points[point].kind;
    uint32_t end = ruleset->dependent_first[point + 1];
    if (point_kind_facts(kind)->form != POINT_FORM_EVENT ||
        end == ruleset->dependent_first[point]) {
        return false;
    }
    uint32_t alarm = ruleset->dependents[end - 1];
    return ruleset->rules[ruleset->alarms[alarm].rule].builtin == BUILTIN_SENSOR_FAULT &&
           view->alarms[alarm].record.axes.active;
}

enum quality view_point_quality(const struct view *view, uint32_t point, enum view_engine engine) {
    const struct view_point *state = &view->points[point];
    bool fresh = state->round == view->round && (engine == VIEW_PRESENT || engine == VIEW_SYNCING);
    if (state->round == 0 || (!fresh && quality_usable(state->quality))) {
        return QUALITY_STALE;
    } else if (quality_usable(state->quality) && view_reader_is_at_fault(view, point)) {
        return QUALITY_FAULT;
    }
    return (enum quality)state->quality;
}
