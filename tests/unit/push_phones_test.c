/* SPDX-License-Identifier: Apache-2.0 */

/* The phones of people: how many are kept, what of them survives, and when one counts as reachable. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/uplink/push/push_phones.h"
#include "gateway/zone.h"
#include "tests/support/cmocka.h"

#define P256DH                                                                                     \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"

enum { DAY_S = 24 * 3600, HOUR_S = 3600 };

struct scene {
    char directory[40];
    struct push_phones phones;
};

static void path_of(const struct scene *scene, const char *name, char ret[64]) {
    (void)snprintf(ret, 64, "%s/uplink%s%s", scene->directory, name[0] != '\0' ? "/" : "", name);
}

static int scene_open(void **state) {
    struct scene *scene = calloc(1, sizeof *scene);
    char path[64];
    assert_non_null(scene);
    strcpy(scene->directory, "/tmp/tocsin-phones-XXXXXX");
    assert_non_null(mkdtemp(scene->directory));
    path_of(scene, "", path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(push_phones_init(&scene->phones, scene->directory), 0);
    *state = scene;
    return 0;
}

static int scene_close(void **state) {
    struct scene *scene = *state;
    static const char *const left[] = {"push.key", "phones", ""};
    char path[64];
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        path_of(scene, left[i], path);
        (void)remove(path);
    }
    (void)rmdir(scene->directory);
    free(scene);
    return 0;
}

static void file_put(const struct scene *scene, const char *name, const char *text) {
    char path[64];
    path_of(scene, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct push_phone phone_of(const char *person, unsigned number) {
    struct push_phone phone = {.role = ROLE_CAREGIVER, .language = LANGUAGE_EN, .since_s = number};
    char endpoint[64];
    (void)snprintf(endpoint, sizeof endpoint, "https://push.example/%u", number);
    assert_null(push_phone_read(endpoint, P256DH, AUTH, &phone));
    (void)snprintf(phone.person, sizeof phone.person, "%s", person);
    return phone;
}

static int add(struct scene *scene, const char *person, unsigned number) {
    struct push_phone phone = phone_of(person, number);
    return push_phones_add(&scene->phones, &phone);
}

static void what_a_browser_says_is_checked_to_the_letter(void **state) {
    (void)state;
    struct push_phone phone;
    char longest[1200] = "https://push.example/";
    memset(longest + strlen(longest), 'a', 1024 - strlen(longest));
    assert_null(push_phone_read(longest, P256DH, AUTH, &phone));
    assert_null(push_phone_read("https://push.example:8443/a?b=c", P256DH, AUTH "==", &phone));
    longest[1024] = 'a';
    assert_non_null(push_phone_read(longest, P256DH, AUTH, &phone));
    assert_non_null(push_phone_read("https://push.example/", P256DH "A", AUTH, &phone));
    assert_non_null(push_phone_read("https://push.example/", "", AUTH, &phone));
    assert_non_null(push_phone_read("https://push.example/", P256DH, "", &phone));
    assert_non_null(push_phone_read("https://push.example/", AUTH, P256DH, &phone));
    assert_non_null(push_phone_read("https://push.example/\xff", P256DH, AUTH, &phone));
    assert_non_null(push_phone_read("https://push.example/\r\nHost: a", P256DH, AUTH, &phone));
}

/* Every single letter of a good one is changed to every other byte: nothing but a good one is taken. */
static void no_letter_of_a_key_can_be_another(void **state) {
    (void)state;
    char text[] = P256DH;
    unsigned taken = 0;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        for (int c = 1; c < 256; c++) {
            struct push_phone phone;
            memcpy(text, P256DH, sizeof text);
            text[i] = (char)c;
            taken += push_phone_read("https://a/", text, AUTH, &phone) == NULL;
        }
    }
    assert_int_equal(taken, sizeof text - 1); /* the one that it was */
}

