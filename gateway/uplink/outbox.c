/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/outbox.h"

#include <assert.h>
#include <string.h>

/* ---- the ring of one lane ---- */

static struct outbox_sent *ring_at(struct outbox_lane *lane, uint32_t index) {
    assert(index < lane->count);
    return &lane->sent[(lane->first + index) % OUTBOX_SENT_MAX];
}

static uint64_t ring_seq(const struct outbox_lane *lane, uint32_t index) {
    return lane->sent[(lane->first + index) % OUTBOX_SENT_MAX].seq;
}

/* The index of the first entry whose seq is not below `seq`; `count` when all are. */
static uint32_t ring_search(const struct outbox_lane *lane, uint64_t seq) {
    uint32_t low = 0;
    uint32_t high = lane->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ring_seq(lane, middle) < seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* O1: only the entries at the front that the broker has taken move what is confirmed. */
static void ring_confirm(struct outbox_lane *lane) {
    while (lane->count > 0 && ring_at(lane, 0)->taken) {
        lane->confirmed = ring_at(lane, 0)->seq;
        lane->first = (lane->first + 1) % OUTBOX_SENT_MAX;
        lane->count--;
    }
}

static void ring_push(struct outbox_lane *lane, uint64_t seq, bool taken) {
    assert(lane->count < OUTBOX_SENT_MAX);
    assert(seq > lane->examined);
    lane->count++;
    *ring_at(lane, lane->count - 1) = (struct outbox_sent){.seq = seq, .taken = taken};
    lane->examined = seq;
    ring_confirm(lane);
}

static void lane_restart(struct outbox_lane *lane, uint64_t confirmed) {
    lane->confirmed = confirmed;
    lane->examined = confirmed;
    lane->paused = false;
    lane->tried = 0;
    lane->again_count = 0;
    lane->first = 0;
    lane->count = 0;
}

/* ---- what has gone ahead ---- */

static uint32_t ahead_search(const struct outbox *outbox, uint64_t seq) {
    uint32_t low = 0;
    uint32_t high = outbox->ahead_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (outbox->ahead[middle].seq < seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct outbox_sent *ahead_find(struct outbox *outbox, uint64_t seq) {
    uint32_t at = ahead_search(outbox, seq);
    bool found = at < outbox->ahead_count && outbox->ahead[at].seq == seq;
    return found ? &outbox->ahead[at] : NULL;
}

static void ahead_insert(struct outbox *outbox, uint64_t seq, bool taken) {
    assert(outbox->ahead_count < OUTBOX_AHEAD_MAX);
    uint32_t at = ahead_search(outbox, seq);
    memmove(&outbox->ahead[at + 1], &outbox->ahead[at],
            (outbox->ahead_count - at) * sizeof outbox->ahead[0]);
    outbox->ahead[at] = (struct outbox_sent){.seq = seq, .taken = taken};
    outbox->ahead_count++;
}

static void ahead_remove(struct outbox *outbox, struct outbox_sent *entry) {
    uint32_t at = (uint32_t)(entry - outbox->ahead);
    assert(at < outbox->ahead_count);
    outbox->ahead_count--;
    memmove(entry, entry + 1, (outbox->ahead_count - at) * sizeof *entry);
}

/* Keep only what the broker has taken for certain. */
static void ahead_keep_taken(struct outbox *outbox) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < outbox->ahead_count; i++) {
        if (outbox->ahead[i].taken) {
            outbox->ahead[kept++] = outbox->ahead[i];
        }
    }
    outbox->ahead_count = kept;
}

/* ---- what was refused ---- */

static struct outbox_sent *sent_find(struct outbox *outbox, enum core_lane lane, uint64_t seq) {
    struct outbox_lane *own = &outbox->lanes[lane];
    uint32_t at = ring_search(own, seq);
    if (at < own->count && ring_seq(own, at) == seq) {
        return ring_at(own, at);
    }
    return lane == LANE_ALARM ? ahead_find(outbox, seq) : NULL;
}

/* Call `each` with all entries of a lane in the order of its tables. */
static void sent_each(const struct outbox *outbox, enum core_lane lane,
                      void (*each)(void *context, const struct outbox_sent *sent), void *context) {
    const struct outbox_lane *own = &outbox->lanes[lane];
    for (uint32_t i = 0; i < own->count; i++) {
        each(context, &own->sent[(own->first + i) % OUTBOX_SENT_MAX]);
    }
    for (uint32_t i = 0; lane == LANE_ALARM && i < outbox->ahead_count; i++) {
        each(context, &outbox->ahead[i]);
    }
}

struct refused_choice {
    uint64_t after;
    uint64_t first, next; /* of all, and of those after `after`; 0: none */
};

static void refused_choose(void *context, const struct outbox_sent *sent) {
    struct refused_choice *choice = context;
    if (sent->again && (choice->first == 0 || sent->seq < choice->first)) {
        choice->first = sent->seq;
    }
    if (sent->again && sent->seq > choice->after &&
        (choice->next == 0 || sent->seq < choice->next)) {
        choice->next = sent->seq;
    }
}

/* The refused event whose turn it is: by turns, so that one that is never taken stops no other. */
static uint64_t refused_next(const struct outbox *outbox, enum core_lane lane) {
    struct refused_choice choice = {.after = outbox->lanes[lane].tried};
    sent_each(outbox, lane, refused_choose, &choice);
    return choice.next != 0 ? choice.next : choice.first;
}

static void refused_count(void *context, const struct outbox_sent *sent) {
    *(uint32_t *)context += sent->again;
}

/* ---- the overtakers ---- */

/* Take out the newest that is not urgent: what it has left to send waits in the journal. */
static void overtaker_displace(struct outbox *outbox) {
    uint32_t last = outbox->overtaker_count - 1;
    if (!outbox->overtakers[last].urgent) {
        outbox->overtaker_count--;
    }
}

static void overtaker_insert(struct outbox *outbox, const struct outbox_overtaker *overtaker) {
    uint32_t at = outbox->overtaker_count++;
    while (overtaker->urgent && at > 0 && !outbox->overtakers[at - 1].urgent) {
        outbox->overtakers[at] = outbox->overtakers[at - 1];
        at--;
    }
    outbox->overtakers[at] = *overtaker;
}

static void overtaker_add(struct outbox *outbox, uint32_t alarm, uint64_t seq, bool urgent) {
    for (uint32_t i = 0; i < outbox->overtaker_count; i++) {
        if (outbox->overtakers[i].alarm == alarm) {
            outbox->overtakers[i].live_seq = seq;
            return;
        }
    }
    if (outbox->overtaker_count == OUTBOX_OVERTAKERS_MAX ||
        outbox->ahead_count == OUTBOX_AHEAD_MAX) {
        outbox->overtakes_refused++;
    }
    if (urgent && outbox->overtaker_count == OUTBOX_OVERTAKERS_MAX) {
        overtaker_displace(outbox);
    }
    if (outbox->overtaker_count < OUTBOX_OVERTAKERS_MAX) {
        const struct outbox_overtaker overtaker = {
            .alarm = alarm, .live_seq = seq, .urgent = urgent};
        overtaker_insert(outbox, &overtaker);
    }
}

/* An event of the overtaking `alarm` has been looked at; its next read begins after it. */
static void overtaker_advance(struct outbox *outbox, uint32_t alarm, uint64_t seq) {
    for (uint32_t i = 0; i < outbox->overtaker_count; i++) {
        struct outbox_overtaker *overtaker = &outbox->overtakers[i];
        if (overtaker->alarm == alarm && overtaker->done_seq < seq) {
            overtaker->done_seq = seq;
        }
    }
}

/* Forget the overtaker of `alarm`, those that are through, and each that the backlog has caught up
 * with. */
static void overtaker_prune(struct outbox *outbox, uint32_t alarm) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < outbox->overtaker_count; i++) {
        const struct outbox_overtaker *overtaker = &outbox->overtakers[i];
        if (overtaker->alarm != alarm && overtaker->live_seq > outbox->lanes[LANE_ALARM].examined &&
            overtaker->live_seq > overtaker->done_seq) {
            outbox->overtakers[kept++] = *overtaker;
        }
    }
    outbox->overtaker_count = kept;
}

