/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink/daily.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/uplink/chat.h"
#include "gateway/uplink/note_file.h"
#include "gateway/zone.h"
#include "rules/identity.h"

enum {
    TEST_AFTER_S = 20 * 3600,
    TEST_AT_LAST_S = 23 * 3600,
    TEST_AGAIN_S = 3600,
    DAY_BEGIN_HOUR = 9,
    DAY_END_HOUR = 20,
    HOURS_A_DAY = 24,
    /* A digest, a time, what parts them. */
    LINE_SIZE = 16 + 1 + 20 + 2,
    FILE_SIZE = LIMIT_AUDIENCES * LINE_SIZE + 1,
};

bool daily_is_due(int64_t heard_s, int64_t tested_s, int64_t now_s) {
    int64_t quiet_s = now_s - heard_s;
    if (now_s - tested_s < TEST_AGAIN_S && now_s >= tested_s) {
        return false;
    }
    int64_t hour = (now_s + zone_east_s(now_s)) / 3600 % HOURS_A_DAY;
    bool day = hour >= DAY_BEGIN_HOUR && hour < DAY_END_HOUR;
    return quiet_s < 0 || quiet_s >= TEST_AT_LAST_S || (day && quiet_s >= TEST_AFTER_S);
}

/* What a group reads. */
static const char *daily_text(enum site_language language) {
    return language == LANGUAGE_ZH
               ? "守望：每日测试\n告警能送达本群。无需处理。"
               : "Tocsin: daily test\nAlarms reach this group. There is nothing to do.";
}

/* Nothing in it has to be escaped: names of the site are lower-case ASCII. */
static size_t daily_event(const struct site *site, const char *role, int64_t tested_s,
                          char ret[DAILY_BODY_SIZE]) {
    const char *name = site_text(site, site->header->site_id);
    const char *gateway = site_text(site, site->header->gateway_id);
    char time[CLOCK_TEXT_SIZE];
    clock_format((struct wall){tested_s * (int64_t)NS_PER_S}, time);
    int len = snprintf(
        ret, DAILY_BODY_SIZE,
        "{\"specversion\":\"1.0\",\"id\":\"%s.%s.test.%s.%" PRId64
        "\",\"source\":\"/tocsin/%s/%s\",\"type\":\"" DAILY_TYPE
        "\",\"subject\":\"role/%s\",\"time\":\"%s\",\"data\":{\"text\":"
        "{\"zh\":\"守望：每日测试，无需处理\",\"en\":\"Tocsin: daily test; there is nothing to do\"}}}",
        name, gateway, role, tested_s, name, gateway, role, time);
    assert(len > 0 && len < DAILY_BODY_SIZE);
    return (size_t)len;
}

size_t daily_body(const struct daily *daily, uint32_t webhook, char ret[DAILY_BODY_SIZE]) {
    const struct site_webhook *row = &daily->site->webhooks[webhook];
    if (!chat_is((enum site_format)row->format)) {
        return daily_event(daily->site, site_text(daily->site, row->id), daily->tested_s[webhook],
                           ret);
    }
    return (size_t)snprintf(ret, DAILY_BODY_SIZE, "%s",
                            daily_text((enum site_language)row->language));
}

/* Another address or format is another webhook. */
static uint64_t daily_identity(const struct site *site, uint32_t webhook) {
    const struct site_webhook *row = &site->webhooks[webhook];
    const char *const words[] = {site_text(site, row->id), site_text(site, row->url),
                                 site_text(site, row->token_file)};
    uint64_t digest = identity_mix(0, row->format);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        for (const char *at = words[i]; *at != '\0'; at++) {
            digest = identity_mix(digest, (unsigned char)*at);
        }
        digest = identity_mix(digest, 0);
    }
    return digest;
}

static void daily_write(const struct daily *daily) {
    const struct site *site = daily->site;
    char path[NOTE_FILE_PATH_SIZE], text[FILE_SIZE] = "";
    size_t len = 0;
    for (uint32_t i = 0; i < site->webhook_count; i++) {
        if (daily->tested_s[i] != 0) {
            len += (size_t)snprintf(text + len, sizeof text - len, "%016" PRIx64 " %" PRId64 "\n",
                                    daily_identity(site, i), daily->tested_s[i]);
        }
    }
    int r = note_file_path(site_text(site, site->header->state_directory), "tested", path);
    if (r == 0) {
        r = note_file_write(path, text);
    }
    if (r != 0) {
        log_failure("tests_not_noted", r,
                    "webhooks get their daily test again after the next start");
    }
}

void daily_init(struct daily *daily, const struct site *site) {
    char path[NOTE_FILE_PATH_SIZE], text[FILE_SIZE];
    *daily = (struct daily){.site = site};
    if (note_file_path(site_text(site, site->header->state_directory), "tested", path) != 0) {
        return;
    }
    note_file_read(path, text, sizeof text);
    char *rest = text;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *time = NULL, *end = NULL;
        uint64_t identity = strtoull(line, &time, 16);
        int64_t tested_s = *time == ' ' ? strtoll(time, &end, 10) : 0;
        bool read = end != NULL && end != time && *end == '\0';
        for (uint32_t i = 0; read && i < site->webhook_count; i++) {
            if (daily_identity(site, i) == identity) {
                daily->tested_s[i] = tested_s;
            }
        }
    }
}

bool daily_take(struct daily *daily, uint32_t webhook, struct wall now) {
    int64_t now_s = now.ns / (int64_t)NS_PER_S;
    int64_t *tested_s = &daily->tested_s[webhook];
    if (!daily_is_due(*tested_s, *tested_s, now_s)) {
        return false;
    }
    *tested_s = now_s;
    daily_write(daily);
    return true;
}
