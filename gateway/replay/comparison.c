/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/comparison.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool list_grow(struct comparison_list *list) {
    if (list->count < list->room) {
        return true;
    }
    size_t room = list->room > 0 ? 2 * list->room : 256;
    struct comparison_event *events = realloc(list->events, room * sizeof *events);
    if (events == NULL) {
        return false;
    }
    list->events = events;
    list->room = room;
    return true;
}

/* "<type> <alarm>", a step of its chain with its number; or the point, or nothing more than the type. */
static char *event_subject(const struct site *site, const struct core_event *event) {
    char name[SITE_ALARM_NAME_SIZE] = "";
    char step[16] = "";
    char *subject = NULL;
    if (event->type == EVENT_ALARM_ESCALATED) {
        (void)snprintf(step, sizeof step, " %u", event->escalation.step);
    }
    if (event->alarm != RULESET_NONE) {
        site_alarm_format(site, event->alarm, name);
    } else if (event->point != RULESET_NONE) {
        (void)snprintf(name, sizeof name, "%s", site_text(site, site->points[event->point].id));
    }
    int len = asprintf(&subject, "%s %s%s", core_event_name(event->type), name, step);
    return len < 0 ? NULL : subject;
}

/*
 * Cut the site's own generation out of an event about the site: which site a side is played with is
 * no difference that its rules make.
 */
static void event_cut_generation(char *body) {
    static const char key[] = ",\"generation\":\"";
    char *at = strstr(body, key);
    const char *end = at != NULL ? strchr(at + sizeof key - 1, '"') : NULL;
    if (end != NULL) {
        memmove(at, end + 1, strlen(end + 1) + 1);
    }
}

static char *event_body(const struct core_event *event, const struct event_json *json) {
    char *body = NULL;
    int len = asprintf(&body, "{\"specversion\":\"1.0\"%.*s", (int)json->size, json->text);
    if (len >= 0 && (event->type == EVENT_SYSTEM_CONFIG_CHANGED ||
                     event->type == EVENT_SYSTEM_CONFIG_REFUSED)) {
        event_cut_generation(body);
    }
    return len < 0 ? NULL : body;
}

void comparison_add(struct comparison *comparison, enum comparison_side side,
                    const struct site *site, const struct core_event *event,
                    const struct event_json *json) {
    struct comparison_list *list = &comparison->lists[side];
    struct comparison_event added = {
        .subject = event_subject(site, event),
        .wall = event->wall,
        .number = (uint32_t)list->count,
        .body = event_body(event, json),
    };
    if (added.subject == NULL || added.body == NULL || !list_grow(list)) {
        free(added.subject);
        free(added.body);
        comparison->error = err_origin(-ENOMEM);
        return;
    }
    added.size = strlen(added.body);
    list->events[list->count++] = added;
}

