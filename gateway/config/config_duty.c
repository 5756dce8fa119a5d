/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/config/config_calendar.h"
#include "gateway/secret_file.h"

/*
 * Duty: who is there, and who can be called
 *
 * Shifts and the webhooks of roles. The chains that tell them are read by config_chains.c.
 */

enum { MINUTES_A_DAY = 1440, DAYS_A_WEEK = 7 };

const char **config_name_add(struct config *config, const char **names, uint32_t count,
                             uint32_t *room, const char *name) {
    names = config_grow(&config->arena, names, count, room, sizeof *names);
    names[count] = name;
    return names;
}

static void shift_people(struct config *config, struct config_shift *shift,
                         const struct config_node *people) {
    if (!config_is_list(config, people)) {
        return;
    } else if (people->count > LIMIT_SHIFT_PEOPLE) {
        config_error(config, people->key, NULL, "a shift has at most %d people",
                     LIMIT_SHIFT_PEOPLE);
        return;
    }
    for (const struct config_node *item = people->first; item != NULL; item = item->next) {
        const char *name;
        if (!config_text(config, item, &name)) {
            continue;
        }
        shift->people =
            config_name_add(config, shift->people, shift->people_count, &shift->people_room, name);
        shift->people_count++;
        if (config_index_find(&config->person_index, name) == UINT32_MAX) {
            config_index_add(&config->arena, &config->person_index, name, 0);
        }
    }
}

/* Whose shift it is: that role is to be reached while it is on. */
static void shift_role(struct config *config, struct config_shift *shift,
                       const struct config_node *node) {
    const char *words[ROLE_COUNT];
    uint32_t role;
    for (enum role r = 0; r < ROLE_COUNT; r++) {
        words[r] = role_name(r);
    }
    if (config_word(config, node, "a role", words, ROLE_COUNT, &role)) {
        shift->role = (enum role)role;
    }
}

static void shift_span_add(struct config *config, struct config_shift *shift, uint32_t day,
                           int begin, int end) {
    if (begin < end) {
        shift->spans = config_grow(&config->arena, shift->spans, shift->span_count,
                                   &shift->span_room, sizeof *shift->spans);
        shift->spans[shift->span_count++] = (struct site_span){
            .weekday = (uint16_t)day, .begin_min = (uint16_t)begin, .end_min = (uint16_t)end};
    }
}

/* Are these days, and none of what else is said of a shift? */
static bool shift_is_day(const char *key) {
    return strcmp(key, "people") != 0 && strcmp(key, "role") != 0 && strcmp(key, "name") != 0;
}

/* A shift without days is always on; one that has days, and no hours on any, never is. */
static void shift_ever_on(struct config *config, const struct config_node *node) {
    const struct config_node *empty = NULL;
    bool hours = false;
    for (const struct config_node *member = node->first; member != NULL; member = member->next) {
        bool day = shift_is_day(member->key->text);
        bool nothing = member->kind == CONFIG_LIST && member->first == NULL;
        empty = day && nothing ? member : empty;
        hours = hours || (day && !nothing);
    }
    if (empty != NULL && !hours) {
        config_error(config, empty->key, "give it hours, or leave its days out if it is always on",
                     "shift `%s` has no hours on any day: nobody would be called in it",
                     node->key->text);
    }
}

/* One stretch of duty on each of `days`; one that goes on past midnight becomes two spans. */
static void shift_stretch(struct config *config, struct config_shift *shift,
                          const struct config_node *node, uint32_t days) {
    int begin, end;
    if (!config_is_scalar(config, node)) {
        return;
    }
    if (!config_clock_range(node->text, &begin, &end)) {
        config_error(config, node, "such as \"19:00-07:00\"", "`%s` are no hours", node->text);
    } else if (begin == end) {
        config_error(config, node, "00:00-24:00 is the whole day", "`%s` has no length",
                     node->text);
    } else {
        for (uint32_t day = 0; day < DAYS_A_WEEK; day++) {
            if ((days >> day & 1) != 0) {
                shift_span_add(config, shift, day, begin, begin < end ? end : MINUTES_A_DAY);
                shift_span_add(config, shift, (day + 1) % DAYS_A_WEEK, 0, begin < end ? 0 : end);
            }
        }
    }
}

