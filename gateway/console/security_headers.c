/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/security_headers.h"

#include <stddef.h>

#include <event2/http.h>

static const struct {
    const char *name, *value;
} headers_of_all[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
     "connect-src 'self'; manifest-src 'self'; worker-src 'self'; media-src 'self' data:; base-uri 'none'; "
     "form-action 'self'; frame-ancestors 'none'"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"},
};

void security_headers_add(struct evhttp_request *request) {
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    for (size_t i = 0; i < sizeof headers_of_all / sizeof *headers_of_all; i++) {
        (void)evhttp_add_header(headers, headers_of_all[i].name, headers_of_all[i].value);
    }
}
