/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/trend/trend_run.h"

#include <assert.h>
#include <string.h>
#include <zlib.h>

enum {
    PIECE_MAX = 64,
    FORM_SHIFT = 6,
    PIECES_SIZE_MAX = TREND_RUN_SIZE_MAX - (int)sizeof(struct trend_run_head),
    /* Shorter ones are not worth packing. */
    PACKED_FROM = 64,
};

static uint32_t run_sum(const struct trend_run_head *head, const unsigned char *pieces) {
    uLong sum = crc32(0, (const Bytef *)head, offsetof(struct trend_run_head, sum));
    return (uint32_t)crc32(sum, pieces, head->size);
}

/* Rows that stand in a piece of so many buckets. */
static uint32_t piece_rows(enum trend_row form, uint32_t count) {
    return form == TREND_ROW_STEADY ? 1 : count;
}

/* How many buckets from the first on go into one piece. */
static uint32_t piece_count(enum trend_row form, const struct trend_bucket *buckets, uint32_t left,
                            uint32_t step_s) {
    uint32_t count = 1;
    while (count < left && count < PIECE_MAX && trend_row_form(&buckets[count], step_s) == form &&
           (form != TREND_ROW_STEADY || buckets[count].last == buckets[0].last)) {
        count++;
    }
    return count;
}

/* Pack the pieces in place. Returns their size now, 0 when they are as they were. */
static uint16_t pieces_pack(unsigned char *pieces, size_t size) {
    unsigned char packed[PIECES_SIZE_MAX];
    uLongf packed_size = size - 1;
    if (size < PACKED_FROM || compress(packed, &packed_size, pieces, size) != Z_OK) {
        return 0; /* for want of memory, or because it would be no shorter */
    }
    memcpy(pieces, packed, packed_size);
    return (uint16_t)packed_size;
}

size_t trend_run_write(uint64_t id, const struct trend_bucket *buckets, uint32_t slots,
                       uint32_t step_s, unsigned char ret[TREND_RUN_SIZE_MAX]) {
    assert(slots <= TREND_RUN_SLOTS_MAX);
    unsigned char *pieces = ret + sizeof(struct trend_run_head);
    unsigned char *at = pieces;
    bool any = false;
    for (uint32_t i = 0; i < slots;) {
        enum trend_row form = trend_row_form(&buckets[i], step_s);
        uint32_t count = piece_count(form, &buckets[i], slots - i, step_s);
        *at++ = (unsigned char)(form << FORM_SHIFT | (count - 1));
        for (uint32_t row = 0; row < piece_rows(form, count); row++) {
            trend_row_write(form, &buckets[i + row], at);
            at += trend_row_size(form);
        }
        any = any || form != TREND_ROW_ABSENT;
        i += count;
    }
    struct trend_run_head head = {.id = id, .size = (uint16_t)(at - pieces)};
    uint16_t packed = pieces_pack(pieces, head.size);
    if (packed > 0) {
        head.unpacked = head.size;
        head.size = packed;
    }
    head.sum = run_sum(&head, pieces);
    memcpy(ret, &head, sizeof head);
    return any ? sizeof head + head.size : 0;
}

/* Read a piece at `at`, of which `left` bytes are there. Returns its size, 0 when it is none. */
static size_t piece_read(const unsigned char *at, size_t left, uint32_t slots, uint32_t step_s,
                         struct trend_bucket *ret_buckets, uint32_t *ret_count) {
    enum trend_row form = (enum trend_row)(at[0] >> FORM_SHIFT);
    uint32_t count = (at[0] & (PIECE_MAX - 1)) + 1u;
    size_t row_size = trend_row_size(form);
    size_t size = 1 + piece_rows(form, count) * row_size;
    bool sound = count <= slots && size <= left;
    for (uint32_t i = 0; sound && i < count; i++) {
        size_t row = form == TREND_ROW_STEADY ? 0 : i;
        sound = trend_row_read(form, at + 1 + row * row_size, step_s, &ret_buckets[i]);
    }
    *ret_count = count;
    return sound ? size : 0;
}

static bool pieces_read(const unsigned char *at, size_t left, uint32_t slots, uint32_t step_s,
                        struct trend_bucket *ret_buckets) {
    uint32_t done = 0;
    while (left > 0) {
        uint32_t count = 0;
        size_t used = piece_read(at, left, slots - done, step_s, ret_buckets + done, &count);
        if (used == 0) {
            return false;
        }
        at += used;
        left -= used;
        done += count;
    }
    return done == slots;
}

bool trend_run_read(const unsigned char *bytes, size_t size, uint64_t id, uint32_t slots,
                    uint32_t step_s, struct trend_bucket *ret_buckets) {
    struct trend_run_head head;
    if (size < sizeof head) {
        return false;
    }
    memcpy(&head, bytes, sizeof head);
    const unsigned char *at = bytes + sizeof head;
    size_t left = size - sizeof head;
    if (head.id != id || head.size != left || head.sum != run_sum(&head, at)) {
        return false;
    }
    if (head.unpacked == 0) {
        return pieces_read(at, left, slots, step_s, ret_buckets);
    }
    unsigned char pieces[PIECES_SIZE_MAX];
    uLongf pieces_size = sizeof pieces;
    return uncompress(pieces, &pieces_size, at, left) == Z_OK && pieces_size == head.unpacked &&
           pieces_read(pieces, pieces_size, slots, step_s, ret_buckets);
}
