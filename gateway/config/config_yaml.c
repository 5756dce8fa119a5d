/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_yaml.h"

#include <assert.h>
#include <string.h>

#include <libfyaml.h>

#include "gateway/config/config_model.h"

/* One list or map that is being built, and the key that waits for its value. */
struct source_level {
    struct config_node *node;
    struct config_node *key;
};

struct source_builder {
    struct config *config;
    struct config_source *source;
    struct source_level levels[CONFIG_DEPTH_MAX + 1];
    uint32_t depth; /* levels that are open */
    uint32_t documents;
};

static struct config_mark source_token_mark(const struct source_builder *builder,
                                            struct fy_token *token) {
    const struct fy_mark *start = token != NULL ? fy_token_start_mark(token) : NULL;
    const struct fy_mark *end = token != NULL ? fy_token_end_mark(token) : NULL;
    struct config_mark mark = {.source = builder->source};
    if (start != NULL && start->input_pos <= builder->source->size) {
        mark.at = (uint32_t)start->input_pos;
    }
    if (end != NULL && end->input_pos > mark.at && end->input_pos <= builder->source->size) {
        mark.len = (uint32_t)end->input_pos - mark.at;
    }
    return mark;
}

static bool source_refuse_token(struct source_builder *builder, struct fy_token *token,
                                const char *what, const char *hint) {
    if (token == NULL) {
        return true;
    }
    config_note(builder->config, CONFIG_ERROR, source_token_mark(builder, token), hint,
                "%s are not understood in a site", what);
    return false;
}

/* A node has been read: hang it into what is open. Returns false to stop. */
static bool source_node_place(struct source_builder *builder, struct config_node *node) {
    if (builder->depth == 0) {
        builder->source->root = node;
        return true;
    }
    struct source_level *level = &builder->levels[builder->depth - 1];
    if (level->node->kind == CONFIG_LIST) {
        config_node_append(level->node, node);
        return true;
    }
    if (level->key == NULL) {
        if (node->kind != CONFIG_SCALAR) {
            config_error(builder->config, node, "a key is a single word",
                         "a list or a map cannot be a key");
            return false;
        }
        level->key = node;
        return true;
    }
    node->key = level->key;
    if (node->kind == CONFIG_SCALAR && node->mark.len == 0 && node->style == CONFIG_PLAIN) {
        node->mark = level->key->mark;
    }
    level->key = NULL;
    config_node_append(level->node, node);
    return true;
}

static enum config_style source_style(enum fy_scalar_style style) {
    if (style == FYSS_SINGLE_QUOTED) {
        return CONFIG_SINGLE;
    }
    if (style == FYSS_DOUBLE_QUOTED) {
        return CONFIG_DOUBLE;
    }
    return style == FYSS_LITERAL || style == FYSS_FOLDED ? CONFIG_BLOCK : CONFIG_PLAIN;
}

static bool source_scalar(struct source_builder *builder, const struct fy_event_scalar_data *data) {
    if (!source_refuse_token(builder, data->anchor, "anchors (&)", "write the value out") ||
        !source_refuse_token(builder, data->tag, "tags (!)", "leave it out")) {
        return false;
    }
    struct config_arena *arena = &builder->config->arena;
    struct config_node *node = config_alloc(arena, 1, sizeof *node);
    node->kind = CONFIG_SCALAR;
    node->mark = source_token_mark(builder, data->value);
    node->text = "";
    if (data->value != NULL) {
        size_t len = 0;
        const char *text = fy_token_get_text(data->value, &len);
        node->style = source_style(fy_token_scalar_style(data->value));
        if (text != NULL && len > 0) {
            node->text = config_copy(arena, text, len);
            node->len = (uint32_t)len;
        }
    }
    uint32_t readable = node->len;
    for (uint32_t at = 0; at < node->len && readable == node->len; at++) {
        unsigned char byte = (unsigned char)node->text[at];
        readable = (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f ? at : readable;
    }
    if (readable < node->len) {
        config_error(builder->config, node, "take the escape out",
                     "a control character stands in the text");
        return false;
    }
    return source_node_place(builder, node);
}

static bool source_open_level(struct source_builder *builder, enum config_node_kind kind,
                              struct fy_token *anchor, struct fy_token *tag,
                              struct fy_token *start) {
    if (!source_refuse_token(builder, anchor, "anchors (&)", "write the value out") ||
        !source_refuse_token(builder, tag, "tags (!)", "leave it out")) {
        return false;
    }
    struct config_node *node = config_alloc(&builder->config->arena, 1, sizeof *node);
    node->kind = kind;
    node->mark = source_token_mark(builder, start);
    if (builder->depth == CONFIG_DEPTH_MAX) {
        config_error(builder->config, node, NULL,
                     "lists and maps stand more than %d deep inside each other", CONFIG_DEPTH_MAX);
        return false;
    }
    if (!source_node_place(builder, node)) {
        return false;
    }
    builder->levels[builder->depth++] = (struct source_level){.node = node};
    return true;
}

/* Take one event of the parser. Returns false to stop; what is wrong has been noted. */
static bool source_event(struct source_builder *builder, const struct fy_event *event) {
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (builder->documents++ > 0) {
            config_note(builder->config, CONFIG_ERROR,
                        source_token_mark(builder, event->document_start.document_start),
                        "put it into a file of its own", "a second document begins here");
            return false;
        }
        return true;
    case FYET_SCALAR:
        return source_scalar(builder, &event->scalar);
    case FYET_ALIAS:
        return source_refuse_token(
            builder, event->alias.anchor, "aliases (*)",
            "write the value out; a text that begins with * stands in quotes");
    case FYET_SEQUENCE_START:
        return source_open_level(builder, CONFIG_LIST, event->sequence_start.anchor,
                                 event->sequence_start.tag, event->sequence_start.sequence_start);
    case FYET_MAPPING_START:
        return source_open_level(builder, CONFIG_MAP, event->mapping_start.anchor,
                                 event->mapping_start.tag, event->mapping_start.mapping_start);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        assert(builder->depth > 0); /* the parser ends only what it has begun */
        builder->depth--;
        return true;
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END:
        return true;
    }
    return true;
}

