/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_STUCK_H
#define GATEWAY_STUCK_H

/*
 * A process that was killed and is not gone
 *
 * Whoever waits in the kernel for a disk that does not answer (state D of ps) takes no signal, not even
 * SIGKILL, before the disk does. Until then its files and its locks are its own: another in its place
 * would wait for the same disk, or meet it in the journal. So none is started, and what can be done is to
 * say so, again and again, and not to wait for it at our own end.
 */

#include <sys/types.h>

#include "gateway/process.h"

enum {
    /* A killed process that is still there after so long is held by the kernel. */
    STUCK_MS = 2000,
    /* How often it is told. */
    STUCK_TELL_MS = 10000,
};

/* Of one process. All zero: it was not killed. */
struct stuck {
    uint64_t killed_ns; /* real, when it was sent SIGKILL for the first time */
    uint64_t told_ns;   /* real, when it was told last; 0: it was not */
};

/* Who it is. Texts are the caller's. */
struct stuck_process {
    const char *name;
    pid_t pid;
    enum process_role role;
    const char *state_directory;
};

/* Send `pid` SIGKILL, and note when. */
void stuck_kill(struct stuck *stuck, pid_t pid);

/* Was it killed STUCK_MS ago or longer? The caller knows that it has not been reaped since. */
bool stuck_is_held(const struct stuck *stuck, uint64_t now_ns);

/* Tell it at once when it is held, then every STUCK_TELL_MS. */
void stuck_watch(struct stuck *stuck, const struct stuck_process *who, uint64_t now_ns);

/* Tell that we end without it. */
void stuck_leave(const struct stuck *stuck, const struct stuck_process *who, uint64_t now_ns);

#endif
