/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Devices: what we have marked for a person is known as that person's, over a restart, and nothing else is
 */
#include "gateway/console/device.h"
#include "tests/support/state_scene.h"

#define FILE_NAME "device.key"

static void open_devices(struct devices *devices, const struct state_scene *scene) {
    assert_int_equal(devices_open(devices, scene->fd), 0);
}

static bool knows(const struct devices *devices, const char *cookie, const char *id) {
    char name[DEVICE_NAME_SIZE];
    bool known = devices_know(devices, cookie, id, name);
    assert_int_equal(strlen(name), known ? DEVICE_NAME_SIZE - 1 : 0);
    return known;
}

static void a_device_is_known_as_its_persons_and_nobody_elses(void **state) {
    struct devices devices;
    char wang[DEVICE_COOKIE_SIZE], li[DEVICE_COOKIE_SIZE];
    open_devices(&devices, *state);
    devices_mark(&devices, "wang", wang);
    devices_mark(&devices, "li", li);
    assert_true(knows(&devices, wang, "wang"));
    assert_true(knows(&devices, li, "li"));
    assert_false(knows(&devices, wang, "li"));
    assert_false(knows(&devices, wang, "wan"));
    assert_false(knows(&devices, wang, "wang2"));
    assert_false(knows(&devices, wang, ""));
    assert_false(knows(&devices, "", ""));
    assert_false(knows(&devices, "", "wang"));
}

static void each_device_has_a_name_of_its_own(void **state) {
    struct devices devices;
    char one[DEVICE_COOKIE_SIZE], other[DEVICE_COOKIE_SIZE];
    char name[DEVICE_NAME_SIZE], again[DEVICE_NAME_SIZE];
    open_devices(&devices, *state);
    devices_mark(&devices, "wang", one);
    devices_mark(&devices, "wang", other);
    assert_true(devices_know(&devices, one, "wang", name));
    assert_true(devices_know(&devices, one, "wang", again));
    assert_string_equal(name, again);
    assert_true(devices_know(&devices, other, "wang", again));
    assert_string_not_equal(name, again);
}

static void the_longest_id_fits(void **state) {
    struct devices devices;
    char cookie[DEVICE_COOKIE_SIZE];
    static const char longest[] = "12345678901234567890123456789012";
    open_devices(&devices, *state);
    devices_mark(&devices, longest, cookie);
    assert_int_equal(strlen(cookie), DEVICE_COOKIE_SIZE - 1);
    assert_true(knows(&devices, cookie, longest));
    assert_false(knows(&devices, cookie, "123456789012345678901234567890123"));
}

static void what_is_cut_at_any_place_is_not_known(void **state) {
    struct devices devices;
    char cookie[DEVICE_COOKIE_SIZE];
    open_devices(&devices, *state);
    devices_mark(&devices, "wang", cookie);
    for (size_t len = strlen(cookie); len > 0;) {
        cookie[--len] = '\0';
        assert_false(knows(&devices, cookie, "wang"));
    }
}

static void what_is_forged_is_not_known(void **state) {
    struct devices devices, others = {.key = {1}};
    char cookie[DEVICE_COOKIE_SIZE], forged[DEVICE_COOKIE_SIZE];
    open_devices(&devices, *state);
    devices_mark(&devices, "wang", cookie);
    for (size_t at = 0; at < strlen(cookie); at++) {
        bool separates = at == DEVICE_NAME_SIZE - 1 || at == DEVICE_NAME_SIZE + 64;
        memcpy(forged, cookie, sizeof forged);
        forged[at] = forged[at] == 'a' ? 'b' : 'a';
        assert_true(separates || !knows(&devices, forged, "wang"));
    }
    devices_mark(&others, "wang", forged); /* with another key */
    assert_false(knows(&devices, forged, "wang"));
    /* A mark that somebody got for himself, under another's name. */
    devices_mark(&devices, "li", forged);
    memcpy(forged + strlen(forged) - 2, "wang", sizeof "wang");
    assert_false(knows(&devices, forged, "wang"));
    memset(forged, '0', sizeof forged);
    memcpy(forged + DEVICE_NAME_SIZE + 64, ".wang", sizeof ".wang");
    assert_false(knows(&devices, forged, "wang"));
}

/* The end of an id that moves to another's name must not sign the same text. */
static void a_dot_in_an_id_makes_no_other_id_of_it(void **state) {
    struct devices devices;
    char cookie[DEVICE_COOKIE_SIZE];
    open_devices(&devices, *state);
    devices_mark(&devices, "a.b", cookie);
    assert_true(knows(&devices, cookie, "a.b"));
    assert_false(knows(&devices, cookie, "b"));
    assert_false(knows(&devices, cookie, "a"));
}

static void the_key_is_kept_and_its_owners_alone(void **state) {
    struct devices devices, again;
    char cookie[DEVICE_COOKIE_SIZE];
    mode_t before = umask(0);
    open_devices(&devices, *state);
    (void)umask(before);
    assert_int_equal(state_scene_mode(*state, FILE_NAME), 0600);
    devices_mark(&devices, "wang", cookie);
    open_devices(&again, *state);
    assert_true(knows(&again, cookie, "wang"));
}

static void a_key_that_is_cut_is_made_anew_and_kept(void **state) {
    struct devices devices, again;
    char cookie[DEVICE_COOKIE_SIZE];
    static const char zeros[DEVICE_KEY_SIZE - 1];
    for (size_t size = 0; size < DEVICE_KEY_SIZE; size++) {
        state_scene_write(*state, FILE_NAME, zeros, size);
        open_devices(&devices, *state);
        assert_memory_not_equal(devices.key, zeros, sizeof zeros);
        devices_mark(&devices, "wang", cookie);
        open_devices(&again, *state);
        assert_true(knows(&again, cookie, "wang"));
    }
}

static void what_is_no_file_is_waited_for_by_nobody(void **state) {
    const struct state_scene *scene = *state;
    struct devices devices;
    char cookie[DEVICE_COOKIE_SIZE];
    assert_int_equal(mkfifoat(scene->fd, FILE_NAME, 0600), 0);
    open_devices(&devices, scene);
    devices_mark(&devices, "wang", cookie);
    assert_true(knows(&devices, cookie, "wang"));
}

static void where_the_key_cannot_be_kept_a_start_forgets_the_devices(void **state) {
    struct devices devices, again;
    char cookie[DEVICE_COOKIE_SIZE];
    (void)state;
    assert_int_equal(devices_open(&devices, -1), 0);
    devices_mark(&devices, "wang", cookie);
    assert_true(knows(&devices, cookie, "wang"));
    assert_int_equal(devices_open(&again, -1), 0);
    assert_false(knows(&again, cookie, "wang"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STATE_SCENE_TEST(a_device_is_known_as_its_persons_and_nobody_elses),
        STATE_SCENE_TEST(each_device_has_a_name_of_its_own),
        STATE_SCENE_TEST(the_longest_id_fits),
        STATE_SCENE_TEST(what_is_cut_at_any_place_is_not_known),
        STATE_SCENE_TEST(what_is_forged_is_not_known),
        STATE_SCENE_TEST(a_dot_in_an_id_makes_no_other_id_of_it),
        STATE_SCENE_TEST(the_key_is_kept_and_its_owners_alone),
        STATE_SCENE_TEST(a_key_that_is_cut_is_made_anew_and_kept),
        STATE_SCENE_TEST(what_is_no_file_is_waited_for_by_nobody),
        cmocka_unit_test(where_the_key_cannot_be_kept_a_start_forgets_the_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
