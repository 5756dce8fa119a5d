/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_REMOTE_H
#define GATEWAY_CONSOLE_REMOTE_H

/*
 * Commands by the broker, where the site lets people give them (`mqtt: commands:`)
 *
 *     uplink ──WIRE_REMOTE──▶ whose key is it? ──▶ is it of now, and new? ──▶ may the role? ──▶ orders ──▶ engine
 *        ◀──WIRE_REMOTE_ANSWER── each of them may refuse, and each command gets one answer
 *
 * Whoever signs with the key of a person acts as that person would over HTTPS: the same table says what the role may
 * (routes.h), the same reader reads the rest (order_body.h), and the journal names the person, "(caregiver, mqtt)". Nobody can be
 * the second of two people here, for that one signs with a password. Who is not known, has no key or signed with
 * another one is told the same.
 *
 *     {"id": ID, "user": ID, "ok": true, "time": NOW, "clock": "good", "alarm": …, "seq": …, "recorded": …, "calling": […]}
 *     {"id": ID, "user": ID, "ok": false, "time": NOW, "clock": "behind", "type": "tocsin:problem/…", "title": …, "status": …, "detail": …}
 *
 * `clock` is "behind" while the gateway's clock shows less than it had shown before (event_json.h).
 */

#include "gateway/console/remote_ids.h"
#include "gateway/log.h"
#include "gateway/wire.h"

struct console;
struct json_t;

/* Whom an answer goes to. */
struct remote_sender {
    uint64_t number; /* the uplink's; 0: it was no command by the broker */
    bool verified;
    enum site_language language;
    char user[PEOPLE_ID_SIZE];
    char id[REMOTE_ID_SIZE];
};

struct remote {
    struct remote_ids ids;
    char home[256]; /* "<site>/<gateway>", which each signature covers */
    bool clock_behind;
    uint64_t passed_on, refused, unsigned_count;
    struct log_limiter limiter;
};

/* At the start of the console, whose directory is known. */
void remote_open(struct remote *remote, struct console *console);

/* One has come. */
void remote_receive(struct console *console, const struct wire_remote *message);

/* What has become of it: takes `body`. */
void remote_answer(struct console *console, const struct remote_sender *sender, int status,
                   struct json_t *body);

#endif
