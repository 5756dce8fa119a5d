/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/deed_json.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gateway/engine/event_json_parts.h"
#include "gateway/event_type.h"

enum { DEED_TEXT_SIZE = 512, DEED_ID_MAX = 320 };

static const struct {
    uint32_t what;
    const char *name, *zh, *en;
} changes[] = {
    {DEED_ADDED, "added", "已添加", "added"},
    {DEED_CLAIMED, "claimed", "以认领码成为首位用户", "became the first one, with the claim code"},
    {DEED_REMOVED, "removed", "已删除", "removed"},
    {DEED_NAME, "name", "已更名", "another name"},
    {DEED_ROLE, "role", "已更改角色", "another role"},
    {DEED_PASSWORD, "password", "已更改密码", "another password"},
    {DEED_KEY_MADE, "key_made", "已生成命令密钥", "a key for commands"},
    {DEED_KEY_ENDED, "key_ended", "命令密钥已失效", "the key for commands has ended"},
    {DEED_SIGNED_OUT, "signed_out", "登录已被结束", "was signed out"},
};
enum { CHANGES = sizeof changes / sizeof *changes };

/* ---- what a console says ---- */

static bool text_ends(const char *text, size_t size) {
    return memchr(text, '\0', size) != NULL;
}

bool deed_is_sound(const struct deed *deed) {
    bool texts = text_ends(deed->actor, sizeof deed->actor) &&
                 text_ends(deed->person, sizeof deed->person) &&
                 text_ends(deed->name, sizeof deed->name) &&
                 text_ends(deed->name_before, sizeof deed->name_before) &&
                 text_ends(deed->role, sizeof deed->role) &&
                 text_ends(deed->role_before, sizeof deed->role_before) &&
                 text_ends(deed->address, sizeof deed->address);
    bool held_up = deed->what == DEED_HELD_UP;
    return texts && deed->what != 0 && (deed->what & ~(uint32_t)DEED_ALL) == 0 &&
           (held_up || ((deed->what & DEED_HELD_UP) == 0 && deed->actor[0] != '\0' &&
                        deed->person[0] != '\0' && deed->actor_role < ROLE_COUNT));
}

unsigned deed_event_type(const struct deed *deed) {
    return deed->what == DEED_HELD_UP ? EVENT_TYPE_SIGN_IN_HELD_UP : EVENT_TYPE_USER_CHANGED;
}

/* ---- text ---- */

static void deed_words(const struct deed *deed, bool zh, char ret[DEED_TEXT_SIZE]) {
    size_t len = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < CHANGES; i++) {
        if ((deed->what & changes[i].what) != 0) {
            len += (size_t)snprintf(ret + len, DEED_TEXT_SIZE - len, "%s%s",
                                    len == 0 ? "" : (zh ? "、" : ", "),
                                    zh ? changes[i].zh : changes[i].en);
        }
    }
    if (deed->role[0] != '\0' && (deed->what & DEED_REMOVED) == 0) {
        (void)snprintf(ret + len, DEED_TEXT_SIZE - len, zh ? "；角色 %s" : "; role %s", deed->role);
    }
}

static void deed_texts(struct scribe *scribe, const struct deed *deed) {
    char zh[2 * DEED_TEXT_SIZE], en[2 * DEED_TEXT_SIZE], words[DEED_TEXT_SIZE];
    if (deed->what == DEED_HELD_UP) {
        (void)snprintf(zh, sizeof zh, "有人多次输错 %s 的密码，已放慢其登录尝试",
                       deed->person[0] == '\0' ? "未知用户" : deed->person);
        (void)snprintf(en, sizeof en,
                       "Wrong passwords again and again for %s: whoever tries is made to wait",
                       deed->person[0] == '\0' ? "users that there are not" : deed->person);
    } else {
        deed_words(deed, true, words);
        (void)snprintf(zh, sizeof zh, "用户 %s（%s）：%s", deed->person, deed->name, words);
        deed_words(deed, false, words);
        (void)snprintf(en, sizeof en, "User %s (%s): %s", deed->person, deed->name, words);
    }
    event_json_texts(scribe, "text", zh, en);
}

/* ---- the event ---- */

static void deed_optional(struct scribe *scribe, const char *key, const char *text) {
    if (text[0] != '\0') {
        event_json_string(scribe, key, text, DEED_ID_MAX);
    }
}

static void deed_changes(struct scribe *scribe, const struct deed *deed) {
    bool first = true;
    event_json_key(scribe, "changes");
    scribe_raw(scribe, "[");
    for (size_t i = 0; i < CHANGES; i++) {
        if ((deed->what & changes[i].what) != 0) {
            scribe_raw(scribe, first ? "" : ",");
            scribe_string(scribe, changes[i].name, DEED_ID_MAX);
            first = false;
        }
    }
    scribe_raw(scribe, "]");
}

static void deed_data(struct scribe *scribe, const struct deed *deed) {
    scribe_raw(scribe, "{\"place\":null,\"point\":null,\"actor\":");
    if (deed->what == DEED_HELD_UP) {
        scribe_raw(scribe, "null");
    } else {
        scribe_string(scribe, deed->actor, DEED_ID_MAX);
        event_json_string(scribe, "role", role_name((enum role)deed->actor_role), DEED_ID_MAX);
    }
    deed_optional(scribe, "user", deed->person);
    deed_optional(scribe, "name", deed->name);
    deed_optional(scribe, "user_role", deed->role);
    if (deed->what != DEED_HELD_UP) {
        deed_changes(scribe, deed);
    }
    deed_optional(scribe, "name_before", deed->name_before);
    deed_optional(scribe, "role_before", deed->role_before);
    deed_optional(scribe, "address", deed->address);
    event_json_key(scribe, "changed");
    event_json_time(scribe, deed->at);
    deed_texts(scribe, deed);
    scribe_raw(scribe, "}");
}

void deed_json_format(const struct site *site, const struct deed *deed,
                      const struct event_moment *moment, struct event_json *ret) {
    struct scribe scribe = {.at = ret->text, .size = sizeof ret->text};
    event_json_head(&scribe, site, deed_event_type(deed));
    event_json_string(&scribe, "subject", "gateway", DEED_ID_MAX);
    event_json_moment(&scribe, moment);
    ret->split = scribe.used;
    event_json_key(&scribe, "data");
    deed_data(&scribe, deed);
    scribe_raw(&scribe, "}");
    assert(!scribe.full);
    ret->size = scribe.used;
}
