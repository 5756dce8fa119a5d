/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_DATABASE_ANSWER_H
#define GATEWAY_UPLINK_DATABASE_ANSWER_H

/*
 * What a database means by its answer to a write
 *
 * InfluxDB 1.x and 2.x and VictoriaMetrics answer with the status codes of HTTP (RFC 9110, 15):
 *
 *     204                     taken
 *     400, 422                lines in it are wrong; InfluxDB 1.x has kept the others
 *     413                     too many bytes at once
 *     408, 425, 429, 5xx, –   not now; `Retry-After` may say when
 *     other 2xx, 3xx, 4xx     not at this address, not with this token, no such database: a page for people
 *                             that says 200 has written nothing
 *
 * One answer of 400 is no fault of a line: points that are older than the database keeps ("points
 * beyond retention policy", as InfluxDB 1.x says it). It has dropped those and kept the others, and
 * to look for them one by one would change nothing. Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum answer {
    ANSWER_TAKEN,
    ANSWER_TOO_OLD, /* taken, but for what is older than the database keeps */
    ANSWER_LINES_WRONG,
    ANSWER_TOO_LARGE,
    ANSWER_LATER,
    ANSWER_REFUSED,
};

/* `status` is 0 when no answer came. `text` is the beginning of the answer's body, a string. */
enum answer answer_of(long status, const char *text);

/* How many points the answer says it dropped ("dropped=37"); 0 when it does not say. */
uint64_t answer_dropped(const char *text);

/* The message in `text` on one line: the value of `error` or `message` where it is JSON. */
void answer_reason(long status, const char *text, char *ret, size_t size);

#endif
