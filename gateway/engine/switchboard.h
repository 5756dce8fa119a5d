/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_SWITCHBOARD_H
#define GATEWAY_ENGINE_SWITCHBOARD_H

/*
 * The switchboard: outputs from the core to the field
 *
 * What the core wants of lamps and sounders is sent to the field processes that own them, right
 * after the input that it follows from: before anything is recorded, because a lamp must not wait for
 * a disk. A field process that has just come knows nothing and is told the state of all its outputs.
 *
 * What a field process has yet to hear stays marked; marks never grow beyond the site.
 */

#include "gateway/engine/engine_peer.h"
#include "gateway/engine/marks.h"

struct switchboard {
    const struct site *site;
    struct core *core;
    struct index_set unsent; /* outputs whose state its field process has not been told */
    struct wire_outputs message;
};

/* Keeps both. All outputs are off and untold at first. Returns 0 or <0; deinit in any case. */
NODISCARD int switchboard_init(struct switchboard *switchboard, const struct site *site,
                               struct core *core);
void switchboard_deinit(struct switchboard *switchboard);

/* The core was stepped: send what it wants otherwise now. `peers` may be NULL. */
void switchboard_follow(struct switchboard *switchboard, struct engine_peers *peers);

/* A field process was welcomed: send the state of all its outputs. */
void switchboard_join(struct switchboard *switchboard, struct engine_peer *peer);

/* A field process can take messages again. */
void switchboard_writable(struct switchboard *switchboard, struct engine_peer *peer);

#endif