/* ---- the interface ---- */

void outbox_init(struct outbox *outbox) {
    memset(outbox, 0, sizeof *outbox);
}

void outbox_welcome(struct outbox *outbox, uint64_t newest,
                    const uint64_t confirmed[OUTBOX_LANES]) {
    bool replaced = newest < outbox->lanes[LANE_ALARM].confirmed ||
                    newest < outbox->lanes[LANE_ACTIVITY].confirmed;
    for (int i = 0; i < OUTBOX_LANES; i++) {
        if (replaced || confirmed[i] > outbox->lanes[i].confirmed) {
            lane_restart(&outbox->lanes[i], confirmed[i]);
            outbox->ahead_count = 0;
            outbox->overtaker_count = 0;
        }
    }
    outbox->lanes[LANE_ALARM].again_count = 0;
    sent_each(outbox, LANE_ALARM, refused_count, &outbox->lanes[LANE_ALARM].again_count);
    if (replaced) {
        outbox->session_newest = newest;
        outbox->newest = newest;
    } else if (newest > outbox->newest) {
        outbox->newest = newest;
    }
}

void outbox_session_begin(struct outbox *outbox) {
    outbox->connected = true;
    outbox->session_newest = outbox->newest;
}

void outbox_session_end(struct outbox *outbox) {
    outbox->connected = false;
    outbox->overtaker_count = 0;
    ahead_keep_taken(outbox);
    struct outbox_lane *alarms = &outbox->lanes[LANE_ALARM];
    for (uint32_t i = 0; i < alarms->count; i++) {
        if (ring_at(alarms, i)->taken && outbox->ahead_count < OUTBOX_AHEAD_MAX) {
            ahead_insert(outbox, ring_at(alarms, i)->seq, true);
        }
    }
    for (int i = 0; i < OUTBOX_LANES; i++) {
        lane_restart(&outbox->lanes[i], outbox->lanes[i].confirmed);
    }
}

