/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/database/shipment.h"

#include <assert.h>
#include <string.h>

void shipment_begin(struct shipment *shipment, const char *text, size_t size) {
    assert(size > 0 && text[size - 1] == '\n');
    *shipment = (struct shipment){
        .text = text,
        .size = size,
        .ranges = {{.begin = 0, .end = size}},
        .count = 1,
    };
}

/*
 * The begin of the line that is nearest behind the middle, else the nearest before it; the range's
 * own begin when it is a single line. Each half is so at most half of it, or one long line and what
 * is beside it.
 */
static size_t range_middle(const struct shipment *shipment, struct line_range range) {
    const char *text = shipment->text;
    size_t middle = range.begin + (range.end - range.begin) / 2;
    const char *feed = memchr(text + middle, '\n', range.end - middle);
    size_t behind = (size_t)(feed - text) + 1;
    if (behind < range.end) {
        return behind;
    }
    feed = memrchr(text + range.begin, '\n', middle - range.begin);
    return feed == NULL ? range.begin : (size_t)(feed - text) + 1;
}

/* Put two halves in the place of the next range; false when it is a single line. */
static bool shipment_split(struct shipment *shipment) {
    struct line_range *next = &shipment->ranges[shipment->count - 1];
    size_t middle = range_middle(shipment, *next);
    if (middle == next->begin || shipment->count == SHIPMENT_RANGES_MAX) {
        return false;
    }
    struct line_range first = {.begin = next->begin, .end = middle};
    next->begin = middle;
    shipment->ranges[shipment->count++] = first;
    return true;
}

struct line_range shipment_next(struct shipment *shipment, size_t bytes_max) {
    assert(shipment->count > 0);
    const struct line_range *next = &shipment->ranges[shipment->count - 1];
    while (next->end - next->begin > bytes_max && shipment_split(shipment)) {
        next = &shipment->ranges[shipment->count - 1];
    }
    return *next;
}

/* All that is left waits, what was set apart too: in one range, sent again from its first line. */
static enum shipment_step shipment_wait(struct shipment *shipment) {
    size_t begin = shipment->size;
    for (uint32_t i = 0; i < shipment->count; i++) {
        begin = shipment->ranges[i].begin < begin ? shipment->ranges[i].begin : begin;
    }
    for (uint32_t i = 0; i < shipment->suspect_count; i++) {
        begin = shipment->suspects[i].begin < begin ? shipment->suspects[i].begin : begin;
    }
    shipment->ranges[0] = (struct line_range){.begin = begin, .end = shipment->size};
    shipment->count = 1;
    shipment->suspect_count = 0;
    return SHIPMENT_FAILED;
}

enum shipment_step shipment_answered(struct shipment *shipment, enum answer answer, bool proven,
                                     void (*refused)(void *context, const char *line, size_t size),
                                     void *context) {
    const char *text = shipment->text;
    const struct line_range range = shipment->ranges[shipment->count - 1];
    switch (answer) {
    case ANSWER_TAKEN:
    case ANSWER_TOO_OLD:
        shipment->taken = true;
        shipment->count--;
        break;
    case ANSWER_LINES_WRONG:
    case ANSWER_TOO_LARGE:
        if (shipment_split(shipment)) {
            return SHIPMENT_ON;
        }
        shipment->count--;
        shipment->suspects[shipment->suspect_count++] = range;
        break;
    case ANSWER_LATER:
    case ANSWER_REFUSED:
        return shipment_wait(shipment);
    }
    proven = proven || shipment->taken;
    if (!proven && (shipment->suspect_count == SHIPMENT_SUSPECTS_MAX || shipment->count == 0)) {
        return shipment_wait(shipment);
    }
    for (uint32_t i = 0; proven && i < shipment->suspect_count; i++) {
        const struct line_range line = shipment->suspects[i];
        refused(context, text + line.begin, line.end - line.begin);
    }
    shipment->suspect_count = proven ? 0 : shipment->suspect_count;
    return shipment->count > 0 ? SHIPMENT_ON : SHIPMENT_OVER;
}
