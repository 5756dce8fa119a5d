/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_TLS_H
#define GATEWAY_CONSOLE_TLS_H

/*
 * What the console shows of itself: TLS 1.2 or 1.3, and a certificate
 *
 * The certificate is the site's, where the site file names one (gateway.console.cert and key), else of the
 * site's own authority (authority.h). It is looked at each TLS_LOOK_S: a renewed one is shown to whoever comes
 * from then on, while those who are connected stay. One that cannot be used changes nothing, and is told. Where
 * there was none before it, the authority's stands in until it can be: a browser that warns still shows the calls.
 *
 * Its end is watched (certificate.h). That of the authority's own is made anew by itself long before; whoever has given
 * the site's is told, and has to see to it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "gateway/certificate.h"
#include "gateway/console/authority.h"
#include "gateway/site.h"

struct ssl_ctx_st;

/* Real time. */
enum { TLS_LOOK_S = 10 };

struct tls {
    const struct site *site;
    int directory;                /* state/console; -1: cannot be opened */
    struct ssl_ctx_st *context;   /* what is shown; NULL before the first look that succeeded */
    struct stat certificate, key; /* the site's, as last looked at */
    bool unusable;                /* the site's, as found last: it is tried again with each look */
    bool stands_in;               /* the authority's is shown in place of the site's */
    bool unshown;                 /* the authority's could not be shown: it is tried again */
    int64_t until_s;              /* when what is shown ends; 0: nothing is, or it is not known */
    bool ends_soon;               /* as found by the last look */
    struct certificate_watch watch;
    struct authority_server authority;
    enum authority_state told;
    uint64_t next_look_real_ns;
    uint64_t renewals; /* since the first */
    uint64_t faults;   /* looks that found what cannot be used */
};

/* Keeps `site`. */
void tls_init(struct tls *tls, const struct site *site);
void tls_deinit(struct tls *tls);

/* What whoever comes is shown, once there is a context. */
enum tls_shown {
    TLS_SHOWN_MEANT,
    TLS_SHOWN_ENDING, /* it is meant, and browsers refuse it within two weeks, or do already */
    TLS_SHOWN_OLD,    /* the site's as it was before what is there now, which cannot be used */
    TLS_SHOWN_UNKNOWN, /* one that no device has installed, in place of the site's or of its authority's */
};
enum tls_shown tls_shown(const struct tls *tls);

/*
 * Look, when it is time. Returns true when tls->context is another than before.
 */
bool tls_look(struct tls *tls, struct wall now, uint64_t real_ns);

#endif
