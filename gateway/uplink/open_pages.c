/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/open_pages.h"

#include <string.h>

#include "gateway/audience.h"

void open_pages_take(struct open_pages *pages, const struct wire_pages *message, uint64_t real_ns) {
    memset(&pages->said, 0, sizeof pages->said);
    memcpy(&pages->said, message, message->header.size);
    for (uint32_t i = 0; i < pages->said.count; i++) {
        char *person = pages->said.people[i].person;
        person[sizeof pages->said.people[i].person - 1] = '\0';
    }
    pages->said_real_ns = real_ns;
}

void open_pages_expire(struct open_pages *pages, uint64_t real_ns) {
    if (real_ns - pages->said_real_ns >= OPEN_PAGES_BELIEVED_MS * NS_PER_MS) {
        pages->said.count = 0;
    }
}

uint32_t open_pages_count(const struct open_pages *pages, const struct site *site,
                          uint32_t webhook) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < pages->said.count; i++) {
        const struct wire_page *row = &pages->said.people[i];
        const struct audience_person person = {row->person, row->name, (enum role)row->role};
        count += audience_has(site, webhook, &person) ? row->pages : 0;
    }
    return count;
}
