/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_OPEN_PAGES_H
#define GATEWAY_UPLINK_OPEN_PAGES_H

/*
 * Whose pages of the console are open, as it has said
 *
 * The console says it when it changes and each 5 s. What it said is believed for OPEN_PAGES_BELIEVED_MS: a
 * console that has died shows nothing to anybody.
 */

#include "gateway/site.h"
#include "gateway/wire.h"

enum { OPEN_PAGES_BELIEVED_MS = 12000 };

/* All zero: nobody's. */
struct open_pages {
    struct wire_pages said;
    uint64_t said_real_ns;
};

/* The console has said it. */
void open_pages_take(struct open_pages *pages, const struct wire_pages *message, uint64_t real_ns);

/* Forget what is too old. */
void open_pages_expire(struct open_pages *pages, uint64_t real_ns);

/* How many pages are open of those whom the audience `webhook` means? */
uint32_t open_pages_count(const struct open_pages *pages, const struct site *site,
                          uint32_t webhook);

#endif
