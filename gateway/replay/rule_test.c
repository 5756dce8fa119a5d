/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replay/rule_test.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/config/config_scalar.h"
#include "gateway/config/config_shape.h"
#include "gateway/replay/rule_test_rows.h"
#include "gateway/zone.h"

/* One file and what it needs, outside of the function that a lack of memory jumps back into. */
struct rule_test_stage {
    const char *path;
    const struct rule_test_options *options;
    FILE *out;
    rule_test_ran *ran;
    void *context;
    struct config *config;
    struct config_result site_result;
    struct site site;
    struct rule_tests tests;
    struct rule_test_result result;
};

static const struct config_source *stage_open(struct rule_test_stage *stage) {
    if (access(stage->path, R_OK) == 0) {
        return config_source_open_site(stage->config, stage->path);
    }
    config_note(stage->config, CONFIG_ERROR, (struct config_mark){0}, NULL,
                "the file of tests %s cannot be read: %s", stage->path, strerror(errno));
    return NULL;
}

/* Load the site; its errors are printed. */
static int stage_site(struct rule_test_stage *stage, const struct config_node *site) {
    const char *path = stage->options->site != NULL
                           ? stage->options->site
                           : config_source_path(stage->config, site->mark.source, site->text);
    const struct config_options options = {.settings = stage->options->settings,
                                           .setting_count = stage->options->setting_count};
    int r = config_load(path, &options, &stage->site_result);
    if (r == CONFIG_E_REFUSED) {
        config_print(&stage->site_result, stage->options->language, stage->out);
        return RULE_TEST_E_REFUSED;
    } else if (r != 0) {
        return err_trace(r);
    }
    int viewed = site_view(stage->site_result.image, stage->site_result.image_size, &stage->site);
    assert(viewed == 0 && "the compiler and the reader of images agree");
    zone_init(site_text(&stage->site, stage->site.header->timezone));
    return 0;
}

static int stage_play(struct rule_test_stage *stage) {
    for (uint32_t i = 0; i < stage->tests.count; i++) {
        struct rule_test *test = &stage->tests.tests[i];
        uint32_t before = stage->config->notes.errors;
        int r = rule_test_run(&stage->tests, test);
        if (r != 0) {
            return err_trace(r);
        }
        uint32_t failures = stage->config->notes.errors - before;
        stage->result.passed += failures == 0;
        stage->result.failed += failures > 0;
        stage->ran(stage->context, test->name, failures);
    }
    return 0;
}

static int stage_run(struct rule_test_stage *stage) {
    const struct config_node *fields[CONFIG_FIELDS_MAX];
    struct config *config = stage->config;
    const struct config_source *source = stage_open(stage);
    if (source == NULL || source->root == NULL ||
        !config_fields(config, source->root, CONFIG_SHAPE_TESTS_FILE, fields) ||
        fields[CONFIG_TESTS_FILE_SITE] == NULL || fields[CONFIG_TESTS_FILE_TESTS] == NULL) {
        return RULE_TEST_E_REFUSED;
    }
    int r = stage_site(stage, fields[CONFIG_TESTS_FILE_SITE]);
    if (r != 0) {
        return r;
    }
    stage->tests = (struct rule_tests){.config = config, .site = &stage->site};
    rule_tests_read(&stage->tests, fields[CONFIG_TESTS_FILE_TESTS]);
    return config->notes.errors > 0 ? RULE_TEST_E_REFUSED : stage_play(stage);
}

/* Returns -ENOMEM when memory has ended. */
static int stage_land(struct rule_test_stage *stage) {
    if (setjmp(stage->config->arena.exhausted) != 0) {
        config_source_abandon(stage->config);
        return err_origin(-ENOMEM);
    }
    int r = stage_run(stage);
    if (r >= 0) {
        config_notes_sort(&stage->config->notes);
        config_notes_print(&stage->config->notes, stage->options->language, stage->out);
    }
    return r;
}

int rule_test_file(const char *path, const struct rule_test_options *options, FILE *out,
                   rule_test_ran *ran, void *context, struct rule_test_result *ret_result) {
    struct rule_test_stage stage = {
        .path = path, .options = options, .out = out, .ran = ran, .context = context};
    stage.config = calloc(1, sizeof *stage.config);
    if (stage.config == NULL) {
        return err_origin(-ENOMEM);
    }
    stage.config->file = -1;
    int r = stage_land(&stage);
    config_result_deinit(&stage.site_result);
    config_arena_deinit(&stage.config->arena);
    free(stage.config);
    if (r == 0) {
        *ret_result = stage.result;
    }
    return r;
}
