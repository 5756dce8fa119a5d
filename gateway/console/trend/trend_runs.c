/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/trend/trend_runs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "gateway/disk.h"
#include "gateway/state_file.h"

/* Points that are turned over at a time: 4 MiB of buckets of a day. */
enum { POINTS_AT_ONCE = 896 };

/* Where a run is. */
struct entry {
    uint64_t id;
    uint32_t offset;
    uint16_t size;
    uint16_t sum; /* of all before it */
};
_Static_assert(sizeof(struct entry) == 16, "no padding: it is a format");

static uint16_t entry_sum(const struct entry *entry) {
    return (uint16_t)crc32(0, (const Bytef *)entry, offsetof(struct entry, sum));
}

static int entry_order(const void *a, const void *b) {
    const struct entry *one = a, *other = b;
    return (one->id > other->id) - (one->id < other->id);
}

/* ---- writing ---- */

struct turning {
    const struct trend_blocks *blocks;
    struct trend_bucket *buckets; /* point by point, `slots` each */
    uint32_t first, count;        /* of the points in there */
    struct entry *entries;        /* of all points with a run so far */
    uint32_t entry_count;
    uint64_t at; /* where the next run goes */
    struct trend_source source;
    int out;
};

static bool turning_block(void *context, const struct trend_block_head *head,
                          const unsigned char *body, uint64_t end) {
    struct turning *turning = context;
    const struct trend_file_head *file = &turning->blocks->head;
    uint32_t slot = (uint32_t)(head->slot - file->span * file->slots);
    struct trend_rows rows;
    (void)end;
    trend_rows_begin(&rows, head, body, file->step_s);
    for (uint32_t i = 0; i < turning->count; i++) {
        struct trend_bucket bucket;
        if (trend_rows_read(&rows, turning->first + i, &bucket)) {
            trend_bucket_add(&turning->buckets[i * file->slots + slot], &bucket);
        }
    }
    turning->source = (struct trend_source){head->source_serial, head->source_offset};
    return true;
}

static bool turning_point(struct turning *turning, uint32_t i) {
    const struct trend_file_head *file = &turning->blocks->head;
    unsigned char run[TREND_RUN_SIZE_MAX];
    uint64_t id = turning->blocks->ids[turning->first + i];
    size_t size =
        trend_run_write(id, turning->buckets + i * file->slots, file->slots, file->step_s, run);
    if (size > 0) {
        struct entry *entry = &turning->entries[turning->entry_count++];
        *entry = (struct entry){.id = id, .offset = (uint32_t)turning->at, .size = (uint16_t)size};
        entry->sum = entry_sum(entry);
        turning->at += size;
    }
    return size == 0 || disk_write(turning->out, run, size);
}

static bool turning_points(struct turning *turning, uint64_t *damaged) {
    const struct trend_file_head *file = &turning->blocks->head;
    const int64_t first = file->span * file->slots;
    const struct trend_blocks_part all = {.first = first, .end = first + file->slots};
    uint64_t found = 0;
    bool good = true;
    for (uint32_t i = 0; good && i < file->rows; i += turning->count) {
        turning->first = i;
        turning->count = file->rows - i < POINTS_AT_ONCE ? file->rows - i : POINTS_AT_ONCE;
        memset(turning->buckets, 0,
               (size_t)turning->count * file->slots * sizeof *turning->buckets);
        found = 0;
        (void)trend_blocks_visit(turning->blocks, &all, turning_block, turning, &found);
        for (uint32_t p = 0; good && p < turning->count; p++) {
            good = turning_point(turning, p);
        }
    }
    *damaged += found;
    return good;
}

/* The table has room for all points, and stands behind the head. */
static bool turning_write(struct turning *turning, uint64_t *damaged) {
    struct trend_file_head head = turning->blocks->head;
    turning->at = sizeof head + head.rows * sizeof *turning->entries;
    if (lseek(turning->out, (off_t)turning->at, SEEK_SET) < 0 ||
        !turning_points(turning, damaged)) {
        return false;
    }
    qsort(turning->entries, turning->entry_count, sizeof *turning->entries, entry_order);
    head.form = TREND_RUNS;
    head.rows = turning->entry_count;
    head.source_serial = turning->source.serial;
    head.source_offset = turning->source.offset;
    head.table_sum = 0;
    trend_file_head_seal(&head);
    return lseek(turning->out, 0, SEEK_SET) == 0 && disk_write(turning->out, &head, sizeof head) &&
           disk_write(turning->out, turning->entries, head.rows * sizeof *turning->entries) &&
           fsync(turning->out) == 0;
}

