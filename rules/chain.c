/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Both questions, whether a step comes now and when one will, are answered from the same instant:
 * chain_next(). So a deadline can neither be missed nor come in vain.
 */
#include "rules/chain.h"

#include <assert.h>

#include "rules/identity.h"

#define ROLE_BIT(role) (1u << (role))

void chain_init(struct chain *chain) {
    *chain = (struct chain){.receipt_due = INSTANT_NEVER};
}

void chain_begin(struct chain *chain, struct instant now) {
    *chain = (struct chain){
        .began = now,
        .receipt_due = INSTANT_NEVER,
        .run = chain->run + 1,
        .state = CHAIN_RUNNING,
    };
}

void chain_stop(struct chain *chain) {
    if (chain->state == CHAIN_RUNNING) {
        chain->state = CHAIN_STOPPED;
        chain->receipt_due = INSTANT_NEVER;
    }
}

void chain_end(struct chain *chain) {
    *chain = (struct chain){.receipt_due = INSTANT_NEVER, .run = chain->run};
}

void chain_gather(struct chain *chain, uint64_t gather_ns) {
    assert(chain->receipt_due.ns != INSTANT_NEVER.ns && gather_ns <= CHAIN_GATHER_NS_MAX);
    chain->receipt_due = instant_after(chain->receipt_due, gather_ns);
}

void chain_receive(struct chain *chain) {
    chain->receipt_due = INSTANT_NEVER;
}

/* When the time of the next step comes by itself. */
static struct instant chain_due(const struct chain *chain, const struct chain_step *step) {
    uint64_t after_ns = step->after_ns;
    return instant_after(chain->began,
                         after_ns > chain->before_ns ? after_ns - chain->before_ns : 0);
}

/* When the next step comes, and why; it may lie in the past. INSTANT_NEVER when there is none. */
static struct instant chain_next(const struct chain *chain, const struct chain_step *steps,
                                 uint32_t step_count, enum chain_hearing hearing,
                                 struct instant now, enum chain_reason *ret_reason) {
    *ret_reason = CHAIN_REASON_DUE;
    if (chain->state != CHAIN_RUNNING || chain->reached >= step_count) {
        return INSTANT_NEVER;
    }
    struct instant due = chain_due(chain, &steps[chain->reached]);
    if (chain->receipt_due.ns == INSTANT_NEVER.ns || hearing == CHAIN_HEARD) {
        return due;
    }
    struct instant in_vain = hearing == CHAIN_HEARD_BY_NOBODY ? now : chain->receipt_due;
    if (due.ns <= in_vain.ns) {
        return due;
    }
    *ret_reason = CHAIN_REASON_NO_RECEIVER;
    return in_vain;
}

bool chain_advance(struct chain *chain, const struct chain_step *steps, uint32_t step_count,
                   enum chain_hearing hearing, uint32_t receipt_s, struct instant now,
                   enum chain_reason *ret_reason) {
    assert(receipt_s <= CHAIN_RECEIPT_S_MAX);
    bool comes =
        instant_reached(now, chain_next(chain, steps, step_count, hearing, now, ret_reason));
    if (comes) {
        chain->reached++;
        chain->receipt_due = instant_after(now, receipt_s * NS_PER_S);
    } else if (hearing == CHAIN_HEARD) {
        chain_receive(chain);
    }
    return comes;
}

struct instant chain_deadline(const struct chain *chain, const struct chain_step *steps,
                              uint32_t step_count, enum chain_hearing hearing, struct instant now) {
    enum chain_reason reason;
    struct instant next = chain_next(chain, steps, step_count, hearing, now, &reason);
    return next.ns > now.ns ? next : instant_after(now, 1);
}

