/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/guard.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "rules/instant.h"

static const struct guard_row *guard_find(const struct guard_row *rows, const char *key) {
    for (size_t i = 0; i < GUARD_ROWS; i++) {
        if (strncmp(rows[i].key, key, GUARD_KEY_SIZE - 1) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* The row of `key`, or else the one that failed longest ago. */
static struct guard_row *guard_take(struct guard_row *rows, const char *key) {
    struct guard_row *row = rows;
    for (size_t i = 0; i < GUARD_ROWS; i++) {
        if (strncmp(rows[i].key, key, GUARD_KEY_SIZE - 1) == 0) {
            return &rows[i];
        }
        row = rows[i].failed_real_ns < row->failed_real_ns ? &rows[i] : row;
    }
    *row = (struct guard_row){.failures = 0};
    (void)snprintf(row->key, sizeof row->key, "%s", key);
    return row;
}

/* Where a try comes from: a device that is known stands for itself. Never "", which is a free row. */
static const char *guard_origin(const struct guard_try *try) {
    const char *address = try->address[0] != '\0' ? try->address : "local";
    return try->device[0] != '\0' ? try->device : address;
}

static void guard_pair(const struct guard_try *try, char ret_key[GUARD_KEY_SIZE]) {
    (void)snprintf(ret_key, GUARD_KEY_SIZE, "%s %s", guard_origin(try), try->id);
}

/* Whom strangers may guess at. */
static bool try_is_at_person(const struct guard_try *try) {
    return try->device[0] == '\0' && try->id[0] != '\0' && strcmp(try->id, GUARD_NOBODY) != 0;
}

static uint32_t row_failures(const struct guard_row *row, uint64_t real_ns) {
    bool forgotten =
        row == NULL || real_ns - row->failed_real_ns >= (uint64_t)GUARD_FORGET_S * NS_PER_S;
    return forgotten ? 0 : row->failures;
}

/* How much of `wait_s` after the row's last failure is left, once more than `free` have failed? */
static uint32_t row_wait_s(const struct guard_row *row, uint32_t free, uint32_t wait_s,
                           uint64_t real_ns) {
    uint64_t needed_ns = wait_s * NS_PER_S;
    if (row_failures(row, real_ns) < free || real_ns - row->failed_real_ns >= needed_ns) {
        return 0;
    }
    uint64_t left_ns = needed_ns - (real_ns - row->failed_real_ns);
    return (uint32_t)((left_ns + NS_PER_S - 1) / NS_PER_S);
}

static uint32_t longer(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

uint32_t guard_failures(const struct guard *guard, const struct guard_try *try, uint64_t real_ns) {
    char key[GUARD_KEY_SIZE];
    guard_pair(try, key);
    return row_failures(guard_find(guard->pairs, key), real_ns);
}

uint32_t guard_wait_s(const struct guard *guard, const struct guard_try *try, uint64_t real_ns) {
    char key[GUARD_KEY_SIZE];
    guard_pair(try, key);
    const struct guard_row *pair = guard_find(guard->pairs, key);
    uint32_t wait_s = row_wait_s(pair, GUARD_FREE, GUARD_WAIT_S, real_ns);
    if (try_is_at_person(try)) {
        const struct guard_row *person = guard_find(guard->people, try->id);
        wait_s = longer(wait_s, row_wait_s(person, GUARD_PERSON_FREE, GUARD_WAIT_S, real_ns));
    }
    if (try->device[0] == '\0' && row_failures(pair, real_ns) > 0) {
        const struct guard_row *address = guard_find(guard->addresses, guard_origin(try));
        wait_s =
            longer(wait_s, row_wait_s(address, GUARD_ADDRESS_FREE, GUARD_ADDRESS_WAIT_S, real_ns));
    }
    return wait_s;
}

uint32_t guard_pressure(const struct guard *guard, const struct guard_try *try, uint64_t real_ns) {
    uint32_t own = guard_failures(guard, try, real_ns);
    uint32_t all =
        try_is_at_person(try) ? row_failures(guard_find(guard->people, try->id), real_ns) : 0;
    all = all >= GUARD_PERSON_FREE ? all : 0;
    return own <= UINT32_MAX - all ? own + all : UINT32_MAX;
}

static void row_fail(struct guard_row *rows, const char *key, uint64_t real_ns) {
    struct guard_row *row = guard_take(rows, key);
    uint32_t failures = row_failures(row, real_ns);
    row->failures = failures + (failures < UINT32_MAX);
    row->failed_real_ns = real_ns;
}

void guard_failed(struct guard *guard, const struct guard_try *try, uint64_t real_ns) {
    char key[GUARD_KEY_SIZE];
    guard_pair(try, key);
    row_fail(guard->pairs, key, real_ns);
    if (try->device[0] == '\0') {
        row_fail(guard->addresses, guard_origin(try), real_ns);
    }
    if (try_is_at_person(try)) {
        row_fail(guard->people, try->id, real_ns);
    }
}

void guard_succeeded(struct guard *guard, const struct guard_try *try) {
    char key[GUARD_KEY_SIZE];
    guard_pair(try, key);
    if (guard_find(guard->pairs, key) != NULL) {
        *guard_take(guard->pairs, key) = (struct guard_row){.failures = 0};
    }
}
