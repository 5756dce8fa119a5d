/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_MARKS_H
#define GATEWAY_ENGINE_MARKS_H

/*
 * A set of marked indexes
 *
 * Which points or alarms of the site somebody has yet to hear of: one bit each, so that marking the
 * same one twice costs nothing and the set can never grow beyond the site.
 */

#include <stdbool.h>
#include <stdint.h>

#include "gateway/err.h"

/* The value of marks_next() when there is none. */
#define MARKS_NONE UINT32_MAX

struct marks {
    uint64_t *words;
    uint32_t size;  /* of what is indexed */
    uint32_t count; /* marked */
};

NODISCARD int marks_init(struct marks *marks, uint32_t size);
void marks_deinit(struct marks *marks);

void marks_add(struct marks *marks, uint32_t index);
void marks_remove(struct marks *marks, uint32_t index);
bool marks_has(const struct marks *marks, uint32_t index);
void marks_clear(struct marks *marks);

/* The first marked index that is not below `from`, or MARKS_NONE. */
uint32_t marks_next(const struct marks *marks, uint32_t from);

#endif
