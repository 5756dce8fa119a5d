/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/trend/trend_store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    HOUR_MINUTES = 60,
    DAY_QUARTERS = 96,
    KEEP_HOURS = 25, /* a day, whatever part of an hour has passed */
    KEEP_DAYS = 397, /* 13 months, wherever they begin */
};
_Static_assert(DAY_QUARTERS <= (int)TREND_RUN_SLOTS_MAX, "a run holds a day");
_Static_assert(HOUR_MINUTES <= (int)TREND_RUN_SLOTS_MAX, "a run holds an hour");

static const struct trend_tier tier_minutes = {
    .name = "minutes", .step_s = TREND_MINUTE_S, .slots = HOUR_MINUTES, .keep = KEEP_HOURS};
static const struct trend_tier tier_quarters = {
    .name = "quarters", .step_s = TREND_QUARTER_S, .slots = DAY_QUARTERS, .keep = KEEP_DAYS};

struct trend_store {
    int directory;
    struct trend_columns columns;
    uint64_t size_max;
    struct trend_shelf minutes, quarters;
    /* The quarter that is being added up. */
    struct trend_bucket *sums; /* by column */
    int64_t quarter;
    bool summed;                /* there is something in it */
    struct trend_source source; /* up to where */
    struct trend_store_stats stats;
};

/* ---- room ---- */

/* Is there room for one block more? Sets errno where there is not. */
static bool store_make_room(struct trend_store *store) {
    uint64_t block = sizeof(struct trend_file_head) +
                     store->columns.count * sizeof *store->columns.ids +
                     trend_block_size_max(store->columns.count);
    while (store->minutes.bytes + store->quarters.bytes + block > store->size_max) {
        if (!trend_shelf_drop_oldest(&store->quarters) &&
            !trend_shelf_drop_oldest(&store->minutes)) {
            errno = ENOSPC;
            return false;
        }
    }
    struct statvfs disk;
    if (fstatvfs(store->directory, &disk) != 0) {
        return false;
    }
    if ((uint64_t)disk.f_bavail * disk.f_frsize < TREND_SPARE + block) {
        errno = ENOSPC;
        return false;
    }
    return true;
}

static int store_append(struct trend_store *store, struct trend_shelf *shelf, int64_t slot,
                        struct trend_source source, const struct trend_bucket *buckets) {
    int r =
        store_make_room(store) ? trend_shelf_append(shelf, slot, source, buckets) : TREND_E_DISK;
    store->stats.dropped += r != 0;
    return r;
}

/* ---- quarters ---- */

/* Write the quarter that was added up. What the disk does not take is dropped: minutes go on coming. */
static int store_end_quarter(struct trend_store *store) {
    int r = 0;
    if (store->summed) {
        r = store_append(store, &store->quarters, store->quarter, store->source, store->sums);
        store->stats.quarters_written += r == 0;
    }
    memset(store->sums, 0, store->columns.count * sizeof *store->sums);
    store->summed = false;
    return r;
}

/* Another quarter begins with this minute. */
static int store_turn(struct trend_store *store, int64_t minute) {
    int64_t quarter = trend_span(minute, TREND_MINUTES);
    int r = quarter != store->quarter ? store_end_quarter(store) : 0;
    store->quarter = quarter;
    return r;
}

/* A minute that is in its file, or that its file did not take, has been added to the sums. */
static int store_summed(struct trend_store *store, int64_t minute) {
    store->summed = true;
    return trend_span(minute + 1, TREND_MINUTES) != store->quarter ? store_end_quarter(store) : 0;
}

/* ---- after a crash ---- */

struct recovery {
    struct trend_store *store;
    uint64_t serial;   /* of the segment that `columns` is of */
    uint32_t *columns; /* by its rows: our column, or UINT32_MAX */
    uint32_t rows;
    bool failed;
};

struct known {
    uint64_t id;
    uint32_t column;
};

static int known_order(const void *a, const void *b) {
    const struct known *one = a, *other = b;
    return (one->id > other->id) - (one->id < other->id);
}

/* Which of our columns each row of a segment is. */
static bool recovery_map(struct recovery *recovery, const struct trend_blocks *blocks) {
    const struct trend_columns *ours = &recovery->store->columns;
    struct known *known = malloc(((size_t)ours->count + 1) * sizeof *known);
    uint32_t *columns = calloc((size_t)blocks->head.rows + 1, sizeof *columns);
    bool good = known != NULL && columns != NULL;
    for (uint32_t i = 0; good && i < ours->count; i++) {
        known[i] = (struct known){ours->ids[i], i};
    }
    if (good && ours->count > 0) {
        qsort(known, ours->count, sizeof *known, known_order);
    }
    for (uint32_t i = 0; good && i < blocks->head.rows; i++) {
        const struct known wanted = {.id = blocks->ids[i]};
        const struct known *found =
            ours->count > 0 ? bsearch(&wanted, known, ours->count, sizeof *known, known_order)
                            : NULL;
        columns[i] = found == NULL ? UINT32_MAX : found->column;
    }
    free(known);
    free(recovery->columns);
    recovery->columns = columns;
    recovery->rows = good ? blocks->head.rows : 0;
    recovery->serial = blocks->head.serial;
    return good;
}

