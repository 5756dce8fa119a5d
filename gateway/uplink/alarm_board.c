/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/alarm_board.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int alarm_board_init(struct alarm_board *board, uint32_t count) {
    *board = (struct alarm_board){.count = count};
    /* A site without alarms still has a board; one entry is never used then. */
    size_t room = count == 0 ? 1 : count;
    board->entries = calloc(room, sizeof *board->entries);
    board->queue = calloc(room, sizeof *board->queue);
    if (board->entries == NULL || board->queue == NULL) {
        alarm_board_deinit(board);
        return err_origin(-ENOMEM);
    }
    return 0;
}

void alarm_board_deinit(struct alarm_board *board) {
    free(board->entries);
    free(board->queue);
    *board = (struct alarm_board){0};
}

/* Is there a state to publish? A delay that runs is nobody's business yet. */
static bool alarm_board_shows(const struct alarm_board_entry *entry) {
    const struct alarm_axes axes = entry->record.axes;
    return axes.open || axes.shelved || axes.out_of_service;
}

void alarm_board_again(struct alarm_board *board, uint32_t alarm) {
    assert(alarm < board->count);
    if (!board->entries[alarm].queued) {
        assert(board->queued < board->count);
        board->entries[alarm].queued = true;
        board->queue[(board->first + board->queued) % board->count] = alarm;
        board->queued++;
    }
}

bool alarm_board_is_open(const struct alarm_board *board, uint32_t alarm) {
    assert(alarm < board->count);
    return alarm_board_shows(&board->entries[alarm]);
}

/* Publish if there is something to say: a state, or that a state the broker may hold is over. */
static void alarm_board_consider(struct alarm_board *board, uint32_t alarm) {
    const struct alarm_board_entry *entry = &board->entries[alarm];
    if (alarm_board_shows(entry) || (entry->held && board->complete)) {
        alarm_board_again(board, alarm);
    }
}

/* The snapshot is complete: whatever it did not list is normal. */
static void alarm_board_complete(struct alarm_board *board) {
    board->complete = true;
    for (uint32_t alarm = 0; alarm < board->count; alarm++) {
        struct alarm_board_entry *entry = &board->entries[alarm];
        if (!entry->listed && alarm_board_shows(entry)) {
            entry->record = (struct alarm_record){0};
            entry->held = true;
        }
        if (!alarm_board_shows(entry)) {
            alarm_board_consider(board, alarm);
        }
    }
}

void alarm_board_update(struct alarm_board *board, const struct wire_alarm_state *state) {
    if (state->snapshot == 2) {
        alarm_board_complete(board);
        return;
    }
    if (state->alarm >= board->count) {
        return;
    }
    struct alarm_board_entry *entry = &board->entries[state->alarm];
    bool was_shown = alarm_board_shows(entry);
    entry->record = state->record;
    entry->taken = state->taken;
    entry->changed = state->changed;
    entry->value = state->value;
    entry->quality =
        state->quality < QUALITY_COUNT ? (uint8_t)state->quality : (uint8_t)QUALITY_FAULT;
    entry->listed = true;
    if (was_shown && !alarm_board_shows(entry)) {
        alarm_board_again(board, state->alarm);
    } else {
        alarm_board_consider(board, state->alarm);
    }
}

void alarm_board_welcome(struct alarm_board *board) {
    board->complete = false;
    for (uint32_t alarm = 0; alarm < board->count; alarm++) {
        board->entries[alarm].listed = false;
    }
}

void alarm_board_session(struct alarm_board *board) {
    for (uint32_t alarm = 0; alarm < board->count; alarm++) {
        board->entries[alarm].refused = false;
        alarm_board_consider(board, alarm);
    }
}

void alarm_board_held(struct alarm_board *board, uint32_t alarm) {
    assert(alarm < board->count);
    board->entries[alarm].held = true;
    if (!alarm_board_shows(&board->entries[alarm])) {
        alarm_board_consider(board, alarm);
    }
}

void alarm_board_overwritten(struct alarm_board *board, uint32_t alarm) {
    assert(alarm < board->count);
    board->entries[alarm].overwritten = true;
    board->overwritten = true;
}

void alarm_board_mend(struct alarm_board *board) {
    for (uint32_t alarm = 0; board->overwritten && alarm < board->count; alarm++) {
        struct alarm_board_entry *entry = &board->entries[alarm];
        if (entry->overwritten) {
            entry->overwritten = false;
            entry->held = true;
            alarm_board_consider(board, alarm);
        }
    }
    board->overwritten = false;
}

bool alarm_board_next(struct alarm_board *board, uint32_t *ret_alarm) {
    if (board->queued == 0) {
        return false;
    }
    uint32_t alarm = board->queue[board->first];
    board->first = (board->first + 1) % board->count;
    board->queued--;
    board->entries[alarm].queued = false;
    if (alarm_board_shows(&board->entries[alarm])) {
        board->entries[alarm].held = true;
    }
    *ret_alarm = alarm;
    return true;
}

void alarm_board_taken(struct alarm_board *board, uint32_t alarm) {
    assert(alarm < board->count);
    struct alarm_board_entry *entry = &board->entries[alarm];
    entry->refused = false;
    /* While a newer state waits, the one that was taken may have been another. */
    if (!alarm_board_shows(entry) && !entry->queued) {
        entry->held = false;
    }
}

void alarm_board_refused(struct alarm_board *board, uint32_t alarm) {
    assert(alarm < board->count);
    board->entries[alarm].refused = true;
}

void alarm_board_resume(struct alarm_board *board) {
    for (uint32_t alarm = 0; alarm < board->count; alarm++) {
        if (board->entries[alarm].refused) {
            alarm_board_again(board, alarm);
        }
    }
}

uint32_t alarm_board_unheard(const struct alarm_board *board) {
    uint32_t count = 0;
    for (uint32_t alarm = 0; alarm < board->count; alarm++) {
        count += board->entries[alarm].refused;
    }
    return count;
}
