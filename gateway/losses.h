/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_LOSSES_H
#define GATEWAY_LOSSES_H

/*
 * Losses that no engine has seen
 *
 * The engine tells of each process that it loses, but nobody tells of the engine, nor of those that
 * end while it is away. The supervisor, which is there all the time, keeps these losses and hands
 * them to each new engine, until one says that they are recorded. An engine that ended in between is
 * followed by one that finds in the journal which of them are; see engine_losses.c.
 *
 * Times are clock_real_ns(): of this machine since it was started, whoever reads them.
 */

#include <stdbool.h>
#include <stdint.h>

/* How a process came to its end. Part of the recording: never renumbered, and 0 says nothing. */
enum loss_end {
    LOSS_UNKNOWN,
    LOSS_KILLED,      /* by signal `code` */
    LOSS_EXITED,      /* with `code` */
    LOSS_HUNG,        /* it did not say that it was alive, and was killed for that */
    LOSS_NOT_STARTED, /* it could not be started */
    LOSS_END_COUNT,
};

struct loss {
    uint32_t role; /* enum process_role */
    uint32_t instance;
    uint32_t end; /* enum loss_end */
    uint32_t code;
    uint64_t
        since_ns; /* when it was known to work for the last time: its end, but for one that hung */
    uint64_t ended_ns; /* when the supervisor saw its end */
};

/* More than an engine that fails at each start brings about within a minute. */
enum { LOSSES_MAX = 16 };

/* In the order in which they ended. All zero at first. */
struct losses {
    uint32_t count;
    uint32_t displaced; /* that there was no room for */
    struct loss list[LOSSES_MAX];
};

/*
 * Keep one more. Of more than LOSSES_MAX the first ones stay, for they say since when nothing was decided,
 * and the newest.
 */
void losses_add(struct losses *losses, const struct loss *loss);

/* An engine has recorded what it was given at its start: those that had ended until then. */
void losses_recorded(struct losses *losses, uint64_t until_ns);

/* An engine works: what happened to the others until then it has seen itself. */
void losses_seen(struct losses *losses, uint64_t until_ns);

/* "killed by signal 9", "被信号 9 终止" … Writes "" when it is not known. */
enum { LOSS_TEXT_SIZE = 80 };
void loss_text(enum loss_end end, uint32_t code, bool chinese, char ret[LOSS_TEXT_SIZE]);

#endif
