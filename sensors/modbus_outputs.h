/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SENSORS_MODBUS_OUTPUTS_H
#define SENSORS_MODBUS_OUTPUTS_H

/*
 * Modbus outputs: which coil of a bus is to be written or looked at next, and when
 *
 * An output is written when its wanted state differs from what it was last known to be, and read
 * back. One that is as wanted is looked at again every OUTPUT_CHECK_NS, because a device that lost
 * its power for a moment comes back with its outputs off; after the link was opened anew it is
 * looked at after OUTPUT_RECHECK_NS at the most. A look costs a read; it is written only when it
 * reads otherwise. Until a state is wanted for the first time an output is left as it is.
 *
 * Lamps must not cost the buttons their polls, however broken they are:
 *
 *   - An output that fails is tried again after OUTPUT_RETRY_MIN_NS, doubling to OUTPUT_RETRY_MAX_NS;
 *     a new wish is tried at once, once.
 *   - A failed attempt that took t keeps the bus free of further attempts at failed outputs for 9 t,
 *     so that all of them together take at most a tenth of it.
 *   - They are served in turn, so that a broken one never stands before the others.
 *   - The bus lets a poll that is due go between any two of them (modbus_bus).
 *
 * An output that is taken out of the site is retired: it is brought to rest, read back, and never
 * touched again, whatever is wanted of it.
 *
 * Pure but for the memory it takes at the start. mboutputs_want(), mboutputs_retire(),
 * mboutputs_leave() and mboutputs_is_rested() may be called from any thread, the rest from one. All times are of one monotonic timeline in nanoseconds.
 */

#include "sensors/driver.h"

#define OUTPUT_RETRY_MIN_NS (1 * NS_PER_S)
#define OUTPUT_RETRY_MAX_NS (30 * NS_PER_S)
#define OUTPUT_CHECK_NS     (30 * NS_PER_S)
#define OUTPUT_RECHECK_NS   (5 * NS_PER_S)
#define OUTPUT_REST         9 /* a failed attempt's cost, times this, is kept free of others */

struct mboutput;

struct mboutputs {
    struct mboutput *list;
    uint32_t count;
    uint32_t next;    /* who is looked at first the next time */
    uint64_t rest_ns; /* no failed output is tried before */
};

/* `count` outputs of which nothing is wanted yet. Returns 0 or -ENOMEM; deinit is right in both. */
SENSORS_NODISCARD int mboutputs_init(struct mboutputs *outputs, uint32_t count);
void mboutputs_deinit(struct mboutputs *outputs);

/* Want output `index` on or off. Any thread. */
void mboutputs_want(struct mboutputs *outputs, uint32_t index, bool on);

/* Bring output `index` to rest for good: it is written off once more, even if it is known to be. */
void mboutputs_retire(struct mboutputs *outputs, uint32_t index);

/* Leave a retired output as it is from now on. */
void mboutputs_leave(struct mboutputs *outputs, uint32_t index);

/* Is it retired? */
bool mboutputs_is_retired(const struct mboutputs *outputs, uint32_t index);

/* Is it retired, and was read back off since? */
bool mboutputs_is_rested(const struct mboutputs *outputs, uint32_t index);

enum mboutput_act { MBOUTPUT_REST, MBOUTPUT_WRITE, MBOUTPUT_LOOK };

/*
 * What is to be done at `now_ns` with an output that `reachable` says can be served. Sets
 * `*ret_index` and `*ret_on`, the state to be written or expected; or returns MBOUTPUT_REST and sets
 * `*ret_due_ns` to when something will be, UINT64_MAX if nothing.
 */
enum mboutput_act mboutputs_next(struct mboutputs *outputs,
                                 bool (*reachable)(void *context, uint32_t index), void *context,
                                 uint64_t now_ns, uint32_t *ret_index, bool *ret_on,
                                 uint64_t *ret_due_ns);

/*
 * Output `index` was read at `now_ns` and is `on`: after a write what was written, after a look
 * whatever it is. A write that reads otherwise has failed.
 */
void mboutputs_seen(struct mboutputs *outputs, uint32_t index, bool on, uint64_t now_ns);

/* An attempt at output `index`, to bring it to `on`, failed; it lasted from `began_ns` to `now_ns`. */
void mboutputs_failed(struct mboutputs *outputs, uint32_t index, bool on, uint64_t began_ns,
                      uint64_t now_ns);

/* The device was silent and may have forgotten the output: it is written anew, unless it fails. */
void mboutputs_forget(struct mboutputs *outputs, uint32_t index);

/* The device was lost and is back: the output is written anew at once, even if it had failed. */
void mboutputs_regained(struct mboutputs *outputs, uint32_t index);

/* The link was opened anew: have a look at every output before long. */
void mboutputs_reopened(struct mboutputs *outputs);

#endif
