/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Story files, read against the example site: the example is taken as it stands, and each mistake
 * is told where it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/config/config.h"
#include "gateway/config/story.h"
#include "tests/support/notes.h"

static struct config_result loaded;
static struct site site;

static int site_load(void **state) {
    (void)state;
    const struct config_options options = {0};
    int r = config_load(TEST_SOURCE_DIR "/deploy/example/site.yaml", &options, &loaded);
    if (r != 0) {
        config_print(&loaded, LANGUAGE_EN, stderr);
        return -1;
    }
    return site_view(loaded.image, loaded.image_size, &site);
}

static int site_unload(void **state) {
    (void)state;
    config_result_deinit(&loaded);
    return 0;
}

/* What is said of a story; to be freed. */
static char *script_print(struct story *story, enum site_language language) {
    char *said = NULL;
    size_t size;
    FILE *out = open_memstream(&said, &size);
    assert_non_null(out);
    story_print(story, language, out);
    (void)fclose(out);
    return said;
}

/*
 * Read a story from a text. Returns what story_load() does; `*ret_said` is to be freed. Whatever is said is there in
 * Chinese, too.
 */
static int script_load(const char *text, struct story *story, char **ret_said) {
    char path[] = "/tmp/sim_script_test.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    (void)close(fd);
    int r = story_load(path, &site, story);
    assert_int_equal(unlink(path), 0);
    assert_true(r >= 0);
    char *chinese = script_print(story, LANGUAGE_ZH);
    notes_assert_chinese(chinese);
    free(chinese);
    *ret_said = script_print(story, LANGUAGE_EN);
    return r;
}

static void the_example_is_taken_as_it_stands(void **state) {
    (void)state;
    struct story story;
    assert_int_equal(
        story_load(TEST_SOURCE_DIR "/deploy/example/story-evening.yaml", &site, &story), 0);
    const struct sim_story_conf *conf = &story.conf;
    assert_string_equal(conf->name, "an evening at the community centre");
    assert_int_equal(conf->seed, 7);
    assert_true(conf->speed == 1);
    assert_int_equal(conf->people_count, 4);
    assert_int_equal(conf->climate_count, 4);
    assert_int_equal(conf->act_count, 16); /* fifteen acts, one of which sets two points */
    assert_int_equal(conf->acts[0].kind, SIM_ACT_SET);
    assert_int_equal(conf->acts[0].point, site_point_find(&site, "care/day-care/button-1"));
    assert_true(conf->acts[0].at_ns == 5 * NS_PER_S && conf->acts[0].for_ns == 2 * NS_PER_S);
    /* The exit button speaks when it is pressed and let go: until then nothing is known of it. */
    assert_string_equal(conf->acts[1].topic, "field/gate/rex");
    assert_string_equal(conf->acts[1].payload, "{\"pressed\":true}");
    assert_string_equal(conf->acts[2].payload, "{\"pressed\":false}");
    assert_int_equal(conf->acts[5].kind, SIM_ACT_MQTT);
    assert_string_equal(conf->acts[5].topic, "field/gate/reader");
    assert_string_equal(conf->acts[5].payload, "{\"card\":40213344,\"granted\":true}");
    assert_int_equal(conf->acts[12].kind, SIM_ACT_DOWN);
    assert_true(conf->acts[12].for_ns == 15 * NS_PER_S);
    assert_int_equal(conf->acts[15].kind, SIM_ACT_ANSWER);
    assert_int_equal(conf->acts[15].answer, SIM_ANSWER_GARBAGE);
    story_deinit(&story);
    story_deinit(&story);
}

static void a_payload_keeps_its_types(void **state) {
    (void)state;
    struct story story;
    char *said;
    assert_int_equal(
        script_load(
            "story:\n"
            "  acts:\n"
            "    - at: 0 s\n"
            "      mqtt:\n"
            "        field/gate/reader:\n"
            "          {n: -1.5e3, s: '12', t: \"a\\\"b\\\\\\n\", e: null, l: [1, {x: 007}],"
            " w: yes}\n",
            &story, &said),
        0);
    assert_string_equal(said, "");
    assert_string_equal(story.conf.acts[0].payload,
                        "{\"n\":-1.5e3,\"s\":\"12\",\"t\":\"a\\\"b\\\\\\u000a\",\"e\":null,"
                        "\"l\":[1,{\"x\":\"007\"}],\"w\":\"yes\"}");
    free(said);
    story_deinit(&story);
}

