/* SPDX-License-Identifier: Apache-2.0 */
#include "sensors/bell.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void bell_ring(struct bell *bell) {
    atomic_fetch_add(&bell->rings, 1);
    if (atomic_load(&bell->sleepers) != 0) {
        (void)syscall(SYS_futex, &bell->rings, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

void bell_sleep(struct bell *bell, uint64_t span_ns) {
    /* The order matters: whoever rings after this line sees a sleeper, whoever rang before changed
     * `rings`. */
    atomic_fetch_add(&bell->sleepers, 1);
    uint32_t rings = atomic_load(&bell->rings);
    if (rings == bell->heard && span_ns > 0) {
        struct timespec span = {
            .tv_sec = (time_t)(span_ns / NS_PER_S),
            .tv_nsec = (long)(span_ns % NS_PER_S),
        };
        /* Every way of returning, a signal too, only makes the caller look at its clock again. */
        (void)syscall(SYS_futex, &bell->rings, FUTEX_WAIT_PRIVATE, rings, &span, NULL, 0);
        rings = atomic_load(&bell->rings);
    }
    atomic_fetch_sub(&bell->sleepers, 1);
    bell->heard = rings;
}