static void recovery_block(void *context, const struct trend_shelf_block *block) {
    struct recovery *recovery = context;
    struct trend_store *store = recovery->store;
    if (recovery->columns == NULL || recovery->serial != block->blocks->head.serial) {
        recovery->failed = recovery->failed || !recovery_map(recovery, block->blocks);
    }
    if (recovery->failed) {
        return;
    }
    struct trend_rows rows;
    (void)store_turn(store, block->head->slot); /* counted; what was read is added in any case */
    trend_rows_begin(&rows, block->head, block->body, TREND_MINUTE_S);
    for (uint32_t i = 0; i < recovery->rows; i++) {
        struct trend_bucket bucket;
        if (trend_rows_read(&rows, i, &bucket) && recovery->columns[i] != UINT32_MAX) {
            trend_bucket_add(&store->sums[recovery->columns[i]], &bucket);
        }
    }
    store->source = block->end;
    (void)store_summed(store, block->head->slot);
}

/* Add up again what no quarter was made of. */
static int store_recover(struct trend_store *store) {
    struct trend_source from = {0};
    for (uint32_t i = 0; i < store->quarters.count; i++) {
        const struct trend_source *source = &store->quarters.segments[i].source;
        bool possible = source->serial < TREND_SERIAL_END;
        bool later = source->serial > from.serial ||
                     (source->serial == from.serial && source->offset > from.offset);
        from = possible && later ? *source : from;
    }
    /* Serials that quarters speak of are never given again, though somebody removed the minutes. */
    if (store->minutes.next_serial <= from.serial && store->minutes.growing.fd < 0) {
        store->minutes.next_serial = from.serial + 1;
    }
    struct recovery recovery = {.store = store};
    int r = trend_shelf_visit(&store->minutes, from, recovery_block, &recovery);
    free(recovery.columns);
    return recovery.failed ? -ENOMEM : r;
}

/* ---- the store ---- */

static int store_open_directory(struct trend_store *store, const char *directory) {
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        return TREND_E_DISK;
    }
    store->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return store->directory < 0 ? TREND_E_DISK : 0;
}

static int store_open(struct trend_store *store, const char *directory) {
    store->sums = calloc((size_t)store->columns.count + 1, sizeof *store->sums);
    int r = store->sums == NULL ? -ENOMEM : store_open_directory(store, directory);
    if (r == 0) {
        r = trend_shelf_open(store->directory, &tier_minutes, store->columns, &store->minutes);
    }
    if (r == 0) {
        r = trend_shelf_open(store->directory, &tier_quarters, store->columns, &store->quarters);
    }
    return r == 0 ? store_recover(store) : r;
}

int trend_store_new(const char *directory, struct trend_columns columns, uint64_t size_max,
                    struct trend_store **ret_store) {
    struct trend_store *store = malloc(sizeof *store);
    if (store == NULL) {
        return -ENOMEM;
    }
    *store = (struct trend_store){
        .directory = -1,
        .columns = columns,
        .size_max = size_max,
        .minutes = TREND_SHELF_NULL,
        .quarters = TREND_SHELF_NULL,
    };
    int r = store_open(store, directory);
    if (r != 0) {
        int reason = errno;
        (void)trend_store_free(store);
        errno = reason;
        return r;
    }
    *ret_store = store;
    return 0;
}

struct trend_store *trend_store_free(struct trend_store *store) {
    if (store == NULL) {
        return NULL;
    }
    trend_shelf_close(&store->minutes);
    trend_shelf_close(&store->quarters);
    if (store->directory >= 0) {
        (void)close(store->directory);
    }
    free(store->sums);
    free(store);
    return NULL;
}

int trend_store_add(struct trend_store *store, int64_t slot, const struct trend_bucket *buckets) {
    int before = store_turn(store, slot);
    const struct trend_source none = {0};
    int r = store_append(store, &store->minutes, slot, none, buckets);
    if (r == 0) {
        store->stats.minutes_written++;
        store->source = trend_shelf_end(&store->minutes);
    }
    for (uint32_t i = 0; i < store->columns.count; i++) {
        trend_bucket_add(&store->sums[i], &buckets[i]);
    }
    int after = store_summed(store, slot);
    return before != 0 ? before : r != 0 ? r : after;
}

/* Add the quarter that is being added up. */
static void store_read_sums(const struct trend_store *store, const uint64_t *ids, uint32_t id_count,
                            struct trend_bucket *ret_buckets, uint32_t slots, uint32_t slot) {
    for (uint32_t column = 0; column < store->columns.count; column++) {
        for (uint32_t p = 0; p < id_count; p++) {
            if (store->columns.ids[column] == ids[p]) {
                trend_bucket_add(&ret_buckets[p * slots + slot], &store->sums[column]);
            }
        }
    }
}

int trend_store_read(struct trend_store *store, uint32_t step_s, const uint64_t *ids,
                     uint32_t id_count, int64_t first, uint32_t slots,
                     struct trend_bucket *ret_buckets) {
    bool minutes = step_s == TREND_MINUTE_S;
    int r = trend_shelf_read(minutes ? &store->minutes : &store->quarters, ids, id_count, first,
                             slots, ret_buckets);
    if (r == 0 && !minutes && store->summed && store->quarter >= first &&
        store->quarter < first + slots) {
        store_read_sums(store, ids, id_count, ret_buckets, slots,
                        (uint32_t)(store->quarter - first));
    }
    return r;
}

struct trend_store_stats trend_store_stats(const struct trend_store *store) {
    struct trend_store_stats stats = store->stats;
    stats.bytes = store->minutes.bytes + store->quarters.bytes;
    stats.damaged = store->minutes.damaged + store->quarters.damaged;
    stats.strange = store->minutes.strange + store->quarters.strange;
    return stats;
}
