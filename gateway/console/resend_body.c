/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/resend_body.h"

#include <string.h>

#include <jansson.h>

#include "gateway/zone.h"

/* One end: a number or a time. */
static bool resend_read_end(const json_t *value, bool last, uint64_t *ret_seq,
                            struct wall *ret_wall) {
    if (json_is_integer(value)) {
        *ret_seq = (uint64_t)json_integer_value(value);
        return json_integer_value(value) > 0;
    }
    return json_is_string(value) && zone_parse_wall(json_string_value(value), last, ret_wall);
}

static bool resend_read_sink(const json_t *value, uint32_t *ret_sink) {
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    for (uint32_t sink = 0; sink < JOURNAL_SINK_COUNT; sink++) {
        if (strcmp(text, resends_sink_name((enum journal_sink)sink)) == 0) {
            *ret_sink = sink;
            return true;
        }
    }
    return false;
}

/* NULL is who is logged in. */
static bool resend_read_by(const json_t *value, const struct asker *asker, char *ret) {
    bool known = value == NULL || asker->kind != ASKER_LOCAL;
    const char *by = known ? asker->name : json_is_string(value) ? json_string_value(value) : "";
    size_t len = strlen(by);
    bool sound = len > 0 && len <= PEER_BY_MAX && (known || json_string_length(value) == len);
    for (size_t i = 0; sound && i < len; i++) {
        sound = (unsigned char)by[i] >= 0x20 && by[i] != 0x7f;
    }
    if (sound) {
        asker_actor_format(asker->kind, by, asker->role, ret);
    }
    return sound;
}

static bool resend_body_is_known(const json_t *body) {
    static const char *const known[] = {"since", "until", "to", "by"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        count += json_object_get(body, known[i]) != NULL;
    }
    return json_is_object(body) && json_object_size(body) == count;
}

/* NULL, or the member that will not do. */
static const char *resend_read_members(const json_t *body, const struct asker *asker,
                                       struct wall now, struct wire_resend *ret) {
    const json_t *until = json_object_get(body, "until");
    const json_t *to = json_object_get(body, "to");
    if (!resend_read_end(json_object_get(body, "since"), false, &ret->first_seq, &ret->since) ||
        ret->since.ns > now.ns) {
        return "since";
    }
    if (until != NULL && (!resend_read_end(until, true, &ret->last_seq, &ret->until) ||
                          ret->last_seq < ret->first_seq || ret->until.ns < ret->since.ns)) {
        return "until";
    }
    if (to != NULL && !resend_read_sink(to, &ret->sink)) {
        return "to";
    }
    return resend_read_by(json_object_get(body, "by"), asker, ret->actor) ? NULL : "by";
}

bool resend_body_read(const char *bytes, size_t size, const struct asker *asker, struct wall now,
                      struct wire_resend *ret, const char **ret_wrong) {
    *ret = (struct wire_resend){
        .header = wire_header_of(WIRE_RESEND, sizeof *ret),
        .sink = JOURNAL_SINK_MQTT,
        .first_seq = 1,
        .last_seq = INT64_MAX,
        .since = {INT64_MIN},
        .until = {INT64_MAX},
    };
    json_t *body = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    bool known = resend_body_is_known(body);
    *ret_wrong = known ? resend_read_members(body, asker, now, ret) : NULL;
    json_decref(body);
    return known && *ret_wrong == NULL;
}
