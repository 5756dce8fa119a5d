/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/resend.h"

#include <assert.h>
#include <string.h>

int resend_init(struct resend *resend) {
    memset(resend, 0, sizeof *resend);
    return err_trace(read_ahead_init(&resend->ahead));
}

void resend_deinit(struct resend *resend) {
    read_ahead_deinit(&resend->ahead);
}

static struct resend_sent *resend_at(struct resend *resend, uint32_t index) {
    return &resend->sent[(resend->first + index) % RESEND_SENT_MAX];
}

/* Everything up to here has been answered, or is none of it. */
static uint64_t resend_settled(const struct resend *resend) {
    const struct journal_row *row = read_ahead_oldest(&resend->ahead);
    if (resend->count > 0) {
        return resend->sent[resend->first].seq - 1;
    }
    return row != NULL ? row->seq - 1 : resend->read;
}

void resend_ask(struct resend *resend, uint64_t number, const struct resend_range *range) {
    assert(number != 0 && range->first_seq > 0);
    if (number == resend->number) {
        return;
    }
    resend->number = number;
    resend->range = *range;
    resend->begun = false;
    resend->read = range->first_seq - 1;
    resend->count = 0;
    read_ahead_clear(&resend->ahead);
}

bool resend_wants(const struct resend *resend, struct journal_query *ret_query) {
    if (resend->number == 0 || read_ahead_count(&resend->ahead) > 0 ||
        resend->read >= resend->range.last_seq) {
        return false;
    }
    *ret_query = (struct journal_query){
        .after_seq = resend->read,
        .until_seq = resend->range.last_seq,
        .lane = -1,
        .limit = READ_AHEAD_ROWS_MAX,
    };
    return true;
}

bool resend_row(void *context, const struct journal_row *row) {
    struct resend *resend = context;
    resend->begun = resend->begun || row->wall.ns >= resend->range.since.ns;
    bool asked = resend->begun && row->wall.ns <= resend->range.until.ns;
    if (asked && !read_ahead_add(&resend->ahead, row)) {
        return false;
    }
    resend->read = row->seq;
    return true;
}

void resend_read_done(struct resend *resend, bool any) {
    if (!any) {
        resend->read = resend->range.last_seq;
    }
}

const struct journal_row *resend_next(const struct resend *resend) {
    return resend->count < RESEND_SENT_MAX ? read_ahead_oldest(&resend->ahead) : NULL;
}

void resend_sent(struct resend *resend) {
    const struct journal_row *row = resend_next(resend);
    assert(row != NULL);
    *resend_at(resend, resend->count++) = (struct resend_sent){.seq = row->seq};
}

void resend_drop(struct resend *resend) {
    read_ahead_drop_oldest(&resend->ahead);
}

void resend_answered(struct resend *resend, uint64_t seq) {
    for (uint32_t i = 0; i < resend->count; i++) {
        struct resend_sent *sent = resend_at(resend, i);
        sent->taken = sent->taken || sent->seq == seq;
    }
    while (resend->count > 0 && resend_at(resend, 0)->taken) {
        resend->first = (resend->first + 1) % RESEND_SENT_MAX;
        resend->count--;
    }
}

void resend_session_end(struct resend *resend) {
    resend->read = resend_settled(resend);
    resend->count = 0;
    read_ahead_clear(&resend->ahead);
}

uint64_t resend_left(const struct resend *resend) {
    uint64_t settled = resend_settled(resend);
    return resend->number == 0 || settled >= resend->range.last_seq
               ? 0
               : resend->range.last_seq - settled;
}

bool resend_is_over(struct resend *resend, uint64_t *ret_number) {
    bool over = resend->number != 0 && resend_left(resend) == 0;
    if (over) {
        *ret_number = resend->number;
        resend->number = 0;
    }
    return over;
}
