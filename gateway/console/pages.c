/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/pages.h"

#include <stdio.h>
#include <string.h>

#include "gateway/audience.h"

bool pages_is_id(const char *page) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strlen(page);
    return len >= 16 && len < PAGES_ID_SIZE && strspn(page, letters) == len;
}

static bool pages_row_is(const struct pages_row *row, const char *page, const char *person) {
    return strcmp(row->page, page) == 0 && strcmp(row->person, person) == 0;
}

bool pages_say(struct pages *pages, const char *page, const char *person, uint64_t real_ns) {
    struct pages_row *found = NULL, *unused = NULL;
    uint32_t own = 0;
    for (uint32_t i = 0; i < PAGES_MAX && found == NULL; i++) {
        struct pages_row *row = &pages->rows[i];
        if (pages_row_is(row, page, person)) {
            found = row;
        } else if (row->page[0] == '\0') {
            unused = row;
        } else {
            own += strcmp(row->person, person) == 0;
        }
    }
    if (found == NULL && own < PAGES_PER_PERSON && unused != NULL) {
        found = unused;
        (void)snprintf(found->page, sizeof found->page, "%s", page);
        (void)snprintf(found->person, sizeof found->person, "%s", person);
    }
    if (found == NULL) {
        pages->refused_full++;
        return false;
    }
    found->said_real_ns = real_ns;
    return true;
}

void pages_leave(struct pages *pages, const char *page, const char *person) {
    for (uint32_t i = 0; i < PAGES_MAX; i++) {
        if (pages_row_is(&pages->rows[i], page, person)) {
            pages->rows[i] = (struct pages_row){.page = ""};
        }
    }
}

bool pages_may_show(struct pages *pages, uint32_t count, uint64_t real_ns) {
    if (real_ns - pages->shown_real_ns >= NS_PER_S) {
        pages->shown_real_ns = real_ns;
        pages->shown_count = 0;
    }
    if (pages->shown_count + count > PAGES_SHOWN_PER_S) {
        pages->refused_full++;
        return false;
    }
    pages->shown_count += count;
    return true;
}

/* One more page of the person. Those for whom there is no room are not told of: nobody waits for them. */
static void pages_list(struct wire_pages *list, const struct person *person) {
    for (uint32_t i = 0; i < list->count; i++) {
        if (strcmp(list->people[i].person, person->id) == 0) {
            list->people[i].pages++;
            return;
        }
    }
    if (list->count < WIRE_PAGES_MAX) {
        struct wire_page *row = &list->people[list->count++];
        row->name = audience_name(person->name);
        row->role = (uint32_t)person->role;
        row->pages = 1;
        (void)snprintf(row->person, sizeof row->person, "%s", person->id);
    }
}

void pages_tick(struct pages *pages, const struct people *people, const struct streams *streams,
                struct wire_client *engine, uint64_t real_ns) {
    struct wire_pages list;
    memset(&list, 0, sizeof list);
    for (uint32_t i = 0; i < PAGES_MAX; i++) {
        struct pages_row *row = &pages->rows[i];
        const struct person *person =
            row->page[0] != '\0' ? people_find(people, row->person) : NULL;
        bool alive = real_ns - row->said_real_ns < PAGES_ALIVE_MS * NS_PER_MS;
        if (person == NULL || person->screen || !alive || !streams_has(streams, row->person)) {
            *row = (struct pages_row){.page = ""};
        } else {
            pages_list(&list, person);
        }
    }
    list.header = wire_header_of(WIRE_PAGES, wire_size(WIRE_PAGES, list.count));
    bool due = real_ns - pages->told_real_ns >= PAGES_TELL_MS * NS_PER_MS;
    if ((due || memcmp(&list, &pages->told, sizeof list) != 0) &&
        wire_client_send(engine, &list) == 0) {
        pages->told = list;
        pages->told_real_ns = real_ns;
    }
}
