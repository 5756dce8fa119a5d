/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CLI_EVENT_LINE_H
#define GATEWAY_CLI_EVENT_LINE_H

/*
 * An event as one line for people
 *
 *     ── 2026-11-22 ──
 *     15:17:00  紧急  日间照料室  告警    日间照料室：紧急呼叫  emergency_call/care/…
 *     15:17:41  紧急  日间照料室  已确认  日间照料室：紧急呼叫  wang (engineer, local): …
 *
 * The same for an event from the journal, the live stream or a broker: it is one document
 * everywhere.
 */

#include "gateway/cli/reader.h"

/* Print the line of one event document; a new day has a line of its own before it. */
void event_line_print(struct reader *reader, const json_t *event);

/* The same behind a mark: "+ " for an event that would be new. */
void event_line_print_marked(struct reader *reader, const char *mark, const json_t *event);

#endif
