/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_LOADING_H
#define GATEWAY_LOADING_H

/*
 * Loading: from a site file to a sealed image that all processes share
 *
 * At a start the site file may be wrong, by an edit that a reload has refused before or that nobody has
 * tried. Then the site that was accepted last is watched, if it can be found (kept.h). It is looked for
 * in the state directory that the site file names, as far as that can be read, and in the one that systemd
 * has made for us; and it must be of the same site file, site and gateway, and of that directory:
 *
 *     the site file     the kept site               what is watched
 *     good              whatever it is              the site file; it is kept from now on
 *     wrong             good                        the kept site
 *     wrong             another's, damaged, wrong   nothing, and both are told
 *     wrong             missing                     nothing
 */

#include "gateway/config/config.h"
#include "gateway/site.h"

#define LOADING_E_REFUSED 1 /* the site is wrong; every error has been printed */

struct loading {
    const char *path; /* of the site file */
    const struct config_options *options;
    enum site_language language; /* of what is printed of its mistakes */
};

/* A site that can be watched. */
struct loaded {
    struct site site;
    int fd;               /* the sealed memfd it is mapped from */
    struct wall accepted; /* when it was */
    char *kept;       /* what kept_encode() made of it, to be freed; NULL: it is the kept one, */
    size_t kept_size; /* or cannot be kept, which has been logged */
};

/*
 * Check the site file, print to standard error what is wrong or odd about it, and seal it. `effect` is what
 * a failure means for the rooms; it ends the line that tells of one. Returns 0, LOADING_E_REFUSED, or a
 * negative errno that has been logged.
 */
NODISCARD int loading_site(const struct loading *loading, const char *effect,
                           struct loaded *ret_loaded);

/*
 * The same at a start, where the site that was accepted last stands in for a site file that is wrong.
 * Sets whether it does.
 */
NODISCARD int loading_start(const struct loading *loading, struct loaded *ret_loaded,
                            bool *ret_stands_in);

/* Close and unmap a site that is not watched after all. */
void loading_drop(struct loaded *loaded);

/* Why a gateway that runs cannot go over from one site to the other; NULL when it can. */
const char *loading_obstacle(const struct site *from, const struct site *to);

#endif
