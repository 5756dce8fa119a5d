/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_SECRET_FILE_H
#define GATEWAY_UPLINK_SECRET_FILE_H

/*
 * A password or token in a file of its own: its first line
 *
 * Read anew each time that it is needed, so that a changed secret needs no restart; whoever has used
 * it wipes it with explicit_bzero().
 */

#include <stdbool.h>
#include <stddef.h>

enum { SECRET_SIZE = 1024 };

/* Read it; false when the file cannot be read. What is longer than the room is cut. */
bool secret_file_read(const char *path, char ret[SECRET_SIZE]);

#endif