void outbox_grown(struct outbox *outbox, uint64_t newest) {
    if (newest > outbox->newest) {
        outbox->newest = newest;
    }
}

bool outbox_live(struct outbox *outbox, enum core_lane lane, uint64_t seq, uint32_t alarm,
                 bool urgent, bool room) {
    assert(seq > 0);
    outbox_grown(outbox, seq);
    struct outbox_lane *own = &outbox->lanes[lane];
    struct outbox_lane *other = &outbox->lanes[lane == LANE_ALARM ? LANE_ACTIVITY : LANE_ALARM];
    /* Seqs have no gaps: a lane that knew all before this one knows that this one is not its own.
     */
    if (other->examined == seq - 1) {
        other->examined = seq;
    }
    if (!outbox->connected || seq <= own->examined) {
        return false;
    }
    if (own->examined == seq - 1 && room && own->count < OUTBOX_SENT_MAX) {
        ring_push(own, seq, false);
        return true;
    }
    if (lane != LANE_ALARM || ahead_find(outbox, seq) != NULL) {
        return false;
    }
    if (outbox->journal_absent && room && outbox->ahead_count < OUTBOX_AHEAD_MAX) {
        ahead_insert(outbox, seq, false);
        return true;
    }
    overtaker_add(outbox, alarm, seq, urgent);
    return false;
}

void outbox_overtake(struct outbox *outbox, uint32_t alarm, uint64_t seq, bool urgent) {
    outbox_grown(outbox, seq);
    if (outbox->connected && seq > outbox->lanes[LANE_ALARM].examined) {
        overtaker_add(outbox, alarm, seq, urgent);
    }
}

