/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_CONSOLE_ANSWERS_H
#define GATEWAY_CONSOLE_ANSWERS_H

/*
 * What the addresses answer
 *
 * Each ends its request, at once or, a stream and a command, when the time has come. Whether the
 * asker may have the answer was decided before (routes.h).
 */

#include "gateway/console/call.h"

/* How things are: answers_present.c. */
void answer_alarms(struct call *call);
void answer_alarm(struct call *call);
void answer_points(struct call *call);
void answer_places(struct call *call);
void answer_plan(struct call *call); /* the path is the id of a place */
void answer_shifts(struct call *call);
void answer_devices(struct call *call);
void answer_rules(struct call *call);
void answer_version(struct call *call);
void answer_health(struct call *call);
void answer_metrics(struct call *call);
void answer_openapi(struct call *call);

/* What happened, and what happens: answers_events.c. */
void answer_events(struct call *call);
void answer_stream(struct call *call);
/* Is what was recorded still as it was? */
void answer_audit(struct call *call);
void answer_audit_begin(struct call *call);
void answer_resend(struct call *call);

/* How things were, for charts: answers_history.c. The path is the id of a point. */
void answer_history(struct call *call);
void answer_history_point(struct call *call);

/* The phones that people are called on: answers_push.c. */
void answer_push_key(struct call *call);
void answer_push_list(struct call *call);
void answer_push_subscribe(struct call *call);
void answer_push_leave(struct call *call);
void answer_push_receipt(struct call *call);

/* Pages that are open, and who can be reached: answers_pages.c. */
void answer_page(struct call *call);
void answer_reach(struct call *call);

/* What people do: answers_commands.c. The path is `<rule>/<entity>/<verb>`, or `<place>/<verb>`. */
void answer_command(struct call *call);
void answer_place_command(struct call *call);

#endif
