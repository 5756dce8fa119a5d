/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CERTIFICATE_H
#define GATEWAY_CERTIFICATE_H

/*
 * Certificates: until when they are good, and when that is worth a word
 *
 * A certificate ends at a known moment, and with it the way outside, or that of browsers to the console. People
 * are told 30, 14, 7 and 1 days before and when it has ended, once each, by wall time.
 */

#include <stdbool.h>
#include <stdint.h>

#include "rules/instant.h"

struct x509_st;

/* The end of a certificate; 0 when it cannot be read. */
int64_t certificate_until_s(const struct x509_st *certificate);

/*
 * The end of the first certificate of a PEM file, which is the one that is shown; 0 when the file
 * cannot be read or holds none.
 */
int64_t certificate_file_until_s(const char *path);

/*
 * The end that matters in a file of authorities: the next of those that have not ended, because an
 * old one that was left in it harms nobody; the last when all have. 0 as above.
 */
int64_t certificate_authorities_until_s(const char *path, struct wall now);

/* What was told of one certificate. Zeroed at first. */
struct certificate_watch {
    int64_t until_s;
    bool told;
    int32_t told_days;
};

/*
 * Look at a certificate that is good until `until_s` (0: not known, which changes nothing). Returns
 * true when a step has been reached that was not told yet; `*ret_days` is then 30, 14, 7, 1, or 0
 * for one that has ended. A certificate with another end begins anew.
 */
bool certificate_watch_step(struct certificate_watch *watch, int64_t until_s, struct wall now,
                            int32_t *ret_days);

/*
 * Is it so near to its end that somebody has to see to it? Two weeks: who renews certificates by a machine has
 * done so by then, as a rule a month before they end.
 */
bool certificate_ends_soon(int64_t until_s, struct wall now);

/* Longest text of certificate_day(), with the final NUL. */
enum { CERTIFICATE_DAY_SIZE = 16 };

/* Write the day of wall second `until_s` in UTC: "2026-11-22". */
void certificate_day(int64_t until_s, char ret[CERTIFICATE_DAY_SIZE]);

#endif
