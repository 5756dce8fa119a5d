/* SPDX-License-Identifier: Apache-2.0 */

/* Commands by the broker are carried out once, whatever becomes of the console, its disk and the clock. */
#include <stdio.h>

#include "gateway/clock.h"
#include "gateway/console/remote_ids.h"
#include "tests/support/fault_disk.h"
#include "tests/support/state_scene.h"

#define FILE_NAME "remote.bin"

static struct wall at(int64_t second) {
    return (struct wall){(1795737600 + second) * (int64_t)NS_PER_S};
}

static int take(struct remote_ids *ids, const char *user, const char *id, int64_t time_s,
                int64_t now_s) {
    return remote_ids_take(ids, user, id, at(time_s), at(now_s));
}

static void take_well(struct remote_ids *ids, const char *user, const char *id, int64_t time_s,
                      int64_t now_s) {
    assert_int_equal(take(ids, user, id, time_s, now_s), 0);
}

/* The console was killed, and another one begins. */
static void begin(struct remote_ids *ids, const struct state_scene *scene, int64_t now_s) {
    assert_true(remote_ids_open(ids, scene->fd, at(now_s)));
}

static void a_command_is_taken_within_a_minute_of_the_clock_and_not_beyond(void **state) {
    struct remote_ids ids;
    begin(&ids, *state, 0);
    take_well(&ids, "wang", "a", -60, 0);
    take_well(&ids, "wang", "b", 60, 0);
    assert_int_equal(take(&ids, "wang", "c", -61, 0), REMOTE_IDS_E_TIME);
    assert_int_equal(take(&ids, "wang", "c", 61, 0), REMOTE_IDS_E_TIME);
}

static void it_is_taken_once_for_as_long_as_its_time_would_let_it_in(void **state) {
    struct remote_ids ids;
    begin(&ids, *state, 0);
    take_well(&ids, "wang", "a", 60, 0);
    for (int64_t now_s = 0; now_s <= 120; now_s++) {
        assert_int_equal(take(&ids, "wang", "a", 60, now_s), REMOTE_IDS_E_REPEATED);
        assert_int_equal(take(&ids, "wang", "a", now_s, now_s), REMOTE_IDS_E_REPEATED);
    }
    assert_int_equal(take(&ids, "wang", "a", 60, 121), REMOTE_IDS_E_TIME);
    take_well(&ids, "li", "a", 121, 121); /* another's id is another */
    assert_int_equal(ids.count, 1);
}

static void a_console_that_was_killed_knows_what_it_has_taken(void **state) {
    struct remote_ids ids;
    begin(&ids, *state, 0);
    take_well(&ids, "wang", "a", 60, 0);
    for (int64_t now_s = 0; now_s <= 120; now_s += 10) {
        begin(&ids, *state, now_s);
        assert_int_equal(take(&ids, "wang", "a", 60, now_s), REMOTE_IDS_E_REPEATED);
    }
}

static void a_clock_that_is_set_back_brings_nothing_back(void **state) {
    struct remote_ids ids;
    begin(&ids, *state, 0);
    take_well(&ids, "wang", "a", 0, 0);
    take_well(&ids, "wang", "b", 3600, 3600);
    assert_int_equal(ids.count, 1);
    assert_int_equal(take(&ids, "wang", "a", 0, 0), REMOTE_IDS_E_OLD);
    begin(&ids, *state, 1);
    assert_int_equal(take(&ids, "wang", "a", 0, 1), REMOTE_IDS_E_OLD);
    take_well(&ids, "wang", "c", 1, 1);
}

static void one_person_leaves_room_for_the_others_and_all_together_are_bounded(void **state) {
    struct remote_ids ids;
    char user[PEOPLE_ID_SIZE], id[REMOTE_ID_SIZE];
    begin(&ids, *state, 0);
    for (uint32_t i = 0; i < REMOTE_IDS_MAX; i++) {
        (void)snprintf(user, sizeof user, "u%u", i / REMOTE_IDS_PERSON_MAX);
        (void)snprintf(id, sizeof id, "%u", i);
        take_well(&ids, user, id, 0, 0);
        if (i == REMOTE_IDS_PERSON_MAX - 1) {
            assert_int_equal(take(&ids, user, "one more", 0, 0), REMOTE_IDS_E_FULL);
        }
    }
    assert_int_equal(take(&ids, "other", "a", 0, 0), REMOTE_IDS_E_FULL);
    assert_int_equal(take(&ids, "other", "a", 61, 61), 0);
}

static void what_the_disk_does_not_keep_is_not_taken(void **state) {
    const struct state_scene *scene = *state;
    struct remote_ids ids;
    begin(&ids, scene, 0);
    take_well(&ids, "wang", "a", 0, 0);
    fault_disk_mount(scene->disk);
    fault_disk_plan(FAULT_FULL, 1, true);
    assert_int_equal(take(&ids, "wang", "b", 0, 0), REMOTE_IDS_E_DISK);
    assert_true(fault_disk_met() > 0);
    fault_disk_plan(FAULT_NONE, 0, false);
    fault_disk_unmount();
    take_well(&ids, "wang", "b", 0, 0);
    begin(&ids, scene, 1);
    assert_int_equal(take(&ids, "wang", "a", 0, 1), REMOTE_IDS_E_REPEATED);
    assert_int_equal(take(&ids, "wang", "b", 0, 1), REMOTE_IDS_E_REPEATED);
    assert_true(remote_ids_open(&ids, -1, at(0)));
    assert_int_equal(take(&ids, "wang", "c", 0, 0), REMOTE_IDS_E_DISK);
}

static void a_file_that_cannot_be_read_lets_in_nothing_that_could_have_been_in_it(void **state) {
    const struct state_scene *scene = *state;
    struct remote_ids ids;
    size_t size = 0;
    begin(&ids, scene, 0);
    take_well(&ids, "wang", "a", 60, 0);
    char *bytes = state_scene_read(scene, FILE_NAME, &size);
    for (size_t len = 0; len < size; len += 7) {
        state_scene_write(scene, FILE_NAME, bytes, len);
        /* Cut to its head alone it is sound, and empty: nothing cuts a file that is replaced as a whole. */
        if (len != 16) {
            assert_false(remote_ids_open(&ids, scene->fd, at(0)));
            assert_int_equal(take(&ids, "wang", "a", 60, 0), REMOTE_IDS_E_OLD);
        }
    }
    bytes[0] = 'x';
    state_scene_write(scene, FILE_NAME, bytes, size);
    assert_false(remote_ids_open(&ids, scene->fd, at(0)));
    take_well(&ids, "wang", "a", 61, 1);
    begin(&ids, scene, 1); /* and the next file is sound */
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        STATE_SCENE_TEST(a_command_is_taken_within_a_minute_of_the_clock_and_not_beyond),
        STATE_SCENE_TEST(it_is_taken_once_for_as_long_as_its_time_would_let_it_in),
        STATE_SCENE_TEST(a_console_that_was_killed_knows_what_it_has_taken),
        STATE_SCENE_TEST(a_clock_that_is_set_back_brings_nothing_back),
        STATE_SCENE_TEST(one_person_leaves_room_for_the_others_and_all_together_are_bounded),
        STATE_SCENE_TEST(what_the_disk_does_not_keep_is_not_taken),
        STATE_SCENE_TEST(a_file_that_cannot_be_read_lets_in_nothing_that_could_have_been_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
