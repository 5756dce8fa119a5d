/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_SIM_UNIT_H
#define SENSORS_SIM_UNIT_H

/*
 * Units: the Modbus devices behind one address
 *
 * A TCP address or a serial line has one or more units, told apart by number. A request for a
 * number that nobody has, or for a unit that is down, gets no answer, as on a real line.
 */

#include "sensors/sim/sim_answer.h"

struct sim_unit {
    uint8_t number;
    bool down;
    enum sim_answer answer;
    uint32_t timeout_ms; /* how long the gateway waits for it; a late answer comes after that */
    uint64_t requests;   /* that reached it */
    struct sim_random random;
    struct sim_image image;
};

/* The units of one address, which outlive every server that is given them. */
struct sim_units {
    struct sim_unit *units;
    uint32_t count;
};

/* Let the unit that a request is for answer it. A reply without bytes is silence. */
void sim_units_answer(const struct sim_units *units, enum sim_framing framing,
                      const struct sim_request *request, struct sim_reply *ret_reply);

#endif
