/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_FRAMING_H
#define GATEWAY_CONSOLE_FRAMING_H

/*
 * Where a request ends (RFC 9112, 5.1 and 6.3)
 *
 * Behind a proxy, requests of many people may come in one connection. A request whose end the proxy finds elsewhere than
 * we do hides another one in it, which we would answer as if it came from whoever is next. The HTTP library takes the
 * first Content-Length of several, "+2" for 2, and a coding that it does not know for no body.
 */

#include <stdbool.h>

struct evhttp_request;

/*
 * Is there one way only to read it? One Content-Length of digits, or `Transfer-Encoding: chunked`, or neither; one Host at
 * most; no space in the name of a header.
 */
bool framing_is_plain(struct evhttp_request *request);

#endif
