/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/config/config_scalar.h"
#include "rules/identity.h"
#include "rules/role.h"

/*
 * Escalation chains
 *
 * Who is told of an alarm, in which order and after how long. A step names a role, a shift, a
 * person, a webhook and kinds of outputs; each must be there.
 */

#define STEP_AFTER_MAX_NS (CONFIG_DAY_NS)

static void step_to_role(struct config *config, const char *name, struct config_mark mark,
                         struct config_step *step) {
    enum role role = role_find(name, strlen(name));
    if (role < ROLE_COUNT) {
        step->row.to = CHAIN_TO_ROLE;
        step->row.receiver = (uint32_t)role;
        return;
    }
    const char *roles[ROLE_COUNT];
    for (role = 0; role < ROLE_COUNT; role++) {
        roles[role] = role_name(role);
    }
    const char *hint = config_suggestion(config, name, roles, ROLE_COUNT);
    config_note(config, CONFIG_ERROR, mark,
                hint != NULL ? hint : "one of: caregiver, security, manager, engineer, auditor",
                "there is no role `%s`", name);
}

/* "role caregiver", "shift care", "person NAME", "everyone". */
/* What tells one shift or person from another in the record of an open call. */
static uint32_t step_name(const char *name) {
    uint64_t digest = 0;
    for (; *name != '\0'; name++) {
        digest = identity_mix(digest, (unsigned char)*name);
    }
    return (uint32_t)digest;
}

static void step_to(struct config *config, const struct config_node *to, struct config_step *step) {
    const char *text = to->text;
    uint32_t word_len = (uint32_t)strcspn(text, " ");
    const char *name = text + word_len + (text[word_len] == ' ');
    struct config_mark mark =
        config_node_locate(to, (uint32_t)(name - text), (uint32_t)strlen(name));
    if (strcmp(text, "everyone") == 0) {
        step->row.to = CHAIN_TO_EVERYONE;
    } else if (strncmp(text, "role ", 5) == 0) {
        step_to_role(config, name, mark, step);
    } else if (strncmp(text, "shift ", 6) == 0) {
        step->row.to = CHAIN_TO_SHIFT;
        step->row.receiver = config_index_find(&config->shift_index, name);
        step->row.name = step_name(name);
        if (step->row.receiver == UINT32_MAX) {
            config_note(config, CONFIG_ERROR, mark,
                        config_suggestion(config, name, config->shift_names, config->shift_count),
                        "there is no shift `%s`", name);
        }
    } else if (strncmp(text, "person ", 7) == 0) {
        step->row.to = CHAIN_TO_PERSON; /* who it is stays in the site file */
        step->row.name = step_name(name);
        if (config_index_find(&config->person_index, name) == UINT32_MAX) {
            config_note(config, CONFIG_ERROR, mark, "name the person under `people` of a shift",
                        "no shift has a person `%s`", name);
        }
    } else {
        config_error(config, to, "role NAME, shift NAME, person NAME or everyone",
                     "`%s` is nobody who can be told", text);
    }
}

static void step_output(struct config *config, const struct config_node *node,
                        struct config_step *step) {
    enum point_kind kind;
    if (!config_point_kind(config, node, &kind)) {
        return;
    }
    if (point_kind_facts(kind)->form != POINT_FORM_OUTPUT) {
        config_error(config, node, "one of: sounder, beacon, call_lamp, door_release",
                     "`%s` is read, not switched", node->text);
        return;
    }
    step->row.outputs |= (point_kind_set)1 << kind;
}

/*
 * Whom a step calls on phones and open pages: a webhook without an address, unless there is one already. `key`
 * tells a role, which has a webhook's own key, from the others: it is the text of `to`, which no webhook can
 * be called like.
 */
static uint32_t chain_audience(struct config *config, const struct config_node *to, const char *key,
                               const struct config_webhook *audience) {
    uint32_t known = config_index_find(&config->webhook_index, key);
    if (known != CHAIN_NO_WEBHOOK) {
        return known;
    } else if (config->webhook_count == LIMIT_AUDIENCES) {
        config_error(config, to, NULL,
                     "the steps of a site call at most %d roles, shifts and people",
                     LIMIT_AUDIENCES);
        return CHAIN_NO_WEBHOOK;
    }
    config->webhook_names = config_name_add(config, config->webhook_names, config->webhook_count,
                                            &config->webhook_name_room, key);
    config->webhooks = config_grow(&config->arena, config->webhooks, config->webhook_count,
                                   &config->webhook_room, sizeof *config->webhooks);
    config_index_add(&config->arena, &config->webhook_index, key, config->webhook_count);
    config->webhooks[config->webhook_count] = *audience;
    return config->webhook_count++;
}

/* A shift, a person or everyone: on phones and open pages alone. */
static void step_by_push(struct config *config, const struct config_node *to,
                         struct config_step *step) {
    const char *key = to->text;
    const char *name = strchr(key, ' ');
    bool known = step->row.to != CHAIN_TO_SHIFT || step->row.receiver != UINT32_MAX;
    if (known) {
        const struct config_webhook audience = {.id = name != NULL ? name + 1 : key,
                                                .to = (enum chain_to)step->row.to,
                                                .receiver = step->row.receiver};
        step->row.webhook = chain_audience(config, to, key, &audience);
    }
}

