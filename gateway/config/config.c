/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/config/config.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/config/config_layout.h"
#include "gateway/config/config_shape.h"

enum { RULES_FILES_MAX = 64, FORMAT_VERSION = 1 };

/* The files of rules: all webhooks first, then all chains, then all rules, since each names the
 * former. */
struct rules_files {
    const struct config_node *webhooks[RULES_FILES_MAX];
    const struct config_node *chains[RULES_FILES_MAX];
    const struct config_node *rules[RULES_FILES_MAX];
    uint32_t count;
};

/* Open a file that an item of a list names. NULL when there is no tree to check. */
static const struct config_source *config_open(struct config *config,
                                               const struct config_node *item) {
    if (!config_is_scalar(config, item)) {
        return NULL;
    }
    const struct config_source *source = config_source_open_named(config, item);
    return source != NULL && source->root != NULL ? source : NULL;
}

/* Take what a file of rules has. */
static void rules_files_add(struct config *config, struct rules_files *files,
                            const struct config_source *source) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    if (source != NULL && source->root != NULL &&
        config_fields(config, source->root, CONFIG_SHAPE_RULES_FILE, fields)) {
        files->webhooks[files->count] = fields[CONFIG_RULES_FILE_WEBHOOKS];
        files->chains[files->count] = fields[CONFIG_RULES_FILE_CHAINS];
        files->rules[files->count++] = fields[CONFIG_RULES_FILE_RULES];
    }
}

/* Read the files of a list; a site has at most RULES_FILES_MAX. */
static void rules_files_read(struct config *config, const struct config_node *list,
                             struct rules_files *files) {
    for (const struct config_node *item = list->first; item != NULL; item = item->next) {
        const struct config_source *source = config_open(config, item);
        if (source != NULL && files->count == RULES_FILES_MAX) {
            config_error(config, item, NULL, "a site has at most %d files of rules",
                         RULES_FILES_MAX);
            return;
        }
        rules_files_add(config, files, source);
    }
}

static void rules_files_check(struct config *config, const struct rules_files *files) {
    for (uint32_t i = 0; i < files->count; i++) {
        if (files->webhooks[i] != NULL) {
            config_webhooks_check(config, files->webhooks[i]);
        }
    }
    for (uint32_t i = 0; i < files->count; i++) {
        if (files->chains[i] != NULL) {
            config_chains_check(config, files->chains[i]);
        }
    }
    for (uint32_t i = 0; i < files->count; i++) {
        if (files->rules[i] != NULL) {
            config_rules_check(config, files->rules[i]);
        }
    }
}

/* The rules of the site, or of the file that is to be tried instead. */
static void config_rules_files(struct config *config, const struct config_node *list) {
    struct rules_files files = {.count = 0};
    if (config->rules_path != NULL) {
        rules_files_add(config, &files,
                        config_source_open(config, config->rules_path, config->rules_path, NULL));
    } else if (list != NULL) {
        rules_files_read(config, list, &files);
    }
    rules_files_check(config, &files);
}

static void config_tours_files(struct config *config, const struct config_node *list) {
    for (const struct config_node *item = list->first; item != NULL; item = item->next) {
        const struct config_source *source = config_open(config, item);
        if (source != NULL) {
            config_tours_check(config, source->root);
        }
    }
}

static void config_version(struct config *config, const struct config_node *version) {
    if (version != NULL && strcmp(version->text, "1") != 0) {
        config_error(config, version, NULL, "this version of tocsin reads format %d, not `%s`",
                     FORMAT_VERSION, version->text);
    }
}

/* Check all parts of the site file, and the files it names. */
static void config_parts(struct config *config, const struct config_node *root) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    if (!config_fields(config, root, CONFIG_SHAPE_FILE, fields)) {
        config->field_sound = false;
        return;
    }
    config_version(config, fields[CONFIG_FILE_TOCSIN]);
    if (fields[CONFIG_FILE_SITE] != NULL) {
        config_site_check(config, fields[CONFIG_FILE_SITE]);
    }
    config_gateway_check(config, fields[CONFIG_FILE_GATEWAY]);
    config_mqtt_check(config, fields[CONFIG_FILE_MQTT]);
    config_influx_check(config, fields[CONFIG_FILE_INFLUX]);
    config_push_check(config, fields[CONFIG_FILE_PUSH]);
    config_alarms_check(config, fields[CONFIG_FILE_ALARMS]);
    if (fields[CONFIG_FILE_PLACES] != NULL) {
        config_places_check(config, fields[CONFIG_FILE_PLACES]);
    }
    if (fields[CONFIG_FILE_DEVICES] != NULL) {
        config_devices_check(config, fields[CONFIG_FILE_DEVICES]);
        config_inputs_check(config);
    }
    if (fields[CONFIG_FILE_SHIFTS] != NULL) {
        config_shifts_check(config, fields[CONFIG_FILE_SHIFTS]);
    }
    config_rules_files(config, fields[CONFIG_FILE_RULES]);
    if (fields[CONFIG_FILE_TOURS] != NULL) {
        config_tours_files(config, fields[CONFIG_FILE_TOURS]);
    }
    config->field_sound = config->field_sound && fields[CONFIG_FILE_PLACES] != NULL &&
                          fields[CONFIG_FILE_DEVICES] != NULL;
}

