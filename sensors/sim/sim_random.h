/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_RANDOM_H
#define SENSORS_SIM_RANDOM_H

/*
 * Chance, the same every time
 *
 * The generator is splitmix64 (Steele, Lea, Flood 2014): one word of state, so that each part of
 * the field owns a stream of its own and none disturbs another's. The same seed gives the same
 * evening on every machine.
 */

#include <stdint.h>

struct sim_random {
    uint64_t state;
};

static inline uint64_t sim_random_next(struct sim_random *random) {
    random->state += 0x9e3779b97f4a7c15u;
    uint64_t mixed = random->state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

/* A number in [0, 1). */
static inline double sim_random_share(struct sim_random *random) {
    return (double)(sim_random_next(random) >> 11) * 0x1p-53;
}

#endif
