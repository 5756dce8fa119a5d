/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config_source.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libfyaml.h>

#include "gateway/config/config_model.h"

/* Bytes of the UTF-8 character at `text`, of which `left` are there; 0 if it is not one. */
static uint32_t source_character_len(const unsigned char *text, uint32_t left) {
    if (text[0] < 0x80) {
        bool control = (text[0] < 0x20 && text[0] != '\t' && text[0] != '\n' && text[0] != '\r') ||
                       text[0] == 0x7f;
        return control ? 0 : 1;
    }
    uint32_t len = text[0] < 0xc2   ? 0
                   : text[0] < 0xe0 ? 2
                   : text[0] < 0xf0 ? 3
                   : text[0] < 0xf5 ? 4
                                    : 0;
    if (len == 0 || len > left) {
        return 0;
    }
    for (uint32_t i = 1; i < len; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
    bool surrogate = text[0] == 0xed && text[1] >= 0xa0;
    bool beyond = text[0] == 0xf4 && text[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : len;
}

/*
 * Replace every byte that is no part of a printable character by a question mark, so that the rest
 * of the code and every terminal can show the line. Returns the offset of the first, or the size.
 */
static uint32_t source_sanitize(char *bytes, uint32_t size) {
    uint32_t first = size;
    for (uint32_t at = 0; at < size;) {
        uint32_t len = source_character_len((unsigned char *)bytes + at, size - at);
        if (len == 0) {
            first = at < first ? at : first;
            bytes[at] = '?';
            len = 1;
        }
        at += len;
    }
    return first;
}

static void source_lines_find(struct config *config, struct config_source *source) {
    uint32_t count = 1;
    for (uint32_t at = 0; at < source->size; at++) {
        count += source->bytes[at] == '\n';
    }
    uint32_t *lines = config_alloc(&config->arena, count, sizeof *lines);
    uint32_t line = 1;
    for (uint32_t at = 0; at < source->size; at++) {
        if (source->bytes[at] == '\n') {
            lines[line++] = at + 1;
        }
    }
    source->lines = lines;
    source->line_count = count;
}

static struct config_source *source_new(struct config *config, const char *path,
                                        const char *directory, char *bytes, uint32_t size) {
    struct config_source *source = config_alloc(&config->arena, 1, sizeof *source);
    source->path = path;
    source->directory = directory;
    source->bytes = bytes;
    source->size = size;
    source->order = config->source_count++;
    source_lines_find(config, source);
    return source;
}

static void source_note_file(struct config *config, const char *path,
                             const struct config_source *source) {
    config->files = config_grow(&config->arena, config->files, config->file_count,
                                &config->file_room, sizeof *config->files);
    config->files[config->file_count++] =
        (struct config_file){.path = config_copy(&config->arena, path, strlen(path)),
                             .bytes = source->bytes,
                             .size = source->size};
}

struct config_source *config_source_line(struct config *config, const char *name,
                                         const char *text) {
    char *bytes = config_copy(&config->arena, text, strlen(text));
    uint32_t size = (uint32_t)strlen(bytes);
    (void)source_sanitize(bytes, size);
    const char *directory = config->site_source != NULL ? config->site_source->directory : ".";
    return source_new(config, name, directory, bytes, size);
}

static void source_refuse(struct config *config, const struct config_node *wanted_by,
                          const char *path, const char *reason) {
    if (wanted_by != NULL) {
        config_error(config, wanted_by, NULL, "the file %s cannot be read: %s", path, reason);
    } else {
        config_note(config, CONFIG_ERROR, (struct config_mark){0}, NULL,
                    "the file %s cannot be read: %s", path, reason);
    }
}

/* Read all of config->file, which is open. Returns NULL with the reason if it cannot be. */
static char *source_read(struct config *config, uint32_t *ret_size, const char **ret_reason) {
    struct stat status;
    if (fstat(config->file, &status) != 0) {
        *ret_reason = strerror(errno);
        return NULL;
    }
    if (!S_ISREG(status.st_mode)) {
        *ret_reason = "it is not a regular file";
        return NULL;
    }
    if (status.st_size > CONFIG_FILE_SIZE_MAX) {
        *ret_reason = "it is larger than 16 MiB";
        return NULL;
    }
    size_t size = (size_t)status.st_size;
    char *bytes = config_alloc(&config->arena, size + 1, 1);
    size_t have = 0;
    while (have < size) {
        ssize_t n = read(config->file, bytes + have, size - have);
        if (n < 0 && errno != EINTR) {
            *ret_reason = strerror(errno);
            return NULL;
        }
        if (n == 0) {
            break;
        }
        have += n > 0 ? (size_t)n : 0;
    }
    *ret_size = (uint32_t)have;
    return bytes;
}

static void source_file_close(struct config *config) {
    if (config->file >= 0) {
        (void)close(config->file);
        config->file = -1;
    }
}

/* The bytes of a file on the disk, to be changed. NULL with the reason when they cannot be read. */
static char *source_fetch(struct config *config, const char *path, uint32_t *ret_size,
                          const char **ret_reason) {
    config->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (config->file < 0) {
        *ret_reason = strerror(errno);
        return NULL;
    }
    char *bytes = source_read(config, ret_size, ret_reason);
    source_file_close(config);
    return bytes;
}

/* The same of a file that was given. */
static char *source_given(struct config *config, const char *path, uint32_t *ret_size,
                          const char **ret_reason) {
    for (uint32_t i = 0; i < config->given_count; i++) {
        const struct config_file *file = &config->given[i];
        if (strcmp(file->path, path) == 0) {
            *ret_size = (uint32_t)file->size;
            return config_copy(&config->arena, file->bytes, file->size);
        }
    }
    *ret_reason = strerror(ENOENT);
    return NULL;
}

/* The directory part of a path. */
static const char *source_directory(struct config *config, const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return ".";
    }
    return config_copy(&config->arena, path, slash == path ? 1 : (size_t)(slash - path));
}

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

static void source_parser_free(struct config *config) {
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

static void source_parse(struct config *config, struct config_source *source) {
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
    source_parser_free(config);
    if (broken || !going_on) {
        source->root = NULL;
    } else if (source->root == NULL || config_node_is_missing(source->root)) {
        source->root = NULL;
        config_note(config, CONFIG_ERROR, (struct config_mark){.source = source}, NULL,
                    "the file is empty");
    }
}

struct config_source *config_source_open(struct config *config, const char *path, const char *shown,
                                         const struct config_node *wanted_by) {
    if (config->source_count >= CONFIG_FILES_MAX) {
        source_refuse(config, wanted_by, shown, "a site has at most 256 files");
        return NULL;
    }
    uint32_t size = 0;
    const char *reason = NULL;
    char *bytes = config->given != NULL ? source_given(config, path, &size, &reason)
                                        : source_fetch(config, path, &size, &reason);
    if (bytes == NULL) {
        source_refuse(config, wanted_by, shown, reason);
        return NULL;
    }
    uint32_t bad = source_sanitize(bytes, size);
    struct config_source *source =
        source_new(config, shown, source_directory(config, path), bytes, size);
    source_note_file(config, path, source);
    if (bad < size) {
        config_note(config, CONFIG_ERROR,
                    (struct config_mark){.source = source, .at = bad, .len = 1},
                    "save the file as UTF-8", "this is not text in UTF-8");
        return source;
    }
    source_parse(config, source);
    return source;
}

const struct config_source *config_source_excerpt(struct config *config,
                                                  const struct config_source *source, uint32_t at,
                                                  uint32_t len) {
    char *bytes = config_copy(&config->arena, source->bytes + at, len);
    struct config_source *excerpt = source_new(config, source->path, source->directory, bytes, len);
    source_parse(config, excerpt);
    return excerpt;
}

const struct config_source *config_source_empty(struct config *config, const char *path) {
    char *nothing = config_copy(&config->arena, "", 0);
    return source_new(config, path, source_directory(config, path), nothing, 0);
}

struct config_source *config_source_open_site(struct config *config, const char *path) {
    char absolute[PATH_MAX];
    if (config->given_count > 0) {
        return config_source_open(config, config->given[0].path, path, NULL);
    }
    if (realpath(path, absolute) == NULL) {
        source_refuse(config, NULL, path, strerror(errno));
        return NULL;
    }
    struct config_arena *arena = &config->arena;
    return config_source_open(config, config_copy(arena, absolute, strlen(absolute)),
                              config_copy(arena, path, strlen(path)), NULL);
}

struct config_source *config_source_open_named(struct config *config,
                                               const struct config_node *wanted_by) {
    const char *path = config_source_path(config, wanted_by->mark.source, wanted_by->text);
    /* People see it beside the site file, by the path that they gave for that. */
    const char *site = config->site_source->path;
    const char *slash = strrchr(site, '/');
    const char *shown = wanted_by->text;
    if (shown[0] != '/' && slash != NULL) {
        shown = config_format(&config->arena, "%.*s/%s", (int)(slash - site), site, shown);
    }
    return config_source_open(config, path, shown, wanted_by);
}

void config_source_abandon(struct config *config) {
    source_parser_free(config);
    source_file_close(config);
}

uint32_t config_source_line_at(const struct config_source *source, uint32_t at) {
    uint32_t low = 0;
    uint32_t high = source->line_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->lines[middle] <= at) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

const char *config_source_path(struct config *config, const struct config_source *source,
                               const char *path) {
    if (path[0] == '/') {
        return path;
    }
    const char *slash = strcmp(source->directory, "/") == 0 ? "" : "/";
    return config_format(&config->arena, "%s%s%s", source->directory, slash, path);
}

bool config_node_is_missing(const struct config_node *node) {
    return node->kind == CONFIG_SCALAR && node->style == CONFIG_PLAIN && node->len == 0;
}

struct config_node *config_node_member(const struct config_node *map, const char *key) {
    assert(map->kind == CONFIG_MAP);
    struct config_node *member = map->first;
    while (member != NULL && strcmp(member->key->text, key) != 0) {
        member = member->next;
    }
    return member;
}

void config_node_append(struct config_node *parent, struct config_node *member) {
    assert(parent->kind != CONFIG_SCALAR);
    member->parent = parent;
    member->next = NULL;
    if (parent->last != NULL) {
        parent->last->next = member;
    } else {
        parent->first = member;
    }
    parent->last = member;
    parent->count++;
}

/* Bytes of the escape at `raw`, which begins with a backslash, and of what it means. */
static void source_escape(const char *raw, uint32_t *ret_raw, uint32_t *ret_text) {
    switch (raw[1]) {
    case 'x':
        *ret_raw = 4;
        *ret_text = raw[2] >= '8' ? 2 : 1;
        return;
    case 'u':
        *ret_raw = 6;
        *ret_text = raw[2] != '0' || raw[3] >= '8' ? 3 : raw[3] != '0' || raw[4] >= '8' ? 2 : 1;
        return;
    case 'U':
        *ret_raw = 10;
        *ret_text = 4;
        return;
    case '\n':
        *ret_raw = 2;
        *ret_text = 0;
        return;
    case '_':
    case 'N':
        *ret_raw = 2;
        *ret_text = 2;
        return;
    case 'L':
    case 'P':
        *ret_raw = 2;
        *ret_text = 3;
        return;
    default:
        *ret_raw = 2;
        *ret_text = 1;
        return;
    }
}

static bool source_is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/*
 * Walk source and text side by side up to byte `at` of the text. Where they differ it is an escape,
 * or white space that the YAML form has folded or stripped; spaces of either side are then passed
 * over until they agree again.
 */
struct config_mark config_node_locate(const struct config_node *node, uint32_t at, uint32_t len) {
    assert(node->kind == CONFIG_SCALAR);
    const struct config_source *source = node->mark.source;
    uint32_t raw = node->mark.at;
    uint32_t end = node->mark.at + node->mark.len;
    uint32_t begin = raw;
    uint32_t text = 0;
    bool begun = false;
    while (raw < end && text < at + len && text < node->len) {
        if (text >= at && !begun && !source_is_space(source->bytes[raw])) {
            begin = raw;
            begun = true;
        }
        if (node->style == CONFIG_DOUBLE && source->bytes[raw] == '\\') {
            uint32_t raw_len, text_len;
            source_escape(source->bytes + raw, &raw_len, &text_len);
            raw += raw_len;
            text += text_len;
        } else if (node->style == CONFIG_SINGLE && source->bytes[raw] == '\'' && raw + 1 < end) {
            raw += 2;
            text++;
        } else if (source->bytes[raw] == node->text[text]) {
            raw++;
            text++;
        } else if (source_is_space(source->bytes[raw])) {
            raw++;
        } else if (source_is_space(node->text[text])) {
            text++;
        } else {
            return node->mark;
        }
    }
    if (!begun) {
        begin = raw;
    }
    return (struct config_mark){
        .source = source, .at = begin, .len = raw > begin ? raw - begin : 0};
}
