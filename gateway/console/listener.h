/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_LISTENER_H
#define GATEWAY_CONSOLE_LISTENER_H

/*
 * The console's Unix socket
 *
 * Mode 0660 and of group `tocsin` where there is one, from the first moment that the path exists. A
 * socket that a dead process left behind is replaced; one that answers belongs to another gateway
 * and is left alone.
 */

#include <sys/types.h>

#include "gateway/err.h"

/* Bytes of the longest path that a socket can have (sun_path without its NUL). */
enum { LISTENER_PATH_MAX = 107 };

#define LISTENER_E_PATH   1 /* the path is longer than LISTENER_PATH_MAX or empty */
#define LISTENER_E_IN_USE 2 /* somebody answers there */

/* Listen at `path`; `group` owns the socket unless it is (gid_t)-1. */
NODISCARD int listener_open(const char *path, gid_t group, int *ret_fd);

#endif
