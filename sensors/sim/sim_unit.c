/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/sim/sim_unit.h"

static struct sim_unit *unit_find(const struct sim_units *units, uint8_t number) {
    for (uint32_t i = 0; i < units->count; i++) {
        if (units->units[i].number == number) {
            return &units->units[i];
        }
    }
    return NULL;
}

void sim_units_answer(const struct sim_units *units, enum sim_framing framing,
                      const struct sim_request *request, struct sim_reply *ret_reply) {
    *ret_reply = (struct sim_reply){0};
    struct sim_unit *unit = unit_find(units, request->unit);
    if (unit == NULL || unit->down) {
        return;
    }
    unit->requests++;
    uint8_t pdu[SIM_MODBUS_PDU_MAX];
    size_t size = sim_modbus_reply(&unit->image, request->pdu, request->pdu_size, pdu);
    const struct sim_return to = {
        .framing = framing,
        .transaction = request->transaction,
        .unit = request->unit,
        .timeout_ms = unit->timeout_ms,
    };
    sim_answer_build(unit->answer, &to, pdu, size, &unit->random, ret_reply);
}