bool outbox_next(const struct outbox *outbox, enum core_lane lane, struct outbox_read *ret_read) {
    const struct outbox_lane *own = &outbox->lanes[lane];
    if (!outbox->connected) {
        return false;
    }
    if (own->again_count > 0 && !own->paused) {
        uint64_t seq = refused_next(outbox, lane);
        *ret_read = (struct outbox_read){
            .lane = lane,
            .alarm = RULESET_NONE,
            .after_seq = seq - 1,
            .until_seq = seq,
            .again = true,
        };
        return true;
    }
    if (own->examined >= outbox->newest) {
        return false;
    }
    if (lane == LANE_ALARM && outbox->overtaker_count > 0 &&
        outbox->ahead_count < OUTBOX_AHEAD_MAX) {
        const struct outbox_overtaker *overtaker = &outbox->overtakers[0];
        *ret_read = (struct outbox_read){
            .lane = lane,
            .alarm = overtaker->alarm,
            .after_seq = overtaker->done_seq > own->examined ? overtaker->done_seq : own->examined,
            .until_seq = overtaker->live_seq,
        };
        return true;
    }
    if (own->count == OUTBOX_SENT_MAX) {
        return false;
    }
    *ret_read = (struct outbox_read){
        .lane = lane,
        .alarm = RULESET_NONE,
        .after_seq = own->examined,
        .until_seq = outbox->newest,
    };
    return true;
}

/* A row of an alarm that overtakes. */
static enum outbox_verdict outbox_offer_ahead(struct outbox *outbox, uint32_t alarm, uint64_t seq) {
    bool sent = seq <= outbox->lanes[LANE_ALARM].examined || ahead_find(outbox, seq) != NULL;
    if (!sent && outbox->ahead_count == OUTBOX_AHEAD_MAX) {
        return OUTBOX_STOP;
    }
    overtaker_advance(outbox, alarm, seq);
    if (sent) {
        return OUTBOX_SKIP;
    }
    ahead_insert(outbox, seq, false);
    return OUTBOX_SEND;
}

/* A row of a lane's backlog. */
static enum outbox_verdict outbox_offer_next(struct outbox *outbox, enum core_lane lane,
                                             uint64_t seq) {
    struct outbox_lane *own = &outbox->lanes[lane];
    if (own->count == OUTBOX_SENT_MAX) {
        return OUTBOX_STOP;
    }
    struct outbox_sent *gone = lane == LANE_ALARM ? ahead_find(outbox, seq) : NULL;
    if (gone == NULL) {
        ring_push(own, seq, false);
        return OUTBOX_SEND;
    }
    bool taken = gone->taken;
    bool again = gone->again;
    ahead_remove(outbox, gone);
    ring_push(own, seq, taken);
    if (again) {
        ring_at(own, own->count - 1)->again = true; /* not taken, so that it is still there */
    }
    return OUTBOX_SKIP;
}

/* The refused event that was read. */
static enum outbox_verdict outbox_offer_again(struct outbox *outbox, enum core_lane lane,
                                              uint64_t seq) {
    struct outbox_lane *own = &outbox->lanes[lane];
    struct outbox_sent *sent = sent_find(outbox, lane, seq);
    if (sent == NULL || !sent->again) {
        return OUTBOX_SKIP;
    }
    sent->again = false;
    own->again_count--;
    own->tried = seq;
    own->paused = true; /* until it is taken */
    return OUTBOX_SEND;
}

enum outbox_verdict outbox_offer(struct outbox *outbox, const struct outbox_read *read,
                                 uint64_t seq) {
    if (read->again) {
        return outbox_offer_again(outbox, read->lane, seq);
    }
    return read->alarm == RULESET_NONE ? outbox_offer_next(outbox, read->lane, seq)
                                       : outbox_offer_ahead(outbox, read->alarm, seq);
}

