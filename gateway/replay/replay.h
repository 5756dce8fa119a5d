/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_REPLAY_REPLAY_H
#define GATEWAY_REPLAY_REPLAY_H

/*
 * Replay: what was heard, once more through a core
 *
 * A tape falls into stretches: segments that go on from each other. Each stretch begins with a
 * snapshot. With the same build and the same rules the replay goes on from it and says what was said,
 * to the byte; at each further segment it must have arrived at that one's snapshot. With other rules,
 * or by another build, it begins from what was known (the alarms' records where the build is the
 * same, and the picture), and tells what these rules would have said. Where the engine was started
 * again, it goes on from its own alarms, as that engine would have.
 *
 * One or two sites listen at once: two for a comparison, and then neither is exact, so that both are
 * treated alike.
 */

#include "gateway/replay/carry.h"
#include "gateway/replay/history.h"
#include "gateway/replay/rehearsal.h"
#include "gateway/replay/seam.h"
#include "gateway/replay/tape.h"
#include "gateway/replay/translation.h"

enum { REPLAY_SIDES_MAX = 2 };

/* Somebody who listens. */
struct replay_side {
    const struct site *site; /* NULL: the one that was recorded */
    rehearsal_told *told;
    rehearsal_changed *changed; /* may be NULL */
    void *context;
    /* the replay's own */
    struct rehearsal rehearsal;
    struct translation translation;
    struct carry carry; /* of the stretch before, over a restart of the engine */
    bool restarted;     /* it began with that */
};

/* Why something is not as it could be; told before the events that it is about. */
enum replay_remark {
    REPLAY_BEGINS,       /* a stretch, exact */
    REPLAY_BEGINS_FRESH, /* a stretch, from what was known: other rules or another build */
    REPLAY_UNREADABLE,   /* a segment, for `reason` */
    REPLAY_NO_SITE,      /* a segment whose site is not there any more */
    REPLAY_DROPPED,      /* `count` inputs are missing here */
    REPLAY_DAMAGED,      /* a segment is damaged at byte `count`, for `reason`, and not read on */
    REPLAY_CUT,          /* a segment ends at byte `count`, and its end was written */
    REPLAY_NO_FILES,     /* `count` segments before this one are not there */
    REPLAY_NO_INPUTS,    /* inputs before this segment were not recorded */
    REPLAY_NO_MORE,      /* the segment that goes on from this one is not there */
    REPLAY_STRAYED,      /* it did not arrive at the next snapshot: replay and engine differ */
    REPLAY_ENDS,         /* a stretch, with the last input at `wall` */
    REPLAY_REMARK_COUNT,
};

struct replay_told {
    enum replay_remark remark;
    const char *segment;               /* its file's name */
    const struct recording_head *head; /* NULL for UNREADABLE and CUT */
    const char *reason;
    uint64_t count;
    uint64_t unread; /* DAMAGED: bytes of the segment that are not read */
    struct wall wall;
    bool starts;  /* the segment begins where its boot does */
    bool stopped; /* ENDS: all that the boot heard has been played */
};

struct replay {
    struct replay_side sides[REPLAY_SIDES_MAX];
    uint32_t side_count;
    void (*remark)(void *context, const struct replay_told *told);
    void *context;
    bool exact; /* the stretch that is being told is */
    bool muted; /* the beginning is being told: nothing happens in it */
    uint64_t inputs, left_out;
};

/* Play a whole tape. Returns 0 or <0; what is wrong with the tape is remarked. */
NODISCARD int replay_tape(struct replay *replay, struct tape *tape);

/* Play a history that is not too long. Every side has a site. Returns 0 or <0. */
NODISCARD int replay_history(struct replay *replay, const struct history *history);

#endif
