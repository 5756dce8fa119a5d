/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_LINE_H
#define TESTS_SUPPORT_LINE_H

/*
 * A line to a broker under test, its loop, and what it has said so far
 *
 * Each wait ends with a condition, or fails the test after PATIENCE_S.
 */

#include "gateway/uplink/mqtt_link.h"
#include "tests/support/broker.h"
#include "tests/support/fake_broker.h"

enum { PATIENCE_S = 120, TICKETS_MAX = 4096 };

struct scene {
    struct event_base *base;
    struct event *pulse; /* lets waiting look at its condition */
    struct mqtt_link *link;
    struct mqtt_link_conf conf;
    const char *addresses[2];
    int connected, answered, unretained, unsound, lost_up, lost_trying, taken, refused, failed;
    char reason[MQTT_LINK_REASON_SIZE];
    int refused_number; /* of the last that was refused, and so on */
    bool refused_as_large;
    char refused_topic[64];
    char broker[64];
    char retained[256];
    bool took[TICKETS_MAX];
};

/* A line to `address` (and then `second`, if any) with short time-outs; not started. */
void scene_init(struct scene *scene, uint32_t version, const char *address, const char *second);
void scene_start(struct scene *scene);

/* The library must not have hung. */
void scene_free(struct scene *scene);

/* Run the loop until `*count` is at least `wanted`. */
void scene_await(struct scene *scene, const int *count, int wanted);

/* Run it until a subscriber has printed `wanted`. */
void scene_await_text(struct scene *scene, struct subscriber *subscriber, const char *wanted);

/* A broker that lives, with more lines of its configuration, and a line that tries to reach it. */
void scene_try(struct scene *scene, struct broker *broker, uint32_t version, const char *settings);

/* The same with a line that is up. */
void scene_meet(struct scene *scene, struct broker *broker, uint32_t version);
void scene_meet_with(struct scene *scene, struct broker *broker, uint32_t version,
                     const char *settings);
void scene_part(struct scene *scene, struct broker *broker);

/* Start a broker that was told how to misbehave, and a line that tries to reach it. */
void scene_try_fake(struct scene *scene, struct fake_broker *broker, uint32_t version);
void scene_part_fake(struct scene *scene, struct fake_broker *broker);

/* Publish "message-<ticket>;" under t/event, waiting for a place if there is none. */
void scene_publish(struct scene *scene, uint64_t ticket);

/* Write `text` to a file of the broker's directory and put its path into `ret`. */
void scene_write(const struct broker *broker, const char *name, const char *text, char ret[64]);

#endif
