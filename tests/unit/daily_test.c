/* SPDX-License-Identifier: Apache-2.0 */

/* When a group chat is tested, and what of that survives. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/uplink/daily.h"
#include "gateway/zone.h"
#include "tests/support/cmocka.h"

enum { HOUR_S = 3600, ROLE_AT = 48, URL_AT = 64, OTHER_AT = 96 };

#define NOON_S INT64_C(1763784000) /* 2025-11-22T12:00 in Shanghai */

struct scene {
    char strings[128];
    struct site_header header;
    struct site_webhook webhooks[2];
    struct site site;
    struct daily daily;
};

static void path_of(const struct scene *scene, const char *name, char ret[80]) {
    (void)snprintf(ret, 80, "%s/uplink%s", scene->strings + 1, name);
}

static int scene_open(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    char path[80];
    assert_non_null(scene);
    strcpy(scene->strings + 1, "/tmp/tocsin-daily-XXXXXX");
    assert_non_null(mkdtemp(scene->strings + 1));
    path_of(scene, "", path);
    assert_int_equal(mkdir(path, 0700), 0);
    strcpy(scene->strings + ROLE_AT, "manager");
    strcpy(scene->strings + URL_AT, "https://chat.example/1");
    strcpy(scene->strings + OTHER_AT, "https://chat.example/2");
    scene->header.state_directory = 1;
    scene->webhooks[0] = (struct site_webhook){.id = ROLE_AT, .url = URL_AT, .format = 1};
    scene->webhooks[1] = (struct site_webhook){.id = ROLE_AT, .url = URL_AT, .format = 2};
    scene->site = (struct site){.header = &scene->header,
                                .strings = scene->strings,
                                .webhooks = scene->webhooks,
                                .webhook_count = 2};
    daily_init(&scene->daily, &scene->site);
    *state = scene;
    return 0;
}

static int scene_close(void **state) {
    struct scene *scene = *state;
    char path[80];
    path_of(scene, "/tested", path);
    (void)remove(path);
    path_of(scene, "", path);
    (void)remove(path);
    (void)remove(scene->strings + 1);
    free(scene);
    return 0;
}

static bool take(struct scene *scene, uint32_t webhook, int64_t now_s) {
    return daily_take(&scene->daily, webhook, (struct wall){now_s * (int64_t)NS_PER_S});
}

static void a_group_is_tested_when_it_is_new_and_then_once_a_day(void **state) {
    struct scene *scene = *state;
    assert_true(take(scene, 0, NOON_S));
    assert_false(take(scene, 0, NOON_S + 1));
    assert_false(take(scene, 0, NOON_S + 20 * HOUR_S)); /* it is 08:00 */
    assert_true(take(scene, 0, NOON_S + 21 * HOUR_S));
    assert_false(take(scene, 0, NOON_S + 22 * HOUR_S));
}

static void a_start_makes_no_test_and_another_address_does(void **state) {
    struct scene *scene = *state;
    assert_true(take(scene, 0, NOON_S));
    assert_true(take(scene, 1, NOON_S + 1));
    daily_init(&scene->daily, &scene->site);
    assert_false(take(scene, 0, NOON_S + 60));
    assert_false(take(scene, 1, NOON_S + 60));
    scene->webhooks[0].url = OTHER_AT;
    daily_init(&scene->daily, &scene->site);
    assert_true(take(scene, 0, NOON_S + 120));
    assert_false(take(scene, 1, NOON_S + 120));
}

static void what_cannot_be_read_was_never_tested(void **state) {
    struct scene *scene = *state;
    static const char *const texts[] = {"", "\n\n", "not a line", "0123 x\n", "zz 17\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char path[80];
        path_of(scene, "/tested", path);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(texts[i], file) >= 0);
        assert_int_equal(fclose(file), 0);
        daily_init(&scene->daily, &scene->site);
        assert_int_equal(scene->daily.tested_s[0], 0);
    }
    assert_true(take(scene, 0, NOON_S));
}

int main(void) {
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        SCENE(a_group_is_tested_when_it_is_new_and_then_once_a_day),
        SCENE(a_start_makes_no_test_and_another_address_does),
        SCENE(what_cannot_be_read_was_never_tested),
    };
    zone_init("Asia/Shanghai");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
