/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The path of the last error is kept per thread in a fixed text, so that noting it can never fail
 * and a retry loop cannot make it grow.
 */
#include "gateway/err.h"

#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 400 };

static _Thread_local char path[PATH_SIZE];

int err_note(int r, enum err_kind kind, const char *func, const char *file, int line) {
    if (r == 0 || (r > 0 && kind == ERR_TRACE)) {
        return r;
    }
    size_t used = 0;
    if (kind == ERR_TRACE) {
        used = strlen(path);
    }
    (void)snprintf(path + used, PATH_SIZE - used, "%s%s %s:%d", used > 0 ? " < " : "", func, file,
                   line);
    return r > 0 ? -ENOTRECOVERABLE : r;
}

const char *err_path(void) {
    return path;
}