/*
 * By the webhook that is called like the role of the step, or on the phones and open pages of those whom it
 * means. These are called beside a webhook in any case, and a step that does not say how calls them in every
 * way they have: whoever is named is to hear of it.
 */
static void step_by(struct config *config, const struct config_node *by,
                    const struct config_node *to, struct config_step *step) {
    enum { BY_WEBHOOK, BY_PUSH, BY_NONE, BY_COUNT };
    static const char *const ways[] = {
        [BY_WEBHOOK] = "webhook", [BY_PUSH] = "push", [BY_NONE] = "none"};
    uint32_t way = BY_PUSH;
    bool known =
        by == NULL || config_word(config, by, "a way to tell somebody", ways, BY_COUNT, &way);
    if (!known || step->row.to == CHAIN_TO_NOBODY || way == BY_NONE) {
        return; /* what is wrong has been said */
    } else if (step->row.to != CHAIN_TO_ROLE && way == BY_PUSH) {
        step_by_push(config, to, step);
        return;
    } else if (step->row.to != CHAIN_TO_ROLE) {
        config_error(config, by, "write `to: role NAME`, or `by: push`",
                     "a webhook is called like the role of its step, and this step has none");
        return;
    }
    const char *role = role_name((enum role)step->row.receiver);
    const struct config_webhook audience = {
        .id = role, .to = CHAIN_TO_ROLE, .receiver = step->row.receiver};
    step->row.webhook = config_index_find(&config->webhook_index, role);
    if (step->row.webhook == CHAIN_NO_WEBHOOK && way == BY_PUSH) {
        step->row.webhook = chain_audience(config, to, role, &audience);
    } else if (step->row.webhook == CHAIN_NO_WEBHOOK) {
        config_error(config, by,
                     config_suggestion(config, role, config->webhook_names, config->webhook_count),
                     "there is no webhook `%s` for this role", role);
    }
}
_Static_assert(CHAIN_NO_WEBHOOK == UINT32_MAX, "what an index finds nothing by");

static void step_fields(struct config *config, struct config_step *step,
                        const struct config_node *const *fields) {
    static const char *const reaches[] = {"own", "zone", "site"};
    uint32_t reach;
    if (config_word(config, fields[CONFIG_STEP_PLACE], "a reach of a step", reaches, 3, &reach)) {
        step->row.reach = (uint8_t)reach;
    }
    const struct config_node *output = fields[CONFIG_STEP_OUTPUT];
    if (output != NULL && output->kind == CONFIG_LIST) {
        for (const struct config_node *item = output->first; item != NULL; item = item->next) {
            step_output(config, item, step);
        }
    } else if (output != NULL) {
        step_output(config, output, step);
    }
    if (fields[CONFIG_STEP_TO] != NULL) {
        step_to(config, fields[CONFIG_STEP_TO], step);
    }
    step_by(config, fields[CONFIG_STEP_BY], fields[CONFIG_STEP_TO], step);
}

static void chain_steps(struct config *config, struct config_chain *chain,
                        const struct config_node *list) {
    uint64_t previous_ns = 0;
    chain->steps = config_alloc(&config->arena, list->count + 1, sizeof *chain->steps);
    for (const struct config_node *item = list->first; item != NULL; item = item->next) {
        const struct config_node *fields[CONFIG_FIELDS_MAX];
        if (!config_fields(config, item, CONFIG_SHAPE_STEP, fields)) {
            continue;
        }
        struct config_step *step = &chain->steps[chain->step_count++];
        *step = (struct config_step){.node = item, .row = {.webhook = CHAIN_NO_WEBHOOK}};
        uint64_t *after_ns = &step->row.after_ns;
        if (config_span(config, fields[CONFIG_STEP_AFTER], 0, STEP_AFTER_MAX_NS, after_ns)) {
            if (*after_ns < previous_ns) {
                config_error(config, fields[CONFIG_STEP_AFTER], "put the steps in order",
                             "this step comes before the one above it");
            }
            previous_ns = *after_ns;
        }
        step_fields(config, step, fields);
    }
}

static void chain_read(struct config *config, const struct config_node *node) {
    const char *id;
    if (config->chain_count == LIMIT_CHAINS) {
        config_error(config, node->key, NULL, "a site has at most %d chains", LIMIT_CHAINS);
        return;
    }
    if (!config_id_key(config, node, &id) ||
        !config_claim(config, &config->chain_index, node->key, id, config->chain_count, "chains")) {
        return;
    }
    config->chain_names = config_name_add(config, config->chain_names, config->chain_count,
                                          &config->chain_name_room, id);
    config->chains = config_grow(&config->arena, config->chains, config->chain_count,
                                 &config->chain_room, sizeof *config->chains);
    struct config_chain *chain = &config->chains[config->chain_count++];
    *chain = (struct config_chain){.node = node, .id = id};
    if (!config_is_list(config, node)) {
        return;
    }
    if (node->count == 0 || node->count > LIMIT_CHAIN_STEPS) {
        config_error(config, node->key, NULL, "a chain has 1 to %d steps", LIMIT_CHAIN_STEPS);
    } else {
        chain_steps(config, chain, node);
    }
}

void config_chains_check(struct config *config, const struct config_node *chains) {
    for (const struct config_node *item = chains->first; item != NULL; item = item->next) {
        chain_read(config, item);
    }
}