bool chain_accepts(const struct chain *chain, const struct chain_step *steps, enum role role) {
    unsigned named = 0;
    for (uint32_t i = 0; i < chain->reached; i++) {
        if (steps[i].to == CHAIN_TO_ROLE) {
            named |= ROLE_BIT(steps[i].receiver);
        }
    }
    if (named == 0) {
        named = ROLE_BIT(ROLE_CAREGIVER) | ROLE_BIT(ROLE_SECURITY) | ROLE_BIT(ROLE_MANAGER);
    }
    bool accepted = false;
    for (enum role wanted = 0; wanted < ROLE_COUNT; wanted++) {
        accepted = accepted || ((named & ROLE_BIT(wanted)) != 0 && role_covers(role, wanted));
    }
    return accepted;
}

uint64_t chain_age_ns(const struct chain *chain, struct instant now) {
    return chain->before_ns + instant_span_ns(chain->began, now);
}

/* Who is told and what is switched on by the first `count` steps; not when. 0 for none. */
static uint64_t chain_identity(const struct chain_step *steps, uint32_t count) {
    uint64_t digest = 0;
    for (uint32_t i = 0; i < count; i++) {
        digest = identity_mix(digest, steps[i].to);
        digest =
            identity_mix(digest, steps[i].to == CHAIN_TO_ROLE ? steps[i].receiver : steps[i].name);
        digest = identity_mix(digest, steps[i].webhook != CHAIN_NO_WEBHOOK);
        digest = identity_mix(digest, steps[i].outputs);
        digest = identity_mix(digest, steps[i].reach);
    }
    return digest;
}

void chain_write(const struct chain *chain, const struct chain_step *steps, struct instant now,
                 struct chain_record *ret_record) {
    bool runs = chain->state == CHAIN_RUNNING;
    bool awaits = chain->receipt_due.ns != INSTANT_NEVER.ns;
    uint64_t left_ns = instant_span_ns(now, chain->receipt_due);
    *ret_record = (struct chain_record){
        .age_ns = runs ? chain_age_ns(chain, now) : 0,
        .receipt_ns = !awaits       ? 0
                      : left_ns > 0 ? left_ns
                                    : 1,
        .steps = chain_identity(steps, chain->reached),
        .run = chain->run,
        .state = chain->state,
        .reached = chain->reached,
    };
}

/* May the run go on after the steps that it reached? One that has stopped goes nowhere. */
static bool chain_goes_on(const struct chain_record *record, const struct chain_step *steps,
                          uint32_t step_count) {
    return record->state == CHAIN_STOPPED || record->steps == 0 ||
           (record->reached <= step_count &&
            record->steps == chain_identity(steps, record->reached));
}

void chain_restore(struct chain *chain, const struct chain_record *record,
                   const struct chain_step *steps, uint32_t step_count, struct instant now) {
    chain_init(chain);
    chain->run = record->run;
    if (record->state != CHAIN_RUNNING && record->state != CHAIN_STOPPED) {
        return;
    }
    chain->state = record->state;
    if (chain_goes_on(record, steps, step_count)) {
        chain->reached = record->reached < step_count ? record->reached : (uint8_t)step_count;
    }
    if (record->state == CHAIN_RUNNING) {
        chain->began = now;
        chain->before_ns = record->age_ns;
        if (record->receipt_ns > 0 && chain->reached > 0) {
            uint64_t most_ns = CHAIN_RECEIPT_S_MAX * NS_PER_S + CHAIN_GATHER_NS_MAX;
            uint64_t left_ns = record->receipt_ns < most_ns ? record->receipt_ns : most_ns;
            chain->receipt_due = instant_after(now, left_ns);
        }
    }
}

void chain_check(const struct chain *chain, uint32_t step_count) {
    assert(chain->state < CHAIN_STATE_COUNT);
    assert(chain->reached <= step_count);                      /* C1 */
    assert(chain->state != CHAIN_IDLE || chain->reached == 0); /* C1 */
    assert(chain->receipt_due.ns == INSTANT_NEVER.ns ||        /* C2 */
           (chain->state == CHAIN_RUNNING && chain->reached > 0));
}
