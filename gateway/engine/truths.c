/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/truths.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_ALARMS = WIRE_TRUTHS_MAX * WIRE_TRUTHS_EACH };

int truths_init(struct truths *truths, const struct core *core, uint32_t alarm_count) {
    *truths = (struct truths){.core = core, .alarm_count = alarm_count};
    truths->told = calloc((size_t)alarm_count / WIRE_TRUTHS_EACH + 1, 1);
    truths->is_told = calloc((size_t)alarm_count / BLOCK_ALARMS + 1, sizeof *truths->is_told);
    if (truths->told == NULL || truths->is_told == NULL) {
        truths_deinit(truths);
        return err_origin(-ENOMEM);
    }
    return 0;
}

void truths_deinit(struct truths *truths) {
    free(truths->told);
    free(truths->is_told);
    *truths = (struct truths){0};
}

void truths_forget(struct truths *truths) {
    memset(truths->is_told, 0, (truths->alarm_count / BLOCK_ALARMS + 1) * sizeof *truths->is_told);
}

bool truths_look(struct truths *truths, struct wire_truths *ret) {
    uint32_t first = truths->next;
    uint32_t left = truths->alarm_count - first;
    uint32_t count = left < BLOCK_ALARMS ? left : BLOCK_ALARMS;
    *ret = (struct wire_truths){.first = first, .count = wire_truths_rows(count)};
    for (uint32_t i = 0; i < count; i++) {
        wire_truths_put(ret, i, core_condition(truths->core, first + i));
    }
    ret->header = wire_header_of(WIRE_TRUTHS, wire_size(WIRE_TRUTHS, ret->count));
    truths->next = left > BLOCK_ALARMS ? first + BLOCK_ALARMS : 0;
    return count > 0 &&
           (!truths->is_told[first / BLOCK_ALARMS] ||
            memcmp(truths->told + first / WIRE_TRUTHS_EACH, ret->rows, ret->count) != 0);
}

void truths_sent(struct truths *truths, const struct wire_truths *message) {
    memcpy(truths->told + message->first / WIRE_TRUTHS_EACH, message->rows, message->count);
    truths->is_told[message->first / BLOCK_ALARMS] = true;
}
