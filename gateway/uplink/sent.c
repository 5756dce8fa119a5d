/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/sent.h"

#include <assert.h>
#include <string.h>

/* ---- the ring of one lane ---- */

struct outbox_sent *sent_in_ring(struct outbox_lane *lane, uint32_t index) {
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

static void ring_drop_first(struct outbox_lane *lane) {
    lane->first = (lane->first + 1) % OUTBOX_SENT_MAX;
    lane->count--;
}

void sent_confirm(struct outbox_lane *lane) {
    while (lane->count > 0 && sent_in_ring(lane, 0)->state == OUTBOX_TAKEN) {
        lane->confirmed = ring_seq(lane, 0);
        ring_drop_first(lane);
    }
}

void sent_relieve(struct outbox_lane *lane) {
    struct outbox_sent *oldest = lane->count == OUTBOX_SENT_MAX ? sent_in_ring(lane, 0) : NULL;
    if (oldest != NULL && oldest->state == OUTBOX_WAITING && oldest->passed) {
        oldest->state = OUTBOX_TAKEN;
        lane->waiting--;
        lane->passed_over++;
        lane->passed_over_seq = oldest->seq;
        lane->idle = false;
        sent_confirm(lane);
    }
}

void sent_push(struct outbox_lane *lane, const struct outbox_sent *sent) {
    assert(lane->count < OUTBOX_SENT_MAX);
    assert(sent->seq > lane->examined);
    lane->count++;
    *sent_in_ring(lane, lane->count - 1) = *sent;
    lane->examined = sent->seq;
    sent_confirm(lane);
    sent_relieve(lane);
}

void sent_restart(struct outbox_lane *lane, uint64_t confirmed) {
    lane->confirmed = confirmed;
    lane->examined = confirmed;
    lane->waiting = 0;
    lane->round = 1;
    lane->trying = 0;
    lane->tried = 0;
    lane->idle = false;
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

struct outbox_sent *sent_find_ahead(struct outbox *outbox, uint64_t seq) {
    uint32_t at = ahead_search(outbox, seq);
    bool found = at < outbox->ahead_count && outbox->ahead[at].seq == seq;
    return found ? &outbox->ahead[at] : NULL;
}

void sent_insert_ahead(struct outbox *outbox, const struct outbox_sent *sent) {
    assert(outbox->ahead_count < OUTBOX_AHEAD_MAX);
    uint32_t at = ahead_search(outbox, sent->seq);
    memmove(&outbox->ahead[at + 1], &outbox->ahead[at],
            (outbox->ahead_count - at) * sizeof outbox->ahead[0]);
    outbox->ahead[at] = *sent;
    outbox->ahead_count++;
}

void sent_remove_ahead(struct outbox *outbox, struct outbox_sent *entry) {
    uint32_t at = (uint32_t)(entry - outbox->ahead);
    assert(at < outbox->ahead_count);
    outbox->ahead_count--;
    memmove(entry, entry + 1, (outbox->ahead_count - at) * sizeof *entry);
}

void sent_keep_taken(struct outbox *outbox) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < outbox->ahead_count; i++) {
        if (outbox->ahead[i].state == OUTBOX_TAKEN) {
            outbox->ahead[kept++] = outbox->ahead[i];
        }
    }
    outbox->ahead_count = kept;
}

/* ---- all entries of a lane ---- */

uint32_t sent_count(const struct outbox *outbox, enum core_lane lane) {
    return outbox->lanes[lane].count + (lane == LANE_ALARM ? outbox->ahead_count : 0);
}

const struct outbox_sent *sent_at(const struct outbox *outbox, enum core_lane lane,
                                  uint32_t index) {
    const struct outbox_lane *own = &outbox->lanes[lane];
    return index < own->count ? &own->sent[(own->first + index) % OUTBOX_SENT_MAX]
                              : &outbox->ahead[index - own->count];
}

struct outbox_sent *sent_find(struct outbox *outbox, enum core_lane lane, uint64_t seq) {
    struct outbox_lane *own = &outbox->lanes[lane];
    uint32_t at = ring_search(own, seq);
    if (at < own->count && ring_seq(own, at) == seq) {
        return sent_in_ring(own, at);
    }
    return lane == LANE_ALARM ? sent_find_ahead(outbox, seq) : NULL;
}

uint32_t sent_waiting(const struct outbox *outbox, enum core_lane lane) {
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < sent_count(outbox, lane); i++) {
        waiting += sent_at(outbox, lane, i)->state == OUTBOX_WAITING;
    }
    return waiting;
}

void sent_settle(struct outbox *outbox, enum core_lane lane, uint64_t confirmed) {
    struct outbox_lane *own = &outbox->lanes[lane];
    if (confirmed <= own->confirmed) {
        return;
    }
    own->confirmed = confirmed;
    own->examined = own->examined < confirmed ? confirmed : own->examined;
    while (own->count > 0 && ring_seq(own, 0) <= confirmed) {
        ring_drop_first(own);
    }
    while (lane == LANE_ALARM && outbox->ahead_count > 0 && outbox->ahead[0].seq <= confirmed) {
        sent_remove_ahead(outbox, &outbox->ahead[0]);
    }
    own->trying = own->trying <= confirmed ? 0 : own->trying;
    own->idle = false;
    own->waiting = sent_waiting(outbox, lane);
    sent_confirm(own);
}

