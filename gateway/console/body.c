/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/body.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/engine/event_text.h"
#include "gateway/hex.h"

/* Whole numbers up to here are exact in a double. */
#define WHOLE_MAX 9007199254740992.0

json_t *body_number(double value) {
    if (!isfinite(value)) {
        return json_null();
    }
    if (floor(value) == value && fabs(value) < WHOLE_MAX) {
        return json_integer((json_int_t)value);
    }
    return json_real(value);
}

json_t *body_wall(struct wall wall) {
    if (wall.ns == 0) {
        return json_null();
    }
    char text[CLOCK_TEXT_SIZE];
    clock_format(wall, text);
    return json_string(text);
}

json_t *body_name(const struct site *site, struct site_name name) {
    return json_pack("{s:s, s:s}", "zh", site_name_text(site, name, LANGUAGE_ZH), "en",
                     site_name_text(site, name, LANGUAGE_EN));
}

json_t *body_roles(uint32_t roles) {
    json_t *words = json_array();
    for (enum role role = 0; role < ROLE_COUNT; role++) {
        if ((roles >> role & 1) != 0) {
            (void)json_array_append_new(words, json_string(role_name(role)));
        }
    }
    return words;
}

/* The point that an alarm is about, or RULESET_NONE. */
static uint32_t body_alarm_point(const struct site *site, uint32_t alarm) {
    const struct ruleset_alarm *facts = &site->ruleset.alarms[alarm];
    return facts->entity_kind == ENTITY_POINT ? facts->entity : RULESET_NONE;
}

/* It waits for its delay: what is recorded of raising is of the occurrence before. */
static bool body_is_pending(const struct view_alarm *state) {
    return state->record.axes.pending && !state->record.axes.open;
}

/* What the alarm is about as it was decided last, or while it is pending as it is. */
static double body_alarm_value(const struct view *view, uint32_t alarm) {
    const struct view_alarm *state = &view->alarms[alarm];
    uint32_t point = body_alarm_point(view->site, alarm);
    if (!body_is_pending(state)) {
        return state->value;
    }
    return point != RULESET_NONE ? view->points[point].value : NAN;
}

/* The texts of an alarm as its events have them: its entity, its last value, what to do about it.
 */
static json_t *body_alarm_texts(const struct view *view, uint32_t alarm,
                                void (*format)(const struct site *site,
                                               const struct core_event *event, struct wall raised,
                                               enum site_language language,
                                               char ret[EVENT_TEXT_SIZE])) {
    const struct view_alarm *state = &view->alarms[alarm];
    const struct wall since = body_is_pending(state) ? state->taken : state->record.raised;
    const struct core_event event = {
        .type = EVENT_ALARM_RAISED,
        .alarm = alarm,
        .place = view->site->ruleset.alarms[alarm].place,
        .point = body_alarm_point(view->site, alarm),
        .axes = state->record.axes,
        .occurrence = state->record.occurrence,
        .quality = (enum quality)state->quality,
        .value = body_alarm_value(view, alarm),
    };
    char zh[EVENT_TEXT_SIZE];
    char en[EVENT_TEXT_SIZE];
    format(view->site, &event, since, LANGUAGE_ZH, zh);
    format(view->site, &event, since, LANGUAGE_EN, en);
    return json_pack("{s:s, s:s}", "zh", zh, "en", en);
}

static json_t *body_axes(struct alarm_axes axes) {
    const char *found = axes.real ? "real" : "false";
    return json_pack(
        "{s:b, s:b, s:b, s:b, s:b, s:b, s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:o, s:b, s:b}",
        "pending", axes.pending, "active", axes.active, "acked", axes.acked, "latched",
        axes.latched, "attended", axes.attended, "open", axes.open, "suppression",
        suppression_name(alarm_axes_suppression(axes)), "shelved", axes.shelved, "by_design",
        axes.by_design, "out_of_service", axes.out_of_service, "silenced", axes.silenced, "test",
        axes.test, "promoted", axes.promoted, "investigated",
        axes.investigated ? json_string(found) : json_null(), "chattering", axes.chattering, "idle",
        alarm_axes_are_idle(axes));
}

/* How often it was raised, what it was, and when what people did about it ends by itself. */
static void body_alarm_course(json_t *body, const struct view_alarm *state) {
    static const struct {
        const char *key;
        enum alarm_clock clock;
    } ends[] = {
        {"silenced_until", ALARM_CLOCK_SILENCE},
        {"shelved_until", ALARM_CLOCK_SHELVE},
        {"out_of_service_until", ALARM_CLOCK_SERVICE},
    };
    const struct alarm_record *record = &state->record;
    enum disposition disposition = (enum disposition)record->disposition;
    (void)json_object_set_new(body, "raises", json_integer(record->raises));
    (void)json_object_set_new(body, "disposition", json_string(disposition_name(disposition)));
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct wall until = alarm_record_until(record, state->taken, ends[i].clock);
        (void)json_object_set_new(body, ends[i].key, body_wall(until));
    }
}

