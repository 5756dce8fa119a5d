/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gateway/config/config_model.h"

/*
 * `--set PATH=VALUE`: one scalar from the command line
 *
 * The path goes down the tree of the site file: a key in a map, and in a list the number of an item
 * or its own name (the value of its `id`, `point`, `rule` or `tour`). The last step replaces a
 * scalar or adds one. What is added is checked like the rest of the file, so a key that does not
 * exist draws the same note as a wrong key in the file, pointing into the option.
 */

struct setting {
    struct config *config;
    const struct config_source *source;
    const char *text;
    uint32_t at, len; /* the step of the path that is being taken */
    uint32_t path_len;
};

static struct config_mark setting_mark(const struct setting *setting) {
    return (struct config_mark){setting->source, setting->at, setting->len};
}

static struct config_node *setting_node(const struct setting *setting, enum config_node_kind kind,
                                        uint32_t at, uint32_t len) {
    struct config_node *node = config_alloc(&setting->config->arena, 1, sizeof *node);
    node->kind = kind;
    node->mark = (struct config_mark){setting->source, at, len};
    node->text =
        kind == CONFIG_SCALAR ? config_copy(&setting->config->arena, setting->text + at, len) : "";
    node->len = kind == CONFIG_SCALAR ? len : 0;
    return node;
}

/* What an item of a list is called by its own key, or NULL. */
static const char *setting_item_name(const struct config_node *item) {
    static const char *const keys[] = {"id", "point", "rule", "tour"};
    if (item->kind != CONFIG_MAP) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct config_node *member = config_node_member(item, keys[i]);
        if (member != NULL && member->kind == CONFIG_SCALAR) {
            return member->text;
        }
    }
    return NULL;
}

/* Is the step a number? Then its value, at most one past any list. */
static bool setting_number(const char *step, uint32_t *ret_number) {
    uint32_t number = 0;
    for (const char *at = step; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || number > CONFIG_FILE_SIZE_MAX) {
            return false;
        }
        number = number * 10 + (uint32_t)(*at - '0');
    }
    *ret_number = number;
    return step[0] != '\0';
}

/* The list's item that `step` names; NULL if there is none. */
static struct config_node *setting_item(const struct config_node *list, const char *step) {
    uint32_t number = 0;
    bool numbered = setting_number(step, &number);
    for (struct config_node *item = list->first; item != NULL; item = item->next) {
        const char *name = setting_item_name(item);
        if (name != NULL && strcmp(name, step) == 0) {
            return item;
        }
    }
    if (!numbered) {
        return NULL;
    }
    struct config_node *item = list->first;
    for (; item != NULL && number > 0; number--) {
        item = item->next;
    }
    return item;
}

static void setting_item_unknown(const struct setting *setting, const struct config_node *list,
                                 const char *step) {
    struct config_arena *arena = &setting->config->arena;
    const char **names = config_alloc(arena, list->count + 1, sizeof *names);
    uint32_t count = 0;
    for (const struct config_node *item = list->first; item != NULL; item = item->next) {
        const char *name = setting_item_name(item);
        if (name != NULL) {
            names[count++] = name;
        }
    }
    const char *hint = config_suggestion(setting->config, step, names, count);
    if (hint == NULL) {
        hint = config_format(arena, "the list has %u items, counted from 0", list->count);
    }
    config_note(setting->config, CONFIG_ERROR, setting_mark(setting), hint,
                "no item is called `%s`", step);
}

/* Add the step as a new member of `parent`, and return it. */
static struct config_node *setting_add(const struct setting *setting, struct config_node *parent,
                                       struct config_node *member) {
    if (parent->kind == CONFIG_MAP) {
        member->key = setting_node(setting, CONFIG_SCALAR, setting->at, setting->len);
    }
    config_node_append(parent, member);
    return member;
}

/* Put the value where the path ends. `old` is what stands there, or NULL. */
static void setting_finish(const struct setting *setting, struct config_node *parent,
                           struct config_node *old) {
    uint32_t at = setting->path_len + 1;
    struct config_node *value =
        setting_node(setting, CONFIG_SCALAR, at, (uint32_t)strlen(setting->text) - at);
    if (old == NULL) {
        (void)setting_add(setting, parent, value);
        return;
    }
    if (old->kind != CONFIG_SCALAR) {
        config_note(setting->config, CONFIG_ERROR, setting_mark(setting),
                    "go on with a dot and one of its own keys or items",
                    "this is a whole section, not a single value");
        return;
    }
    old->mark = value->mark;
    old->style = CONFIG_PLAIN;
    old->text = value->text;
    old->len = value->len;
}

/* Take one step down from `parent`. Returns NULL when the path ends here, well or not. */
static struct config_node *setting_step(const struct setting *setting, struct config_node *parent,
                                        bool last) {
    const char *step =
        config_copy(&setting->config->arena, setting->text + setting->at, setting->len);
    if (parent->kind == CONFIG_SCALAR) {
        config_note(setting->config, CONFIG_ERROR, setting_mark(setting), NULL,
                    "there is nothing called `%s` below a single value", step);
        return NULL;
    }
    struct config_node *next =
        parent->kind == CONFIG_MAP ? config_node_member(parent, step) : setting_item(parent, step);
    if (next == NULL && parent->kind == CONFIG_LIST) {
        uint32_t number = 0;
        if (!last || !setting_number(step, &number) || number != parent->count) {
            setting_item_unknown(setting, parent, step);
            return NULL;
        }
    }
    if (last) {
        setting_finish(setting, parent, next);
        return NULL;
    }
    if (next == NULL) {
        next = setting_add(setting, parent,
                           setting_node(setting, CONFIG_MAP, setting->at, setting->len));
    }
    return next;
}

void config_set(struct config *config, struct config_node *root, const char *text) {
    const struct config_source *source = config_source_line(config, "--set", text);
    struct setting setting = {.config = config, .source = source, .text = source->bytes};
    const char *equals = strchr(setting.text, '=');
    if (equals == NULL || equals == setting.text || equals[1] == '\0') {
        config_note(config, CONFIG_ERROR, (struct config_mark){source, 0, source->size},
                    "such as --set gateway.state=/var/lib/tocsin", "--set takes PATH=VALUE");
        return;
    }
    setting.path_len = (uint32_t)(equals - setting.text);
    struct config_node *node = root;
    uint32_t depth = 0;
    for (uint32_t at = 0; node != NULL; at += setting.len + 1) {
        setting.at = at;
        setting.len = (uint32_t)strcspn(setting.text + at, ".=");
        if (setting.len == 0 || ++depth > CONFIG_DEPTH_MAX) {
            config_note(config, CONFIG_ERROR, (struct config_mark){source, at, 1}, NULL,
                        "the path has no word here");
            return;
        }
        node = setting_step(&setting, node, at + setting.len == setting.path_len);
    }
}
