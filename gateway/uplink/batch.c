/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Take a notice out, to be freed or put into another. */
static struct batch_notice *batch_take(struct batch *batch, struct batch_notice **link) {
    struct batch_notice *notice = *link;
    assert(notice != NULL && batch->count > 0);
    *link = notice->newer;
    notice->newer = NULL;
    batch->count--;
    return notice;
}

static void batch_append(struct batch *batch, struct batch_notice *notice) {
    struct batch_notice **last = &batch->oldest;
    while (*last != NULL) {
        last = &(*last)->newer;
    }
    *last = notice;
    batch->count++;
}

void batch_remove_oldest(struct batch *batch) {
    free(batch_take(batch, &batch->oldest));
}

void batch_move_oldest(struct batch *from, struct batch *to) {
    batch_append(to, batch_take(from, &from->oldest));
}

void batch_deinit(struct batch *batch) {
    while (batch->count > 0) {
        batch_remove_oldest(batch);
    }
}

bool batch_add(struct batch *batch, const struct webhook_notice *notice) {
    struct batch_notice *copy = calloc(1, sizeof *copy + notice->body_size);
    if (copy == NULL) {
        return false;
    }
    copy->key = notice->key;
    memcpy(copy->id, notice->id, strlen(notice->id) + 1);
    memcpy(copy->body, notice->body, notice->body_size);
    copy->body_size = notice->body_size;
    batch_append(batch, copy);
    return true;
}

bool batch_has(const struct batch *batch, const char *id) {
    const struct batch_notice *notice = batch->oldest;
    while (notice != NULL && strcmp(notice->id, id) != 0) {
        notice = notice->newer;
    }
    return notice != NULL;
}

uint32_t batch_withdraw(struct batch *batch, uint32_t alarm, uint32_t run) {
    uint32_t before = batch->count;
    struct batch_notice **link = &batch->oldest;
    while (*link != NULL) {
        const struct webhook_key *key = &(*link)->key;
        if (key->alarm == alarm && key->run == run) {
            free(batch_take(batch, link));
        } else {
            link = &(*link)->newer;
        }
    }
    return before - batch->count;
}

static const char paragraph[] = "\n\n";

size_t batch_text_size(const struct batch *batch) {
    size_t size = batch->count > 0 ? (batch->count - 1) * (sizeof paragraph - 1) : 0;
    for (const struct batch_notice *n = batch->oldest; n != NULL; n = n->newer) {
        size += n->body_size;
    }
    return size;
}

char *batch_write_text(const struct batch *batch) {
    char *text = malloc(batch_text_size(batch) + 1);
    char *at = text;
    for (const struct batch_notice *n = batch->oldest; text != NULL && n != NULL; n = n->newer) {
        if (n != batch->oldest) {
            memcpy(at, paragraph, sizeof paragraph - 1);
            at += sizeof paragraph - 1;
        }
        memcpy(at, n->body, n->body_size);
        at += n->body_size;
    }
    if (text != NULL) {
        *at = '\0';
    }
    return text;
}

char *batch_write(const struct batch *batch, size_t *ret_size) {
    size_t size = 1; /* for the last bracket: each notice brings the room for what is before it */
    for (const struct batch_notice *n = batch->oldest; n != NULL; n = n->newer) {
        size += n->body_size + 1;
    }
    char *text = malloc(size);
    char *at = text;
    for (const struct batch_notice *n = batch->oldest; text != NULL && n != NULL; n = n->newer) {
        if (batch->count > 1) {
            *at++ = n == batch->oldest ? '[' : ',';
        }
        memcpy(at, n->body, n->body_size);
        at += n->body_size;
    }
    if (text != NULL) {
        if (batch->count > 1) {
            *at++ = ']';
        }
        *ret_size = (size_t)(at - text);
    }
    return text;
}
