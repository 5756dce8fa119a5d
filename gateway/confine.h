/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONFINE_H
#define GATEWAY_CONFINE_H

/*
 * What a component may still do once it has its job
 *
 * A component that is taken over by whoever it speaks to must not get further. Before it speaks to
 * anybody it therefore gives up, for good:
 *
 *   system calls (seccomp)   what no component ever needs: to start a program, to look into another
 *                            process, to mount, load, reboot, set clocks, use keys, io_uring …; and
 *                            sockets of families that its job does not need
 *   files (Landlock)         everything but the system's libraries and settings to read, and what
 *                            its job is about:
 *
 *             reads                                writes                             sockets
 *   engine    the journal's signing key            state, run                         Unix
 *   field     certificates of brokers              devices, also lines not in /dev    Unix, IP
 *   uplink    certificates, keys, secrets; state   files that exist in state; all     Unix, IP
 *                                                  in state/uplink
 *   console   its certificate and key; app; state  run; files that exist in state;    Unix, IP
 *                                                  all in state/console
 *
 * Who reads the journal must be able to write to its index (journal.db-shm), but makes and removes
 * nothing there. The files of the journal come and go under their names, and Landlock opens a directory with all below
 * it, or a file that is there: the uplink could therefore read state/console too, and with it the keys for commands by
 * the broker. A refused call fails with EPERM, a refused file with EACCES; nobody is killed for
 * trying, because a fire alarm is worth more than an example.
 *
 * seccomp is a deny list: a C library that learns a new system call must not stop a gateway. The
 * lists are in confine.c. A kernel without Landlock leaves the files open, and the log says so.
 * Debian 12's kernel has both.
 */

#include "gateway/process.h"

struct confine_conf {
    enum process_role role;
    const char *state_directory; /* absolute; need not exist */
    const char *run_directory;   /* absolute */
    const char *assets;          /* directory of the web app; need not exist */
    /* Files, absolute, that may be missing or be replaced: what holds them is opened, and what
     * holds what they point to. */
    const char *const *secrets;
    uint32_t secret_count;
    const char *const *lines; /* serial */
    uint32_t line_count;
};

/* What the kernel took. */
struct confine {
    bool calls;   /* system calls are filtered */
    int landlock; /* version of Landlock that guards the files; 0: the kernel has none */
};

/*
 * Give up in this process, and in all it may ever start, what `conf->role` does not need. Called
 * once, in main's thread, before others start. Uses `conf` only during the call. A kernel that
 * lacks a means is no error: `ret` says what is in force. Returns 0, or a negative errno when a
 * means that is there could not be used; the process is to end then.
 */
NODISCARD int confine_process(const struct confine_conf *conf, struct confine *ret);

#endif
