/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/field/retirement.h"

#include <stdatomic.h>

#include "gateway/log.h"

static void retirement_tell_rested(const struct retired_coil *coil) {
    char quoted[2 * RETIRED_ADDRESS_SIZE];
    log_line(
        LOG_NOTICE, "output_switched_off",
        "device=%s point=%s address=%s unit=%u coil=%u effect=\"it was taken out of the site; it "
        "has been switched off and reads back off\"",
        coil->device, coil->point, log_quote(coil->bus, quoted, sizeof quoted),
        (unsigned)coil->unit, (unsigned)coil->address);
}

static void retirement_look_at(struct retired_coil *coil, struct drivers *drivers,
                               uint64_t now_ns) {
    switch (drivers_retire(drivers, coil)) {
    case DRIVERS_NOT_OURS:
        return;
    case DRIVERS_RESTED:
        atomic_store(&coil->state, RETIRED_RESTED);
        retirement_tell_rested(coil);
        return;
    case DRIVERS_RETIRING:
        if (retired_is_old(coil, now_ns)) {
            drivers_leave(drivers, coil);
            atomic_store(&coil->state, RETIRED_FREE);
            retired_tell(coil, "output_given_up", "its device did not switch it off for a day");
        }
        return;
    }
}

void retirement_look(struct retired *retired, struct drivers *drivers, uint64_t now_ns) {
    for (uint32_t i = 0; i < RETIRED_MAX; i++) {
        if (atomic_load(&retired->coils[i].state) == RETIRED_WANTED) {
            retirement_look_at(&retired->coils[i], drivers, now_ns);
        }
    }
}
