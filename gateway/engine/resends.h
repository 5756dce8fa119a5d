/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_ENGINE_RESENDS_H
#define GATEWAY_ENGINE_RESENDS_H

/*
 * Resends: what somebody wants a sink to get again, until it has
 *
 * One question a sink: a newer one takes its place. The uplink forgets it with its process, so it is
 * given to each new one; the uplink says when it is over. A restart of both at once ends it, and
 * whoever asked can ask again.
 */

#include "gateway/journal/journal_gather.h"
#include "gateway/wire.h"

struct resends {
    struct wire_resend list[JOURNAL_SINK_COUNT]; /* number 0: nothing is asked for */
    bool sent[JOURNAL_SINK_COUNT];               /* the uplink has it */
};

/* What people call a sink: "broker", "database". */
const char *resends_sink_name(enum journal_sink sink);

/*
 * Somebody asks; `newest` is the newest number of the journal, `number` none that was used before.
 * Returns false, and changes nothing, for a message that no console sends.
 */
bool resends_ask(struct resends *resends, const struct wire_resend *message, uint64_t newest,
                 uint64_t number);

/* The uplink is new and knows nothing. */
void resends_renew(struct resends *resends);

/* Send what has not been sent, until `send` returns anything but 0. */
void resends_flush(struct resends *resends, int (*send)(void *context, const void *message),
                   void *context);

/* One is over. Returns what it was, or NULL when it is not known any more. */
const struct wire_resend *resends_over(struct resends *resends, const struct wire_resent *message);

#endif
