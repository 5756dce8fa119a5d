/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_shape.h"

#include <assert.h>
#include <string.h>

#include "gateway/config/config_model.h"

#define REQUIRED true
#define OPTIONAL false

struct config_key {
    const char *name;
    bool required;
    enum config_form form;
};

#define CONFIG_SHAPE(shape, name, what)          static const struct config_key keys_##shape[] = {
#define CONFIG_KEY(shape, key, name, need, form) {name, need, CONFIG_FORM_##form},
#define CONFIG_END(shape)                                                                          \
    }                                                                                              \
    ;                                                                                              \
    _Static_assert(sizeof keys_##shape / sizeof keys_##shape[0] <= CONFIG_FIELDS_MAX,              \
                   "the fields of every shape fit");
#include "gateway/config/config_keys.def"
#undef CONFIG_SHAPE
#undef CONFIG_KEY
#undef CONFIG_END

static const struct {
    const char *name;
    const char *what;
    const struct config_key *keys;
    uint32_t count;
} shapes[CONFIG_SHAPE_COUNT] = {
#define CONFIG_SHAPE(shape, name, what)                                                            \
    [CONFIG_SHAPE_##shape] = {name, what, keys_##shape, CONFIG_##shape##_KEYS},
#define CONFIG_KEY(shape, key, name, need, form)
#define CONFIG_END(shape)
#include "gateway/config/config_keys.def"
#undef CONFIG_SHAPE
#undef CONFIG_KEY
#undef CONFIG_END
};

static const char *const form_names[] = {
    [CONFIG_FORM_SCALAR] = "scalar",
    [CONFIG_FORM_LIST] = "list",
    [CONFIG_FORM_MAP] = "map",
    [CONFIG_FORM_ANY] = "any",
};

const char *config_label(struct config *config, const struct config_node *node) {
    if (node->key != NULL) {
        return config_format(&config->arena, "`%s`", node->key->text);
    }
    const struct config_node *list = node->parent;
    if (list != NULL && list->key != NULL) {
        return config_format(&config->arena, "an item of `%s`", list->key->text);
    }
    return "this";
}

static const char *shape_node_kind(const struct config_node *node) {
    if (config_node_is_missing(node)) {
        return "it has no value";
    }
    static const char *const kinds[] = {
        [CONFIG_SCALAR] = "it is a single value",
        [CONFIG_LIST] = "it is a list",
        [CONFIG_MAP] = "it is a map",
    };
    return kinds[node->kind];
}

static bool shape_is(struct config *config, const struct config_node *node, enum config_form form) {
    switch (form) {
    case CONFIG_FORM_SCALAR:
        if (node->kind != CONFIG_SCALAR || config_node_is_missing(node)) {
            config_error(config, node, NULL, "%s must be a single value; %s",
                         config_label(config, node), shape_node_kind(node));
            return false;
        }
        return true;
    case CONFIG_FORM_LIST:
        if (node->kind != CONFIG_LIST) {
            config_error(config, node, "write [a, b], or each item on a line of its own after `- `",
                         "%s must be a list; %s", config_label(config, node),
                         shape_node_kind(node));
            return false;
        }
        return true;
    case CONFIG_FORM_MAP:
        if (node->kind != CONFIG_MAP) {
            config_error(config, node,
                         "write {key: value}, or each `key: value` on a line of its own",
                         "%s must be a map of keys and values; %s", config_label(config, node),
                         shape_node_kind(node));
            return false;
        }
        return true;
    case CONFIG_FORM_ANY:
        return true;
    }
    return true;
}

bool config_is_list(struct config *config, const struct config_node *node) {
    return node != NULL && shape_is(config, node, CONFIG_FORM_LIST);
}

bool config_is_map(struct config *config, const struct config_node *node) {
    return node != NULL && shape_is(config, node, CONFIG_FORM_MAP);
}

bool config_is_scalar(struct config *config, const struct config_node *node) {
    return node != NULL && shape_is(config, node, CONFIG_FORM_SCALAR);
}

/* What was found of each key while a map is read. */
struct shape_seen {
    bool given[CONFIG_FIELDS_MAX];
    bool misspelt[CONFIG_FIELDS_MAX]; /* probably meant by an unknown key, which has been noted */
};

static void shape_unknown(struct config *config, enum config_shape shape,
                          const struct config_node *member, struct shape_seen *seen) {
    const char *names[CONFIG_FIELDS_MAX];
    for (uint32_t i = 0; i < shapes[shape].count; i++) {
        names[i] = shapes[shape].keys[i].name;
    }
    const char *meant = config_suggest(member->key->text, names, shapes[shape].count);
    const char *hint;
    if (meant != NULL) {
        hint = config_format(&config->arena, "did you mean `%s`?", meant);
        for (uint32_t i = 0; i < shapes[shape].count; i++) {
            seen->misspelt[i] = seen->misspelt[i] || strcmp(names[i], meant) == 0;
        }
    } else {
        hint = config_words(config, "its keys are", names, shapes[shape].count);
    }
    config_error(config, member->key, hint, "`%s` is not a key of %s", member->key->text,
                 shapes[shape].what);
}

static void shape_field(struct config *config, enum config_shape shape,
                        const struct config_node *member,
                        const struct config_node *ret_fields[CONFIG_FIELDS_MAX],
                        struct shape_seen *seen) {
    const struct config_key *keys = shapes[shape].keys;
    uint32_t i = 0;
    while (i < shapes[shape].count && strcmp(keys[i].name, member->key->text) != 0) {
        i++;
    }
    if (i == shapes[shape].count) {
        shape_unknown(config, shape, member, seen);
        return;
    }
    if (seen->given[i]) {
        config_error(config, member->key, "keep one of them", "`%s` is given twice", keys[i].name);
        return;
    }
    seen->given[i] = true;
    if (shape_is(config, member, keys[i].form)) {
        ret_fields[i] = member;
    }
}

bool config_fields(struct config *config, const struct config_node *node, enum config_shape shape,
                   const struct config_node *ret_fields[CONFIG_FIELDS_MAX]) {
    for (uint32_t i = 0; i < CONFIG_FIELDS_MAX; i++) {
        ret_fields[i] = NULL;
    }
    if (node->kind != CONFIG_MAP) {
        config_error(config, node, "write {key: value}, or each `key: value` on a line of its own",
                     "%s is a map of keys and values; %s", shapes[shape].what,
                     shape_node_kind(node));
        return false;
    }
    struct shape_seen seen = {0};
    for (const struct config_node *member = node->first; member != NULL; member = member->next) {
        shape_field(config, shape, member, ret_fields, &seen);
    }
    for (uint32_t i = 0; i < shapes[shape].count; i++) {
        if (shapes[shape].keys[i].required && !seen.given[i] && !seen.misspelt[i]) {
            const struct config_node *at =
                node->mark.len == 0 && node->first != NULL ? node->first->key : node;
            config_error(config, at, NULL, "%s needs `%s`", shapes[shape].what,
                         shapes[shape].keys[i].name);
        }
    }
    return true;
}

/* One of the closed lists: `name_at` gives the words by number. */
static void shape_print_words(FILE *out, const char *list, unsigned first, unsigned count,
                              const char *(*name_at)(unsigned number)) {
    (void)fprintf(out, ",\n  \"%s\": [", list);
    for (unsigned i = first; i < count; i++) {
        (void)fprintf(out, "%s\"%s\"", i == first ? "" : ", ", name_at(i));
    }
    (void)fputs("]", out);
}

static const char *shape_point_kind(unsigned number) {
    return point_kind_facts((enum point_kind)number)->name;
}

static const char *shape_place_kind(unsigned number) {
    return place_kind_name((enum place_kind)number);
}

static const char *shape_alarm_class(unsigned number) {
    return alarm_class_facts((enum alarm_class)number)->name;
}

static const char *shape_priority(unsigned number) {
    return priority_name((enum priority)number);
}

static const char *shape_unit(unsigned number) {
    return unit_facts((enum unit)number)->name;
}

void config_print_keys(FILE *out) {
    (void)fputs("{\n  \"shapes\": {", out);
    for (int shape = 0; shape < CONFIG_SHAPE_COUNT; shape++) {
        (void)fprintf(out, "%s\n    \"%s\": {", shape == 0 ? "" : ",", shapes[shape].name);
        for (uint32_t i = 0; i < shapes[shape].count; i++) {
            const struct config_key *key = &shapes[shape].keys[i];
            (void)fprintf(out, "%s\n      \"%s\": {\"required\": %s, \"form\": \"%s\"}",
                          i == 0 ? "" : ",", key->name, key->required ? "true" : "false",
                          form_names[key->form]);
        }
        (void)fputs("\n    }", out);
    }
    (void)fputs("\n  }", out);
    shape_print_words(out, "point_kind", 0, POINT_KIND_COUNT, shape_point_kind);
    shape_print_words(out, "place_kind", 0, PLACE_KIND_COUNT, shape_place_kind);
    shape_print_words(out, "alarm_class", 0, ALARM_CLASS_COUNT, shape_alarm_class);
    shape_print_words(out, "priority", 0, PRIORITY_COUNT, shape_priority);
    shape_print_words(out, "unit", UNIT_NONE + 1, UNIT_COUNT, shape_unit);
    (void)fputs("\n}\n", out);
}
