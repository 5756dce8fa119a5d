/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/repeats.h"

#include <string.h>

static bool repeat_is(const struct repeat *row, const struct takeover *takeover, uint64_t real_ns) {
    return row->number != 0 && real_ns - row->taken_real_ns < REPEATS_S * NS_PER_S &&
           row->takeover.shift == takeover->shift &&
           strcmp(row->takeover.actor, takeover->actor) == 0 &&
           strcmp(row->takeover.note, takeover->note) == 0;
}

const struct repeat *repeats_find(const struct repeats *repeats, const struct takeover *takeover,
                                  uint64_t real_ns) {
    for (uint32_t i = 0; i < REPEATS_MAX; i++) {
        if (repeat_is(&repeats->rows[i], takeover, real_ns)) {
            return &repeats->rows[i];
        }
    }
    return NULL;
}

void repeats_add(struct repeats *repeats, const struct takeover *takeover, uint64_t number,
                 uint64_t real_ns) {
    repeats->rows[repeats->next] =
        (struct repeat){.takeover = *takeover, .number = number, .taken_real_ns = real_ns};
    repeats->next = (repeats->next + 1) % REPEATS_MAX;
}

void repeats_settle(struct repeats *repeats, uint64_t number, uint64_t seq) {
    for (uint32_t i = 0; i < REPEATS_MAX; i++) {
        struct repeat *row = &repeats->rows[i];
        if (row->number == number) {
            row->number = seq == 0 ? 0 : number;
            row->seq = seq;
        }
    }
}

void repeats_fail(struct repeats *repeats) {
    for (uint32_t i = 0; i < REPEATS_MAX; i++) {
        if (repeats->rows[i].seq == 0) {
            repeats->rows[i].number = 0;
        }
    }
}
