/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_PAGES_H
#define GATEWAY_CONSOLE_PAGES_H

/*
 * Open pages: people who look at the console now
 *
 * A line that is open says nothing of a page: the browser's worker holds it while the tab is frozen, and the
 * system while the browser is. So a page counts as a receiver by its own word alone, which it gives every
 * 5 s from the painting of a frame, only while it can be seen and its sound may play. It counts until
 *
 *     it says that it is gone,
 *     PAGES_ALIVE_MS have passed since its last word: it was frozen, or its phone sleeps,
 *     its person has no live stream any more: the browser was killed, or signed out; within a second.
 *
 * A screen on a wall is nobody, and no receiver. Whose pages are open is told to the uplink, by way of the
 * engine, when it changes and each PAGES_TELL_MS; the uplink decides what follows for the steps of chains.
 */

#include "gateway/console/people.h"
#include "gateway/console/stream.h"
#include "gateway/wire.h"

enum {
    PAGES_MAX = 256,
    PAGES_PER_PERSON = 8,
    PAGES_ID_SIZE = 41, /* 16 to 40 of a-z, A-Z, 0-9, '-' and '_', and the NUL */
    /* Real time: three words of a page. */
    PAGES_ALIVE_MS = 15000,
    PAGES_TELL_MS = 5000,
    /* Calls that one word of a page may confirm. */
    PAGES_SHOWN_MAX = 32,
    /* Calls that pages may confirm in a second, all together: the engine passes each on. */
    PAGES_SHOWN_PER_S = 200,
};

struct pages_row {
    char page[PAGES_ID_SIZE]; /* "": free */
    char person[PEOPLE_ID_SIZE];
    uint64_t said_real_ns;
};

struct pages {
    struct pages_row rows[PAGES_MAX];
    struct wire_pages told;
    uint64_t told_real_ns;
    uint64_t shown_real_ns; /* when the present second of confirmed calls began */
    uint32_t shown_count;   /* calls in it */
    uint64_t refused_full;  /* pages that found no place, and calls beyond PAGES_SHOWN_PER_S */
};

/* Can this be the id of a page? */
bool pages_is_id(const char *page);

/* The person's page says that it is there. False: there is no room for it, and it does not count. */
bool pages_say(struct pages *pages, const char *page, const char *person, uint64_t real_ns);

/* The person's page says that it is not seen any more. */
void pages_leave(struct pages *pages, const char *page, const char *person);

/* May `count` more calls be confirmed at `real_ns`? They count. */
bool pages_may_show(struct pages *pages, uint32_t count, uint64_t real_ns);

/* Once a second, and after a word that changes something: look whose pages are open, and tell it. */
void pages_tick(struct pages *pages, const struct people *people, const struct streams *streams,
                struct wire_client *engine, uint64_t real_ns);

#endif
