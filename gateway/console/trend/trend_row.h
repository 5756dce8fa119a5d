/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_TREND_TREND_ROW_H
#define GATEWAY_CONSOLE_TREND_TREND_ROW_H

/*
 * A bucket as bytes, in one of four forms
 *
 *     ABSENT   nothing was known                            0 bytes
 *     STEADY   one trusted value all the time               8 bytes: it
 *     BAD      watched, and no value could be trusted       4 bytes: watched_ms
 *     FULL     anything else                               32 bytes: last; last - min, max - last and
 *                                                              mean - last as 32-bit floats; three counts
 *
 * Most points of a building say the same for hours, so most rows are STEADY. The floats are exact to a part of
 * the band, not of the value: an energy meter at 1234567.89 loses nothing. Which form a row has stands
 * elsewhere, in two bits. Little-endian, as all machines are that this runs on. Pure.
 */

#include <stddef.h>

#include "gateway/console/trend/trend_bucket.h"

enum trend_row { TREND_ROW_ABSENT, TREND_ROW_STEADY, TREND_ROW_BAD, TREND_ROW_FULL };

enum { TREND_ROW_SIZE_MAX = 32 };

/* Bytes of a row of that form. */
size_t trend_row_size(enum trend_row form);

/* The form that `bucket` takes, of a span of `step_s`. */
enum trend_row trend_row_form(const struct trend_bucket *bucket, uint32_t step_s);

/* Write a row in its form. */
void trend_row_write(enum trend_row form, const struct trend_bucket *bucket, unsigned char *ret);

/* Read one; false, and nothing is read, when no bucket of ours looks like that. */
bool trend_row_read(enum trend_row form, const unsigned char *bytes, uint32_t step_s,
                    struct trend_bucket *ret_bucket);

#endif
