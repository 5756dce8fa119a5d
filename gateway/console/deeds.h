/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_DEEDS_H
#define GATEWAY_CONSOLE_DEEDS_H

/*
 * What was done to the list of people, from the console to the journal
 *
 *     people.json ──deeds_flush()──▶ engine ──recorded──▶ people_recorded()
 *
 * Deeds stand in the list's own file until the engine has recorded them (people.h). They are said once on each
 * connection, so that an engine or a console that was killed in between hears or says them again; the engine knows what
 * it has.
 *
 * That somebody guesses at a password is told too: once an hour for each person, once for all ids that nobody has, and
 * at most DEEDS_HELD_UP_MAX times an hour in all. It is not kept when the engine is away; whoever goes on guessing is
 * told of then.
 */

#include "gateway/console/people.h"
#include "gateway/wire.h"

enum { DEEDS_HELD_UP_MAX = 64, DEEDS_HELD_UP_S = 3600 };

struct deeds {
    uint64_t sent; /* the newest that was said on this connection */
    struct deeds_held_up {
        bool used;
        char person[PEOPLE_ID_SIZE]; /* "": of nobody */
        uint64_t real_ns;            /* when it was told */
    } held_up[DEEDS_HELD_UP_MAX];
    uint64_t untold; /* times that it was not told because the table was full */
};

/* The engine is there anew, or gone: all is to be said again. */
void deeds_renew(struct deeds *deeds);

/* Say what has not been said, as far as the socket takes it. */
void deeds_flush(struct deeds *deeds, const struct people *people, struct wire_client *engine);

/* Somebody at `address` ("": this machine) was made to wait before the next password for `id`. */
void deeds_held_up(struct deeds *deeds, const struct people *people, struct wire_client *engine,
                   const char *id, const char *address, struct wall now, uint64_t real_ns);

#endif