/* ---- the order of one alarm ---- */

const struct outbox_sent *sent_oldest_open(const struct outbox *outbox, enum core_lane lane,
                                           uint32_t order, bool flying) {
    const struct outbox_sent *oldest = NULL;
    if (order == OUTBOX_NO_ORDER || (!flying && outbox->lanes[lane].waiting == 0)) {
        return NULL;
    }
    for (uint32_t i = 0; i < sent_count(outbox, lane); i++) {
        const struct outbox_sent *sent = sent_at(outbox, lane, i);
        bool open = sent->state == OUTBOX_WAITING || (flying && sent->state == OUTBOX_FLYING);
        if (sent->order == order && open && (oldest == NULL || sent->seq < oldest->seq)) {
            oldest = sent;
        }
    }
    return oldest;
}

/* Has an older event of its alarm to be taken before one of `seq` is sent? */
static bool sent_is_held(const struct outbox *outbox, enum core_lane lane, uint32_t order,
                         uint64_t seq, bool flying) {
    const struct outbox_sent *oldest = sent_oldest_open(outbox, lane, order, flying);
    return oldest != NULL && oldest->seq < seq;
}

void sent_count_ahead(struct outbox *outbox, uint64_t seq) {
    outbox->ahead_of_journal++;
    outbox->ahead_first_seq = outbox->ahead_first_seq == 0 ? seq : outbox->ahead_first_seq;
    outbox->ahead_last_seq = seq;
}

struct outbox_sent sent_entry(struct outbox *outbox, enum core_lane lane, uint64_t seq,
                              uint32_t order) {
    bool held = sent_is_held(outbox, lane, order, seq, outbox->careful);
    if (held && outbox->journal_absent) {
        held = false; /* it could not be read again: it must not wait (O8) */
        sent_count_ahead(outbox, seq);
    }
    return (struct outbox_sent){
        .seq = seq, .order = order, .state = held ? OUTBOX_WAITING : OUTBOX_FLYING};
}

void sent_hasten(struct outbox *outbox, enum core_lane lane, uint32_t order) {
    const struct outbox_sent *oldest = sent_oldest_open(outbox, lane, order, false);
    if (oldest != NULL) {
        sent_find(outbox, lane, oldest->seq)->refused_in = 0;
        outbox->lanes[lane].idle = false;
    }
}

void sent_wait(struct outbox *outbox, enum core_lane lane, struct outbox_sent *sent,
               uint32_t refused_in) {
    sent->state = OUTBOX_WAITING;
    sent->refused_in = refused_in;
    sent->out_of_order = false;
    outbox->lanes[lane].waiting++;
}

void sent_go_back(struct outbox *outbox, enum core_lane lane, const struct outbox_sent *refused) {
    for (uint32_t i = 0; refused->order != OUTBOX_NO_ORDER && i < sent_count(outbox, lane); i++) {
        const struct outbox_sent *sent = sent_at(outbox, lane, i);
        if (sent->order != refused->order || sent->seq <= refused->seq) {
            continue;
        }
        if (sent->state == OUTBOX_TAKEN) {
            sent_wait(outbox, lane, sent_find(outbox, lane, sent->seq), 0);
        } else if (sent->state == OUTBOX_FLYING) {
            sent_find(outbox, lane, sent->seq)->out_of_order = true;
        }
    }
}

void sent_forget_behind(struct outbox *outbox, enum core_lane lane) {
    for (uint32_t i = 0; i < sent_count(outbox, lane); i++) {
        const struct outbox_sent *sent = sent_at(outbox, lane, i);
        if (sent->state == OUTBOX_TAKEN &&
            sent_is_held(outbox, lane, sent->order, sent->seq, true)) {
            sent_find(outbox, lane, sent->seq)->state = OUTBOX_FLYING;
        }
    }
}

bool sent_is_passed(const struct outbox *outbox, enum core_lane lane, uint64_t seq) {
    for (uint32_t i = 0; i < sent_count(outbox, lane); i++) {
        const struct outbox_sent *sent = sent_at(outbox, lane, i);
        if (sent->seq > seq && sent->state == OUTBOX_TAKEN) {
            return true;
        }
    }
    return false;
}

/* May an entry be sent (again) now? */
static bool sent_is_due(const struct outbox *outbox, enum core_lane lane,
                        const struct outbox_sent *sent) {
    const struct outbox_lane *own = &outbox->lanes[lane];
    bool tried = sent->refused_in == own->round;
    bool in_turn = sent->refused_in == 0 || own->trying == 0;
    return sent->state == OUTBOX_WAITING && !tried && in_turn &&
           !sent_is_held(outbox, lane, sent->order, sent->seq, true);
}

uint64_t sent_due(const struct outbox *outbox, enum core_lane lane) {
    uint64_t first = 0;
    for (uint32_t i = 0; i < sent_count(outbox, lane); i++) {
        const struct outbox_sent *sent = sent_at(outbox, lane, i);
        bool later = sent->seq > outbox->lanes[lane].tried;
        if ((first == 0 || later) && sent_is_due(outbox, lane, sent)) {
            if (later) {
                return sent->seq;
            }
            first = sent->seq;
        }
    }
    return first;
}
