/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/audience.h"

#include <assert.h>
#include <string.h>

#include "rules/identity.h"

uint64_t audience_name(const char *name) {
    uint64_t digest = 0;
    for (const char *at = name; *at != '\0'; at++) {
        digest = identity_mix(digest, (unsigned char)*at);
    }
    return digest != 0 || name[0] == '\0' ? digest : 1;
}

/* Does the site mean this person by `text`? */
static bool audience_is(const struct audience_person *person, const char *text) {
    return strcmp(person->id, text) == 0 ||
           (person->name != 0 && person->name == audience_name(text));
}

static bool audience_has_shift(const struct site *site, const struct site_shift *shift,
                               const struct audience_person *person) {
    for (uint32_t i = 0; i < shift->people_count; i++) {
        if (audience_is(person, site_text(site, site->shift_people[shift->people_first + i]))) {
            return true;
        }
    }
    return shift->people_count == 0 &&
           (shift->role >= ROLE_COUNT || shift->role == (uint32_t)person->role);
}

bool audience_has(const struct site *site, uint32_t webhook, const struct audience_person *person) {
    assert(webhook < site->webhook_count);
    const struct site_webhook *row = &site->webhooks[webhook];
    switch ((enum chain_to)row->to) {
    case CHAIN_TO_ROLE:
        return row->receiver == (uint32_t)person->role;
    case CHAIN_TO_SHIFT:
        return audience_has_shift(site, &site->shifts[row->receiver], person);
    case CHAIN_TO_PERSON:
        return audience_is(person, site_text(site, row->id));
    case CHAIN_TO_EVERYONE:
        return true;
    case CHAIN_TO_NOBODY:
        break;
    }
    return false;
}
