/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_PHONES_H
#define GATEWAY_CONSOLE_PHONES_H

/*
 * Questions about phones on their way
 *
 * The uplink keeps the phones that people are called on (gateway/uplink/push); who these people are is known
 * here. A question goes there by way of the engine, and its HTTP request waits in a row until it is
 * answered, or PHONES_WAIT_MS are over.
 *
 * Once a minute, and when a person has been changed, the list of phones is held against that of people: the
 * phone of somebody who may not sign in any more goes, and one whose owner has another role or name is called by that.
 * So a word that was lost while the uplink was away is said again. While there are no people at all, as
 * with a list that was damaged, nothing is taken away.
 */

#include "gateway/console/people.h"
#include "gateway/site.h"
#include "gateway/wire.h"

struct evhttp_request;

enum {
    PHONES_WAITS_MAX = 32,
    /* Real time. */
    PHONES_WAIT_MS = 5000,
    PHONES_LOOK_S = 60,
    /* Whoever is at the door may confirm, and the engine passes it on: all phones at once, and no flood. */
    PHONES_CONFIRM_PER_S = 100,
};

struct phones_wait {
    struct evhttp_request *request; /* NULL: free */
    uint64_t number;                /* comes back in the result */
    uint64_t deadline_real_ns;
    enum wire_push_act act;
    enum site_language language;
};

struct phones {
    struct phones_wait rows[PHONES_WAITS_MAX];
    uint64_t next_number;
    uint64_t look_number;  /* of the question that holds the lists together; 0: none was asked */
    uint64_t look_real_ns; /* the next one */
    /* Because the table or the socket was full, or too many confirmed at once. */
    uint64_t refused_full;
    uint64_t confirm_real_ns; /* when the present second of receipts began */
    uint32_t confirm_count;   /* receipts in it */
};

/* May one more receipt be passed on at `real_ns`? It counts. */
bool phones_may_confirm(struct phones *phones, uint64_t real_ns);

/*
 * Ask; `message` gets its header and number. Takes the request in every case, and answers it at once when
 * nobody can be asked.
 */
void phones_ask(struct phones *phones, struct wire_client *engine, struct wire_push *message,
                struct evhttp_request *request, enum site_language language, uint64_t real_ns);

/* The answer came. One that nobody waits for any more is ignored. */
void phones_result(struct phones *phones, const struct people *people, struct wire_client *engine,
                   const struct wire_push_result *result);

/* Once a second: look whether the lists agree, and answer those whose time is over. */
void phones_tick(struct phones *phones, struct wire_client *engine, uint64_t real_ns);

/* Somebody has come, gone or changed: look in the next second. */
void phones_people_changed(struct phones *phones);

/* The engine is gone, or this process ends: answer all of them. */
void phones_fail(struct phones *phones);

#endif
