/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which points are buttons and detectors, and what is kept of those alone
 *
 * Of most points nobody ever asks whether they were tripped. What is kept of the others stands densely, in
 * the order of their points: a bit for each point says whether it is one, and a count for each word of bits
 * how many stand before it.
 */
#include <assert.h>

#include "rules/core_state.h"

enum { WORD_BITS = 64 };

static bool walked_kind(const struct ruleset_point *point) {
    const struct point_kind_facts *facts = point_kind_facts((enum point_kind)point->kind);
    return facts->serves_emergency && point->kind != POINT_FIRE_PANEL_FAULT;
}

uint32_t core_walked_words(const struct ruleset *ruleset) {
    return ruleset->point_count / WORD_BITS + 1;
}

uint32_t core_walked_count(const struct ruleset *ruleset) {
    uint32_t count = 0;
    for (uint32_t point = 0; point < ruleset->point_count; point++) {
        count += walked_kind(&ruleset->points[point]);
    }
    return count;
}

void core_walked_init(struct core *core) {
    uint32_t count = 0;
    for (uint32_t point = 0; point < core_walked_words(core->ruleset) * WORD_BITS; point++) {
        uint32_t word = point / WORD_BITS;
        if (point % WORD_BITS == 0) {
            core->walked[word] = 0;
            core->walked_before[word] = count;
        }
        if (point < core->ruleset->point_count && walked_kind(&core->ruleset->points[point])) {
            core->walked[word] |= (uint64_t)1 << point % WORD_BITS;
            core->tripped[count] = 0;
            core->trips[count] = (struct core_trips){0};
            count++;
        }
    }
}

bool core_point_is_walked(const struct core *core, uint32_t point) {
    assert(point < core->ruleset->point_count);
    return (core->walked[point / WORD_BITS] >> point % WORD_BITS & 1) != 0;
}

/* How many bits of the word are set: each step takes away the lowest. */
static uint32_t walked_bits(uint64_t word) {
    uint32_t count = 0;
    while (word != 0) {
        word &= word - 1;
        count++;
    }
    return count;
}

/* Where it stands among the buttons and detectors. */
static uint32_t walked_place(const struct core *core, uint32_t point) {
    uint32_t word = point / WORD_BITS;
    uint64_t before = core->walked[word] & (((uint64_t)1 << point % WORD_BITS) - 1);
    assert(core_point_is_walked(core, point));
    return core->walked_before[word] + walked_bits(before);
}

struct core_trips *core_trips_of(const struct core *core, uint32_t point) {
    return &core->trips[walked_place(core, point)];
}

bool core_has_tripped(const struct core *core, uint32_t point, enum core_tripped when) {
    return core_point_is_walked(core, point) &&
           (core->tripped[walked_place(core, point)] & when) != 0;
}

void core_set_tripped(struct core *core, uint32_t point, enum core_tripped when, bool is) {
    if (core_point_is_walked(core, point)) {
        uint8_t *tripped = &core->tripped[walked_place(core, point)];
        *tripped = (uint8_t)(is ? *tripped | when : *tripped & ~when);
    }
}
