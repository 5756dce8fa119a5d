/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_CERTIFICATES_H
#define GATEWAY_UPLINK_CERTIFICATES_H

/*
 * The certificates between this gateway and its broker, watched for their end
 *
 * Ours and the authorities' are files, which are read every ten seconds, but only while the line uses what they
 * hold: one that was replaced by a file which cannot be used is the one that matters still. The broker's is
 * what the line has seen of it. Each step of certificate.h is one log line.
 */

#include "gateway/certificate.h"
#include "gateway/site.h"
#include "gateway/uplink/mqtt_link.h"

struct certificates {
    const char *cert, *ca;              /* "" where not given */
    uint64_t read_ns;                   /* when the files were last read, in real time; 0: never */
    int64_t until_s[CERTIFICATE_COUNT]; /* 0: there is none, or it was not seen */
    struct certificate_watch watches[CERTIFICATE_COUNT];
};

/* Watch those of `site`, whose texts are kept. */
void certificates_init(struct certificates *certificates, const struct site *site);

/* Once a second. */
void certificates_tick(struct certificates *certificates, const struct mqtt_link *link,
                       struct wall now, uint64_t real_ns);

/* Is it good for long? Unknown without an end that is known. */
enum truth certificates_are_well(const struct certificates *certificates,
                                 enum certificate certificate, struct wall now);

#endif
