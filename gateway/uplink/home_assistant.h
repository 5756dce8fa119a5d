/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_UPLINK_HOME_ASSISTANT_H
#define GATEWAY_UPLINK_HOME_ASSISTANT_H

/*
 * Announcements to Home Assistant
 *
 * Home Assistant makes an entity of each retained message under
 *
 *     <prefix>/<component>/<node>/<object>/config      component: binary_sensor, sensor
 *
 * and forgets it when the topic is emptied. Where a site asks for it (`home_assistant:` below `mqtt:`),
 * each point that is published gets one, and the gateway itself; nothing new is told of a point, for an
 * announcement only names the topics that there are: `point/<point id>` and `status`. So cards never
 * leave, event points have no entity, and nothing here can be commanded.
 *
 *     prefix    as the site says; Home Assistant's own is "homeassistant"
 *     node      tocsin_<site>_<gateway>
 *     object    "status" for the gateway, else the point's id with _ for each /
 *
 * Ids have no underscore, so that no two of these are equal. The points of a place are one device, named
 * as the place is; it hangs on that of the gateway. An entity is not available while the gateway is
 * offline (its last will) or its own quality is not to be relied on: a stale detector is never shown as
 * one that is quiet.
 *
 * `panic_button` is left out: a call under duress is silent at the place (model.md 3), and who sets up a
 * screen there may not think of it.
 *
 * Sources: home-assistant.io, integrations `mqtt` (MQTT discovery: topic, payload, origin),
 * `binary_sensor.mqtt` and `sensor.mqtt` (fields, availability); home-assistant/core,
 * components/binary_sensor/__init__.py and components/sensor/const.py (device classes, what on means,
 * units, state classes).
 *
 * Pure but for the memory that the JSON takes; the caller publishes.
 */

#include "gateway/site.h"
#include "gateway/uplink/topic.h"
#include "gateway/uplink/uplink_json.h"

enum {
    HOME_ASSISTANT_NODE_SIZE = 80,
};

struct home_assistant {
    const struct site *site;
    const struct topic_root *root;
    const char *prefix; /* NULL: nothing is announced */
    enum site_language language;
    char node[HOME_ASSISTANT_NODE_SIZE];
    uint32_t next; /* what is announced next: 0 is the gateway, then the points */
    bool refused;  /* by this broker, in this session */
};

/* Keeps both. */
void home_assistant_init(struct home_assistant *announcements, const struct site *site,
                         const struct topic_root *root);

/* A session with a broker has begun: all is announced again. */
void home_assistant_session(struct home_assistant *announcements);

/* The broker has refused one: none is sent in what is left of the session. */
void home_assistant_refused(struct home_assistant *announcements);

/*
 * Write the next announcement that is due and return its length; 0 when none is, or there is no memory
 * for it now. It stays the next one until home_assistant_done().
 */
size_t home_assistant_next(struct home_assistant *announcements, char ret_topic[TOPIC_SIZE],
                           char ret_payload[UPLINK_JSON_SIZE]);
void home_assistant_done(struct home_assistant *announcements);

/* The topics of all that is announced, one after the other: begin with `*entity` 0. False at the end. */
bool home_assistant_entity(const struct home_assistant *announcements, uint32_t *entity,
                           char ret_topic[TOPIC_SIZE]);

/* The node of a gateway, and the filter of all its announcements under `prefix`. */
void home_assistant_node(const char *site, const char *gateway, char ret[HOME_ASSISTANT_NODE_SIZE]);
void home_assistant_filter(const char *node, const char *prefix, char ret[TOPIC_SIZE]);

/* Is `topic` one of those, whatever the prefix? */
bool home_assistant_is_of_node(const char *node, const char *topic);

/* What a topic is that a broker holds. */
enum home_assistant_topic {
    HOME_ASSISTANT_FOREIGN, /* none of ours */
    HOME_ASSISTANT_CURRENT, /* will be, or has been, announced */
    HOME_ASSISTANT_STALE,   /* of an earlier site: to be emptied */
};
enum home_assistant_topic home_assistant_topic(const struct home_assistant *announcements,
                                               const char *topic);

#endif
