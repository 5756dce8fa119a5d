/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/config/config_calendar.h"
#include "rules/role.h"

/*
 * Duty: shifts, webhooks and escalation chains
 *
 * Who is told of an alarm, in which order and after how long. A chain names shifts, people,
 * webhooks and kinds of outputs; each must be there.
 */

enum { STEPS_MAX = 32 };

#define STEP_AFTER_MAX_NS (CONFIG_DAY_NS)

static const char **duty_name_add(struct config *config, const char **names, uint32_t count,
                                  uint32_t *room, const char *name) {
    names = config_grow(&config->arena, names, count, room, sizeof *names);
    names[count] = name;
    return names;
}

static void shift_people(struct config *config, const struct config_node *people) {
    if (!config_is_list(config, people)) {
        return;
    }
    for (const struct config_node *item = people->first; item != NULL; item = item->next) {
        const char *name;
        if (config_text(config, item, &name) &&
            config_index_find(&config->person_index, name) == UINT32_MAX) {
            config_index_add(&config->arena, &config->person_index, name, 0);
        }
    }
}

/* One stretch of duty; it may go on past midnight. */
static void shift_stretch(struct config *config, const struct config_node *node) {
    int begin, end;
    if (!config_is_scalar(config, node)) {
        return;
    }
    if (!config_clock_range(node->text, &begin, &end)) {
        config_error(config, node, "such as \"19:00-07:00\"", "`%s` are no hours", node->text);
    } else if (begin == end) {
        config_error(config, node, "00:00-24:00 is the whole day", "`%s` has no length",
                     node->text);
    }
}

static void shift_check(struct config *config, const struct config_node *shift) {
    const char *id;
    if (!config_id_key(config, shift, &id) ||
        !config_claim(config, &config->shift_index, shift->key, id, config->shift_index.count,
                      "shifts")) {
        return;
    }
    config->shift_names = duty_name_add(config, config->shift_names, config->shift_index.count - 1,
                                        &config->shift_name_room, id);
    if (!config_is_map(config, shift)) {
        return;
    }
    uint32_t seen = 0;
    for (const struct config_node *member = shift->first; member != NULL; member = member->next) {
        uint32_t days;
        if (strcmp(member->key->text, "people") == 0) {
            shift_people(config, member);
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
            shift_stretch(config, member);
            continue;
        }
        for (const struct config_node *item = member->first; item != NULL; item = item->next) {
            shift_stretch(config, item);
        }
    }
}

void config_shifts_check(struct config *config, const struct config_node *shifts) {
    for (const struct config_node *item = shifts->first; item != NULL; item = item->next) {
        shift_check(config, item);
    }
}

void config_webhooks_check(struct config *config, const struct config_node *webhooks) {
    for (const struct config_node *item = webhooks->first; item != NULL; item = item->next) {
        const struct config_node *fields[CONFIG_FIELDS_MAX];
        const char *id, *text;
        if (!config_id_key(config, item, &id) ||
            !config_claim(config, &config->webhook_index, item->key, id,
                          config->webhook_index.count, "webhooks")) {
            continue;
        }
        config->webhook_names =
            duty_name_add(config, config->webhook_names, config->webhook_index.count - 1,
                          &config->webhook_name_room, id);
        if (!config_fields(config, item, CONFIG_SHAPE_WEBHOOK, fields)) {
            continue;
        }
        (void)config_url(config, fields[CONFIG_WEBHOOK_URL], &text);
        if (config_node_member(item, "secret_file") == NULL) {
            config_warn(config, item->key, "add `secret_file`",
                        "the webhook `%s` has no secret: its receiver cannot tell who calls", id);
        }
        (void)config_secret_path(config, fields[CONFIG_WEBHOOK_SECRET_FILE],
                                 "nobody is called until it is there", &text);
    }
}

