/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "gateway/event_type.h"
#include "gateway/journal/journal_store_parts.h"
#include "gateway/site.h"

static int store_add_first_sent(struct journal_store *store, uint64_t seq, uint64_t early) {
    sqlite3_stmt *statement = store->statements[STORE_FIRST_SENT];
    store_bind_int(statement, 1, seq);
    store_bind_int(statement, 2, early);
    return store_run(store, STORE_FIRST_SENT);
}

/* The alarm that the event is about: one of the site, one that it no longer has, or none. */
static const char *store_alarm_name(const struct journal_store *store,
                                    const struct journal_event *event,
                                    char ret[SITE_ALARM_NAME_SIZE]) {
    if (event->alarm == RULESET_NONE) {
        return event->ended;
    }
    store->identity->alarm_name(store->identity->context, event->alarm, ret);
    return ret;
}

static int store_end_alarm(struct journal_store *store, const char *name) {
    store_bind_text(store->statements[STORE_ALARM_END], 1, name);
    return store_run(store, STORE_ALARM_END);
}

static int store_add_event(struct journal_store *store, struct journal_event *event,
                           const char *boot, const char *id_prefix) {
    char alarm[SITE_ALARM_NAME_SIZE];
    sqlite3_stmt *statement = store->statements[STORE_EVENT];
    event->seq = store->newest_seq + 1;
    size_t size = journal_event_body(event, id_prefix, event->seq, 0, store->body);
    journal_digest_next(store->hasher, store->digest, store->body, size, store->digest);
    store_bind_int(statement, 1, event->seq);
    store_bind_text(statement, 2, boot);
    store_bind_int(statement, 3, (uint64_t)event->wall.ns);
    store_bind_int(statement, 4, event->lane);
    store_bind_text(statement, 5, event_type_name(event->type));
    store_bind_text(statement, 6, store_alarm_name(store, event, alarm));
    store_bind_text(statement, 7, event->place);
    store_bind_text(statement, 8, event->point);
    (void)sqlite3_bind_text(statement, 9, store->body, (int)size, SQLITE_STATIC);
    (void)sqlite3_bind_blob(statement, 10, store->digest, sizeof store->digest, SQLITE_STATIC);
    int r = store_run(store, STORE_EVENT);
    if (r == 0 && event->ended != NULL) {
        r = store_end_alarm(store, event->ended);
    }
    if (r == 0) {
        store->newest_seq = event->seq;
        event->early_linked = atomic_load(&event->early);
        if (event->early_linked != 0) {
            r = store_add_first_sent(store, event->seq, event->early_linked);
        }
    }
    return r;
}

static void store_put_u64(unsigned char *at, uint64_t value) {
    for (int i = 0; i < 8; i++) {
        at[i] = (unsigned char)(value >> (8 * i));
    }
}

static void store_put_memory(unsigned char at[MEMORY_BYTES], const struct memory_record *memory) {
    store_put_u64(at, memory->identity);
    store_put_u64(at + 8, memory->true_age_ns);
    store_put_u64(at + 16, memory->unknown_age_ns);
    at[24] = memory->now;
    at[25] = memory->kind;
}

