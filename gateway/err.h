/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ERR_H
#define GATEWAY_ERR_H

/*
 * Errors of the processes
 *
 * A function that can fail returns int:
 *   0   done; every ret_ argument is set.
 *   <0  a negative errno that nobody is expected to handle. It is passed on with err_trace() to the
 * loop that owns the part, which logs it once and restarts that part. Never match on its value. >0
 * a condition named in the callee's header (WIRE_E_FULL). The caller handles it there; one that has
 * no plan for it uses err_fold().
 *
 * No ret_ argument is touched unless the result is 0. The place where an error began, and the way
 * it came, are noted on the way up and printed with the one log line that reports it.
 */

#include <errno.h>

#define NODISCARD __attribute__((warn_unused_result))

/* Raise, pass on, or turn an unplanned condition into a failure; each notes its place. */
#define err_origin(r) err_note((r), ERR_ORIGIN, __func__, __FILE__, __LINE__)
#define err_trace(r)  err_note((r), ERR_TRACE, __func__, __FILE__, __LINE__)
#define err_fold(r)   err_note((r), ERR_FOLD, __func__, __FILE__, __LINE__)

enum err_kind { ERR_ORIGIN, ERR_TRACE, ERR_FOLD };

NODISCARD int err_note(int r, enum err_kind kind, const char *func, const char *file, int line);

/* Where this thread's last error came from: "journal_open gateway/engine/journal.c:88 < …". */
const char *err_path(void);

#endif
