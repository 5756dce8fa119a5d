/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_MODBUS_PLAN_H
#define SENSORS_MODBUS_PLAN_H

/*
 * Polling plan: which requests read all points of a device
 *
 * A transaction costs far more than a register more in it, so neighbouring points share one
 * request, and small gaps between them are read along and thrown away. A request is as long as the
 * specification lets it be (Modbus Application Protocol V1.1b3, 6.1 to 6.4).
 *
 *     points      0 1 2     8          16 17          (holding)
 *     requests   [0 ───────────8]    [16 17]          gap of 5 bridged, gap of 7 not
 *
 * Some devices answer "illegal data address" for a register that they do not have; for them the
 * plan is made again with MBPLAN_NO_GAPS.
 *
 * Names begin with mbplan_, because modbus_ belongs to libmodbus.
 */

#include "sensors/driver.h"
#include "sensors/modbus_frame.h"

enum {
    /*
     * The longest gap that is read along. On a serial line at 9,600 baud a register takes 2 ms and
     * a transaction about 20 ms beside its data, most of it the device's own thinking; six
     * registers are a gain on any line.
     */
    MBPLAN_GAP_REGISTERS = 6,
    MBPLAN_GAP_BITS = 64,
};

/* One point's place in the device. */
struct mbplan_span {
    enum mbframe_table table;
    uint16_t address;
    uint16_t count; /* registers or bits; address + count is at most 65,536 */
    uint32_t tag;   /* the caller's own */
};

/* One read request and the spans that its answer holds. */
struct mbplan_request {
    enum mbframe_table table;
    uint16_t address;
    uint16_t count;
    uint32_t span_first;
    uint32_t span_count;
    bool bridges_gap; /* reads something that no span asked for */
};

enum mbplan_gaps { MBPLAN_BRIDGE_GAPS, MBPLAN_NO_GAPS };

/*
 * Sort `spans` by table, address, count and tag, and cut them into requests. `ret_requests` has
 * room for `span_count` of them. Returns how many there are. The same spans in any order give the
 * same plan.
 */
uint32_t mbplan_make(struct mbplan_span *spans, uint32_t span_count, enum mbplan_gaps gaps,
                     struct mbplan_request *ret_requests);

#endif
