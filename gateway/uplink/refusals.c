/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/refusals.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The place of a topic, or one that it can have; NULL when all are of others that were just told. */
static struct refusals_topic *refusals_place(struct refusals *refusals, const char *topic,
                                             uint64_t now_ns) {
    struct refusals_topic *oldest = &refusals->topics[0];
    for (uint32_t i = 0; i < refusals->count; i++) {
        struct refusals_topic *known = &refusals->topics[i];
        if (strncmp(known->topic, topic, sizeof known->topic - 1) == 0) {
            return known;
        }
        oldest = known->told_ns < oldest->told_ns ? known : oldest;
    }
    if (refusals->count < REFUSALS_MAX) {
        oldest = &refusals->topics[refusals->count++];
    } else if (now_ns - oldest->told_ns < REFUSALS_TELL_NS) {
        return NULL;
    }
    *oldest = (struct refusals_topic){0};
    (void)snprintf(oldest->topic, sizeof oldest->topic, "%s", topic);
    return oldest;
}

bool refusals_note(struct refusals *refusals, const char *topic, uint64_t now_ns,
                   struct refusals_line *ret_line) {
    struct refusals_topic *place = refusals_place(refusals, topic, now_ns);
    if (place == NULL) {
        refusals->kept_back++;
        return false;
    }
    place->times++;
    if (place->told_ns != 0 && now_ns - place->told_ns < REFUSALS_TELL_NS) {
        return false;
    }
    *ret_line = (struct refusals_line){.times = place->times, .kept_back = refusals->kept_back};
    place->told_ns = now_ns;
    place->times = 0;
    refusals->kept_back = 0;
    return true;
}

const char *refusals_advice(int number) {
    static const struct {
        int number;
        const char *text;
    } advice[] = {
        {0x87, "let the broker's access rules allow this gateway to write under the topic"},
        {0x90, "let the broker's rules for topics allow this one"},
        {0x95, "raise the broker's maximum message size to 8,900 bytes"},
        {0x97, "raise the broker's quota or rate limit for this gateway"},
        {0x99, "let the broker take JSON under the topic, or check none there"},
    };
    for (size_t i = 0; i < sizeof advice / sizeof *advice; i++) {
        if (advice[i].number == number) {
            return advice[i].text;
        }
    }
    return "look in the broker's log, which says why";
}
