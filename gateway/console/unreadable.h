/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_UNREADABLE_H
#define GATEWAY_CONSOLE_UNREADABLE_H

/*
 * Requests that never become one
 *
 * What is no HTTP, or longer than evhttp reads, evhttp answers by itself, through its function evhttp_send_error(): with a
 * page of HTML, without the headers that every answer has. libevent 2.1 has no hook for it (2.2 has evhttp_set_errorcb()). So
 * the program has a function of that name, which stands before the library's (ELF symbol interposition), and says the
 * same as a problem. e2e/test_door.py looks whether it is the one that is called.
 */

#include "gateway/site.h"

/* In which language such a client is answered, which has not said any that could be read. */
void unreadable_speak(enum site_language language);

#endif
