/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose site it is when it is refused, and a site made anew from the files that it consisted of
 *
 * Each site is written into a scratch directory of its own, which the expectations call $DIR.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/config/config.h"
#include "tests/support/cmocka.h"
#include "tests/support/scratch.h"

#define EXAMPLE TEST_SOURCE_DIR "/deploy/example/site.yaml"

enum { PATH_SIZE = 512, STORY_SIZE = 2048 };

struct scene {
    char directory[64];
    char path[PATH_SIZE];
};

static int begin(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    (void)snprintf(scene->directory, sizeof scene->directory, "/tmp/tocsin-identity-XXXXXX");
    assert_non_null(mkdtemp(scene->directory));
    (void)snprintf(scene->path, sizeof scene->path, "%s/site.yaml", scene->directory);
    *state = scene;
    return 0;
}

static int end(void **state) {
    struct scene *scene = *state;
    int r = scratch_remove(scene->directory);
    free(scene);
    return r;
}

static void scene_write(const struct scene *scene, const char *text) {
    FILE *file = fopen(scene->path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* "site gateway state", with $DIR for the directory and - for what is not known. */
static void identity_story(const struct scene *scene, const struct config_identity *identity,
                           char ret[STORY_SIZE]) {
    const char *state = identity->state_directory;
    size_t len = strlen(scene->directory);
    bool inside = state != NULL && strncmp(state, scene->directory, len) == 0;
    (void)snprintf(ret, STORY_SIZE, "%s %s %s%s",
                   identity->site_id != NULL ? identity->site_id : "-",
                   identity->gateway_id != NULL ? identity->gateway_id : "-", inside ? "$DIR" : "",
                   state == NULL ? "-"
                   : inside      ? state + len
                                 : state);
}

static void expect_identity(const struct scene *scene, const char *path,
                            const char *const *settings, uint32_t setting_count, const char *want) {
    char story[STORY_SIZE];
    const struct config_options options = {.settings = settings, .setting_count = setting_count};
    struct config_result result = CONFIG_RESULT_NULL;
    assert_int_equal(config_load(path, &options, &result), CONFIG_E_REFUSED);
    identity_story(scene, &result.identity, story);
    assert_string_equal(story, want);
    config_result_deinit(&result);
}

static void a_refused_site_says_whose_it_is_wherever_its_error_stands(void **state) {
    struct scene *scene = *state;
    static const struct {
        const char *what, *text, *want;
    } rows[] = {
        {"a wrong key", "tocsin: 1\nsite: {id: a}\ngateway: {id: g, state: s}\nplaecs: []\n",
         "a g $DIR/s"},
        {"an absolute path", "site: {id: a}\ngateway: {state: /var/lib/tocsin}\n",
         "a - /var/lib/tocsin"},
        {"no directory is given", "site: {id: a}\n", "a - $DIR/state"},
        {"no YAML below", "site:\n  id: a\ngateway:\n  id: g\n  state: s\nbroken: [\n",
         "a g $DIR/s"},
        {"no YAML above", "broken: [\nsite:\n  id: a\ngateway:\n  id: g\n  state: \"s\"\n",
         "a g $DIR/s"},
        {"no YAML between, with comments at the margin",
         "site: {id: a}\nplaces:\n\t- tabs\ngateway: # ours\n# here\n  id: g\n\n  state: s # keep\nx: [",
         "a g $DIR/s"},
        {"no YAML in the site", "site:\n\tid: a\ngateway:\n  state: s\n", "- - $DIR/s"},
        {"no YAML in the gateway", "site:\n  id: a\ngateway:\n  state: [s\nplaces: []\n",
         "a - $DIR/state"},
        {"no maps", "site: a\ngateway: [b]\nx: [\n", "- - $DIR/state"},
        {"not one at all", "- site\n- gateway\n", "- - $DIR/state"},
        {"a word that begins alike", "sites: {id: b}\nx: [\n", "- - $DIR/state"},
        {"nothing", "", "- - $DIR/state"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].what);
        scene_write(scene, rows[i].text);
        expect_identity(scene, scene->path, NULL, 0, rows[i].want);
    }
}

static void settings_say_it_too_and_are_not_refused_a_second_time(void **state) {
    struct scene *scene = *state;
    static const char *const settings[] = {"gateway.state=elsewhere", "gateway.nothing",
                                           "devices.io.address=tcp://10.0.0.1:502", "site.id=b"};
    scene_write(scene, "x: [\nsite: {id: a}\ngateway:\n  state: s\n");
    expect_identity(scene, scene->path, settings, 4, "b - $DIR/elsewhere");
    const struct config_options options = {.settings = settings, .setting_count = 4};
    struct config_result result = CONFIG_RESULT_NULL;
    assert_int_equal(config_load(scene->path, &options, &result), CONFIG_E_REFUSED);
    assert_int_equal(result.error_count, 1);
    config_result_deinit(&result);
}

static void a_file_that_is_gone_is_known_by_its_place_and_the_settings(void **state) {
    struct scene *scene = *state;
    static const char *const settings[] = {"gateway.state=s", "gateway.id=g"};
    char path[PATH_SIZE + 16];
    expect_identity(scene, scene->path, NULL, 0, "- - $DIR/state");
    expect_identity(scene, scene->path, settings, 2, "- g $DIR/s");
    (void)snprintf(path, sizeof path, "%s/gone/site.yaml", scene->directory);
    expect_identity(scene, path, settings, 2, "- - -");
}

static void a_site_is_the_same_when_it_is_made_from_the_files_that_it_had(void **state) {
    (void)state;
    const struct config_options disk = {0};
    struct config_result first = CONFIG_RESULT_NULL;
    struct config_result again = CONFIG_RESULT_NULL;
    assert_int_equal(config_load(EXAMPLE, &disk, &first), 0);
    assert_int_equal(first.file_count, first.summary.file_count);
    assert_true(first.file_count > 1);
    assert_non_null(strstr(first.files[0].path, "/deploy/example/site.yaml"));
    const struct config_options given = {.files = first.files, .file_count = first.file_count};
    assert_int_equal(config_load("/gone/site.yaml", &given, &again), 0);
    assert_int_equal(again.image_size, first.image_size);
    assert_memory_equal(again.image, first.image, first.image_size);
    assert_null(first.identity.site_id);
    config_result_deinit(&again);
    config_result_deinit(&first);
}

static void a_file_that_was_not_given_is_not_looked_for_on_the_disk(void **state) {
    (void)state;
    const struct config_options disk = {0};
    struct config_result first = CONFIG_RESULT_NULL;
    struct config_result again = CONFIG_RESULT_NULL;
    assert_int_equal(config_load(EXAMPLE, &disk, &first), 0);
    const struct config_options given = {.files = first.files, .file_count = first.file_count - 1};
    assert_int_equal(config_load(EXAMPLE, &given, &again), CONFIG_E_REFUSED);
    config_result_deinit(&again);
    config_result_deinit(&first);
}

int main(void) {
#define IDENTITY_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        IDENTITY_TEST(a_refused_site_says_whose_it_is_wherever_its_error_stands),
        IDENTITY_TEST(settings_say_it_too_and_are_not_refused_a_second_time),
        IDENTITY_TEST(a_file_that_is_gone_is_known_by_its_place_and_the_settings),
        cmocka_unit_test(a_site_is_the_same_when_it_is_made_from_the_files_that_it_had),
        cmocka_unit_test(a_file_that_was_not_given_is_not_looked_for_on_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
