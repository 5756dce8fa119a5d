/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/reading.h"

#include <assert.h>

const char *quality_name(enum quality quality) {
    static const char *const names[QUALITY_COUNT] = {
        [QUALITY_GOOD] = "good",
        [QUALITY_UNCERTAIN] = "uncertain",
        [QUALITY_STALE] = "stale",
        [QUALITY_FAULT] = "fault",
        [QUALITY_OUT_OF_SERVICE] = "out_of_service",
    };
    assert(quality < QUALITY_COUNT);
    return names[quality];
}