json_t *body_alarm(const struct view *view, uint32_t alarm) {
    const struct site *site = view->site;
    const struct ruleset_alarm *facts = &site->ruleset.alarms[alarm];
    const struct ruleset_rule *rule = &site->ruleset.rules[facts->rule];
    const struct site_rule *texts = &site->rules[facts->rule];
    const struct view_alarm *state = &view->alarms[alarm];
    const struct alarm_axes *axes = &state->record.axes;
    uint32_t point = body_alarm_point(site, alarm);
    char entity[SITE_ENTITY_SIZE];
    char name[SITE_ALARM_NAME_SIZE];
    site_entity_format(site, alarm, entity);
    site_alarm_format(site, alarm, name);

    bool placed = facts->place != RULESET_NONE;
    enum unit unit = point == RULESET_NONE ? UNIT_NONE : (enum unit)site->points[point].unit;
    json_t *body = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:b, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:s, "
        "s:o, s:o}",
        "alarm", name, "rule", site_text(site, texts->id), "entity", entity, "class",
        alarm_class_facts((enum alarm_class)rule->class)->name, "priority",
        priority_name((enum priority)facts->priority), "place",
        placed ? json_string(site_text(site, site->places[facts->place].id)) : json_null(),
        "place_name", placed ? body_name(site, site->places[facts->place].name) : json_null(),
        "state_name", alarm_state_name(alarm_axes_state(*axes)), "normal",
        alarm_axes_are_normal(*axes), "state", body_axes(*axes), "occurrence",
        (json_int_t)state->record.occurrence, "raised",
        body_is_pending(state) ? json_null() : body_wall(state->record.raised), "acked_at",
        body_wall(state->record.acked_at), "attended_at", body_wall(state->record.attended_at),
        "changed", body_wall(state->changed), "value", body_number(body_alarm_value(view, alarm)),
        "unit", unit == UNIT_NONE ? json_null() : json_string(unit_facts(unit)->name), "quality",
        quality_name((enum quality)state->quality), "text",
        body_alarm_texts(view, alarm, event_text_message), "response",
        body_alarm_texts(view, alarm, event_text_response));
    body_alarm_course(body, state);
    const struct alarm_class_facts *class = alarm_class_facts((enum alarm_class)rule->class);
    (void)json_object_set_new(body, "attend_required",
                              json_boolean(class->origin && axes->open && !axes->attended));
    (void)json_object_set_new(body, "managed", json_boolean(class->managed));
    (void)json_object_set_new(body, "calling", body_roles(state->calling));
    return body;
}

/* The places under test, where nobody is called: who began it, why, and until when. */
static json_t *body_tests(const struct view *view) {
    const struct site *site = view->site;
    json_t *rows = json_array();
    for (uint32_t i = 0; i < site->ruleset.place_count; i++) {
        const struct view_test *test = &view->tests[i];
        if (view_is_tested(view, i)) {
            json_t *row = json_pack(
                "{s:s, s:o, s:o, s:o, s:s, s:s, s:s}", "place", site_text(site, site->places[i].id),
                "place_name", body_name(site, site->places[i].name), "begun",
                body_wall(test->begun), "until", body_wall(test->until), "by", test->actor, "role",
                role_name(test->role), "reason", test->reason);
            (void)json_array_append_new(rows, row);
        }
    }
    return rows;
}

json_t *body_head(const struct view *view, uint64_t real_ns) {
    return json_pack("{s:s, s:I, s:o}", "engine", view_engine_name(view_engine(view, real_ns)),
                     "engine_age_ms", (json_int_t)(view_silence_ns(view, real_ns) / NS_PER_MS),
                     "tests", body_tests(view));
}

void body_next(json_t *body, uint32_t next, uint32_t count) {
    (void)json_object_set_new(body, "next", next < count ? json_integer(next) : json_null());
}

json_t *body_alarms(const struct view *view, bool all, uint32_t first, uint64_t real_ns) {
    json_t *body = body_head(view, real_ns);
    json_t *rows = json_array();
    uint32_t count = view->site->ruleset.alarm_count;
    uint32_t i = first;
    for (; i < count && json_array_size(rows) < BODY_ROWS_MAX; i++) {
        if (all || !alarm_axes_are_idle(view->alarms[i].record.axes)) {
            (void)json_array_append_new(rows, body_alarm(view, i));
        }
    }
    (void)json_object_set_new(body, "alarms", rows);
    body_next(body, i, count);
    return body;
}

