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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/cmocka.h"
#include "tests/support/config_scene.h"

enum { CASES_MAX = 256 };

struct scene {
    struct config_scene site;
    bool refused;
    const char *expected; /* into the case's text */
};

static char *text_append_line(char *text, const char *line, size_t len) {
    char *longer = NULL;
    assert_true(asprintf(&longer, "%s%s%.*s", text != NULL ? text : "", text != NULL ? "\n" : "",
                         (int)len, line) >= 0);
    free(text);
    return longer;
}

/* A change that is being read. */
struct change {
    char *from, *to;
    uint32_t file;
};

static void change_finish(struct scene *scene, struct change *change) {
    if (change->from != NULL) {
        const char *at = strstr(scene->site.files[change->file], change->from);
        if (at == NULL || strstr(at + 1, change->from) != NULL) {
            fail_msg("the text to be replaced must stand there once:\n%s", change->from);
        }
        scene->site.files[change->file] = text_replace(
            scene->site.files[change->file], change->from, change->to != NULL ? change->to : "");
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
        change->file = config_scene_file(line + 3, len - 3);
        return true;
    }
    if (strncmp(line, "set ", 4) == 0) {
        assert_true(scene->site.setting_count < SCENE_SETTINGS_MAX);
        scene->site.settings[scene->site.setting_count++] = strndup(line + 4, len - 4);
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

static void a_wrong_site_is_told_to_the_letter(void **state) {
    char path[SCENE_PATH_SIZE];
    (void)snprintf(path, sizeof path, TEST_SOURCE_DIR "/tests/config/%s.case",
                   (const char *)*state);
    char *text = text_read(path);
    struct scene scene;
    config_scene_begin(&scene.site);
    scene_parse(&scene, text);
    bool refused;
    char *said = config_scene_check(&scene.site, &refused);
    assert_string_equal(said, scene.expected);
    assert_int_equal(refused, scene.refused);
    free(said);
    config_scene_end(&scene.site);
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
