/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_AUDIENCE_H
#define GATEWAY_AUDIENCE_H

/*
 * Audiences: whom a step of a chain means
 *
 *     role ROLE     everybody who acts in it
 *     shift ID      the people of its list; without one everybody of the role whose shift it is; with neither,
 *                   everybody: told in vain is better than not told
 *     person NAME   who has this name, or this id
 *     everyone      everybody
 *
 * Whether a shift is on duty is not asked here. A name is known by its digest, so that it need not be kept
 * where phones are.
 *
 * People are told of an audience in words: 护理员 or caregivers, a shift by the name that the site gives it. Who a
 * person is is not said: it does not leave the gateway.
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/site.h"
#include "rules/role.h"

struct audience_person {
    const char *id;
    uint64_t name; /* audience_name(); 0: not known */
    enum role role;
};

/* The digest of a name; 0 of "" alone. */
uint64_t audience_name(const char *name);

enum { AUDIENCE_WORDS_SIZE = 128 };

/*
 * What people call those whom `to` and `receiver` mean, as in struct chain_step: cut at a character if it is long,
 * "" of nobody. Also for site_webhook's, which are the same two.
 */
void audience_words(const struct site *site, enum chain_to to, uint32_t receiver,
                    enum site_language language, char ret[AUDIENCE_WORDS_SIZE]);

/* Is the person one of those whom the audience `webhook` of the site means? */
bool audience_has(const struct site *site, uint32_t webhook, const struct audience_person *person);

#endif
