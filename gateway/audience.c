/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/audience.h"

#include <assert.h>
#include <string.h>

#include "rules/identity.h"
#include "rules/text.h"

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

/* ---- words ---- */

static const char *audience_role_words(enum role role, enum site_language language) {
    static const char *const words[ROLE_COUNT][LANGUAGE_EN + 1] = {
        [ROLE_CAREGIVER] = {"护理员", "caregivers"}, [ROLE_SECURITY] = {"安保", "security"},
        [ROLE_MANAGER] = {"经理", "managers"},       [ROLE_ENGINEER] = {"工程师", "engineers"},
        [ROLE_AUDITOR] = {"审计员", "auditors"},
    };
    assert(role < ROLE_COUNT);
    return words[role][language];
}

static void audience_shift_words(const struct site *site, const struct site_shift *shift,
                                 enum site_language language, struct text *text) {
    const char *name = site_name_text(site, shift->name, language);
    bool named = *name != '\0';
    if (!named) {
        text_add(text, language == LANGUAGE_ZH ? "班次“" : "shift ");
    }
    text_add(text, named ? name : site_text(site, shift->id));
    text_add(text, !named && language == LANGUAGE_ZH ? "”" : "");
}

void audience_words(const struct site *site, enum chain_to to, uint32_t receiver,
                    enum site_language language, char ret[AUDIENCE_WORDS_SIZE]) {
    bool chinese = language == LANGUAGE_ZH;
    struct text text;
    text_init(&text, ret, AUDIENCE_WORDS_SIZE);
    switch (to) {
    case CHAIN_TO_ROLE:
        text_add(&text, audience_role_words((enum role)receiver, language));
        break;
    case CHAIN_TO_SHIFT:
        audience_shift_words(site, &site->shifts[receiver], language, &text);
        break;
    case CHAIN_TO_PERSON:
        text_add(&text, chinese ? "指定的一人" : "one named person");
        break;
    case CHAIN_TO_EVERYONE:
        text_add(&text, chinese ? "所有人" : "everyone");
        break;
    case CHAIN_TO_NOBODY:
        break;
    }
}