static void shift_days(struct config *config, struct config_shift *shift,
                       const struct config_node *node) {
    uint32_t seen = 0;
    for (const struct config_node *member = node->first; member != NULL; member = member->next) {
        uint32_t days;
        if (strcmp(member->key->text, "people") == 0) {
            shift_people(config, shift, member);
            continue;
        } else if (strcmp(member->key->text, "role") == 0) {
            shift_role(config, shift, member);
            continue;
        } else if (strcmp(member->key->text, "name") == 0) {
            (void)config_name(config, member, &shift->name);
            continue;
        }
        if (!config_days(config, member->key, &days)) {
            continue;
        }
        if ((seen & days) != 0) {
            config_error(config, member->key, "give each day once, with a list of its hours",
                         "a day of `%s` was given before", member->key->text);
        }
        seen |= days;
        if (member->kind != CONFIG_LIST) {
            shift_stretch(config, shift, member, days);
            continue;
        }
        for (const struct config_node *item = member->first; item != NULL; item = item->next) {
            shift_stretch(config, shift, item, days);
        }
    }
}

static void shift_check(struct config *config, const struct config_node *node) {
    const char *id;
    if (config->shift_count == LIMIT_SHIFTS) {
        config_error(config, node->key, NULL, "a site has at most %d shifts", LIMIT_SHIFTS);
        return;
    }
    if (!config_id_key(config, node, &id) ||
        !config_claim(config, &config->shift_index, node->key, id, config->shift_count, "shifts")) {
        return;
    }
    config->shift_names = config_name_add(config, config->shift_names, config->shift_count,
                                          &config->shift_name_room, id);
    config->shifts = config_grow(&config->arena, config->shifts, config->shift_count,
                                 &config->shift_room, sizeof *config->shifts);
    struct config_shift *shift = &config->shifts[config->shift_count++];
    *shift = (struct config_shift){.id = id, .role = ROLE_COUNT};
    if (config_is_map(config, node)) {
        shift_days(config, shift, node);
        shift_ever_on(config, node);
    }
}

void config_shifts_check(struct config *config, const struct config_node *shifts) {
    for (const struct config_node *item = shifts->first; item != NULL; item = item->next) {
        shift_check(config, item);
    }
}

/*
 * A secret that the uplink would refuse at the first call. That it is not there, or empty, has been said;
 * that it cannot be read says nothing, since whoever checks a site need not be the gateway's own user.
 */
static void webhook_secret(struct config *config, struct config_webhook *webhook,
                           const struct config_node *node) {
    struct stat found;
    if (!config_private_path(config, node, "nobody is called until it is there",
                             &webhook->secret_file) ||
        stat(webhook->secret_file, &found) != 0 || !S_ISREG(found.st_mode) || found.st_size == 0) {
        return;
    }
    struct secret_shared secret;
    int r = secret_file_read_shared(webhook->secret_file, &secret);
    explicit_bzero(&secret, sizeof secret);
    if (r == SECRET_E_SHORT || r == SECRET_E_LONG) {
        config_warn(
            config, node, "openssl rand -hex 32 makes a good one; give its receiver the same",
            "the secret in %s has %s %d bytes: nobody is called by the webhook `%s`",
            webhook->secret_file, r == SECRET_E_SHORT ? "less than" : "more than",
            r == SECRET_E_SHORT ? SECRET_SHARED_SIZE_MIN : SECRET_SHARED_SIZE_MAX, webhook->id);
    }
}

/*
 * The robot of a group chat: its address ends before its token, which is a secret. What WeCom's is given
 * to sign with it does not look at.
 */
static void webhook_robot(struct config *config, struct config_webhook *webhook,
                          const struct config_node *node, const struct config_node *const *fields) {
    if (webhook->url != NULL && strpbrk(webhook->url, "?#") != NULL) {
        config_error(config, fields[CONFIG_WEBHOOK_URL],
                     "put the token that follows into the file of `token_file`",
                     "the address of a robot ends before its token: a site holds no secrets");
    }
    if (config_node_member(node, "token_file") == NULL) {
        config_error(config, node->key, "put the token of its address into a file, and name that",
                     "the robot `%s` has no `token_file`", webhook->id);
    }
    if (webhook->format == SITE_FORMAT_WECOM && fields[CONFIG_WEBHOOK_SECRET_FILE] != NULL) {
        config_warn(config, fields[CONFIG_WEBHOOK_SECRET_FILE], "leave `secret_file` out",
                    "a robot of WeCom knows no signature: its token is all that it goes by");
    }
    (void)config_private_path(config, fields[CONFIG_WEBHOOK_TOKEN_FILE],
                              "nobody is called until it is there", &webhook->token_file);
}

