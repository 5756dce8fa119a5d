/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_PREFIXES_H
#define GATEWAY_UPLINK_PREFIXES_H

/*
 * Under which prefixes announcements may stand
 *
 * A broker keeps what was announced (home_assistant.h) when the site takes another prefix, or none; and it
 * can only be asked for what stands under a prefix that is known. So each that is used is written down,
 * in `uplink/home_assistant` of the state directory, one a line, the newest first, before anything is
 * announced under it. A site that never had the option has no such file, and its broker is asked nothing:
 * some brokers end a connection for a question that they do not allow.
 */

#include "gateway/err.h"
#include "gateway/site.h"

enum {
    /* Each costs one question per session; who tries out more than so many empties the oldest by hand. */
    PREFIXES_MAX = 4,
};

struct prefixes {
    char texts[PREFIXES_MAX][SITE_PREFIX_LEN_MAX + 1];
    uint32_t count;
};

/*
 * Read those of the state directory, put `used` (NULL: none) in front and write them down if that changed
 * anything. `*ret` is complete in any case. Returns 0, or a negative errno when they could not be written:
 * then `used` may be forgotten later. What is no prefix in the file is passed over.
 */
NODISCARD int prefixes_take(const char *state_directory, const char *used, struct prefixes *ret);

#endif
