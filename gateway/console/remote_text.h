/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_REMOTE_TEXT_H
#define GATEWAY_CONSOLE_REMOTE_TEXT_H

/*
 * A command as it comes by the broker
 *
 *     {"signed": TEXT, "hmac": HEX}
 *
 * TEXT is a JSON object as text, and HEX is HMAC-SHA256 (RFC 2104), in lower-case hex, over
 *
 *     <site>/<gateway> LF TEXT
 *
 * in which TEXT stands as it is after the outer JSON has been read: exactly these bytes are signed, so that nobody has
 * to agree on how JSON is written. The key is the 64 characters that `tocsin user key` shows, as they are. TEXT holds
 *
 *     "user": ID, "id": TEXT, "time": TIME,               who; which one, as no other of theirs; RFC 3339 with a zone
 *     "command": VERB, "alarm": ALARM | "place": PLACE,   what is done to what
 *     "language": "zh" | "en",                            of the answer; optional
 *
 * and what else belongs to the command, as in order_body.h. Nothing in it is believed before the signature is.
 */

#include <stdbool.h>
#include <stddef.h>

#include "gateway/console/people.h"
#include "gateway/site.h"
#include "rules/command.h"

struct json_t;

enum { REMOTE_ID_SIZE = 65, REMOTE_HMAC_SIZE = 2 * 32 + 1 };

/* Texts that are pointed to are the document's. */
struct remote_text {
    struct json_t *outer, *inner; /* inner without the members that are named above */
    const char *text;             /* what is signed */
    char hmac[REMOTE_HMAC_SIZE];
    char user[PEOPLE_ID_SIZE]; /* "" where none was read */
    char id
        [REMOTE_ID_SIZE]; /* 1…64 of a-z, A-Z, 0-9, '.', '_', ':' and '-'; "" where none was read */
    bool language_given;
    enum site_language language;
    struct wall time;
    enum command_verb verb;
    char subject[SITE_ALARM_NAME_SIZE]; /* an alarm, or a place where the verb is about one */
};

/*
 * Read `size` bytes. False when they are not of the form above; user and id are set as far as they could be read.
 * To be released in either case.
 */
bool remote_text_read(const char *bytes, size_t size, struct remote_text *ret);
void remote_text_release(struct remote_text *text);

/* Has somebody signed it who has `key`, for the gateway `home` ("<site>/<gateway>")? */
bool remote_text_is_signed(const struct remote_text *text, const char *home, const char *key);

#endif