static void phones_and_the_key_survive(void **state) {
    struct scene *scene = *state;
    struct push_key key = scene->phones.key;
    assert_int_equal(add(scene, "wang", 1), 0);
    assert_int_equal(add(scene, "li", 2), 0);
    scene->phones.list[1].received_s = 17;
    scene->phones.list[1].tested_s = 16;
    assert_true(scene->phones.unwritten);
    assert_int_equal(push_phones_write(&scene->phones), 0);
    assert_false(scene->phones.unwritten);
    struct push_phone before[2];
    memcpy(before, scene->phones.list, sizeof before);
    assert_int_equal(push_phones_init(&scene->phones, scene->directory), 0);
    assert_memory_equal(&scene->phones.key, &key, sizeof key);
    assert_int_equal(scene->phones.count, 2);
    for (int i = 0; i < 2; i++) {
        const struct push_phone *phone = &scene->phones.list[i];
        assert_string_equal(phone->person, before[i].person);
        assert_string_equal(phone->endpoint, before[i].endpoint);
        assert_memory_equal(&phone->peer, &before[i].peer, sizeof phone->peer);
        assert_int_equal(phone->role, ROLE_CAREGIVER);
        assert_int_equal(phone->language, LANGUAGE_EN);
        assert_int_equal(phone->since_s, before[i].since_s);
        assert_int_equal(phone->received_s, before[i].received_s);
        assert_int_equal(phone->tested_s, before[i].tested_s);
    }
    struct stat found;
    static const char *const files[] = {"push.key", "phones"};
    for (int i = 0; i < 2; i++) {
        char path[64];
        path_of(scene, files[i], path);
        assert_int_equal(stat(path, &found), 0);
        assert_int_equal(found.st_mode & 0777, 0600);
    }
}

static void a_test_that_nobody_had_confirmed_is_made_again_after_a_start(void **state) {
    struct scene *scene = *state;
    assert_int_equal(add(scene, "wang", 1), 0);
    scene->phones.list[0].received_s = 1000;
    scene->phones.list[0].tested_s = 1001;
    assert_int_equal(push_phones_write(&scene->phones), 0);
    assert_int_equal(push_phones_init(&scene->phones, scene->directory), 0);
    assert_int_equal(scene->phones.list[0].tested_s, 0);
    assert_int_equal(scene->phones.list[0].received_s, 1000);
}

static void what_is_damaged_is_left_out_and_the_rest_stays(void **state) {
    struct scene *scene = *state;
    assert_int_equal(add(scene, "wang", 1), 0);
    assert_int_equal(push_phones_write(&scene->phones), 0);
    char path[64], text[4096];
    path_of(scene, "phones", path);
    int fd = open(path, O_RDONLY);
    ssize_t size = read(fd, text, sizeof text - 1);
    assert_true(size > 2);
    text[size] = '\0';
    (void)close(fd);
    char more[8192];
    text[strlen(text) - 1] = '\0'; /* the bracket */
    (void)snprintf(more, sizeof more,
                   "%s, 7, {}, {\"person\":\"li\",\"role\":\"king\"},"
                   "{\"person\":\"../li\",\"role\":\"manager\",\"endpoint\":\"https://a/\","
                   "\"p256dh\":\"" P256DH "\",\"auth\":\"" AUTH "\"}]",
                   text);
    file_put(scene, "phones", more);
    assert_int_equal(push_phones_init(&scene->phones, scene->directory), 0);
    assert_int_equal(scene->phones.count, 1);
    assert_int_equal(scene->phones.damaged, 4);
    file_put(scene, "phones", "[{\"person\":\"wa");
    assert_int_equal(push_phones_init(&scene->phones, scene->directory), 0);
    assert_int_equal(scene->phones.count, 0);
    assert_int_equal(scene->phones.damaged, 1);
}

static void with_another_key_no_phone_can_be_reached_and_all_begin_anew(void **state) {
    struct scene *scene = *state;
    struct push_key key = scene->phones.key;
    assert_int_equal(add(scene, "wang", 1), 0);
    assert_int_equal(push_phones_write(&scene->phones), 0);
    file_put(scene, "push.key", "not a key");
    assert_int_equal(push_phones_init(&scene->phones, scene->directory), 0);
    assert_int_equal(scene->phones.count, 0);
    assert_memory_not_equal(&scene->phones.key, &key, sizeof key);
}

