/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/teller.h"

#include <assert.h>
#include <stdlib.h>

#include "gateway/clock.h"
#include "gateway/engine/calling.h"
#include "gateway/engine/marks.h"

enum {
    WATCHER_UPLINK, /* hears of an event first */
    WATCHER_CONSOLE,
    WATCHER_COUNT,
    /* The console hears of an unchanged point again after so many scans, so that its age is true.
     */
    REFRESH_SCANS = 10,
};

/* What has been told of an alarm, or is about to be. */
struct teller_alarm {
    struct alarm_record record;
    struct wall taken;
    struct wall changed;
    double value;
    uint32_t quality;
    uint32_t calling; /* as calling.h has it */
    uint64_t ticket;  /* of the hand-over that this state came with */
};

struct teller_watcher {
    struct engine_peer *peer; /* NULL while it is away */
    bool missed;              /* events did not fit: tell it how far the journal is */
    struct index_set urgent;  /* … and which urgent alarms have some among them */
    uint64_t early_missed;    /* first early event that did not fit; 0: none */
    bool snapshot_runs;
    uint32_t snapshot_next; /* alarm that the snapshot goes on with */
    struct index_set alarms;
    struct index_set points;
};

struct teller {
    const struct site *site;
    const struct core *core;
    struct recorder *recorder;
    struct teller_alarm *alarms;
    struct wall *measured;   /* by point */
    uint8_t *told_qualities; /* by point */
    uint32_t scans;
    struct teller_watcher watchers[WATCHER_COUNT];
    struct wire_point_values values;
    struct wire_event event;
};

/* ---- points ---- */

static void teller_mark_point(struct teller *teller, uint32_t point) {
    for (int i = 0; i < WATCHER_COUNT; i++) {
        if (teller->watchers[i].peer != NULL) {
            index_set_add(&teller->watchers[i].points, point);
        }
    }
}

void teller_reading(struct teller *teller, uint32_t point, struct wall measured) {
    teller->measured[point] = measured;
    teller_mark_point(teller, point);
}

void teller_scan(struct teller *teller) {
    struct teller_watcher *console = &teller->watchers[WATCHER_CONSOLE];
    uint32_t turn = teller->scans++ % REFRESH_SCANS;
    for (uint32_t p = 0; p < teller->site->ruleset.point_count; p++) {
        uint8_t quality = core_point(teller->core, p)->quality;
        if (quality != teller->told_qualities[p]) {
            teller->told_qualities[p] = quality;
            teller_mark_point(teller, p);
        } else if (console->peer != NULL && p % REFRESH_SCANS == turn &&
                   quality_usable((enum quality)quality)) {
            index_set_add(&console->points, p);
        }
    }
}

bool teller_has_points(const struct teller *teller) {
    bool any = false;
    for (int i = 0; i < WATCHER_COUNT; i++) {
        const struct teller_watcher *watcher = &teller->watchers[i];
        any = any || (watcher->peer != NULL && !index_set_is_empty(&watcher->points));
    }
    return any;
}

static struct wire_point_value teller_value(const struct teller *teller, uint32_t point,
                                            struct instant now, struct wall wall) {
    const struct point_state *state = core_point(teller->core, point);
    int64_t age_ns = (int64_t)point_age_ns(state, now);
    bool ever = teller->measured[point].ns != 0;
    return (struct wire_point_value){
        .point = point,
        .quality = state->quality,
        .value = state->value,
        .measured = teller->measured[point],
        .heard = {ever ? wall.ns - age_ns : 0},
    };
}

/* Send marked points as long as the socket takes them. */
static int teller_send_points(struct teller *teller, struct teller_watcher *watcher) {
    struct wire_point_values *values = &teller->values;
    struct instant now = clock_instant();
    struct wall wall = clock_wall();
    int r = 0;
    while (r == 0 && !index_set_is_empty(&watcher->points)) {
        values->count = 0;
        values->clock_behind = core_clock_behind_ns(teller->core, now) > 0;
        for (uint32_t p = index_set_next(&watcher->points, 0);
             p != INDEX_NONE && values->count < WIRE_POINT_VALUES_MAX;
             p = index_set_next(&watcher->points, p + 1)) {
            values->values[values->count++] = teller_value(teller, p, now, wall);
        }
        values->header =
            wire_header_of(WIRE_POINT_VALUES, wire_size(WIRE_POINT_VALUES, values->count));
        r = engine_peer_send(watcher->peer, values);
        for (uint32_t i = 0; r == 0 && i < values->count; i++) {
            index_set_remove(&watcher->points, values->values[i].point);
        }
    }
    return r;
}

/* ---- alarms ---- */

