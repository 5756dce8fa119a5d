/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_NOTE_LIST_H
#define GATEWAY_UPLINK_NOTE_LIST_H

/*
 * What was used once and may still stand at a broker
 *
 * A broker keeps what is retained when the site no longer has it, and can only be asked for what is
 * known. So each name under which something is retained is written down before it is used, in a file of
 * `uplink/` of the state directory (note_file.h), one a line, the newest first.
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/err.h"
#include "gateway/site.h"

enum {
    /* Each costs a question per session; who tries out more than so many empties the oldest by hand. */
    NOTE_LIST_MAX = 4,
    /* A prefix, or two ids of 32 and a slash. */
    NOTE_LIST_TEXT_MAX = 65,
};
_Static_assert((int)SITE_PREFIX_LEN_MAX <= (int)NOTE_LIST_TEXT_MAX, "a prefix fits");

struct note_list {
    char texts[NOTE_LIST_MAX][NOTE_LIST_TEXT_MAX + 1];
    uint32_t count;
};

/*
 * Read the list of file `name`, put `used` (NULL: none) in front and write it down if that changed
 * anything. `*ret` is complete in any case. Returns 0, or a negative errno when it could not be written:
 * then `used` may be forgotten later. What is not good in the file is passed over.
 */
NODISCARD int note_list_take(const char *state_directory, const char *name, const char *used,
                             bool (*is_good)(const char *text), struct note_list *ret);

#endif
