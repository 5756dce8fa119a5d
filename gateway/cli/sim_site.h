/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_SIM_SITE_H
#define GATEWAY_CLI_SIM_SITE_H

/*
 * The site as its devices know it
 *
 * sensors/ knows nothing of the gateway's image of a site; this turns the one into the plain
 * structs of the simulated field. Indexes stay the same.
 */

#include "gateway/site.h"
#include "sensors/sim/sim_conf.h"

/* The arrays behind a struct sim_conf. The zero value can be released. */
struct sim_site {
    struct sim_bus_conf *buses;
    struct sim_device_conf *devices;
    struct sim_place_conf *places;
    struct sim_point_conf *points;
};

/*
 * Describe `site`, which `ret_conf` and its strings then point into, together with the arrays of
 * `ret_arrays`. The story is left to the caller. Returns 0 or -ENOMEM.
 */
NODISCARD int sim_site_init(const struct site *site, struct sim_site *ret_arrays,
                            struct sim_conf *ret_conf);
void sim_site_deinit(struct sim_site *arrays);

#endif