void teller_alarm(struct teller *teller, const struct journal_alarm *alarm) {
    struct teller_alarm *told = &teller->alarms[alarm->alarm];
    if (alarm->ticket < told->ticket) {
        return;
    }
    *told = (struct teller_alarm){
        .record = alarm->record,
        .taken = alarm->at_wall,
        .changed = alarm->changed,
        .value = alarm->value,
        .quality = alarm->quality,
        .calling = calling_roles(&teller->site->ruleset, alarm->alarm, &alarm->chain),
        .ticket = alarm->ticket,
    };
    for (int i = 0; i < WATCHER_COUNT; i++) {
        if (teller->watchers[i].peer != NULL) {
            index_set_add(&teller->watchers[i].alarms, alarm->alarm);
        }
    }
}

static int teller_send_alarm(struct teller *teller, struct teller_watcher *watcher, uint32_t alarm,
                             uint32_t snapshot) {
    struct wire_alarm_state state = {
        .header = wire_header_of(WIRE_ALARM_STATE, sizeof state),
        .alarm = alarm,
        .snapshot = snapshot,
    };
    if (alarm != RULESET_NONE) {
        const struct teller_alarm *told = &teller->alarms[alarm];
        state.record = told->record;
        state.taken = told->taken;
        state.changed = told->changed;
        state.value = told->value;
        state.quality = told->quality;
        state.calling = told->calling;
    }
    return engine_peer_send(watcher->peer, &state);
}

/* Send all that are not normal, then that these were all. */
static int teller_send_snapshot(struct teller *teller, struct teller_watcher *watcher) {
    int r = 0;
    while (r == 0 && watcher->snapshot_next < teller->site->ruleset.alarm_count) {
        uint32_t alarm = watcher->snapshot_next;
        if (!alarm_axes_are_idle(teller->alarms[alarm].record.axes)) {
            r = teller_send_alarm(teller, watcher, alarm, 1);
        }
        watcher->snapshot_next += r == 0;
    }
    if (r == 0) {
        r = teller_send_alarm(teller, watcher, RULESET_NONE, 2);
    }
    watcher->snapshot_runs = r != 0;
    return r;
}

static int teller_send_alarms(struct teller *teller, struct teller_watcher *watcher) {
    int r = watcher->snapshot_runs ? teller_send_snapshot(teller, watcher) : 0;
    for (uint32_t alarm = index_set_next(&watcher->alarms, 0); r == 0 && alarm != INDEX_NONE;
         alarm = index_set_next(&watcher->alarms, alarm + 1)) {
        r = teller_send_alarm(teller, watcher, alarm, 0);
        if (r == 0) {
            index_set_remove(&watcher->alarms, alarm);
        }
    }
    return r;
}

/* ---- events ---- */

static void teller_send_event(const struct site *site, struct teller_watcher *watcher,
                              const struct wire_event *message) {
    if (message->seq > 0) {
        watcher->missed = watcher->missed || engine_peer_send(watcher->peer, message) != 0;
        if (watcher->missed && site_alarm_is_urgent(site, message->alarm)) {
            index_set_add(&watcher->urgent, message->alarm);
        }
    } else if (watcher->early_missed == 0 && engine_peer_send(watcher->peer, message) != 0) {
        watcher->early_missed = message->early;
    }
}

void teller_event(struct teller *teller, const struct wire_event *message) {
    for (int i = 0; i < WATCHER_COUNT; i++) {
        if (teller->watchers[i].peer != NULL) {
            teller_send_event(teller->site, &teller->watchers[i], message);
        }
    }
}

/* Send early events that did not fit, or that went out before the watcher was there. */
static int teller_send_early(struct teller *teller, struct teller_watcher *watcher) {
    const struct journal_event *event = recorder_waiting(teller->recorder);
    int r = 0;
    while (r == 0 && event != NULL && watcher->early_missed > 0) {
        uint64_t early = event->early;
        if (early >= watcher->early_missed) {
            recorder_early_message(teller->recorder, event, &teller->event);
            r = engine_peer_send(watcher->peer, &teller->event);
            if (r == 0) {
                watcher->early_missed = early + 1;
            }
        }
        event = event->newer;
    }
    if (r == 0) {
        watcher->early_missed = 0;
    }
    return r;
}

static int teller_send_journal(struct teller *teller, struct teller_watcher *watcher,
                               uint32_t alarm) {
    const struct wire_journal message = {
        .header = wire_header_of(WIRE_JOURNAL, sizeof message),
        .newest_seq = journal_newest(recorder_journal(teller->recorder)),
        .alarm = alarm,
    };
    return engine_peer_send(watcher->peer, &message);
}

