/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_LOADING_H
#define GATEWAY_LOADING_H

/*
 * Loading: from a site file to a sealed image that all processes share
 */

#include "gateway/config/config.h"
#include "gateway/site.h"

#define LOADING_E_REFUSED 1 /* the site is wrong; every error has been printed */

/*
 * Check the site at `path`, print to standard error what is wrong or odd about it, and seal it:
 * sets `*ret_site` and `*ret_fd`, the memfd it is mapped from. `effect` is what a failure means for
 * the rooms; it ends the line that tells of one. Returns 0, LOADING_E_REFUSED, or a negative errno
 * that has been logged.
 */
NODISCARD int loading_site(const char *path, const struct config_options *options,
                           const char *effect, struct site *ret_site, int *ret_fd);

/* Why a gateway that runs cannot go over from one site to the other; NULL when it can. */
const char *loading_obstacle(const struct site *from, const struct site *to);

#endif
