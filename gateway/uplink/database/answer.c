/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/database/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

enum {
    STATUS_OK = 200,
    STATUS_NO_CONTENT = 204,
    STATUS_BAD_REQUEST = 400,
    STATUS_TIMED_OUT = 408,
    STATUS_TOO_LARGE = 413,
    STATUS_WRONG_CONTENT = 422,
    STATUS_TOO_EARLY = 425,
    STATUS_TOO_MANY = 429,
    STATUS_SERVER_ERROR = 500,
};

enum answer answer_of(long status, const char *text) {
    switch (status) {
    case STATUS_NO_CONTENT:
        return ANSWER_TAKEN;
    case STATUS_BAD_REQUEST:
        return strstr(text, "beyond retention policy") != NULL ? ANSWER_TOO_OLD
                                                               : ANSWER_LINES_WRONG;
    case STATUS_WRONG_CONTENT:
        return ANSWER_LINES_WRONG;
    case STATUS_TOO_LARGE:
        return ANSWER_TOO_LARGE;
    case STATUS_TIMED_OUT:
    case STATUS_TOO_EARLY:
    case STATUS_TOO_MANY:
        return ANSWER_LATER;
    default:
        break;
    }
    return status < STATUS_OK || status >= STATUS_SERVER_ERROR ? ANSWER_LATER : ANSWER_REFUSED;
}

uint64_t answer_dropped(const char *text) {
    static const char key[] = "dropped=";
    const char *at = strstr(text, key);
    return at == NULL ? 0 : strtoull(at + strlen(key), NULL, 10);
}

void answer_reason(long status, const char *text, char *ret, size_t size) {
    json_t *body = json_loads(text, 0, NULL);
    const char *words = json_string_value(json_object_get(body, "error"));
    if (words == NULL) {
        words = json_string_value(json_object_get(body, "message"));
    }
    (void)snprintf(ret, size, "status %ld%s%s", status,
                   words != NULL || text[0] != '\0' ? ": " : "", words != NULL ? words : text);
    json_decref(body);
    ret[strcspn(ret, "\r\n")] = '\0';
}
