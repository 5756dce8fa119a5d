/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_FORMER_H
#define GATEWAY_UPLINK_FORMER_H

/*
 * What this gateway was called before
 *
 * When a site or gateway gets another id, all that was retained under the one before stands at the
 * broker as it was: values that are "good", alarms that are open, entities in Home Assistant. Nobody
 * else would ever empty that. But another gateway may have taken the name over meanwhile, and what it
 * retains is its own. So the broker is first asked for the status under each former name:
 *
 *     status says offline, with a boot number of this gateway's own   ──▶ asked for all the rest there,
 *                                                                         and that is emptied
 *     anything else, or nothing                                       ──▶ left alone
 *
 * The status itself stays and says "offline", which is true of that name; and while it does, each
 * session looks once more.
 *
 * A boot number is of this gateway when it is not newer than its own, and at most FORMER_BOOTS of the
 * longest steps older: each start goes on by a small one, and where a state directory begins to count
 * nobody else does, unless it began within the quarter of an hour before (journal_boot.h).
 * Names are kept in `uplink/identities` (note_list.h).
 */

#include "gateway/uplink/home_assistant.h"
#include "gateway/uplink/note_list.h"
#include "gateway/uplink/topic.h"

enum { FORMER_MAX = NOTE_LIST_MAX - 1, FORMER_BOOTS = 1000 };

/* What may be asked of one: alarms, points, and announcements under each prefix. */
enum { FORMER_FILTERS_MAX = 2 + NOTE_LIST_MAX };

struct former {
    struct former_name {
        struct topic_root root;
        char node[HOME_ASSISTANT_NODE_SIZE]; /* of Home Assistant */
        bool ours;                           /* it was seen to be, in this session */
    } names[FORMER_MAX];
    uint32_t count;
    struct note_list prefixes; /* of Home Assistant, that were ever used */
};

/* All but the first of `identities`, which is the present one: each "<site>/<gateway>". */
void former_init(struct former *former, const struct note_list *identities,
                 const struct note_list *prefixes);

/* Is it an identity, as a line of the file? */
bool former_is_identity(const char *text);

/* A session with a broker has begun: nothing is known of what it holds. */
void former_session(struct former *former);

/* What a topic is that a broker holds. */
enum former_topic {
    FORMER_FOREIGN, /* of no former name of ours */
    FORMER_GONE,    /* a status that was left: ask for former_filter() of `*ret_name` */
    FORMER_LEFT,    /* to be emptied */
};

/* `start` is what the message begins with, `boot` the number of this boot. */
enum former_topic former_look(struct former *former, const char *topic, const char *start,
                              const char *boot, uint32_t *ret_name);

/* The filter of the status under a former name. */
void former_status(const struct former *former, uint32_t name, char ret[TOPIC_SIZE]);

/* The `index`th filter of all else under it; false when there are no more. */
bool former_filter(const struct former *former, uint32_t name, uint32_t index,
                   char ret[TOPIC_SIZE]);

#endif
