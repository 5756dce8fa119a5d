/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_NOTE_FILE_H
#define GATEWAY_UPLINK_NOTE_FILE_H

/*
 * Small files of text that the uplink keeps for its next life, in `uplink/` of the state directory
 *
 * Nothing depends on them but convenience: one that is missing, damaged or too long is read as far as it
 * goes, and what was written is whole or not there.
 */

#include <stddef.h>

#include "gateway/err.h"

/* Room for the path of a file. */
enum { NOTE_FILE_PATH_SIZE = 4096 };

/* Write `<state directory>/uplink/<name>`. Returns 0, or a negative errno when it is too long. */
NODISCARD int note_file_path(const char *state_directory, const char *name,
                             char ret[NOTE_FILE_PATH_SIZE]);

/* Read at most `size` - 1 bytes and add a NUL; "" when there is no such file. */
void note_file_read(const char *path, char *ret, size_t size);

/* Replace it by `text`, also if the power fails meanwhile. Returns 0 or a negative errno. */
NODISCARD int note_file_write(const char *path, const char *text);

#endif
