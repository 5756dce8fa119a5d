/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_TRANSLATION_H
#define GATEWAY_REPLAY_TRANSLATION_H

/*
 * The same input in another site
 *
 * Inputs name points, devices, alarms and places by index, which another site counts otherwise. Here
 * they go by their ids. What the other site does not have is left out, and counted.
 */

#include "gateway/site.h"
#include "rules/core.h"

struct translation {
    const struct site *from, *to;
    uint32_t *points, *devices, *places, *components; /* by index; RULESET_NONE: not there */
    uint64_t left_out;
};

/* Keeps both sites. Returns 0 or <0. */
NODISCARD int translation_init(struct translation *translation, const struct site *from,
                               const struct site *to);
void translation_deinit(struct translation *translation);

/* Translate; false if the other site has no such thing. The command goes to `ret_command`. */
bool translation_input(struct translation *translation, const struct input *input,
                       struct input *ret_input, struct command *ret_command);

#endif
