/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/certificates.h"

#include <inttypes.h>
#include <string.h>

#include "gateway/log.h"

/* A new file is noticed this soon; a certificate that ends was told for a month by then. */
#define CERTIFICATES_READ_NS (10 * NS_PER_S)

void certificates_init(struct certificates *certificates, const struct site *site) {
    memset(certificates, 0, sizeof *certificates);
    certificates->cert = site_text(site, site->header->mqtt_cert);
    certificates->ca = site_text(site, site->header->mqtt_ca);
}

static void certificates_read(struct certificates *certificates, struct wall now) {
    if (certificates->cert[0] != '\0') {
        certificates->until_s[CERTIFICATE_OURS] = certificate_file_until_s(certificates->cert);
    }
    if (certificates->ca[0] != '\0') {
        certificates->until_s[CERTIFICATE_AUTHORITY] =
            certificate_authorities_until_s(certificates->ca, now);
    }
}

static void certificates_tell(enum certificate owner, const char *path, int64_t until_s,
                              int32_t days) {
    static const struct {
        const char *name, *effect;
    } facts[CERTIFICATE_COUNT] = {
        [CERTIFICATE_OURS] = {"ours", "the broker refuses this gateway then, and nobody outside "
                                      "hears alarms; replace the file of `cert`, and that of "
                                      "`key`: they are taken within seconds"},
        [CERTIFICATE_AUTHORITY] = {"authority",
                                   "no broker that it vouches for is trusted then, and nobody "
                                   "outside hears alarms; add its successor to the file of `ca`: "
                                   "it is taken within seconds"},
        [CERTIFICATE_BROKER] = {"broker",
                                "this gateway refuses the broker then, and nobody outside "
                                "hears alarms; have its certificate renewed there"},
    };
    char day[CERTIFICATE_DAY_SIZE];
    char quoted[160];
    certificate_day(until_s, day);
    log_line(days == 0 ? LOG_ERROR : LOG_WARNING,
             days == 0 ? "certificate_expired" : "certificate_expires",
             "certificate=%s file=%s until=%s within_days=%" PRId32 " effect=\"%s\"",
             facts[owner].name, log_quote(path, quoted, sizeof quoted), day, days,
             facts[owner].effect);
}

void certificates_tick(struct certificates *certificates, const struct mqtt_link *link,
                       struct wall now, uint64_t real_ns) {
    bool is_due =
        certificates->read_ns == 0 || real_ns - certificates->read_ns >= CERTIFICATES_READ_NS;
    if (is_due && mqtt_link_uses_files(link)) {
        certificates->read_ns = real_ns;
        certificates_read(certificates, now);
    }
    certificates->until_s[CERTIFICATE_BROKER] = mqtt_link_certificate_until_s(link);
    const char *const paths[CERTIFICATE_COUNT] = {
        [CERTIFICATE_OURS] = certificates->cert,
        [CERTIFICATE_AUTHORITY] = certificates->ca,
        [CERTIFICATE_BROKER] = "",
    };
    for (int i = 0; i < CERTIFICATE_COUNT; i++) {
        int32_t days = 0;
        if (certificate_watch_step(&certificates->watches[i], certificates->until_s[i], now,
                                   &days)) {
            certificates_tell((enum certificate)i, paths[i], certificates->until_s[i], days);
        }
    }
}

enum truth certificates_are_well(const struct certificates *certificates,
                                 enum certificate certificate, struct wall now) {
    int64_t until_s = certificates->until_s[certificate];
    if (until_s == 0) {
        return TRUTH_UNKNOWN;
    }
    return certificate_ends_soon(until_s, now) ? TRUTH_FALSE : TRUTH_TRUE;
}
