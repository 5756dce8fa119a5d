/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_RECEIPTS_H
#define GATEWAY_ENGINE_RECEIPTS_H

/*
 * Receipts: what is owed once something has been recorded
 *
 * A driver that confirms to its device waits for the token of its reading; a person who
 * acknowledged an alarm waits for the answer. Both become due with a ticket of the journal.
 *
 * Tokens count up and each answer covers all before it, so that when too many wait the newest two
 * simply become one: later, never too early. Answers to commands are bounded as well; a command
 * beyond the bound is carried out and answered at once as not recorded.
 */

#include "gateway/journal/journal_event.h"

enum { RECEIPTS_TOKENS_MAX = 256, RECEIPTS_RESULTS_MAX = 256 };

/* The tokens of one field process. All zero is empty. */
struct receipts_tokens {
    struct receipts_token {
        uint64_t ticket;
        uint64_t token;
    } list[RECEIPTS_TOKENS_MAX];
    uint32_t first, count;
    uint64_t due; /* the newest token whose ticket has come; 0: none that was not sent */
};

/* `token` is recorded when `ticket` is. */
void receipts_expect(struct receipts_tokens *tokens, uint64_t ticket, uint64_t token);

/* Everything up to `ticket` is recorded: moves `due`. */
void receipts_settle(struct receipts_tokens *tokens, uint64_t ticket);

/* Answers to commands. All zero is empty. */
struct receipts_results {
    struct receipts_result {
        uint64_t request;
        uint64_t ticket;
        const struct journal_event *event; /* its first one; NULL once that was told, or if none */
        uint64_t seq;
        uint32_t refusal; /* enum command_refusal */
        uint32_t calling; /* as in struct wire_command_result */
        bool due;
        bool recorded;
    } list[RECEIPTS_RESULTS_MAX];
    uint32_t first, count;
};

/* Add one; false when there is no room. */
bool receipts_add(struct receipts_results *results, const struct receipts_result *result);

/* An event was told with `seq`, or early with 0. */
void receipts_told(struct receipts_results *results, const struct journal_event *event,
                   uint64_t seq);

/* Everything up to `ticket` is recorded. */
void receipts_settle_results(struct receipts_results *results, uint64_t ticket);

/* The oldest answer if it is due, else NULL; taken by receipts_pop(). */
const struct receipts_result *receipts_next(const struct receipts_results *results);
void receipts_pop(struct receipts_results *results);

#endif
