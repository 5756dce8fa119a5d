/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/engine/takeover_json.h"

#include <assert.h>
#include <string.h>

#include "gateway/audience.h"
#include "gateway/engine/event_json_parts.h"
#include "gateway/event_type.h"
#include "rules/text.h"

enum { TAKEOVER_TEXT_MAX = 320 };

static const struct {
    const char *name, *words[LANGUAGE_EN + 1];
} counts[TAKEOVER_COUNTS] = {
    [TAKEOVER_UNACKNOWLEDGED] = {"unacknowledged", {"未处理", "not acknowledged"}},
    [TAKEOVER_ACKNOWLEDGED] = {"acknowledged", {"处理中", "being seen to"}},
    [TAKEOVER_ASIDE] = {"aside", {"暂不告警", "set aside"}},
    [TAKEOVER_OUT_OF_SERVICE] = {"out_of_service", {"停用", "out of service"}},
    [TAKEOVER_TESTS] = {"tests", {"测试中", "under test"}},
    [TAKEOVER_DEVICES_LOST] = {"devices_lost", {"设备失联", "devices lost"}},
};

bool takeover_is_sound(const struct site *site, const struct takeover *takeover) {
    return memchr(takeover->actor, '\0', sizeof takeover->actor) != NULL &&
           memchr(takeover->note, '\0', sizeof takeover->note) != NULL &&
           takeover->actor[0] != '\0' && takeover->actor_role < ROLE_COUNT &&
           (takeover->shift == TAKEOVER_NO_SHIFT || takeover->shift < site->ruleset.shift_count);
}

static void takeover_shift_words(const struct site *site, const struct takeover *takeover,
                                 enum site_language language, char ret[AUDIENCE_WORDS_SIZE]) {
    ret[0] = '\0';
    if (takeover->shift != TAKEOVER_NO_SHIFT) {
        audience_words(site, CHAIN_TO_SHIFT, takeover->shift, language, ret);
    }
}

/* "护理班已接班：未处理 2，处理中 1": what there is of; that there is nothing is said as well. */
static void takeover_text(const struct site *site, const struct takeover *takeover,
                          enum site_language language, char ret[EVENT_TEXT_SIZE]) {
    bool chinese = language == LANGUAGE_ZH;
    char shift[AUDIENCE_WORDS_SIZE];
    bool any = false;
    struct text text;
    text_init(&text, ret, EVENT_TEXT_SIZE);
    takeover_shift_words(site, takeover, language, shift);
    text_add(&text, shift[0] != '\0' ? shift : (chinese ? "本班" : "The shift"));
    text_add(&text, chinese ? "已有人接班：" : " is taken over: ");
    for (enum takeover_count i = 0; i < TAKEOVER_COUNTS; i++) {
        if (takeover->counts[i] == 0) {
            continue;
        }
        text_add(&text, any ? (chinese ? "，" : ", ") : "");
        text_add(&text, counts[i].words[language]);
        text_add(&text, " ");
        text_add_count(&text, takeover->counts[i]);
        any = true;
    }
    text_add(&text, any ? "" : (chinese ? "没有未了的告警" : "nothing is open"));
}

static void takeover_shift(struct scribe *scribe, const struct site *site,
                           const struct takeover *takeover) {
    char zh[AUDIENCE_WORDS_SIZE], en[AUDIENCE_WORDS_SIZE];
    takeover_shift_words(site, takeover, LANGUAGE_ZH, zh);
    takeover_shift_words(site, takeover, LANGUAGE_EN, en);
    if (takeover->shift == TAKEOVER_NO_SHIFT) {
        event_json_key(scribe, "shift");
        scribe_raw(scribe, "null");
    } else {
        event_json_string(scribe, "shift", site_text(site, site->shifts[takeover->shift].id),
                          TAKEOVER_TEXT_MAX);
    }
    event_json_texts(scribe, "shift_name", zh, en);
}

static void takeover_data(struct scribe *scribe, const struct site *site,
                          const struct takeover *takeover) {
    char zh[EVENT_TEXT_SIZE], en[EVENT_TEXT_SIZE];
    scribe_raw(scribe, "{\"place\":null,\"point\":null");
    event_json_string(scribe, "actor", takeover->actor, TAKEOVER_TEXT_MAX);
    event_json_string(scribe, "role", role_name((enum role)takeover->actor_role),
                      TAKEOVER_TEXT_MAX);
    if (takeover->note[0] != '\0') {
        event_json_string(scribe, "reason", takeover->note, TAKEOVER_TEXT_MAX);
    }
    takeover_shift(scribe, site, takeover);
    event_json_key(scribe, "since");
    event_json_time(scribe, takeover->since);
    event_json_key(scribe, "counts");
    for (enum takeover_count i = 0; i < TAKEOVER_COUNTS; i++) {
        scribe_raw(scribe, i == 0 ? "{" : ",");
        scribe_string(scribe, counts[i].name, TAKEOVER_TEXT_MAX);
        scribe_raw(scribe, ":");
        scribe_count(scribe, takeover->counts[i]);
    }
    scribe_raw(scribe, "}");
    takeover_text(site, takeover, LANGUAGE_ZH, zh);
    takeover_text(site, takeover, LANGUAGE_EN, en);
    event_json_texts(scribe, "text", zh, en);
    scribe_raw(scribe, "}");
}

void takeover_json_format(const struct site *site, const struct takeover *takeover,
                          const struct event_moment *moment, struct event_json *ret) {
    struct scribe scribe = {.at = ret->text, .size = sizeof ret->text};
    event_json_head(&scribe, site, EVENT_TYPE_SHIFT_TAKEN_OVER);
    event_json_string(&scribe, "subject", "gateway", TAKEOVER_TEXT_MAX);
    event_json_moment(&scribe, moment);
    ret->split = scribe.used;
    event_json_key(&scribe, "data");
    takeover_data(&scribe, site, takeover);
    scribe_raw(&scribe, "}");
    assert(!scribe.full);
    ret->size = scribe.used;
}
