/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_TOPIC_H
#define GATEWAY_UPLINK_TOPIC_H

/*
 * MQTT topics
 *
 * Where each message of the gateway is published. All topics begin with
 * `tocsin/v1/<site>/<gateway>`, consist of [a-z0-9_/-] only, and have no leading slash:
 *
 *     status                        retained: online, offline
 *     loopback                      what the gateway says to itself, to see whether it arrives
 *     event/<lane>/<class>          one event; the class with "/" for each "."
 *     alarm/<rule>/<entity>         retained: one alarm while it is not normal
 *     point/<point id>              retained: one value
 *     command                       what people command, where the site lets them: nothing of ours
 *     reply/<user>                  what has become of it
 *
 * The parts are ids that the configuration has checked, so nothing is escaped here: a character
 * that does not belong is our bug, and an assertion.
 */

#include <stddef.h>

#include "rules/core.h"

/* Longest topic with the final NUL: a site, a gateway, and the longest alarm name. */
enum { TOPIC_SIZE = 768 };

/* The part that all topics share; made once. */
struct topic_root {
    char text[256];
    size_t len;
};

void topic_root_init(struct topic_root *root, const char *site, const char *gateway);

void topic_status(const struct topic_root *root, char ret[TOPIC_SIZE]);
void topic_loopback(const struct topic_root *root, char ret[TOPIC_SIZE]);

/* Where commands come in. */
void topic_command(const struct topic_root *root, char ret[TOPIC_SIZE]);

/*
 * Where they are answered. `user` is the id of a person: a-z, 0-9, '.', '_' and '-', so that this is the only topic
 * with a full stop; "" when nobody is named.
 */
#define TOPIC_REPLY_PART "/reply/"
void topic_reply(const struct topic_root *root, const char *user, char ret[TOPIC_SIZE]);

/* The topic of an event; `class` is ALARM_CLASS_COUNT for one that has none: then its type counts.
 */
void topic_event(const struct topic_root *root, enum core_lane lane, enum alarm_class class,
                 const char *type, char ret[TOPIC_SIZE]);

/* The topic of an alarm's state; `name` is "<rule>/<entity>". */
void topic_alarm(const struct topic_root *root, const char *name, char ret[TOPIC_SIZE]);

/* The filter that matches the topics of all alarms of this gateway: ends in "/alarm/#". */
void topic_alarm_filter(const struct topic_root *root, char ret[TOPIC_SIZE]);

/* What the topics of all alarms begin with, and no other: it ends in a slash. */
void topic_alarm_prefix(const struct topic_root *root, char ret[TOPIC_SIZE]);

/* The reverse of topic_alarm(): the name inside `topic`, or NULL when it is no alarm's topic. */
const char *topic_alarm_name(const struct topic_root *root, const char *topic);

/* Likewise of all points, and of one of them. */
void topic_point_filter(const struct topic_root *root, char ret[TOPIC_SIZE]);
const char *topic_point_id(const struct topic_root *root, const char *topic);

/* The topic of a point's value. */
void topic_point(const struct topic_root *root, const char *point, char ret[TOPIC_SIZE]);

#endif
