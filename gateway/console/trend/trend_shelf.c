/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/trend/trend_shelf.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void segment_name(const struct trend_shelf *shelf, const struct trend_segment *segment,
                         char ret[TREND_FILE_NAME_SIZE]) {
    trend_file_name(shelf->tier, segment->serial, segment->form, false, ret);
}

static bool shelf_grows(const struct trend_shelf *shelf) {
    return shelf->growing.fd >= 0;
}

/* ---- the list ---- */

static int shelf_list_add(struct trend_shelf *shelf, const struct trend_segment *segment) {
    if (shelf->count == shelf->room) {
        uint32_t room = shelf->room == 0 ? 64 : 2 * shelf->room;
        struct trend_segment *segments = realloc(shelf->segments, room * sizeof *segments);
        if (segments == NULL) {
            return -ENOMEM;
        }
        shelf->segments = segments;
        shelf->room = room;
    }
    shelf->segments[shelf->count++] = *segment;
    shelf->bytes += segment->size;
    return 0;
}

/* Remove the file of a segment, and the segment. */
static void shelf_remove(struct trend_shelf *shelf, uint32_t index) {
    char name[TREND_FILE_NAME_SIZE];
    segment_name(shelf, &shelf->segments[index], name);
    (void)unlinkat(shelf->directory, name, 0);
    shelf->bytes -= shelf->segments[index].size;
    shelf->count--;
    memmove(shelf->segments + index, shelf->segments + index + 1,
            (shelf->count - index) * sizeof *shelf->segments);
}

/* How many of the oldest segments may go: all that are not in use. */
static uint32_t shelf_spare(const struct trend_shelf *shelf) {
    return shelf->count - (shelf_grows(shelf) ? 1 : 0);
}

bool trend_shelf_drop_oldest(struct trend_shelf *shelf) {
    if (shelf_spare(shelf) == 0) {
        return false;
    }
    shelf_remove(shelf, 0);
    return true;
}

/* Let go what is due now that `span` begins. */
static void shelf_prune(struct trend_shelf *shelf, int64_t span) {
    const uint32_t keep = shelf->tier->keep;
    while (shelf_spare(shelf) > keep) {
        const struct trend_segment *oldest = &shelf->segments[0];
        if (!oldest->strange && oldest->span >= span - keep && shelf_spare(shelf) <= 2 * keep) {
            return;
        }
        shelf_remove(shelf, 0);
    }
}

/* ---- opening ---- */

static bool block_seen(void *context, const struct trend_block_head *head,
                       const unsigned char *body, uint64_t end) {
    struct trend_segment *segment = context;
    (void)body;
    (void)end;
    segment->source = (struct trend_source){head->source_serial, head->source_offset};
    return true;
}

/* Look at all blocks of a segment; it goes on growing if it is of our points, and the last one. */
static int segment_look_blocks(struct trend_shelf *shelf, struct trend_segment *segment,
                               bool is_last) {
    struct trend_blocks blocks;
    int r = trend_blocks_open(shelf->directory, shelf->tier, segment->serial, is_last, &blocks);
    if (r == TREND_E_DISK && is_last) {
        /* A disk that can only be read can still be looked at. */
        is_last = false;
        r = trend_blocks_open(shelf->directory, shelf->tier, segment->serial, false, &blocks);
    }
    if (r != 0) {
        segment->strange = r == TREND_E_STRANGE;
        return segment->strange ? 0 : r;
    }
    const int64_t first = trend_span_first(blocks.head.span, shelf->tier->slots);
    const struct trend_blocks_part all = {.first = first, .end = first + shelf->tier->slots};
    segment->span = blocks.head.span;
    uint64_t end = trend_blocks_visit(&blocks, &all, block_seen, segment, &segment->damaged);
    shelf->damaged += segment->damaged;
    if (is_last && blocks.head.rows == shelf->columns.count &&
        memcmp(blocks.ids, shelf->columns.ids, blocks.head.rows * sizeof *blocks.ids) == 0) {
        shelf->growing = blocks;
        shelf->bytes -= segment->size - end;
        segment->size = end; /* what stands behind it goes with the next block */
    } else {
        trend_blocks_close(&blocks);
    }
    return 0;
}

static int segment_look_runs(struct trend_shelf *shelf, struct trend_segment *segment) {
    struct trend_runs runs;
    int r = trend_runs_open(shelf->directory, shelf->tier, segment->serial, &runs);
    if (r != 0) {
        segment->strange = r == TREND_E_STRANGE;
        return segment->strange ? 0 : r;
    }
    segment->span = runs.head.span;
    segment->source = (struct trend_source){runs.head.source_serial, runs.head.source_offset};
    trend_runs_close(&runs);
    return 0;
}

static int shelf_look(struct trend_shelf *shelf) {
    for (uint32_t i = 0; i < shelf->count; i++) {
        struct trend_segment *segment = &shelf->segments[i];
        int r = segment->form == TREND_RUNS
                    ? segment_look_runs(shelf, segment)
                    : segment_look_blocks(shelf, segment, i + 1 == shelf->count);
        if (r != 0) {
            return r;
        }
        shelf->strange += segment->strange;
    }
    return 0;
}

static int segment_order(const void *a, const void *b) {
    const struct trend_segment *one = a, *other = b;
    if (one->serial != other->serial) {
        return one->serial < other->serial ? -1 : 1;
    }
    return (int)one->form - (int)other->form;
}

