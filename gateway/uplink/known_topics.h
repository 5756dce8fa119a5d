/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_KNOWN_TOPICS_H
#define GATEWAY_UPLINK_KNOWN_TOPICS_H

/*
 * The topics that the site's points and announcements stand under
 *
 * A broker that is asked what it holds tells thousands of topics that are as they should be, and it
 * tells them to the library's thread. This is what that thread can ask, for it never changes: whatever
 * is known here is published again in each session and needs no second look. Kept as sorted 64-bit
 * digests (FNV-1a); that one of a point which left the site is equal to one of those that stay is as
 * good as impossible, and would leave it standing.
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/err.h"
#include "gateway/uplink/home_assistant.h"

struct known_topics {
    uint64_t *digests;
    uint32_t count;
};

/* Of all points that are published, and of what is announced. All is read now. */
NODISCARD int known_topics_init(struct known_topics *known, const struct site *site,
                                const struct topic_root *root,
                                const struct home_assistant *announcements);
void known_topics_deinit(struct known_topics *known);

/* Any thread. */
bool known_topics_has(const struct known_topics *known, const char *topic);

#endif
