/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/outbox.h"

#include <assert.h>
#include <string.h>

#include "gateway/uplink/sent.h"

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

/* May the first of the overtakers send on, for all that has gone ahead? */
static bool overtaker_has_room(const struct outbox *outbox) {
    uint32_t left = OUTBOX_AHEAD_MAX - outbox->ahead_count;
    return left > (outbox->overtakers[0].urgent ? 0 : OUTBOX_AHEAD_URGENT);
}

/* How many may overtake before the backlog has its share (O7); 0: it is its turn. */
static uint32_t overtaker_most(const struct outbox *outbox) {
    const struct outbox_lane *alarms = &outbox->lanes[LANE_ALARM];
    uint32_t most =
        outbox->overtakers[0].urgent ? OUTBOX_OVERTAKEN_URGENT_MAX : OUTBOX_OVERTAKEN_MAX;
    if (alarms->count == OUTBOX_SENT_MAX ||
        outbox->newest - alarms->examined < OUTBOX_SHARE_BACKLOG_MIN) {
        return UINT32_MAX;
    }
    return outbox->overtaken < most ? most - outbox->overtaken : 0;
}

/* An event of the backlog goes out, whether anything overtakes it or not. */
static void overtaker_share(struct outbox *outbox) {
    if (++outbox->shared >= OUTBOX_SHARE || outbox->overtaker_count == 0) {
        outbox->shared = 0;
        outbox->overtaken = 0;
    }
}

/* ---- the interface ---- */

void outbox_init(struct outbox *outbox) {
    memset(outbox, 0, sizeof *outbox);
    sent_restart(&outbox->lanes[LANE_ALARM], 0);
    sent_restart(&outbox->lanes[LANE_ACTIVITY], 0);
}

void outbox_welcome(struct outbox *outbox, uint64_t newest,
                    const uint64_t confirmed[OUTBOX_LANES]) {
    bool replaced = newest < outbox->lanes[LANE_ALARM].confirmed ||
                    newest < outbox->lanes[LANE_ACTIVITY].confirmed;
    for (int i = 0; i < OUTBOX_LANES; i++) {
        if (replaced) {
            sent_restart(&outbox->lanes[i], confirmed[i]);
            outbox->ahead_count = 0;
            outbox->overtaker_count = 0;
        } else {
            sent_settle(outbox, (enum core_lane)i, confirmed[i]);
        }
    }
    overtaker_prune(outbox, RULESET_NONE);
    if (replaced) {
        outbox->session_newest = newest;
        outbox->newest = newest;
    } else if (newest > outbox->newest) {
        outbox->newest = newest;
    }
}

bool outbox_recall(struct outbox *outbox, uint64_t seq, uint32_t order) {
    assert(!outbox->connected);
    bool is_open = seq > outbox->lanes[LANE_ALARM].examined && seq <= outbox->newest;
    if (!is_open || outbox->ahead_count == OUTBOX_AHEAD_MAX ||
        sent_find_ahead(outbox, seq) != NULL) {
        return false;
    }
    const struct outbox_sent sent = {.seq = seq, .order = order, .state = OUTBOX_TAKEN};
    sent_insert_ahead(outbox, &sent);
    return true;
}

void outbox_session_begin(struct outbox *outbox) {
    outbox->connected = true;
    outbox->session_newest = outbox->newest;
    outbox->careful = outbox->refused;
    outbox->refused = false;
}

void outbox_session_end(struct outbox *outbox) {
    outbox->connected = false;
    outbox->overtaker_count = 0;
    outbox->overtaken = 0;
    outbox->shared = 0;
    sent_forget_behind(outbox, LANE_ALARM);
    sent_keep_taken(outbox);
    struct outbox_lane *alarms = &outbox->lanes[LANE_ALARM];
    for (uint32_t i = 0; i < alarms->count; i++) {
        const struct outbox_sent *sent = sent_in_ring(alarms, i);
        if (sent->state == OUTBOX_TAKEN && outbox->ahead_count < OUTBOX_AHEAD_MAX) {
            sent_insert_ahead(outbox, sent);
        }
    }
    for (int i = 0; i < OUTBOX_LANES; i++) {
        sent_restart(&outbox->lanes[i], outbox->lanes[i].confirmed);
    }
}

