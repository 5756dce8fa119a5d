/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_APART_H
#define GATEWAY_APART_H

/*
 * Writing apart: a process of its own puts a site into the state directory
 *
 * Whoever writes to a disk that hangs waits in the kernel and takes no signal, and a process does not end
 * before its last thread has. So no thread of the supervisor may write there, or SIGTERM could not end it
 * before the disk answers. This process has nothing of the supervisor's open but the end of a pipe, and is
 * left behind when the supervisor ends; it ends by itself when the disk answers.
 *
 * The next supervisor may have its own site kept meanwhile. So each of these processes has the file APART_LOCK_NAME
 * of the directory locked while it writes: the newer one waits for the older one, and what it writes stands.
 * One that had to wait, and whose supervisor is gone by then, writes nothing: its site is not in force any more.
 */

#include <stddef.h>

#include "gateway/err.h"

#define APART_LOCK_NAME "site.kept.lock"

/*
 * Do kept_write() (kept.h) in a process of its own and wait for it, for as long as it takes; only to be
 * called from a thread that takes no signal, for the process takes none then either. Whoever reaps the
 * caller's children reaps it. Returns what kept_write() does, or a negative errno of its own.
 */
NODISCARD int apart_write(const char *directory, const char *bytes, size_t size);

#endif
