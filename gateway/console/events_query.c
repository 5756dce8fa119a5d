/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/events_query.h"

#include <string.h>

#include "gateway/event_type.h"
#include "gateway/zone.h"

enum {
    EVENTS_LIMIT_DEFAULT = 100,
    EVENTS_LIMIT_MAX = 1000,
};

/* From which number on, up to which, and how many. NULL, or the parameter that will not do. */
static const char *events_query_numbers(const struct call *call, struct journal_query *query) {
    uint64_t limit = 0, before = 0;
    if (!call_number(call, "after", 0, INT64_MAX, &query->after_seq)) {
        return "after";
    }
    if (!call_number(call, "limit", EVENTS_LIMIT_DEFAULT, EVENTS_LIMIT_MAX, &limit) || limit == 0) {
        return "limit";
    }
    if (!call_number(call, "before", 0, INT64_MAX, &before)) {
        return "before";
    }
    query->limit = (uint32_t)limit;
    query->until_seq = before > 0 ? before - 1 : UINT64_MAX;
    return NULL;
}

/* A text as ids are, of a length that one can have. */
static bool events_query_is_id(const char *text) {
    return text == NULL || (text[0] != '\0' && strlen(text) < SITE_ENTITY_SIZE &&
                            text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-/")] == '\0');
}

/* Is `text` the name, or the words before one of its dots? */
static bool events_query_begins(const char *name, const char *text) {
    size_t len = strlen(text);
    return len > 0 && strncmp(name, text, len) == 0 && (name[len] == '\0' || name[len] == '.');
}

/* A class of alarm, or what several begin with. */
static bool events_query_is_class(const char *text) {
    for (enum alarm_class class = 0; text != NULL && class < ALARM_CLASS_COUNT; class ++) {
        if (events_query_begins(alarm_class_facts(class)->name, text)) {
            return true;
        }
    }
    return text == NULL;
}

/* A type of event, or what several begin with, without the "tocsin." of all. */
static bool events_query_type(const char *text, const char **ret_type) {
    static const char all[] = "tocsin.";
    *ret_type = text;
    if (text == NULL) {
        return true;
    }
    *ret_type += strncmp(text, all, strlen(all)) == 0 ? strlen(all) : 0;
    for (unsigned type = 0; type < EVENT_TYPE_ALL_COUNT; type++) {
        if (events_query_begins(event_type_name(type), *ret_type)) {
            return true;
        }
    }
    return false;
}

static bool events_query_lane(const char *text, int *ret_lane) {
    bool alarm = text != NULL && strcmp(text, "alarm") == 0;
    *ret_lane = text == NULL ? -1 : alarm ? LANE_ALARM : LANE_ACTIVITY;
    return text == NULL || alarm || strcmp(text, "activity") == 0;
}

/* NULL, or the parameter that will not do. */
static const char *events_query_filter(const struct call *call, struct journal_filter *filter) {
    const char *since = call_parameter(call, "since"), *until = call_parameter(call, "until");
    *filter = (struct journal_filter){
        .place = call_parameter(call, "place"),
        .point = call_parameter(call, "point"),
        .class = call_parameter(call, "class"),
        .priority = call_parameter(call, "priority"),
        .since = {INT64_MIN},
        .until = {INT64_MAX},
    };
    if (!events_query_lane(call_parameter(call, "lane"), &filter->lane)) {
        return "lane";
    } else if (!events_query_is_id(filter->place)) {
        return "place";
    } else if (!events_query_is_id(filter->point)) {
        return "point";
    } else if (!events_query_type(call_parameter(call, "type"), &filter->type)) {
        return "type";
    } else if (!events_query_is_class(filter->class)) {
        return "class";
    } else if (filter->priority != NULL &&
               priority_find(filter->priority, strlen(filter->priority)) == PRIORITY_COUNT) {
        return "priority";
    } else if (since != NULL && !zone_parse_wall(since, false, &filter->since)) {
        return "since";
    } else if (until != NULL && (!zone_parse_wall(until, true, &filter->until) ||
                                 filter->until.ns < filter->since.ns)) {
        return "until";
    }
    return NULL;
}

bool events_query_read(struct call *call, struct journal_filter *ret_filter,
                       struct journal_query *ret_query) {
    *ret_query = (struct journal_query){
        .alarm = call_parameter(call, "alarm"),
        .filter = ret_filter,
    };
    if (!call_flag(call, "newest", &ret_query->newest_first)) {
        return false;
    }
    const char *wrong = events_query_numbers(call, ret_query);
    if (wrong == NULL) {
        wrong = events_query_filter(call, ret_filter);
    }
    if (wrong != NULL) {
        call_problem(call, PROBLEM_PARAMETER, wrong);
        return false;
    }
    /* Where few of many events are in the alarm lane, its index finds them; of the other there is none. */
    ret_query->lane = ret_filter->lane == LANE_ALARM ? LANE_ALARM : -1;
    return true;
}
