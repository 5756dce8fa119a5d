/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_SIM_RECORD_H
#define GATEWAY_CLI_SIM_RECORD_H

/*
 * A story as a recording: what a gateway would hear of it, without its processes
 *
 *     story, life ──▶ scene ──▶ registers, texts ──▶ the drivers' decoding ──▶ readings ──▶ tape
 *
 * Days pass in seconds. Each change is heard at once, as by a device that is polled without end;
 * values are encoded and decoded as on the wire, so scale, states, range and dead band are the
 * site's. A device that is down or answers wrongly is given up after as many polls as the driver
 * would wait, and is heard again as soon as it answers. Sensors that publish tell their state three
 * times within the silence that is normal for them. Every other second is a heartbeat. Outputs do
 * nothing, and nobody receives the steps of chains.
 */

#include "gateway/site.h"
#include "sensors/sim/sim_conf.h"

struct sim_record_conf {
    const char *path;
    struct wall begin;
    uint64_t for_ns; /* 0: until the story is over */
};

struct sim_record_result {
    uint64_t inputs, events; /* recorded, and what the site's rules say of them */
    uint64_t span_ns;
};

#define SIM_RECORD_E_EXISTS 1 /* there is a file of that name, which is kept */

/* Write the story of `conf`, which is of `site`. Returns 0, SIM_RECORD_E_EXISTS or <0. */
NODISCARD int sim_record_run(const struct sim_record_conf *record, const struct site *site,
                             const struct sim_conf *conf, struct sim_record_result *ret_result);

#endif
