/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_BATCH_H
#define GATEWAY_UPLINK_BATCH_H

/*
 * A batch: the notices that go in one call of a webhook
 *
 * Its text is one event by itself, or several as a JSON array. The notices are copies; the bound on
 * how many is its user's.
 */

#include "gateway/uplink/webhook.h"

struct batch_notice {
    struct batch_notice *newer;
    struct webhook_key key;
    char id[WEBHOOK_ID_SIZE];
    size_t body_size;
    char body[];
};

/* All zeros is an empty one. */
struct batch {
    struct batch_notice *oldest;
    uint32_t count;
};

/* Free what is in it; it is empty then. */
void batch_deinit(struct batch *batch);

/* Returns false, and changes nothing, without memory. */
bool batch_add(struct batch *batch, const struct webhook_notice *notice);

/* Is a notice of this id in it? */
bool batch_has(const struct batch *batch, const char *id);

/* Of one that is not empty. */
void batch_remove_oldest(struct batch *batch);

/* Of one that is not empty, to the newest end of another. */
void batch_move_oldest(struct batch *from, struct batch *to);

/* Remove what is of this run of the alarm's chain. Returns how many were. */
uint32_t batch_withdraw(struct batch *batch, uint32_t alarm, uint32_t run);

/* What is to be sent, to be freed; not a string. NULL without memory. */
char *batch_write(const struct batch *batch, size_t *ret_size);

/* The bodies as paragraphs of one text, to be freed. NULL without memory. */
char *batch_write_text(const struct batch *batch);

/* How many bytes that text has, without its NUL. */
size_t batch_text_size(const struct batch *batch);

#endif
