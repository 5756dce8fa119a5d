/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_EVENT_JSON_PARTS_H
#define GATEWAY_ENGINE_EVENT_JSON_PARTS_H

/*
 * What all events have in common, for those who write one: event_json.c, deed_json.c, takeover_json.c
 */

#include "gateway/engine/event_json.h"
#include "gateway/engine/scribe.h"

void event_json_key(struct scribe *scribe, const char *key);
void event_json_string(struct scribe *scribe, const char *key, const char *text, size_t most);
void event_json_time(struct scribe *scribe, struct wall wall);

/* Both languages of a text, or null when there is none in either. */
void event_json_texts(struct scribe *scribe, const char *key, const char *zh, const char *en);

/* What every event begins with, up to its subject; `type` as event_type.h has it. */
void event_json_head(struct scribe *scribe, const struct site *site, unsigned type);

/* When it was, by both clocks, and what the wall clock is worth. */
void event_json_moment(struct scribe *scribe, const struct event_moment *moment);

#endif