/* "role caregiver", "shift care", "person NAME", "everyone". Returns the role, or NULL. */
static const char *step_receiver(struct config *config, const struct config_node *to) {
    const char *text = to->text;
    if (strcmp(text, "everyone") == 0) {
        return NULL;
    }
    uint32_t word_len = (uint32_t)strcspn(text, " ");
    const char *name = text + word_len + (text[word_len] == ' ');
    uint32_t name_at = (uint32_t)(name - text);
    struct config_mark mark = config_node_locate(to, name_at, (uint32_t)strlen(name));
    if (strncmp(text, "role ", 5) == 0) {
        enum role role = role_find(name, strlen(name));
        if (role < ROLE_COUNT) {
            return role_name(role);
        }
        const char *roles[ROLE_COUNT];
        for (role = 0; role < ROLE_COUNT; role++) {
            roles[role] = role_name(role);
        }
        const char *hint = config_suggestion(config, name, roles, ROLE_COUNT);
        config_note(config, CONFIG_ERROR, mark,
                    hint != NULL ? hint : "one of: caregiver, security, manager, engineer, auditor",
                    "there is no role `%s`", name);
    } else if (strncmp(text, "shift ", 6) == 0) {
        if (config_index_find(&config->shift_index, name) == UINT32_MAX) {
            config_note(
                config, CONFIG_ERROR, mark,
                config_suggestion(config, name, config->shift_names, config->shift_index.count),
                "there is no shift `%s`", name);
        }
    } else if (strncmp(text, "person ", 7) == 0) {
        if (config_index_find(&config->person_index, name) == UINT32_MAX) {
            config_note(config, CONFIG_ERROR, mark, "name the person under `people` of a shift",
                        "no shift has a person `%s`", name);
        }
    } else {
        config_error(config, to, "role NAME, shift NAME, person NAME or everyone",
                     "`%s` is nobody who can be told", text);
    }
    return NULL;
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
    step->outputs |= (point_kind_set)1 << kind;
}

static void step_fields(struct config *config, struct config_step *step,
                        const struct config_node *const *fields) {
    static const char *const reaches[] = {"own", "zone", "site"};
    uint32_t reach;
    if (config_word(config, fields[CONFIG_STEP_PLACE], "a reach of a step", reaches, 3, &reach)) {
        step->reach = (enum config_reach)reach;
    }
    const struct config_node *output = fields[CONFIG_STEP_OUTPUT];
    if (output != NULL && output->kind == CONFIG_LIST) {
        for (const struct config_node *item = output->first; item != NULL; item = item->next) {
            step_output(config, item, step);
        }
    } else if (output != NULL) {
        step_output(config, output, step);
    }
    const char *role = NULL;
    if (fields[CONFIG_STEP_TO] != NULL) {
        role = step_receiver(config, fields[CONFIG_STEP_TO]);
    }
    static const char *const ways[] = {"webhook"};
    uint32_t way;
    const struct config_node *by = fields[CONFIG_STEP_BY];
    if (!config_word(config, by, "a way to tell somebody", ways, 1, &way)) {
        return;
    }
    if (role == NULL) {
        config_error(config, by, "write `to: role NAME`",
                     "a webhook is called like the role of its step, and this step has none");
    } else if (config_index_find(&config->webhook_index, role) == UINT32_MAX) {
        config_error(
            config, by,
            config_suggestion(config, role, config->webhook_names, config->webhook_index.count),
            "there is no webhook `%s` for this role", role);
    }
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
        *step = (struct config_step){.node = item, .reach = CONFIG_REACH_OWN};
        uint64_t after_ns;
        if (config_span(config, fields[CONFIG_STEP_AFTER], 0, STEP_AFTER_MAX_NS, &after_ns)) {
            if (after_ns < previous_ns) {
                config_error(config, fields[CONFIG_STEP_AFTER], "put the steps in order",
                             "this step comes before the one above it");
            }
            previous_ns = after_ns;
        }
        step_fields(config, step, fields);
    }
}

void config_chains_check(struct config *config, const struct config_node *chains) {
    for (const struct config_node *item = chains->first; item != NULL; item = item->next) {
        const char *id;
        if (!config_id_key(config, item, &id) ||
            !config_claim(config, &config->chain_index, item->key, id, config->chain_count,
                          "chains")) {
            continue;
        }
        config->chain_names = duty_name_add(config, config->chain_names, config->chain_count,
                                            &config->chain_name_room, id);
        config->chains = config_grow(&config->arena, config->chains, config->chain_count,
                                     &config->chain_room, sizeof *config->chains);
        struct config_chain *chain = &config->chains[config->chain_count++];
        *chain = (struct config_chain){.node = item, .id = id};
        if (!config_is_list(config, item)) {
            continue;
        }
        if (item->count == 0 || item->count > STEPS_MAX) {
            config_error(config, item->key, NULL, "a chain has 1 to %d steps", STEPS_MAX);
        } else {
            chain_steps(config, chain, item);
        }
    }
}
