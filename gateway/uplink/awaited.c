/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/awaited.h"

#include <string.h>

static bool key_equals(const struct webhook_key *a, const struct webhook_key *b) {
    return a->alarm == b->alarm && a->step == b->step && a->run == b->run;
}

/* Its index, or `count`. */
static uint32_t awaited_index(const struct awaited *awaited, const struct webhook_key *key) {
    uint32_t i = 0;
    while (i < awaited->count && !key_equals(&awaited->notices[i].key, key)) {
        i++;
    }
    return i;
}

const struct awaited_notice *awaited_find(const struct awaited *awaited,
                                          const struct webhook_key *key) {
    uint32_t index = awaited_index(awaited, key);
    return index < awaited->count ? &awaited->notices[index] : NULL;
}

static void awaited_forget(struct awaited *awaited, uint32_t index) {
    awaited->count--;
    memmove(&awaited->notices[index], &awaited->notices[index + 1],
            (awaited->count - index) * sizeof *awaited->notices);
}

bool awaited_add(struct awaited *awaited, const struct awaited_notice *notice,
                 struct webhook_key *ret_displaced) {
    uint32_t index = awaited_index(awaited, &notice->key);
    bool displaces = index == AWAITED_MAX;
    if (displaces) {
        *ret_displaced = awaited->notices[0].key;
        awaited_forget(awaited, 0);
        index = awaited->count;
    }
    awaited->count += index == awaited->count;
    awaited->notices[index] = *notice;
    return displaces;
}

bool awaited_answer(struct awaited *awaited, const struct webhook_key *key, enum awaited_way way,
                    bool received) {
    uint32_t index = awaited_index(awaited, key);
    if (index == awaited->count) {
        return false; /* it was told */
    }
    bool *awaits = awaited->notices[index].awaits;
    awaits[way] = false;
    bool open = false;
    for (int i = 0; i < AWAITED_WAYS; i++) {
        open = open || awaits[i];
    }
    if (open && !received) {
        return false;
    }
    awaited_forget(awaited, index);
    return true;
}

void awaited_withdraw(struct awaited *awaited, uint32_t alarm, uint32_t run) {
    for (uint32_t i = awaited->count; i-- > 0;) {
        const struct webhook_key *key = &awaited->notices[i].key;
        if (key->alarm == alarm && key->run == run) {
            awaited_forget(awaited, i);
        }
    }
}