/* A crash between turning a segment over and removing its blocks left both: the runs are whole. */
static void shelf_sort(struct trend_shelf *shelf) {
    if (shelf->count > 0) {
        qsort(shelf->segments, shelf->count, sizeof *shelf->segments, segment_order);
    }
    for (uint32_t i = 1; i < shelf->count; i++) {
        if (shelf->segments[i].serial == shelf->segments[i - 1].serial) {
            shelf_remove(shelf, --i);
        }
    }
    if (shelf->count > 0) {
        shelf->next_serial = shelf->segments[shelf->count - 1].serial + 1;
    }
}

static int shelf_list(struct trend_shelf *shelf, DIR *listing) {
    const struct dirent *row;
    while ((row = readdir(listing)) != NULL) {
        struct trend_segment segment = {0};
        bool unfinished = false;
        struct stat found;
        if (!trend_file_name_parse(row->d_name, shelf->tier, &segment.serial, &segment.form,
                                   &unfinished)) {
            continue;
        }
        if (unfinished) {
            (void)unlinkat(shelf->directory, row->d_name, 0);
        } else if (fstatat(shelf->directory, row->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0) {
            segment.size = (uint64_t)found.st_size;
            int r = shelf_list_add(shelf, &segment);
            if (r != 0) {
                return r;
            }
        }
    }
    return 0;
}

int trend_shelf_open(int directory, const struct trend_tier *tier, struct trend_columns columns,
                     struct trend_shelf *ret_shelf) {
    struct trend_shelf shelf = TREND_SHELF_NULL;
    shelf.directory = directory;
    shelf.tier = tier;
    shelf.columns = columns;
    shelf.next_serial = 1;
    int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = again < 0 ? NULL : fdopendir(again);
    if (listing == NULL) {
        return TREND_E_DISK;
    }
    int r = shelf_list(&shelf, listing);
    (void)closedir(listing);
    if (r == 0) {
        shelf_sort(&shelf);
        r = shelf_look(&shelf);
    }
    if (r != 0) {
        trend_shelf_close(&shelf);
        return r;
    }
    *ret_shelf = shelf;
    return 0;
}

void trend_shelf_close(struct trend_shelf *shelf) {
    trend_blocks_close(&shelf->growing);
    free(shelf->segments);
    *shelf = TREND_SHELF_NULL;
}

/* ---- writing ---- */

/* Turn over a segment that is over. Where that fails its blocks stay: it is tried with the next one. */
static void shelf_turn_over(struct trend_shelf *shelf, struct trend_segment *segment) {
    char name[TREND_FILE_NAME_SIZE];
    struct trend_blocks blocks;
    uint64_t size = 0, damaged = 0;
    segment_name(shelf, segment, name);
    if (trend_blocks_open(shelf->directory, shelf->tier, segment->serial, false, &blocks) != 0) {
        return;
    }
    if (trend_runs_write(shelf->directory, shelf->tier, &blocks, &size, &damaged) == 0) {
        shelf->damaged += damaged > segment->damaged ? damaged - segment->damaged : 0;
        (void)unlinkat(shelf->directory, name, 0);
        segment->form = TREND_RUNS;
        shelf->bytes = shelf->bytes - segment->size + size;
        segment->size = size;
    }
    trend_blocks_close(&blocks);
}

static int shelf_begin(struct trend_shelf *shelf, int64_t span) {
    struct trend_file_head head = {
        .step_s = shelf->tier->step_s,
        .slots = shelf->tier->slots,
        .span = span,
        .serial = shelf->next_serial,
        .rows = shelf->columns.count,
    };
    struct trend_segment segment = {.serial = head.serial, .span = span};
    char name[TREND_FILE_NAME_SIZE];
    trend_blocks_close(&shelf->growing);
    for (uint32_t i = 0; i < shelf->count; i++) {
        if (shelf->segments[i].form == TREND_BLOCKS && !shelf->segments[i].strange) {
            shelf_turn_over(shelf, &shelf->segments[i]);
        }
    }
    segment_name(shelf, &segment, name);
    int r = trend_blocks_create(shelf->directory, shelf->tier, &head, shelf->columns.ids,
                                &shelf->growing);
    if (r != 0) {
        return r;
    }
    segment.size = shelf->growing.begin;
    r = shelf_list_add(shelf, &segment);
    if (r != 0) {
        trend_blocks_close(&shelf->growing);
        (void)unlinkat(shelf->directory, name, 0);
        return r;
    }
    shelf->next_serial++;
    shelf_prune(shelf, span);
    return 0;
}

int trend_shelf_append(struct trend_shelf *shelf, int64_t slot, struct trend_source source,
                       const struct trend_bucket *buckets) {
    int64_t span = trend_span(slot, shelf->tier->slots);
    if (!shelf_grows(shelf) || shelf->growing.head.span != span) {
        int r = shelf_begin(shelf, span);
        if (r != 0) {
            return r;
        }
    }
    struct trend_segment *segment = &shelf->segments[shelf->count - 1];
    uint64_t end = segment->size;
    int r = trend_blocks_append(&shelf->growing, slot, source, buckets, &end);
    if (r != 0) {
        return r;
    }
    shelf->bytes += end - segment->size;
    segment->size = end;
    segment->source = source;
    return 0;
}

struct trend_source trend_shelf_end(const struct trend_shelf *shelf) {
    if (shelf->count == 0) {
        return (struct trend_source){0};
    }
    const struct trend_segment *last = &shelf->segments[shelf->count - 1];
    return (struct trend_source){.serial = last->serial, .offset = (uint32_t)last->size};
}
