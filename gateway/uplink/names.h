/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_NAMES_H
#define GATEWAY_UPLINK_NAMES_H

/*
 * Host names of brokers, webhooks and databases, and the addresses to try
 *
 * The MQTT library looks a name up by itself, while it holds its lock, so that a silent name server would
 * hold everything that goes outside; and it can only be given a name, not an address, where TLS is to
 * verify that name. So names are kept known in the background (gateway/resolver.h), and the process has a
 * getaddrinfo() of its own, here, in front of the C library's: for a name in the book it answers at once
 * from the book, and for anything else it is the C library's. The libraries take the address and still
 * verify the name.
 *
 *     newest   what the name server said last
 *     good     what a peer last answered at; kept over restarts in `uplink/addresses`
 *
 * While a name cannot be resolved the last good address is used. Where the two differ and an attempt fails,
 * the next is made at the other: a name server that lies, or has not heard of a move, keeps nobody away
 * for good. What is at an address is not judged here; only TLS can know.
 *
 * One book per process, under a lock of its own, because getaddrinfo() is one per process and is called
 * from the libraries' threads. All other functions are for the loop's thread, but for names_worked() and
 * names_failed(), which any may call. An address here is "scheme://host:port/…", as the site has it; a
 * host that is not in the book, or is a literal, changes nothing.
 */

#include <stdbool.h>

#include "gateway/err.h"
#include "gateway/site.h"
#include "rules/limits.h"

struct event_base;
struct names;

enum {
    /* Eight brokers, as many webhooks as there may be, and a database. */
    NAMES_MAX = 8 + LIMIT_WEBHOOKS + 1,
    /* How long somebody who asks waits for the first answer, where no good address is known. */
    NAMES_WAIT_MS = 1000,
    NAMES_HOST_SIZE = 256,
    NAMES_REASON_SIZE = 80,
};

/*
 * Begin to look after the names of `site`, which is kept; good addresses of an earlier life are read from
 * its state directory. More names than NAMES_MAX are left to the C library.
 */
NODISCARD int names_new(struct event_base *base, const struct site *site, struct names **ret_names);
struct names *names_free(struct names *names);

/* Once a second: have names looked up again that did not work, write down what is good if that changed. */
void names_tick(struct names *names);

/* What is known of the host of an address. */
enum names_state {
    NAMES_FINE,    /* there is an address to try; or the host is none of ours, or a literal */
    NAMES_ASKING,  /* the first answer is still to come, and soon */
    NAMES_KEPT,    /* it does not resolve (`ret_reason`), and its last good address is tried */
    NAMES_UNKNOWN, /* it does not resolve (`ret_reason`), and there is nothing to try */
};
enum names_state names_look(const char *address, char ret_reason[NAMES_REASON_SIZE]);

/* Why a peer could not be spoken to, in words: `reason`, and what its name has to do with it. */
void names_explain(const char *address, const char *reason, char *ret, size_t size);

/* The peer has answered at the address that its host was last given as, or could not be spoken to. */
void names_worked(const char *address);
void names_failed(const char *address);

/* The host of an address, without the brackets of a literal; false when there is none. */
bool names_host(const char *address, char ret[NAMES_HOST_SIZE]);

#endif
