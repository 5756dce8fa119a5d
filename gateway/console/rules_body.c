/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/rules_body.h"

#include <assert.h>

#include "gateway/engine/marks.h"

/* Why the point is of no use to a rule; NULL when it is. */
static const char *rule_point_why(const struct view *view, uint32_t point,
                                  enum view_engine engine) {
    const struct ruleset_point *facts = &view->site->ruleset.points[point];
    enum quality quality = view_point_quality(view, point, engine);
    bool is_unheard = view->points[point].heard.ns == 0;
    bool is_moment = point_kind_facts((enum point_kind)facts->kind)->form == POINT_FORM_EVENT;
    if (quality_usable(quality) || (is_moment && is_unheard && quality == QUALITY_STALE)) {
        return NULL; /* between two cards a reader has nothing to say */
    } else if (view_device_is_lost(view, facts->device)) {
        return "lost";
    }
    return is_unheard && quality == QUALITY_STALE ? "unheard" : quality_name(quality);
}

/* A page under way. */
struct rule_page {
    const struct view *view;
    enum view_engine engine;
    struct index_set seen; /* points of the present instance, for a rule may name one twice */
};

/* Of those points the ones that are of no use. */
struct rule_points {
    uint32_t count;
    json_t *rows;
};

static void rule_points_add(struct rule_points *points, struct rule_page *page, uint32_t point) {
    const struct site *site = page->view->site;
    const char *why = rule_point_why(page->view, point, page->engine);
    if (why == NULL || index_set_has(&page->seen, point)) {
        return;
    }
    index_set_add(&page->seen, point);
    if (points->count++ < RULE_POINTS_MAX) {
        enum quality quality = view_point_quality(page->view, point, page->engine);
        (void)json_array_append_new(points->rows,
                                    json_pack("{s:s, s:s, s:s}", "point",
                                              site_text(site, site->points[point].id), "quality",
                                              quality_name(quality), "why", why));
    }
}

/* The points that the alarm's rule reads there. */
static void rule_points_collect(struct rule_points *points, struct rule_page *page,
                                uint32_t alarm) {
    const struct ruleset *ruleset = &page->view->site->ruleset;
    const struct ruleset_alarm *facts = &ruleset->alarms[alarm];
    const struct ruleset_rule *rule = &ruleset->rules[facts->rule];
    index_set_clear(&page->seen);
    if (rule->builtin != BUILTIN_NONE && facts->entity_kind == ENTITY_POINT) {
        rule_points_add(points, page, facts->entity);
    }
    for (uint32_t set = 0; set < rule->set_count; set++) {
        struct expr_bound bound = ruleset->bounds[facts->bound_first + set];
        for (uint32_t i = 0; i < bound.count; i++) {
            rule_points_add(points, page, ruleset->members[bound.first + i]);
        }
    }
}

/* Does the site not say there what the rule compares with, or have no sensor to take a mean or an extreme of? */
static bool rule_lacks(const struct ruleset *ruleset, uint32_t alarm) {
    const struct ruleset_alarm *facts = &ruleset->alarms[alarm];
    const struct ruleset_rule *rule = &ruleset->rules[facts->rule];
    const struct ruleset_place *place =
        facts->place == RULESET_NONE ? NULL : &ruleset->places[facts->place];
    bool lacks = false;
    uint32_t members = 0;
    for (uint32_t i = rule->op_first; i < rule->op_first + rule->op_count && !lacks; i++) {
        const struct expr_op *op = &ruleset->ops[i];
        if (op->code == EXPR_FOLD) {
            members = 0;
        } else if (op->code == EXPR_WALK) {
            members += ruleset->bounds[facts->bound_first + op->set].count;
        } else if (op->code == EXPR_END) {
            lacks = members == 0 && (op->slot == EXPR_FOLD_MIN || op->slot == EXPR_FOLD_MAX ||
                                     op->slot == EXPR_FOLD_AVG);
        } else if (op->code == EXPR_CAPACITY) {
            lacks = place == NULL || place->capacity < 0;
        } else if (op->code == EXPR_AREA) {
            lacks = place == NULL || place->area_m2 < 0;
        }
    }
    return lacks;
}

/* Why an alarm of which all points are well is undecided. */
static const char *rule_cause(const struct ruleset *ruleset, uint32_t alarm) {
    if (ruleset->rules[ruleset->alarms[alarm].rule].builtin != BUILTIN_NONE) {
        return "waiting";
    }
    return rule_lacks(ruleset, alarm) ? "site" : "past";
}