void outbox_grown(struct outbox *outbox, uint64_t newest) {
    if (newest > outbox->newest) {
        outbox->newest = newest;
    }
}

/* Enter an event of `lane` that follows all that its lane has examined. Returns true when it is sent. */
static bool outbox_push(struct outbox *outbox, enum core_lane lane, uint64_t seq, uint32_t order) {
    struct outbox_lane *own = &outbox->lanes[lane];
    const struct outbox_sent sent = sent_entry(outbox, lane, seq, order);
    own->waiting += sent.state == OUTBOX_WAITING;
    sent_push(own, &sent);
    return sent.state == OUTBOX_FLYING;
}

bool outbox_go_ahead(struct outbox *outbox, uint64_t seq, uint32_t order) {
    if (!outbox->connected || seq <= outbox->lanes[LANE_ALARM].examined ||
        outbox->ahead_count == OUTBOX_AHEAD_MAX || sent_find_ahead(outbox, seq) != NULL) {
        return false;
    }
    const struct outbox_sent sent = {.seq = seq, .order = order};
    sent_insert_ahead(outbox, &sent);
    sent_count_ahead(outbox, seq);
    return true;
}

bool outbox_live(struct outbox *outbox, const struct outbox_news *news, bool room) {
    uint64_t seq = news->seq;
    assert(seq > 0);
    outbox_grown(outbox, seq);
    struct outbox_lane *own = &outbox->lanes[news->lane];
    struct outbox_lane *other =
        &outbox->lanes[news->lane == LANE_ALARM ? LANE_ACTIVITY : LANE_ALARM];
    /* Seqs have no gaps: a lane that knew all before this one knows that this one is not its own.
     */
    if (other->examined == seq - 1) {
        other->examined = seq;
    }
    if (!outbox->connected || seq <= own->examined) {
        return false;
    }
    sent_hasten(outbox, news->lane, news->order);
    if (own->examined == seq - 1 && room && own->count < OUTBOX_SENT_MAX) {
        return outbox_push(outbox, news->lane, seq, news->order);
    }
    if (news->lane != LANE_ALARM || sent_find_ahead(outbox, seq) != NULL) {
        return false;
    }
    if (outbox->journal_absent && room && outbox_go_ahead(outbox, seq, news->order)) {
        return true;
    }
    overtaker_add(outbox, news->alarm, seq, news->urgent);
    return false;
}

void outbox_overtake(struct outbox *outbox, uint32_t alarm, uint64_t seq, bool urgent) {
    outbox_grown(outbox, seq);
    if (outbox->connected && seq > outbox->lanes[LANE_ALARM].examined) {
        overtaker_add(outbox, alarm, seq, urgent);
    }
}

/* The one event that waited and is sent now. */
static bool outbox_next_due(struct outbox *outbox, enum core_lane lane,
                            struct outbox_read *ret_read) {
    struct outbox_lane *own = &outbox->lanes[lane];
    uint64_t due = own->waiting == 0 || own->idle ? 0 : sent_due(outbox, lane);
    own->idle = due == 0;
    if (due != 0) {
        *ret_read = (struct outbox_read){
            .lane = lane,
            .alarm = RULESET_NONE,
            .after_seq = due - 1,
            .until_seq = due,
            .again = true,
            .most = 1,
        };
    }
    return due != 0;
}

