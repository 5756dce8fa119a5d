/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/config/config_model.h"

/*
 * Whose site it is, when it was refused
 *
 * Most errors leave the file a tree, which says it. A file that is not YAML has none; its sections
 * `site` and `gateway` are then tried one by one, each from its key to the next line that begins at
 * the margin, for the error is mostly in neither. Of a file that cannot be read at all, only the
 * settings of the command line are known.
 */

/* The sections that say it, and the paths of settings that count. */
static const char *const identity_sections[] = {"site", "gateway"};
enum { IDENTITY_SECTIONS = sizeof identity_sections / sizeof identity_sections[0] };

static bool identity_line_is(const struct config_source *source, uint32_t line, const char *key) {
    const char *text = source->bytes + source->lines[line];
    size_t len = strlen(key);
    return strncmp(text, key, len) == 0 && text[len] == ':';
}

/* Does a section go on in this line? A comment at the margin ends nothing. */
static bool identity_line_goes_on(const struct config_source *source, uint32_t line) {
    return strchr(" \t\r\n#", source->bytes[source->lines[line]]) != NULL; /* or the end: a NUL */
}

/* The section's node, out of a file that has no tree; NULL when it is not there or broken itself. */
static struct config_node *identity_section(struct config *config,
                                            const struct config_source *source, const char *key) {
    uint32_t line = 0;
    while (line < source->line_count && !identity_line_is(source, line, key)) {
        line++;
    }
    if (line == source->line_count) {
        return NULL;
    }
    uint32_t at = source->lines[line++];
    while (line < source->line_count && identity_line_goes_on(source, line)) {
        line++;
    }
    uint32_t end = line < source->line_count ? source->lines[line] : source->size;
    const struct config_source *excerpt = config_source_excerpt(config, source, at, end - at);
    return excerpt->root != NULL && excerpt->root->kind == CONFIG_MAP
               ? config_node_member(excerpt->root, key)
               : NULL;
}

static bool identity_setting_counts(const char *setting) {
    bool counts = false;
    for (int i = 0; i < IDENTITY_SECTIONS; i++) {
        size_t len = strlen(identity_sections[i]);
        counts =
            counts || (strncmp(setting, identity_sections[i], len) == 0 && setting[len] == '.');
    }
    return counts;
}

/* A tree of the sections alone, with the settings that are about them. */
static const struct config_node *identity_tree(struct config *config,
                                               const struct config_source *source,
                                               const struct config_options *options) {
    struct config_node *root = config_alloc(&config->arena, 1, sizeof *root);
    root->kind = CONFIG_MAP;
    root->mark.source = source;
    for (int i = 0; i < IDENTITY_SECTIONS; i++) {
        struct config_node *section = identity_section(config, source, identity_sections[i]);
        if (section != NULL) {
            config_node_append(root, section);
        }
    }
    for (uint32_t i = 0; i < options->setting_count; i++) {
        if (identity_setting_counts(options->settings[i])) {
            config_set(config, root, options->settings[i]);
        }
    }
    return root;
}

static const struct config_node *identity_scalar(const struct config_node *root,
                                                 const char *section, const char *key) {
    const struct config_node *map =
        root->kind == CONFIG_MAP ? config_node_member(root, section) : NULL;
    const struct config_node *node =
        map != NULL && map->kind == CONFIG_MAP ? config_node_member(map, key) : NULL;
    return node != NULL && node->kind == CONFIG_SCALAR && node->len > 0 ? node : NULL;
}

static const char *identity_text(const struct config_node *root, const char *section,
                                 const char *key) {
    const struct config_node *node = identity_scalar(root, section, key);
    return node != NULL ? node->text : NULL;
}

/* Where the site file is, or was: its directory may still be there. */
static const struct config_source *identity_source(struct config *config, const char *path) {
    char absolute[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *directory =
        slash == NULL ? "." : config_copy(&config->arena, path, (size_t)(slash - path) + 1);
    if (realpath(directory, absolute) == NULL) {
        return NULL;
    }
    return config_source_empty(config, config_format(&config->arena, "%s/%s", absolute, name));
}

static void identity_read(struct config *config, const char *path,
                          const struct config_source *source,
                          const struct config_options *options) {
    if (source == NULL) {
        source = identity_source(config, path);
    }
    if (source == NULL) {
        return;
    }
    config->site_source = source;
    const struct config_node *root =
        source->root != NULL ? source->root : identity_tree(config, source, options);
    const struct config_node *state = identity_scalar(root, "gateway", "state");
    const char *state_path = state != NULL ? state->text : CONFIG_STATE_DIRECTORY;
    config->identity = (struct config_identity){
        .site_id = identity_text(root, "site", "id"),
        .gateway_id = identity_text(root, "gateway", "id"),
        .state_directory = config_source_path(config, source, state_path),
    };
}

void config_identity_read(struct config *config, const char *path,
                          const struct config_source *source,
                          const struct config_options *options) {
    const struct config_notes notes = config->notes;
    identity_read(config, path, source, options);
    config->notes = notes; /* what is wrong has been said */
}
