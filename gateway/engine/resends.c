/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/resends.h"

#include <assert.h>
#include <string.h>

const char *resends_sink_name(enum journal_sink sink) {
    static const char *const names[JOURNAL_SINK_COUNT] = {
        [JOURNAL_SINK_MQTT] = "broker",
        [JOURNAL_SINK_DATABASE] = "database",
    };
    assert(sink < JOURNAL_SINK_COUNT);
    return names[sink];
}

bool resends_ask(struct resends *resends, const struct wire_resend *message, uint64_t newest,
                 uint64_t number) {
    assert(number != 0);
    if (message->sink >= JOURNAL_SINK_COUNT || message->first_seq == 0 ||
        message->actor[0] == '\0' || memchr(message->actor, '\0', sizeof message->actor) == NULL) {
        return false;
    }
    struct wire_resend *place = &resends->list[message->sink];
    *place = *message;
    place->number = number;
    place->last_seq = message->last_seq < newest ? message->last_seq : newest;
    resends->sent[message->sink] = false;
    return true;
}

void resends_renew(struct resends *resends) {
    memset(resends->sent, 0, sizeof resends->sent);
}

void resends_flush(struct resends *resends, int (*send)(void *context, const void *message),
                   void *context) {
    for (int sink = 0; sink < JOURNAL_SINK_COUNT; sink++) {
        if (resends->list[sink].number != 0 && !resends->sent[sink]) {
            if (send(context, &resends->list[sink]) != 0) {
                return;
            }
            resends->sent[sink] = true;
        }
    }
}

const struct wire_resend *resends_over(struct resends *resends, const struct wire_resent *message) {
    if (message->sink >= JOURNAL_SINK_COUNT || message->number == 0 ||
        resends->list[message->sink].number != message->number) {
        return NULL;
    }
    resends->list[message->sink].number = 0;
    return &resends->list[message->sink];
}
