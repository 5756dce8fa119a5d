/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_DISK_H
#define GATEWAY_DISK_H

/*
 * Whole reads and writes of files, also where a signal interrupts them or the kernel does a part
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/err.h"

/* Write all of it at the file's position; false, with errno, when that failed on the way. */
bool disk_write(int fd, const void *bytes, size_t size);

/* Read `size` bytes from `offset` on; false when there are fewer, or with errno when it failed. */
bool disk_read_at(int fd, void *ret, size_t size, uint64_t offset);

/*
 * Replace the file `name`, shorter than DISK_NAME_SIZE, in the directory open at `directory` by these
 * bytes, readable by its owner alone. A power cut or a failure, a negative errno, leaves the old one or the
 * new one whole; once this has returned 0 it is the new one.
 */
enum { DISK_NAME_SIZE = 64 };
NODISCARD int disk_replace(int directory, const char *name, const void *bytes, size_t size);

#endif
