/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_LOSSES_H
#define GATEWAY_LOSSES_H

/*
 * Losses that no engine has recorded
 *
 * The engine sees a connection break, but not its own end, nor that of a process which it never had a
 * connection of. The supervisor, which is there all the time, sees the end of every process. It keeps
 * each loss and hands all that it keeps to the engine: to a new one at its start, to a running one when
 * another is added and with each heartbeat. The engine says up to which one they are recorded, and only
 * that ends it. An engine that ended before it could say so is followed by one that finds in the journal
 * which of them are; see engine_losses.c.
 *
 * Each process that the supervisor starts has a number, which none had before it. It says so in its hello,
 * so that the engine knows a connection that breaks and a loss that it is handed for one and the same.
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
    /* When it was known to work for the last time: its end, but for one that hung. */
    uint64_t since_ns;
    uint64_t ended_ns; /* when the supervisor saw its end */
    uint64_t number;   /* of the process */
    uint64_t serial;   /* of the loss; given by losses_add() */
};

/* More than an engine that fails at each start brings about within a minute. */
enum { LOSSES_MAX = 16 };

/* In the order in which they ended. All zero at first. */
struct losses {
    uint32_t count;
    uint32_t displaced; /* that there was no room for */
    uint64_t newest;    /* serial of the newest that was ever added; 0: none was */
    struct loss list[LOSSES_MAX];
};

/*
 * Keep one more. Of more than LOSSES_MAX the first ones stay, for they say since when nothing was decided,
 * and the newest.
 */
void losses_add(struct losses *losses, const struct loss *loss);

/* An engine has recorded those up to and with this serial: they are over. */
void losses_recorded(struct losses *losses, uint64_t serial);

/* "killed by signal 9", "被信号 9 终止" … Writes "" when it is not known. */
enum { LOSS_TEXT_SIZE = 80 };
void loss_text(enum loss_end end, uint32_t code, bool chinese, char ret[LOSS_TEXT_SIZE]);

#endif