/* What people most often did to earn one of the parser's messages. */
static const char *source_syntax_hint(const struct config_source *source, uint32_t line,
                                      const char *message) {
    for (uint32_t near = line > 0 ? line - 1 : 0; near <= line + 1; near++) {
        if (near < source->line_count && source->bytes[source->lines[near]] == '\t') {
            return "indent with spaces; YAML does not take tabs";
        }
    }
    static const struct {
        const char *part, *hint;
    } hints[] = {
        {"multiline plain key",
         "look at the indentation: keys of one map stand in one column; a text "
         "with `: ` in it stands in quotes"},
        {"cannot start with", "put the text in quotes"},
        {"closing bracket", "close the list with ]"},
        {"closing brace", "close the map with }"},
        {"closing quote", "close the text with its quote"},
        {"double-quoted scalar", "close the text with its quote"},
        {"single-quoted scalar", "close the text with its quote"},
        {"missing comma", "put a comma between the items, or close with ] or }"},
        {"could not find expected ':'", "a key is followed by a colon and a space"},
        {"did not find expected ','", "put a comma between the items, or close with ] or }"},
    };
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        if (strstr(message, hints[i].part) != NULL) {
            return hints[i].hint;
        }
    }
    return NULL;
}

/* Note what libfyaml did not like; its columns count characters from 1. */
static void source_syntax_errors(struct source_builder *builder) {
    const struct config_source *source = builder->source;
    void *previous = NULL;
    const struct fy_diag_error *error;
    uint32_t noted = 0;
    while ((error = fy_diag_errors_iterate(builder->config->diag, &previous)) != NULL) {
        uint32_t line = error->line > 0 ? (uint32_t)error->line - 1 : 0;
        line = line < source->line_count ? line : source->line_count - 1;
        uint32_t at = source->lines[line];
        for (int column = 1; column < error->column && at < source->size; column++) {
            at++;
            while (((unsigned char)source->bytes[at] & 0xc0) == 0x80) {
                at++;
            }
        }
        config_note(builder->config, CONFIG_ERROR,
                    (struct config_mark){.source = source, .at = at, .len = 1},
                    source_syntax_hint(source, line, error->msg), "this is not YAML: %s",
                    error->msg);
        noted++;
    }
    if (noted == 0) {
        config_note(builder->config, CONFIG_ERROR,
                    (struct config_mark){.source = source, .at = 0, .len = 1}, NULL,
                    "this is not YAML");
    }
}

static void source_event_free(struct config *config) {
    if (config->event != NULL) {
        fy_parser_event_free(config->parser, config->event);
        config->event = NULL;
    }
}

void config_yaml_abandon(struct config *config) {
    source_event_free(config);
    if (config->parser != NULL) {
        fy_parser_destroy(config->parser);
        config->parser = NULL;
    }
    if (config->diag != NULL) {
        fy_diag_destroy(config->diag);
        config->diag = NULL;
    }
}

static void source_parser_new(struct config *config, const struct config_source *source) {
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    diag_config.output_fn = NULL;
    diag_config.level = FYET_ERROR;
    config->diag = fy_diag_create(&diag_config);
    if (config->diag == NULL) {
        longjmp(config->arena.exhausted, 1);
    }
    fy_diag_set_collect_errors(config->diag, true);
    struct fy_parse_cfg parse_config = {.flags = FYPCF_QUIET, .diag = config->diag};
    config->parser = fy_parser_create(&parse_config);
    if (config->parser == NULL ||
        fy_parser_set_string(config->parser, source->bytes, source->size) != 0) {
        longjmp(config->arena.exhausted, 1);
    }
}

void config_yaml_parse(struct config *config, struct config_source *source) {
    struct source_builder builder = {.config = config, .source = source};
    source_parser_new(config, source);
    bool going_on = true;
    while (going_on && (config->event = fy_parser_parse(config->parser)) != NULL) {
        going_on = source_event(&builder, config->event);
        source_event_free(config);
    }
    bool broken = going_on && fy_parser_get_stream_error(config->parser);
    if (broken) {
        source_syntax_errors(&builder);
    }
    config_yaml_abandon(config);
    if (broken || !going_on) {
        source->root = NULL;
    } else if (source->root == NULL || config_node_is_missing(source->root)) {
        source->root = NULL;
        config_note(config, CONFIG_ERROR, (struct config_mark){.source = source}, NULL,
                    "the file is empty");
    }
}
