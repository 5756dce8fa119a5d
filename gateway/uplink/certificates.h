/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_CERTIFICATES_H
#define GATEWAY_UPLINK_CERTIFICATES_H

/*
 * The certificates between this gateway and its broker, watched for their end
 *
 * Ours and the authorities' are files, which are read every ten seconds; the broker's is what the line has seen of it. Each step of certificate.h is one log line.
 */

#include "gateway/site.h"
#include "gateway/uplink/certificate.h"

enum certificate_owner {
    CERTIFICATE_OURS,
    CERTIFICATE_AUTHORITY,
    CERTIFICATE_BROKER,
    CERTIFICATE_COUNT,
};

struct certificates {
    const char *cert, *ca;              /* "" where not given */
    uint64_t read_ns;                   /* when the files were last read, in real time; 0: never */
    int64_t until_s[CERTIFICATE_COUNT]; /* 0: there is none, or it was not seen */
    struct certificate_watch watches[CERTIFICATE_COUNT];
};

/* Watch those of `site`, whose texts are kept. */
void certificates_init(struct certificates *certificates, const struct site *site);

/* Once a second. `broker_until_s` is what the line knows, or 0. */
void certificates_tick(struct certificates *certificates, int64_t broker_until_s, struct wall now,
                       uint64_t real_ns);

#endif
