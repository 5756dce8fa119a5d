/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wrong sites, and what is said about them
 *
 * Each file tests/config/NAME.case changes the small site in tests/config/base and tells, to the
 * letter, what the checker prints:
 *
 *     # Why this matters.
 *     in site.yaml
 *     - the text that stands there, which may be several lines
 *     + what is put in its place
 *     set PATH=VALUE          (as by --set)
 *     expect refused          (or: accepted)
 *     site.yaml:6:3: error: …
 *
 * A case is a test of its own and has the file's name. $DIR stands for the directory of the site.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/config/config.h"

enum { CASES_MAX = 256, SETTINGS_MAX = 16, PATH_SIZE = 512 };

static const char *const base_files[] = {"site.yaml", "rules.yaml", "tours.yaml", "standard.yaml"};
enum { BASE_FILE_COUNT = sizeof base_files / sizeof base_files[0] };

struct scene {
    char directory[PATH_SIZE];
    char *files[BASE_FILE_COUNT];
    char *settings[SETTINGS_MAX];
    uint32_t setting_count;
    bool refused;
    const char *expected; /* into the case's text */
};

static char *text_read(const char *path) {
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

/* Replace the first occurrence of `from` in `text`, where there is one, by `to`. */
static char *text_replace(char *text, const char *from, const char *to) {
    char *at = strstr(text, from);
    assert_non_null(at);
    char *changed = NULL;
    assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) >= 0);
    free(text);
    return changed;
}

static char *text_append_line(char *text, const char *line, size_t len) {
    char *longer = NULL;
    assert_true(asprintf(&longer, "%s%s%.*s", text != NULL ? text : "", text != NULL ? "\n" : "",
                         (int)len, line) >= 0);
    free(text);
    return longer;
}

static uint32_t scene_file(const char *name, size_t len) {
    for (uint32_t i = 0; i < BASE_FILE_COUNT; i++) {
        if (strlen(base_files[i]) == len && memcmp(base_files[i], name, len) == 0) {
            return i;
        }
    }
    fail_msg("a case names a file that the base does not have: %.*s", (int)len, name);
    return 0;
}

/* A change that is being read. */
struct change {
    char *from, *to;
    uint32_t file;
};

static void change_finish(struct scene *scene, struct change *change) {
    if (change->from != NULL) {
        const char *at = strstr(scene->files[change->file], change->from);
        if (at == NULL || strstr(at + 1, change->from) != NULL) {
            fail_msg("the text to be replaced must stand there once:\n%s", change->from);
        }
        scene->files[change->file] = text_replace(scene->files[change->file], change->from,
                                                  change->to != NULL ? change->to : "");
    }
    free(change->from);
    free(change->to);
    change->from = NULL;
    change->to = NULL;
}

/* Act on one line of the case. Returns false at the line that begins the expectation. */
static bool scene_line(struct scene *scene, struct change *change, const char *line, size_t len) {
    if (strncmp(line, "- ", 2) == 0) {
        change->from = text_append_line(change->from, line + 2, len - 2);
        return true;
    }
    if (strncmp(line, "+ ", 2) == 0) {
        change->to = text_append_line(change->to, line + 2, len - 2);
        return true;
    }
    if (strncmp(line, "in ", 3) == 0) {
        change_finish(scene, change);
        change->file = scene_file(line + 3, len - 3);
        return true;
    }
    if (strncmp(line, "set ", 4) == 0) {
        assert_true(scene->setting_count < SETTINGS_MAX);
        scene->settings[scene->setting_count++] = strndup(line + 4, len - 4);
        return true;
    }
    if (strncmp(line, "expect ", 7) == 0) {
        change_finish(scene, change);
        scene->refused = strncmp(line + 7, "refused", 7) == 0;
        return false;
    }
    if (line[0] != '#') {
        fail_msg("a line of the case has no meaning: %.*s", (int)len, line);
    }
    return true;
}

