/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/database/handed.h"

#include <stdlib.h>

struct batch *batch_new(char *text, size_t size, uint32_t lines) {
    struct batch *batch = malloc(sizeof *batch);
    if (batch != NULL) {
        *batch = (struct batch){.text = text, .size = size, .lines = lines};
    }
    return batch;
}

struct batch *batch_free(struct batch *batch) {
    if (batch != NULL) {
        free(batch->text);
        free(batch);
    }
    return NULL;
}

struct batch *handed_take(struct handed *handed) {
    struct batch *batch = handed->oldest;
    if (batch != NULL) {
        handed->oldest = batch->newer;
        handed->newest = batch->newer == NULL ? NULL : handed->newest;
        handed->count--;
    }
    return batch;
}

struct batch *handed_add(struct handed *handed, struct batch *batch) {
    struct batch *dropped = handed->count == HANDED_MAX ? handed_take(handed) : NULL;
    batch->newer = NULL;
    if (handed->newest == NULL) {
        handed->oldest = batch;
    } else {
        handed->newest->newer = batch;
    }
    handed->newest = batch;
    handed->count++;
    return dropped;
}

struct batch *handed_return(struct handed *handed, struct batch *batch) {
    if (handed->count == HANDED_MAX) {
        return batch;
    }
    batch->newer = handed->oldest;
    handed->oldest = batch;
    handed->newest = handed->newest == NULL ? batch : handed->newest;
    handed->count++;
    return NULL;
}
