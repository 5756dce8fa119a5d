/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "gateway/console/trend/trend_shelf.h"

struct reading {
    const uint64_t *ids;
    uint32_t id_count;
    int64_t first;
    uint32_t slots;
    struct trend_bucket *buckets;
    /* of the segment that is read: which row is which point, by row */
    struct row {
        uint32_t row, point;
    } * rows;
    uint32_t row_count;
    uint32_t step_s;
};

static void reading_add(struct reading *reading, uint32_t point, int64_t slot,
                        const struct trend_bucket *bucket) {
    if (slot >= reading->first && slot < reading->first + reading->slots) {
        trend_bucket_add(
            &reading->buckets[point * reading->slots + (uint32_t)(slot - reading->first)], bucket);
    }
}

static bool reading_block(void *context, const struct trend_block_head *head,
                          const unsigned char *body, uint64_t end) {
    struct reading *reading = context;
    struct trend_rows rows;
    (void)end;
    trend_rows_begin(&rows, head, body, reading->step_s);
    for (uint32_t i = 0; i < reading->row_count; i++) {
        struct trend_bucket bucket;
        if (trend_rows_read(&rows, reading->rows[i].row, &bucket)) {
            reading_add(reading, reading->rows[i].point, head->slot, &bucket);
        }
    }
    return true;
}

static void reading_find_rows(struct reading *reading, const struct trend_blocks *blocks) {
    reading->row_count = 0;
    for (uint32_t row = 0; row < blocks->head.rows; row++) {
        for (uint32_t p = 0; p < reading->id_count; p++) {
            if (blocks->ids[row] == reading->ids[p] && reading->row_count < reading->id_count) {
                reading->rows[reading->row_count++] = (struct row){row, p};
                break;
            }
        }
    }
}

static void shelf_read_blocks(struct trend_shelf *shelf, const struct trend_segment *segment,
                              struct reading *reading) {
    struct trend_blocks blocks;
    if (trend_blocks_open(shelf->directory, shelf->tier, segment->serial, false, &blocks) != 0) {
        shelf->damaged++;
        return;
    }
    const struct trend_blocks_part part = {.first = reading->first,
                                           .end = reading->first + reading->slots};
    uint64_t again = 0; /* what is damaged was counted when the file was opened */
    reading_find_rows(reading, &blocks);
    (void)trend_blocks_visit(&blocks, &part, reading_block, reading, &again);
    trend_blocks_close(&blocks);
}

static void shelf_read_runs(struct trend_shelf *shelf, const struct trend_segment *segment,
                            struct reading *reading) {
    struct trend_bucket buckets[TREND_RUN_SLOTS_MAX];
    struct trend_runs runs;
    if (trend_runs_open(shelf->directory, shelf->tier, segment->serial, &runs) != 0) {
        shelf->damaged++;
        return;
    }
    int64_t first = trend_span_first(runs.head.span, shelf->tier->slots);
    for (uint32_t p = 0; p < reading->id_count; p++) {
        if (trend_runs_read(&runs, reading->ids[p], buckets, &shelf->damaged)) {
            for (uint32_t i = 0; i < shelf->tier->slots; i++) {
                reading_add(reading, p, first + i, &buckets[i]);
            }
        }
    }
    trend_runs_close(&runs);
}

int trend_shelf_read(struct trend_shelf *shelf, const uint64_t *ids, uint32_t id_count,
                     int64_t first, uint32_t slots, struct trend_bucket *ret_buckets) {
    struct reading reading = {
        .ids = ids,
        .id_count = id_count,
        .first = first,
        .slots = slots,
        .buckets = ret_buckets,
        .rows = malloc(((size_t)id_count + 1) * sizeof *reading.rows),
        .step_s = shelf->tier->step_s,
    };
    if (reading.rows == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < shelf->count; i++) {
        const struct trend_segment *segment = &shelf->segments[i];
        int64_t begin = trend_span_first(segment->span, shelf->tier->slots);
        if (segment->strange || begin >= first + slots || begin + shelf->tier->slots <= first) {
            continue;
        }
        if (segment->form == TREND_RUNS) {
            shelf_read_runs(shelf, segment, &reading);
        } else {
            shelf_read_blocks(shelf, segment, &reading);
        }
    }
    free(reading.rows);
    return 0;
}

struct visit {
    const struct trend_blocks *blocks;
    void (*visitor)(void *context, const struct trend_shelf_block *block);
    void *context;
};

static bool visit_block(void *context, const struct trend_block_head *head,
                        const unsigned char *body, uint64_t end) {
    const struct visit *visit = context;
    const struct trend_shelf_block block = {
        .blocks = visit->blocks,
        .head = head,
        .body = body,
        .end = {.serial = visit->blocks->head.serial, .offset = (uint32_t)end},
    };
    visit->visitor(visit->context, &block);
    return true;
}

int trend_shelf_visit(struct trend_shelf *shelf, struct trend_source from,
                      void (*visitor)(void *context, const struct trend_shelf_block *),
                      void *context) {
    for (uint32_t i = 0; i < shelf->count; i++) {
        const struct trend_segment *segment = &shelf->segments[i];
        struct trend_blocks blocks;
        if (segment->serial < from.serial || segment->form != TREND_BLOCKS || segment->strange) {
            continue;
        }
        int r = trend_blocks_open(shelf->directory, shelf->tier, segment->serial, false, &blocks);
        if (r == -ENOMEM) {
            return r;
        } else if (r != 0) {
            continue;
        }
        const int64_t first = trend_span_first(blocks.head.span, shelf->tier->slots);
        const struct trend_blocks_part part = {
            .offset = segment->serial == from.serial ? from.offset : 0,
            .first = first,
            .end = first + shelf->tier->slots,
        };
        struct visit visit = {.blocks = &blocks, .visitor = visitor, .context = context};
        uint64_t again = 0;
        (void)trend_blocks_visit(&blocks, &part, visit_block, &visit, &again);
        trend_blocks_close(&blocks);
    }
    return 0;
}
