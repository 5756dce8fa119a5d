/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_STORY_H
#define SENSORS_SIM_STORY_H

/*
 * The story as a line of moments
 *
 * Each act is one moment, and one that lasts is two: its beginning and its end. They come in the
 * order of their times; at one time ends come before beginnings, so that an act may follow another
 * without a gap, and beginnings in the order in which they were written. The story knows no clock:
 * its caller says how much time has passed.
 */

#include "sensors/sim/sim_conf.h"

struct sim_moment {
    uint64_t at_ns; /* story time */
    uint32_t act;
    bool end;
};

struct sim_story {
    const struct sim_story_conf *conf;
    struct sim_moment *moments;
    uint32_t count;
    uint32_t next;
};

#define SIM_STORY_NULL ((struct sim_story){0})

/* Keeps `conf`. Returns 0 or -ENOMEM. */
SIM_NODISCARD int sim_story_init(struct sim_story *story, const struct sim_story_conf *conf);
void sim_story_deinit(struct sim_story *story);

/* Clock time from the start to the next moment; UINT64_MAX when the story is over. */
uint64_t sim_story_deadline(const struct sim_story *story);

/* Take the next moment if `elapsed_ns` of clock time since the start have reached it. */
bool sim_story_next(struct sim_story *story, uint64_t elapsed_ns, struct sim_moment *ret_moment);

#endif
