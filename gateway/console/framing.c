/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/framing.h"

#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

static bool is_digits(const char *value) {
    return value[0] != '\0' && value[strspn(value, "0123456789")] == '\0';
}

bool framing_is_plain(struct evhttp_request *request) {
    unsigned lengths = 0;
    unsigned codings = 0;
    unsigned hosts = 0;
    const struct evkeyval *header = NULL;
    TAILQ_FOREACH(header, evhttp_request_get_input_headers(request), next) {
        if (strpbrk(header->key, " \t") != NULL) {
            return false;
        }
        if (strcasecmp(header->key, "Content-Length") == 0) {
            lengths++;
            if (!is_digits(header->value)) {
                return false;
            }
        } else if (strcasecmp(header->key, "Transfer-Encoding") == 0) {
            codings++;
            if (strcasecmp(header->value, "chunked") != 0) {
                return false;
            }
        } else if (strcasecmp(header->key, "Host") == 0) {
            hosts++;
        }
    }
    return lengths + codings <= 1 && hosts <= 1;
}
