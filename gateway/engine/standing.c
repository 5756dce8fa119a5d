/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/standing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/engine/restore.h"

int standing_init(struct standing *standing, const struct site *site, struct core *core) {
    *standing = (struct standing){.site = site, .core = core};
    standing->notes = calloc((size_t)site->ruleset.place_count + 1, sizeof *standing->notes);
    return standing->notes != NULL ? 0 : err_origin(-ENOMEM);
}

void standing_deinit(struct standing *standing) {
    free(standing->notes);
    *standing = (struct standing){0};
}

void standing_follow(struct standing *standing, const struct core_event *event) {
    if (event->type == EVENT_TEST_BEGUN) {
        struct standing_note *note = &standing->notes[event->place];
        *note = (struct standing_note){.begun = event->wall, .role = event->command->role};
        memcpy(note->actor, event->command->actor, sizeof note->actor);
        memcpy(note->reason, event->command->reason, sizeof note->reason);
    }
    standing->changed |= event->type == EVENT_TEST_BEGUN || event->type == EVENT_TEST_TRIPPED ||
                         event->type == EVENT_TEST_ENDED || event->type == EVENT_FLOOD_BEGUN ||
                         event->type == EVENT_FLOOD_ENDED || event->type == EVENT_SYSTEM_STARTED ||
                         event->type == EVENT_SYSTEM_CONFIG_CHANGED ||
                         event->type == EVENT_SYSTEM_WALK_TEST_DUE ||
                         event->type == EVENT_SYSTEM_CLOCK_STEPPED;
}

/* Write the ids of the points of `place` that `has_tripped`, if `ret` is there. */
static size_t standing_write_tripped(const struct standing *standing, uint32_t place,
                                     bool (*has_tripped)(const struct core *core, uint32_t point),
                                     char *ret) {
    const struct ruleset_place *range = &standing->site->ruleset.places[place];
    size_t size = 0;
    for (uint32_t point = range->point_first; point < range->point_end; point++) {
        if (has_tripped(standing->core, point)) {
            const char *id = site_text(standing->site, standing->site->points[point].id);
            size_t len = strlen(id);
            if (ret != NULL) {
                memcpy(ret + size, id,
                       len + 1); /* with its end, which the space takes the place of */
                ret[size + len] = ' ';
            }
            size += len + 1;
        }
    }
    return size;
}

static int standing_add_test(const struct standing *standing, uint32_t place, uint32_t left_ds,
                             struct journal_standing *ret) {
    const struct standing_note *note = &standing->notes[place];
    struct journal_test *test;
    char *tripped;
    size_t size = standing_write_tripped(standing, place, core_test_has_tripped, NULL) + 1;
    int r = journal_standing_add(ret, size, &test, &tripped);
    if (r != 0) {
        return err_trace(r);
    }
    test->place = site_text(standing->site, standing->site->places[place].id);
    test->begun = note->begun;
    test->left_ds = left_ds;
    memcpy(test->actor, note->actor, sizeof test->actor);
    memcpy(test->reason, note->reason, sizeof test->reason);
    (void)snprintf(test->role, sizeof test->role, "%s", role_name(note->role));
    (void)standing_write_tripped(standing, place, core_test_has_tripped, tripped);
    return 0;
}

static int standing_add_walk(const struct standing *standing, uint32_t place, uint32_t left_ds,
                             struct journal_standing *ret) {
    struct journal_walk *walk;
    char *tripped;
    size_t size = standing_write_tripped(standing, place, core_walk_has_tripped, NULL) + 1;
    int r = journal_standing_add_walk(ret, size, &walk, &tripped);
    if (r != 0) {
        return err_trace(r);
    }
    walk->place = site_text(standing->site, standing->site->places[place].id);
    walk->left_ds = left_ds;
    (void)standing_write_tripped(standing, place, core_walk_has_tripped, tripped);
    return 0;
}

static int standing_add_place(const struct standing *standing, uint32_t place,
                              struct journal_standing *ret) {
    uint32_t test_ds = core_test_left_ds(standing->core, place, ret->at);
    uint32_t walk_ds = core_walk_left_ds(standing->core, place, ret->at);
    int r = test_ds > 0 ? standing_add_test(standing, place, test_ds, ret) : 0;
    if (r == 0 && walk_ds > 0) {
        r = standing_add_walk(standing, place, walk_ds, ret);
    }
    return r == 0 ? 0 : err_trace(r);
}

