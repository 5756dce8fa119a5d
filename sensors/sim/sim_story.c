/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_story.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

static int moment_compare(const void *left, const void *right) {
    const struct sim_moment *a = left;
    const struct sim_moment *b = right;
    if (a->at_ns != b->at_ns) {
        return a->at_ns < b->at_ns ? -1 : 1;
    }
    if (a->end != b->end) {
        return a->end ? -1 : 1;
    }
    return a->act < b->act ? -1 : a->act > b->act;
}

int sim_story_init(struct sim_story *story, const struct sim_story_conf *conf) {
    assert(conf->speed > 0);
    *story = (struct sim_story){.conf = conf};
    if (conf->act_count == 0) {
        return 0;
    }
    story->moments = calloc(2 * (size_t)conf->act_count, sizeof *story->moments);
    if (story->moments == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < conf->act_count; i++) {
        const struct sim_act *act = &conf->acts[i];
        story->moments[story->count++] = (struct sim_moment){act->at_ns, i, false};
        if (act->for_ns > 0) {
            story->moments[story->count++] = (struct sim_moment){act->at_ns + act->for_ns, i, true};
        }
    }
    qsort(story->moments, story->count, sizeof *story->moments, moment_compare);
    return 0;
}

void sim_story_deinit(struct sim_story *story) {
    free(story->moments);
    *story = SIM_STORY_NULL;
}

uint64_t sim_story_deadline(const struct sim_story *story) {
    if (story->next == story->count) {
        return UINT64_MAX;
    }
    return (uint64_t)ceil((double)story->moments[story->next].at_ns / story->conf->speed);
}

bool sim_story_next(struct sim_story *story, uint64_t elapsed_ns, struct sim_moment *ret_moment) {
    if (elapsed_ns < sim_story_deadline(story) || story->next == story->count) {
        return false;
    }
    *ret_moment = story->moments[story->next++];
    return true;
}
