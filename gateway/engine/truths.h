/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_TRUTHS_H
#define GATEWAY_ENGINE_TRUTHS_H

/*
 * What is true: the condition of each alarm, as the console hears of it
 *
 * A rule that is undecided raises nothing, so people have to see that it is. Its conditions change
 * without an event, and far more often than its alarms do; they are looked at once a second, a
 * block after the other, and a block is sent when it is not what the console was told last. A large
 * site takes several seconds for a round, so that no second has too much to do.
 */

#include "gateway/wire.h"

/* Blocks to look at in a second: 65,536 alarms. */
enum { TRUTHS_BLOCKS_A_SECOND = 4 };

struct truths {
    const struct core *core;
    uint32_t alarm_count;
    uint32_t next; /* alarm that the next block begins at */
    uint8_t *told; /* as in struct wire_truths, of all alarms */
    bool *is_told; /* by block: the console that is here has heard of it */
};

/* Nothing was told. Keeps `core`, which has `alarm_count` alarms. */
NODISCARD int truths_init(struct truths *truths, const struct core *core, uint32_t alarm_count);
void truths_deinit(struct truths *truths);

/* Another console is here, which knows nothing. */
void truths_forget(struct truths *truths);

/* Look at the next block: is the console to hear of it? `ret` is the block in either case. */
bool truths_look(struct truths *truths, struct wire_truths *ret);

/* A block that was looked at has been sent. */
void truths_sent(struct truths *truths, const struct wire_truths *message);

#endif