bool outbox_next(struct outbox *outbox, enum core_lane lane, struct outbox_read *ret_read) {
    const struct outbox_lane *own = &outbox->lanes[lane];
    if (!outbox->connected) {
        return false;
    }
    if (outbox_next_due(outbox, lane, ret_read)) {
        return true;
    }
    if (own->examined >= outbox->newest) {
        return false;
    }
    bool overtakes =
        lane == LANE_ALARM && outbox->overtaker_count > 0 && overtaker_has_room(outbox);
    uint32_t most = overtakes ? overtaker_most(outbox) : 0;
    if (most > 0) {
        const struct outbox_overtaker *overtaker = &outbox->overtakers[0];
        *ret_read = (struct outbox_read){
            .lane = lane,
            .alarm = overtaker->alarm,
            .after_seq = overtaker->done_seq > own->examined ? overtaker->done_seq : own->examined,
            .until_seq = overtaker->live_seq,
            .most = most,
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
        .most = overtakes ? OUTBOX_SHARE - outbox->shared : UINT32_MAX,
    };
    return true;
}

/* A row of an alarm that overtakes. */
static enum outbox_verdict outbox_offer_ahead(struct outbox *outbox, uint32_t alarm, uint64_t seq,
                                              uint32_t order) {
    bool known = seq <= outbox->lanes[LANE_ALARM].examined || sent_find_ahead(outbox, seq) != NULL;
    if (!known && !overtaker_has_room(outbox)) {
        return OUTBOX_STOP;
    }
    overtaker_advance(outbox, alarm, seq);
    if (known) {
        return OUTBOX_SKIP;
    }
    const struct outbox_sent sent = sent_entry(outbox, LANE_ALARM, seq, order);
    outbox->lanes[LANE_ALARM].waiting += sent.state == OUTBOX_WAITING;
    sent_insert_ahead(outbox, &sent);
    if (sent.state != OUTBOX_FLYING) {
        return OUTBOX_HELD;
    }
    outbox->overtaken++;
    return OUTBOX_SEND;
}

/* A row of a lane's backlog. */
static enum outbox_verdict outbox_offer_next(struct outbox *outbox, enum core_lane lane,
                                             uint64_t seq, uint32_t order) {
    struct outbox_lane *own = &outbox->lanes[lane];
    if (own->count == OUTBOX_SENT_MAX) {
        return OUTBOX_STOP;
    }
    struct outbox_sent *gone = lane == LANE_ALARM ? sent_find_ahead(outbox, seq) : NULL;
    if (gone == NULL) {
        bool sends = outbox_push(outbox, lane, seq, order);
        if (sends && lane == LANE_ALARM) {
            overtaker_share(outbox);
        }
        return sends ? OUTBOX_SEND : OUTBOX_HELD;
    }
    const struct outbox_sent sent = *gone;
    sent_remove_ahead(outbox, gone);
    sent_push(own, &sent);
    return OUTBOX_SKIP;
}

/* The event that waited and was read. */
static enum outbox_verdict outbox_offer_again(struct outbox *outbox, enum core_lane lane,
                                              uint64_t seq) {
    struct outbox_lane *own = &outbox->lanes[lane];
    struct outbox_sent *sent = sent_find(outbox, lane, seq);
    if (sent == NULL || sent->state != OUTBOX_WAITING) {
        return OUTBOX_SKIP;
    }
    sent->state = OUTBOX_FLYING;
    own->waiting--;
    own->tried = seq;
    if (sent->refused_in != 0) {
        own->trying = seq;
    }
    return OUTBOX_SEND;
}

enum outbox_verdict outbox_offer(struct outbox *outbox, const struct outbox_read *read,
                                 uint64_t seq, uint32_t order) {
    if (read->again) {
        return outbox_offer_again(outbox, read->lane, seq);
    }
    return read->alarm == RULESET_NONE ? outbox_offer_next(outbox, read->lane, seq, order)
                                       : outbox_offer_ahead(outbox, read->alarm, seq, order);
}

void outbox_read_done(struct outbox *outbox, const struct outbox_read *read, bool more) {
    struct outbox_lane *own = &outbox->lanes[read->lane];
    if (read->again) {
        /* What the journal has lost since is not waited for. */
        if (!more && outbox_offer_again(outbox, read->lane, read->until_seq) == OUTBOX_SEND) {
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

/* The entry of an event that is in flight and is answered now; NULL when it is not known any more. */
static struct outbox_sent *outbox_answered(struct outbox *outbox, enum core_lane lane,
                                           uint64_t seq) {
    struct outbox_sent *sent = sent_find(outbox, lane, seq);
    if (sent == NULL || sent->state != OUTBOX_FLYING) {
        return NULL;
    }
    if (outbox->lanes[lane].trying == seq) {
        outbox->lanes[lane].trying = 0;
        outbox->lanes[lane].idle = false;
    }
    return sent;
}

void outbox_taken(struct outbox *outbox, enum core_lane lane, uint64_t seq) {
    struct outbox_sent *sent = outbox_answered(outbox, lane, seq);
    if (sent == NULL) {
        return;
    }
    const struct outbox_sent *waiting = sent_oldest_open(outbox, lane, sent->order, false);
    if (waiting != NULL) {
        outbox->lanes[lane].idle = false;
    }
    if (sent->out_of_order || (waiting != NULL && waiting->seq < seq)) {
        sent_wait(outbox, lane, sent, 0);
        return;
    }
    sent->state = OUTBOX_TAKEN;
    sent->refused = false;
    sent_confirm(&outbox->lanes[lane]);
}

void outbox_refused(struct outbox *outbox, enum core_lane lane, uint64_t seq) {
    struct outbox_sent *sent = outbox_answered(outbox, lane, seq);
    if (sent == NULL) {
        return;
    }
    outbox->refused = true;
    outbox->careful = true;
    uint32_t round = outbox->lanes[lane].round;
    sent_wait(outbox, lane, sent, round);
    sent_go_back(outbox, lane, sent);
    sent->refused_at = sent->refused ? sent->refused_at : round;
    sent->refused = true;
    sent->passed =
        round - sent->refused_at >= OUTBOX_ROUNDS_MIN && sent_is_passed(outbox, lane, seq);
    sent_relieve(&outbox->lanes[lane]);
}

void outbox_refused_as_large(struct outbox *outbox, enum core_lane lane, uint64_t seq) {
    outbox_refused(outbox, lane, seq);
    struct outbox_sent *sent = sent_find(outbox, lane, seq);
    if (sent != NULL && sent->state == OUTBOX_WAITING) {
        sent->refused_in = 0;
        sent->refused = false;
        outbox->lanes[lane].idle = false;
    }
}

void outbox_resume(struct outbox *outbox) {
    for (int i = 0; i < OUTBOX_LANES; i++) {
        outbox->lanes[i].round++;
        outbox->lanes[i].idle = false;
    }
}

uint32_t outbox_waiting(const struct outbox *outbox) {
    uint32_t count = 0;
    for (int i = 0; i < OUTBOX_LANES; i++) {
        count += outbox->lanes[i].waiting + (outbox->lanes[i].trying != 0);
    }
    return count;
}

uint32_t outbox_unheard(const struct outbox *outbox) {
    uint32_t count = 0;
    for (int lane = 0; lane < OUTBOX_LANES; lane++) {
        for (uint32_t i = 0; i < sent_count(outbox, (enum core_lane)lane); i++) {
            const struct outbox_sent *sent = sent_at(outbox, (enum core_lane)lane, i);
            count += sent->refused && sent->state != OUTBOX_TAKEN;
        }
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
            uint64_t seq = sent_at(outbox, (enum core_lane)i, k)->seq;
            assert(seq > before);
            before = seq;
        }
        assert(before <= lane->examined);
        assert(sent_waiting(outbox, (enum core_lane)i) == lane->waiting);
    }
    for (uint32_t i = 1; i < outbox->ahead_count; i++) {
        assert(outbox->ahead[i - 1].seq < outbox->ahead[i].seq);
    }
}