/* Compile the site if nothing is wrong with it. */
static void config_compile(struct config *config) {
    if (!config->field_sound) {
        return;
    }
    struct config_layout *layout = config_alloc(&config->arena, 1, sizeof *layout);
    config_layout(config, layout);
    bool bound = config_bind_check(config, layout);
    config_lint(config, layout);
    if (bound && config->notes.errors == 0) {
        config_image_build(config, layout);
        config_lint_unread(config, layout);
    }
}

static void config_summarize(struct config *config) {
    struct config_summary *summary = &config->summary;
    summary->file_count = config->source_count;
    summary->chain_count = config->chain_count;
    for (uint32_t i = 0; i < config->webhook_count; i++) {
        summary->webhook_count += config->webhooks[i].url != NULL;
    }
    summary->shift_count = config->shift_count;
    summary->rule_count = config->rule_count;
}

/* The whole load, inside the landing place of the arena. */
static void config_run(struct config *config, const char *path,
                       const struct config_options *options) {
    config->zoneinfo = options->zoneinfo != NULL ? options->zoneinfo : "/usr/share/zoneinfo";
    config->rules_path = options->rules;
    config->given = options->files;
    config->given_count = options->file_count;
    config->field_sound = true;
    /* Calendar 0 is always open. */
    config->calendars =
        config_grow(&config->arena, NULL, 0, &config->calendar_room, sizeof *config->calendars);
    config->calendar_count = 1;
    struct config_source *source = config_source_open_site(config, path);
    if (source != NULL && source->root != NULL) {
        config->site_source = source;
        for (uint32_t i = 0; i < options->setting_count; i++) {
            config_set(config, source->root, options->settings[i]);
        }
        config_parts(config, source->root);
        config_compile(config);
    }
    if (config->image == NULL) {
        config_identity_read(config, path, source, options);
    }
    config_summarize(config);
    config_notes_sort(&config->notes);
}

/* Returns false when memory has ended. */
static bool config_land(struct config *config, const char *path,
                        const struct config_options *options) {
    if (setjmp(config->arena.exhausted) != 0) {
        config_source_abandon(config);
        return false;
    }
    config_run(config, path, options);
    return true;
}

static void config_free(struct config *config) {
    if (config != NULL) {
        config_arena_deinit(&config->arena);
        free(config);
    }
}

int config_load(const char *path, const struct config_options *options,
                struct config_result *result) {
    *result = CONFIG_RESULT_NULL;
    struct config *config = calloc(1, sizeof *config);
    if (config == NULL) {
        return err_origin(-ENOMEM);
    }
    config->file = -1;
    if (!config_land(config, path, options)) {
        config_free(config);
        return err_origin(-ENOMEM);
    }
    *result = (struct config_result){
        .config = config,
        .image = config->image,
        .image_size = config->image_size,
        .error_count = config->notes.errors,
        .warning_count = config->notes.warnings,
        .summary = config->summary,
        .identity = config->identity,
        .files = config->files,
        .file_count = config->file_count,
    };
    return config->image != NULL ? 0 : CONFIG_E_REFUSED;
}

const void *config_image(const struct config_result *result, size_t *ret_size) {
    *ret_size = result->image_size;
    return result->image;
}

void config_print(const struct config_result *result, enum site_language language, FILE *out) {
    if (result->config != NULL) {
        config_notes_print(&result->config->notes, language, out);
    }
}

void config_print_json(const struct config_result *result, FILE *out) {
    if (result->config != NULL) {
        config_notes_print_json(&result->config->notes, out);
    } else {
        (void)fputs("[]\n", out);
    }
}

void config_result_deinit(struct config_result *result) {
    config_free(result->config);
    *result = CONFIG_RESULT_NULL;
}
