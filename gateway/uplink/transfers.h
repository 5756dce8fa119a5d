/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_TRANSFERS_H
#define GATEWAY_UPLINK_TRANSFERS_H

/*
 * Transfers: libcurl's multi interface inside libevent's loop
 *
 * The library says which sockets it waits for and when it wants to be called, the loop tells it. A
 * transfer that ends is told once the library has returned, never from inside its callbacks.
 */

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "gateway/err.h"

enum {
    TRANSFERS_CONNECTIONS_MAX = 32,
    /* Some networks swallow whatever goes to one host: those of the others must not wait for that. */
    TRANSFERS_CONNECTIONS_PER_HOST = 8,
};

struct event_base;
struct transfers;

/*
 * The program has called curl_global_init(). `ended` is called for each transfer that ends by itself;
 * it is still to be given to transfers_end(). Returns 0 or <0.
 */
NODISCARD int transfers_new(struct event_base *base,
                            void (*ended)(void *context, CURL *transfer, CURLcode result),
                            void *context, struct transfers **ret_transfers);

/* All transfers have been ended. */
struct transfers *transfers_free(struct transfers *transfers);

/* Begin one, which stays its maker's. Returns false if it cannot be. */
bool transfers_begin(struct transfers *transfers, CURL *transfer);

/*
 * Set what holds for every transfer: its address, http and https alone, no proxy, TLS 1.2 and later
 * with a certificate that `ca` has signed (nobody else then; "": the system's own list), a limit for
 * all of it.
 */
void transfers_options(CURL *transfer, const char *url, const char *ca, uint32_t limit_ms);

/* Stop it if it goes on, and clean it up; allowed from `ended`. */
void transfers_end(struct transfers *transfers, CURL *transfer);

#endif
