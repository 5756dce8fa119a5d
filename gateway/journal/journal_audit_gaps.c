/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/journal/journal_audit_parts.h"

/* An alarm's event is gone, which happened no earlier than what stands before it. */
static void gaps_note_alarm(struct auditor *auditor, uint64_t seq, int64_t wall_ns) {
    struct audit_gone *gone = &auditor->gaps.gone;
    if (auditor->found.events > 0 && auditor->newest_wall_ns > wall_ns) {
        wall_ns = auditor->newest_wall_ns;
    }
    *gone = (struct audit_gone){.seq = seq, .wall_ns = wall_ns};
}

/*
 * Numbers up to `seq` are missing, and nothing is left of what had them. In the stretch of a seal that
 * was so already when it was made, or the ledger shows it. If something of both lanes stands before,
 * retention was not it.
 */
static void gaps_missing(struct auditor *auditor, uint64_t seq) {
    struct audit_gaps *gaps = &auditor->gaps;
    if (audit_ledger_has(auditor, gaps->after + 1)) {
        gaps->removed = gaps->removed == 0 ? gaps->after + 1 : gaps->removed;
    } else if (gaps->kept[LANE_ALARM] && gaps->kept[LANE_ACTIVITY]) {
        audit_blame(auditor, AUDIT_REMOVED, gaps->after + 1, seq - 1);
    } else if (gaps->kept[LANE_ACTIVITY]) {
        gaps_note_alarm(auditor, seq - 1, INT64_MIN);
    }
}

void audit_gaps_row(struct auditor *auditor, uint64_t seq, int64_t lane, int64_t wall_ns,
                    enum journal_chain_step step) {
    struct audit_gaps *gaps = &auditor->gaps;
    auditor->found.lost_ends += step == CHAIN_RESUMES;
    if (step == CHAIN_RESUMES && seq > gaps->after + 1) {
        audit_blame(auditor, AUDIT_LOST, gaps->after, seq);
    } else if (auditor->found.events > 0) {
        uint64_t missing = seq - gaps->after - 1;
        if (step == CHAIN_FOLLOWS && !gaps->after_gone) {
            auditor->found.skipped += missing; /* the chain says that nothing was there */
        } else if (missing > 0) {
            auditor->found.let_go += missing;
            /* What a damaged file has lost is told as unproven. */
            if (step != CHAIN_UNPROVEN || audit_ledger_has(auditor, gaps->after + 1)) {
                gaps_missing(auditor, seq);
            }
        }
    }
    if (lane == LANE_ALARM || lane == LANE_ACTIVITY) {
        gaps->kept[lane] = true;
    }
    /* A clock that was ahead when the alarm's event is thought to have happened has been set right. */
    if (gaps->gone.seq > 0 && wall_ns < gaps->gone.wall_ns) {
        gaps->gone.wall_ns = wall_ns;
    }
    gaps->after = seq;
    gaps->after_gone = false;
}

void audit_gaps_leaf(struct auditor *auditor, uint64_t seq, int64_t lane) {
    struct audit_gaps *gaps = &auditor->gaps;
    if (auditor->found.events > 0) {
        auditor->found.let_go += seq - gaps->after;
        if (seq > gaps->after + 1) {
            gaps_missing(auditor, seq);
        }
    }
    if (lane == LANE_ALARM) {
        auditor->found.gone_alarms++;
        gaps_note_alarm(auditor, seq, auditor->ledger.newest_wall_ns);
    }
    if ((lane != LANE_ALARM && lane != LANE_ACTIVITY) || gaps->kept[lane]) {
        audit_blame(auditor, AUDIT_REMOVED, seq, seq);
    }
    gaps->after = seq;
    gaps->after_gone = true;
}

void audit_gaps_stretch(struct auditor *auditor, const struct journal_seal *seal,
                        int64_t before_wall_ns) {
    if (seal->alarms > 0) {
        auditor->found.gone_alarms += seal->alarms;
        gaps_note_alarm(auditor, seal->seq, before_wall_ns);
        if (auditor->gaps.kept[LANE_ALARM]) {
            audit_blame(auditor, AUDIT_REMOVED, seal->after + 1, seal->seq);
        }
    }
}

void audit_gaps_end(struct auditor *auditor) {
    const struct audit_gone *gone = &auditor->gaps.gone;
    int64_t now_ns = auditor->newest_wall_ns;
    if (auditor->told_wall_ns > now_ns) {
        now_ns = auditor->told_wall_ns;
    }
    if (auditor->ledger.newest_wall_ns > now_ns) {
        now_ns = auditor->ledger.newest_wall_ns;
    }
    if (gone->seq > 0 && gone->wall_ns > now_ns - (int64_t)JOURNAL_WEEK_NS) {
        audit_blame(auditor, AUDIT_EARLY, gone->seq, gone->seq);
    }
}