/* One act, then where its mistake is (column of line 3) and a piece of what is said about it. */
static const struct {
    const char *act;
    const char *position;
    const char *said;
} mistakes[] = {
    {"{at: 1 s, set: {care/day-care/buton-1: 1}}", ":3:22:", "no point `care/day-care/buton-1`"},
    {"{at: 1 s, set: {care/day-care/buton-1: 1}}",
     ":3:22:", "did you mean `care/day-care/button-1`"},
    {"{at: 1 s, set: {care/day-care/button-1: 2}}", ":3:46:", "is either 0 or 1, not `2`"},
    {"{at: 1 s, set: {care/day-care/button-1: pressed}}", ":3:46:", "is either 0 or 1"},
    {"{at: 1 s, set: {care/club/temperature: warm}}", ":3:45:", "must be a number"},
    {"{at: 1 s, set: {care/hallway/lamp: 1}}", ":3:22:", "is an output"},
    {"{at: 1 s, set: {hall/gate/reader: 1}}", ":3:22:", "has moments"},
    {"{at: 1 s, set: {hall/gate/reader: 1}}", ":3:22:", "mqtt: {field/gate/reader"},
    {"{at: 1 s, mqtt: {field/gate/dor: {open: true}}}", ":3:23:", "listens to the topic"},
    {"{at: 1 s, device: fire-pannel, down: 5 s}", ":3:24:", "did you mean `fire-panel`"},
    {"{at: 1 s, device: fire-panel}", ":3:16:", "either `down` or `answer`"},
    {"{at: 1 s, device: fire-panel, down: 5 s, answer: late}", ":3:16:", "either `down` or"},
    {"{at: 1 s, device: fire-panel, down: 5}", ":3:42:", "must be a duration"},
    {"{at: 1 s, device: fire-panel, down: 5 s, for: 5 s}", ":3:47:", "already says how long"},
    {"{at: 1 s, device: fire-panel, answer: garbge}", ":3:44:", "garbage"},
    {"{at: 1 s, device: doors, answer: garbage}", ":3:39:", "only Modbus devices answer"},
    {"{at: 1 s, answer: garbage}", ":3:16:", "whose?"},
    {"{at: 1 s, mqtt: {field/gate/door: {open: true}}, for: 2 s}", ":3:55:", "is a moment"},
    {"{at: 1 s, sett: {care/day-care/button-1: 1}}", ":3:16:", "did you mean `set`"},
    {"{at: soon, set: {care/day-care/button-1: 1}}", ":3:11:", "must be a duration"},
    {"{set: {care/day-care/button-1: 1}}", ":3:", "needs `at`"},
    {"{at: 1 s}", ":3:7:", "nothing happens then"},
    {"{at: 1 s, set: [1]}", ":3:21:", "must be a map"},
    {"wait", ":3:6:", "is a map of keys and values"},
};

static void every_mistake_is_told_where_it_is(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        char text[300];
        (void)snprintf(text, sizeof text, "story:\n  acts:\n   - %s\n", mistakes[i].act);
        struct story story;
        char *said;
        assert_int_equal(script_load(text, &story, &said), STORY_E_REFUSED);
        if (strstr(said, mistakes[i].position) == NULL || strstr(said, mistakes[i].said) == NULL ||
            strchr(said, '^') == NULL || story.error_count != 1) {
            fail_msg("%s: %u errors, wanted %s %s, said\n%s", mistakes[i].act, story.error_count,
                     mistakes[i].position, mistakes[i].said, said);
        }
        free(said);
        story_deinit(&story);
    }
}

static void the_background_is_checked_against_the_site(void **state) {
    (void)state;
    struct story story;
    char *said;
    assert_int_equal(script_load("story:\n"
                                 "  speed: 0\n"
                                 "  background:\n"
                                 "    seed: -1\n"
                                 "    people: {care/dinning: 18, care/hallway: 3}\n"
                                 "    climate:\n"
                                 "      care/club: {co2: 700, smoke: 1}\n"
                                 "      care/attic: {temperature: 20}\n"
                                 "    mood: cheerful\n",
                                 &story, &said),
                     STORY_E_REFUSED);
    static const char *const wanted[] = {
        ":2:10: error: `speed`",
        ":4:11: error: `seed`",
        ":5:14: error: no place `care/dinning`",
        "did you mean `care/dining`",
        ":5:32: error: no point of `care/hallway` would show people",
        ":7:19: error: `care/club` has no point of this kind",
        ":7:29: error: `smoke` is no climate value",
        ":8:7: error: no place `care/attic`",
        ":9:5: error: `mood`",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (strstr(said, wanted[i]) == NULL) {
            fail_msg("wanted %s, said\n%s", wanted[i], said);
        }
    }
    assert_int_equal(story.error_count, 8);
    free(said);
    story_deinit(&story);
}

static void a_file_that_is_no_story_is_refused(void **state) {
    (void)state;
    struct story story;
    char *said;
    assert_int_equal(script_load("", &story, &said), STORY_E_REFUSED);
    assert_non_null(strstr(said, "the file is empty"));
    free(said);
    story_deinit(&story);
    assert_int_equal(script_load("story: [\n", &story, &said), STORY_E_REFUSED);
    free(said);
    story_deinit(&story);
    assert_int_equal(story_load("/nonexistent/story.yaml", &site, &story), STORY_E_REFUSED);
    assert_int_equal(story.error_count, 1);
    story_deinit(&story);
}

static void an_everyday_has_people_and_a_still_one_nobody(void **state) {
    (void)state;
    struct story story;
    assert_int_equal(story_everyday(&site, false, &story), 0);
    assert_int_equal(story.conf.act_count, 0);
    assert_int_equal(story.conf.climate_count, 4);
    assert_true(story.conf.people_count >= 6);
    story_deinit(&story);
    assert_int_equal(story_everyday(&site, true, &story), 0);
    assert_int_equal(story.conf.people_count + story.conf.climate_count, 0);
    story_deinit(&story);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_taken_as_it_stands),
        cmocka_unit_test(a_payload_keeps_its_types),
        cmocka_unit_test(every_mistake_is_told_where_it_is),
        cmocka_unit_test(the_background_is_checked_against_the_site),
        cmocka_unit_test(a_file_that_is_no_story_is_refused),
        cmocka_unit_test(an_everyday_has_people_and_a_still_one_nobody),
    };
    return cmocka_run_group_tests(tests, site_load, site_unload);
}
