/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_SECURITY_HEADERS_H
#define GATEWAY_CONSOLE_SECURITY_HEADERS_H

/*
 * What every answer to a browser says
 *
 * What a page of the console may do: fetch from the console, and nothing else anywhere. The app has neither scripts nor
 * styles within its pages. Sources: CSP Level 3; HTML, "cross-origin opener policy"; Fetch, CORP.
 */

struct evhttp_request;

void security_headers_add(struct evhttp_request *request);

#endif