static int standing_add_trips(const struct standing *standing, struct journal_standing *ret) {
    int r = 0;
    for (uint32_t point = 0; r == 0 && point < standing->site->ruleset.point_count; point++) {
        struct core_trip_record record;
        if (core_record_trip(standing->core, point, ret->at, &record)) {
            const char *id = site_text(standing->site, standing->site->points[point].id);
            r = journal_standing_add_trip(ret, id, &record);
        }
    }
    return r == 0 ? 0 : err_trace(r);
}

void standing_mend_clock(struct standing *standing, struct wall shown) {
    if (shown.ns >
        standing->clock_mended.ns) { /* a smaller step later does not undo a larger one */
        standing->clock_mended = shown;
        standing->changed = true;
    }
}

struct journal_standing *standing_state_new(const struct standing *standing, struct instant now,
                                            struct wall wall) {
    struct journal_standing *state;
    int r = journal_standing_new(&state);
    if (r != 0) {
        return NULL;
    }
    state->at = now;
    state->at_wall = wall;
    core_record_flood(standing->core, &state->flood);
    uint64_t behind_ns = core_clock_behind_ns(standing->core, now);
    state->clock_good.ns =
        behind_ns > 0 ? wall.ns + (int64_t)behind_ns : -standing->clock_mended.ns;
    for (uint32_t place = 0; r == 0 && place < standing->site->ruleset.place_count; place++) {
        r = standing_add_place(standing, place, state);
    }
    if (r == 0) {
        r = standing_add_trips(standing, state);
    }
    return r == 0 ? state : journal_standing_free(state);
}

bool standing_next(const struct standing *standing, uint32_t *place, struct instant now,
                   struct wall wall, struct wire_test *ret) {
    uint32_t left_ds = 0;
    while (left_ds == 0 && *place < standing->site->ruleset.place_count) {
        left_ds = core_test_left_ds(standing->core, (*place)++, now);
    }
    if (left_ds == 0) {
        return false;
    }
    const struct standing_note *note = &standing->notes[*place - 1];
    *ret = (struct wire_test){
        .header = wire_header_of(WIRE_TEST, sizeof *ret),
        .place = *place - 1,
        .role = (uint32_t)note->role,
        .begun = note->begun,
        .until = {wall.ns + (int64_t)(left_ds * NS_PER_DS)},
    };
    memcpy(ret->actor, note->actor, sizeof ret->actor);
    memcpy(ret->reason, note->reason, sizeof ret->reason);
    return true;
}

/* The points that were ticked off; one that the site no longer has was. */
static void standing_restore_tripped(struct standing *standing, const char *tripped,
                                     void (*restore)(struct core *core, uint32_t point)) {
    char id[SITE_ENTITY_SIZE];
    while (*tripped != '\0') {
        size_t len = strcspn(tripped, " ");
        (void)snprintf(id, sizeof id, "%.*s", (int)len, tripped);
        uint32_t point = site_point_find(standing->site, id);
        if (point != RULESET_NONE) {
            restore(standing->core, point);
        }
        tripped += len + (tripped[len] != '\0');
    }
}

void standing_restore_test(struct standing *standing, uint32_t place,
                           const struct journal_standing *recorded, const struct journal_test *test,
                           struct instant now, struct wall wall) {
    struct standing_note *note = &standing->notes[place];
    enum role role = role_find(test->role, strlen(test->role));
    *note = (struct standing_note){
        .begun = test->begun,
        .role = role < ROLE_COUNT ? role : ROLE_ENGINEER, /* no build of ours wrote another word */
    };
    memcpy(note->actor, test->actor, sizeof note->actor);
    memcpy(note->reason, test->reason, sizeof note->reason);
    standing_restore_tripped(standing, test->tripped, core_restore_tripped);
    core_restore_test(standing->core, place,
                      restore_test_left_ds(recorded, test->left_ds, now, wall), now);
}

void standing_restore_walk(struct standing *standing, uint32_t place,
                           const struct journal_standing *recorded, const struct journal_walk *walk,
                           struct instant now, struct wall wall) {
    standing_restore_tripped(standing, walk->tripped, core_restore_walked);
    core_restore_walk(standing->core, place,
                      restore_test_left_ds(recorded, walk->left_ds, now, wall), now);
}

void standing_restore_trip(struct standing *standing, const struct journal_standing *recorded,
                           const struct journal_trip *trip, struct instant now) {
    uint32_t point = site_point_find(standing->site, trip->point);
    if (point != RULESET_NONE) {
        const struct core_trip_record record = restore_trip(recorded, &trip->record, now);
        core_restore_trip(standing->core, point, &record, now);
    }
}
