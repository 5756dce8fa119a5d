/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/topic.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define TOPIC_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_/-"

static const char topic_alarm_part[] = "/alarm/";
static const char topic_point_part[] = "/point/";

/* Every topic is made here, so that no two rules about form exist. */
static void topic_join(const struct topic_root *root, const char *part, const char *name,
                       char ret[TOPIC_SIZE]) {
    int len = snprintf(ret, TOPIC_SIZE, "%s%s%s", root->text, part, name);
    assert(len > 0 && len < TOPIC_SIZE);
    assert(strspn(ret, TOPIC_CHARACTERS) == (size_t)len);
}

void topic_root_init(struct topic_root *root, const char *site, const char *gateway) {
    assert(site[0] != '\0' && gateway[0] != '\0');
    int len = snprintf(root->text, sizeof root->text, "tocsin/v1/%s/%s", site, gateway);
    assert(len > 0 && (size_t)len < sizeof root->text);
    assert(strspn(root->text, TOPIC_CHARACTERS) == (size_t)len);
    root->len = (size_t)len;
}

void topic_status(const struct topic_root *root, char ret[TOPIC_SIZE]) {
    topic_join(root, "/status", "", ret);
}

void topic_loopback(const struct topic_root *root, char ret[TOPIC_SIZE]) {
    topic_join(root, "/loopback", "", ret);
}

void topic_command(const struct topic_root *root, char ret[TOPIC_SIZE]) {
    topic_join(root, "/command", "", ret);
}

void topic_reply(const struct topic_root *root, const char *user, char ret[TOPIC_SIZE]) {
    assert(strspn(user, TOPIC_CHARACTERS ".") == strlen(user) && strchr(user, '/') == NULL);
    int len = snprintf(ret, TOPIC_SIZE, "%s%s%s", root->text, TOPIC_REPLY_PART,
                       user[0] == '\0' ? "unknown" : user);
    assert(len > 0 && len < TOPIC_SIZE);
}

void topic_event(const struct topic_root *root, enum core_lane lane, enum alarm_class class,
                 const char *type, char ret[TOPIC_SIZE]) {
    const char *dotted = class == ALARM_CLASS_COUNT ? type : alarm_class_facts(class)->name;
    char levels[64];
    size_t len = strlen(dotted);
    assert(len > 0 && len < sizeof levels);
    for (size_t i = 0; i <= len; i++) {
        levels[i] = dotted[i] == '.' ? '/' : dotted[i];
    }
    topic_join(root, lane == LANE_ALARM ? "/event/alarm/" : "/event/activity/", levels, ret);
}

void topic_alarm(const struct topic_root *root, const char *name, char ret[TOPIC_SIZE]) {
    assert(name[0] != '\0');
    topic_join(root, topic_alarm_part, name, ret);
}

/* The filter of all that stands below a part. */
static void topic_filter(const struct topic_root *root, const char *part, char ret[TOPIC_SIZE]) {
    int len = snprintf(ret, TOPIC_SIZE, "%s%s#", root->text, part);
    assert(len > 0 && len < TOPIC_SIZE);
}

/* What stands below a part in `topic`, or NULL when it does not begin so. */
static const char *topic_below(const struct topic_root *root, const char *part, const char *topic) {
    size_t part_len = strlen(part);
    if (strncmp(topic, root->text, root->len) != 0 ||
        strncmp(topic + root->len, part, part_len) != 0) {
        return NULL;
    }
    return topic + root->len + part_len;
}

void topic_alarm_filter(const struct topic_root *root, char ret[TOPIC_SIZE]) {
    topic_filter(root, topic_alarm_part, ret);
}

void topic_alarm_prefix(const struct topic_root *root, char ret[TOPIC_SIZE]) {
    topic_alarm_filter(root, ret);
    ret[strlen(ret) - 1] = '\0'; /* the filter's # */
}

const char *topic_alarm_name(const struct topic_root *root, const char *topic) {
    return topic_below(root, topic_alarm_part, topic);
}

void topic_point_filter(const struct topic_root *root, char ret[TOPIC_SIZE]) {
    topic_filter(root, topic_point_part, ret);
}

const char *topic_point_id(const struct topic_root *root, const char *topic) {
    return topic_below(root, topic_point_part, topic);
}

void topic_point(const struct topic_root *root, const char *point, char ret[TOPIC_SIZE]) {
    assert(point[0] != '\0');
    topic_join(root, topic_point_part, point, ret);
}
