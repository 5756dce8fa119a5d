/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/cookie.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <event2/http.h>

enum { COOKIE_LINE_SIZE = 512 };

/* Of a pair "name=value" the value, when it has this name. */
static const char *pair_value(const char *pair, size_t len, const char *name, size_t *ret_len) {
    size_t name_len = strlen(name);
    if (len <= name_len || strncmp(pair, name, name_len) != 0 || pair[name_len] != '=') {
        return NULL;
    }
    *ret_len = len - name_len - 1;
    return pair + name_len + 1;
}

bool cookie_read(struct evhttp_request *request, const char *name, char *ret, size_t size) {
    const char *at = evhttp_find_header(evhttp_request_get_input_headers(request), "Cookie");
    ret[0] = '\0';
    while (at != NULL && *at != '\0') {
        at += strspn(at, " ;");
        size_t len = strcspn(at, ";");
        size_t value_len = 0;
        const char *value = pair_value(at, len, name, &value_len);
        if (value != NULL && value_len < size) {
            memcpy(ret, value, value_len);
            ret[value_len] = '\0';
            return true;
        }
        at += len;
    }
    return false;
}

void cookie_set(struct evhttp_request *request, const char *name, const char *value,
                uint32_t max_age_s) {
    char line[COOKIE_LINE_SIZE];
    (void)snprintf(line, sizeof line,
                   "%s=%s; Secure; HttpOnly; SameSite=Strict; Path=/; Max-Age=%" PRIu32, name,
                   value, max_age_s);
    (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Set-Cookie", line);
}
