/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/receipts.h"

#include <assert.h>

void receipts_expect(struct receipts_tokens *tokens, uint64_t ticket, uint64_t token) {
    if (tokens->count > 0) {
        uint32_t last = (tokens->first + tokens->count - 1) % RECEIPTS_TOKENS_MAX;
        struct receipts_token *newest = &tokens->list[last];
        if (newest->ticket == ticket || tokens->count == RECEIPTS_TOKENS_MAX) {
            *newest = (struct receipts_token){ticket, token};
            return;
        }
    }
    uint32_t at = (tokens->first + tokens->count) % RECEIPTS_TOKENS_MAX;
    tokens->list[at] = (struct receipts_token){ticket, token};
    tokens->count++;
}

void receipts_settle(struct receipts_tokens *tokens, uint64_t ticket) {
    while (tokens->count > 0 && tokens->list[tokens->first].ticket <= ticket) {
        tokens->due = tokens->list[tokens->first].token;
        tokens->first = (tokens->first + 1) % RECEIPTS_TOKENS_MAX;
        tokens->count--;
    }
}

static struct receipts_result *receipts_at(struct receipts_results *results, uint32_t i) {
    return &results->list[(results->first + i) % RECEIPTS_RESULTS_MAX];
}

bool receipts_add(struct receipts_results *results, const struct receipts_result *result) {
    if (results->count == RECEIPTS_RESULTS_MAX) {
        return false;
    }
    *receipts_at(results, results->count++) = *result;
    return true;
}

void receipts_told(struct receipts_results *results, const struct journal_event *event,
                   uint64_t seq) {
    for (uint32_t i = 0; i < results->count; i++) {
        struct receipts_result *result = receipts_at(results, i);
        if (result->event == event && !result->due) {
            result->event = NULL;
            result->seq = seq;
            /* An early event is an answer of its own: done, but not recorded in time. */
            result->due = seq == 0;
        }
    }
}

void receipts_settle_results(struct receipts_results *results, uint64_t ticket) {
    for (uint32_t i = 0; i < results->count; i++) {
        struct receipts_result *result = receipts_at(results, i);
        if (!result->due && result->ticket <= ticket) {
            result->due = true;
            result->recorded = true;
        }
    }
}

const struct receipts_result *receipts_next(const struct receipts_results *results) {
    const struct receipts_result *oldest = &results->list[results->first];
    return results->count > 0 && oldest->due ? oldest : NULL;
}

void receipts_pop(struct receipts_results *results) {
    assert(results->count > 0);
    results->first = (results->first + 1) % RECEIPTS_RESULTS_MAX;
    results->count--;
}
