/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/config_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/config/config.h"
#include "tests/support/cmocka.h"
#include "tests/support/notes.h"

static const char *const base_files[SCENE_FILE_COUNT] = {"site.yaml", "rules.yaml", "tours.yaml",
                                                         "standard.yaml", "plan.svg"};

char *text_read(const char *path) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = NULL;
    size_t size = 0;
    ssize_t len = getdelim(&text, &size, '\0', file);
    assert_int_equal(fclose(file), 0);
    if (len < 0) {
        free(text);
        text = strdup("");
    }
    assert_non_null(text);
    return text;
}

char *text_replace(char *text, const char *from, const char *to) {
    char *at = strstr(text, from);
    assert_non_null(at);
    char *changed = NULL;
    assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) >= 0);
    free(text);
    return changed;
}

uint32_t config_scene_file(const char *name, size_t len) {
    for (uint32_t i = 0; i < SCENE_FILE_COUNT; i++) {
        if (strlen(base_files[i]) == len && memcmp(base_files[i], name, len) == 0) {
            return i;
        }
    }
    fail_msg("a case names a file that the base does not have: %.*s", (int)len, name);
    return 0;
}

void config_scene_begin(struct config_scene *scene) {
    *scene = (struct config_scene){.directory = "/tmp/tocsin-config-XXXXXX"};
    assert_non_null(mkdtemp(scene->directory));
    assert_int_equal(chdir(scene->directory), 0);
    for (uint32_t i = 0; i < SCENE_FILE_COUNT; i++) {
        char path[SCENE_PATH_SIZE];
        (void)snprintf(path, sizeof path, TEST_SOURCE_DIR "/tests/config/base/%s", base_files[i]);
        scene->files[i] = text_read(path);
    }
}

void config_scene_end(struct config_scene *scene) {
    for (uint32_t i = 0; i < SCENE_FILE_COUNT; i++) {
        (void)unlink(base_files[i]);
        free(scene->files[i]);
    }
    for (uint32_t i = 0; i < scene->setting_count; i++) {
        free(scene->settings[i]);
    }
    (void)rmdir("state");
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(scene->directory), 0);
}

static void scene_write(const struct config_scene *scene) {
    for (uint32_t i = 0; i < SCENE_FILE_COUNT; i++) {
        FILE *file = fopen(base_files[i], "w");
        assert_non_null(file);
        assert_true(fputs(scene->files[i], file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(base_files[i], 0600), 0); /* one of them stands for a secret */
    }
    assert_int_equal(mkdir("state", 0700), 0);
}

char *config_scene_check(const struct config_scene *scene, bool *ret_refused) {
    struct config_options options = {.settings = (const char *const *)scene->settings,
                                     .setting_count = scene->setting_count};
    struct config_result result;
    scene_write(scene);
    int r = config_load("site.yaml", &options, &result);
    assert_true(r >= 0);
    *ret_refused = r == CONFIG_E_REFUSED;
    assert_int_equal(*ret_refused, result.error_count > 0);
    assert_int_equal(*ret_refused, result.image == NULL);
    char *said = notes_of(&result);
    config_result_deinit(&result);
    while (strstr(said, scene->directory) != NULL) {
        said = text_replace(said, scene->directory, "$DIR");
    }
    return said;
}
