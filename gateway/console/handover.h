/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_HANDOVER_H
#define GATEWAY_CONSOLE_HANDOVER_H

/*
 * Taking over a shift
 *
 *     POST /api/v1/handover {"shift": "care", "since": "2026-11-27T11:00:00Z", "note": "…"}
 *
 * Each member may be missing. Whoever acts on alarms may; a shift that is a role's is taken over by that role, or one
 * above it. What is open is counted here, not by whoever asks, and the answer comes when it is recorded. The same once
 * more is the same takeover (repeats.h).
 */

#include <stdbool.h>

#include "gateway/console/view.h"
#include "gateway/takeover.h"

struct call;

enum { HANDOVER_SINCE_MAX_S = 14 * 86400 };

/*
 * Read a body. Returns NULL, or the member that is wrong: "" where it is no object or has one that there is not. Static
 * storage. Fills in what the body says, and no more.
 */
const char *handover_read(const struct site *site, const char *bytes, size_t size, struct wall now,
                          struct takeover *ret);

/* Count what is open at present. */
void handover_count(const struct view *view, uint32_t ret_counts[TAKEOVER_COUNTS]);

void answer_handover(struct call *call);

#endif
