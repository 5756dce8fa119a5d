/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/database/request.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/secret_file.h"
#include "gateway/uplink/database/gzip.h"
#include "gateway/uplink/transfers.h"

enum { URL_SIZE = 2048, CONNECT_MS = 5000 };

/* Add `key=value` to an address, escaped. */
static bool url_add(CURL *transfer, char url[URL_SIZE], const char *key, const char *value) {
    char *escaped = curl_easy_escape(transfer, value, 0);
    size_t len = strlen(url);
    int added = escaped == NULL ? -1 : snprintf(url + len, URL_SIZE - len, "%s%s", key, escaped);
    curl_free(escaped);
    return added >= 0 && (size_t)added < URL_SIZE - len;
}

/* The whole address of a write. */
static bool url_make(CURL *transfer, const struct request_target *target, char url[URL_SIZE]) {
    size_t len = strlen(target->url);
    while (len > 0 && target->url[len - 1] == '/') {
        len--;
    }
    bool first = target->database[0] != '\0';
    int made = snprintf(url, URL_SIZE, "%.*s%s", (int)len, target->url,
                        first ? "/write" : "/api/v2/write");
    return made >= 0 && made < URL_SIZE &&
           (first ? url_add(transfer, url, "?db=", target->database)
                  : url_add(transfer, url, "?org=", target->org) &&
                        url_add(transfer, url, "&bucket=", target->bucket)) &&
           url_add(transfer, url, "&precision=", line_precision(target->unit));
}

/* Keep the beginning of the answer, and read over the rest. */
static size_t request_answered(char *bytes, size_t size, size_t count, void *context) {
    struct request *request = context;
    size_t room = sizeof request->answer - 1 - request->answer_size;
    size_t kept = size * count < room ? size * count : room;
    memcpy(request->answer + request->answer_size, bytes, kept);
    request->answer_size += kept;
    request->answer[request->answer_size] = '\0';
    return size * count;
}

static int request_add_header(struct request *request, const char *header) {
    struct curl_slist *headers = curl_slist_append(request->headers, header);
    if (headers == NULL) {
        return err_origin(-ENOMEM);
    }
    request->headers = headers;
    return 0;
}

const char *request_secret_fault(const struct request_target *target) {
    const char *fault = secret_file_fault(target->token_file[0] != '\0' ? target->token_file
                                                                        : target->password_file);
    return fault != NULL ? fault : "the file with its token or password was just changed";
}

static int request_add_secrets(struct request *request, const struct request_target *target) {
    char secret[SECRET_SIZE];
    int r = 0;
    if (target->token_file[0] != '\0') {
        char header[SECRET_SIZE + 32];
        if (secret_file_read(target->token_file, secret) != NULL) {
            return REQUEST_E_SECRET;
        }
        (void)snprintf(header, sizeof header, "Authorization: Token %s", secret);
        r = request_add_header(request, header);
        explicit_bzero(header, sizeof header);
    } else if (target->user[0] != '\0') {
        secret[0] = '\0';
        if (target->password_file[0] != '\0' &&
            secret_file_read(target->password_file, secret) != NULL) {
            return REQUEST_E_SECRET;
        }
        (void)curl_easy_setopt(request->transfer, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        (void)curl_easy_setopt(request->transfer, CURLOPT_USERNAME, target->user);
        (void)curl_easy_setopt(request->transfer, CURLOPT_PASSWORD, secret);
    }
    explicit_bzero(secret, sizeof secret);
    return r;
}

int request_make(struct request *request, const struct request_target *target, const char *text,
                 size_t size) {
    char url[URL_SIZE];
    size_t body_size = 0;
    *request = (struct request){.transfer = curl_easy_init()};
    int r = request->transfer == NULL || !url_make(request->transfer, target, url)
                ? err_origin(-ENOMEM)
                : 0;
    if (r == 0) {
        r = request_add_secrets(request, target);
    }
    if (r == 0) {
        r = err_trace(gzip_pack(text, size, &request->body, &body_size));
    }
    if (r == 0) {
        r = request_add_header(request, "Content-Encoding: gzip");
    }
    if (r == 0) {
        r = request_add_header(request, "Content-Type: text/plain; charset=utf-8");
    }
    if (r == 0) {
        /* Otherwise it asks first and waits a second for an answer that no database gives. */
        r = request_add_header(request, "Expect:");
    }
    if (r != 0) {
        if (request->transfer != NULL) {
            curl_easy_cleanup(request->transfer);
            request->transfer = NULL;
        }
        request_clear(request);
        return r;
    }
    CURL *transfer = request->transfer;
    transfers_options(transfer, url, target->ca, target->limit_ms);
    (void)curl_easy_setopt(transfer, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    (void)curl_easy_setopt(transfer, CURLOPT_HTTPHEADER, request->headers);
    (void)curl_easy_setopt(transfer, CURLOPT_POSTFIELDS, (const char *)request->body);
    (void)curl_easy_setopt(transfer, CURLOPT_POSTFIELDSIZE, (long)body_size);
    (void)curl_easy_setopt(transfer, CURLOPT_WRITEFUNCTION, request_answered);
    (void)curl_easy_setopt(transfer, CURLOPT_WRITEDATA, request);
    return 0;
}

void request_clear(struct request *request) {
    assert(request->transfer == NULL);
    curl_slist_free_all(request->headers);
    free(request->body);
    *request = (struct request){0};
}
