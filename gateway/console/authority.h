/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_AUTHORITY_H
#define GATEWAY_CONSOLE_AUTHORITY_H

/*
 * The site's own authority
 *
 * People reach the console by TLS only, and a building has nobody who issues certificates. So the first
 * start makes an authority of the site's own, and with it a certificate for the names and addresses by
 * which this machine is reached:
 *
 *     authority.crt  authority.key   made once; good for twenty years. Phones and desks install the
 *                                    certificate, so a new one would have somebody walk to each of them.
 *     server.crt     server.key      what is shown; made anew when a third of its time is left, when the
 *                                    machine got another name or address, or when the clock was wrong
 *                                    at the time
 *
 * P-256 and SHA-256, which every browser takes. A server's certificate lives 397 days: Apple's systems
 * refuse those that live longer than 398 (support.apple.com/102028). The files are their owner's alone; the
 * authority's key signs nothing but this certificate and never leaves the machine.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "gateway/err.h"
#include "rules/instant.h"

enum { AUTHORITY_NAMES_SIZE = 2048 };

/*
 * Write the names and addresses of this machine as a certificate has them, sorted in the order in which
 * they were found: "DNS:localhost,IP:127.0.0.1,IP:::1,DNS:gateway,IP:192.168.1.7". `host` is one more, a name
 * or an address, or "". What does not fit is left out, and so are addresses that the machine has only for a while,
 * by which nobody calls it: a certificate that had them would be made anew each day.
 */
void authority_names(const char *host, char ret[AUTHORITY_NAMES_SIZE]);

/* Is this IPv6 address one of those, as the kernel's table says (/proc/net/if_inet6)? */
bool authority_address_is_temporary(FILE *table, const unsigned char address[16]);

struct authority_conf {
    int directory;     /* where the files are; -1: it cannot be opened, and nothing is saved */
    const char *site;  /* the site's name, as people read it in the list of authorities */
    const char *names; /* authority_names() */
    struct wall now;
};

/* What became of the files. Whatever it is, there is something to show, so that people can look. */
enum authority_state {
    AUTHORITY_KEPT,
    AUTHORITY_UNSAVED, /* the disk did not take them: others are made with the next start */
    /* The authority's are there and cannot be used; they are left as they are. Browsers that have
     * installed it do not know the one that is shown now. */
    AUTHORITY_DAMAGED,
};

/* A certificate and its key. Zeroed: none. */
struct authority_pair {
    struct x509_st *certificate;
    struct evp_pkey_st *key;
};

/* Zeroed: nothing was ensured yet. */
struct authority_server {
    struct authority_pair authority; /* who has signed it */
    struct authority_pair shown;
    enum authority_state state;
    bool made; /* what is shown is another than before */
};

/*
 * See to it that there is an authority and a certificate that is good now and for these names. `server` is what
 * was ensured before: where the files cannot be used or written, that is shown on, and not another one each time,
 * which browsers would warn of again. Returns 0, or a negative errno, and has changed nothing: there is no memory, or
 * no randomness.
 */
NODISCARD int authority_ensure(const struct authority_conf *conf, struct authority_server *server);
void authority_server_free(struct authority_server *server);

/* Names in the directory. */
#define AUTHORITY_CERTIFICATE "authority.crt"
#define AUTHORITY_KEY         "authority.key"
#define AUTHORITY_SERVER      "server.crt"
#define AUTHORITY_SERVER_KEY  "server.key"

#endif
