/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/read_ahead.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int read_ahead_init(struct read_ahead *ahead) {
    *ahead = (struct read_ahead){
        .rows = calloc(READ_AHEAD_ROWS_MAX, sizeof *ahead->rows),
        .texts = malloc(READ_AHEAD_BYTES),
    };
    return ahead->rows == NULL || ahead->texts == NULL ? err_origin(-ENOMEM) : 0;
}

void read_ahead_deinit(struct read_ahead *ahead) {
    free(ahead->rows);
    free(ahead->texts);
    *ahead = (struct read_ahead){0};
}

void read_ahead_clear(struct read_ahead *ahead) {
    ahead->next = ahead->count = 0;
    ahead->used = 0;
}

/* A copy of `size` bytes, for which there is room. */
static const char *ahead_copy(struct read_ahead *ahead, const char *text, size_t size) {
    char *copy = ahead->texts + ahead->used;
    memcpy(copy, text, size);
    ahead->used += size;
    return copy;
}

bool read_ahead_add(struct read_ahead *ahead, const struct journal_row *row) {
    if (read_ahead_count(ahead) == 0) {
        read_ahead_clear(ahead);
    }
    size_t type_size = strlen(row->type) + 1;
    size_t alarm_size = row->alarm == NULL ? 0 : strlen(row->alarm) + 1;
    size_t room = READ_AHEAD_BYTES - ahead->used;
    bool fits = type_size <= room && alarm_size <= room - type_size &&
                row->body_size <= room - type_size - alarm_size;
    if (ahead->count == READ_AHEAD_ROWS_MAX || (!fits && ahead->count > 0)) {
        return false;
    }
    struct journal_row *copy = &ahead->rows[ahead->count++];
    *copy = *row;
    copy->alarm = fits && row->alarm != NULL ? ahead_copy(ahead, row->alarm, alarm_size) : NULL;
    copy->type = fits ? ahead_copy(ahead, row->type, type_size) : "";
    copy->body = fits ? ahead_copy(ahead, row->body, row->body_size) : "";
    copy->body_size = fits ? row->body_size : 0;
    return true;
}

const struct journal_row *read_ahead_oldest(const struct read_ahead *ahead) {
    return read_ahead_count(ahead) > 0 ? &ahead->rows[ahead->next] : NULL;
}

void read_ahead_drop_oldest(struct read_ahead *ahead) {
    assert(read_ahead_count(ahead) > 0);
    ahead->next++;
}

uint32_t read_ahead_count(const struct read_ahead *ahead) {
    return ahead->count - ahead->next;
}
