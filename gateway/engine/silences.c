/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/silences.h"

#include <stdlib.h>

/* The shortest silence in real time. */
enum { SILENCE_MS_MIN = 3500 };

static uint64_t silence_stretched(uint64_t silence_ns, uint64_t least_ns) {
    return silence_ns > 0 && silence_ns < least_ns ? least_ns : silence_ns;
}

static int silences_copy(struct silences *silences, const struct ruleset *ruleset) {
    *silences = (struct silences){.ruleset = *ruleset};
    silences->devices = calloc((size_t)ruleset->device_count + 1, sizeof *silences->devices);
    silences->points = calloc((size_t)ruleset->point_count + 1, sizeof *silences->points);
    if (silences->devices == NULL || silences->points == NULL) {
        silences_deinit(silences);
        return err_origin(-ENOMEM);
    }
    for (uint32_t i = 0; i < ruleset->device_count; i++) {
        silences->devices[i] = ruleset->devices[i];
    }
    for (uint32_t i = 0; i < ruleset->point_count; i++) {
        silences->points[i] = ruleset->points[i];
    }
    silences->ruleset.devices = silences->devices;
    silences->ruleset.points = silences->points;
    return 0;
}

int silences_init(struct silences *silences, const struct ruleset *ruleset, uint32_t rate) {
    uint64_t least_ns = rate * (SILENCE_MS_MIN * NS_PER_MS);
    if (rate <= 1) {
        *silences = (struct silences){.ruleset = *ruleset};
        return 0;
    }
    int r = silences_copy(silences, ruleset);
    for (uint32_t i = 0; r == 0 && i < ruleset->device_count; i++) {
        silences->devices[i].silence_ns =
            silence_stretched(silences->devices[i].silence_ns, least_ns);
    }
    for (uint32_t i = 0; r == 0 && i < ruleset->point_count; i++) {
        silences->points[i].silence_ns =
            silence_stretched(silences->points[i].silence_ns, least_ns);
    }
    return r == 0 ? 0 : err_trace(r);
}

int silences_lift(struct silences *silences, const struct ruleset *ruleset) {
    int r = silences_copy(silences, ruleset);
    for (uint32_t i = 0; r == 0 && i < ruleset->device_count; i++) {
        silences->devices[i].silence_ns = 0;
    }
    for (uint32_t i = 0; r == 0 && i < ruleset->point_count; i++) {
        silences->points[i].silence_ns = 0;
    }
    return r == 0 ? 0 : err_trace(r);
}

void silences_deinit(struct silences *silences) {
    free(silences->devices);
    free(silences->points);
    *silences = (struct silences){.devices = NULL};
}
