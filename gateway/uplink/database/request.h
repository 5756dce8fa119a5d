/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_DATABASE_REQUEST_H
#define GATEWAY_UPLINK_DATABASE_REQUEST_H

/*
 * One request to write lines
 *
 *     POST /write?db=tocsin&precision=ns                    version 1, VictoriaMetrics
 *     POST /api/v2/write?org=…&bucket=…&precision=ns        version 2
 *     Content-Encoding: gzip
 *
 * with a name and password (basic, RFC 7617) or a token, read from their files each time.
 */

#include <curl/curl.h>

#include "gateway/err.h"
#include "gateway/uplink/database/line_protocol.h"

enum { REQUEST_ANSWER_SIZE = 512 };

/* Where lines go; texts are "" where not given. */
struct request_target {
    const char *url;          /* http://host:port or https://…, without the path of a write */
    const char *database;     /* version 1; or "" and */
    const char *org, *bucket; /* version 2 */
    const char *token_file, *user, *password_file;
    const char *ca; /* who signs the certificate; "": the system's own */
    enum line_unit unit;
    uint32_t limit_ms; /* for all of it */
};

struct request {
    CURL *transfer; /* NULL: none is under way */
    struct curl_slist *headers;
    unsigned char *body;
    char answer[REQUEST_ANSWER_SIZE]; /* the beginning of the answer's body, a string */
    size_t answer_size;
};

#define REQUEST_E_SECRET 1 /* the file with the token or the password: request_secret_fault() */

/* Make one for `size` bytes of lines, which it does not keep. Returns 0, REQUEST_E_SECRET or -ENOMEM;
 * it is empty then. `request` must not move while it is under way. */
NODISCARD int request_make(struct request *request, const struct request_target *target,
                           const char *text, size_t size);

/* What is wrong with the file of the target's secret, after REQUEST_E_SECRET. */
const char *request_secret_fault(const struct request_target *target);

/* Free all but the transfer, which is ended already. */
void request_clear(struct request *request);

#endif