void outbox_read_done(struct outbox *outbox, const struct outbox_read *read, bool more) {
    struct outbox_lane *own = &outbox->lanes[read->lane];
    if (read->again) {
        /* What the journal has lost since is not waited for. */
        struct outbox_sent *sent = more ? NULL : sent_find(outbox, read->lane, read->until_seq);
        if (sent != NULL && sent->again) {
            sent->again = false;
            own->again_count--;
            outbox_taken(outbox, read->lane, read->until_seq);
        }
        return;
    }
    if (read->alarm == RULESET_NONE && !more && own->examined < read->until_seq) {
        own->examined = read->until_seq;
    }
    bool over = read->alarm != RULESET_NONE && !more;
    overtaker_prune(outbox, over ? read->alarm : RULESET_NONE);
}

void outbox_journal(struct outbox *outbox, bool present) {
    outbox->journal_absent = !present;
}

bool outbox_is_replay(const struct outbox *outbox, const struct outbox_read *read, uint64_t seq,
                      uint64_t age_ns) {
    if (read->alarm != RULESET_NONE && seq == read->until_seq) {
        return false;
    }
    return seq <= outbox->session_newest || age_ns >= OUTBOX_REPLAY_AGE_NS;
}

void outbox_taken(struct outbox *outbox, enum core_lane lane, uint64_t seq) {
    struct outbox_lane *own = &outbox->lanes[lane];
    struct outbox_sent *sent = sent_find(outbox, lane, seq);
    if (sent == NULL || sent->again) {
        return;
    }
    sent->taken = true;
    if (seq == own->tried) {
        own->paused = false; /* the next that was refused has its turn */
    }
    ring_confirm(own);
}

void outbox_refused(struct outbox *outbox, enum core_lane lane, uint64_t seq) {
    struct outbox_sent *sent = sent_find(outbox, lane, seq);
    if (sent == NULL || sent->taken || sent->again) {
        return;
    }
    sent->again = true;
    outbox->lanes[lane].again_count++;
    outbox->lanes[lane].paused = true;
}

void outbox_resume(struct outbox *outbox) {
    outbox->lanes[LANE_ALARM].paused = false;
    outbox->lanes[LANE_ACTIVITY].paused = false;
}

uint32_t outbox_refusals(const struct outbox *outbox) {
    uint32_t count = 0;
    for (int i = 0; i < OUTBOX_LANES; i++) {
        /* One that is under way again keeps its lane paused. */
        count += outbox->lanes[i].again_count + outbox->lanes[i].paused;
    }
    return count;
}

uint64_t outbox_confirmed(const struct outbox *outbox, enum core_lane lane) {
    return outbox->lanes[lane].confirmed;
}

bool outbox_is_done(const struct outbox *outbox) {
    for (int i = 0; i < OUTBOX_LANES; i++) {
        const struct outbox_lane *own = &outbox->lanes[i];
        if (own->count > 0 || own->examined < outbox->newest) {
            return false;
        }
    }
    return true;
}

void outbox_check(const struct outbox *outbox) {
    for (int i = 0; i < OUTBOX_LANES; i++) {
        const struct outbox_lane *lane = &outbox->lanes[i];
        assert(lane->confirmed <= lane->examined);
        assert(lane->count <= OUTBOX_SENT_MAX);
        uint64_t before = lane->confirmed;
        for (uint32_t k = 0; k < lane->count; k++) {
            assert(ring_seq(lane, k) > before);
            before = ring_seq(lane, k);
        }
        assert(before <= lane->examined);
        uint32_t again = 0;
        sent_each(outbox, (enum core_lane)i, refused_count, &again);
        assert(again == lane->again_count);
    }
    for (uint32_t i = 1; i < outbox->ahead_count; i++) {
        assert(outbox->ahead[i - 1].seq < outbox->ahead[i].seq);
    }
}