static int teller_send_missed(struct teller *teller, struct teller_watcher *watcher) {
    int r = watcher->early_missed > 0 ? teller_send_early(teller, watcher) : 0;
    for (uint32_t alarm = index_set_next(&watcher->urgent, 0); r == 0 && alarm != INDEX_NONE;
         alarm = index_set_next(&watcher->urgent, alarm + 1)) {
        r = teller_send_journal(teller, watcher, alarm);
        if (r == 0) {
            index_set_remove(&watcher->urgent, alarm);
        }
    }
    if (r == 0 && watcher->missed) {
        r = teller_send_journal(teller, watcher, RULESET_NONE);
        watcher->missed = r != 0;
    }
    return r;
}

/* ---- watchers ---- */

static struct teller_watcher *teller_watcher(struct teller *teller,
                                             const struct engine_peer *peer) {
    assert(peer->role != WIRE_ROLE_FIELD);
    return &teller->watchers[peer->role == WIRE_ROLE_UPLINK ? WATCHER_UPLINK : WATCHER_CONSOLE];
}

static void teller_send(struct teller *teller, struct teller_watcher *watcher) {
    int r = teller_send_missed(teller, watcher);
    if (r == 0) {
        r = teller_send_alarms(teller, watcher);
    }
    if (r == 0) {
        r = teller_send_points(teller, watcher);
    }
    (void)r; /* full: goes on when it is writable; gone: the peer's own end says so */
}

void teller_join(struct teller *teller, struct engine_peer *peer) {
    struct teller_watcher *watcher = teller_watcher(teller, peer);
    watcher->peer = peer;
    watcher->missed = false; /* the welcome said how far the journal is */
    index_set_clear(&watcher->urgent);
    watcher->early_missed = 1;
    watcher->snapshot_runs = true;
    watcher->snapshot_next = 0;
    index_set_clear(&watcher->alarms);
    for (uint32_t p = 0; p < teller->site->ruleset.point_count; p++) {
        index_set_add(&watcher->points, p);
    }
    teller_send(teller, watcher);
}

void teller_leave(struct teller *teller, const struct engine_peer *peer) {
    struct teller_watcher *watcher = teller_watcher(teller, peer);
    watcher->peer = NULL;
    index_set_clear(&watcher->urgent);
    index_set_clear(&watcher->alarms);
    index_set_clear(&watcher->points);
}

void teller_writable(struct teller *teller, struct engine_peer *peer) {
    teller_send(teller, teller_watcher(teller, peer));
}

void teller_flush(struct teller *teller) {
    for (int i = 0; i < WATCHER_COUNT; i++) {
        struct teller_watcher *watcher = &teller->watchers[i];
        if (watcher->peer != NULL && !watcher->peer->full) {
            teller_send(teller, watcher);
        }
    }
}

/* ---- birth and death ---- */

int teller_new(const struct site *site, const struct core *core, struct recorder *recorder,
               struct teller **ret_teller) {
    const struct ruleset *ruleset = &site->ruleset;
    struct teller *teller = calloc(1, sizeof *teller);
    if (teller == NULL) {
        return err_origin(-ENOMEM);
    }
    teller->site = site;
    teller->core = core;
    teller->recorder = recorder;
    teller->alarms = calloc((size_t)ruleset->alarm_count + 1, sizeof *teller->alarms);
    teller->measured = calloc((size_t)ruleset->point_count + 1, sizeof *teller->measured);
    teller->told_qualities = calloc((size_t)ruleset->point_count + 1, 1);
    int r = teller->alarms == NULL || teller->measured == NULL || teller->told_qualities == NULL
                ? err_origin(-ENOMEM)
                : 0;
    for (int i = 0; r == 0 && i < WATCHER_COUNT; i++) {
        r = marks_init(&teller->watchers[i].alarms, ruleset->alarm_count);
        if (r == 0) {
            r = marks_init(&teller->watchers[i].urgent, ruleset->alarm_count);
        }
        if (r == 0) {
            r = marks_init(&teller->watchers[i].points, ruleset->point_count);
        }
    }
    if (r != 0) {
        (void)teller_free(teller);
        return r;
    }
    *ret_teller = teller;
    return 0;
}

struct teller *teller_free(struct teller *teller) {
    if (teller != NULL) {
        for (int i = 0; i < WATCHER_COUNT; i++) {
            marks_deinit(&teller->watchers[i].urgent);
            marks_deinit(&teller->watchers[i].alarms);
            marks_deinit(&teller->watchers[i].points);
        }
        free(teller->told_qualities);
        free(teller->measured);
        free(teller->alarms);
        free(teller);
    }
    return NULL;
}