/* Of a point of moments that has never had one nothing is known, though its device is well. */
static const char *body_point_quality(const struct view *view, uint32_t point,
                                      enum view_engine engine) {
    enum quality quality = view_point_quality(view, point, engine);
    bool never = view->points[point].heard.ns == 0;
    return never && quality_usable(quality) ? "unknown" : quality_name(quality);
}

static json_t *body_point(const struct view *view, uint32_t point, enum view_engine engine,
                          struct wall now) {
    const struct site *site = view->site;
    const struct ruleset_point *facts = &site->ruleset.points[point];
    const struct point_kind_facts *kind = point_kind_facts((enum point_kind)facts->kind);
    const struct view_point *state = &view->points[point];
    enum unit unit = (enum unit)site->points[point].unit;
    bool shown = state->round != 0 && state->heard.ns != 0 && kind->form != POINT_FORM_EVENT;
    int64_t age_ns = now.ns > state->heard.ns ? now.ns - state->heard.ns : 0;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:o}", "point",
        site_text(site, site->points[point].id), "kind", kind->name, "device",
        site_text(site, site->devices[facts->device].id), "place",
        site_text(site, site->places[facts->place].id), "value",
        shown ? body_number(state->value) : json_null(), "unit",
        unit == UNIT_NONE ? json_null() : json_string(unit_facts(unit)->name), "quality",
        body_point_quality(view, point, engine), "measured", body_wall(state->measured), "since",
        kind->form == POINT_FORM_TRUTH ? body_wall(state->since) : json_null(), "age_ms",
        state->heard.ns == 0 ? json_null() : json_integer(age_ns / (json_int_t)NS_PER_MS));
}

json_t *body_points(const struct view *view, uint32_t place, uint32_t first, struct wall now,
                    uint64_t real_ns) {
    const struct ruleset *ruleset = &view->site->ruleset;
    uint32_t begin = place == RULESET_NONE ? 0 : ruleset->places[place].point_first;
    uint32_t end = place == RULESET_NONE ? ruleset->point_count : ruleset->places[place].point_end;
    enum view_engine engine = view_engine(view, real_ns);
    json_t *body = body_head(view, real_ns);
    json_t *rows = json_array();
    uint32_t i = first > begin ? first : begin;
    for (; i < end && json_array_size(rows) < BODY_ROWS_MAX; i++) {
        (void)json_array_append_new(rows, body_point(view, i, engine, now));
    }
    (void)json_object_set_new(body, "points", rows);
    body_next(body, i, end);
    return body;
}

/* What the site says of a place in figures, null where it does not. */
static json_t *body_figure(double value) {
    return value < 0 ? json_null() : body_number(value);
}

/* By what its drawing is told from another; null where none is drawn. */
static json_t *body_plan(const struct site *site, uint32_t place) {
    const struct site_plan *plan = site_plan_of(site, place);
    return plan != NULL ? json_sprintf("%016" PRIx64, plan->digest) : json_null();
}

json_t *body_places(const struct view *view, uint32_t first) {
    const struct site *site = view->site;
    json_t *rows = json_array();
    uint32_t count = site->ruleset.place_count;
    uint32_t i = first;
    for (; i < count && json_array_size(rows) < BODY_ROWS_MAX; i++) {
        const struct ruleset_place *facts = &site->ruleset.places[i];
        json_t *row = json_pack(
            "{s:s, s:s, s:o, s:o, s:o, s:o}", "place", site_text(site, site->places[i].id), "kind",
            place_kind_name((enum place_kind)facts->kind), "name",
            body_name(site, site->places[i].name), "capacity", body_figure(facts->capacity),
            "area_m2", body_figure(facts->area_m2), "plan", body_plan(site, i));
        (void)json_array_append_new(rows, row);
    }
    json_t *body = json_pack("{s:s, s:s, s:o, s:o}", "site", site_text(site, site->header->site_id),
                             "timezone", site_text(site, site->header->timezone), "name",
                             body_name(site, site->header->site_name), "places", rows);
    body_next(body, i, count);
    return body;
}

json_t *body_version(const struct view *view) {
    const struct site *site = view->site;
    char build[65];
    char generation[17];
    hex_format(build_digest(), 32, build);
    (void)snprintf(generation, sizeof generation, "%016" PRIx64, site->header->generation);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "version", TOCSIN_VERSION, "build", build,
                     "site", site_text(site, site->header->site_id), "gateway",
                     site_text(site, site->header->gateway_id), "generation", generation, "boot",
                     view->boot[0] == '\0' ? json_null() : json_string(view->boot));
}
