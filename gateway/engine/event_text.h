/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_EVENT_TEXT_H
#define GATEWAY_ENGINE_EVENT_TEXT_H

/*
 * What an event says to people
 *
 * A site writes a message for each of its rules, in Chinese and English; for the product's own
 * rules and for activity the words are here. Placeholders are filled in from the event:
 *
 *     {place}  name of the place       {value} {unit}  of the deciding reading
 *     {point}  id of the point         {since}         local time when the occurrence was raised
 *     {device} {component} {count}     in the product's own texts: what was lost, and its points
 *
 * A rule without a message is named by its place and id; a placeholder that nobody knows stays as
 * it is.
 */

#include "gateway/losses.h"
#include "gateway/site.h"
#include "rules/core.h"

/* Bytes of one text, with the final NUL; a longer one is cut at a whole character. */
enum { EVENT_TEXT_SIZE = 640 };

/* What happened, or which alarm it is about. `raised` is when its occurrence was raised. */
void event_text_message(const struct site *site, const struct core_event *event, struct wall raised,
                        enum site_language language, char ret[EVENT_TEXT_SIZE]);

/* A component that was lost while no engine was there to see it. */
struct event_loss {
    enum loss_end end; /* LOSS_UNKNOWN: there is none */
    uint32_t code;
    uint32_t component;
    uint64_t gone_ns; /* for so long, until it was told */
};

/* What happened when it is that. */
void event_text_loss(const struct site *site, const struct event_loss *loss,
                     enum site_language language, char ret[EVENT_TEXT_SIZE]);

/* What to do about it; "" when nobody has said. */
void event_text_response(const struct site *site, const struct core_event *event,
                         struct wall raised, enum site_language language,
                         char ret[EVENT_TEXT_SIZE]);

#endif