/* By subject, then in their order. */
static int event_compare(const void *a, const void *b) {
    const struct comparison_event *x = a;
    const struct comparison_event *y = b;
    int order = strcmp(x->subject, y->subject);
    return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

struct comparison_row {
    struct comparison_difference difference;
    struct wall wall;
    /* Of the event that is shown, in its list: what came at one time stays in order. */
    uint32_t number;
    size_t found;
};

static int row_compare(const void *a, const void *b) {
    const struct comparison_row *x = a;
    const struct comparison_row *y = b;
    if (x->wall.ns != y->wall.ns) {
        return x->wall.ns < y->wall.ns ? -1 : 1;
    }
    return x->number != y->number ? (x->number > y->number) - (x->number < y->number)
                                  : (x->found > y->found) - (x->found < y->found);
}

struct comparison_walk {
    struct comparison_row *rows;
    size_t count;
};

static void walk_add(struct comparison_walk *walk, enum comparison_kind kind,
                     const struct comparison_event *before, const struct comparison_event *after) {
    const struct comparison_event *shown = after != NULL ? after : before;
    walk->rows[walk->count] = (struct comparison_row){
        .difference = {kind, before, after},
        .wall = shown->wall,
        .number = shown->number,
        .found = walk->count,
    };
    walk->count++;
}

/* Does `event`, the one at `index`, have a successor of its subject that is not after `wall`? */
static bool event_has_nearer(const struct comparison_list *list, size_t index, struct wall wall) {
    const struct comparison_event *event = &list->events[index];
    return index + 1 < list->count && strcmp(event[1].subject, event->subject) == 0 &&
           event[1].wall.ns <= wall.ns;
}

/* Two events of one subject, the next ones of their lists. Steps on in one list or both. */
static void walk_pair(struct comparison_walk *walk, const struct comparison *comparison,
                      size_t *before, size_t *after) {
    const struct comparison_list *lists = comparison->lists;
    const struct comparison_event *a = &lists[COMPARISON_BEFORE].events[*before];
    const struct comparison_event *b = &lists[COMPARISON_AFTER].events[*after];
    if (a->wall.ns == b->wall.ns) {
        if (a->size != b->size || memcmp(a->body, b->body, a->size) != 0) {
            walk_add(walk, COMPARISON_CHANGED, a, b);
        }
        (*before)++;
        (*after)++;
        return;
    }
    bool a_first = a->wall.ns < b->wall.ns;
    uint64_t apart_ns = a_first ? (uint64_t)b->wall.ns - (uint64_t)a->wall.ns
                                : (uint64_t)a->wall.ns - (uint64_t)b->wall.ns;
    bool nearer = a_first ? event_has_nearer(&lists[COMPARISON_BEFORE], *before, b->wall)
                          : event_has_nearer(&lists[COMPARISON_AFTER], *after, a->wall);
    if (apart_ns <= COMPARISON_MOVED_NS && !nearer) {
        walk_add(walk, COMPARISON_MOVED, a, b);
        (*before)++;
        (*after)++;
    } else if (a_first) {
        walk_add(walk, COMPARISON_ONLY_BEFORE, a, NULL);
        (*before)++;
    } else {
        walk_add(walk, COMPARISON_ONLY_AFTER, NULL, b);
        (*after)++;
    }
}

static void walk_all(struct comparison_walk *walk, const struct comparison *comparison) {
    const struct comparison_list *lists = comparison->lists;
    size_t before = 0, after = 0;
    while (before < lists[COMPARISON_BEFORE].count || after < lists[COMPARISON_AFTER].count) {
        const struct comparison_event *a = before < lists[COMPARISON_BEFORE].count
                                               ? &lists[COMPARISON_BEFORE].events[before]
                                               : NULL;
        const struct comparison_event *b =
            after < lists[COMPARISON_AFTER].count ? &lists[COMPARISON_AFTER].events[after] : NULL;
        int order = a == NULL ? 1 : b == NULL ? -1 : strcmp(a->subject, b->subject);
        if (order < 0) {
            walk_add(walk, COMPARISON_ONLY_BEFORE, a, NULL);
            before++;
        } else if (order > 0) {
            walk_add(walk, COMPARISON_ONLY_AFTER, NULL, b);
            after++;
        } else {
            walk_pair(walk, comparison, &before, &after);
        }
    }
}

int64_t comparison_run(struct comparison *comparison,
                       void (*difference)(void *context,
                                          const struct comparison_difference *difference),
                       void *context) {
    struct comparison_list *lists = comparison->lists;
    if (comparison->error != 0) {
        return err_trace(comparison->error);
    }
    struct comparison_walk walk = {
        .rows = calloc(lists[COMPARISON_BEFORE].count + lists[COMPARISON_AFTER].count + 1,
                       sizeof *walk.rows)};
    if (walk.rows == NULL) {
        return err_origin(-ENOMEM);
    }
    for (int side = 0; side < COMPARISON_SIDES; side++) {
        if (lists[side].count > 0) {
            qsort(lists[side].events, lists[side].count, sizeof *lists[side].events, event_compare);
        }
    }
    walk_all(&walk, comparison);
    if (walk.count > 0) {
        qsort(walk.rows, walk.count, sizeof *walk.rows, row_compare);
    }
    for (size_t i = 0; i < walk.count; i++) {
        difference(context, &walk.rows[i].difference);
    }
    free(walk.rows);
    return (int64_t)walk.count;
}

void comparison_deinit(struct comparison *comparison) {
    for (int side = 0; side < COMPARISON_SIDES; side++) {
        for (size_t i = 0; i < comparison->lists[side].count; i++) {
            free(comparison->lists[side].events[i].subject);
            free(comparison->lists[side].events[i].body);
        }
        free(comparison->lists[side].events);
    }
    *comparison = (struct comparison){.error = 0};
}
