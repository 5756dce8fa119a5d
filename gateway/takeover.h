/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_TAKEOVER_H
#define GATEWAY_TAKEOVER_H

/*
 * Somebody takes over a shift, on the way into the journal
 *
 * The console counts what is open at that moment and says it to the engine, which records it and answers as it does to
 * a command. Nothing else comes of it: nobody is called otherwise, and no alarm is another.
 */

#include <stdint.h>

#include "rules/limits.h"
#include "rules/reading.h"
#include "rules/role.h"

/* Of a site that has no shifts, or of a span of time that is none of them. */
#define TAKEOVER_NO_SHIFT UINT32_MAX

/* What is handed over, counted. */
enum takeover_count {
    TAKEOVER_UNACKNOWLEDGED,
    TAKEOVER_ACKNOWLEDGED,
    TAKEOVER_ASIDE, /* shelved, or suppressed */
    TAKEOVER_OUT_OF_SERVICE,
    TAKEOVER_TESTS, /* places under test */
    TAKEOVER_DEVICES_LOST,
    TAKEOVER_COUNTS,
};

struct takeover {
    uint32_t actor_role; /* enum role */
    uint32_t shift;      /* index of a shift of the site, or TAKEOVER_NO_SHIFT */
    struct wall since;   /* when what is handed over began; 0: nobody has said it */
    uint32_t counts[TAKEOVER_COUNTS];
    char actor[LIMIT_ACTOR];
    char note[LIMIT_REASON]; /* "" where there is none */
};

#endif
