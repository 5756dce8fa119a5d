/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_SILENCES_H
#define GATEWAY_ENGINE_SILENCES_H

/*
 * Silences under a fast clock
 *
 * Heartbeats come each real second, however fast the clock runs; so no silence may be over before one
 * can have come. The core of a gateway with `--clock` therefore waits longer than the site says, and
 * so does a replay of what it recorded.
 */

#include "gateway/err.h"
#include "rules/ruleset.h"

struct silences {
    struct ruleset ruleset; /* the site's, with silences that fit the clock */
    struct ruleset_device *devices;
    struct ruleset_point *points;
};

/* Stretch the silences of `ruleset`, which is kept, for a clock `rate` times as fast as real time. */
NODISCARD int silences_init(struct silences *silences, const struct ruleset *ruleset,
                            uint32_t rate);

/* Lift them all: nothing is ever missed, as in a history that has no heartbeats. */
NODISCARD int silences_lift(struct silences *silences, const struct ruleset *ruleset);

void silences_deinit(struct silences *silences);

#endif