static int turning_file(struct turning *turning, int directory, const struct trend_tier *tier,
                        uint64_t *damaged) {
    char unfinished[TREND_FILE_NAME_SIZE], name[TREND_FILE_NAME_SIZE];
    uint64_t serial = turning->blocks->head.serial;
    trend_file_name(tier, serial, TREND_RUNS, true, unfinished);
    trend_file_name(tier, serial, TREND_RUNS, false, name);
    turning->out = state_file_open(directory, unfinished, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC);
    bool good = turning->out >= 0 && turning_write(turning, damaged);
    int reason = errno;
    if (turning->out >= 0) {
        (void)close(turning->out);
    }
    if (good && (renameat(directory, unfinished, directory, name) != 0 || fsync(directory) != 0)) {
        reason = errno;
        good = false;
    }
    if (!good) {
        (void)unlinkat(directory, unfinished, 0);
        (void)unlinkat(directory, name, 0);
        errno = reason;
    }
    return good ? 0 : TREND_E_DISK;
}

int trend_runs_write(int directory, const struct trend_tier *tier,
                     const struct trend_blocks *blocks, uint64_t *ret_size, uint64_t *damaged) {
    uint32_t rows = blocks->head.rows;
    uint32_t room = rows < POINTS_AT_ONCE ? rows : POINTS_AT_ONCE;
    struct turning turning = {
        .blocks = blocks,
        .buckets = malloc(((size_t)room * blocks->head.slots + 1) * sizeof *turning.buckets),
        .entries = malloc(((size_t)rows + 1) * sizeof *turning.entries),
    };
    int r = turning.buckets == NULL || turning.entries == NULL
                ? -ENOMEM
                : turning_file(&turning, directory, tier, damaged);
    free(turning.buckets);
    free(turning.entries);
    if (r == 0) {
        *ret_size = turning.at;
    }
    return r;
}

/* ---- reading ---- */

int trend_runs_open(int directory, const struct trend_tier *tier, uint64_t serial,
                    struct trend_runs *ret_runs) {
    char name[TREND_FILE_NAME_SIZE];
    trend_file_name(tier, serial, TREND_RUNS, false, name);
    struct trend_runs runs = {.fd = state_file_open(directory, name, O_RDONLY | O_CLOEXEC)};
    if (runs.fd < 0) {
        return errno == EINVAL ? TREND_E_STRANGE : TREND_E_DISK;
    }
    if (!disk_read_at(runs.fd, &runs.head, sizeof runs.head, 0) ||
        !trend_file_head_is_ours(&runs.head, tier, serial, TREND_RUNS)) {
        trend_runs_close(&runs);
        return TREND_E_STRANGE;
    }
    *ret_runs = runs;
    return 0;
}

void trend_runs_close(struct trend_runs *runs) {
    (void)close(runs->fd);
    runs->fd = -1;
}

/* Find the entry of `id`; false when there is none, or an entry on the way is not sound. */
static bool runs_find(const struct trend_runs *runs, uint64_t id, struct entry *ret_entry,
                      uint64_t *damaged) {
    uint32_t low = 0, high = runs->head.rows;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct entry entry;
        if (!disk_read_at(runs->fd, &entry, sizeof entry,
                          sizeof runs->head + middle * sizeof entry) ||
            entry.sum != entry_sum(&entry)) {
            (*damaged)++;
            return false;
        }
        if (entry.id == id) {
            *ret_entry = entry;
            return true;
        } else if (entry.id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

bool trend_runs_read(const struct trend_runs *runs, uint64_t id,
                     struct trend_bucket ret_buckets[TREND_RUN_SLOTS_MAX], uint64_t *damaged) {
    unsigned char run[TREND_RUN_SIZE_MAX];
    struct entry entry;
    if (!runs_find(runs, id, &entry, damaged)) {
        return false;
    }
    if (entry.size <= sizeof run && disk_read_at(runs->fd, run, entry.size, entry.offset) &&
        trend_run_read(run, entry.size, id, runs->head.slots, runs->head.step_s, ret_buckets)) {
        return true;
    }
    (*damaged)++;
    return false;
}