static int store_add_alarm(struct journal_store *store, const struct journal_alarm *alarm) {
    char name[SITE_ALARM_NAME_SIZE];
    sqlite3_stmt *statement = store->statements[STORE_ALARM];
    const struct alarm_record *record = &alarm->record;
    size_t size = (size_t)alarm->memory_count * MEMORY_BYTES;
    unsigned char *past = malloc(size + 1);
    if (past == NULL) {
        return JOURNAL_E_FAILED;
    }
    for (uint32_t i = 0; i < alarm->memory_count; i++) {
        store_put_memory(past + (size_t)i * MEMORY_BYTES, &alarm->memories[i]);
    }
    store->identity->alarm_name(store->identity->context, alarm->alarm, name);
    store_bind_text(statement, 1, name);
    store_bind_int(statement, 2, record->axes.pending);
    store_bind_int(statement, 3, record->axes.active);
    store_bind_int(statement, 4, record->axes.acked);
    store_bind_int(statement, 5, record->axes.latched);
    store_bind_int(statement, 6, record->axes.attended);
    store_bind_int(statement, 7, record->axes.open);
    store_bind_int(statement, 8, record->occurrence);
    store_bind_int(statement, 9, record->raises);
    store_bind_int(statement, 10, record->condition);
    store_bind_int(statement, 11, record->remaining_ns);
    store_bind_int(statement, 12, (uint64_t)record->raised.ns);
    store_bind_int(statement, 13, (uint64_t)record->acked_at.ns);
    store_bind_int(statement, 14, (uint64_t)record->attended_at.ns);
    store_bind_int(statement, 15, alarm->at.ns);
    store_bind_int(statement, 16, (uint64_t)alarm->at_wall.ns);
    store_bind_int(statement, 17, (uint64_t)alarm->changed.ns);
    (void)sqlite3_bind_double(statement, 18, alarm->value);
    store_bind_int(statement, 19, alarm->quality);
    store_bind_int(statement, 20, record->axes.silenced);
    store_bind_int(statement, 21, record->axes.test);
    store_bind_int(statement, 22, record->axes.shelved);
    store_bind_int(statement, 23, record->axes.by_design);
    store_bind_int(statement, 24, record->axes.out_of_service);
    store_bind_int(statement, 25, record->axes.investigated);
    store_bind_int(statement, 26, record->axes.real);
    store_bind_int(statement, 27, record->axes.promoted);
    store_bind_int(statement, 28, record->axes.chattering);
    store_bind_int(statement, 29, record->disposition);
    for (int i = 0; i < ALARM_CLOCK_COUNT; i++) {
        store_bind_int(statement, ALARM_CLOCK_COLUMN + 1 + i, record->left_ds[i]);
    }
    store_bind_int(statement, ALARM_CHAIN_COLUMN + 1, alarm->chain.state);
    store_bind_int(statement, ALARM_CHAIN_COLUMN + 2, alarm->chain.run);
    store_bind_int(statement, ALARM_CHAIN_COLUMN + 3, alarm->chain.reached);
    store_bind_int(statement, ALARM_CHAIN_COLUMN + 4, alarm->chain.age_ns);
    store_bind_int(statement, ALARM_CHAIN_COLUMN + 5, alarm->chain.receipt_ns);
    (void)sqlite3_bind_blob(statement, ALARM_PAST_COLUMN + 1, past, (int)size, SQLITE_STATIC);
    store_bind_int(statement, ALARM_CONDITION_COLUMN + 1, record->condition_identity);
    store_bind_int(statement, ALARM_CHAIN_STEPS_COLUMN + 1, alarm->chain.steps);
    store_bind_int(statement, ALARM_AGREED_COLUMN + 1, record->axes.agreed);
    int r = store_run(store, STORE_ALARM);
    free(past);
    return r;
}

static int store_add_confirmed(struct journal_store *store, const struct journal_gather *gather) {
    int r = 0;
    for (int sink = 0; r == 0 && sink < JOURNAL_SINK_COUNT; sink++) {
        for (int lane = 0; r == 0 && lane < JOURNAL_LANE_COUNT; lane++) {
            if (gather->confirmed[sink][lane] == 0) {
                continue;
            }
            sqlite3_stmt *statement = store->statements[STORE_SINK];
            store_bind_text(statement, 1, store_sink_names[sink]);
            store_bind_int(statement, 2, (uint64_t)lane);
            store_bind_int(statement, 3, gather->confirmed[sink][lane]);
            r = store_run(store, STORE_SINK);
        }
    }
    return r;
}

static int store_add_tokens(struct journal_store *store, const struct journal_gather *gather) {
    int r = 0;
    for (uint32_t field = 0; r == 0 && field < JOURNAL_FIELD_MAX; field++) {
        if (gather->tokens[field] != 0) {
            store_bind_int(store->statements[STORE_TOKEN], 1, field);
            store_bind_int(store->statements[STORE_TOKEN], 2, gather->tokens[field]);
            r = store_run(store, STORE_TOKEN);
        }
    }
    return r;
}

static int store_add_test(struct journal_store *store, const struct journal_standing *standing,
                          const struct journal_test *test) {
    sqlite3_stmt *statement = store->statements[STORE_TEST];
    store_bind_text(statement, 1, test->place);
    store_bind_int(statement, 2, (uint64_t)test->begun.ns);
    store_bind_int(statement, 3, test->left_ds);
    store_bind_text(statement, 4, test->actor);
    store_bind_text(statement, 5, test->role);
    store_bind_text(statement, 6, test->reason);
    store_bind_text(statement, 7, test->tripped);
    store_bind_int(statement, 8, standing->at.ns);
    store_bind_int(statement, 9, (uint64_t)standing->at_wall.ns);
    return store_run(store, STORE_TEST);
}

static int store_add_walk(struct journal_store *store, const struct journal_standing *standing,
                          const struct journal_walk *walk) {
    sqlite3_stmt *statement = store->statements[STORE_WALK];
    store_bind_text(statement, 1, walk->place);
    store_bind_int(statement, 2, walk->left_ds);
    store_bind_text(statement, 3, walk->tripped);
    store_bind_int(statement, 4, standing->at.ns);
    store_bind_int(statement, 5, (uint64_t)standing->at_wall.ns);
    return store_run(store, STORE_WALK);
}

