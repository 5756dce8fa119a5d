/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_MARKS_H
#define GATEWAY_ENGINE_MARKS_H

/*
 * Marks: an index set with memory of its own
 *
 * Which points or alarms of the site somebody has yet to hear of: a bit each, so that marking the
 * same one twice costs nothing and the set can never grow beyond the site.
 */

#include "gateway/err.h"
#include "rules/index_set.h"

/* No index less than `limit` is marked. Returns 0 or <0; deinit in any case. */
NODISCARD int marks_init(struct index_set *marks, uint32_t limit);

/* All zeros are right for it, and twice is harmless. */
void marks_deinit(struct index_set *marks);

#endif
