/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_DATABASE_QUARANTINE_H
#define GATEWAY_UPLINK_DATABASE_QUARANTINE_H

/*
 * The quarantine: lines that the database refuses, for a person to look at
 *
 *     # 2026-11-22T07:17:00.123Z status 400: field type conflict …
 *     temperature,gateway=main,… value=23.1,quality=0i 1763770000123456789
 *
 * in `refused.lines` of a directory; beyond QUARANTINE_BYTES it becomes `refused.lines.1` and a new
 * one begins, so that there are never more than two. The file as it is can be written into a database
 * once the reason is gone: a line that begins with `#` is a comment to it.
 */

#include <stdbool.h>
#include <stddef.h>

#include "rules/instant.h"

enum { QUARANTINE_BYTES = 1 << 20 };

/* Keep a line of `size` bytes, with its line feed. Returns false when the disk would not. */
bool quarantine_keep(const char *directory, struct wall now, const char *reason, const char *line,
                     size_t size);

#endif