static int store_add_trips(struct journal_store *store, const struct journal_standing *standing) {
    sqlite3_stmt *statement = store->statements[STORE_TRIP];
    int r = store_run(store, STORE_TRIPS_END);
    for (const struct journal_trip *trip = standing->trips; r == 0 && trip != NULL;
         trip = trip->next) {
        store_bind_text(statement, 1, trip->point);
        store_bind_int(statement, 2, trip->record.earnest_age_ns);
        store_bind_int(statement, 3, trip->record.tested_age_ns);
        store_bind_int(statement, 4, standing->at.ns);
        store_bind_int(statement, 5, (uint64_t)standing->at_wall.ns);
        r = store_run(store, STORE_TRIP);
    }
    return r;
}

static int store_add_walks(struct journal_store *store, const struct journal_standing *standing) {
    int r = store_run(store, STORE_WALKS_END);
    for (const struct journal_walk *walk = standing->walks; r == 0 && walk != NULL;
         walk = walk->next) {
        r = store_add_walk(store, standing, walk);
    }
    return r;
}

/* All that stands beside the alarms takes the place of what stood there before. */
static int store_add_standing(struct journal_store *store,
                              const struct journal_standing *standing) {
    int r = store_run(store, STORE_TESTS_END);
    for (const struct journal_test *test = standing->tests; r == 0 && test != NULL;
         test = test->next) {
        r = store_add_test(store, standing, test);
    }
    store_bind_int(store->statements[STORE_FLOOD], 1, standing->flood.incident);
    store_bind_int(store->statements[STORE_FLOOD], 2, standing->flood.runs);
    store_bind_int(store->statements[STORE_CLOCK], 1, (uint64_t)standing->clock_good.ns);
    if (r == 0) {
        r = store_add_walks(store, standing);
    }
    if (r == 0) {
        r = store_add_trips(store, standing);
    }
    if (r == 0) {
        r = store_run(store, STORE_CLOCK);
    }
    return r == 0 ? store_run(store, STORE_FLOOD) : r;
}

static int store_add_point(struct journal_store *store, const struct journal_present *present,
                           const struct journal_point *point) {
    sqlite3_stmt *statement = store->statements[STORE_PRESENT];
    store_bind_text(statement, 1, point->point);
    store_bind_int(statement, 2, point->source);
    (void)sqlite3_bind_double(statement, 3, point->value);
    store_bind_int(statement, 4, point->quality);
    store_bind_int(statement, 5, (uint64_t)point->measured.ns);
    store_bind_int(statement, 6, point->age_ns);
    store_bind_int(statement, 7, present->at.ns);
    store_bind_int(statement, 8, (uint64_t)present->at_wall.ns);
    return store_run(store, STORE_PRESENT);
}

/* Likewise what all points said last. */
static int store_add_present(struct journal_store *store, const struct journal_present *present) {
    int r = store_run(store, STORE_PRESENT_END);
    for (uint32_t i = 0; r == 0 && i < present->count; i++) {
        r = store_add_point(store, present, &present->points[i]);
    }
    return r;
}

int store_add(struct journal_store *store, const struct journal_gather *gather, const char *boot,
              const char *id_prefix) {
    int r = 0;
    uint64_t recorded = store->newest_seq;
    for (struct journal_event *event = gather->first; r == 0 && event != NULL;
         event = event->next) {
        /* A commit may report an error and have reached the disk all the same; then the event is
         * here. */
        if (event->seq == 0 || event->seq > recorded) {
            r = store_add_event(store, event, boot, id_prefix);
        }
    }
    for (const struct journal_alarm *alarm = gather->alarms; r == 0 && alarm != NULL;
         alarm = alarm->next) {
        r = store_add_alarm(store, alarm);
    }
    if (r == 0 && gather->standing != NULL) {
        r = store_add_standing(store, gather->standing);
    }
    for (const struct journal_spent *spent = gather->spent; r == 0 && spent != NULL;
         spent = spent->next) {
        store_bind_int(store->statements[STORE_PRESENT_SPENT], 1, spent->row);
        r = store_run(store, STORE_PRESENT_SPENT);
    }
    if (r == 0 && gather->present != NULL) {
        r = store_add_present(store, gather->present);
    }
    for (const struct journal_link *link = gather->links; r == 0 && link != NULL;
         link = link->next) {
        r = store_add_first_sent(store, link->seq, link->early);
    }
    if (r == 0) {
        r = store_add_confirmed(store, gather);
    }
    return r == 0 ? store_add_tokens(store, gather) : r;
}
