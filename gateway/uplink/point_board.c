/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/point_board.h"

#include <assert.h>
#include <stdlib.h>

int point_board_init(struct point_board *board, uint32_t count, const struct ruleset_point *points,
                     const double *deadbands, struct instant now) {
    *board = (struct point_board){.count = count, .round_at = now};
    size_t room = count == 0 ? 1 : count;
    board->entries = calloc(room, sizeof *board->entries);
    board->queue = calloc(room, sizeof *board->queue);
    board->deadbands = calloc(room, sizeof *board->deadbands);
    if (board->entries == NULL || board->queue == NULL || board->deadbands == NULL) {
        point_board_deinit(board);
        return err_origin(-ENOMEM);
    }
    for (uint32_t point = 0; point < count; point++) {
        enum point_form form = point_kind_facts((enum point_kind)points[point].kind)->form;
        bool truth = form == POINT_FORM_TRUTH || form == POINT_FORM_OUTPUT;
        board->entries[point].excluded = form == POINT_FORM_EVENT;
        board->deadbands[point] = truth ? 0 : deadbands[point];
    }
    return 0;
}

int point_board_init_site(struct point_board *board, const struct site *site, struct instant now) {
    const uint32_t count = site->ruleset.point_count;
    double *deadbands = calloc((size_t)count + 1, sizeof *deadbands);
    if (deadbands == NULL) {
        return err_origin(-ENOMEM);
    }
    for (uint32_t point = 0; point < count; point++) {
        deadbands[point] = site->points[point].deadband;
    }
    int r = err_trace(point_board_init(board, count, site->ruleset.points, deadbands, now));
    free(deadbands);
    return r;
}

void point_board_deinit(struct point_board *board) {
    free(board->entries);
    free(board->queue);
    free(board->deadbands);
    *board = (struct point_board){0};
}

void point_board_again(struct point_board *board, uint32_t point) {
    assert(point < board->count);
    struct point_board_entry *entry = &board->entries[point];
    if (!entry->queued && entry->known) {
        assert(board->queued < board->count);
        entry->queued = true;
        board->queue[(board->first + board->queued) % board->count] = point;
        board->queued++;
    }
}

/* Has the value moved far enough from what was published? */
static bool point_board_has_moved(const struct point_board_entry *entry, double deadband) {
    double moved = entry->value - entry->published;
    moved = moved < 0 ? -moved : moved;
    return deadband > 0 ? moved >= deadband : moved > 0;
}

void point_board_update(struct point_board *board, const struct wire_point_value *value) {
    if (value->point >= board->count || board->entries[value->point].excluded) {
        return;
    }
    struct point_board_entry *entry = &board->entries[value->point];
    entry->known = true;
    entry->value = value->value;
    entry->measured = value->measured;
    entry->quality =
        value->quality < QUALITY_COUNT ? (uint8_t)value->quality : (uint8_t)QUALITY_FAULT;
    if (!entry->said || entry->quality != entry->published_quality ||
        point_board_has_moved(entry, board->deadbands[value->point])) {
        point_board_again(board, value->point);
    }
}

void point_board_session(struct point_board *board) {
    for (uint32_t point = 0; point < board->count; point++) {
        board->entries[point].said = false;
        point_board_again(board, point);
    }
}

void point_board_tick(struct point_board *board, struct instant now) {
    if (board->count == 0) {
        return;
    }
    uint64_t span_ns = instant_span_ns(board->round_at, now);
    uint64_t step_ns = POINT_BOARD_ROUND_NS / board->count;
    uint64_t due = span_ns / step_ns;
    if (due == 0) {
        return;
    }
    board->round_at = instant_after(board->round_at, due * step_ns);
    if (due > board->count) {
        due = board->count;
    }
    for (uint64_t i = 0; i < due; i++) {
        point_board_again(board, board->round);
        board->round = (board->round + 1) % board->count;
    }
}

bool point_board_next(struct point_board *board, uint32_t *ret_point) {
    if (board->queued == 0) {
        return false;
    }
    uint32_t point = board->queue[board->first];
    board->first = (board->first + 1) % board->count;
    board->queued--;
    struct point_board_entry *entry = &board->entries[point];
    entry->queued = false;
    entry->said = true;
    entry->published = entry->value;
    entry->published_quality = entry->quality;
    *ret_point = point;
    return true;
}
