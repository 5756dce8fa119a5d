/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/guard.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "rules/instant.h"

enum { GUARD_WAIT_S_FIRST = 5 };

static struct guard_row *guard_find(struct guard_row *rows, const char *key) {
    for (size_t i = 0; i < GUARD_ROWS; i++) {
        if (strncmp(rows[i].key, key, GUARD_KEY_SIZE - 1) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* The row of `key`, or else the one that failed longest ago. */
static struct guard_row *guard_take(struct guard_row *rows, const char *key) {
    struct guard_row *row = guard_find(rows, key);
    if (row != NULL) {
        return row;
    }
    row = rows;
    for (size_t i = 1; i < GUARD_ROWS; i++) {
        row = rows[i].failed_real_ns < row->failed_real_ns ? &rows[i] : row;
    }
    *row = (struct guard_row){.failures = 0};
    (void)snprintf(row->key, sizeof row->key, "%s", key);
    return row;
}

/* What makes a try from here wait: a device that is known stands for itself. Never "", which is a free row. */
static const char *guard_origin(const struct guard_try *try) {
    const char *address = try->address[0] != '\0' ? try->address : "local";
    return try->device[0] != '\0' ? try->device : address;
}

static uint32_t address_wait_s(uint32_t failures) {
    uint32_t wait_s = failures < GUARD_ADDRESS_FREE ? 0 : GUARD_WAIT_S_FIRST;
    for (uint32_t i = GUARD_ADDRESS_FREE; i < failures && wait_s < GUARD_WAIT_S_MAX; i++) {
        wait_s *= 2;
    }
    return wait_s < GUARD_WAIT_S_MAX ? wait_s : GUARD_WAIT_S_MAX;
}

static uint32_t person_wait_s(uint32_t failures) {
    return failures < GUARD_PERSON_FREE ? 0 : GUARD_PERSON_WAIT_S;
}

/* How much of the wait after the row's last failure is left? */
static uint32_t row_wait_s(const struct guard_row *row, uint32_t (*wait_s)(uint32_t failures),
                           uint64_t real_ns) {
    if (row == NULL) {
        return 0;
    }
    uint64_t passed_ns = real_ns - row->failed_real_ns;
    uint64_t needed_ns = wait_s(row->failures) * NS_PER_S;
    if (passed_ns >= (uint64_t)GUARD_FORGET_S * NS_PER_S || passed_ns >= needed_ns) {
        return 0;
    }
    return (uint32_t)((needed_ns - passed_ns + NS_PER_S - 1) / NS_PER_S);
}

uint32_t guard_wait_s(struct guard *guard, const struct guard_try *try, uint64_t real_ns) {
    uint32_t wait_s =
        row_wait_s(guard_find(guard->addresses, guard_origin(try)), address_wait_s, real_ns);
    uint32_t person_s =
        try->device[0] != '\0' || try->id[0] == '\0'
            ? 0
            : row_wait_s(guard_find(guard->people, try->id), person_wait_s, real_ns);
    wait_s = wait_s > person_s ? wait_s : person_s;
    guard->held_up += wait_s > 0;
    return wait_s;
}

static void row_fail(struct guard_row *rows, const char *key, uint64_t real_ns) {
    struct guard_row *row = guard_take(rows, key);
    bool forgotten = real_ns - row->failed_real_ns >= (uint64_t)GUARD_FORGET_S * NS_PER_S;
    row->failures = forgotten ? 1 : row->failures + (row->failures < UINT32_MAX);
    row->failed_real_ns = real_ns;
}

void guard_failed(struct guard *guard, const struct guard_try *try, uint64_t real_ns) {
    row_fail(guard->addresses, guard_origin(try), real_ns);
    if (try->device[0] == '\0' && try->id[0] != '\0') {
        row_fail(guard->people, try->id, real_ns);
    }
}

void guard_succeeded(struct guard *guard, const struct guard_try *try) {
    struct guard_row *origin = guard_find(guard->addresses, guard_origin(try));
    if (origin != NULL) {
        *origin = (struct guard_row){.failures = 0};
    }
}