static json_t *rule_reason(struct rule_page *page, uint32_t alarm) {
    const struct view *view = page->view;
    const struct ruleset *ruleset = &view->site->ruleset;
    struct rule_points points = {.rows = json_array()};
    const char *cause = "engine";
    if (page->engine == VIEW_PRESENT && view->truths[alarm] != VIEW_TRUTH_UNTOLD) {
        rule_points_collect(&points, page, alarm);
        cause = points.count > 0 ? "points" : rule_cause(ruleset, alarm);
    }
    return json_pack("{s:s, s:I, s:o}", "cause", cause, "point_count", (json_int_t)points.count,
                     "points", points.rows);
}

static const char *rule_truth_name(enum truth truth) {
    return truth == TRUTH_TRUE ? "true" : truth == TRUTH_FALSE ? "false" : "unknown";
}

static json_t *rule_instance(struct rule_page *page, uint32_t alarm) {
    const struct view *view = page->view;
    const struct site *site = view->site;
    uint32_t place = site->ruleset.alarms[alarm].place;
    const struct alarm_axes *axes = &view->alarms[alarm].record.axes;
    bool is_known = page->engine == VIEW_PRESENT && view->truths[alarm] < TRUTH_COUNT;
    enum truth truth = is_known ? (enum truth)view->truths[alarm] : TRUTH_UNKNOWN;
    char entity[SITE_ENTITY_SIZE];
    char name[SITE_ALARM_NAME_SIZE];
    site_entity_format(site, alarm, entity);
    site_alarm_format(site, alarm, name);
    return json_pack(
        "{s:s, s:s, s:o, s:s, s:o, s:s, s:b}", "alarm", name, "entity", entity, "place",
        place == RULESET_NONE ? json_null() : json_string(site_text(site, site->places[place].id)),
        "truth", rule_truth_name(truth), "reason",
        truth == TRUTH_UNKNOWN ? rule_reason(page, alarm) : json_null(), "state_name",
        alarm_state_name(alarm_axes_state(*axes)), "normal", alarm_axes_are_normal(*axes));
}

/* What a rule is for; the product's own are for one thing of a kind each. */
static const char *rule_each(const struct ruleset *ruleset, uint32_t rule) {
    static const char *const names[ENTITY_KIND_COUNT] = {
        [ENTITY_PLACE] = "place",
        [ENTITY_POINT] = "point",
        [ENTITY_DEVICE] = "device",
        [ENTITY_COMPONENT] = "component",
        [ENTITY_GATEWAY] = "gateway",
        [ENTITY_LISTENER] = "role",
        [ENTITY_CERTIFICATE] = "certificate",
    };
    return names[ruleset->alarms[ruleset->rules[rule].alarm_first].entity_kind];
}

/* The rule without its instances; it has at least one. */
static json_t *rule_row(const struct site *site, uint32_t rule, json_t *instances) {
    const struct ruleset_rule *facts = &site->ruleset.rules[rule];
    const struct site_rule *texts = &site->rules[rule];
    return json_pack(
        "{s:s, s:s, s:s, s:b, s:s, s:o, s:o, s:I, s:I, s:b, s:I, s:o}", "rule",
        site_text(site, texts->id), "class",
        alarm_class_facts((enum alarm_class)facts->class)->name, "priority",
        priority_name((enum priority)facts->priority), "builtin", facts->builtin != BUILTIN_NONE,
        "each", rule_each(&site->ruleset, rule), "expression",
        texts->expression != 0 ? json_string(site_text(site, texts->expression)) : json_null(),
        "message", body_name(site, texts->message), "raise_after_ms",
        (json_int_t)(facts->raise_after_ns / NS_PER_MS), "clear_after_ms",
        (json_int_t)(facts->clear_after_ns / NS_PER_MS), "latched", facts->latched != 0,
        "instance_count", (json_int_t)facts->alarm_count, "instances", instances);
}

json_t *rules_body(const struct view *view, uint32_t first, uint64_t real_ns) {
    const struct site *site = view->site;
    const struct ruleset *ruleset = &site->ruleset;
    struct rule_page page = {.view = view, .engine = view_engine(view, real_ns)};
    uint32_t count = ruleset->alarm_count;
    uint32_t at = first < count ? first : count;
    uint32_t end = count - at > BODY_ROWS_MAX ? at + BODY_ROWS_MAX : count;
    json_t *body = body_head(view, real_ns);
    json_t *rows = json_array();
    int r = marks_init(&page.seen, ruleset->point_count);
    assert(r == 0);
    while (at < end) {
        uint32_t rule = ruleset->alarms[at].rule;
        json_t *instances = json_array();
        for (; at < end && ruleset->alarms[at].rule == rule; at++) {
            (void)json_array_append_new(instances, rule_instance(&page, at));
        }
        (void)json_array_append_new(rows, rule_row(site, rule, instances));
    }
    marks_deinit(&page.seen);
    (void)json_object_set_new(body, "rules", rows);
    body_next(body, end, count);
    return body;
}
