/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/console/order_body.h"

#include <string.h>

#include <jansson.h>

#include "gateway/clock.h"

/* A year; no command lasts longer, and in seconds it is far from the end of 32 bits. */
enum { ORDER_SECONDS_MAX = 366 * 24 * 3600 };

struct order_reader {
    struct command *command;
    const struct asker *asker;
    struct order_second *second;
    struct wall now;
    char by[PEER_BY_MAX + 1];
    char second_by[PEER_BY_MAX + 1];
};

/* Copy a text of the body; false when it is too long or holds a control character. */
static bool order_copy_text(const json_t *value, size_t len_max, char *ret) {
    if (!json_is_string(value) || json_string_length(value) > len_max) {
        return false;
    }
    const char *text = json_string_value(value);
    for (size_t i = 0; i < json_string_length(value); i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return false;
        }
    }
    memcpy(ret, text, json_string_length(value) + 1);
    return true;
}

static bool order_read_name(const json_t *value, char ret[PEER_BY_MAX + 1]) {
    return order_copy_text(value, PEER_BY_MAX, ret) && ret[0] != '\0';
}

/* Whoever is signed in is known by a name already. */
static bool order_read_by(struct order_reader *reader, const json_t *value) {
    char by[PEER_BY_MAX + 1];
    return order_read_name(value, reader->asker->kind == ASKER_LOCAL ? reader->by : by);
}

/* At this machine the second person is named, as the first one is; from afar both have to sign. */
static bool order_read_second_by(struct order_reader *reader, const json_t *value) {
    return reader->asker->kind == ASKER_LOCAL && order_read_name(value, reader->second_by);
}

static bool order_read_second_id(struct order_reader *reader, const json_t *value) {
    return reader->asker->kind == ASKER_PERSON &&
           order_copy_text(value, PEOPLE_ID_SIZE - 1, reader->second->id);
}

static bool order_read_second_password(struct order_reader *reader, const json_t *value) {
    return reader->asker->kind == ASKER_PERSON &&
           order_copy_text(value, PEOPLE_PASSWORD_MAX, reader->second->password);
}

static bool order_read_reason(struct order_reader *reader, const json_t *value) {
    return order_copy_text(value, LIMIT_REASON - 1, reader->command->reason);
}

static bool order_read_second_role(struct order_reader *reader, const json_t *value) {
    if (json_is_string(value)) {
        reader->command->second_role =
            role_find(json_string_value(value), json_string_length(value));
    }
    return json_is_string(value) && reader->command->second_role < ROLE_COUNT;
}

/* How long, counted in units of `unit_s`; said once. */
static bool order_read_duration(struct order_reader *reader, const json_t *value, int unit_s) {
    json_int_t count = json_integer_value(value);
    if (!json_is_integer(value) || count < 1 || count > ORDER_SECONDS_MAX / unit_s ||
        reader->command->duration_s != 0) {
        return false;
    }
    reader->command->duration_s = (uint32_t)count * (uint32_t)unit_s;
    return true;
}

static bool order_read_minutes(struct order_reader *reader, const json_t *value) {
    return order_read_duration(reader, value, 60);
}

static bool order_read_seconds(struct order_reader *reader, const json_t *value) {
    return order_read_duration(reader, value, 1);
}

static bool order_read_until(struct order_reader *reader, const json_t *value) {
    struct wall until;
    if (!json_is_string(value) || reader->command->duration_s != 0 ||
        clock_parse_wall(json_string_value(value), &until) != 0) {
        return false;
    }
    if (until.ns <= reader->now.ns) {
        return false; /* it is over; and far enough in the past no difference can be taken */
    }
    int64_t span_s = (until.ns - reader->now.ns) / (int64_t)NS_PER_S;
    if (span_s < 1 || span_s > ORDER_SECONDS_MAX) {
        return false; /* mistyped */
    }
    reader->command->duration_s = (uint32_t)span_s;
    return true;
}

static bool order_read_disposition(struct order_reader *reader, const json_t *value) {
    enum disposition found = DISPOSITION_COUNT;
    if (json_is_string(value)) {
        found = disposition_find(json_string_value(value), json_string_length(value));
    }
    bool stated = found != DISPOSITION_COUNT && found != DISPOSITION_UNSTATED;
    if (stated) {
        reader->command->disposition = found;
    }
    return stated;
}

static bool order_read_result(struct order_reader *reader, const json_t *value) {
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    reader->command->real = strcmp(text, "real") == 0;
    return reader->command->real || strcmp(text, "false") == 0;
}

static bool order_read_of_test(struct order_reader *reader, const json_t *value) {
    reader->command->of_test = json_is_true(value);
    return json_is_boolean(value);
}

static const struct {
    const char *key;
    bool (*read)(struct order_reader *reader, const json_t *value);
} members[] = {
    {"by", order_read_by},
    {"reason", order_read_reason},
    {"minutes", order_read_minutes},
    {"seconds", order_read_seconds},
    {"until", order_read_until},
    {"second_by", order_read_second_by},
    {"second_role", order_read_second_role},
    {"second_id", order_read_second_id},
    {"second_password", order_read_second_password},
    {"disposition", order_read_disposition},
    {"result", order_read_result},
    {"of_test", order_read_of_test},
};

static bool order_read_member(struct order_reader *reader, const char *key, const json_t *value,
                              const char **ret_wrong) {
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (strcmp(members[i].key, key) == 0) {
            *ret_wrong = members[i].key;
            return members[i].read(reader, value);
        }
    }
    return false;
}

/* An investigation says what was found. */
static bool order_is_whole(const struct command *command, const json_t *body) {
    return command->verb != COMMAND_INVESTIGATE || json_object_get(body, "result") != NULL;
}

bool order_body_read(const char *bytes, size_t size, const struct asker *asker, struct wall now,
                     struct command *command, struct order_second *ret_second,
                     const char **ret_wrong) {
    struct order_reader reader = {
        .command = command, .asker = asker, .second = ret_second, .now = now};
    const char *name = asker->name;
    json_t *body =
        size == 0 ? json_object() : json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    bool sound = json_is_object(body) && strlen(name) <= PEER_BY_MAX;
    if (sound) {
        memcpy(reader.by, name, strlen(name) + 1);
    }
    const char *key = NULL;
    json_t *value = NULL;
    *ret_wrong = NULL;
    *ret_second = (struct order_second){0};
    json_object_foreach(body, key, value) {
        if (sound) {
            *ret_wrong = NULL;
            sound = order_read_member(&reader, key, value, ret_wrong);
        }
    }
    if (sound && !order_is_whole(command, body)) {
        *ret_wrong = "result";
        sound = false;
    }
    json_decref(body);
    if (!sound) {
        return false;
    }
    asker_actor_format(asker->kind, reader.by, command->role, command->actor);
    /* One person in two roles is still one person. */
    if (reader.second_by[0] != '\0' && command->second_role < ROLE_COUNT &&
        strcmp(reader.by, reader.second_by) != 0) {
        asker_actor_format(asker->kind, reader.second_by, command->second_role,
                           command->second_actor);
    }
    return true;
}
