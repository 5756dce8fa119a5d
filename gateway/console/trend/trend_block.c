/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/trend/trend_block.h"

#include <assert.h>
#include <string.h>
#include <zlib.h>

#define BLOCK_MAGIC UINT32_C(0x31425254) /* "TRB1" */

static uint32_t forms_size(uint32_t rows) {
    return rows / 4 + (rows % 4 > 0);
}

static enum trend_row form_of(const unsigned char *forms, uint32_t index) {
    return (enum trend_row)(forms[index / 4] >> index % 4 * 2 & 3);
}

static uint32_t sum_of(const void *bytes, size_t size) {
    return (uint32_t)crc32(0, bytes, (uInt)size);
}

static uint32_t head_sum(const struct trend_block_head *head) {
    return sum_of(head, offsetof(struct trend_block_head, head_sum));
}

size_t trend_block_size_max(uint32_t rows) {
    return sizeof(struct trend_block_head) + forms_size(rows) + (size_t)rows * TREND_ROW_SIZE_MAX;
}

size_t trend_block_write(int64_t slot, struct trend_source source,
                         const struct trend_bucket *buckets, uint32_t rows, uint32_t step_s,
                         unsigned char *ret) {
    unsigned char *forms = ret + sizeof(struct trend_block_head);
    unsigned char *at = forms + forms_size(rows);
    memset(forms, 0, forms_size(rows));
    for (uint32_t i = 0; i < rows; i++) {
        enum trend_row form = trend_row_form(&buckets[i], step_s);
        forms[i / 4] |= (unsigned char)(form << i % 4 * 2);
        trend_row_write(form, &buckets[i], at);
        at += trend_row_size(form);
    }
    struct trend_block_head head = {
        .magic = BLOCK_MAGIC,
        .size = (uint32_t)(at - forms),
        .slot = slot,
        .source_serial = source.serial,
        .source_offset = source.offset,
        .rows = rows,
        .body_sum = sum_of(forms, (size_t)(at - forms)),
    };
    head.head_sum = head_sum(&head);
    memcpy(ret, &head, sizeof head);
    return (size_t)(at - ret);
}

bool trend_block_head_is_sound(const struct trend_block_head *head, uint32_t rows) {
    return head->magic == BLOCK_MAGIC && head->head_sum == head_sum(head) && head->rows == rows &&
           head->size >= forms_size(rows) &&
           head->size <= trend_block_size_max(rows) - sizeof *head;
}

bool trend_block_is_sound(const struct trend_block_head *head, const unsigned char *body) {
    if (head->body_sum != sum_of(body, head->size)) {
        return false;
    }
    size_t size = forms_size(head->rows);
    for (uint32_t i = 0; i < head->rows; i++) {
        size += trend_row_size(form_of(body, i));
    }
    return size == head->size;
}

void trend_rows_begin(struct trend_rows *rows, const struct trend_block_head *head,
                      const unsigned char *body, uint32_t step_s) {
    *rows = (struct trend_rows){
        .forms = body,
        .at = body + forms_size(head->rows),
        .step_s = step_s,
    };
}

bool trend_rows_read(struct trend_rows *rows, uint32_t index, struct trend_bucket *ret_bucket) {
    assert(index >= rows->next);
    while (rows->next < index) {
        rows->at += trend_row_size(form_of(rows->forms, rows->next++));
    }
    enum trend_row form = form_of(rows->forms, rows->next++);
    const unsigned char *at = rows->at;
    rows->at += trend_row_size(form);
    return trend_row_read(form, at, rows->step_s, ret_bucket);
}