/* What the webhook is sent, and in which language. */
static void webhook_format(struct config *config, struct config_webhook *webhook,
                           const struct config_node *node,
                           const struct config_node *const *fields) {
    static const char *const formats[SITE_FORMAT_COUNT] = {
        [SITE_FORMAT_CLOUDEVENTS] = "cloudevents",
        [SITE_FORMAT_WECOM] = "wecom",
        [SITE_FORMAT_DINGTALK] = "dingtalk",
        [SITE_FORMAT_FEISHU] = "feishu",
    };
    static const char *const languages[] = {[LANGUAGE_ZH] = "zh", [LANGUAGE_EN] = "en"};
    (void)config_word(config, fields[CONFIG_WEBHOOK_LANG], "a language of messages", languages, 2,
                      &webhook->language);
    if (!config_word(config, fields[CONFIG_WEBHOOK_FORMAT], "a format of webhooks", formats,
                     SITE_FORMAT_COUNT, &webhook->format) &&
        fields[CONFIG_WEBHOOK_FORMAT] != NULL) {
        return;
    }
    if (webhook->format != SITE_FORMAT_CLOUDEVENTS) {
        webhook_robot(config, webhook, node, fields);
        return;
    }
    enum { ROBOTS_ONLY = 2 };
    const struct config_node *only[ROBOTS_ONLY] = {fields[CONFIG_WEBHOOK_TOKEN_FILE],
                                                   fields[CONFIG_WEBHOOK_LANG]};
    for (uint32_t i = 0; i < ROBOTS_ONLY; i++) {
        if (only[i] != NULL) {
            config_error(config, only[i]->key, "add `format: wecom`, dingtalk or feishu",
                         "`%s` is for the robot of a group chat", only[i]->key->text);
        }
    }
}

static void webhook_check(struct config *config, const struct config_node *node) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    const char *id;
    if (config->webhook_count == LIMIT_WEBHOOKS) {
        config_error(config, node->key, NULL, "a site has at most %d webhooks", LIMIT_WEBHOOKS);
        return;
    }
    if (!config_id_key(config, node, &id) ||
        !config_claim(config, &config->webhook_index, node->key, id, config->webhook_count,
                      "webhooks")) {
        return;
    }
    config->webhook_names = config_name_add(config, config->webhook_names, config->webhook_count,
                                            &config->webhook_name_room, id);
    config->webhooks = config_grow(&config->arena, config->webhooks, config->webhook_count,
                                   &config->webhook_room, sizeof *config->webhooks);
    struct config_webhook *webhook = &config->webhooks[config->webhook_count++];
    *webhook = (struct config_webhook){
        .id = id, .to = CHAIN_TO_ROLE, .receiver = (uint32_t)role_find(id, strlen(id))};
    if (!config_fields(config, node, CONFIG_SHAPE_WEBHOOK, fields)) {
        return;
    }
    (void)config_url(config, fields[CONFIG_WEBHOOK_URL], &webhook->url);
    webhook_format(config, webhook, node, fields);
    if (config_node_member(node, "secret_file") == NULL && webhook->format != SITE_FORMAT_WECOM) {
        config_warn(config, node->key, "add `secret_file`",
                    "the webhook `%s` has no secret: its receiver cannot tell who calls", id);
    }
    webhook_secret(config, webhook, fields[CONFIG_WEBHOOK_SECRET_FILE]);
    (void)config_secret_path(config, fields[CONFIG_WEBHOOK_CA],
                             "nobody is called until it is there", &webhook->ca);
}

uint32_t config_listener_count(const struct config *config) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < config->webhook_count; i++) {
        count += config_is_listener(&config->webhooks[i]);
    }
    return count;
}

void config_webhooks_check(struct config *config, const struct config_node *webhooks) {
    for (const struct config_node *item = webhooks->first; item != NULL; item = item->next) {
        webhook_check(config, item);
    }
}
