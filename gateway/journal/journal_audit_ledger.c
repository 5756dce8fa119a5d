/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "gateway/journal/journal_audit_parts.h"

#define DAY_NS ((int64_t)86400 * (int64_t)NS_PER_S)

/* Go on to the next seal that has a ledger, each in a short transaction of its own. */
static int ledger_next(struct auditor *auditor, char reason[JOURNAL_REASON_SIZE]) {
    struct audit_ledger *ledger = &auditor->ledger;
    store_bind_int(ledger->seals, 1, ledger->number);
    store_bind_int(ledger->seals, 2, auditor->newest_number);
    int result = sqlite3_step(ledger->seals);
    bool known = false;
    ledger->waits = result == SQLITE_ROW;
    if (ledger->waits) {
        ledger->counts = audit_seals_read(auditor, ledger->seals, &ledger->seal, &known) && known;
        ledger->number = ledger->seal.number;
        ledger->any = true;
        ledger->kept = ledger->unproven = 0;
        auditor->gaps.removed = 0;
        journal_ledger_init(&ledger->head, auditor->hasher);
    }
    int r = audit_result(auditor, result, reason);
    (void)sqlite3_reset(ledger->seals); /* repeats the result of the step */
    return r;
}

int audit_ledger_begin(struct auditor *auditor, char reason[JOURNAL_REASON_SIZE]) {
    static const char sql[] =
        "SELECT number, day, seq, digest, key, signature, after, alarms, ledger FROM seal "
        "WHERE number > ?1 AND number <= ?2 AND ledger NOT NULL ORDER BY number LIMIT 1";
    int r = audit_result(
        auditor, sqlite3_prepare_v2(auditor->db, sql, -1, &auditor->ledger.seals, NULL), reason);
    return r == 0 ? ledger_next(auditor, reason) : r;
}

/* Has all that was here of the stretch gone while it was read? */
static bool ledger_went(const struct auditor *auditor, char reason[JOURNAL_REASON_SIZE]) {
    const struct journal_seal *seal = &auditor->ledger.seal;
    char sql[160];
    uint64_t here = 1;
    (void)snprintf(
        sql, sizeof sql,
        "SELECT count(*) FROM (SELECT 1 FROM event WHERE seq > %lld AND seq <= %lld LIMIT 1)",
        (long long)seal->after, (long long)seal->seq);
    return audit_ask(auditor, sql, &here, reason) == 0 && here == 0;
}

/* The stretch of the seal is over. `at_end`: so is the journal. */
static void ledger_close(struct auditor *auditor, bool at_end, char reason[JOURNAL_REASON_SIZE]) {
    struct audit_ledger *ledger = &auditor->ledger;
    const struct journal_seal *seal = &ledger->seal;
    bool same = ledger->head.alarms == seal->alarms &&
                memcmp(ledger->head.head, seal->ledger, sizeof seal->ledger) == 0;
    if (!ledger->counts || (at_end && seal->seq > auditor->gaps.after)) {
        /* It says nothing, or the journal ends before it, which is told for itself. */
        auditor->found.unproven += ledger->unproven;
        return;
    }
    if (ledger->kept == 0) {
        /* The leaves of such a stretch may be there or not: they are forgotten by and by. */
        auditor->found.gone_alarms -= ledger->head.alarms;
        audit_gaps_stretch(auditor, seal, ledger->newest_wall_ns);
    } else if (same) {
        ledger->covered += ledger->kept;
    } else if (!ledger_went(auditor, reason)) {
        uint64_t seq = auditor->gaps.removed > 0 ? auditor->gaps.removed : seal->after + 1;
        auditor->found.unproven += ledger->unproven;
        audit_blame(auditor, AUDIT_OTHER, seq, seal->seq);
    }
    ledger->newest_wall_ns = seal->day * DAY_NS;
}

int audit_ledger_reach(struct auditor *auditor, uint64_t seq, char reason[JOURNAL_REASON_SIZE]) {
    struct audit_ledger *ledger = &auditor->ledger;
    int r = 0;
    while (r == 0 && ledger->waits && ledger->seal.seq < seq) {
        ledger_close(auditor, seq == UINT64_MAX, reason);
        r = ledger_next(auditor, reason);
    }
    return r;
}

bool audit_ledger_has(const struct auditor *auditor, uint64_t seq) {
    const struct audit_ledger *ledger = &auditor->ledger;
    return ledger->waits && ledger->counts && seq > ledger->seal.after && seq <= ledger->seal.seq;
}

void audit_ledger_take(struct auditor *auditor, uint64_t seq, int64_t lane,
                       const unsigned char leaf[JOURNAL_DIGEST_SIZE], bool kept, bool unproven) {
    struct audit_ledger *ledger = &auditor->ledger;
    if (!ledger->waits || seq <= ledger->seal.after) {
        auditor->found.unproven += unproven;
        return;
    }
    journal_ledger_add(&ledger->head, seq, lane, leaf);
    ledger->kept += kept;
    ledger->unproven += unproven;
}

int audit_ledger_end(struct auditor *auditor, char reason[JOURNAL_REASON_SIZE]) {
    return auditor->ledger.seals != NULL ? audit_ledger_reach(auditor, UINT64_MAX, reason) : 0;
}