static void a_disk_that_takes_nothing_keeps_nobody_from_starting(void **state) {
    struct scene *scene = *state;
    char path[64];
    path_of(scene, "push.key", path);
    assert_int_equal(remove(path), 0);
    path_of(scene, "", path);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(push_phones_init(&scene->phones, scene->directory), 0);
    struct push_key key = scene->phones.key;
    assert_int_equal(add(scene, "wang", 1), 0);
    assert_true(push_phones_write(&scene->phones) < 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(push_phones_write(&scene->phones), 0);
    assert_int_equal(push_phones_init(&scene->phones, scene->directory), 0);
    assert_memory_equal(&scene->phones.key, &key, sizeof key);
    assert_int_equal(scene->phones.count, 1);
}

static void a_person_has_so_many_phones_and_gives_up_the_one_that_was_heard_of_least(void **state) {
    struct scene *scene = *state;
    for (unsigned i = 1; i <= PUSH_PHONES_PER_PERSON; i++) {
        assert_int_equal(add(scene, "wang", i), 0);
        scene->phones.list[i - 1].received_s = i == 1 ? 100 : 0;
    }
    assert_int_equal(add(scene, "wang", 50), 0);
    assert_int_equal(scene->phones.count, PUSH_PHONES_PER_PERSON);
    assert_int_equal(scene->phones.list[0].since_s, 1); /* the second went */
    assert_int_equal(scene->phones.list[1].since_s, 3);
    char person[16];
    for (unsigned i = 0; scene->phones.count < PUSH_PHONES_MAX; i++) {
        (void)snprintf(person, sizeof person, "p%u", i);
        assert_int_equal(add(scene, person, 100 + i), 0);
    }
    assert_int_equal(add(scene, "last", 900), PUSH_E_FULL);
    assert_int_equal(push_phones_write(&scene->phones), 0);
    assert_int_equal(push_phones_init(&scene->phones, scene->directory), 0);
    assert_int_equal(scene->phones.count, PUSH_PHONES_MAX);
}

static void a_phone_that_comes_again_is_the_same(void **state) {
    struct scene *scene = *state;
    assert_int_equal(add(scene, "wang", 1), 0);
    scene->phones.list[0].received_s = 9;
    scene->phones.unwritten = false;
    assert_int_equal(add(scene, "wang", 1), 0);
    assert_false(scene->phones.unwritten);
    assert_int_equal(scene->phones.list[0].received_s, 9);
    assert_int_equal(add(scene, "li", 1), 0); /* somebody else has signed in on it */
    assert_int_equal(scene->phones.count, 1);
    assert_string_equal(scene->phones.list[0].person, "li");
    assert_int_equal(scene->phones.list[0].received_s, 0);
}

static struct wall at_s(int64_t s) {
    return (struct wall){s * (int64_t)NS_PER_S};
}

static void a_phone_is_reachable_for_a_day_after_its_last_word(void **state) {
    (void)state;
    struct push_phone phone = {.received_s = 0};
    assert_false(push_phone_is_reachable(&phone, at_s(1000)));
    phone.received_s = 1000;
    assert_true(push_phone_is_reachable(&phone, at_s(1000 + DAY_S - 1)));
    assert_false(push_phone_is_reachable(&phone, at_s(1000 + DAY_S)));
    phone.failing = true;
    assert_false(push_phone_is_reachable(&phone, at_s(1001)));
}

/* Noon in Shanghai is 04:00 UTC. */
static void a_phone_is_tried_each_day_by_day_and_before_its_day_is_over(void **state) {
    (void)state;
    const int64_t noon_s = 1763784000; /* 2025-11-22T04:00:00Z */
    struct push_phone phone = {.since_s = noon_s};
    assert_true(push_phone_is_due(&phone, at_s(noon_s))); /* at once */
    phone.tested_s = noon_s;
    assert_false(push_phone_is_due(&phone, at_s(noon_s + HOUR_S - 1)));
    assert_true(push_phone_is_due(&phone, at_s(noon_s + HOUR_S)));
    phone.received_s = noon_s;
    assert_false(push_phone_is_due(&phone, at_s(noon_s + 20 * HOUR_S)));     /* 08:00 */
    assert_false(push_phone_is_due(&phone, at_s(noon_s + 21 * HOUR_S - 1))); /* … 08:59:59 */
    assert_true(push_phone_is_due(&phone, at_s(noon_s + 21 * HOUR_S)));      /* 09:00 */
    phone.received_s = phone.tested_s = noon_s - 8 * HOUR_S;                 /* 04:00 */
    assert_false(push_phone_is_due(&phone, at_s(phone.received_s + 23 * HOUR_S - 1)));
    assert_true(push_phone_is_due(&phone, at_s(phone.received_s + 23 * HOUR_S))); /* 03:00 */
    /* a clock that was set back */
    phone.received_s = phone.tested_s = noon_s + 10 * DAY_S;
    assert_true(push_phone_is_due(&phone, at_s(noon_s)));
}

int main(void) {
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_browser_says_is_checked_to_the_letter),
        cmocka_unit_test(no_letter_of_a_key_can_be_another),
        SCENE(phones_and_the_key_survive),
        SCENE(a_test_that_nobody_had_confirmed_is_made_again_after_a_start),
        SCENE(what_is_damaged_is_left_out_and_the_rest_stays),
        SCENE(with_another_key_no_phone_can_be_reached_and_all_begin_anew),
        SCENE(a_person_has_so_many_phones_and_gives_up_the_one_that_was_heard_of_least),
        SCENE(a_disk_that_takes_nothing_keeps_nobody_from_starting),
        SCENE(a_phone_that_comes_again_is_the_same),
        cmocka_unit_test(a_phone_is_reachable_for_a_day_after_its_last_word),
        cmocka_unit_test(a_phone_is_tried_each_day_by_day_and_before_its_day_is_over),
    };
    zone_init("Asia/Shanghai");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