static void scene_parse(struct scene *scene, const char *text) {
    struct change change = {0};
    bool going_on = true;
    while (going_on && *text != '\0') {
        size_t len = strcspn(text, "\n");
        going_on = scene_line(scene, &change, text, len);
        text += len + (text[len] == '\n');
    }
    assert_false(going_on);
    scene->expected = text;
}

static void scene_write(const struct scene *scene) {
    for (uint32_t i = 0; i < BASE_FILE_COUNT; i++) {
        FILE *file = fopen(base_files[i], "w");
        assert_non_null(file);
        assert_true(fputs(scene->files[i], file) >= 0);
        assert_int_equal(fclose(file), 0);
    }
    assert_int_equal(mkdir("state", 0700), 0);
}

static void scene_begin(struct scene *scene) {
    *scene = (struct scene){.directory = "/tmp/tocsin-config-XXXXXX"};
    assert_non_null(mkdtemp(scene->directory));
    assert_int_equal(chdir(scene->directory), 0);
    for (uint32_t i = 0; i < BASE_FILE_COUNT; i++) {
        char path[PATH_SIZE];
        (void)snprintf(path, sizeof path, TEST_SOURCE_DIR "/tests/config/base/%s", base_files[i]);
        scene->files[i] = text_read(path);
    }
}

static void scene_end(struct scene *scene) {
    for (uint32_t i = 0; i < BASE_FILE_COUNT; i++) {
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

/* What the checker says, with $DIR for the directory. */
static char *scene_check(const struct scene *scene, bool *ret_refused) {
    struct config_options options = {.settings = (const char *const *)scene->settings,
                                     .setting_count = scene->setting_count};
    struct config_result result;
    int r = config_load("site.yaml", &options, &result);
    assert_true(r >= 0);
    *ret_refused = r == CONFIG_E_REFUSED;
    assert_int_equal(*ret_refused, result.error_count > 0);
    assert_int_equal(*ret_refused, result.image == NULL);
    char *said = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&said, &size);
    assert_non_null(out);
    config_print(&result, out);
    assert_int_equal(fclose(out), 0);
    config_result_deinit(&result);
    while (strstr(said, scene->directory) != NULL) {
        said = text_replace(said, scene->directory, "$DIR");
    }
    return said;
}

static void a_wrong_site_is_told_to_the_letter(void **state) {
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, TEST_SOURCE_DIR "/tests/config/%s.case",
                   (const char *)*state);
    char *text = text_read(path);
    struct scene scene;
    scene_begin(&scene);
    scene_parse(&scene, text);
    scene_write(&scene);
    bool refused;
    char *said = scene_check(&scene, &refused);
    assert_string_equal(said, scene.expected);
    assert_int_equal(refused, scene.refused);
    free(said);
    scene_end(&scene);
    free(text);
}

static int is_case(const struct dirent *entry) {
    size_t len = strlen(entry->d_name);
    return len > 5 && strcmp(entry->d_name + len - 5, ".case") == 0;
}

int main(void) {
    struct dirent **entries;
    int count = scandir(TEST_SOURCE_DIR "/tests/config", &entries, is_case, alphasort);
    if (count <= 0 || count > CASES_MAX) {
        (void)fprintf(stderr, "no cases in tests/config, or too many\n");
        return 1;
    }
    static struct CMUnitTest tests[CASES_MAX];
    for (int i = 0; i < count; i++) {
        char *name = strndup(entries[i]->d_name, strlen(entries[i]->d_name) - 5);
        tests[i] = (struct CMUnitTest){
            .name = name, .test_func = a_wrong_site_is_told_to_the_letter, .initial_state = name};
        free(entries[i]);
    }
    free(entries);
    int failed = _cmocka_run_group_tests("config cases", tests, (size_t)count, NULL, NULL);
    for (int i = 0; i < count; i++) {
        free(tests[i].initial_state);
    }
    return failed;
}
