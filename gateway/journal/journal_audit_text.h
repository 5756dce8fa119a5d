/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_JOURNAL_JOURNAL_AUDIT_TEXT_H
#define GATEWAY_JOURNAL_JOURNAL_AUDIT_TEXT_H

/*
 * What an audit has found, in words
 */

#include <stdio.h>

#include "gateway/journal/journal_audit.h"
#include "gateway/site.h"

/* Write it to `out`, a line for each thing, the first that is wrong last. Returns whether it is good. */
bool journal_audit_print(const struct journal_audit *audit, enum site_language language, FILE *out);

#endif
